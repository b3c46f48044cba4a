"""The search for the best reading of a log: which blocks are entries, and which are text of the entry before.

The plain reading accepts every block as an entry. It is taken where it breaks no rule, holds no rare
sequence, and its clocks deviate by at most `_PLAIN_MS` in all, or where no entry can quote.

Otherwise a beam search finds the best reading. A hypothesis has accepted some blocks as entries and absorbed
the others into the entry before them. Equal states are merged. Hypotheses are pruned and chosen by one rank:
their penalty so far, plus the least penalty for ending the quotation that is open. An error cannot know to the
millisecond when it will be logged, so that a forged ending costs more than the true one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from logparse import rules
from logparse.messages import MESSAGES, Context, in_scope
from logparse.response import Response
from logparse.rules import AFTER, BROKEN, LOG_CUT, LOG_FRAGMENT, State
from logparse.syntax import Block, Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: How many hypotheses the search keeps. The given logs and their variations need fewer than 16.
BEAM_WIDTH: Final = 32
#: In a log of more blocks than any genuine one the beam is narrower, so that hostile texts take no longer.
_MOST_WORK: Final = 32_000
_LEAST_WIDTH: Final = 4
#: The plain reading is certain where its clocks deviate by no more than this in all.
_PLAIN_MS: Final = 20
#: The scheduler trims a log to just below the higher size, and keeps its last lines: as many follow the marker.
_TRIMMED_SIZES: Final = range(190_000, 200_001)
_TAIL_LINES: Final = 100
#: Saved pages may be of other sizes. A shorter text was not trimmed by the scheduler.
_BIG: Final = 100_000
#: The penalties for a cut. A marker in a quoted failure loses against an ending that follows at once, but
#: where the size and the lines after it are those of a trimmed log.
_TRIMMED_MS: Final = 5
_CUT_MS: Final = 1_000
_SMALL_CUT_MS: Final = 2_000
#: The further penalty where the cut ends a quotation that has absorbed blocks: those may have been cut too.
_CUT_AFTER_ABSORBED_MS: Final = 20_000
#: The penalty where an invocation begins before the one before it has finished, as in pages saved too early.
_UNFINISHED_MS: Final = 5_000
#: The penalty for absorbing the first entry of an invocation: copies of one log stay copies.
_QUEUED_MS: Final = 30
#: The penalties for absorbing a block into a quoted failure: each of the first ones, each further one.
_ABSORB_MS: Final = 10
_FIRST_ABSORBED: Final = 10
#: The same where nothing is known of what follows the quotation, so that a plausible entry is more likely one.
_ABSORB_UNKNOWN: Final = BROKEN // 3
_ABSORB_MORE_UNKNOWN: Final = BROKEN // 100
#: The penalty for a quotation that nothing ends. It is the last resort.
_ENDLESS: Final = 3 * BROKEN
#: A quotation is no longer than a log can be; a body is shorter.
_QUOTE_LIMIT: Final = 200_000
_RESPONSE_LIMIT: Final = 40_000
#: A hypothesis this much worse than the best one is dropped.
_WORST: Final = 6 * BROKEN
#: With what messages begin, where that is fixed.
_PREFIXES: Final = frozenset(message.prefix for message in in_scope("invocation") if message.prefix)
#: Kinds and writers that decide which messages can follow.
_CONTEXTS: Final = frozenset[str]().union(*(message.after for message in MESSAGES))


@dataclass(slots=True)
class Hypothesis:
    """A reading of the log up to here: its last accepted block, and the hypothesis before that.

    Parameters
    ----------
    state:
        After the last accepted block.
    index:
        Of the last accepted block. The blocks after it are absorbed into it.
    begins:
        Whether that block is the first of an invocation.
    penalty, absorbed:
        Of the whole hypothesis: its penalty so far, and how many blocks it absorbs.
    found:
        The message of the last accepted block without what it absorbs.
    before:
        The hypothesis that accepted it.
    rare:
        Whether the last accepted block follows in a rare sequence.
    is_cut_short:
        Whether the last accepted block is the beginning of a message that a cut broke off.
    margin:
        By how much the best reading that was merged into this one was worse.
    size, inside:
        Of the last accepted block: the text with all that it absorbs, and how many blocks that is.
    outlook, ending, seen_left:
        The least penalty for ending the quotation that is open: by any means, by an entry, and among how
        many such entries that was.
    """

    state: State
    index: int
    begins: bool
    penalty: int
    absorbed: int
    found: Match | None
    before: Hypothesis | None
    rare: bool
    margin: int
    size: int
    is_cut_short: bool = False
    inside: int = 0
    outlook: int = 0
    ending: int = 0
    seen_left: int = -1


def _rank(hypothesis: Hypothesis) -> tuple[int, int, int]:
    """Return the rank, the lower the better. Its last part only makes the order definite."""
    return hypothesis.penalty + hypothesis.outlook, hypothesis.absorbed, hypothesis.index


class Search:
    """Finds the best reading of blocks.

    Parameters
    ----------
    blocks:
        Of one log, or of several one after another; at least one.
    match:
        The parser's exact matcher.
    width:
        How many hypotheses the beam keeps.
    """

    def __init__(self, blocks: Sequence[Block], match: Matcher, width: int) -> None:
        self._blocks = blocks
        self._match = match
        self._width = min(width, max(_LEAST_WIDTH, _MOST_WORK // len(blocks)))
        self._cuts = _cut_penalties(blocks)
        self._matches: list[dict[tuple[str | None, frozenset[str]], Match | None]] = [{} for _ in blocks]
        self._responses: dict[int, Response] = {}

    def best(self) -> Hypothesis:
        """Return the best reading: its last hypothesis, whose `before` leads back to the beginning."""
        return self._plain() or self._beam()

    # --- the plain reading ------------------------------------------------------------------------

    def _plain(self) -> Hypothesis | None:
        """Return the reading that accepts every block, or None where it is not certain."""
        last = _beginning()
        can_quote, certain = False, 0
        for index in range(len(self._blocks)):
            state = last.state
            if state.phase == "finished" and not self._can_follow_finish(index, state):
                return None
            can_quote = can_quote or state.quotes
            last = self._accept(last, index)
            if can_quote and (last.rare or last.penalty - certain > _PLAIN_MS):
                return None
            if last.begins or not can_quote:
                certain = last.penalty
        return last

    # --- the beam ---------------------------------------------------------------------------------

    def _beam(self) -> Hypothesis:
        live = [_beginning()]
        endings = _Endings(self._blocks, self._understand, self._cuts)
        for index in range(len(self._blocks)):
            endings.drop(index)
            first = live[0]
            if len(live) == 1 and not first.state.quotes and first.state.phase != "finished":
                # There is one hypothesis and no choice, so that nothing is rare or doubtful.
                live = [self._accept(first, index)]
                live[0].rare = False
                continue
            candidates = self._step(live, index)
            for candidate in candidates:
                endings.look(candidate)
            candidates.sort(key=_rank)
            worst = candidates[0].penalty + candidates[0].outlook + _WORST
            live = [h for h in candidates[: self._width] if h.penalty + h.outlook <= worst]
        best = live[0]
        for other in live[1:]:
            best.margin = min(best.margin, other.penalty + other.outlook - best.penalty - best.outlook)
        return best

    def _step(self, live: Sequence[Hypothesis], index: int) -> list[Hypothesis]:
        """Return the hypotheses of one block more: it is accepted, or absorbed."""
        accepted: dict[State, Hypothesis] = {}
        tried: dict[State, tuple[int, State]] = {}
        absorbing = []
        plain = self._understand(index, live[0].state)
        kind = plain.message.kind if plain else None
        is_entry = self._blocks[index].shape == "entry"
        size = len(self._blocks[index].text) + 1
        # A full beam has no place for one that breaks a rule more than its worst does.
        limit = live[-1].penalty if len(live) == self._width else None
        for hypothesis in live:
            state = hypothesis.state
            follows = state.phase != "finished" or self._can_follow_finish(index, state)
            if follows and state in tried and state.kind != "fetch_response":
                # A better one in the same state has accepted the block already.
                added, after = tried[state]
                best = accepted[after]
                best.margin = min(best.margin, hypothesis.penalty + added - best.penalty)
            elif follows and (
                limit is None
                or not is_entry
                or hypothesis.penalty + BROKEN <= limit
                or kind in AFTER.get(state.kind or "", (kind,))
            ):
                new = self._accept(hypothesis, index)
                tried[state] = new.penalty - hypothesis.penalty, new.state
                known = accepted.get(new.state)
                accepted[new.state] = new if known is None else _merged(new, known)
            if not follows or state.quotes:
                _absorb(hypothesis, size, follows, kind == "invocation_queued")
                if not follows or hypothesis.size <= _quote_limit(state.kind):
                    absorbing.append(hypothesis)
        return [*accepted.values(), *absorbing]

    def _can_follow_finish(self, index: int, state: State) -> bool:
        if self._blocks[index].shape != "entry":
            return self._blocks[index].shape == "triage"
        found = self._understand(index, state)
        return found is not None and (found.message.kind == "timer_ignored" or rules.begins(found, state))

    def _accept(self, last: Hypothesis, index: int) -> Hypothesis:
        """Return the hypothesis in which the block is the next entry."""
        block, state = self._blocks[index], last.state
        found, begins, rare, cut_short, penalty = None, False, False, False, 0
        if block.shape == "entry":
            found = self._understand(index, state)
            if found is not None and rules.begins(found, state):
                begins = state.phase not in ("", "triage")
                if begins and state.phase != "finished":
                    penalty = 2 * BROKEN if state.quotes else _UNFINISHED_MS
                state = State(start_ms=block.clock_ms)
            else:
                cut_short = found is None and self._is_cut_short(index)
                penalty = rules.penalty(block, found, state, cut_short=cut_short)
                rare = found is not None and rules.is_rare(found, state)
                if state.kind == "fetch_response" and not self._body_ends(last.index, index):
                    penalty += BROKEN
            after = rules.advance(state, block, found)
        elif block.shape == "triage":
            begins = state.phase not in ("", "triage")
            after = State("triage", "", False)
        else:
            penalty = self._cut_penalty(last, index) if block.shape == "cut" else 0
            after = rules.cut(state, LOG_CUT if block.shape == "cut" else LOG_FRAGMENT)
        return Hypothesis(
            after,
            index,
            begins,
            last.penalty + penalty,
            last.absorbed,
            found,
            last,
            rare,
            last.margin,
            len(block.text),
            cut_short,
        )

    def _is_cut_short(self, index: int) -> bool:
        """Return whether a block is the beginning of a message that a cut broke off."""
        text = self._blocks[index].text
        return index + 1 in self._cuts and any(
            prefix.startswith(text) or text.startswith(prefix) for prefix in _PREFIXES
        )

    def _cut_penalty(self, last: Hypothesis, index: int) -> int:
        penalty = self._cuts[index]
        if last.inside:
            penalty += _CUT_AFTER_ABSORBED_MS
        unknown = last.state.quotes and last.state.kind not in AFTER
        return BROKEN if unknown and penalty == _SMALL_CUT_MS else penalty

    def _understand(self, index: int, state: State) -> Match | None:
        """Return the message of a block. What precedes it matters only to formats that fit too many texts."""
        key = state.kind if state.kind in _CONTEXTS else None, state.writers & _CONTEXTS
        known = self._matches[index]
        if key not in known:
            context = Context(state.kind, state.writers)
            known[key] = match_tolerantly(self._match, self._blocks[index].text, context)
        return known[key]

    def _body_ends(self, first: int, end: int) -> bool:
        """Whether a response in blocks `first` to `end` is as long as its Content-Length says, if it says."""
        response = self._responses.pop(first, None) or Response(first, self._blocks[first].text)
        self._responses[first] = response
        if len(self._responses) > 2 * self._width:
            del self._responses[next(iter(self._responses))]
        while response.end < end:
            response.add(rules.raw(self._blocks[response.end]))
        return response.is_whole(end == first + 1)


def _absorb(hypothesis: Hypothesis, size: int, follows: bool, is_queued: bool) -> None:
    """Make one block more text of the last accepted one."""
    if not follows:
        cost = 1 if hypothesis.inside else BROKEN
    elif hypothesis.state.kind in AFTER:
        cost = _ABSORB_MS if hypothesis.inside < _FIRST_ABSORBED else 1
    else:
        cost = _ABSORB_MORE_UNKNOWN if hypothesis.inside else _ABSORB_UNKNOWN
    hypothesis.penalty += cost + (_QUEUED_MS if is_queued and follows else 0)
    hypothesis.size += size
    hypothesis.absorbed += 1
    hypothesis.inside += 1


def _quote_limit(kind: str | None) -> int:
    return _RESPONSE_LIMIT if kind == "fetch_response" else _QUOTE_LIMIT


def _cut_penalties(blocks: Sequence[Block]) -> dict[int, int]:
    """Return the penalty for accepting each marker of a cut, by the index of its block."""
    cuts = [index for index, block in enumerate(blocks) if block.shape == "cut"]
    if not cuts:
        return {}
    size = sum(len(rules.raw(block).encode("utf-8", "surrogatepass")) + 1 for block in blocks)
    penalty = _CUT_MS if size >= _BIG else _SMALL_CUT_MS
    penalties = dict.fromkeys(cuts, penalty)
    if size in _TRIMMED_SIZES:
        after = 0
        position = len(blocks)
        for index in reversed(cuts):
            after += sum(block.text.count("\n") + 1 for block in blocks[index:position])
            position = index
            if after > _TAIL_LINES or index == len(blocks) - 1:
                penalties[index] = _TRIMMED_MS
    return penalties


def _beginning() -> Hypothesis:
    return Hypothesis(State(), -1, True, 0, 0, None, None, False, _WORST, 0)


def _merged(new: Hypothesis, known: Hypothesis) -> Hypothesis:
    """Return the better of two hypotheses that have the same state, and note how near the other was."""
    better, worse = (new, known) if _rank(new) < _rank(known) else (known, new)
    better.margin = min(better.margin, worse.penalty - better.penalty)
    return better


class _Endings:
    """The least penalty for ending an open quotation with one of the blocks that are left.

    It holds, for each set of kinds that can follow a quoted failure, the clocks of the blocks left of
    these kinds, in order. A cut ends a quotation too.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        understand: Callable[[int, State], Match | None],
        cuts: Mapping[int, int],
    ) -> None:
        self._left = len(blocks)
        self._last_cut = max(cuts, default=-1)
        self._cut = min(cuts.values(), default=BROKEN)
        self._clocks: dict[frozenset[str], list[int]] = {kinds: [] for kinds in AFTER.values()}
        self._ends: list[tuple[int, list[list[int]]] | None] = []
        start = State()
        for index, block in enumerate(blocks):
            found = understand(index, start) if block.shape == "entry" else None
            lists = [c for k, c in self._clocks.items() if found is not None and found.message.kind in k]
            self._ends.append((block.clock_ms, lists) if lists and block.clock_ms is not None else None)
            for clocks in lists:
                clocks.append(block.clock_ms or 0)
        for clocks in self._clocks.values():
            clocks.sort()

    def drop(self, index: int) -> None:
        """Take a block away: it is no longer left."""
        self._left -= 1
        if index == self._last_cut:
            self._cut = BROKEN
        ends = self._ends[index]
        if ends is not None:
            for clocks in ends[1]:
                del clocks[bisect_left(clocks, ends[0])]

    def look(self, hypothesis: Hypothesis) -> None:
        """Set the least penalty that the hypothesis must still take for its open quotation."""
        state = hypothesis.state
        if not self._left:
            hypothesis.outlook = _ENDLESS if hypothesis.inside and state.phase != "finished" else 0
            return
        kinds = AFTER.get(state.kind or "") if state.quotes else None
        if kinds is None or state.clock_ms is None:
            return
        clocks = self._clocks[kinds]
        most = self._cut + (_CUT_AFTER_ABSORBED_MS if hypothesis.inside else 0)
        # Fewer blocks are left, so that it changes only where their number does.
        if hypothesis.seen_left != len(clocks):
            hypothesis.seen_left = len(clocks)
            hypothesis.ending = _nearest_ending(clocks, state.clock_ms)
        hypothesis.outlook = min(most, hypothesis.ending)


def _nearest_ending(clocks: Sequence[int], clock: int) -> int:
    """Return the least penalty of the sorted clocks for an entry that ends a quotation at `clock`."""
    if not clocks:
        return BROKEN
    at = bisect_left(clocks, clock)
    steps = [rules.step_between(clock, other) for other in (clocks[at % len(clocks)], clocks[at - 1])]
    return min(BROKEN, *(rules.ending_penalty(step, same_process=False) for step in steps))
