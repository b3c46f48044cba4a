"""From blocks to entries: what is an entry of the scheduler, and what only imitates one.

Errors and HTTP bodies are quoted raw in the log, so their lines can look exactly like entries.
All such lines belong to the one entry that quotes them, so only the entry behind a quotation is
ever in doubt, and the engine's own rules settle it:

* time goes on: an entry is no earlier than the one before it (a step of a machine's clock apart),
  and none is later than the invocation's stated duration allows;
* the finish comes once, last, and its stated duration agrees with the clock;
* a quoted failure is followed by a retry or by the end, an attempt only by a retry;
* timers and builds carry the ids that the log has carried before;
* a response's ``Content-Length`` says how long it is.

Lines that break a rule stay where they stand, as text of the entry before them, and are listed
as suspicious.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from logparse.clock import DAY_MS, format_clock
from logparse.ids import parse_timer_id
from logparse.messages import Context, Value
from logparse.syntax import Block, Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: Kinds of entries that have no message of the scheduler.
LOG_CUT: Final = "log_cut"
LOG_FRAGMENT: Final = "log_fragment"

#: Clocks of two machines differ; a notification may be logged by another one.
_CLOCK_SLACK_MS: Final = 5_000
#: After a quoted failure the engine goes on at once; an hour allows for any pause of a machine.
_REACTION_MS: Final = 3_600_000
#: A log is trimmed only when it passes 200,000 bytes, and stays near it.
_TRIMMED_SIZE: Final = 100_000
#: url_fetch reads no more of a body.
_BODY_LIMIT: Final = 4096

#: What can follow an entry that quotes a failure of the launch, of a check or of the whole invocation.
_ENDINGS: Final = frozenset(
    {
        "attempt_retried",
        "attempts_exhausted",
        "invocation_finished",
        "invocation_aborted",
        "launch_skipped",
        "notification_fatal",
        "timer_fatal",
        "abort_fatal",
        "launch_failed",
        "invocation_superseded",
    }
)
_FAILURES: Final = frozenset(
    {
        "abort_fatal",
        "build_fetch_failed",
        "build_request_failed",
        "build_request_rejected",
        "controller_failed",
        "fetch_failed",
        "fetch_response",
        "heads_fetch_failed",
        "launch_failed",
        "log_fetch_failed",
        "no_progress",
        "notification_fatal",
        "refs_fetch_failed",
        "state_fetch_failed",
        "task_fetch_failed",
        "task_request_failed",
        "timer_fatal",
        "topic_failed",
    }
)
_CONTENT_LENGTH_RE: Final = re.compile(r"^content-length:[ \t]*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)


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
    """What the engine's state machine knows of the invocation being read."""

    start_clock: int | None = None
    attempt: int = 0
    finish: int | None = None
    duration_ms: int | None = None
    finished: bool = False
    timers: set[str] = field(default_factory=set)
    builds: set[str] = field(default_factory=set)
    writers: set[str] = field(default_factory=set)


def split_invocations(blocks: Sequence[Block], match: Matcher) -> Iterator[list[Entry]]:
    """Yield the entries of each invocation that `blocks` hold, in order.

    Parameters
    ----------
    blocks:
        Of one log, or of several one after another.
    match:
        The engine's exact matcher.
    """
    reader = _Reader(blocks, match)
    yield from reader.read()


