"""What texts of entries mean, and the transitions that they are: both are found once and remembered.

The rules thereby become an automaton: after its first time, an entry in a place that was there before costs
two look-ups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from logparse import rules
from logparse.messages import MESSAGES, Context
from logparse.state import Place, Transition
from logparse.syntax import Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: The meanings of so many texts are remembered, and so many transitions of each.
_REMEMBERED: Final = 1_024
_TRANSITIONS: Final = 64
#: Kinds and writers that decide which messages can follow.
_CONTEXTS: Final = frozenset[str]().union(*(message.after for message in MESSAGES))

#: Allows all formats that fit too many texts.
_ANY_CONTEXT: Final = Context(None, _CONTEXTS)

Key = TypeVar("Key")


class Meaning:
    """The meaning of an entry's text.

    Parameters
    ----------
    text:
        The text.
    found:
        Its message, or None where it is not one of the catalogue's.
    """

    __slots__ = ("_transitions", "found", "is_finish", "kind", "text")

    def __init__(self, text: str, found: Match | None) -> None:
        self.text = text
        self.found = found
        self.kind = found.message.kind if found else None
        self.is_finish = self.kind == "invocation_finished"
        self._transitions: dict[Place, Transition] = {}

    def transition(self, place: Place) -> Transition:
        """Return the transition from a place by this entry."""
        known = self._transitions.get(place)
        if known is None:
            if len(self._transitions) >= _TRANSITIONS:
                self._transitions.clear()
            known = self._transitions[place] = rules.transition(place, self.found, self.text)
        return known


class Meanings:
    """The meanings of the texts of one log.

    Parameters
    ----------
    match:
        The parser's exact matcher.
    """

    def __init__(self, match: Matcher) -> None:
        self._match = match
        self._known: dict[str, Meaning] = {}
        self._known_after: dict[tuple[str, str | None, frozenset[str]], Meaning] = {}

    def of(self, text: str, place: Place) -> Meaning:
        """Return the meaning of a text after a place, which matters to few formats."""
        known = self._known.get(text)
        if known is None:
            known = Meaning(text, match_tolerantly(self._match, text, _ANY_CONTEXT))
            _remember(self._known, text, known)
        if known.found is None or not known.found.message.after:
            return known
        # Another format may fit where this one cannot follow.
        key = text, place.kind if place.kind in _CONTEXTS else None, place.writers & _CONTEXTS
        after = self._known_after.get(key)
        if after is None:
            context = Context(place.kind, place.writers)
            after = Meaning(text, match_tolerantly(self._match, text, context))
            _remember(self._known_after, key, after)
        return after


def _remember(known: dict[Key, Meaning], key: Key, meaning: Meaning) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = meaning
