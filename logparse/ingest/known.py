"""The inputs that a dataset has taken in: where each was, its content as a hash, and its outcome."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from logparse.batches.arrow import Table
from logparse.engine.invocation import id_in_name
from logparse.errors import LogparseError
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.lazy import pyarrow_parquet as pq
from logparse.sources import Skipped
from logparse.store.layout import INPUTS
from logparse.store.manifest import Manifest
from logparse.version import VERSION

_FIELDS: Final = {
    "input": "int64",
    "seen": "int64",
    "content": "string",
    "hint": "string",
    "name": "string",
    "path": "string",
    "size": "int64",
    "mtime_ns": "int64",
    "walked": "bool",
    "date": "string",
    "logparse": "string",
    "pieces": "int64",
    "older": "int64",
    "older_us": "int64",
    "failures": "string",
    "failed": "bool",
}


#: The columns of the parameters of `Known._take`, in their order.
_LOOKED_UP: Final = (
    *("input", "seen", "content", "hint", "path", "failures", "pieces", "logparse", "older", "older_us"),
    "failed",
)


@dataclass(slots=True)
class Taken:
    """An input that was read.

    Attributes
    ----------
    input:
        Its number. An input that is found again under another name keeps it.
    name, path:
        Its name as given, and its absolute path; None for standard input.
    size, mtime_ns:
        Of the file, when it was read.
    content:
        SHA-256 of the content, empty where it was not read.
    hint:
        The id in the file's name, empty where there is none; None where reading does not depend on it.
    walked, date:
        Whether it was found in a directory, and the day for logs without a date.
    pieces:
        How many logs and builds of it are in the dataset.
    older, older_us:
        How many are not, because they are older than the dataset keeps, and when the newest of these was
        created, in microseconds since 1970.
    errors:
        Errors for its parts that could not be read, or were skipped.
    """

    input: int
    name: str
    path: str | None
    size: int
    mtime_ns: int
    content: str = ""
    hint: str | None = ""
    walked: bool = False
    date: date | None = None
    pieces: int = 0
    older: int = 0
    older_us: int | None = None
    errors: list[LogparseError] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether something of it could not be read."""
        return any(not self._is_skipped(error) for error in self.errors)

    def _is_skipped(self, error: LogparseError) -> bool:
        return isinstance(error, Skipped) or (self.walked and not self.pieces and not self.older)

    def failure_rows(self) -> list[dict[str, Any]]:
        """Return the errors as rows of the table of failures."""
        return [
            {
                "source": error.source,
                "reason": error.cause,
                "remedy": error.remedy,
                "skipped": self._is_skipped(error),
                "line": error.line,
            }
            for error in self.errors
        ]

    @property
    def failures(self) -> str | None:
        """The rows of the table of failures as JSON, None where there are none."""
        return json.dumps(self.failure_rows()) if self.errors else None

    def row(self) -> dict[str, Any]:
        """Return the input as a row of the table of inputs."""
        known = {name: getattr(self, name) for name in _FIELDS if hasattr(self, name)}
        return known | {
            "seen": seen_key(self.path, self.size, self.mtime_ns) if self.content else 0,
            "date": self.date.isoformat() if self.date else None,
            "logparse": VERSION,
            "failures": self.failures,
        }


def seen_key(path: str | None, size: int, mtime_ns: int) -> int:
    """Return a hash of a file's path, size and time; 0 for standard input."""
    if path is None:
        return 0
    text = f"{size}|{mtime_ns}|{path}".encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)


def hint_of(path: str | None) -> str:
    """Return the id in a file's name, which reading uses where a log has none."""
    return (id_in_name(os.path.basename(path)) if path is not None else None) or ""


def table_of(taken: Sequence[Taken]) -> Table:
    """Return inputs as rows of the table of inputs."""
    types = {"int64": pa.int64(), "string": pa.string(), "bool": pa.bool_()}
    schema = pa.schema([(name, types[type_]) for name, type_ in _FIELDS.items()])
    return pa.Table.from_pylist([one.row() for one in taken], schema=schema)