class _Reader:
    def __init__(self, blocks: Sequence[Block], match: Matcher) -> None:
        self._blocks = blocks
        self._match = match
        self._big = sum(len(b.text) for b in blocks) >= _TRIMMED_SIZE
        self._state = _State()
        self._entries: list[Entry] = []

    def read(self) -> Iterator[list[Entry]]:
        for index, block in enumerate(self._blocks):
            entry = self._understand(block)
            last = self._entries[-1] if self._entries else None
            if self._starts_invocation(entry, last):
                if any(e.shape != "triage" for e in self._entries):
                    yield self._entries
                    self._entries = []
                    self._state = _State()
                    entry = self._understand(block)
                    last = None
                if entry.kind in ("invocation_queued", "attempt_started"):
                    self._begin(index, entry)
            if last is not None and self._imitates(index, entry, last):
                self._fold(entry, last)
                continue
            self._note(index, entry)
            self._entries.append(entry)
        if self._entries:
            yield self._entries

    def _understand(self, block: Block) -> Entry:
        entry = Entry(block.shape, block.line, block.clock_ms, block.text)
        if block.shape == "cut":
            entry.kind = LOG_CUT
        elif block.shape == "text":
            entry.kind = LOG_FRAGMENT
        else:
            self._match_entry(entry)
        return entry

    def _match_entry(self, entry: Entry) -> None:
        previous = next((e.kind for e in reversed(self._entries[-2:]) if e is not entry), None)
        scope = "triage" if entry.shape == "triage" else "invocation"
        context = Context(previous, frozenset(self._state.writers), scope)
        found = match_tolerantly(self._match, entry.text, context)
        if found is None:
            entry.quotes = entry.shape == "entry"
            return
        entry.kind = found.message.kind
        entry.fields = found.fields
        entry.writer = found.message.writer
        entry.tail = found.tail
        entry.quotes = found.message.outside

    def _starts_invocation(self, entry: Entry, last: Entry | None) -> bool:
        """Whether a new invocation begins here: with the first entry, or where one log follows another."""
        if (
            self._state.start_clock is None
            and entry.shape == "entry"
            and not any(e.shape == "entry" for e in self._entries)
        ):
            return True
        if last is None:
            return False
        if entry.shape == "triage" and last.shape != "triage":
            return True
        begins = entry.kind == "invocation_queued" or (
            entry.kind == "attempt_started" and entry.fields.get("attempt", 1) == 1
        )
        return begins and (
            self._state.finished
            or (entry.kind == "invocation_queued" and not last.quotes and last.shape != "triage")
        )

    def _begin(self, index: int, entry: Entry) -> None:
        """Note where the log starts and find its end: the first finish that agrees with the clock."""
        state = self._state
        state.start_clock = entry.clock_ms
        previous: Match | None = None
        for position in range(index + 1, len(self._blocks)):
            block = self._blocks[position]
            if block.shape != "entry" or not block.text.startswith(
                ("Invocation finished", "New invocation ")
            ):
                continue
            previous = match_tolerantly(self._match, block.text, Context())
            kind = previous.message.kind if previous else None
            if kind == "invocation_queued" and not self._quoted_before(position):
                return
            if kind == "invocation_finished" and previous is not None:
                duration = previous.fields["duration_s"]
                assert isinstance(duration, float)
                if self._agrees(block.clock_ms, duration):
                    state.finish = position
                    state.duration_ms = round(duration * 1000)
                    return

    def _quoted_before(self, position: int) -> bool:
        found = match_tolerantly(self._match, self._blocks[position - 1].text, Context())
        return found is None or found.message.outside

    def _agrees(self, clock_ms: int | None, duration_s: float) -> bool:
        """Whether an invocation of that duration that started with this log can finish at that clock."""
        start = self._state.start_clock
        if start is None or clock_ms is None:
            return True
        # The invocation is created up to a few seconds before its first entry is logged.
        return -_CLOCK_SLACK_MS <= _step(start + round(duration_s * 1000), clock_ms) <= _CLOCK_SLACK_MS

    def _imitates(self, index: int, entry: Entry, last: Entry) -> bool:
        """Whether `entry` is text that `last` quotes, or stands where none can stand."""
        state = self._state
        if entry.shape == "cut":
            return last.quotes and not self._big
        if entry.shape != "entry" or last.shape == "triage":
            return False
        if state.finished:
            return entry.kind != "timer_ignored"
        if state.finish is not None and entry.kind == "invocation_finished" and index != state.finish:
            return True
        if not last.quotes or last.shape != "entry":
            return False
        if _body_lacks(last):
            return True
        return not self._plausible(index, entry, last)

    def _plausible(self, index: int, entry: Entry, last: Entry) -> bool:
        if last.kind is None:
            # A custom task's entry: nothing is known of what follows it, so only contradictions count.
            if entry.kind in ("attempt_started", "invocation_queued"):
                return entry.fields.get("attempt") == self._state.attempt + 1
            return self._in_time(entry, last, limit=DAY_MS // 2)
        if last.kind in _FAILURES:
            allowed = _ENDINGS
            if last.writer in ("swarming", "buildbucket") and last.kind.endswith("fetch_failed"):
                allowed |= {"timer_scheduled", "timer_handled", "notification_received", "timer_tick"}
            elif last.kind == "build_request_rejected":
                allowed |= {"build_answered"}
            if entry.kind not in allowed or not self._in_time(entry, last, limit=_REACTION_MS):
                return False
        elif entry.kind is None or not self._in_time(entry, last, limit=DAY_MS // 2):
            return False
        if entry.kind in ("invocation_queued", "attempt_started"):
            return False
        if entry.kind == "attempt_retried" and self._repeated(index, last):
            return False
        return self._ids_known(entry)

    def _in_time(self, entry: Entry, last: Entry, *, limit: int) -> bool:
        if entry.clock_ms is None or last.clock_ms is None:
            return True
        if not -_CLOCK_SLACK_MS <= _step(last.clock_ms, entry.clock_ms) <= limit:
            return False
        state = self._state
        if state.duration_ms is None or state.duration_ms >= DAY_MS or state.start_clock is None:
            return True
        elapsed = (entry.clock_ms - state.start_clock) % DAY_MS
        return elapsed <= state.duration_ms + _CLOCK_SLACK_MS or elapsed >= DAY_MS - _CLOCK_SLACK_MS

    def _repeated(self, index: int, last: Entry) -> bool:
        """Whether a later block announces the same next attempt again, which makes this one the imitation."""
        following = f"Starting the invocation (attempt {self._state.attempt + 1})"
        announced = 0
        for position in range(index + 1, min(index + 200, len(self._blocks))):
            block = self._blocks[position]
            if block.shape == "entry" and block.text.startswith(following):
                announced += 1
                before = self._blocks[position - 1]
                if announced > 1 and before.text.startswith(("The invocation will", "It will probably")):
                    return True
            elif block.text.startswith(f"Starting the invocation (attempt {self._state.attempt + 2})"):
                return False
        return False

    def _ids_known(self, entry: Entry) -> bool:
        timer = entry.fields.get("timer_id")
        if isinstance(timer, str) and self._state.timers:
            parts = parse_timer_id(timer)
            return parts is not None and parts.invocation_id in self._state.timers
        build = entry.fields.get("build_id")
        return not isinstance(build, str) or not self._state.builds or build in self._state.builds

    def _fold(self, entry: Entry, last: Entry) -> None:
        """Make `entry` part of the text of `last`."""
        raw = f"[{format_clock(entry.clock_ms)}] {entry.text}" if entry.clock_ms is not None else entry.text
        last.text = f"{last.text}\n{raw}"
        last.suspicious.append((entry.line, raw))
        kind = last.kind
        self._match_entry(last)
        if last.kind is None and kind is not None:
            last.kind = kind

    def _note(self, index: int, entry: Entry) -> None:
        state = self._state
        if entry.writer is not None:
            state.writers.add(entry.writer)
        if entry.kind == "attempt_started":
            attempt = entry.fields.get("attempt", 1)
            state.attempt = attempt if isinstance(attempt, int) else 1
        elif entry.kind == "invocation_finished":
            state.finished = True
        timer, build = entry.fields.get("timer_id"), entry.fields.get("build_id")
        if isinstance(timer, str) and (parts := parse_timer_id(timer)) is not None:
            state.timers.add(parts.invocation_id)
        if isinstance(build, str):
            state.builds.add(build)


def _step(before_ms: int, after_ms: int) -> int:
    """Return the time from one clock to another, the shorter way around midnight."""
    return (after_ms - before_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2


def _body_lacks(entry: Entry) -> bool:
    """Whether a response's body is still shorter than its Content-Length says."""
    if entry.kind != "fetch_response":
        return False
    head, blank, body = entry.text.replace("\r\n", "\n").partition("\n\n")
    stated = _CONTENT_LENGTH_RE.search(head)
    if stated is None or not blank or body.startswith("<binary response>") or "%!" in body:
        return False
    return len(body.encode("utf-8", "surrogatepass")) < min(int(stated[1]), _BODY_LIMIT)
