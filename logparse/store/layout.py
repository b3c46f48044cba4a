"""The names of a dataset's files.

Rows of a day are in ``TABLE/day=2020-11-17/part-….parquet``, rows without a day in ``undated/TABLE/``. Files
that logparse alone needs are in ``_logparse/``, which readers of Parquet take for hidden.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from logparse.columns import TABLES
from logparse.errors import UsageError
from logparse.sources import finding

STATE: Final = finding.DATASET_STATE
MANIFEST: Final = f"{STATE}/manifest.json"
JOURNAL: Final = f"{STATE}/journal.json"
LOCK: Final = f"{STATE}/lock"
UNDATED: Final = "undated"
#: Files that are not whole yet have names that begin so.
TEMPORARY: Final = "_tmp-"
#: Tables that are statistics of others, and the one that `inputs` holds: they have no files.
_MADE: Final = ("bots", "builders", "jobs", "failures")
#: The tables that have files.
STORED: Final = tuple(name for name in TABLES if name not in _MADE)
#: Tables of which logparse alone needs the rows.
INPUTS: Final = "_inputs"
PIECES: Final = "_pieces"
KEPT: Final = "_kept"
OWN: Final = (INPUTS, PIECES, KEPT)

_REMOTE_RE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]++://")
_PART_RE: Final = re.compile(r"part-[0-9a-f]{16,64}\.parquet")
_DAY_RE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def folder_of(table: str, day: str | None) -> str:
    """Return the folder of a table's rows of a day, relative to the dataset."""
    if table in OWN:
        return f"{STATE}/{table.removeprefix('_')}"
    return f"{UNDATED}/{table}" if day is None else f"{table}/day={day}"


def is_part(table: str, day: str | None, name: str) -> bool:
    """Whether a relative path is one that logparse gives to a part of a table."""
    if table not in (*STORED, *OWN) or (day is not None and not _DAY_RE.fullmatch(day)):
        return False
    folder, _, file = name.rpartition("/")
    return folder == folder_of(table, day) and _PART_RE.fullmatch(file) is not None


def flat(given: Iterable[Any]) -> list[Any]:
    """Return inputs with those in lists among them."""
    return [one for item in given for one in (item if isinstance(item, (list, tuple)) else (item,))]


def is_dataset(path: object) -> bool:
    """Whether a path is that of a dataset."""
    if not isinstance(path, (str, os.PathLike)):
        return False
    return finding.is_dataset(os.fsdecode(path))


def local(path: str | os.PathLike[str]) -> Path:
    """Return the folder of a dataset as a path.

    Raises
    ------
    UsageError
        For the address of an object store.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"{path!r} is not a path", remedy="name the folder of a dataset")
    text = os.fsdecode(path)
    if _REMOTE_RE.match(text):
        raise UsageError(
            f"{text} is not on a file system, and only there files can be renamed and locked",
            remedy="name a local folder, and copy it to the store after logparse ingest",
        )
    return Path(text)
