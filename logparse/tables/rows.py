"""From records to tables: the DataFrames that `logparse.columns` declares.

Tables are made in batches of some hundred rows, so that a file can be written without a frame. Unknown is
null in every column. Text, status and kind included, has pandas' type ``str`` (``object`` before pandas 2.3):
``frame.status == "FAILED"`` gives plain truth values, False for null, as NumPy's functions need them.
Categories would refuse a status that is new. The other types are ``Int64``, ``boolean``, ``float64``
and ``datetime64[us, UTC]``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, MutableSequence, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from logparse.batches.arrow import frame_of
from logparse.batches.batch import BATCH_ROWS, Batch, Row, batches_of, rows_of
from logparse.columns import TABLES
from logparse.errors import LogparseError
from logparse.joining.pagebatch import OF_PAGES, Invocations, row_count, taken
from logparse.records import Build, Event, Finding, Invocation, TriageLog
from logparse.tables.recordcolumns import (
    build_columns,
    event_columns,
    finding_columns,
    invocation_columns,
    part_columns,
    step_columns,
    unrecognized_columns,
)

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd


def invocation_row(invocation: Invocation) -> Row:
    """Return an invocation as a row of the table `invocations`."""
    return next(rows_of([invocation_columns([invocation])]))


def build_row(build: Build, invocation: Invocation | None) -> Row:
    """Return a build as a row of the table `builds`. `invocation` is the one that asked for it."""
    return next(rows_of([build_columns([build], [invocation])]))


@dataclass(slots=True)
class Records:
    """All that was read, in an order that does not depend on the order of reading.

    Attributes
    ----------
    invocations:
        One for each invocation, or for each copy of it.
    builds:
        Builds from Buildbucket that are of none of the invocations.
    findings:
        What a reader should know about builds. The findings about a log are in its record.
    triages:
        Triage logs that stood alone.
    failures:
        What could not be read: errors that say where, why and what to do.
    skipped:
        What a walk through a directory left out, likewise.
    keeps_copies:
        Whether each copy of an invocation or a build is a record of its own.
    """

    invocations: MutableSequence[Invocation] = field(default_factory=Invocations)
    builds: list[Build] = field(default_factory=list)
    triages: list[TriageLog] = field(default_factory=list)
    failures: list[LogparseError] = field(default_factory=list)
    skipped: list[LogparseError] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    keeps_copies: bool = False

    @property
    def held(self) -> Invocations:
        """The invocations, of which some may be rows of batches."""
        if not isinstance(self.invocations, Invocations):
            self.invocations = Invocations(self.invocations)
        return self.invocations

    @property
    def logs(self) -> list[Invocation | TriageLog]:
        """All that has entries."""
        return [*(record for record in self.invocations if record.origin != "build"), *self.triages]

    def chosen(self, invocations: Sequence[bool], builds: Collection[str]) -> Records:
        """Return the records of some invocations and builds, with all that failed or was skipped.

        Parameters
        ----------
        invocations:
            For each invocation whether it is among them.
        builds:
            The ids of the builds without an invocation that are among them.
        """
        kept = [build for build in self.builds if build.id in builds]
        places = {(build.source, build.source_line) for build in kept}
        return replace(
            self,
            invocations=Invocations(
                [item for item, keep in zip(self.held.items, invocations, strict=True) if keep]
            ),
            builds=kept,
            triages=[],
            findings=[finding for finding in self.findings if (finding.source, finding.line) in places],
        )

    @property
    def all_findings(self) -> list[Finding]:
        """The findings about invocations, triage logs and builds."""
        # A page with a finding is not a row of a batch.
        found = [finding for record in self.held.records for finding in record.findings]
        found += [finding for triage in self.triages for finding in triage.findings]
        return [*found, *self.findings]


def batches(records: Records, table: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """Yield the rows of a table of records in batches; `bots`, `builders` and `jobs` are metrics.

    Parts that are not made yet are made for a batch, and are not kept.

    Parameters
    ----------
    columns:
        The names of the columns that are asked for, by default all. A batch can have others as well.

    Raises
    ------
    KeyError
        For a name that is not one of these tables.
    """
    narrow = _NARROW.get(table)
    return _BATCHES[table](records) if narrow is None else narrow(records, columns)


def rows(records: Records, table: str) -> Iterator[Row]:
    """Yield the rows of a table of records, as `batches` does.

    Raises
    ------
    KeyError
        For a name that is not one of these tables.
    """
    return rows_of(batches(records, table))


def row_counts(records: Records) -> dict[str, int]:
    """Return how many rows each table of records has. No row is made."""
    if not records.keeps_copies:
        records.held.make_shared()
    invocations = records.held.records
    logs = _logs(records)
    builds = [build for build, _ in _all_builds(records)]
    rows = records.held.rows
    counts = {
        "invocations": len(invocations),
        "events": sum(len(_passing_events(log)) for log in logs),
        "polls": sum(len(record.passing("polls")) for record in invocations),
        "attempts": sum(len(record.attempts) for record in invocations),
        "builds": len(builds),
        "steps": sum(len(build.steps) for build in builds),
        "triggers": sum(len(record.triggers) for record in invocations),
        "unrecognized": sum(log.unrecognized or 0 for log in logs),
        "findings": len(records.all_findings),
        "failures": len(records.failures) + len(records.skipped),
    }
    for table in OF_PAGES:
        counts[table] += row_count(rows, table)
    return counts


def table_frame(records: Records, table: str, names: Collection[str] | None = None) -> pd.DataFrame:
    """Return a table of records, or its columns of some names, as a frame."""
    columns = [column for column in TABLES[table] if names is None or column.name in names]
    return frame_of(batches(records, table, [column.name for column in columns]), columns)


def triage_place(record: TriageLog) -> tuple[str, int, str]:
    """Return what triage logs are sorted by."""
    source = record.source or ""
    return PurePath(source).name, record.source_line or 0, source


def invocation_batches(invocations: Iterable[Invocation]) -> Iterator[Batch]:
    """Yield the rows of the table `invocations` for invocations, in batches."""
    return map(invocation_columns, _slices(list(invocations)))


def _slices(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + BATCH_ROWS] for start in range(0, len(items), BATCH_ROWS))


def _with_owners(lists: Iterable[tuple[Any, Sequence[Any]]]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Yield the items of lists, as many as a batch has, and the owner of each of them.

    Parameters
    ----------
    lists:
        Owners, each with its items.
    """
    items: list[Any] = []
    owners: list[Any] = []
    for owner, found in lists:
        for part in _slices(found):
            items += part
            owners += [owner] * len(part)
            if len(items) >= BATCH_ROWS:
                yield items, owners
                items, owners = [], []
    if items:
        yield items, owners