class Known:
    """The inputs of a dataset, to look up by their files and by their content.

    Attributes
    ----------
    next_input:
        The number that the next input gets.
    unknown, with_pieces:
        The numbers of the inputs that are to be read anew, and of those with rows in the dataset.

    Parameters
    ----------
    again:
        Whether inputs count as unknown that an older logparse took in, or that failed.
    cutoff_us:
        Logs and builds that were created before are left out, in microseconds since 1970; None for no limit.
    """

    def __init__(self, folder: Path, manifest: Manifest, *, again: bool, cutoff_us: int | None) -> None:
        self.next_input = manifest.next_input
        self._again = again
        self._cutoff_us = cutoff_us
        self._seen: dict[int, int] = {}
        self._contents: dict[tuple[bytes, str | None], int] = {}
        self.unknown: set[int] = set()
        self.with_pieces: set[int] = set()
        #: The failures of files that could not be read, as the last run noted them.
        self._unread: dict[str, str | None] = {}
        #: How many logs and builds of an input are left out, because they are older than is kept.
        self._older: dict[int, int] = {}
        for path in _in_order(folder, manifest):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=list(_LOOKED_UP)):
                    columns = (batch.column(name).to_pylist() for name in _LOOKED_UP)
                    for row in zip(*columns, strict=True):
                        self._take(*row)

    def _take(
        self,
        number: int,
        seen: int,
        content: str,
        hint: str | None,
        path: str | None,
        failures: str | None,
        pieces: int,
        version: str,
        older: int,
        older_us: int | None,
        failed: bool,
    ) -> None:
        if seen:
            self._seen[seen] = number
        if content:
            self._contents[bytes.fromhex(content), hint] = number
        elif path is not None:
            self._unread[path] = failures
        if pieces:
            self.with_pieces.add(number)
        if older:
            self._older[number] = older
            if self._cutoff_us is None or (older_us or 0) >= self._cutoff_us:
                self.unknown.add(number)
        if self._again and (failed or version != VERSION):
            self.unknown.add(number)

    def number(self) -> int:
        """Return the number of the next input."""
        self.next_input += 1
        return self.next_input - 1

    def by_file(self, key: int) -> int | None:
        """Return the number of the input that was read of a file of this path, size and time."""
        return self._seen.get(key)

    def by_content(self, taken: Taken) -> int | None:
        """Return the number of the input with the same content, as reading it shows it."""
        if not taken.content:
            return None
        key = bytes.fromhex(taken.content)
        return self._contents.get((key, None), self._contents.get((key, taken.hint)))

    def is_done(self, number: int | None) -> bool:
        """Whether an input need not be read."""
        return number is not None and number not in self.unknown

    def is_noted(self, taken: Taken) -> bool:
        """Whether the dataset has noted already that a file cannot be read, and why."""
        return not taken.content and taken.path in self._unread and self._unread[taken.path] == taken.failures

    def older(self, number: int) -> int:
        """Return how many logs and builds of an input are older than is kept."""
        return self._older.get(number, 0)

    def add(self, taken: Taken) -> None:
        """Take over an input that was read now."""
        seen = seen_key(taken.path, taken.size, taken.mtime_ns)
        if seen:
            self._seen[seen] = taken.input
        if taken.content:
            self._contents[bytes.fromhex(taken.content), taken.hint] = taken.input


def _in_order(folder: Path, manifest: Manifest) -> list[Path]:
    """Return the files of the table of inputs, in the order in which these were read."""
    first: dict[Path, int] = {}
    for part in manifest.of(INPUTS):
        path = folder / part.name
        first[path] = pq.read_table(path, columns=["input"])["input"][0].as_py()
    return sorted(first, key=lambda path: first[path])


def rows_of(folder: Path, manifest: Manifest, inputs: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the rows of inputs by their numbers: of those with several names the first."""
    wanted = pa.array(sorted(inputs), pa.int64())
    found: dict[int, dict[str, Any]] = {}
    for path in _in_order(folder, manifest):
        table = pq.read_table(path, filters=pc.field("input").isin(wanted))
        for row in table.to_pylist():
            found.setdefault(row["input"], row)
    return found
