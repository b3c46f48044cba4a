"""From entries to the record of an invocation, with all that METRICS says of it.

The walk collects the facts of the log, the timeline has their times. Here both become one `Invocation`.
All differences are taken between whole microseconds, so they are exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from typing import Final

from logparse.buildbucket import decode_payload
from logparse.engine.dating import date_entries
from logparse.engine.entries import Entry
from logparse.engine.facts import Facts
from logparse.engine.kinds import JOB_KINDS, KINDS, LOG_CUT, with_trait
from logparse.engine.measures import measure
from logparse.engine.timeline import Timeline
from logparse.engine.walk import walk
from logparse.language.syntax import Definition, Page, PageTrigger
from logparse.records import Build, Commit, Event, Invocation, Trigger
from logparse.records.buildnames import as_logged, scheduler_tags
from logparse.values.builders import builder_id, split_bucket
from logparse.values.clock import format_clock, seconds, to_datetime
from logparse.values.ids import invocation_created_us, split_job_id

_ABORTS: Final = with_trait("abort")
_FILE_ID_RE: Final = re.compile(r"(?<!\d)([89]\d{18})(?!\d)")
_NOOP_TRIGGER_RE: Final = re.compile(r"noop:(\d{16,19}):\d+")


def id_in_name(name: str) -> str | None:
    """Return the invocation id that a file name holds, if it holds one with a time in it."""
    for found in _FILE_ID_RE.finditer(name):
        if invocation_created_us(found[1]) is not None:
            return found[1]
    return None


def assemble(
    page: Page,
    entries: list[Entry],
    *,
    source: str | None = None,
    day: date | None = None,
    name_hint: str | None = None,
    line_shift: int = 0,
    stored: Build | None = None,
    known_id: tuple[str, str] | None = None,
) -> tuple[Invocation, Facts, Timeline]:
    """Return the record of one invocation, and the facts and the timeline that it was made from.

    Parameters
    ----------
    page:
        The page that has the log. For a log alone, a page of nothing but blocks.
    entries:
        The invocation's entries.
    source:
        Where it was read.
    day:
        The day of the first entry, used where nothing in the text gives it.
    name_hint:
        A file name. Its invocation id is used only where the text has none.
    line_shift:
        Added to the entries' lines, where the text is not the file.
    stored:
        The invocation's build as all inputs show it, in the place of what this log shows of it.
    known_id:
        The invocation's id and where it was read, used where the text has none.
    """
    timeline = Timeline(entries)
    facts = walk(entries)
    if stored is not None:
        facts.build = as_logged(stored, facts.build) if facts.build is not None else stored
    invocation_id, id_from = find_id(page, facts, name_hint)
    if invocation_id is None and known_id is not None:
        invocation_id, id_from = known_id
    created_us = invocation_created_us(invocation_id) if invocation_id else None
    date_entries(timeline, entries, facts, created_us, day)
    for finding in facts.findings:
        finding.line = finding.line + line_shift if finding.line is not None else None
    facts.timer_lines = {key: line + line_shift for key, line in facts.timer_lines.items()}
    record = Invocation(invocation_id=invocation_id, id_from=id_from, source=source)
    record.source_line = entries[0].line + line_shift if entries else None
    fill_in(record, page, entries, facts, timeline, created_us)
    record.put_off(events=partial(make_events, entries, line_shift, timeline, facts.attempt_of))
    for cut in record.cuts:
        cut.line += line_shift
    return record, facts, timeline


def fill_in(
    record: Invocation,
    page: Page,
    entries: Sequence[Entry],
    facts: Facts,
    timeline: Timeline,
    created_us: int | None,
) -> None:
    """Fill in all that the page and the facts say of an invocation.

    Parameters
    ----------
    record:
        With its id.
    page, entries:
        As in `assemble`.
    facts, timeline:
        Of the invocation.
    created_us:
        When it was created by its id, in microseconds since 1970.
    """
    _identify(record, page, facts)
    _outcome(record, page, facts, entries)
    measure(record, facts, timeline, created_us)
    for name, part in facts.parts.items():
        setattr(record, name, part)
    record.triggers = _triggers(page, facts)
    record.trigger_count = _trigger_count(page, facts)
    record.tags = list(facts.request.tags) if facts.request and facts.request.tags else list(page.tags or ())
    if page.properties_text:
        record.properties = decode_payload(page.properties_text).value or {}
    record.definition, record.definition_revision = page.definition_text, page.revision


# --- who and when -----------------------------------------------------------------------------


def find_id(page: Page, facts: Facts, name_hint: str | None) -> tuple[str | None, str | None]:
    """Return the invocation's id and where it was read. Parameters are those of `assemble`."""
    if facts.request and facts.request.invocation_id:
        return facts.request.invocation_id, "request"
    if facts.timer_ids:
        return facts.timer_ids[0].invocation_id, "timer"
    if page.breadcrumb:
        return page.breadcrumb[2], "page"
    tagged = scheduler_tags(facts.build)[0] if facts.build else None
    if tagged is not None:
        return tagged, "tag"
    for trigger in facts.outgoing:
        # A noop job names its triggers after its own invocation.
        found = _NOOP_TRIGGER_RE.fullmatch(trigger.id or "")
        if found and invocation_created_us(found[1]) is not None:
            return found[1], "trigger"
    hinted = id_in_name(name_hint) if name_hint else None
    return (hinted, "file name") if hinted else (None, None)


