"""The meanings of entries' texts, and their transitions. Both are found once and remembered.

The rules thereby become an automaton. It serves all logs, because nearly all of them have the same places
and transitions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from logparse.engine import rules
from logparse.engine.state import Place, Transition
from logparse.language.messages import MESSAGES, Context
from logparse.language.syntax import Match, match_tolerantly

Matcher = Callable[[str, Context], Match | None]

#: The meanings of so many texts are remembered, the transitions by so many signs, and so many by each.
_MOST_TEXTS: Final = 1_024
_MOST_SIGNS: Final = 512
_MOST_PLACES: Final = 128
#: The transitions that are known, by the sign of the entry and by the place before.
_TRANSITIONS: Final[dict[tuple[object, ...], dict[Place, Transition]]] = {}
#: Kinds and writers that decide which messages can follow.
CONTEXTS: Final = frozenset[str]().union(*(message.after for message in MESSAGES))

#: Allows all formats that fit too many texts.
_ANY_CONTEXT: Final = Context(None, CONTEXTS)

Key = TypeVar("Key")
Thing = TypeVar("Thing")


class Meaning:
    """The meaning of an entry's text.

    Parameters
    ----------
    found:
        Its message, or None where it is not one of the catalogue's.
    text:
        The text.
    """

    __slots__ = (
        "_sign",
        "_transitions",
        "build",
        "follows_finish",
        "found",
        "invocation",
        "is_finish",
        "is_first",
        "is_start",
        "kind",
        "names_ids",
    )

    def __init__(self, found: Match | None, text: str) -> None:
        self.found = found
        message = found.message if found else None
        self.kind = message.kind if message else None
        self.is_start = self.kind == "attempt_started"
        self.is_finish = self.kind == "invocation_finished"
        self.is_first = message is not None and rules.is_first(message)
        self.follows_finish = message is not None and rules.follows_finish(message)
        self.invocation, self.build = rules.named_ids(found, text) if found else (None, None)
        self.names_ids = self.invocation is not None or self.build is not None
        self._sign = rules.sign(found)
        # A format is one object, which is compared faster than what it consists of.
        key = id(message), *self._sign[1:]
        known = _TRANSITIONS.get(key)
        if known is None:
            known = {}
            _remember(_TRANSITIONS, key, known, _MOST_SIGNS)
        self._transitions = known

    def transition(self, place: Place) -> Transition:
        """Return the transition from a place by this entry."""
        known = self._transitions.get(place)
        if known is None:
            known = rules.transition(place, self._sign)
            _remember(self._transitions, place, known, _MOST_PLACES)
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
            known = Meaning(match_tolerantly(self._match, text, _ANY_CONTEXT), text)
            _remember(self._known, text, known, _MOST_TEXTS)
        if known.found is None or not known.found.message.after:
            return known
        # Another format may fit where this one cannot follow.
        key = text, place.kind if place.kind in CONTEXTS else None, place.writers & CONTEXTS
        after = self._known_after.get(key)
        if after is None:
            context = Context(place.kind, place.writers)
            after = Meaning(match_tolerantly(self._match, text, context), text)
            _remember(self._known_after, key, after, _MOST_TEXTS)
        return after


def _remember(known: dict[Key, Thing], key: Key, thing: Thing, most: int) -> None:
    if len(known) >= most:
        known.clear()
    known[key] = thing
