"""Findings about an input: text that was not understood, and values that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from logparse.buildbucket import decode_payload
from logparse.engine.entries import Entry
from logparse.engine.facts import Facts
from logparse.engine.measures import due_offset
from logparse.engine.timeline import STEP_BACK_US, Timeline
from logparse.errors import GrammarError
from logparse.language.syntax import Page
from logparse.records import Build, Event, Finding, Invocation, TriageLog
from logparse.records.odd import odd_values
from logparse.values.clock import DAY_US, to_datetime
from logparse.values.ids import is_plausible_us


@dataclass(frozen=True, slots=True)
class Code:
    """A code of findings: whether it makes ``--strict`` fail, and what it means."""

    strict: bool
    meaning: str


#: All codes. The README lists them.
CODES: Final = {
    "unrecognized": Code(True, "an entry fits no message that the scheduler ever wrote"),
    "suspicious": Code(True, "lines quoted in an entry imitate entries; they were kept as its text"),
    "payload-undecodable": Code(True, "a JSON payload cannot be decoded"),
    "trailing-text": Code(True, "lines after a message are not part of it"),
    "stray-text": Code(True, "text around the log is not part of a page"),
    "definition-unreadable": Code(True, "the job's definition is not protobuf text"),
    "properties-unreadable": Code(True, "the page's properties are not a JSON object"),
    "log-fragment": Code(False, "the text begins in the middle of an entry"),
    "log-cut": Code(False, "the scheduler trimmed the log; metrics that need all of it are null"),
    "ids-disagree": Code(False, "page, request and timers name different invocations or jobs"),
    "id-time-mismatch": Code(False, "the invocation id and Buildbucket's timestamps give different days"),
    "duration-mismatch": Code(False, "the stated duration does not agree with the clock"),
    "attempt-skipped": Code(False, "launch attempts do not count up by one"),
    "odd-value": Code(False, "a duration, a time or a number is impossible"),
    "reading-ambiguous": Code(False, "entries in a rare sequence could also be text that an error quotes"),
    "log-too-long": Code(True, "a log is longer than the scheduler keeps; the rest of it was not read"),
    "timer-never-fired": Code(False, "a timer was due long before the end and was never handled"),
    "copies-disagree": Code(False, "copies of one invocation or build give a value differently"),
    "tag-copied": Code(False, "a build has the tags of another build, which the scheduler started"),
    "header-mismatch": Code(False, "the page's header contradicts the log"),
    "id-from-file-name": Code(False, "only the file's name gives the invocation id"),
    "no-date": Code(False, "nothing gives the day, so absolute times are null"),
}

DURATION_SLACK_S: Final = 2.0
#: Timers fire within seconds, but a check that failed transiently leaves no trace and is tried again.
TIMER_SLACK_S: Final = 1_800.0


def check_invocation(
    record: Invocation,
    facts: Facts,
    page: Page,
    timeline: Timeline,
    entries: Sequence[Entry],
    line_shift: int,
) -> list[Finding]:
    """Return the findings about an invocation in the order of its lines.

    Parameters
    ----------
    record, facts, timeline:
        Of the invocation.
    page:
        That its log is on.
    entries, line_shift:
        The entries of its log, and the number that is added to their lines.
    """
    last = next((entry for entry in reversed(entries) if entry.kind == "invocation_finished"), None)
    finish = None if last is None else last.line + line_shift
    found = [
        *facts.findings,
        *_understanding(entries, line_shift),
        *_page_findings(page),
        *_identity_findings(record, facts, page, timeline),
        *_clock_findings(record, facts, timeline, finish),
        *_engine_findings(record, facts, timeline),
        *_header_findings(record, facts, page),
        *odd_findings(record),
    ]
    for finding in found:
        finding.source, finding.invocation_id = record.source, record.invocation_id
    return sorted(found, key=lambda f: f.line or 0)


def check_triage(record: TriageLog) -> list[Finding]:
    """Return the findings about a triage log."""
    found = list(_understanding(record.events, 0))
    for finding in found:
        finding.source = record.source
    return found


def odd_findings(record: Invocation | Build) -> list[Finding]:
    """Return a finding for each odd value of an invocation, its build's steps included, or of a build."""
    found = odd_values(record)
    line, finish = record.source_line, None
    if isinstance(record, Invocation):
        line = record.source_line if record.origin == "build" else None
        if any(odd.name == "duration_s" for odd in found):
            finish = next((e.line for e in record.events if e.kind == "invocation_finished"), None)
        found += (
            [odd for odd in odd_values(record.build) if odd.name.startswith("step ")] if record.build else []
        )
    subject = f"build {record.id}: " if isinstance(record, Build) else ""
    return [
        Finding(
            code="odd-value",
            message=f"{subject}{odd.message}",
            source=record.source,
            line=finish if finish is not None and odd.name == "duration_s" else line,
            invocation_id=record.invocation_id if isinstance(record, Invocation) else None,
            build_id=record.id if isinstance(record, Build) else None,
        )
        for odd in found
    ]