def _logs(records: Records) -> list[Invocation | TriageLog]:
    """Return the records of logs. Invocations that are rows of batches are left out."""
    return [*(record for record in records.held.records if record.origin != "build"), *records.triages]


def _by_runs(
    records: Records,
    table: str,
    made: Callable[[list[Invocation]], Iterator[Batch]],
    columns: Sequence[str] | None = None,
) -> Iterator[Batch]:
    """Yield a table of the invocations in order: rows as they are, and those that records are `made` into."""
    for rows, found in records.held.runs():
        yield from taken(rows, table, columns) if rows else made(found)


def _invocations(records: Records, columns: Sequence[str] | None) -> Iterator[Batch]:
    return _by_runs(records, "invocations", invocation_batches, columns)


def _events(records: Records) -> Iterator[Batch]:
    def made(found: Iterable[Invocation | TriageLog]) -> Iterator[Batch]:
        lists = ((log, _passing_events(log)) for log in found if getattr(log, "origin", "") != "build")
        return (event_columns(events, logs) for events, logs in _with_owners(lists))

    yield from _by_runs(records, "events", made)
    yield from made(records.triages)


def _parts(table: str, records: Records) -> Iterator[Batch]:
    """Yield the rows of a table whose name is that of the parts of invocations that it shows."""

    def made(invocations: Iterable[Invocation]) -> Iterator[Batch]:
        lists = ((record, record.passing(table)) for record in invocations)
        return (part_columns(table, parts, owners) for parts, owners in _with_owners(lists))

    return _by_runs(records, table, made)


