"""Datasets for tests: what their tables hold, and a disk that stops working at a given operation."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import logparse as lp
from logparse.columns import TABLES
from logparse.ingest import Ingested, ingest
from logparse.store import disk

#: The tables that `load` gives in the same order.
ORDERED = ("invocations", "events", "polls", "attempts", "triggers", "unrecognized")


def inputs_of(folder: Path) -> list[str]:
    """Return the pages, logs and files of builds of a simulation."""
    return sorted(str(path) for day in folder.glob("2*") for path in day.rglob("*") if path.is_file())


def added(paths: Sequence[str | Path], into: Path, **more: Any) -> Ingested:
    return ingest([str(path) for path in paths], into=into, jobs=1, **more)


def rows(data: lp.Dataset, table: str) -> list[str]:
    """Return the rows of a table as texts, sorted."""
    return sorted(map(repr, data.arrow(table).to_pylist()))


def differing(expected: lp.Dataset, found: lp.Dataset) -> list[str]:
    """Return the tables that differ in their rows, or in the order of rows that `load` defines."""
    differ = [name for name in TABLES if rows(expected, name) != rows(found, name)]
    return differ + [n for n in ORDERED if n not in differ and not expected.arrow(n).equals(found.arrow(n))]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def leftovers(folder: Path) -> list[str]:
    """Return the files that a dataset does not need: all but the manifest, the lock and its parts."""
    from logparse.store.layout import LOCK, MANIFEST
    from logparse.store.manifest import load_manifest

    known = {LOCK, MANIFEST, *(part.name for part in load_manifest(folder).parts)}
    return sorted(set(contents(folder)) - known)


class Killed(BaseException):
    """The process is gone."""


class Disk:
    """Counts the operations of `logparse.store.disk`, and fails at one of them.

    Parameters
    ----------
    at:
        The number of the operation that fails, from 0; None for none.
    killed:
        Whether the process ends there, so that no later operation happens. Otherwise the disk is full.
    """

    def __init__(self, at: int | None, *, killed: bool) -> None:
        self.count = 0
        self._at = at
        self._killed = killed

    def reach(self, writes: bool = True) -> None:
        """Count an operation, and fail where it is the one."""
        number = self.count
        self.count += 1
        if self._at is None:
            return
        if self._killed and number >= self._at:
            raise Killed
        if not self._killed and number >= self._at and writes:
            raise OSError(errno.ENOSPC, "No space left on device")

    def wrapped(self, function: Callable[..., Any], *, writes: bool) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.reach(writes)
            return function(*args)

        return call


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, at: int | None, *, killed: bool = True) -> Iterator[Disk]:
    """Have the disk fail at an operation."""
    found = Disk(at, killed=killed)
    original = disk.new_file

    @contextmanager
    def new_file(path: Path) -> Iterator[Any]:
        found.reach()
        with original(path) as out:
            yield out
            found.reach()

    with monkeypatch.context() as patched:
        patched.setattr(disk, "new_file", new_file)
        for name in ("make_folder", "move", "delete", "settle", "delete_empty"):
            writes = name in ("make_folder", "move")
            patched.setattr(disk, name, found.wrapped(getattr(disk, name), writes=writes))
        yield found
