"""What METRICS defines for one invocation, measured from the facts of its log.

All times are offsets in whole microseconds on the timeline, Buildbucket's clock included, so each
difference is exact. A measure whose inputs are not known stays None, and so does one that a cut in
the log has spoiled: a count of checks is no count where checks were cut out.
"""

from __future__ import annotations

from datetime import datetime
from statistics import fmean
from typing import Literal

from logparse.clock import from_datetime, seconds, to_datetime
from logparse.facts import AttemptFacts, CutFacts, Due, Facts, PollFacts
from logparse.records import Attempt, Cut, Invocation, Poll
from logparse.timeline import Timeline


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
    record.scheduler_wait_s = _between(created, launched)
    record.request_rpc_s = seconds(timeline.between(*facts.request_rpc)) if facts.request_rpc else None
    record.attempts = [_attempt(a, timeline) for a in facts.attempts]
    record.polls = [_poll(n, p, timeline) for n, p in enumerate(facts.polls, 1)]
    record.cuts = [_cut(c, timeline) for c in facts.cuts]
    _measure_build(record, facts, timeline, created, launched, finished)
    if not record.truncated:
        _measure_polling(record)
    lower, upper = _clock_bounds(facts, timeline, "answered"), _clock_bounds(facts, timeline, "asked")
    record.clock_offset_min_s = seconds(max(lower)) if lower else None
    record.clock_offset_max_s = seconds(min(upper)) if upper else None


def _between(start: int | None, end: int | None) -> float | None:
    return None if start is None or end is None else (end - start) / 1e6


def _measure_build(
    record: Invocation,
    facts: Facts,
    timeline: Timeline,
    created: int | None,
    launched: int | None,
    finished: int | None,
) -> None:
    build = record.build
    if build is None:
        return
    asked, started, ended = (
        timeline.offset_of(_us(moment)) for moment in (build.created_at, build.started_at, build.completed_at)
    )
    record.launch_s = _between(launched, asked)
    record.launch_wait_s = _between(created, asked)
    record.pending_s = _between(asked, started)
    record.run_s = _between(started, ended)
    record.finish_lag_s = _between(ended, finished)
    record.queue_latency_s = _between(created, started)
    if record.duration_s is not None and record.run_s is not None:
        record.overhead_s = round(record.duration_s - record.run_s, 9)
    saw_start = next((p for p in facts.polls if p.status == "STARTED"), None)
    if saw_start is not None and not saw_start.behind_cut:
        record.start_notify_lag_s = _between(started, timeline.offset(saw_start.handled))
    saw_end = next((p for p in facts.polls if build.final and p.status == build.status), None)
    if saw_end is not None:
        record.finish_notify_lag_s = _between(ended, timeline.offset(saw_end.handled))


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else from_datetime(moment)


def _measure_polling(record: Invocation) -> None:
    timed = [p for p in record.polls if p.source == "timer" and p.answered]
    record.poll_count = len(timed)
    record.poll_unchanged = sum(p.changed is False for p in timed)
    record.notification_count = sum(p.source == "pubsub" and p.answered for p in record.polls)
    costs = [p.rpc_s for p in timed if p.rpc_s is not None]
    if len(costs) == len(timed):
        record.poll_rpc_s = round(sum(costs), 6)
        record.poll_rpc_max_s = max(costs, default=None)
        if record.run_s:
            record.poll_overhead_ratio = record.poll_rpc_s / record.run_s
    lateness = [p.lateness_s for p in timed if p.lateness_s is not None]
    if lateness and len(lateness) == len(timed):
        record.poll_lateness_mean_s = round(fmean(lateness), 9)


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
    return Attempt(
        attempt=facts.attempt,
        started_at=to_datetime(timeline.at_us(timeline.offset(facts.started))),
        ended_at=to_datetime(timeline.at_us(timeline.offset(facts.ended))),
        duration_s=seconds(timeline.between(facts.started, facts.ended)),
        outcome=facts.outcome,
        error=facts.error,
    )


def _poll(seq: int, facts: PollFacts, timeline: Timeline) -> Poll:
    handled, due = timeline.offset(facts.handled), due_offset(facts.due, timeline)
    return Poll(
        seq=seq,
        source=facts.source,
        timer_id=facts.timer_id,
        due_at=to_datetime(timeline.at_us(due)),
        handled_at=to_datetime(timeline.at_us(handled)),
        answered_at=to_datetime(timeline.at_us(timeline.offset(facts.answered))),
        lateness_s=_between(due, handled),
        rpc_s=seconds(timeline.between(facts.handled, facts.answered)),
        status=facts.status,
        changed=facts.changed,
        answered=facts.is_answered,
    )


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
