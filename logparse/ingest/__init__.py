"""Adding inputs to a dataset. Rows of invocations and builds that an input adds to are made anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from logparse.errors import InputError, LogparseError, UsageError
from logparse.ingest.batch import Batch
from logparse.ingest.finding import Reading, Waiting, kept_inputs, look_up
from logparse.ingest.known import Known
from logparse.reading.arguments import Day, day_of, jobs_of, limit_of
from logparse.reading.inputs import Input, check, find_inputs
from logparse.sources import DEFAULT_MAX_BYTES, Found
from logparse.store import disk
from logparse.store.commit import recover
from logparse.store.layout import MANIFEST, STATE, flat, is_dataset, local
from logparse.store.lock import locked
from logparse.store.manifest import Manifest, load_manifest
from logparse.store.retention import cutoff_of, retained
from logparse.values.clock import midnight_us
from logparse.version import VERSION

__all__ = ["Ingested", "ingest"]

#: A run that reads more than so many inputs or bytes is several changes of the dataset.
MOST_INPUTS: Final = 5_000
MOST_BYTES: Final = 256 << 20


@dataclass(slots=True)
class Ingested:
    """The result of `ingest`.

    Attributes
    ----------
    folder:
        The dataset.
    read, known:
        How many inputs were read, and how many were known already.
    older:
        How many logs and builds were left out because they are older than the dataset keeps.
    failures, skipped:
        Errors for inputs that could not be read, and for files that a walk through a directory left out.
    invocations, builds:
        How many the dataset has now.
    more_invocations, more_builds:
        How many it has more than before; negative where old ones were dropped.
    """

    folder: Path
    read: int = 0
    known: int = 0
    older: int = 0
    failures: list[LogparseError] = field(default_factory=list)
    skipped: list[LogparseError] = field(default_factory=list)
    invocations: int = 0
    builds: int = 0
    more_invocations: int = 0
    more_builds: int = 0


def ingest(
    *paths: Input,
    into: str | os.PathLike[str],
    builds: Input | None = (),
    date: Day | None = None,
    retention: timedelta | None = None,
    again: bool = False,
    max_bytes: int = DEFAULT_MAX_BYTES,
    jobs: int | None = None,
    stdin: BinaryIO | None = None,
    watch: Callable[[str], None] | None = None,
    waits: Callable[[], None] | None = None,
    now: datetime | None = None,
) -> Ingested:
    """Add the logs and builds of inputs to a dataset. The order of inputs does not matter.

    The tables of the dataset are those that `logparse.load` would make of all contents that were ever given.
    A content counts once, whatever its files are called. A file whose path, size and time are known is not
    read again. All of the inputs are added, or none of them; of more than 5,000 inputs, or of more than
    256 MB, one part after the other, so that memory does not grow with them.

    Parameters
    ----------
    paths, builds, date, max_bytes, jobs, stdin, watch:
        As for `logparse.load`, without texts and open files.
    into:
        The folder of the dataset, on a file system. It is made where it does not exist.
    retention:
        Days that are older are dropped, and inputs of such days are left out. The dataset keeps this limit
        until another one is given; ``timedelta.max`` removes it.
    again:
        Read also inputs anew that an older version of logparse took in, and those that failed. Without
        `paths` and `builds` all of these: logs as the dataset keeps them, builds from their files.
    waits:
        Called where another process adds to the dataset. Then this one waits for that.
    now:
        The time that `retention` counts from, by default the current time.

    Raises
    ------
    UsageError
        For a wrong argument, a folder that is not a dataset, or one that is not on a file system.
    LogparseError
        Where the dataset cannot be written or was made by a newer logparse. No row is lost.
    """
    folder = local(into)
    for given in (*paths, builds):
        check(given, "ingest")
    reading = Reading(day_of(date), limit_of(max_bytes), jobs_of(jobs), stdin, watch or (lambda name: None))
    _check_folder(folder)
    for given in flat((*paths, builds)):
        if is_dataset(given):
            raise UsageError(f"{given!r} is a dataset", remedy="name the logs that it was made of")
    with disk.writing(folder), locked(folder, waits or (lambda: None)):
        recover(folder)
        manifest = _manifest(folder, retention)
        run = _Run(folder, manifest, reading, now or datetime.now(UTC), again=again)
        run.add(builds or (), paths)
        return run.result()


def _check_folder(folder: Path) -> None:
    """Check that a folder is a dataset, or can become one."""
    if not folder.exists() or (folder / STATE).is_dir():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder", remedy="name another with --into")
    if any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not a dataset, and not empty", remedy="name another folder with --into"
        )


def _manifest(folder: Path, retention: timedelta | None) -> Manifest:
    """Return the manifest of a dataset, or that of an empty one, with the retention that was asked for."""
    manifest = load_manifest(folder) if (folder / MANIFEST).exists() else Manifest(logparse=VERSION)
    if retention is None:
        return manifest
    if retention <= timedelta():
        raise UsageError(f"retention={retention} is not a positive time", remedy="pass timedelta(days=400)")
    return retained(manifest, retention)


class _Run:
    """One call of `ingest`, under the lock of the dataset."""

    def __init__(
        self, folder: Path, manifest: Manifest, reading: Reading, now: datetime, *, again: bool
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._before = manifest
        self._reading = reading
        self._again = again
        cutoff = cutoff_of(manifest, now)
        self._cutoff = cutoff
        cutoff_us = None if cutoff is None else midnight_us(cutoff)
        self._known = Known(folder, manifest, again=again, cutoff_us=cutoff_us)
        self._result = Ingested(folder)

    def add(self, builds: Any, paths: Sequence[Any]) -> None:
        """Read inputs and add them, batch by batch."""
        batch = self._batch()
        for is_builds, given in ((True, builds), (False, paths)):
            for unit in find_inputs(given, "ingest"):
                if not isinstance(unit, (Found, InputError)):
                    raise UsageError("ingest() takes paths, not texts", remedy="save the text to a file")
                waiting = look_up(unit, self._known, self._reading, is_builds=is_builds)
                if waiting.known is not None:
                    self._skip(waiting)
                if waiting.known is None or waiting.renamed:
                    batch = self._full(batch, waiting)
        if self._again and not flat((*paths, builds)):
            for waiting in kept_inputs(self._folder, self._manifest, self._known, self._reading):
                batch = self._full(batch, waiting)
        self._commit(batch)

    def _full(self, batch: Batch, waiting: Waiting) -> Batch:
        """Add an input to a batch. Return a new one where it is full."""
        batch.add(waiting)
        if batch.size < MOST_INPUTS and batch.bytes < MOST_BYTES:
            return batch
        self._commit(batch)
        return self._batch()

    def _batch(self) -> Batch:
        return Batch(self._folder, self._manifest, self._reading, self._cutoff)

    def _skip(self, waiting: Waiting) -> None:
        assert waiting.known is not None
        self._result.known += 1
        self._result.older += self._known.older(waiting.known)
        self._reading.watch(waiting.taken.name)

    def _commit(self, batch: Batch) -> None:
        self._manifest = batch.commit(self._known)
        result = self._result
        result.read += batch.read
        for taken in batch.taken:
            result.older += taken.older
            for error, row in zip(taken.errors, taken.failure_rows(), strict=True):
                (result.skipped if row["skipped"] else result.failures).append(error)

    def result(self) -> Ingested:
        """Return the result of the run."""
        result = self._result
        counts = [
            _count(m, table) for m in (self._manifest, self._before) for table in ("invocations", "builds")
        ]
        result.invocations, result.builds = counts[:2]
        result.more_invocations, result.more_builds = counts[0] - counts[2], counts[1] - counts[3]
        return result


def _count(manifest: Manifest, table: str) -> int:
    return sum(part.rows for part in manifest.of(table))
