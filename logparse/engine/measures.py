"""The measures of one invocation, taken from the facts of its log.

All times are offsets in whole microseconds on the timeline, Buildbucket's clock included, so each
difference is exact. A measure whose inputs are not known stays None, and so does one that a cut in
the log has spoiled: a count of checks is unknown where checks were cut out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from logparse.columns.derivations import Number
from logparse.columns.derive import aggregated, derived
from logparse.engine.facts import AttemptFacts, CutFacts, Due, Facts, PollFacts
from logparse.engine.timeline import Timeline
from logparse.records import Attempt, Cut, Invocation, Poll
from logparse.values.clock import from_datetime, seconds, to_datetime


def measure(record: Invocation, facts: Facts, timeline: Timeline, created_us: int | None) -> None:
    """Fill in the times and measures of `record`.

    Parameters
    ----------
    record:
        With its status, duration and build known.
    facts, timeline:
        Of the same invocation.
    created_us:
        When the invocation was created by its id, in microseconds since 1970.
    """
    created = timeline.offset_of(created_us)
    if created is None and created_us is None and timeline.has_head:
        created = timeline.first_offset
    launched = timeline.offset(facts.attempts[0].started) if facts.attempts and timeline.has_head else None
    duration = round(facts.duration_s * 1e6) if facts.duration_s is not None else None
    finished = None
    if facts.finish is not None:
        finished = created + duration if created is not None and duration is not None else None
        finished = timeline.offset(facts.finish) if finished is None else finished
    record.created_at = to_datetime(created_us if created_us is not None else timeline.at_us(created))
    record.launched_at = to_datetime(timeline.at_us(launched))
    record.finished_at = to_datetime(timeline.at_us(finished))
    record.attempts = [_attempt(a, timeline) for a in facts.attempts]
    record.cuts = [_cut(c, timeline) for c in facts.cuts]
    record.polls = [_poll(n, p, timeline) for n, p in enumerate(facts.polls, 1)]
    if not record.truncated:
        _set(record, aggregated("invocations", "polls", record.polls))
    asked, answered = facts.request_rpc or (None, None)
    known: dict[str, Number | None] = {
        "created_at": created,
        "launched_at": launched,
        "finished_at": finished,
        "request_asked_at": timeline.offset(asked),
        "request_answered_at": timeline.offset(answered),
        "duration_s": record.duration_s,
        "poll_rpc_s": record.poll_rpc_s,
        **_build_times(record, facts, timeline),
    }
    _set(record, derived("invocations", known))
    lower, upper = _clock_bounds(facts, timeline, "answered"), _clock_bounds(facts, timeline, "asked")
    record.clock_offset_min_s = seconds(max(lower)) if lower else None
    record.clock_offset_max_s = seconds(min(upper)) if upper else None


def _set(record: Invocation, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(record, name, value)


def _build_times(record: Invocation, facts: Facts, timeline: Timeline) -> dict[str, Number | None]:
    """Return the times of the build, and when the checks began that saw its start and its end."""
    build = record.build
    if build is None:
        return {}
    saw_start = next((p for p in facts.polls if p.status == "STARTED"), None)
    if saw_start is not None and saw_start.behind_cut:
        saw_start = None
    saw_end = next((p for p in facts.polls if build.final and p.status == build.status), None)
    start, end = (timeline.offset(p.handled) if p else None for p in (saw_start, saw_end))
    return {
        "build_created_at": timeline.offset_of(_us(build.created_at)),
        "build_started_at": timeline.offset_of(_us(build.started_at)),
        "build_completed_at": timeline.offset_of(_us(build.completed_at)),
        "start_seen_at": start,
        "end_seen_at": end,
    }


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else from_datetime(moment)


def _clock_bounds(facts: Facts, timeline: Timeline, end: Literal["asked", "answered"]) -> list[int]:
    """Return Buildbucket's clock minus the scheduler's at one end of each exchange, in microseconds.

    Buildbucket read its clock between the request and the answer, so the offset of the clocks lies
    between the difference at the answer and the one at the request.
    """
    bounds = []
    for exchange in facts.exchanges:
        ours = timeline.at_us(timeline.offset(getattr(exchange, end)))
        if ours is not None:
            bounds.append(exchange.clock_us - ours)
    return bounds


def _attempt(facts: AttemptFacts, timeline: Timeline) -> Attempt:
    times = {"started_at": timeline.offset(facts.started), "ended_at": timeline.offset(facts.ended)}
    return Attempt(
        attempt=facts.attempt,
        **_moments(times, timeline),
        **derived("attempts", times),
        outcome=facts.outcome,
        error=facts.error,
    )


def _poll(seq: int, facts: PollFacts, timeline: Timeline) -> Poll:
    times = {
        "due_at": due_offset(facts.due, timeline),
        "handled_at": timeline.offset(facts.handled),
        "answered_at": timeline.offset(facts.answered),
    }
    return poll_of(
        times,
        timeline.base_us,
        seq=seq,
        source=facts.source,
        timer_id=facts.timer_id,
        status=facts.status,
        changed=facts.changed,
        answered=facts.is_answered,
    )


def poll_of(times: dict[str, int | None], base_us: int | None, **more: Any) -> Poll:
    """Return the record of a status check.

    Parameters
    ----------
    times:
        ``due_at``, ``handled_at`` and ``answered_at``, as offsets of a timeline.
    base_us:
        Of the timeline.
    more:
        The other fields that are not derived from the times.
    """
    moments: dict[str, Any] = {
        name: None if offset is None or base_us is None else to_datetime(base_us + offset)
        for name, offset in times.items()
    }
    return Poll(**moments, **derived("polls", times), **more)


def _moments(times: Mapping[str, int | None], timeline: Timeline) -> dict[str, Any]:
    """Return offsets as datetimes, by name."""
    return {name: to_datetime(timeline.at_us(offset)) for name, offset in times.items()}


def due_offset(due: Due | None, timeline: Timeline) -> int | None:
    """Return when a timer is due, as an offset of the timeline."""
    scheduled = None if due is None else timeline.offset(due.entry)
    return None if due is None or scheduled is None else scheduled + due.after_us


def _cut(facts: CutFacts, timeline: Timeline) -> Cut:
    """Return a cut. Each check mutates the invocation at least once, and timer ids count the mutations."""
    lost = None
    if facts.mutation_before is not None and facts.mutation_after is not None:
        lost = max(facts.mutation_after - facts.mutation_before, 0)
    return Cut(
        line=facts.line, lost_s=seconds(timeline.between(facts.before, facts.after)), lost_polls_max=lost
    )
