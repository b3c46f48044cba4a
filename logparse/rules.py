"""The engine's state machine and clock: what can stand where in an invocation's log.

A `State` is what the engine knows behind an entry; `advance` steps it on, `cost` says how many of
the engine's rules an entry would break there. `logparse.entries` looks for the reading of a log that
costs least.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from logparse.clock import DAY_MS, format_clock
from logparse.ids import parse_timer_id
from logparse.messages import Value
from logparse.syntax import Block, Match

#: Kinds of entries that have no message of the scheduler.
LOG_CUT: Final = "log_cut"
LOG_FRAGMENT: Final = "log_fragment"

#: What a broken rule costs. Costs are milliseconds, so that this is an hour of a clock gone wrong.
BROKEN: Final = 3_600_000
#: The invocation is created up to a few seconds before its first entry is logged.
_CLOCK_SLACK_MS: Final = 5_000
#: No clock of another machine is further behind; a larger step back is midnight.
_STEP_BACK_MS: Final = 900_000
#: The engine and the quoted failure before stand in one process, whose clock does not step back.
_SAME_CLOCK_MS: Final = 1_000
#: A retry waits; it has always waited for some seconds.
_RETRY_MS: Final = 500
#: url_fetch reads no more of a body.
_BODY_LIMIT: Final = 4_096

#: What can follow an entry that quotes a failure of the launch, of a check or of the whole invocation.
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
#: What can follow a quoted failure.
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
#: What nothing but the finish follows, or an error of the end itself.
_LAST_WORDS: Final = frozenset({"attempts_exhausted", "invocation_aborted", "launch_skipped"})
_LAUNCHING: Final = frozenset({"launching"})
_RUNNING: Final = frozenset({"running"})
_AT_WORK: Final = _LAUNCHING | _RUNNING
#: In which phase of an invocation an entry can stand, where that is not all. A task's own: at work.
_PHASES: Final = {
    **dict.fromkeys(("attempt_retried", "attempts_exhausted"), _LAUNCHING),
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
    "attempt_started": frozenset({"queued", "retrying"}),
    "notification_received": _RUNNING,
    "trigger_emitted": _AT_WORK,
    "trigger_target": _AT_WORK,
    "triggers_dispatched": _AT_WORK,
}
#: The phase that an entry leads to.
_PHASE_BEHIND: Final = {
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

_CONTENT_LENGTH_RE: Final = re.compile(r"^content-length:[ \t]*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_REQUEST_ID_RE: Final = re.compile(r'"(?:client_operation_id|requestId)": ?"(\d{1,20})"')
_BUILD_ID_RE: Final = re.compile(r'"id": ?"(\d{1,20})"')


@dataclass(slots=True)
class State:
    """What the engine's state machine knows of the invocation being read. Never changed, only replaced.

    The phase is empty before the first entry, ``triage`` behind a triage block, ``lost`` where a
    cut or a missing head leaves it open, else the invocation's own.
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

    @property
    def key(self) -> tuple[object, ...]:
        """What the cost of all that follows depends on, the clocks apart."""
        return self.phase, self.kind, self.quotes, self.attempt, self.invocation, self.build, self.outcome


def cost(block: Block, found: Match | None, state: State) -> int:
    """Return what it costs that an entry stands here: the rules that it breaks, and how far its clock is off.

    How long a quoted response is stated to be is another matter: see `Response`.
    """
    kind = found.message.kind if found else None
    step = _step(state.clock_ms, block.clock_ms)
    off = max(-step, 0)
    # What the catalogue does not know is a task's, which is at work.
    unknown = int(state.phase in ("queued", "retrying"))
    broken = unknown if found is None else _broken(block, found, state)
    allowed = AFTER.get(state.kind or "")
    if allowed is not None:
        broken = max(broken, kind not in allowed)
        broken += step < -_SAME_CLOCK_MS or step > BROKEN
        off += min(max(step, 0), BROKEN)
    if kind == "invocation_finished" and found is not None:
        off += _finish_error(state, block, found.fields["duration_s"])
    return off + broken * BROKEN


def _broken(block: Block, found: Match, state: State) -> int:
    """Return how many rules an entry breaks, those of time and of quotations apart."""
    kind, fields = found.message.kind, found.fields
    writer, step = found.message.writer, _step(state.clock_ms, block.clock_ms)
    known = state.phase not in ("", "triage", "lost")
    phases = _PHASES.get(kind, _AT_WORK if writer in _TASKS else None)
    broken = int(known and phases is not None and state.phase not in phases)
    broken += writer in _TASKS and not state.writers.isdisjoint(_TASKS - {writer})
    broken += state.kind in _LAST_WORDS and kind not in ("invocation_finished", "abort_fatal")
    if kind == "attempt_started" and known:
        broken += fields.get("attempt", 1) != (state.attempt or 0) + 1
        broken += state.kind == "attempt_retried" and 0 <= step < _RETRY_MS
    elif kind in _FATAL:
        # Behind a retry it is another request's, so that it comes later.
        broken += state.kind == "attempt_retried" and step <= 0
    elif kind == "attempts_exhausted":
        broken += state.attempt == 1
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


