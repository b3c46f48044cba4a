"""Reading the inputs that the user named, with a line on standard error for each failure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from os.path import isdir
from typing import TYPE_CHECKING, Final

from logparse.cli.progress import Progress
from logparse.cli.words import warn
from logparse.errors import LogparseError
from logparse.output.words import count

if TYPE_CHECKING:
    from logparse.loading.dataset import Dataset
    from logparse.reading.arguments import EngineName

_NAMED_SKIPPED: Final = 3


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values of the options for reading.

    Attributes
    ----------
    paths, builds:
        Files, directories or ``-``; files of builds.
    day:
        Day of the first entry, for logs without another date.
    max_size:
        Larger inputs, in bytes, are refused.
    strict:
        Whether something that was not understood changes the exit code.
    verbose:
        Whether everything that was skipped is named.
    keep_duplicates:
        Whether each copy of an invocation or a build counts.
    engine:
        The parser that reads logs.
    jobs:
        How many processes read at once; None for one for each processor.
    where:
        The filter of what counts; None where all counts.
    excluded:
        Spans of time. What was created in one does not count.
    since, until:
        What was created then or later, and before then, counts; None for no limit.
    """

    paths: tuple[str, ...]
    builds: tuple[str, ...]
    day: date | None
    max_size: int
    strict: bool
    verbose: bool
    keep_duplicates: bool
    engine: EngineName
    jobs: int | None
    where: str | None = None
    excluded: tuple[tuple[datetime, datetime], ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def condition(self) -> str | None:
        """The filter that `where`, `since` and `until` are together; None where all counts."""
        times = ((">=", self.since), ("<", self.until))
        parts = [f"created_at{sign}'{at.isoformat()}'" for sign, at in times if at is not None]
        if self.where is not None:
            parts.append(f"({self.where})" if parts else self.where)
        return " and ".join(parts) or None

    @property
    def chooses(self) -> bool:
        """Whether not all that is read counts."""
        return self.condition is not None or bool(self.excluded)


def read(
    inputs: Inputs, tables: Sequence[str] = (), only: Mapping[str, Collection[str]] | None = None
) -> Dataset:
    """Read the inputs, and write to standard error what failed and what was skipped.

    Parameters
    ----------
    tables:
        The tables that will be asked for.
    only:
        The columns that will be asked for of some of them; of the others it is all.

    Raises
    ------
    LogparseError
        If nothing was read and nothing failed.
    """
    from logparse.loading import gather

    if any(map(isdir, inputs.paths)):
        # A few files need little memory, and less time than loading the C library.
        from logparse.memory import keep_memory

        keep_memory()
    with Progress([*inputs.paths, *inputs.builds]) as seen:
        data = gather(
            inputs.paths,
            builds=inputs.builds,
            date=inputs.day,
            duplicates="keep" if inputs.keep_duplicates else "merge",
            engine=inputs.engine,
            jobs=inputs.jobs,
            max_bytes=inputs.max_size,
            watch=seen,
            tables=(*tables, "invocations", "builds") if inputs.chooses else tables,
            # A filter can name any column.
            only=None if inputs.chooses else only,
        )
    for failure in data.failures:
        warn(str(failure))
    warn_of_skipped(data.skipped, verbose=inputs.verbose)
    _warn_of_repeats(data)
    if not (data.failures or holds_something(data)):
        raise LogparseError(
            "no input holds a scheduler log", remedy="name a saved page, a log, or a directory of them"
        )
    return _chosen(data, inputs)


def _chosen(data: Dataset, inputs: Inputs) -> Dataset:
    """Return what counts, and say how much ``--exclude-time`` leaves out."""
    chosen = data if inputs.condition is None else data.where(inputs.condition)
    if holds_something(data) and not holds_something(chosen):
        warn(f"note: nothing that was read fits the filter {inputs.condition}")
    if not inputs.excluded:
        return chosen
    outside = (
        f"(created_at < '{start.isoformat()}' or created_at >= '{end.isoformat()}')"
        for start, end in inputs.excluded
    )
    kept = chosen.where(f"created_at is null or {' and '.join(outside)}")
    before, after = (d.sizes.invocations + d.sizes.builds for d in (chosen, kept))
    warn(f"note: --exclude-time left out {before - after} of {before} invocations and builds")
    return kept


def holds_something(data: Dataset) -> bool:
    """Whether there are records. If not, nothing is written, not even an empty file."""
    sizes = data.sizes
    return bool(sizes.invocations or sizes.builds or sizes.triages)


def warn_of_skipped(skipped: Sequence[LogparseError], *, verbose: bool) -> None:
    """Name the files that are not logs, and the parts of files that were left out."""
    from logparse.sources import Note

    notes = [skip for skip in skipped if isinstance(skip, Note)]
    for note in notes if verbose else notes[:_NAMED_SKIPPED]:
        warn(f"note: {note}")
    if len(notes) > _NAMED_SKIPPED and not verbose:
        warn(f"{count(len(notes) - _NAMED_SKIPPED, 'more note')} (-v shows all)")
    files = [skip for skip in skipped if not isinstance(skip, Note)]
    if verbose:
        for skip in files:
            warn(f"skipped: {skip}")
    elif files:
        names = ", ".join(str(skip.source) for skip in files[:_NAMED_SKIPPED])
        more = len(files) - _NAMED_SKIPPED
        rest = f" and {more} more (-v names all)" if more > 0 else ""
        warn(f"skipped {count(len(files), 'file')} without a log: {names}{rest}")


def _warn_of_repeats(data: Dataset) -> None:
    """Name an invocation or a build that was read more than once, as from its page and its log."""
    names = data.repeated
    if names:
        counted = "each time" if data.gathered.keeps_copies else "once"
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        warn(f"read more than once, and counted {counted}: {names[0]}{more}")


def exit_code(data: Dataset, inputs: Inputs) -> int:
    """Return the exit code of a command that read `data`: 1 for failures, 3 under ``--strict``, else 0."""
    from logparse.engine.checks import CODES

    if data.failures:
        return 1
    if not inputs.strict:
        return 0
    codes = (code for batch in data.batches("findings") for code in batch["code"])
    misread = sum(CODES[code].strict for code in codes if code in CODES)
    if misread:
        warn(f"{count(misread, 'place')} not understood; `logparse check` names them")
        return 3
    return 0
