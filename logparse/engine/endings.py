"""How a quotation can end: the penalties for its ending, and for a cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final

from logparse.engine import rules
from logparse.engine.kinds import AFTER
from logparse.engine.rules import BROKEN
from logparse.engine.state import Place, step_between
from logparse.language.messages import in_scope
from logparse.language.syntax import Block

#: The scheduler trims a log to just below the higher size, and keeps its last lines, which follow the marker.
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
#: The penalty for a quotation that nothing ends: less than two broken rules, more than one.
_ENDLESS: Final = 2 * BROKEN - BROKEN // 10
#: A quotation is no longer than a log can be; a body is shorter.
_QUOTE_LIMIT: Final = 200_000
_RESPONSE_LIMIT: Final = 40_000


def quote_limit(place: Place) -> int:
    """Return how many characters an entry can quote."""
    return _RESPONSE_LIMIT if place.kind == "fetch_response" else _QUOTE_LIMIT


def cut_penalties(blocks: Sequence[Block]) -> dict[int, int]:
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


def cut_penalty(penalty: int, place: Place, inside: int) -> int:
    """Return the penalty for accepting a marker of a cut.

    Parameters
    ----------
    penalty:
        Of `cut_penalties`.
    place, inside:
        After the entry before the marker, and how many blocks this entry has absorbed.
    """
    if inside:
        penalty += _CUT_AFTER_ABSORBED_MS
    unknown = place.quotes and place.kind not in AFTER
    return BROKEN if unknown and penalty == _SMALL_CUT_MS else penalty


class Endings:
    """The least penalty for ending an open quotation with one of the blocks that are left.

    It holds, for each set of kinds that can follow a quoted failure, the clocks of the blocks left that begin
    like messages of these kinds, in order. A cut ends a quotation too.

    Parameters
    ----------
    blocks:
        Of the log.
    cuts:
        Its `cut_penalties`.
    """

    def __init__(self, blocks: Sequence[Block], cuts: Mapping[int, int]) -> None:
        self._blocks = blocks
        self._last_cut = max(cuts, default=-1)
        self._cut = min(cuts.values(), default=BROKEN)
        self._clocks: dict[frozenset[str], list[int]] = {kinds: [] for kinds in _PREFIXES}
        self._left: dict[int, list[list[int]]] = {}
        for index, block in enumerate(blocks):
            if found := [self._clocks[kinds] for kinds in _kinds_of(block)]:
                self._left[index] = found
                for clocks in found:
                    clocks.append(block.clock_ms or 0)
        for clocks in self._clocks.values():
            clocks.sort()

    def drop(self, index: int) -> None:
        """Take a block away: it is no longer left."""
        if index == self._last_cut:
            self._cut = BROKEN
        for clocks in self._left.get(index, ()):
            del clocks[bisect_left(clocks, self._blocks[index].clock_ms or 0)]

    def choices(self, place: Place) -> Sequence[int] | None:
        """Return the clocks of the blocks left that can end a quoted failure, or None if none is quoted."""
        kinds = AFTER.get(place.kind or "")
        return None if kinds is None else self._clocks[kinds]

    def least(self, ending: int, inside: int) -> int:
        """Return the least penalty by any means where that by an entry is `ending`."""
        cut = self._cut + _CUT_AFTER_ABSORBED_MS if inside else self._cut
        return ending if ending < cut else cut


def endless_penalty(place: Place, inside: int) -> int:
    """Return the penalty for a quotation at the end of the log."""
    return _ENDLESS if inside and place.phase != "finished" else 0


def nearest_ending(clocks: Sequence[int], clock: int) -> int:
    """Return the least penalty of the sorted clocks for an entry that ends a quotation at `clock`."""
    if not clocks:
        return BROKEN
    at = bisect_left(clocks, clock)
    after = _ending_penalty(step_between(clock, clocks[at if at < len(clocks) else 0]))
    if after == 0:
        return 0
    before = _ending_penalty(step_between(clock, clocks[at - 1]))
    return min(BROKEN, after, before)


def _ending_penalty(step: int) -> int:
    # Which process writes the ending is not known yet.
    return rules.ending_penalty(step, same_process=False)


def _prefixes() -> dict[frozenset[str], tuple[str, ...]]:
    """Return what the messages begin with that can follow a quoted failure, by their kinds."""
    messages = in_scope("invocation")
    return {kinds: tuple({m.prefix for m in messages if m.kind in kinds}) for kinds in set(AFTER.values())}


_PREFIXES: Final = _prefixes()
#: With what these begin, in so many characters as all of them have.
_LEAST_PREFIX: Final = min(len(prefix) for prefixes in _PREFIXES.values() for prefix in prefixes)
_BEGINNINGS: Final = frozenset(
    prefix[:_LEAST_PREFIX] for prefixes in _PREFIXES.values() for prefix in prefixes
)


def _kinds_of(block: Block) -> list[frozenset[str]]:
    """Return the sets of kinds whose messages begin like a block."""
    if block.text[:_LEAST_PREFIX] not in _BEGINNINGS or block.shape != "entry" or block.clock_ms is None:
        return []
    return [kinds for kinds, prefixes in _PREFIXES.items() if block.text.startswith(prefixes)]
