"""The manifest of a dataset: the list of its files. Other files do not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from logparse.columns import SCHEMA_VERSION
from logparse.errors import InputError
from logparse.store.layout import MANIFEST, is_part

FORMAT: Final = "logparse-dataset"
#: The version of the files' names and of the tables that logparse alone needs.
VERSION: Final = 1
_MOST_BYTES: Final = 1 << 30


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of rows of one table.

    Attributes
    ----------
    table, day:
        The table, and the UTC day of creation, as ``2020-11-17``; None for rows without a day.
    name:
        The file, relative to the dataset.
    rows, bytes:
        How many it has.
    version:
        Of the tables that the logparse which wrote it knew.
    low, high:
        The lowest and the highest owner of its rows: see `logparse.store.owners`.
    alone:
        Of invocations how many only a build shows, of builds how many have no invocation id.
    """

    table: str
    name: str
    rows: int
    bytes: int
    day: str | None = None
    version: int = 1
    low: int = 0
    high: int = 0
    alone: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """The files of a dataset, and the numbers and the limit that adding to it needs.

    Attributes
    ----------
    format, version, schema_version:
        The format's name and its version, and the highest version of the tables in it.
    logparse:
        The version of the logparse that wrote it.
    retention_s:
        Rows of days that are older than this are left out, in seconds; None for no limit.
    next_input, next_piece:
        The numbers that the next input and the next piece of an input get.
    parts:
        The files.
    """

    logparse: str
    format: str = FORMAT
    version: int = VERSION
    schema_version: int = SCHEMA_VERSION
    retention_s: float | None = None
    next_input: int = 1
    next_piece: int = 1
    parts: tuple[Part, ...] = ()

    def of(self, table: str) -> list[Part]:
        """Return the parts of a table, in the order of their days; rows without a day come last."""
        return sorted((part for part in self.parts if part.table == table), key=_place)

    def encoded(self) -> bytes:
        """Return the manifest as JSON."""
        text = msgspec.json.encode(self, order="deterministic")
        return msgspec.json.format(text, indent=1) + b"\n"


def _place(part: Part) -> tuple[bool, str, str]:
    return part.day is None, part.day or "", part.name


class _Head(msgspec.Struct):
    """The attributes that every version of a manifest has."""

    format: str
    version: int
    schema_version: int
    logparse: str = "unknown"


def load_manifest(folder: Path) -> Manifest:
    """Return the manifest of a dataset.

    Raises
    ------
    InputError
        Where the folder has none, it is broken, or a newer logparse wrote it.
    """
    path = folder / MANIFEST
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST_BYTES)
    except FileNotFoundError as error:
        raise InputError(
            "is not a dataset", source=str(folder), remedy="make one with logparse ingest"
        ) from error
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})", source=str(path), remedy="check the path"
        ) from error
    head = _decoded(text, _Head, path)
    if head.format != FORMAT:
        raise _broken(path, "it is not the manifest of a dataset")
    if head.version > VERSION or head.schema_version > SCHEMA_VERSION:
        raise InputError(
            f"was written by logparse {head.logparse[:40]}, whose datasets this older logparse cannot read",
            source=str(folder),
            remedy="use that version of logparse or a newer one",
        )
    found: Manifest = _decoded(text, Manifest, path)
    names = {part.name for part in found.parts}
    if len(names) < len(found.parts) or not all(is_part(p.table, p.day, p.name) for p in found.parts):
        raise _broken(path, "it lists files that cannot be in a dataset")
    return found


def _decoded(text: bytes, type_: Any, path: Path) -> Any:
    try:
        return msgspec.json.decode(text, type=type_)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, why: str) -> InputError:
    return InputError(
        f"the manifest is damaged: {why[:200]}",
        source=str(path),
        remedy="take it from a backup, or ingest the inputs into a new folder",
    )
