"""The engine's state machine and clock: which entry can follow which in an invocation's log.

A `State` is what is known after an entry. A `Transition` is an entry that follows: which rules it breaks, and
what is known then. It does not depend on the clocks, so that each is computed once (`logparse.engine.search`
keeps them). `penalty` adds the clock's part: how badly the entry fits in milliseconds. `advance` returns the
next state. `logparse.engine.entries` looks for the reading of a log that has the lowest penalty.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from logparse.engine.kinds import (
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
from logparse.engine.state import Place, State, Transition
from logparse.language.messages import TODAY, Message
from logparse.language.syntax import Block, Match
from logparse.values.clock import DAY_MS, format_clock
from logparse.values.ids import parse_timer_id

#: The penalty for a broken rule. Penalties are milliseconds, so that this is an hour of clock deviation.
BROKEN: Final = 3_600_000
#: The penalty for a sequence that the engine writes, but rarely. See `is_rare`.
RARE: Final = 20
#: The invocation is created up to a few seconds before its first entry is logged.
_CLOCK_SLACK_MS: Final = 5_000
#: The clock of one process does not step back by more than this.
_SAME_CLOCK_MS: Final = 100
#: Another machine's clock, where an entry follows a quoted failure, can be earlier by at most this.
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


class Sign(NamedTuple):
    """The part of an entry that the rules compare, without its ids and its clock.

    Parameters
    ----------
    message:
        Its format in the catalogue, or None where it fits none.
    attempt, status:
        The number and the status that it states, if any.
    """

    message: Message | None
    attempt: int = 1
    status: str | None = None


#: The sign of an entry that is not in the catalogue.
UNKNOWN: Final = Sign(None)


def sign(found: Match | None) -> Sign:
    """Return the sign of an entry with that message, if any."""
    if found is None:
        return UNKNOWN
    attempt, status = found.fields.get("attempt", 1), found.fields.get("status")
    return Sign(
        found.message,
        attempt if isinstance(attempt, int) else 1,
        None if status is None else str(status),
    )


def transition(place: Place, entry: Sign, *, is_cut_short: bool = False) -> Transition:
    """Return the transition from `place` by an entry.

    Parameters
    ----------
    place:
        After the entry before.
    entry:
        Its sign.
    is_cut_short:
        Whether only the beginning of the entry is left, so that it may be of any kind.
    """
    if begins(entry, place):
        return Transition(_after(Place(), entry), begins=True, is_further=not is_fresh(place))
    kind = entry.message.kind if entry.message else None
    allowed = AFTER.get(place.kind or "")
    can_follow = allowed is None or is_cut_short or kind in allowed
    if allowed is None or not can_follow:
        deviation = _any_step if place.kind == LOG_CUT else _forward
    else:
        deviation = _at_once if allowed is ENDINGS or kind in FINISH else _by_another_process
    return Transition(
        _after(place, entry),
        is_rare=not is_cut_short and is_rare(entry, place),
        broken=0 if is_cut_short else _broken(place, entry),
        forbidden=_forbidden(place, entry.message),
        least=int(not can_follow),
        is_cut_short=is_cut_short,
        deviation=deviation,
    )


def penalty(by: Transition, step: int, foreign: int = 0) -> int:
    """Return the penalty for a transition in so many milliseconds, by an entry with so many foreign ids.

    It is broken rules × `BROKEN`, plus the clock deviation in ms. A rare sequence (`is_rare`) costs `RARE`
    more. How long a quoted response is stated to be is another matter: see `logparse.engine.response`.
    """
    broken = by.broken + foreign
    for steps in by.forbidden:
        broken += step in steps
    return by.deviation(step) + (broken or by.least) * BROKEN


def _any_step(_: int) -> int:
    return 0


def _forward(step: int) -> int:
    return -step if step < 0 else 0


def _at_once(step: int) -> int:
    return ending_penalty(step, same_process=True)


def _by_another_process(step: int) -> int:
    return ending_penalty(step, same_process=False)


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


def is_rare(entry: Sign, place: Place) -> bool:
    """Return whether a message follows in a sequence that the engine writes only when something was lost.

    An entry that is not in the catalogue is a task's, which is at work.

    An attempt number is skipped (an execution failed before it could save), comes twice (it was delivered
    twice), or follows an attempt that did not save its end. An attempt is retried after an error that it does
    not log. A notification comes before the next attempt has launched, from a build that a lost request made.
    The engine gives up after a failure that it quotes, or before it has made all attempts.
    """
    if entry.message is None:
        return place.phase in ("queued", "retrying")
    kind = entry.message.kind
    if kind == "attempt_started":
        if place.phase in UNKNOWN_PHASES or (place.attempt is None and place.phase != "queued"):
            return False
        lost = place.phase == "launching" and place.kind in _SAVED
        return lost or entry.attempt != (place.attempt or 0) + 1
    if kind == "attempt_retried":
        return place.phase == "launching" and not place.quotes and place.kind != "build_answer_invalid"
    if kind == "notification_received":
        return place.phase in ("launching", "retrying")
    if kind == "attempts_exhausted":
        return place.kind in AFTER or (place.attempt is not None and place.attempt < _MOST_ATTEMPTS)
    return False


def _broken(place: Place, entry: Sign) -> int:
    """Return how many rules an entry breaks, whatever its ids and its time; those of quotations apart."""
    if entry.message is None:
        return int(place.kind in _LAST)
    kind, writer = entry.message.kind, entry.message.writer
    known = place.phase not in UNKNOWN_PHASES
    phases = KINDS[kind].phases
    broken = int(known and phases is not None and place.phase not in phases)
    broken += writer in TASKS and kind not in _SHARED and not place.writers.isdisjoint(TASKS - {writer})
    broken += place.kind in _LAST and kind not in _AFTER_LAST
    if kind == "attempt_started" and known:
        broken += place.phase == "launching" and place.kind not in _SAVED
        broken += entry.attempt < max(place.attempt or 1, 1)
    elif kind == "attempts_exhausted":
        broken += place.attempt == 1
    elif kind == "attempt_retried" and known:
        # An error that is not logged comes after the task's first entries.
        broken += place.kind == "attempt_started"
    elif kind == "notification_received" and place.phase == "launching":
        # While the first attempt launches, a notification is put off and leaves no entry.
        broken += place.kind not in _SAVED or place.attempt == 1
    elif kind == "invocation_finished":
        broken += place.phase == "retrying" and place.kind not in _LAST | _FATAL
        broken += place.outcome is not None and entry.status != place.outcome
        broken += entry.status == "SUCCEEDED" and place.kind in AFTER and place.kind != "fetch_response"
    return broken


def _forbidden(place: Place, message: Message | None) -> tuple[range, ...]:
    """Return the steps of the clock that break a rule each, those of quotations apart."""
    if message is None:
        return ()
    kind = message.kind
    forbidden = []
    if place.phase == "launching" and (message.writer in TASKS or kind in _LAUNCH_ENDS):
        # An attempt is one process on one machine.
        forbidden.append(range(-DAY_MS, -_SAME_CLOCK_MS))
    if place.kind == "attempt_retried":
        is_start = kind == "attempt_started" and place.phase not in UNKNOWN_PHASES
        if is_start or kind == "attempts_exhausted":
            forbidden.append(range(_RETRY_MS))
        elif kind in _FATAL:
            # After a retry it is another request's, so that it comes later.
            forbidden.append(range(-DAY_MS, 1))
    return tuple(forbidden)


def _after(place: Place, entry: Sign) -> Place:
    """Return the place after an entry."""
    phase, message = place.phase or "lost", entry.message
    if message is None:
        return place._replace(phase=phase, kind=None, quotes=True)
    attempt, outcome = place.attempt, place.outcome
    if message.kind == "attempt_started":
        attempt = entry.attempt
    elif message.kind in ("invocation_aborted", "launch_skipped"):
        outcome = "ABORTED"
    elif message.kind == "fetch_finished":
        outcome = entry.status
    writer = message.writer if message.kind not in _SHARED else ANY_TASK
    return Place(
        phase if phase == "finished" else KINDS[message.kind].leads_to or phase,
        message.kind,
        message.outside,
        attempt,
        outcome,
        place.writers | {writer},
    )


def begins(entry: Sign, place: Place) -> bool:
    """Return whether an entry begins an invocation.

    Before October 2017 an attempt could be an invocation of its own, whose log begins with that attempt.
    """
    message = entry.message
    if message is None or message.kind != "attempt_started":
        return message is not None and message.kind in _BEGINS
    if is_first(message):
        return is_over(place) or is_fresh(place) or entry.attempt <= (place.attempt or 0)
    return is_fresh(place) and entry.attempt == 1


def is_first(message: Message) -> bool:
    """Return whether an invocation of some time begins with a message, and never holds it later."""
    is_own = message.kind == "attempt_started" and message.since < OWN_INVOCATIONS
    return is_own or message.kind in _BEGINS


def is_fresh(place: Place) -> bool:
    """Return whether nothing is known of an invocation yet: there are no entries, or only unknown ones."""
    return place.phase in ("", "triage") or (place.kind is None and not place.writers)


def is_over(place: Place) -> bool:
    """Return whether the invocation has ended, so that another one can begin."""
    return place.phase == "finished" or place.kind in _OVER


def follows_finish(message: Message) -> bool:
    """Return whether a message can follow the finish of its invocation."""
    return message.kind == "timer_ignored" or (message.kind == "attempt_retried" and message.until != TODAY)


def named_ids(found: Match, text: str) -> tuple[str | None, str | None]:
    """Return the ids of the invocation and of the build that an entry with that message and text names."""
    timer, build = found.fields.get("timer_id"), found.fields.get("build_id")
    invocation = None
    if isinstance(timer, str):
        parts = parse_timer_id(timer)
        invocation = parts.invocation_id if parts else None
    elif found.message.kind == "build_requested":
        requested = _REQUEST_ID_RE.search(text)
        invocation = requested[1] if requested else None
    elif found.message.kind == "build_answered":
        answered = _BUILD_ID_RE.search(text)
        build = answered[1] if answered else None
    return invocation, build if isinstance(build, str) else None


def foreign_ids(state: State, invocation: str | None, build: str | None) -> int:
    """Return how many of the ids that an entry names are not those of the invocation and its build."""
    foreign = invocation is not None and state.invocation is not None and invocation != state.invocation
    return foreign + (build is not None and state.build is not None and build != state.build)


def finish_error(state: State, block: Block, found: Match, step: int) -> int:
    """Return how far a finish entry is off the clock that it should have by the duration it states.

    `step` is the time since the entry before. Where lines are missing whole days can be as well, so only too
    long an invocation breaks a rule by days.
    """
    duration_s = found.fields["duration_s"]
    if state.start_ms is None or block.clock_ms is None or not isinstance(duration_s, float):
        return 0
    duration_ms = round(duration_s * 1000)
    elapsed = state.elapsed_ms + step
    off = abs((block.clock_ms - state.start_ms - duration_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2)
    if off > _CLOCK_SLACK_MS or elapsed > duration_ms + _CLOCK_SLACK_MS:
        return BROKEN
    return off


def raw(block: Block) -> str:
    """Return a block as it is in the log."""
    return block.text if block.clock_ms is None else f"[{format_clock(block.clock_ms)}] {block.text}"
