"""From records to the columns that `logparse.columns` declares, many records at a time.

A column that is read is followed along its path, one attribute for all records. Columns that need more
than a path are given to `_columns` by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, Final

import msgspec

from logparse.batches.batch import Batch
from logparse.columns import TABLES, Column
from logparse.columns.derive import aggregated, derived_columns
from logparse.records import Build, Event, Finding, Invocation, TriageLog
from logparse.records.buildnames import own_builder_id
from logparse.records.odd import EARLIEST, LEAST_S, MOST_S, odd_values
from logparse.values.clock import from_datetime

#: Arguments that are payloads: whole JSON documents. Other tables have their contents.
_PAYLOADS: Final = frozenset({"request", "response", "build", "commit"})
#: A part that a record does not have, such as its build: every attribute on a column's path is None.
_NO_PART: Final = SimpleNamespace(
    **{name: None for columns in TABLES.values() for column in columns for name in column.attributes}
)
_ENCODER: Final = msgspec.json.Encoder()
#: The durations that `logparse.records.odd` judges.
_JUDGED: Final = frozenset({"duration_s", "pending_s", "run_s"})
_BUILD_TIMES: Final = ("created_at", "started_at", "completed_at")


def json_text(value: Any) -> str:
    """Return a value as compact JSON."""
    return _ENCODER.encode(value).decode("utf-8")


def invocation_columns(invocations: Sequence[Invocation]) -> Batch:
    """Return the columns of the table `invocations`, a row for each of them."""
    builds: list[Any] = [record.build or _NO_PART for record in invocations]
    timeouts = {
        "run_s": [record.run_s for record in invocations],
        "execution_timeout_s": [build.execution_timeout_s for build in builds],
    }
    made = _columns(
        "invocations",
        invocations,
        swarming_task_id=[_task_id(record) for record in invocations],
        error=[record.error or build.error for record, build in zip(invocations, builds, strict=True)],
        tags=_json_texts(
            [build.tags or record.tags or None for record, build in zip(invocations, builds, strict=True)]
        ),
        **derived_columns("invocations", timeouts),
        **_of_cuts(invocations),
        odd=[],
    )
    return {**made, "odd": _odd_counts(invocations, _odd_rows(made))}


def build_columns(builds: Sequence[Build], invocations: Sequence[Invocation | None]) -> Batch:
    """Return the columns of the table `builds`, a row for each of them.

    Parameters
    ----------
    invocations:
        For each build the invocation that asked for it.
    """
    known: dict[str, Sequence[Any]] = {
        name: [None if moment is None else from_datetime(moment) for moment in map(attrgetter(name), builds)]
        for name in _BUILD_TIMES
    }
    timeouts = [build.execution_timeout_s for build in builds]
    asked = list(zip(builds, invocations, strict=True))
    made = _columns(
        "builds",
        builds,
        invocation_id=[record.invocation_id if record else None for record in invocations],
        builder_id=[record.builder_id if record else own_builder_id(build) for build, record in asked],
        **derived_columns("builds", {**known, "execution_timeout_s": timeouts}),
        **_place([record or build for build, record in asked]),
        odd=[],
    )
    return {**made, "odd": _odd_counts(builds, _odd_rows(made) | _odd_steps(builds))}


def event_columns(events: Sequence[Event], logs: Sequence[Invocation | TriageLog]) -> Batch:
    """Return the columns of the table `events`, a row for each of them. `logs` has the log of each."""
    return _columns(
        "events",
        events,
        invocation_id=_invocation_ids(logs),
        fields=_json_texts([without_payloads(event.fields) for event in events]),
        text=[_first_line(event.text) for event in events],
        suspicious=[len(event.suspicious) for event in events],
        source=[log.source for log in logs],
        **_place(logs),
    )


def unrecognized_columns(events: Sequence[Event], logs: Sequence[Invocation | TriageLog]) -> Batch:
    """Return the columns of the table `unrecognized`. Parameters are those of `event_columns`."""
    return _columns(
        "unrecognized",
        events,
        invocation_id=_invocation_ids(logs),
        source=[log.source for log in logs],
        **_place(logs),
    )


def part_columns(table: str, parts: Sequence[Any], invocations: Sequence[Invocation]) -> Batch:
    """Return the columns of a table of parts of invocations, such as `polls`, a row for each part.

    Parameters
    ----------
    invocations:
        For each part the invocation that it belongs to.
    """
    whose = {
        name: list(map(attrgetter(name), invocations)) for name in ("invocation_id", "job_id", "builder_id")
    }
    return _columns(table, parts, **whose, **_place(invocations))


def step_columns(steps: Sequence[Any], owners: Sequence[tuple[Build, Invocation | None]]) -> Batch:
    """Return the columns of the table `steps`. `owners` has the build of each, and who asked for it."""
    return _columns(
        "steps",
        steps,
        build_id=[build.id for build, _ in owners],
        **_place([invocation or build for build, invocation in owners]),
    )


def finding_columns(findings: Sequence[Finding]) -> Batch:
    """Return the columns of the table `findings`, a row for each of them."""
    return _columns("findings", findings)


# --- columns that are read --------------------------------------------------------------------


def _columns(table: str, records: Sequence[Any], **given: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Return the columns of a table: those `given`, and the others read from records."""
    # The records, and parts of them by the paths to these.
    parts: dict[tuple[str, ...], Sequence[Any]] = {(): records}
    made: dict[str, Sequence[Any]] = {}
    for column, path, read in _paths(table):
        if column.name in given:
            made[column.name] = given[column.name]
        else:
            values = list(map(read, _parts(parts, path)))
            made[column.name] = _json_column(values, column) if column.type == "json" else values
    return made


