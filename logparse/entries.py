"""From blocks to entries: what is an entry of the scheduler, and what only imitates one.

Errors and HTTP bodies are quoted raw in the log, so their lines can look exactly like entries.
All such lines belong to the one entry that quotes them: what is in doubt is only where a quotation
ends. Each way to end it is a reading of the log, and the best reading is the one that breaks the
fewest of the engine's own rules:

* an invocation is queued, launched in attempts that count up by one, runs, and finishes once and last;
* a quoted failure is followed at once by a retry or by the end, an attempt only by a retry;
* the stated duration agrees with the clock, and time moves forward, a step between two machines apart;
* timers and builds carry the ids that the log has carried before;
* a response's ``Content-Length`` says how long it is.

Of readings that break as few rules, the one in which time runs most smoothly is the best: an error
cannot know to the millisecond when it will be logged. Where even that is equal the reading with
the shortest quotations wins, which keeps all that can be the scheduler's own. What the best reading
finds quoted stays where it stands, as text of the entry before it, and is listed as suspicious.

A rule that no reading can keep costs nothing: a damaged log is read as well as it can be.

Three forgeries cannot be told from the truth: one at the end of a log that was saved before its next
entry came; a whole continuation that hits the scheduler's clock to the millisecond all the way; and,
to the millisecond again, a ``Fatal error`` behind a failed check, which changes no more than that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from logparse.clock import DAY_MS, format_clock
from logparse.ids import parse_timer_id
from logparse.messages import Context, Value
from logparse.syntax import Block, Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: Kinds of entries that have no message of the scheduler.
LOG_CUT: Final = "log_cut"
LOG_FRAGMENT: Final = "log_fragment"

#: What a broken rule costs. Costs are milliseconds, so that this is an hour of a clock gone wrong.
_BROKEN: Final = 3_600_000
#: The invocation is created up to a few seconds before its first entry is logged.
_CLOCK_SLACK_MS: Final = 5_000
#: No clock of another machine is further behind; a larger step back is midnight.
_STEP_BACK_MS: Final = 900_000
#: The engine and the quoted failure before stand in one process, whose clock does not step back.
_SAME_CLOCK_MS: Final = 1_000
#: A retry waits; it has always waited for some seconds.
_RETRY_MS: Final = 500
#: A log is trimmed only when it passes 200,000 bytes, and stays near it.
_TRIMMED_SIZE: Final = 100_000
#: What a cut costs: a quoted marker shall lose against an ending that follows at once.
_CUT_MS: Final = 1_000
#: What it costs that an invocation begins where the one before has not finished, as in pages saved too early.
_UNFINISHED_MS: Final = 5_000
#: And what it costs that the first entry of an invocation is only quoted: copies of one log stay copies.
_QUEUED_MS: Final = 30
#: A quotation is no longer than a log can be. url_fetch reads 4,096 bytes of a body, and headers are shorter.
_QUOTE_LIMIT: Final = 200_000
_BODY_LIMIT: Final = 4_096
_RESPONSE_LIMIT: Final = 40_000
#: More readings than these are never kept.
_MOST_READINGS: Final = 48
_WORST: Final = 6 * _BROKEN

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
_AFTER: Final = {
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
class Entry:
    """One entry of a log, understood as far as it can be.

    Parameters
    ----------
    shape, line, clock_ms, text:
        As in `logparse.syntax.Block`; the text includes lines that only imitate entries.
    kind:
        The message's kind, ``log_cut``, ``log_fragment``, or None where no message fits.
    fields, writer, tail:
        Of the message.
    quotes:
        Whether the entry can quote text from outside.
    suspicious:
        Line and text of what imitated an entry.
    """

    shape: str
    line: int
    clock_ms: int | None
    text: str
    kind: str | None = None
    fields: dict[str, Value] = field(default_factory=dict)
    writer: str | None = None
    tail: str = ""
    quotes: bool = False
    suspicious: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class _State:
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


@dataclass(slots=True)
class _Reading:
    """A reading of the log up to here: its last entry, and the reading up to the one before that.

    Parameters
    ----------
    index:
        Of the last entry's block. The blocks behind it are quoted in it.
    begins:
        Whether that entry is the first of an invocation.
    cost, quoted:
        Of the whole reading: what the broken rules cost, and the number of blocks that are quoted.
    size:
        Of the last entry's text, with all that it quotes.
    found:
        What the last entry means without what it quotes.
    """

    state: _State
    index: int
    begins: bool
    cost: int
    quoted: int
    size: int
    found: Match | None
    before: _Reading | None

    @property
    def rank(self) -> tuple[int, int, int]:
        """The lower the better; the last part only makes the order definite."""
        return self.cost, self.quoted, self.index


def split_invocations(blocks: Sequence[Block], match: Matcher) -> Iterator[list[Entry]]:
    """Yield the entries of each invocation that `blocks` hold, in order.

    Parameters
    ----------
    blocks:
        Of one log, or of several one after another.
    match:
        The engine's exact matcher.
    """
    yield from _Reader(blocks, match).read()


class _Reader:
    """Finds the best reading: step by step, keeping of readings that lead to the same state the best one."""

    def __init__(self, blocks: Sequence[Block], match: Matcher) -> None:
        self._blocks = blocks
        self._match = match
        self._big = sum(len(b.text) for b in blocks) >= _TRIMMED_SIZE
        self._matches: dict[tuple[str | None, bool], Match | None] = {}
        self._responses: dict[int, _Response] = {}

    def read(self) -> Iterator[list[Entry]]:
        if not self._blocks:
            return
        live = [_Reading(_State(), -1, True, 0, 0, 0, None, None)]
        for index in range(len(self._blocks)):
            live = self._step(live, index)
        best: _Reading | None = min(live, key=self._final_rank)
        taken: list[_Reading] = []
        while best is not None and best.index >= 0:
            taken.append(best)
            best = best.before
        yield from self._entries(taken[::-1])

    def _final_rank(self, reading: _Reading) -> tuple[int, int, int]:
        """Return the rank of a reading of the whole log. A quotation that nothing ends is the last resort."""
        endless = reading.index < len(self._blocks) - 1 and reading.state.phase != "finished"
        return reading.cost + 3 * _BROKEN * endless, reading.quoted, reading.index

    # --- readings ---------------------------------------------------------------------------------

    def _step(self, live: Sequence[_Reading], index: int) -> list[_Reading]:
        """Return the readings of one block more."""
        self._matches.clear()
        if len(live) == 1 and not live[0].state.quotes and live[0].state.phase != "finished":
            # The one reading there is has no choice, so that its cost does not matter.
            return [self._take(live[0], index, weigh=False)]
        found: dict[tuple[object, ...], _Reading] = {}
        quoting = []
        for reading in live:
            state = reading.state
            if state.phase != "finished" or self._can_follow_finish(index, state):
                taken = self._take(reading, index)
                known = found.get(taken.state.key)
                if known is None or taken.rank < known.rank:
                    found[taken.state.key] = taken
            else:
                quoting.append(self._quote(reading, index, _BROKEN if reading.index == index - 1 else 0))
            if state.quotes:
                # Where nothing is known of what follows, quoting a plausible entry is the less likely.
                cost = 0 if state.kind in _AFTER else _BROKEN // 3
                match = self._understand(index, state)
                cost += _QUEUED_MS if match is not None and match.message.kind == "invocation_queued" else 0
                longer = self._quote(reading, index, cost)
                if longer.size <= (_RESPONSE_LIMIT if state.kind == "fetch_response" else _QUOTE_LIMIT):
                    quoting.append(longer)
        best = sorted([*found.values(), *quoting], key=lambda r: r.rank)
        worst = best[0].cost + _WORST
        return [r for r in best[:_MOST_READINGS] if r.cost <= worst]

    def _can_follow_finish(self, index: int, state: _State) -> bool:
        found = self._understand(index, state)
        if self._blocks[index].shape != "entry":
            return self._blocks[index].shape == "triage"
        return found is not None and (found.message.kind == "timer_ignored" or _begins(found, state))

    def _quote(self, reading: _Reading, index: int, cost: int) -> _Reading:
        """Return the reading in which one more block is part of the last entry's text."""
        size = reading.size + len(self._blocks[index].text) + 1
        return _Reading(
            reading.state,
            reading.index,
            reading.begins,
            reading.cost + cost,
            reading.quoted + 1,
            size,
            reading.found,
            reading.before,
        )

    def _take(self, reading: _Reading, index: int, *, weigh: bool = True) -> _Reading:
        """Return the reading in which the block is the next entry. Where not to `weigh`, it costs nothing."""
        block, state = self._blocks[index], reading.state
        size = len(block.text)
        if block.shape == "triage":
            begins = state.phase not in ("", "triage")
            behind = _State("triage", "", False)
            return _Reading(behind, index, begins, reading.cost, reading.quoted, size, None, reading)
        if block.shape != "entry":
            cut = block.shape == "cut"
            cost = (_CUT_MS if self._big else _BROKEN) if cut else 0
            behind = replace(
                state,
                phase="lost" if cut else state.phase,
                kind=LOG_CUT if cut else LOG_FRAGMENT,
                quotes=False,
                attempt=None,
                outcome=None,
            )
            return _Reading(behind, index, False, reading.cost + cost, reading.quoted, size, None, reading)
        found = self._understand(index, state)
        begins, cost = False, 0
        if found is not None and _begins(found, state):
            begins = state.phase not in ("", "triage")
            if begins and state.phase != "finished":
                cost = 2 * _BROKEN if state.quotes else _UNFINISHED_MS
            state = _State(start_ms=block.clock_ms)
        elif weigh:
            cost = self._cost(block, found, reading, index)
        behind = _advance(state, block, found)
        return _Reading(behind, index, begins, reading.cost + cost, reading.quoted, size, found, reading)

    def _understand(self, index: int, state: _State) -> Match | None:
        """Return the message of a block. Where it stands matters only to formats that fit too many texts."""
        key = state.kind, "gitiles" in state.writers
        if key not in self._matches:
            context = Context(state.kind, state.writers)
            self._matches[key] = match_tolerantly(self._match, self._blocks[index].text, context)
        return self._matches[key]

    # --- the engine's rules -----------------------------------------------------------------------

    def _cost(self, block: Block, found: Match | None, reading: _Reading, index: int) -> int:
        """Return what taking an entry costs: the rules that it breaks, and how far its clock is off."""
        state = reading.state
        kind = found.message.kind if found else None
        step = _step(state.clock_ms, block.clock_ms)
        cost = max(-step, 0)
        if found is None:
            # Unknown to the catalogue, so a task's, which is at work.
            broken = int(state.phase in ("queued", "retrying"))
        else:
            broken = self._broken(block, found, state)
        allowed = _AFTER.get(state.kind or "")
        if allowed is not None:
            broken = max(broken, kind not in allowed)
            broken += step < -_SAME_CLOCK_MS or step > _BROKEN
            cost += min(max(step, 0), _BROKEN)
        if state.kind == "fetch_response":
            broken += not self._body_ends(reading.index, index)
        if kind == "invocation_finished" and found is not None:
            cost += _finish_error(state, block, found.fields["duration_s"])
        return cost + broken * _BROKEN

    def _broken(self, block: Block, found: Match, state: _State) -> int:
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
            broken += (
                fields["status"] == "SUCCEEDED" and state.kind in _AFTER and state.kind != "fetch_response"
            )
        invocation, build = _named_ids(block, found)
        broken += None not in (invocation, state.invocation) and invocation != state.invocation
        broken += None not in (build, state.build) and build != state.build
        return broken

    def _body_ends(self, first: int, end: int) -> bool:
        """Whether a response in blocks `first` to `end` is as long as its Content-Length says, if it says."""
        response = self._responses.pop(first, None) or _Response(first, self._blocks[first].text)
        self._responses[first] = response
        if len(self._responses) > 2 * _MOST_READINGS:
            del self._responses[next(iter(self._responses))]
        while response.end < end:
            response.add(_raw(self._blocks[response.end]))
        return response.is_whole(end == first + 1)

    # --- entries ----------------------------------------------------------------------------------

    def _entries(self, taken: Sequence[_Reading]) -> Iterator[list[Entry]]:
        """Yield the entries of a reading, by invocation."""
        entries: list[Entry] = []
        ends = [r.index for r in taken[1:]] + [len(self._blocks)]
        for reading, end in zip(taken, ends, strict=True):
            if reading.begins and entries:
                yield entries
                entries = []
            block = self._blocks[reading.index]
            entry = Entry(block.shape, block.line, block.clock_ms, block.text)
            for quoted in self._blocks[reading.index + 1 : end]:
                entry.suspicious.append((quoted.line, _raw(quoted)))
            entry.text = "\n".join([entry.text, *(text for _, text in entry.suspicious)])
            assert reading.before is not None
            self._explain(entry, reading, reading.before.state)
            entries.append(entry)
        yield entries

    def _explain(self, entry: Entry, reading: _Reading, before: _State) -> None:
        """Fill in what an entry means."""
        if entry.shape in ("cut", "text"):
            entry.kind = LOG_CUT if entry.shape == "cut" else LOG_FRAGMENT
            return
        found = reading.found
        if entry.shape == "triage" or entry.suspicious:
            scope = "triage" if entry.shape == "triage" else "invocation"
            writers = frozenset() if reading.begins else before.writers
            found = match_tolerantly(self._match, entry.text, Context(before.kind, writers, scope))
        if found is None:
            entry.quotes = entry.shape == "entry"
            return
        entry.kind, entry.fields, entry.tail = found.message.kind, found.fields, found.tail
        entry.writer, entry.quotes = found.message.writer, found.message.outside


class _Response:
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


def _advance(state: _State, block: Block, found: Match | None) -> _State:
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
    return _State(
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


def _begins(found: Match, state: _State) -> bool:
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


def _finish_error(state: _State, block: Block, duration_s: Value) -> int:
    """Return how far a finish is off the clock that it should have by the duration it states.

    Where lines are missing whole days can be as well, so only too long an invocation breaks a rule by days.
    """
    if state.start_ms is None or block.clock_ms is None or not isinstance(duration_s, float):
        return 0
    duration_ms = round(duration_s * 1000)
    elapsed = state.elapsed_ms + _step(state.clock_ms, block.clock_ms)
    off = abs((block.clock_ms - state.start_ms - duration_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2)
    if off > _CLOCK_SLACK_MS or elapsed > duration_ms + _CLOCK_SLACK_MS:
        return _BROKEN
    return off


def _raw(block: Block) -> str:
    """Return a block as it stands in the log."""
    return block.text if block.clock_ms is None else f"[{format_clock(block.clock_ms)}] {block.text}"