def _identify(record: Invocation, page: Page, facts: Facts) -> None:
    request, build = facts.request, facts.build
    record.job_id = (
        (request.job_id if request else None)
        or (facts.timer_ids[0].job_id if facts.timer_ids else None)
        or ("/".join(page.breadcrumb[:2]) if page.breadcrumb else None)
        or (scheduler_tags(build)[1] if build else None)
    )
    if record.job_id is not None:
        record.project, record.job = split_job_id(record.job_id)
    kind = definition_kind(page.definition)
    if kind is None:
        kind = next((job.name for job in JOB_KINDS if job.writer in facts.writers), None)
    record.task_kind = kind
    task = task_of(page.definition) if record.task_kind == "buildbucket" else {}
    record.bucket, record.builder, record.builder_id = name_builder(
        (build.project, build.bucket, build.builder) if build else (None, None, None),
        (request.project, request.bucket, request.builder) if request else (None, None, None),
        (text_of(task.get("bucket")), text_of(task.get("builder"))),
        record.project,
    )
    record.build = build
    record.build_url = text_of(facts.task_url, build.url if build else None, page.status_url)
    record.commit = (
        (request.commit if request else None) or (build.commit if build else None) or _page_commit(page)
    )
    record.triggered_by = facts.triggered_by or page_identity(page.triggered_by)


Named = tuple[str | None, str | None, str | None]


def name_builder(
    build: Named, request: Named, task: tuple[str | None, str | None], job_project: str | None
) -> Named:
    """Return the bucket, the builder and the builder's name in one.

    The build says it best, then its request, then the definition of the job.

    Parameters
    ----------
    build, request:
        The project, the bucket and the builder that each names.
    task:
        The bucket of a definition, which may name its project as well (``project:bucket``), and the builder.
    job_project:
        The project of the job.
    """
    own = task[0].rpartition(":")[2] or None if task[0] else None
    builder = text_of(request[2], build[2], task[1])
    written = text_of(build[1], request[1], task[0])
    project = text_of(split_bucket(written)[0], build[0], request[0])
    named = builder_id(project, written, builder, job_project=job_project)
    return text_of(build[1], request[1], own), builder, named


def task_of(definition: Definition | None) -> dict[str, object]:
    """Return the fields of the task of a definition."""
    return dict(definition[0][1]) if definition and isinstance(definition[0][1], tuple) else {}


def definition_kind(definition: Definition | None) -> str | None:
    """Return the kind of task of a definition, whose one field is named after it."""
    for name, value in definition or ():
        if isinstance(value, tuple):
            kind = name.removesuffix("_task")
            return kind if any(job.name == kind for job in JOB_KINDS) else None
    return None


def page_identity(shown: str | None) -> str | None:
    """Return who the page names. It drops the ``user:`` of an identity and writes ``-`` for nobody."""
    if shown is None or shown == "-":
        return None
    return shown if ":" in shown else f"user:{shown}"


def text_of(*values: object) -> str | None:
    """Return the first value that is text and not empty."""
    return next((v for v in values if isinstance(v, str) and v), None)


def _page_commit(page: Page) -> Commit | None:
    properties = decode_payload(page.properties_text).value if page.properties_text else None
    if not properties:
        return None
    repository, ref, revision = (text_of(properties.get(k)) for k in ("repository", "branch", "revision"))
    return Commit(repository=repository, ref=ref, revision=revision) if repository or revision else None


# --- how it went ------------------------------------------------------------------------------


