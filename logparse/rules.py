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
from logparse.kinds import (
    AFTER,
    ANY_TASK,
    ENDINGS,
    FINISH,
    KINDS,
    LOG_CUT,
    OWN_INVOCATIONS,
    TASKS,
    UNKNOWN_PHASES,
    with_trait,
)
from logparse.messages import TODAY
from logparse.syntax import Block, Match

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

_LAST: Final = with_trait("last")
_AFTER_LAST: Final = with_trait("after_last")
_BEGINS: Final = with_trait("begins")
_FATAL: Final = with_trait("fatal")
_LAUNCH_ENDS: Final = with_trait("launch_end")
_OVER: Final = with_trait("over")
_SAVED: Final = with_trait("saved")
_SHARED: Final = with_trait("shared")

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
    """Return the state after a cut (``log_cut``) or after text that does not begin an entry."""
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

    It is broken rules × `BROKEN`, plus the clock deviation in ms. A rare sequence (`is_rare`) costs `RARE`
    more. How long a quoted response is stated to be is another matter: see `logparse.response`.
    """
    kind = found.message.kind if found else None
    step = step_between(state.clock_ms, block.clock_ms)
    ending = state.kind in _LAST and not cut_short
    broken = int(ending) if found is None else _broken(block, found, state)
    allowed = AFTER.get(state.kind or "")
    off = max(-step, 0) if state.kind != LOG_CUT else 0
    if allowed is not None and (cut_short or kind in allowed):
        off = ending_penalty(step, allowed is ENDINGS or kind in FINISH)
    elif allowed is not None:
        broken = max(broken, 1)
    return off + broken * BROKEN + _finish_error(state, block, found)


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


def is_rare(found: Match | None, state: State) -> bool:
    """Return whether a message follows in a sequence that the engine writes only when something was lost.

    An entry that is not in the catalogue is a task's, which is at work.

    An attempt number is skipped (an execution failed before it could save), comes twice (it was delivered
    twice), or follows an attempt that did not save its end. An attempt is retried after an error that it does
    not log. A notification comes before the next attempt has launched, from a build that a lost request made.
    The engine gives up after a failure that it quotes, or before it has made all attempts.
    """
    if found is None:
        return state.phase in ("queued", "retrying")
    kind = found.message.kind
    if kind == "attempt_started":
        if state.phase in UNKNOWN_PHASES or (state.attempt is None and state.phase != "queued"):
            return False
        lost = state.phase == "launching" and state.kind in _SAVED
        return lost or _attempt_number(found) != (state.attempt or 0) + 1
    if kind == "attempt_retried":
        return state.phase == "launching" and not state.quotes and state.kind != "build_answer_invalid"
    if kind == "notification_received":
        return state.phase in ("launching", "retrying")
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
    known = state.phase not in UNKNOWN_PHASES
    places = KINDS[kind].phases
    broken = int(known and places is not None and state.phase not in places)
    broken += _is_of_task(kind, writer) and not state.writers.isdisjoint(TASKS - {writer})
    broken += state.kind in _LAST and kind not in _AFTER_LAST
    broken += _breaks_process(kind, writer, step, state)
    if kind == "attempt_started" and known:
        broken += state.phase == "launching" and state.kind not in _SAVED
        broken += _attempt_number(found) < max(state.attempt or 1, 1)
        broken += state.kind == "attempt_retried" and 0 <= step < _RETRY_MS
    elif kind in _FATAL:
        # After a retry it is another request's, so that it comes later.
        broken += state.kind == "attempt_retried" and step <= 0
    elif kind == "attempts_exhausted":
        broken += state.attempt == 1
        broken += state.kind == "attempt_retried" and 0 <= step < _RETRY_MS
    elif kind == "attempt_retried" and known:
        # An error that is not logged comes after the task's first entries.
        broken += state.kind == "attempt_started"
    elif kind == "notification_received" and state.phase == "launching":
        # While the first attempt launches, a notification is put off and leaves no entry.
        broken += state.kind not in _SAVED or state.attempt == 1
    elif kind == "invocation_finished":
        broken += state.phase == "retrying" and state.kind not in _LAST | _FATAL
        broken += state.outcome is not None and fields["status"] != state.outcome
        broken += fields["status"] == "SUCCEEDED" and state.kind in AFTER and state.kind != "fetch_response"
    invocation, build = _named_ids(block, found)
    broken += None not in (invocation, state.invocation) and invocation != state.invocation
    broken += None not in (build, state.build) and build != state.build
    return broken


def _is_of_task(kind: str, writer: str) -> bool:
    """Return whether only one kind of task writes a message."""
    return writer in TASKS and kind not in _SHARED


def _breaks_process(kind: str, writer: str, step: int, state: State) -> bool:
    """Return whether time runs back within an attempt, which is one process on one machine."""
    own = writer in TASKS or kind in _LAUNCH_ENDS
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
    writer = message.writer if message.kind not in _SHARED else ANY_TASK
    writers = state.writers if writer in state.writers else state.writers | {writer}
    return State(
        phase if phase == "finished" else KINDS[message.kind].leads_to or phase,
        message.kind,
        message.outside,
        attempt,
        state.start_ms,
        clock,
        elapsed,
        invocation,
        build,
        outcome,
        writers,
    )


def begins(found: Match, state: State) -> bool:
    """Return whether a message begins an invocation.

    Before October 2017 an attempt could be an invocation of its own, whose log begins with that attempt.
    """
    kind = found.message.kind
    if kind != "attempt_started":
        return kind in _BEGINS
    number = _attempt_number(found)
    if is_first(found):
        return is_over(state) or is_fresh(state) or number <= (state.attempt or 0)
    return is_fresh(state) and number == 1


def is_first(found: Match) -> bool:
    """Return whether an invocation of some time begins with a message, and never holds it later."""
    kind = found.message.kind
    is_own = kind == "attempt_started" and found.message.since < OWN_INVOCATIONS
    return is_own or kind in _BEGINS


def is_fresh(state: State) -> bool:
    """Return whether nothing is known of an invocation yet: there are no entries, or only unknown ones."""
    return state.phase in ("", "triage") or (state.kind is None and not state.writers)


def is_over(state: State) -> bool:
    """Return whether the invocation has ended, so that another one can begin."""
    return state.phase == "finished" or state.kind in _OVER


def follows_finish(found: Match) -> bool:
    """Return whether a message can follow the finish of its invocation."""
    message = found.message
    return message.kind == "timer_ignored" or (message.kind == "attempt_retried" and message.until != TODAY)


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
