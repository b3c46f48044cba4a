"""Which inputs are new: each file is looked up by its path, size and time, then by its content."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from logparse.errors import InputError
from logparse.ingest.known import Known, Taken, hint_of, rows_of, seen_key
from logparse.reading.inputs import Unit
from logparse.sources import Found
from logparse.store.manifest import Manifest
from logparse.store.pieces import Origin, kept_data

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """How inputs are read. The attributes are arguments of `logparse.ingest.ingest`."""

    day: date | None
    max_bytes: int
    jobs: int
    stdin: BinaryIO | None
    watch: Callable[[str], None]


@dataclass(slots=True)
class Waiting:
    """An input that was looked up.

    Attributes
    ----------
    unit:
        The input.
    taken:
        Its row in the table of inputs.
    is_builds:
        Whether it must be a file of builds.
    data:
        The content of an input that can be read once, as standard input.
    known:
        The number of the input that has the same content, where it need not be read.
    replaced:
        The number of the input with the same content that is read anew.
    renamed:
        Whether a known content has a file that is not known.
    origin:
        Where the content was read that the dataset keeps, where that is read anew.
    """

    unit: Unit
    taken: Taken
    is_builds: bool = False
    data: bytes | None = None
    known: int | None = None
    replaced: int | None = None
    renamed: bool = False
    origin: Origin | None = None


def look_up(unit: Found | InputError, known: Known, reading: Reading, *, is_builds: bool) -> Waiting:
    """Look an input up in the dataset. A file that cannot be read is unknown."""
    if isinstance(unit, InputError):
        name = unit.source or ""
        return Waiting(unit, Taken(known.number(), name, os.path.abspath(name), 0, 0))
    taken = Taken(0, unit.name, None, 0, 0, walked=unit.walked, date=reading.day)
    waiting = Waiting(unit, taken, is_builds)
    try:
        _look(unit, waiting, known, reading)
    except (OSError, ValueError):
        # The error comes when it is read.
        waiting.data = None
    if waiting.known is None:
        taken.input = known.number()
        known.add(taken)
    else:
        taken.input = waiting.known
        if waiting.renamed:
            known.add(taken)
    return waiting


def _look(unit: Found, waiting: Waiting, known: Known, reading: Reading) -> None:
    taken = waiting.taken
    info = None if unit.path is None else os.stat(unit.path)
    if unit.path is None or info is None or not stat.S_ISREG(info.st_mode):
        waiting.data = _stream(unit, reading)
        taken.size = len(waiting.data)
        if taken.size <= reading.max_bytes:
            taken.content = sha256(waiting.data).hexdigest()
    else:
        taken.path = os.path.abspath(unit.path)
        taken.size, taken.mtime_ns = info.st_size, info.st_mtime_ns
        number = known.by_file(seen_key(taken.path, taken.size, taken.mtime_ns))
        if known.is_done(number):
            waiting.known = number
            return
        if taken.size <= reading.max_bytes:
            with open(unit.path, "rb") as file:
                taken.content = sha256(file.read(reading.max_bytes + 1)).hexdigest()
            taken.hint = hint_of(taken.path)
    number = known.by_content(taken)
    if known.is_done(number):
        waiting.known, waiting.renamed = number, True
    else:
        waiting.replaced = number


def _stream(unit: Found, reading: Reading) -> bytes:
    """Return the content of standard input or of a pipe, or so much of it that it is too large."""
    if unit.path is not None:
        with open(unit.path, "rb") as file:
            return file.read(reading.max_bytes + 1)
    stream = reading.stdin or getattr(sys.stdin, "buffer", None) or io.BytesIO()
    parts = []
    size = 0
    while size <= reading.max_bytes and (part := stream.read(min(_CHUNK, reading.max_bytes + 1 - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def kept_inputs(folder: Path, manifest: Manifest, known: Known, reading: Reading) -> Iterator[Waiting]:
    """Yield the inputs that are to be read anew: as the dataset keeps them, and others from their files."""
    rows = rows_of(folder, manifest, known.unknown)
    for number, data in kept_data(folder, manifest, list(rows)):
        row = rows.pop(number)
        path = None if row["path"] is None else Path(row["path"])
        day = None if row["date"] is None else date.fromisoformat(row["date"])
        taken = Taken(known.number(), row["name"], row["path"], row["size"], row["mtime_ns"])
        taken.content, taken.hint = row["content"], hint_of(row["path"])
        taken.walked, taken.date = row["walked"], day
        origin = Origin(row["name"], path, row["walked"], day)
        yield Waiting(Found(row["name"]), taken, data=data, replaced=number, origin=origin)
    for row in rows.values():
        if row["path"] is not None and os.path.isfile(row["path"]):
            found = Found(row["name"], row["path"], row["walked"])
            yield look_up(found, known, reading, is_builds=False)


def is_same(taken: Taken, data: bytes) -> bool:
    """Whether a file still has the content that was looked up."""
    return bool(taken.content) and sha256(data).hexdigest() == taken.content