@cache
def _paths(table: str) -> list[tuple[Column, tuple[str, ...], attrgetter[Any]]]:
    """Return of each column the path to the part that has its value, and what reads it there."""
    paths = [(column, column.attributes) for column in TABLES[table]]
    return [(column, path[:-1], attrgetter(path[-1])) for column, path in paths]


def _json_column(values: Sequence[Any], column: Column) -> list[str | None]:
    return _json_texts([value or None for value in values] if column.empty_is_null else values)


def _parts(parts: dict[tuple[str, ...], Sequence[Any]], path: tuple[str, ...]) -> Sequence[Any]:
    """Return the part of each record that a path leads to."""
    if path not in parts:
        found = map(attrgetter(path[-1]), _parts(parts, path[:-1]))
        parts[path] = [_NO_PART if part is None else part for part in found]
    return parts[path]


def _json_texts(values: Sequence[Any]) -> list[str | None]:
    """Return values as compact JSON; None for None."""
    # JSON of msgspec has its line ends escaped, so that each line is a value.
    texts = _ENCODER.encode_lines(values).decode("utf-8").split("\n")
    return [None if value is None else text for value, text in zip(values, texts, strict=False)]


def _place(records: Iterable[Invocation | TriageLog | Build]) -> dict[str, Sequence[Any]]:
    listed = list(records)
    return {
        "source_file": [record.source for record in listed],
        "source_line": [record.source_line for record in listed],
    }


# --- columns that need more than a path -------------------------------------------------------


def _task_id(record: Invocation) -> str | None:
    if record.build is not None:
        return record.build.swarming_task_id
    return record.swarming_task.id if record.swarming_task is not None else None


def _of_cuts(invocations: Sequence[Invocation]) -> Mapping[str, Sequence[Any]]:
    """Return the columns that are derived from the cuts of each invocation."""
    of_none = aggregated("invocations", "cuts", ())
    rows = [
        aggregated("invocations", "cuts", record.cuts) if record.cuts else of_none for record in invocations
    ]
    return {name: [row[name] for row in rows] for name in of_none}


def _invocation_ids(logs: Iterable[Invocation | TriageLog]) -> list[str | None]:
    return [log.invocation_id if isinstance(log, Invocation) else None for log in logs]


def without_payloads(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a message that the table of events shows."""
    if _PAYLOADS.isdisjoint(fields):
        return fields
    return {name: value for name, value in fields.items() if name not in _PAYLOADS}


def _first_line(text: str) -> str:
    end = text.find("\n")
    return text if end < 0 else text[:end]


# --- odd values -------------------------------------------------------------------------------


def _odd_counts(records: Sequence[Invocation | Build], rows: Iterable[int]) -> list[int]:
    """Return how many odd values each record has: 0 for those that are not in `rows`."""
    counts = [0] * len(records)
    for row in rows:
        counts[row] = len(odd_values(records[row]))
    return counts


def _odd_rows(columns: Mapping[str, Sequence[Any]]) -> set[int]:
    """Return the rows of columns that may have an odd value: `odd_values` decides."""
    found: set[int] = set()
    for name, values in columns.items():
        if name.endswith("_at"):
            found.update(row for row, at in enumerate(values) if at is not None and at < EARLIEST)
        elif name in _JUDGED:
            found.update(row for row, s in enumerate(values) if s is not None and not LEAST_S <= s <= MOST_S)
    return found


def _odd_steps(builds: Sequence[Build]) -> set[int]:
    """Return the indices of builds with a step that may have an odd value."""
    pairs = [(index, step) for index, build in enumerate(builds) for step in build.steps]
    steps = [step for _, step in pairs]
    columns = {name: list(map(attrgetter(name), steps)) for name in ("started_at", "ended_at", "duration_s")}
    return {pairs[row][0] for row in _odd_rows(columns)}
