"""What texts of entries mean, and the transitions that they are: both are found once and remembered.

The rules thereby become an automaton: after its first time, an entry in a place that was there before costs
two look-ups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from logparse import rules
from logparse.messages import MESSAGES, Context
from logparse.rules import Sign
from logparse.state import Place, Transition
from logparse.syntax import Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: The meanings of so many texts are remembered, the transitions by so many signs, and so many by each.
_TEXTS: Final = 1_024
_SIGNS: Final = 512
_TRANSITIONS: Final = 128
#: Kinds and writers that decide which messages can follow.
_CONTEXTS: Final = frozenset[str]().union(*(message.after for message in MESSAGES))

#: Allows all formats that fit too many texts.
_ANY_CONTEXT: Final = Context(None, _CONTEXTS)

Key = TypeVar("Key")
Thing = TypeVar("Thing")


class Meaning:
    """The meaning of an entry's text.

    Parameters
    ----------
    found:
        Its message, or None where it is not one of the catalogue's.
    sign:
        Of the entry.
    transitions:
        Those that are known by entries of this sign, by the place before.
    """

    __slots__ = ("_sign", "_transitions", "follows_finish", "found", "is_finish", "is_first", "kind")

    def __init__(self, found: Match | None, sign: Sign, transitions: dict[Place, Transition]) -> None:
        self.found = found
        self._sign = sign
        self._transitions = transitions
        message = sign.message
        self.kind = message.kind if message else None
        self.is_finish = self.kind == "invocation_finished"
        self.is_first = message is not None and rules.is_first(message)
        self.follows_finish = message is not None and rules.follows_finish(message)

    def transition(self, place: Place) -> Transition:
        """Return the transition from a place by this entry."""
        known = self._transitions.get(place)
        if known is None:
            known = rules.transition(place, self._sign)
            _remember(self._transitions, place, known, _TRANSITIONS)
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
        self._transitions: dict[tuple[object, ...], dict[Place, Transition]] = {}
        self._known_after: dict[tuple[str, str | None, frozenset[str]], Meaning] = {}

    def of(self, text: str, place: Place) -> Meaning:
        """Return the meaning of a text after a place, which matters to few formats."""
        known = self._known.get(text)
        if known is None:
            known = self._meaning(text, _ANY_CONTEXT)
            _remember(self._known, text, known, _TEXTS)
        if known.found is None or not known.found.message.after:
            return known
        # Another format may fit where this one cannot follow.
        key = text, place.kind if place.kind in _CONTEXTS else None, place.writers & _CONTEXTS
        after = self._known_after.get(key)
        if after is None:
            after = self._meaning(text, Context(place.kind, place.writers))
            _remember(self._known_after, key, after, _TEXTS)
        return after

    def _meaning(self, text: str, context: Context) -> Meaning:
        found = match_tolerantly(self._match, text, context)
        sign = rules.sign(found, text)
        # A format is one object, which is compared faster than what it consists of.
        key = id(sign.message), *sign[1:]
        transitions = self._transitions.get(key)
        if transitions is None:
            transitions = {}
            _remember(self._transitions, key, transitions, _SIGNS)
        return Meaning(found, sign, transitions)


def _remember(known: dict[Key, Thing], key: Key, thing: Thing, most: int) -> None:
    if len(known) >= most:
        known.clear()
    known[key] = thing
