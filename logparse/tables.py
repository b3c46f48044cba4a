"""From records to tables: the DataFrames that `logparse.columns` declares.

Rows are made one at a time, so that a file can be written without a frame. Unknown is null in every
column. Text, status and kind included, has pandas' type ``str`` (``object`` before pandas 2.3):
``frame.status == "FAILED"`` gives plain truth values, False for null, as NumPy's functions need them.
Categories would refuse a status that is new. The other types are ``Int64``, ``boolean``, ``float64``
and ``datetime64[us, UTC]``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.arrow import frame
from logparse.builders import builder_id
from logparse.columns import TABLES, Column
from logparse.derive import aggregated, build_durations, derived
from logparse.errors import LogparseError
from logparse.ids import split_job_id
from logparse.odd import odd_values
from logparse.records import Build, Event, Finding, Invocation, Record, TriageLog

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

Row = dict[str, Any]

_JOB_TAG: Final = "scheduler_job_id:"
#: Arguments that are payloads: whole JSON documents, told by other tables.
_PAYLOADS: Final = frozenset({"request", "response", "build", "commit"})


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
    timeouts = {
        "run_s": invocation.run_s,
        "execution_timeout_s": build.execution_timeout_s if build else None,
    }
    return _row(
        invocation,
        TABLES["invocations"],
        swarming_task_id=build.swarming_task_id if build else task.id if task else None,
        **derived("invocations", timeouts),
        error=invocation.error or (build.error if build else None),
        tags=_tags((build.tags if build else None) or invocation.tags),
        **aggregated("invocations", "cuts", invocation.cuts),
        odd=len(odd_values(invocation)),
    )


def build_row(build: Build, invocation: Invocation | None) -> Row:
    """Return a build as a row of the table `builds`. `invocation` is the one that asked for it."""
    durations = build_durations(build)
    timeouts = {**durations, "execution_timeout_s": build.execution_timeout_s}
    return _row(
        build,
        TABLES["builds"],
        invocation_id=invocation.invocation_id if invocation else None,
        builder_id=invocation.builder_id if invocation else own_builder_id(build),
        **durations,
        timeout_used=derived("builds", timeouts)["timeout_used"],
        odd=len(odd_values(build)),
        **_place(invocation or build),
    )


def own_builder_id(build: Build) -> str | None:
    """Return the name of a build's builder. Where version 1 names no project, its tags may name the job's."""
    tag = next((tag for tag in build.tags if tag.startswith(_JOB_TAG)), _JOB_TAG)
    job_project = split_job_id(tag.removeprefix(_JOB_TAG))[0] if build.version == 1 else None
    return builder_id(build.project, build.bucket, build.builder, job_project=job_project)


def _tags(tags: list[str]) -> str | None:
    return json_text(tags) if tags else None


def _place(record: Invocation | TriageLog | Build) -> Row:
    return {"source_file": record.source, "source_line": record.source_line}


def _whose(record: Invocation) -> Row:
    told = {name: getattr(record, name) for name in ("invocation_id", "job_id", "builder_id")}
    return {**told, **_place(record)}


def _event_row(event: Event, log: Invocation | TriageLog) -> Row:
    return _row(
        event,
        TABLES["events"],
        invocation_id=getattr(log, "invocation_id", None),
        fields=json_text({k: v for k, v in event.fields.items() if k not in _PAYLOADS}),
        text=event.text.partition("\n")[0],
        suspicious=len(event.suspicious),
        source=log.source,
        **_place(log),
    )


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

    invocations: list[Invocation] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    triages: list[TriageLog] = field(default_factory=list)
    failures: list[LogparseError] = field(default_factory=list)
    skipped: list[LogparseError] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    keeps_copies: bool = False

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
            invocations=[one for one, keep in zip(self.invocations, invocations, strict=True) if keep],
            builds=kept,
            triages=[],
            findings=[finding for finding in self.findings if (finding.source, finding.line) in places],
        )

    @property
    def all_findings(self) -> list[Finding]:
        """The findings about invocations, triage logs and builds."""
        found = [finding for record in self.invocations for finding in record.findings]
        found += [finding for triage in self.triages for finding in triage.findings]
        return [*found, *self.findings]


def rows(records: Records, table: str) -> Iterator[Row]:
    """Yield the rows of a table of records; `bots`, `builders` and `jobs` are metrics.

    Raises
    ------
    KeyError
        For a name that is no such table.
    """
    return _ROWS[table](records)


def row_counts(records: Records) -> dict[str, int]:
    """Return how many rows each table of records has. No row is made."""
    invocations, logs = records.invocations, records.logs
    builds = [build for build, _ in _all_builds(records)]
    return {
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


def table_frame(records: Records, table: str) -> pd.DataFrame:
    """Return a table of records as a frame."""
    return frame(rows(records, table), TABLES[table])


def _invocation_rows(records: Records) -> Iterator[Row]:
    return map(invocation_row, records.invocations)


def triage_place(record: TriageLog) -> tuple[str, int, str]:
    """Return what triage logs are sorted by."""
    source = record.source or ""
    return PurePath(source).name, record.source_line or 0, source


def _event_rows(records: Records) -> Iterator[Row]:
    return (_event_row(event, log) for log in records.logs for event in _passing_events(log))


def _passing_events(log: Invocation | TriageLog) -> list[Event]:
    return log.passing("events") if isinstance(log, Invocation) else log.events


def _part_rows(table: str, part: str) -> Callable[[Records], Iterator[Row]]:
    def rows(records: Records) -> Iterator[Row]:
        for record in records.invocations:
            whose = _whose(record)
            for item in record.passing(part):
                yield _row(item, TABLES[table], **whose)

    return rows


def _all_builds(records: Records) -> Iterator[tuple[Build, Invocation | None]]:
    """Yield every build with the invocation that asked for it: once, or each copy where these are kept.

    Two invocations can be answered with one build. It belongs to the one whose log shows its end.
    """
    asked = [(record.build, record) for record in records.invocations if record.build is not None]
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


def _build_rows(records: Records) -> Iterator[Row]:
    return (build_row(build, invocation) for build, invocation in _all_builds(records))


def _step_rows(records: Records) -> Iterator[Row]:
    for build, invocation in _all_builds(records):
        place = _place(invocation or build)
        for step in build.steps:
            yield _row(step, TABLES["steps"], build_id=build.id, **place)


def _unrecognized_rows(records: Records) -> Iterator[Row]:
    for log in records.logs:
        if isinstance(log, Invocation) and "events" in log.put_off_fields and not log.unrecognized:
            continue
        for event in _passing_events(log):
            if event.kind is None:
                yield {
                    "source": log.source,
                    "line": event.line,
                    "text": event.text,
                    "invocation_id": getattr(log, "invocation_id", None),
                    **_place(log),
                }


def _finding_rows(records: Records) -> Iterator[Row]:
    return (_row(finding, TABLES["findings"]) for finding in records.all_findings)


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


_ROWS: Final[dict[str, Callable[[Records], Iterator[Row]]]] = {
    "invocations": _invocation_rows,
    "events": _event_rows,
    "polls": _part_rows("polls", "polls"),
    "attempts": _part_rows("attempts", "attempts"),
    "builds": _build_rows,
    "steps": _step_rows,
    "triggers": _part_rows("triggers", "triggers"),
    "unrecognized": _unrecognized_rows,
    "findings": _finding_rows,
    "failures": _failure_rows,
}
