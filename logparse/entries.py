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

The rules themselves are in `logparse.rules`; here is the search.

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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from logparse import rules
from logparse.messages import Context, Value
from logparse.rules import AFTER, BROKEN, LOG_CUT, LOG_FRAGMENT
from logparse.syntax import Block, Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: A log is trimmed only when it passes 200,000 bytes, and stays near it.
_TRIMMED_SIZE: Final = 100_000
#: What a cut costs: a quoted marker shall lose against an ending that follows at once.
_CUT_MS: Final = 1_000
#: What it costs that an invocation begins where the one before has not finished, as in pages saved too early.
_UNFINISHED_MS: Final = 5_000
#: And what it costs that the first entry of an invocation is only quoted: copies of one log stay copies.
_QUEUED_MS: Final = 30
#: A quotation is no longer than a log can be; a body is shorter.
_QUOTE_LIMIT: Final = 200_000
_RESPONSE_LIMIT: Final = 40_000
#: More readings than these are never kept.
_MOST_READINGS: Final = 48
_WORST: Final = 6 * BROKEN


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

    state: rules.State
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
        self._responses: dict[int, rules.Response] = {}

    def read(self) -> Iterator[list[Entry]]:
        if not self._blocks:
            return
        live = [_Reading(rules.State(), -1, True, 0, 0, 0, None, None)]
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
        return reading.cost + 3 * BROKEN * endless, reading.quoted, reading.index

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
                quoting.append(self._quote(reading, index, BROKEN if reading.index == index - 1 else 0))
            if state.quotes:
                # Where nothing is known of what follows, quoting a plausible entry is the less likely.
                cost = 0 if state.kind in AFTER else BROKEN // 3
                match = self._understand(index, state)
                cost += _QUEUED_MS if match is not None and match.message.kind == "invocation_queued" else 0
                longer = self._quote(reading, index, cost)
                if longer.size <= (_RESPONSE_LIMIT if state.kind == "fetch_response" else _QUOTE_LIMIT):
                    quoting.append(longer)
        best = sorted([*found.values(), *quoting], key=lambda r: r.rank)
        worst = best[0].cost + _WORST
        return [r for r in best[:_MOST_READINGS] if r.cost <= worst]

    def _can_follow_finish(self, index: int, state: rules.State) -> bool:
        found = self._understand(index, state)
        if self._blocks[index].shape != "entry":
            return self._blocks[index].shape == "triage"
        return found is not None and (found.message.kind == "timer_ignored" or rules.begins(found, state))

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
            behind = rules.State("triage", "", False)
            return _Reading(behind, index, begins, reading.cost, reading.quoted, size, None, reading)
        if block.shape != "entry":
            cut = block.shape == "cut"
            cost = (_CUT_MS if self._big else BROKEN) if cut else 0
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
        if found is not None and rules.begins(found, state):
            begins = state.phase not in ("", "triage")
            if begins and state.phase != "finished":
                cost = 2 * BROKEN if state.quotes else _UNFINISHED_MS
            state = rules.State(start_ms=block.clock_ms)
        elif weigh:
            cost = rules.cost(block, found, state)
            if state.kind == "fetch_response" and not self._body_ends(reading.index, index):
                cost += BROKEN
        behind = rules.advance(state, block, found)
        return _Reading(behind, index, begins, reading.cost + cost, reading.quoted, size, found, reading)

    def _understand(self, index: int, state: rules.State) -> Match | None:
        """Return the message of a block. Where it stands matters only to formats that fit too many texts."""
        key = state.kind, "gitiles" in state.writers
        if key not in self._matches:
            context = Context(state.kind, state.writers)
            self._matches[key] = match_tolerantly(self._match, self._blocks[index].text, context)
        return self._matches[key]

    def _body_ends(self, first: int, end: int) -> bool:
        """Whether a response in blocks `first` to `end` is as long as its Content-Length says, if it says."""
        response = self._responses.pop(first, None) or rules.Response(first, self._blocks[first].text)
        self._responses[first] = response
        if len(self._responses) > 2 * _MOST_READINGS:
            del self._responses[next(iter(self._responses))]
        while response.end < end:
            response.add(rules.raw(self._blocks[response.end]))
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
                entry.suspicious.append((quoted.line, rules.raw(quoted)))
            entry.text = "\n".join([entry.text, *(text for _, text in entry.suspicious)])
            assert reading.before is not None
            self._explain(entry, reading, reading.before.state)
            entries.append(entry)
        yield entries

    def _explain(self, entry: Entry, reading: _Reading, before: rules.State) -> None:
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