def _passing_events(log: Invocation | TriageLog) -> list[Event]:
    return log.passing("events") if isinstance(log, Invocation) else log.events


def _all_builds(records: Records) -> Iterator[tuple[Build, Invocation | None]]:
    """Yield every build with the invocation that asked for it: once, or each copy where these are kept.

    Two invocations can be answered with one build. It belongs to the one whose log shows its end.
    """
    asked = [(record.build, record) for record in records.held.records if record.build is not None]
    if records.keeps_copies:
        yield from asked
        yield from ((build, None) for build in records.builds)
        return
    found: dict[str, tuple[Build, Invocation | None]] = {}
    for build, record in asked:
        known = found.get(build.id)
        if known is None or (build.final and not known[0].final):
            found[build.id] = build, record
    for build in records.builds:
        found.setdefault(build.id, (build, None))
    yield from found.values()


def _builds(records: Records, columns: Sequence[str] | None) -> Iterator[Batch]:
    if not records.keeps_copies:
        records.held.make_shared()
    left = {build.id: (build, asked) for build, asked in _all_builds(records)}

    def of_records(invocations: list[Invocation]) -> Iterator[Batch]:
        found: list[tuple[Build, Invocation | None]] = []
        for record in invocations:
            if record.build is None:
                continue
            if records.keeps_copies:
                found.append((record.build, record))
            elif record.build.id in left:
                found.append(left.pop(record.build.id))
        return _pair_batches(found)

    yield from _by_runs(records, "builds", of_records, columns)
    alone = [(build, None) for build in records.builds] if records.keeps_copies else list(left.values())
    yield from _pair_batches(alone)


def _pair_batches(pairs: Sequence[tuple[Build, Invocation | None]]) -> Iterator[Batch]:
    for some in _slices(pairs):
        builds, invocations = zip(*some, strict=True)
        yield build_columns(builds, invocations)


def _steps(records: Records) -> Iterator[Batch]:
    lists = (((build, invocation), build.steps) for build, invocation in _all_builds(records))
    return (step_columns(steps, owners) for steps, owners in _with_owners(lists))


def _unrecognized(records: Records) -> Iterator[Batch]:
    logs = _logs(records)
    lists = ((log, _unrecognized_events(log)) for log in logs)
    return (unrecognized_columns(events, logs) for events, logs in _with_owners(lists))


def _unrecognized_events(log: Invocation | TriageLog) -> list[Event]:
    if isinstance(log, Invocation) and "events" in log.put_off_fields and not log.unrecognized:
        return []
    return [event for event in _passing_events(log) if event.kind is None]


def _findings(records: Records) -> Iterator[Batch]:
    return (finding_columns(found) for found in _slices(records.all_findings))


def _failures(records: Records) -> Iterator[Batch]:
    return batches_of(_failure_rows(records), TABLES["failures"])


def _failure_rows(records: Records) -> Iterator[Row]:
    for skipped, errors in ((False, records.failures), (True, records.skipped)):
        for error in sorted(errors, key=lambda error: (error.source or "", error.line or 0, error.cause)):
            yield {
                "source": error.source,
                "reason": error.cause,
                "remedy": error.remedy,
                "skipped": skipped,
                "line": error.line,
            }


#: Tables with many columns, of which a reader can ask for few.
_NARROW: Final[dict[str, Callable[[Records, Sequence[str] | None], Iterator[Batch]]]] = {
    "invocations": _invocations,
    "builds": _builds,
}
_BATCHES: Final[dict[str, Callable[[Records], Iterator[Batch]]]] = {
    "events": _events,
    "polls": partial(_parts, "polls"),
    "attempts": partial(_parts, "attempts"),
    "steps": _steps,
    "triggers": partial(_parts, "triggers"),
    "unrecognized": _unrecognized,
    "findings": _findings,
    "failures": _failures,
}