def _outcome(record: Invocation, page: Page, facts: Facts, entries: Sequence[Entry]) -> None:
    record.truncated = bool(facts.cuts)
    record.unrecognized = sum(e.kind is None for e in entries)
    record.suspicious = sum(len(e.suspicious) for e in entries)
    record.duration_s = facts.duration_s
    if facts.finish_status is not None:
        record.status = facts.finish_status
    elif page.status is not None:
        record.status = page.status
    elif entries and entries[-1].kind != LOG_CUT:
        last = KINDS.get(entries[-1].kind or "")
        record.status = (last.status if last else None) or _inferred_status(facts)
    record.attempt_count = _attempt_count(facts, entries)
    record.aborted_by = next(
        (text_of(e.fields.get("aborted_by")) for e in entries if e.kind in _ABORTS), None
    )
    record.error = _error(record, facts, entries)


def _error(record: Invocation, facts: Facts, entries: Sequence[Entry]) -> str | None:
    """Return why the invocation failed or was aborted, in one line; its build's reason where that has one."""
    if record.status not in ("FAILED", "ABORTED", "OVERRUN"):
        return None
    errors = [a.error for a in facts.attempts[-1:] if a.error and a.outcome != "launched"]
    if "gitiles" in facts.parts:
        errors += facts.part("gitiles").errors[-1:]
    if not errors and (facts.build is None or not facts.build.error):
        errors = [str(e.fields["error"]) for e in entries if "error" in e.fields][-1:]
    if errors:
        return next((line.strip() for line in errors[-1].splitlines() if line.strip()), None)
    if facts.build is not None and facts.build.error:
        return facts.build.error
    return f"aborted by {record.aborted_by}" if record.aborted_by else None


def _attempt_count(facts: Facts, entries: Sequence[Entry]) -> int | None:
    """Return the highest number of an attempt that the log shows, 0 where none was launched."""
    if facts.launch_unseen:
        return None
    if not facts.attempts:
        queued = any(e.kind == "invocation_queued" for e in entries)
        return 0 if queued and not facts.cuts else None
    numbers = [a.attempt for a in facts.attempts if a.attempt is not None]
    return max(numbers) if len(numbers) == len(facts.attempts) else None


def _inferred_status(facts: Facts) -> str | None:
    """Return the status of an invocation whose log has not ended, by the engine's state machine."""
    if facts.launched:
        return "RUNNING"
    if facts.retrying or len(facts.attempts) > 1 or any((a.attempt or 0) > 1 for a in facts.attempts):
        return "RETRYING"
    return "STARTING"


def make_events(
    entries: Iterable[Entry],
    line_shift: int,
    timeline: Timeline | None = None,
    attempts: Sequence[int | None] | None = None,
) -> list[Event]:
    """Return entries as records of a log; without a timeline they have no times but their own clock.

    Parameters
    ----------
    entries:
        Of one log.
    line_shift:
        Added to their lines.
    timeline:
        Of these entries.
    attempts:
        For each entry the launch attempt that is under way, or None.
    """
    first = timeline.first_offset if timeline else None
    events = []
    for index, entry in enumerate(entries):
        offset = timeline.offsets[index] if timeline else None
        events.append(
            Event(
                seq=index + 1,
                line=entry.line + line_shift,
                at=to_datetime(timeline.at_us(offset)) if timeline else None,
                clock=_clock(entry),
                offset_s=seconds(offset - first) if offset is not None and first is not None else None,
                attempt=attempts[index] if attempts else None,
                kind=entry.kind,
                fields=entry.fields,
                text=entry.text,
                tail=entry.tail,
                suspicious=[(line + line_shift, text) for line, text in entry.suspicious],
            )
        )
    return events


def _clock(entry: Entry) -> str | None:
    if entry.clock_ms is None:
        return None
    return f"{entry.clock_ms:03d} ms" if entry.shape == "triage" else format_clock(entry.clock_ms)


def _triggers(page: Page, facts: Facts) -> list[Trigger]:
    incoming = facts.request.triggers if facts.request and facts.request.triggers else None
    if incoming is None:
        incoming = [_page_trigger(t, "incoming") for t in page.incoming_triggers or ()]
    outgoing = facts.outgoing
    listed = page.outgoing_triggers or ()
    if len(listed) > len(outgoing):
        outgoing = [_page_trigger(t, "outgoing") for t in listed]
    elif len(listed) == len(outgoing):
        for trigger, shown in zip(outgoing, listed, strict=True):
            trigger.title, trigger.url = shown.title, shown.url
    return [*incoming, *outgoing]


def _page_trigger(shown: PageTrigger, direction: str) -> Trigger:
    return Trigger(
        direction=direction, title=shown.title, url=shown.url, emitted_by=page_identity(shown.emitted_by)
    )


def _trigger_count(page: Page, facts: Facts) -> int | None:
    if facts.request is not None and facts.request.triggers is not None:
        return len(facts.request.triggers)
    return len(page.incoming_triggers) if page.incoming_triggers else None
