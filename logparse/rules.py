"""The engine's state machine and clock: which entry can follow which in an invocation's log.

A `State` holds what is known after an entry. `advance` returns the next state. `penalty` returns how
badly an entry fits a state: broken rules, rare sequences, and clock deviations in milliseconds.
`logparse.entries` looks for the reading of a log that has the lowest penalty.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from logparse.clock import DAY_MS, format_clock
from logparse.ids import parse_timer_id
from logparse.syntax import Block, Match

#: Kinds of entries that are not messages of the scheduler.
LOG_CUT: Final = "log_cut"
LOG_FRAGMENT: Final = "log_fragment"

#: The penalty for a broken rule. Penalties are milliseconds, so that this is an hour of clock deviation.
BROKEN: Final = 3_600_000
#: The penalty for a sequence that the engine writes, but rarely. See `is_rare`.
RARE: Final = 20
#: The invocation is created up to a few seconds before its first entry is logged.
_CLOCK_SLACK_MS: Final = 5_000
#: Clocks of two machines differ by less. A larger step back is midnight.
_STEP_BACK_MS: Final = 900_000
#: The clock of one process does not step back by more than this.
_SAME_CLOCK_MS: Final = 100
#: Another machine's clock, where an entry follows a quoted failure, is not further behind.
_OTHER_CLOCK_MS: Final = 1_000
#: A process that quotes a failure ends the attempt or the invocation in the same millisecond, or soon after.
_AT_ONCE_MS: Final = 250
#: A retry waits. It has always waited for some seconds.
_RETRY_MS: Final = 500
#: The engine gives up at the execution after this one.
_MOST_ATTEMPTS: Final = 50

#: Kinds that can follow a quoted failure of the launch, of a check or of the whole invocation.
_ENDINGS: Final = frozenset(
    {
        "attempt_retried",
        "attempts_exhausted",
        "invocation_aborted",
        "invocation_finished",
        "invocation_superseded",
        "launch_failed",
        "launch_skipped",
    }
)
_FATAL: Final = frozenset({"abort_fatal", "notification_fatal", "timer_fatal"})
_FINISH: Final = frozenset({"invocation_finished"})
#: A failed check can also be fatal, or be tried again.
_AFTER_CHECK: Final = _ENDINGS | {
    "abort_fatal",
    "notification_fatal",
    "notification_received",
    "timer_fatal",
    "timer_handled",
    "timer_scheduled",
    "timer_tick",
}
#: Kinds that quote a failure, each with the kinds that can follow it.
AFTER: Final = {
    **dict.fromkeys(
        (
            "build_request_failed",
            "controller_failed",
            "fetch_failed",
            "heads_fetch_failed",
            "launch_failed",
            "log_fetch_failed",
            "no_progress",
            "refs_fetch_failed",
            "state_fetch_failed",
            "task_request_failed",
            "topic_failed",
        ),
        _ENDINGS,
    ),
    "build_fetch_failed": _AFTER_CHECK,
    "task_fetch_failed": _AFTER_CHECK,
    "build_request_rejected": _ENDINGS | {"build_answered"},
    **dict.fromkeys((*_FATAL, "fetch_response"), _FINISH),
}

#: Writers of entries that only one kind of task has: an invocation has one task.
_TASKS: Final = frozenset({"buildbucket", "gitiles", "noop", "swarming", "urlfetch"})
#: Only the finish can follow these, or an error while the invocation ends.
_LAST_WORDS: Final = frozenset({"attempts_exhausted", "invocation_aborted", "launch_skipped"})
#: The process that launches writes these too, and ends with them.
_LAUNCH_ENDS: Final = frozenset({"attempt_retried", "attempts_exhausted", "launch_failed"})
_LAUNCHING: Final = frozenset({"launching"})
_RUNNING: Final = frozenset({"running"})
_AT_WORK: Final = _LAUNCHING | _RUNNING
#: The phases of an invocation that an entry can be in, where not all. Entries of a task: while it works.
_PHASES: Final = {
    "attempt_retried": _LAUNCHING,
    # The execution after the last attempt gives up at once, so that no attempt need be under way.
    "attempts_exhausted": frozenset({"launching", "queued", "retrying"}),
    **dict.fromkeys(
        (
            "build_request_failed",
            "build_requested",
            "fetch_finished",
            "fetch_response",
            "fetch_started",
            "noop_started",
            "repo_watched",
            "task_requested",
            "topic_ready",
            "topic_requested",
        ),
        _LAUNCHING,
    ),
    **dict.fromkeys(
        ("build_fetch_failed", "build_fetched", "build_status", "timer_handled", "timer_tick"), _RUNNING
    ),
    "attempt_started": frozenset({"launching", "queued", "retrying"}),
    # A build that a lost request of an earlier attempt made can report while the invocation waits to retry.
    "notification_received": frozenset({"retrying", "running"}),
    "trigger_emitted": _AT_WORK,
    "trigger_target": _AT_WORK,
    "triggers_dispatched": _AT_WORK,
}
#: The phase that an entry leads to.
_PHASE_AFTER: Final = {
    "attempt_retried": "retrying",
    "attempt_started": "launching",
    "build_answered": "running",
    "build_fetched": "running",
    "build_status": "running",
    "invocation_finished": "finished",
    "invocation_queued": "queued",
    "task_answered": "running",
    "task_url": "running",
    "timer_scheduled": "running",
}
#: What an entry is not compared with: the log before it is missing, or was cut.
_UNKNOWN_PHASES: Final = frozenset({"", "lost", "triage"})

_REQUEST_ID_RE: Final = re.compile(r'"(?:client_operation_id|requestId)": ?"(\d{1,20})"')
_BUILD_ID_RE: Final = re.compile(r'"id": ?"(\d{1,20})"')


class State(NamedTuple):
    """The engine's state machine after an entry.

    Two equal states after the same entry have the same future, so that a search needs only one of them.
    The phase is empty before the first entry, ``triage`` after a triage block, ``lost`` after a cut or
    where the log begins in its middle, else the invocation's own.
    """

    phase: str = ""
    kind: str | None = None
    quotes: bool = False
    attempt: int | None = None
    start_ms: int | None = None
    clock_ms: int | None = None
    elapsed_ms: int = 0
    invocation: str | None = None
    build: str | None = None
    outcome: str | None = None
    writers: frozenset[str] = frozenset()


def cut(state: State, kind: str) -> State:
    """Return the state after a cut (`LOG_CUT`) or after text that does not begin an entry (`LOG_FRAGMENT`)."""
    return state._replace(
        phase="lost" if kind == LOG_CUT else state.phase,
        kind=kind,
        quotes=False,
        attempt=None,
        outcome=None,
    )


def penalty(block: Block, found: Match | None, state: State, *, cut_short: bool = False) -> int:
    """Return the penalty for accepting `block` as the next entry.

    Parameters
    ----------
    block, found:
        The entry, and its message if it is one of the catalogue's.
    state:
        After the entry before.
    cut_short:
        Whether only the beginning of the entry is left, so that it may be of any kind.

    It is broken rules × `BROKEN`, plus `RARE` for a rare sequence, plus the clock deviation in ms.
    How long a quoted response is stated to be is another matter: see `logparse.response`.
    """
    kind = found.message.kind if found else None
    step = step_between(state.clock_ms, block.clock_ms)
    # An entry that is not in the catalogue is a task's, which is at work.
    unknown = not cut_short and (state.phase in ("queued", "retrying") or state.kind in _LAST_WORDS)
    broken = int(unknown) if found is None else _broken(block, found, state)
    rare = RARE if found is not None and is_rare(found, state) else 0
    allowed = AFTER.get(state.kind or "")
    if allowed is not None:
        off = ending_penalty(step, allowed is _ENDINGS or kind in _FINISH)
        broken = max(broken, kind not in allowed and not cut_short)
    else:
        off = max(-step, 0) if state.kind != LOG_CUT else 0
    return off + rare + broken * BROKEN + _finish_error(state, block, found)


def ending_penalty(step: int, same_process: bool) -> int:
    """Return the penalty for the time from a quoted failure to the entry that follows it at once.

    Parameters
    ----------
    step:
        Milliseconds between the two.
    same_process:
        Whether one process writes both, so that its clock does not step back, and does so at once.
    """
    if step < 0:
        return -step + BROKEN * (step < -(_SAME_CLOCK_MS if same_process else _OTHER_CLOCK_MS))
    return min(step, BROKEN) + BROKEN * (step > (_AT_ONCE_MS if same_process else BROKEN))


def is_rare(found: Match, state: State) -> bool:
    """Return whether a message follows in a sequence that the engine writes only when something was lost.

    An attempt number is skipped (an execution failed before it could save), comes twice (it was delivered
    twice), or follows an attempt that saved nothing but its beginning. A notification comes while the
    invocation waits to retry, from a build that a lost request made. The engine gives up after a failure
    that it quotes, or before it has made all attempts.
    """
    kind = found.message.kind
    if kind == "attempt_started":
        if state.phase in _UNKNOWN_PHASES or (state.attempt is None and state.phase != "queued"):
            return False
        return state.kind == kind or _attempt_number(found) != (state.attempt or 0) + 1
    if kind == "notification_received":
        return state.phase == "retrying"
    if kind == "attempts_exhausted":
        return state.kind in AFTER or (state.attempt is not None and state.attempt < _MOST_ATTEMPTS)
    return False


def _attempt_number(found: Match) -> int:
    number = found.fields.get("attempt", 1)
    return number if isinstance(number, int) else 1


def _broken(block: Block, found: Match, state: State) -> int:
    """Return how many rules an entry breaks, those of quotations apart."""
    kind, fields = found.message.kind, found.fields
    writer, step = found.message.writer, step_between(state.clock_ms, block.clock_ms)
    known = state.phase not in _UNKNOWN_PHASES
    phases = _PHASES.get(kind, _AT_WORK if writer in _TASKS else None)
    broken = int(known and phases is not None and state.phase not in phases)
    broken += writer in _TASKS and not state.writers.isdisjoint(_TASKS - {writer})
    broken += state.kind in _LAST_WORDS and kind not in ("invocation_finished", "abort_fatal")
    broken += _breaks_process(kind, writer, step, state)
    if kind == "attempt_started" and known:
        # All other entries of an attempt are saved together, so that one alone cannot be lost.
        broken += state.phase == "launching" and state.kind != kind
        broken += _attempt_number(found) < max(state.attempt or 1, 1)
        broken += state.kind == "attempt_retried" and 0 <= step < _RETRY_MS
    elif kind in _FATAL:
        # After a retry it is another request's, so that it comes later.
        broken += state.kind == "attempt_retried" and step <= 0
    elif kind == "attempts_exhausted":
        broken += state.attempt == 1
        broken += state.kind == "attempt_retried" and 0 <= step < _RETRY_MS
    elif kind == "attempt_retried" and known:
        broken += not state.quotes and state.kind != "build_answer_invalid"
    elif kind == "invocation_finished":
        broken += state.phase == "retrying" and state.kind not in _LAST_WORDS | _FATAL
        broken += state.outcome is not None and fields["status"] != state.outcome
        broken += fields["status"] == "SUCCEEDED" and state.kind in AFTER and state.kind != "fetch_response"
    invocation, build = _named_ids(block, found)
    broken += None not in (invocation, state.invocation) and invocation != state.invocation
    broken += None not in (build, state.build) and build != state.build
    return broken


def _breaks_process(kind: str, writer: str, step: int, state: State) -> bool:
    """Return whether time runs back within an attempt, which is one process on one machine."""
    own = writer in _TASKS or kind in _LAUNCH_ENDS
    return own and state.phase == "launching" and step < -_SAME_CLOCK_MS


def advance(state: State, block: Block, found: Match | None) -> State:
    """Return the state after an entry."""
    clock = state.clock_ms if block.clock_ms is None else block.clock_ms
    elapsed = state.elapsed_ms + step_between(state.clock_ms, block.clock_ms)
    phase = state.phase or "lost"
    if found is None:
        return State(phase, None, True, state.attempt, state.start_ms, clock, elapsed, *state[7:])
    message = found.message
    attempt, outcome = state.attempt, state.outcome
    invocation, build = _named_ids(block, found)
    invocation, build = invocation or state.invocation, build or state.build
    if message.kind == "attempt_started":
        attempt, build = _attempt_number(found), None
    elif message.kind in ("invocation_aborted", "launch_skipped"):
        outcome = "ABORTED"
    elif message.kind == "fetch_finished":
        outcome = str(found.fields["status"])
    writers = state.writers
    return State(
        _PHASE_AFTER.get(message.kind, phase),
        message.kind,
        message.outside,
        attempt,
        state.start_ms,
        clock,
        elapsed,
        invocation,
        build,
        outcome,
        writers if message.writer in writers else writers | {message.writer},
    )


def begins(found: Match, state: State) -> bool:
    """Whether a message begins an invocation. Before October 2017 the first attempt was the first entry."""
    message = found.message
    if message.kind != "attempt_started" or found.fields.get("attempt", 1) != 1:
        return message.kind == "invocation_queued"
    return state.phase in ("", "triage") or (state.phase == "finished" and message.since < "2017-10-02")


def _named_ids(block: Block, found: Match) -> tuple[str | None, str | None]:
    """Return the ids of the invocation and of the build that an entry names."""
    timer, build = found.fields.get("timer_id"), found.fields.get("build_id")
    invocation = None
    if isinstance(timer, str):
        parts = parse_timer_id(timer)
        invocation = parts.invocation_id if parts else None
    elif found.message.kind == "build_requested":
        requested = _REQUEST_ID_RE.search(block.text)
        invocation = requested[1] if requested else None
    elif found.message.kind == "build_answered":
        answered = _BUILD_ID_RE.search(block.text)
        build = answered[1] if answered else None
    return invocation, build if isinstance(build, str) else None


def step_between(before_ms: int | None, after_ms: int | None) -> int:
    """Return the time from one clock to the next: a small step back, or else forward within a day."""
    if before_ms is None or after_ms is None:
        return 0
    step = (after_ms - before_ms) % DAY_MS
    return step - DAY_MS if step >= DAY_MS - _STEP_BACK_MS else step


def _finish_error(state: State, block: Block, found: Match | None) -> int:
    """Return how far a finish entry is off the clock that it should have by the duration it states.

    It is 0 for any other entry. Where lines are missing whole days can be as well, so only too long an
    invocation breaks a rule by days.
    """
    if found is None or found.message.kind != "invocation_finished":
        return 0
    duration_s = found.fields["duration_s"]
    if state.start_ms is None or block.clock_ms is None or not isinstance(duration_s, float):
        return 0
    duration_ms = round(duration_s * 1000)
    elapsed = state.elapsed_ms + step_between(state.clock_ms, block.clock_ms)
    off = abs((block.clock_ms - state.start_ms - duration_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2)
    if off > _CLOCK_SLACK_MS or elapsed > duration_ms + _CLOCK_SLACK_MS:
        return BROKEN
    return off


def raw(block: Block) -> str:
    """Return a block as it is in the log."""
    return block.text if block.clock_ms is None else f"[{format_clock(block.clock_ms)}] {block.text}"
