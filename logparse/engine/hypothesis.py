"""Hypotheses: readings of the log up to a block, which the search goes on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from logparse.engine.endings import Endings, nearest_ending
from logparse.engine.rules import BROKEN
from logparse.engine.state import State
from logparse.language.syntax import Match

#: The penalties for absorbing a block into a quoted failure: each of the first ones, each further one.
_ABSORB_MS: Final = 10
_FIRST_ABSORBED: Final = 30
#: The same where nothing is known of what follows, so that a plausible entry is more likely one.
_ABSORB_UNKNOWN: Final = BROKEN // 3
_ABSORB_MORE_UNKNOWN: Final = BROKEN // 20


class Accepted(NamedTuple):
    """A block that a reading accepts as an entry.

    Parameters
    ----------
    before:
        The accepted block before it.
    position:
        Index of the block. The blocks between it and the next accepted one are absorbed into it.
    found:
        Its message without what it absorbs.
    begins:
        Whether it is the first of an invocation.
    is_rare:
        Whether it follows in a rare sequence.
    is_cut_short:
        Whether it is the beginning of a message that a cut broke off.
    """

    before: Accepted | None
    position: int
    found: Match | None
    begins: bool = False
    is_rare: bool = False
    is_cut_short: bool = False


@dataclass(slots=True)
class Hypothesis:
    """A reading of the log up to here.

    Parameters
    ----------
    state, number:
        After the last accepted block, and the state's number: equal states have the same one.
    last:
        The last accepted block. The blocks after it are absorbed into it.
    penalty, absorbed:
        Of the whole hypothesis: its penalty so far, and how many blocks it absorbs.
    margin:
        By how much the best reading that was merged into this one was worse.
    size, inside:
        Of the last accepted block: the text with all that it absorbs, and how many blocks that is.
    limit, is_finished:
        Of the state: how many characters the last accepted block can quote, and whether the invocation has
        finished.
    clocks:
        Where the last accepted block quotes a failure: the clocks of the blocks left that can end it.
    outlook, ending, seen_left:
        The least penalty for ending the quotation that is open: by any means, by an entry, and among how
        many such entries that was.
    """

    state: State
    number: int
    last: Accepted
    penalty: int
    absorbed: int
    margin: int
    size: int
    limit: int = 0
    is_finished: bool = False
    clocks: Sequence[int] | None = None
    inside: int = 0
    outlook: int = 0
    ending: int = 0
    seen_left: int = -1

    def absorb(self, size: int, first: int | None) -> None:
        """Make one block more text of the last accepted one.

        Parameters
        ----------
        size:
            Of the block in characters.
        first:
            The penalty for absorbing the first entry of an invocation, 0 for another one. None where the
            block cannot follow as an entry.
        """
        inside = self.inside
        if first is None:
            self.penalty += 0 if inside else BROKEN
        elif self.clocks is not None:
            self.penalty += first + (_ABSORB_MS if inside < _FIRST_ABSORBED else 1)
        else:
            self.penalty += first + (_ABSORB_MORE_UNKNOWN if inside else _ABSORB_UNKNOWN)
        self.size += size
        self.absorbed += 1
        self.inside = inside + 1

    def look(self, clocks: Sequence[int], endings: Endings) -> None:
        """Set the least penalty that it must still take for its open quotation."""
        # Fewer blocks are left, so that it changes only where their number does.
        left = len(clocks)
        if self.seen_left != left:
            self.seen_left = left
            self.ending = nearest_ending(clocks, self.state.clock_ms or 0)
        self.outlook = endings.least(self.ending, self.inside)


def rank(hypothesis: Hypothesis) -> tuple[int, int, int]:
    """Return the rank, the lower the better. Its last part only makes the order definite."""
    return hypothesis.penalty + hypothesis.outlook, hypothesis.absorbed, hypothesis.last.position
