"""From records to tables: the DataFrames that `logparse.columns` declares.

Rows are made one at a time, so that a file can be written without a frame. Types of frames are
pandas' nullable ones, so that unknown is null in every column: ``string``, ``Int64``, ``boolean``,
``float64``, and ``datetime64[us, UTC]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.columns import TABLES, Column
from logparse.errors import LogparseError
from logparse.odd import odd_values
from logparse.records import Build, Event, Invocation, Record, TriageLog

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_PANDAS_TYPES: Final[dict[str, Any]] = {
    "text": "string",
    "json": "string",
    "int": "Int64",
    "bool": "boolean",
    "float": "float64",
    "time": "datetime64[us, UTC]",
}
#: Arguments that are payloads: whole JSON documents, told by other tables.
_PAYLOADS: Final = frozenset({"request", "response", "build", "commit"})


def frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Return rows as a frame with exactly `columns`, typed as they declare."""
    import pandas as pd

    listed = list(rows)
    data = {}
    for column in columns:
        values = [row.get(column.name) for row in listed]
        data[column.name] = pd.Series(values, dtype=object).astype(_PANDAS_TYPES[column.type])
    return pd.DataFrame(data, columns=[c.name for c in columns])


def _value(record: Any, column: Column) -> Any:
    for attribute in column.attributes:
        record = getattr(record, attribute, None)
        if record is None:
            return None
    if column.type == "json":
        return None if column.empty_is_null and not record else json_text(record)
    return record


def json_text(value: Any) -> str:
    """Return a value as compact JSON."""
    return msgspec.json.encode(value).decode("utf-8")


def _row(record: Record, columns: Sequence[Column], **more: Any) -> Row:
    row = {c.name: _value(record, c) for c in columns if c.name not in more}
    row.update(more)
    return row


def invocation_row(invocation: Invocation) -> Row:
    """Return an invocation as a row of the table `invocations`."""
    task = invocation.swarming_task
    build = invocation.build
    cuts = invocation.cuts
    lost = [cut.lost_s for cut in cuts]
    polls = [cut.lost_polls_max for cut in cuts]
    return _row(
        invocation,
        TABLES["invocations"],
        swarming_task_id=build.swarming_task_id if build else task.id if task else None,
        timeout_used=_share(invocation.run_s, build.execution_timeout_s if build else None),
        cut_s=sum(s for s in lost if s is not None) if cuts and None not in lost else None,
        cut_polls_max=sum(n for n in polls if n is not None) if cuts and None not in polls else None,
        odd=len(odd_values(invocation)),
    )


def build_row(build: Build, invocation_id: str | None) -> Row:
    """Return a build as a row of the table `builds`."""
    created, started, ended = build.created_at, build.started_at, build.completed_at
    run_s = (ended - started).total_seconds() if ended and started else None
    return _row(
        build,
        TABLES["builds"],
        invocation_id=invocation_id,
        pending_s=(started - created).total_seconds() if started and created else None,
        run_s=run_s,
        timeout_used=_share(run_s, build.execution_timeout_s),
        odd=len(odd_values(build)),
    )


def _share(part_s: float | None, whole_s: float | None) -> float | None:
    return part_s / whole_s if part_s is not None and whole_s else None


def _event_row(event: Event, invocation_id: str | None, source: str | None) -> Row:
    return _row(
        event,
        TABLES["events"],
        invocation_id=invocation_id,
        fields=json_text({k: v for k, v in event.fields.items() if k not in _PAYLOADS}),
        text=event.text.partition("\n")[0],
        suspicious=len(event.suspicious),
        source=source,
    )


@dataclass(slots=True)
class Records:
    """All that was read, in order.

    Attributes
    ----------
    invocations:
        One for each invocation.
    builds:
        Builds from Buildbucket that no invocation refers to.
    triages:
        Triage logs that stood alone.
    failures:
        What could not be read: errors that say where, why and what to do.
    skipped:
        What a walk through a directory left out, likewise.
    """

    invocations: list[Invocation] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    triages: list[TriageLog] = field(default_factory=list)
    failures: list[LogparseError] = field(default_factory=list)
    skipped: list[LogparseError] = field(default_factory=list)

    @property
    def logs(self) -> list[Invocation | TriageLog]:
        """Everything that has entries."""
        return [*self.invocations, *self.triages]


def rows(records: Records, table: str) -> Iterator[Row]:
    """Yield the rows of a table of records; `bots`, `builders` and `jobs` are metrics.

    Raises
    ------
    KeyError
        For a name that is no such table.
    """
    return _ROWS[table](records)


def table_frame(records: Records, table: str) -> pd.DataFrame:
    """Return a table of records as a frame."""
    return frame(rows(records, table), TABLES[table])


def _invocation_rows(records: Records) -> Iterator[Row]:
    return map(invocation_row, records.invocations)


def _event_rows(records: Records) -> Iterator[Row]:
    for record in records.invocations:
        for event in record.events:
            yield _event_row(event, record.invocation_id, record.source)
    for triage in records.triages:
        for event in triage.events:
            yield _event_row(event, None, triage.source)


def _part_rows(table: str, part: str) -> Callable[[Records], Iterator[Row]]:
    def rows(records: Records) -> Iterator[Row]:
        for record in records.invocations:
            for item in getattr(record, part):
                yield _row(item, TABLES[table], invocation_id=record.invocation_id)

    return rows


def _all_builds(records: Records) -> Iterator[tuple[Build, str | None]]:
    """Yield every build once, with the invocation that asked for it; the fullest record of an id wins."""
    found: dict[str, tuple[Build, str | None]] = {}
    for record in records.invocations:
        if record.build is not None:
            known = found.get(record.build.id)
            if known is None or (record.build.final and not known[0].final):
                found[record.build.id] = record.build, record.invocation_id
    for build in records.builds:
        found.setdefault(build.id, (build, None))
    yield from found.values()


def _build_rows(records: Records) -> Iterator[Row]:
    for build, invocation_id in _all_builds(records):
        yield build_row(build, invocation_id)


def _step_rows(records: Records) -> Iterator[Row]:
    for build, _ in _all_builds(records):
        for step in build.steps:
            yield _row(step, TABLES["steps"], build_id=build.id)


def _unrecognized_rows(records: Records) -> Iterator[Row]:
    for log in records.logs:
        for event in log.events:
            if event.kind is None:
                yield {
                    "source": log.source,
                    "line": event.line,
                    "text": event.text,
                    "invocation_id": getattr(log, "invocation_id", None),
                }


_ROWS: Final[dict[str, Callable[[Records], Iterator[Row]]]] = {
    "invocations": _invocation_rows,
    "events": _event_rows,
    "polls": _part_rows("polls", "polls"),
    "attempts": _part_rows("attempts", "attempts"),
    "builds": _build_rows,
    "steps": _step_rows,
    "triggers": _part_rows("triggers", "triggers"),
    "unrecognized": _unrecognized_rows,
}