def _understanding(entries: Sequence[Entry] | Sequence[Event], line_shift: int) -> Iterator[Finding]:
    for entry in entries:
        line = entry.line + line_shift
        if entry.kind is None:
            ends = "; the log ends here" if entry is entries[-1] else ""
            yield Finding(
                code="unrecognized", line=line, message=f"no known message: {_excerpt(entry.text)}{ends}"
            )
        elif entry.kind == "log_fragment":
            yield Finding(code="log-fragment", line=line, message=f"begins with {_excerpt(entry.text)}")
        elif entry.kind == "log_cut":
            yield Finding(code="log-cut", line=line, message="the scheduler cut lines out here")
        if entry.tail.strip():
            message = f"after {entry.kind}: {_excerpt(entry.tail.strip())}"
            yield Finding(code="trailing-text", line=line, message=message)
        for at, text in entry.suspicious:
            message = f"imitates an entry: {_excerpt(text)}"
            yield Finding(code="suspicious", line=at + line_shift, message=message)


def _excerpt(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 100 else line[:99] + "…"


def _page_findings(page: Page) -> Iterator[Finding]:
    if page.preamble.strip():
        yield Finding(code="stray-text", line=1, message=f"before the log: {_excerpt(page.preamble.strip())}")
    if page.definition_text and page.definition_text.strip() and page.definition is None:
        yield Finding(code="definition-unreadable", message=_definition_error(page.definition_text))
    if page.properties_text and page.properties_text.strip():
        error = decode_payload(page.properties_text).error
        if error is not None:
            yield Finding(code="properties-unreadable", message=f"the page's properties are {error}")


def _definition_error(text: str) -> str:
    from logparse.grammar import parse_definition

    try:
        parse_definition(text)
    except GrammarError as error:
        return f"line {error.line}, column {error.column} of the definition: {error.cause}"
    return "the definition cannot be read"


def _identity_findings(record: Invocation, facts: Facts, page: Page, timeline: Timeline) -> Iterator[Finding]:
    ids = {t.invocation_id for t in facts.timer_ids}
    jobs = {t.job_id for t in facts.timer_ids}
    if facts.request is not None:
        ids.add(facts.request.invocation_id or record.invocation_id or "")
        jobs.add(facts.request.job_id or record.job_id or "")
    if page.breadcrumb is not None:
        ids.add(page.breadcrumb[2])
        jobs.add("/".join(page.breadcrumb[:2]))
    for what, named in (("invocations", ids), ("jobs", jobs)):
        if len(named) > 1:
            yield Finding(
                code="ids-disagree", message=f"names several {what}: {', '.join(sorted(named)[:4])}"
            )
    if record.id_from == "file name":
        yield Finding(
            code="id-from-file-name", message=f"id {record.invocation_id} is only in the file's name"
        )
    for stamp in facts.stamps:
        ours = timeline.at_us(timeline.offset(stamp.entry)) if is_plausible_us(stamp.us) else None
        early = 0 if ours is None else stamp.us - ours
        if abs(early) > DAY_US / 2 if stamp.exact else early > STEP_BACK_US:
            message = f"the day by the id and by Buildbucket differ by {abs(early) / DAY_US:.1f} days"
            yield Finding(code="id-time-mismatch", message=message)
            return


def _clock_findings(
    record: Invocation, facts: Facts, timeline: Timeline, finish: int | None
) -> Iterator[Finding]:
    """Yield what is odd about the times. `finish` is the line of the finish entry."""
    first = timeline.first_offset
    if first is not None and timeline.base_us is None:
        yield Finding(code="no-date", message="no id and no timestamp gives the day; --date supplies it")
    if record.duration_s is None or not timeline.has_head:
        return
    offset = timeline.offset(facts.finish)
    if offset is None or first is None:
        return
    elapsed = (offset - first) / 1e6
    ended_at = to_datetime(timeline.at_us(offset))
    if record.created_at is not None and ended_at is not None:
        elapsed = (ended_at - record.created_at).total_seconds()
    if abs(elapsed - record.duration_s) > DURATION_SLACK_S:
        yield Finding(
            code="duration-mismatch",
            line=finish,
            message=f"states {record.duration_s:.3f} s, the clock shows {elapsed:.3f} s",
        )


def _engine_findings(record: Invocation, facts: Facts, timeline: Timeline) -> Iterator[Finding]:
    if not record.truncated:
        for before, after in pairwise(facts.attempts):
            if None not in (before.attempt, after.attempt) and after.attempt != (before.attempt or 0) + 1:
                yield Finding(
                    code="attempt-skipped",
                    message=f"attempt {after.attempt} follows attempt {before.attempt}",
                )
    if facts.finish is None or record.truncated:
        return
    handled = (timeline.offset(p.handled) for p in facts.polls)
    last = max((offset for offset in handled if offset is not None), default=None)
    for key, due in facts.timers.items():
        at = due_offset(due, timeline)
        if key in facts.fired or last is None or at is None:
            continue
        if (last - at) / 1e6 > TIMER_SLACK_S:
            yield Finding(
                code="timer-never-fired",
                line=facts.timer_lines[key],
                message=f"timer {key} was due {(last - at) / 1e6:.0f} s before the last check",
            )


def _header_findings(record: Invocation, facts: Facts, page: Page) -> Iterator[Finding]:
    if facts.finish_status is not None and page.status not in (None, facts.finish_status):
        yield Finding(
            code="header-mismatch", message=f"the header says {page.status}, the log {facts.finish_status}"
        )
    if page.status_url and facts.task_url and page.status_url != facts.task_url:
        yield Finding(code="header-mismatch", message="the header links to another build than the log")