class Response:
    """How long a response's body is, measured block by block, for it may quote many.

    Parameters
    ----------
    first:
        Index of the response's own block.
    text:
        That block's text.
    """

    def __init__(self, first: int, text: str) -> None:
        self.end = first + 1
        self._pieces = [text]
        self._has_body = False
        self._limit: int | None = None
        self._size = self._raw_size = 0
        self._find_body()

    def _find_body(self) -> None:
        text = "\n".join(self._pieces)
        head, blank, body = text.replace("\r\n", "\n").partition("\n\n")
        if not blank:
            return
        self._has_body = True
        stated = _CONTENT_LENGTH_RE.search(head)
        if stated is not None and not body.startswith("<binary response>"):
            self._limit = min(int(stated[1]), _BODY_LIMIT)
        self._pieces.clear()
        self._measure(body, text.partition("\r\n\r\n" if "\r\n\r\n" in text else "\n\n")[2])

    def _measure(self, body: str, raw: str) -> None:
        # What is not the body's own text has another length: a note of the scheduler, or an escaped byte.
        if "%!" in body or "\\x" in body:
            self._limit = None
        self._size += len(body.encode("utf-8", "surrogatepass"))
        self._raw_size += len(raw.encode("utf-8", "surrogatepass"))

    def add(self, quoted: str) -> None:
        """Add a block that the response quotes."""
        self.end += 1
        if self._has_body:
            self._measure("\n" + quoted.replace("\r\n", "\n"), "\n" + quoted)
        else:
            seam = f"{self._pieces[-1][-2:]}\n{quoted}"
            self._pieces.append(quoted)
            if "\n\n" in seam.replace("\r\n", "\n"):
                self._find_body()

    def is_whole(self, alone: bool) -> bool:
        """Whether the body is as long as stated, if its length is; where it is `alone` it may be longer."""
        if self._limit is None:
            return True
        return self._size >= self._limit - 1 and (alone or self._raw_size <= self._limit + 2)


def advance(state: State, block: Block, found: Match | None) -> State:
    """Return the state behind an entry."""
    clock = state.clock_ms if block.clock_ms is None else block.clock_ms
    elapsed = state.elapsed_ms + _step(state.clock_ms, block.clock_ms)
    phase = state.phase or "lost"
    if found is None:
        return replace(state, phase=phase, kind=None, quotes=True, clock_ms=clock, elapsed_ms=elapsed)
    message, fields = found.message, found.fields
    attempt, outcome = state.attempt, state.outcome
    invocation, build = _named_ids(block, found)
    invocation, build = invocation or state.invocation, build or state.build
    if message.kind == "attempt_started":
        number = fields.get("attempt", 1)
        attempt, build = number if isinstance(number, int) else 1, None
    elif message.kind in ("invocation_aborted", "launch_skipped"):
        outcome = "ABORTED"
    elif message.kind == "fetch_finished":
        outcome = str(fields["status"])
    return State(
        phase=_PHASE_BEHIND.get(message.kind, phase),
        kind=message.kind,
        quotes=message.outside,
        attempt=attempt,
        start_ms=state.start_ms,
        clock_ms=clock,
        elapsed_ms=elapsed,
        invocation=invocation,
        build=build,
        outcome=outcome,
        writers=state.writers if message.writer in state.writers else state.writers | {message.writer},
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


def _step(before_ms: int | None, after_ms: int | None) -> int:
    """Return the time from one clock to the next: a small step back, or else forward within a day."""
    if before_ms is None or after_ms is None:
        return 0
    step = (after_ms - before_ms) % DAY_MS
    return step - DAY_MS if step >= DAY_MS - _STEP_BACK_MS else step


def _finish_error(state: State, block: Block, duration_s: Value) -> int:
    """Return how far a finish is off the clock that it should have by the duration it states.

    Where lines are missing whole days can be as well, so only too long an invocation breaks a rule by days.
    """
    if state.start_ms is None or block.clock_ms is None or not isinstance(duration_s, float):
        return 0
    duration_ms = round(duration_s * 1000)
    elapsed = state.elapsed_ms + _step(state.clock_ms, block.clock_ms)
    off = abs((block.clock_ms - state.start_ms - duration_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2)
    if off > _CLOCK_SLACK_MS or elapsed > duration_ms + _CLOCK_SLACK_MS:
        return BROKEN
    return off


def raw(block: Block) -> str:
    """Return a block as it stands in the log."""
    return block.text if block.clock_ms is None else f"[{format_clock(block.clock_ms)}] {block.text}"
