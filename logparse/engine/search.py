"""The search for the best reading of a log: which blocks are entries, and which are text of the entry before.

The plain reading accepts every block as an entry. It is taken where it breaks no rule, holds no rare
sequence, and its clocks deviate by at most `_PLAIN_MS` in all, or where no entry can quote.

Otherwise a beam search finds the best reading. A hypothesis has accepted some blocks as entries and absorbed
the others into the entry before them. Equal states are merged. Hypotheses are pruned and chosen by one rank:
their penalty so far, plus the least penalty for ending the quotation that is open. An error cannot know to
the millisecond when it will be logged, so that a forged ending costs more than the true one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from logparse.engine import rules
from logparse.engine.endings import (
    Endings,
    cut_penalties,
    cut_penalty,
    endless_penalty,
    quote_limit,
)
from logparse.engine.hypothesis import Accepted, Hypothesis, rank
from logparse.engine.kinds import AFTER, LOG_CUT, LOG_FRAGMENT
from logparse.engine.meanings import Matcher, Meanings
from logparse.engine.response import Response
from logparse.engine.rules import BROKEN, RARE
from logparse.engine.state import Place, State, Transition, cut, step_between
from logparse.language.messages import in_scope
from logparse.language.syntax import Block, Match

#: How many hypotheses the search keeps. The given logs and their variations need fewer than 16.
BEAM_WIDTH: Final = 32
#: Where more blocks in a row are in doubt than in any genuine log, the beam becomes narrower block by block,
#: so that hostile texts take no longer.
_MOST_WORK: Final = 12_000
_LEAST_WIDTH: Final = 2
#: The plain reading is certain where its clocks deviate by no more than this in all.
_PLAIN_MS: Final = 20
#: The penalty where an invocation begins before the one before it has finished, as in pages saved too early.
_UNFINISHED_MS: Final = 5_000
#: The same where its first entries are those of the log, so that it is another copy; and for absorbing it.
_COPY_MS: Final = 15
_ABSORB_COPY_MS: Final = 10_000
#: The penalty for absorbing the first entry of any other invocation: copies of one log stay copies.
_ABSORB_FIRST_MS: Final = 30
#: By how many entries a copy is known, at least and at most.
_COPIED: Final = range(4, 65)
#: Texts with which an invocation begins.
OPENINGS: Final = (
    "New invocation is queued",
    "New invocation initialized",
    "New invocation should be starting now",
    "Invocation initiated",
)
#: When so many states have numbers, those that no hypothesis is in are forgotten.
_NUMBERED: Final = 4_096
#: A hypothesis this much worse than the best one is dropped.
_WORST: Final = 6 * BROKEN
#: The state after a block, the penalty for accepting it, its message, and its transition.
_Next = tuple[State, int, Match | None, Transition]

#: With what messages begin, where that is fixed.
_PREFIXES: Final = tuple({message.prefix for message in in_scope("invocation") if message.prefix})


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
        self._widest = self._width = width
        self._cuts = cut_penalties(blocks)
        self._copies = _copies(blocks)
        self._endings = Endings(blocks, self._cuts)
        self._meanings = Meanings(match)
        self._numbers: dict[State, int] = {}
        self._last_number = 0
        self._responses: dict[int, Response] = {}

    def best(self) -> Hypothesis:
        """Return the best reading: its last hypothesis."""
        return self._plain() or self._beam()

    # --- the plain reading ------------------------------------------------------------------------

    def _plain(self) -> Hypothesis | None:
        """Return the reading that accepts every block, or None where it is not certain."""
        last = _beginning()
        can_quote, certain = False, 0
        for index in range(len(self._blocks)):
            if last.is_finished and not self._can_follow_finish(index, last.state.place):
                return None
            can_quote = can_quote or last.limit > 0
            last = self._accept(last, index, self._next(last, index))
            accepted = last.last
            if can_quote and (accepted.is_rare or last.penalty - certain > _PLAIN_MS):
                return None
            if accepted.begins or not can_quote:
                certain = last.penalty
        return last

    # --- the beam ---------------------------------------------------------------------------------

    def _beam(self) -> Hypothesis:
        live = [_beginning()]
        certain = 0
        self._numbers = {live[0].state: 0}
        for index in range(len(self._blocks)):
            self._endings.drop(index)
            first = live[0]
            if len(live) == 1 and not first.limit and not first.is_finished:
                # There is one hypothesis and no choice, so that nothing is rare or doubtful.
                only = self._accept(first, index, self._next(first, index))
                only.last = only.last._replace(is_rare=False)
                live, certain = [only], index
                self._numbers = {only.state: 0}
                continue
            if len(self._numbers) > _NUMBERED:
                self._numbers = {hypothesis.state: hypothesis.number for hypothesis in live}
            self._width = min(self._widest, max(_LEAST_WIDTH, _MOST_WORK // (index - certain + 1)))
            live = self._kept(self._step(live, index))
        for hypothesis in live:
            hypothesis.outlook = endless_penalty(hypothesis.state.place, hypothesis.inside)
        best, *others = sorted(live, key=rank)
        for other in others:
            best.margin = min(best.margin, other.penalty + other.outlook - best.penalty - best.outlook)
        return best

    def _kept(self, live: list[Hypothesis]) -> list[Hypothesis]:
        """Return the hypotheses that the beam keeps, the best one first."""
        endings = self._endings
        for hypothesis in live:
            if hypothesis.clocks is not None:
                hypothesis.look(hypothesis.clocks, endings)
        if len(live) == 1:
            return live
        live.sort(key=rank)
        worst = live[0].penalty + live[0].outlook + _WORST
        if len(live) <= self._width and live[-1].penalty + live[-1].outlook <= worst:
            return live
        return [h for h in live[: self._width] if h.penalty + h.outlook <= worst]

    def _step(self, live: Sequence[Hypothesis], index: int) -> list[Hypothesis]:
        """Return the hypotheses of one block more: it is accepted, or absorbed."""
        accepted: dict[int, Hypothesis] = {}
        tried: dict[int, tuple[int, int]] = {}
        absorbing = []
        block = self._blocks[index]
        plain = self._meanings.of(block.text, live[0].state.place)
        first = 0
        if plain.is_first:
            first = _ABSORB_COPY_MS if index in self._copies else _ABSORB_FIRST_MS
        size = len(block.text) + 1
        # A full beam has no place for one that breaks a rule more than its worst does.
        limit = live[-1].penalty if len(live) == self._width and block.shape == "entry" else None
        for hypothesis in live:
            place = hypothesis.state.place
            follows = not hypothesis.is_finished or self._can_follow_finish(index, place)
            known = tried.get(hypothesis.number) if follows else None
            if known is not None:
                # A better one in the same state has accepted the block already.
                best = accepted[known[0]]
                margin = hypothesis.penalty + known[1] - best.penalty
                if margin < best.margin:
                    best.margin = margin
            elif follows and (
                limit is None
                or hypothesis.penalty + BROKEN <= limit
                or plain.kind in AFTER.get(place.kind or "", (plain.kind,))
            ):
                following = self._next(hypothesis, index)
                number = self._number(following[0])
                if place.kind != "fetch_response":
                    tried[hypothesis.number] = number, following[1]
                self._add(accepted, number, hypothesis, index, following)
            if not follows or hypothesis.limit:
                hypothesis.absorb(size, first if follows else None)
                if not follows or hypothesis.size <= hypothesis.limit:
                    absorbing.append(hypothesis)
        return [*accepted.values(), *absorbing]

    def _number(self, state: State) -> int:
        """Return the number of a state, which is the same for equal states."""
        number = self._numbers.get(state)
        if number is None:
            self._last_number += 1
            number = self._numbers[state] = self._last_number
        return number

    def _add(
        self, accepted: dict[int, Hypothesis], number: int, last: Hypothesis, index: int, following: _Next
    ) -> None:
        """Add the hypothesis in which the block is the next entry, or merge it into one in the same state."""
        known = accepted.get(number)
        penalty = last.penalty + following[1]
        if known is not None and (penalty, last.absorbed) >= (known.penalty, known.absorbed):
            known.margin = min(known.margin, penalty - known.penalty)
            return
        accepted[number] = new = self._accept(last, index, following, number)
        if known is not None:
            new.margin = min(new.margin, known.penalty - penalty)

    def _can_follow_finish(self, index: int, place: Place) -> bool:
        block = self._blocks[index]
        if block.shape != "entry":
            return block.shape == "triage"
        meaning = self._meanings.of(block.text, place)
        return meaning.follows_finish or meaning.transition(place).begins

    def _accept(self, last: Hypothesis, index: int, following: _Next, number: int = 0) -> Hypothesis:
        """Return the hypothesis in which the block is the next entry, and whose state has a number."""
        after, penalty, found, by = following
        place = after.place
        return Hypothesis(
            after,
            number,
            Accepted(last.last, index, found, by.is_further, by.is_rare, by.is_cut_short),
            last.penalty + penalty,
            last.absorbed,
            last.margin,
            len(self._blocks[index].text),
            quote_limit(place) if place.quotes else 0,
            place.phase == "finished",
            self._endings.choices(place),
        )

    def _next(self, last: Hypothesis, index: int) -> _Next:
        """Return the state after the block as the next entry, with penalty, message and transition."""
        block, state = self._blocks[index], last.state
        if block.shape != "entry":
            return self._next_mark(last, index)
        place = state.place
        meaning = self._meanings.of(block.text, place)
        found = meaning.found
        if found is None and self._cuts and self._is_cut_short(index):
            by = rules.transition(place, rules.UNKNOWN, is_cut_short=True)
        else:
            by = meaning.transition(place)
        step = step_between(state.clock_ms, block.clock_ms)
        if by.begins:
            penalty = self._begin_penalty(index, place) if by.is_further else 0
            after = State(by.after, meaning.invocation, meaning.build, block.clock_ms, block.clock_ms)
            return after, penalty, found, by
        invocation, build, foreign = state.invocation, state.build, 0
        if meaning.names_ids:
            foreign = rules.foreign_ids(state, meaning.invocation, meaning.build)
            invocation, build = meaning.invocation or invocation, meaning.build or build
        penalty = rules.penalty(by, step, foreign)
        if by.is_rare:
            penalty += RARE
        if found is not None and meaning.is_finish:
            penalty += rules.finish_error(state, block, found, step)
        if place.kind == "fetch_response" and not self._body_ends(last.last.position, index):
            penalty += BROKEN
        if meaning.is_start:
            # Another attempt has another build.
            build = None
        after = State(by.after, invocation, build, state.start_ms, block.clock_ms, state.elapsed_ms + step)
        return after, penalty, found, by

    def _next_mark(self, last: Hypothesis, index: int) -> _Next:
        """Return the same for a block that is not an entry."""
        shape, state = self._blocks[index].shape, last.state
        if shape == "triage":
            is_further = state.place.phase not in ("", "triage")
            by = Transition(Place("triage", ""), is_further=is_further)
            return State(by.after), 0, None, by
        after = cut(state, LOG_CUT if shape == "cut" else LOG_FRAGMENT)
        penalty = cut_penalty(self._cuts[index], state.place, last.inside) if shape == "cut" else 0
        return after, penalty, None, Transition(after.place)

    def _begin_penalty(self, index: int, place: Place) -> int:
        """Return the penalty where an invocation begins after another one."""
        if rules.is_over(place):
            return 0
        if index in self._copies and place.kind not in AFTER:
            return _COPY_MS
        return 2 * BROKEN if place.quotes else _UNFINISHED_MS

    def _is_cut_short(self, index: int) -> bool:
        """Return whether a block is the beginning of a message that a cut broke off."""
        if index + 1 not in self._cuts:
            return False
        text = self._blocks[index].text
        return text.startswith(_PREFIXES) or any(prefix.startswith(text) for prefix in _PREFIXES)

    def _body_ends(self, first: int, end: int) -> bool:
        """Whether a response in blocks `first` to `end` is as long as its Content-Length says, if it says."""
        response = self._responses.pop(first, None) or Response(first, self._blocks[first].text)
        self._responses[first] = response
        if len(self._responses) > 2 * self._width:
            del self._responses[next(iter(self._responses))]
        while response.end < end:
            response.add(rules.raw(self._blocks[response.end]))
        return response.is_whole(end == first + 1)


def _beginning() -> Hypothesis:
    return Hypothesis(State(), 0, Accepted(None, -1, None, begins=True), 0, 0, _WORST, 0)


def _copies(blocks: Sequence[Block]) -> frozenset[int]:
    """Return the indexes of the blocks where a copy of the first invocation begins.

    The text can hold the log of one invocation several times, also from times when it had not finished.
    """
    starts = [index for index, block in enumerate(blocks) if block.text.startswith(OPENINGS)]
    if len(starts) < 2 or starts[0] != 0:
        return frozenset()
    ends = [*starts[1:], len(blocks)]
    copies = []
    for start, end in zip(starts, ends, strict=True):
        number = min(starts[1], end - start, _COPIED[-1])
        if number >= _COPIED[0] and all(_is_same(blocks[at], blocks[start + at]) for at in range(number)):
            copies.append(start)
    return frozenset(copies)


def _is_same(block: Block, other: Block) -> bool:
    return block.clock_ms == other.clock_ms and block.text == other.text
