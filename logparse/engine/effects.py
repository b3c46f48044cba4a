"""Effects: how an entry of a simple kind changes the facts, written as text in the table of kinds.

An effect is one of these:

``part.field=argument``
    Sets a field of a part, for example ``gitiles.repository=repository``. A part is the record of a kind of
    job. It is made where it does not exist yet.
``part.field=VALUE``
    Sets a field to a constant in capitals, or to ``true``.
``part.list+=argument``
    Appends an argument to a list of a part.
``error``, as an argument
    The error that the entry quotes, or the entry's text where it quotes none.
``fail``, ``close``, ``open:SOURCE``
    Ends the attempt with an error; closes the open status check; opens one.
``run``
    Calls the method ``on_<kind>`` of the replay, which has the logic.
``?part`` before an effect
    Applies it only where the part exists already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

#: Effects that a method of the replay carries out.
ACTIONS: Final = frozenset({"fail", "close", "open", "run"})
#: The argument that an entry has in any case.
ERROR: Final = "error"

_CONSTANTS: Final[dict[str, Any]] = {"true": True}
_EFFECT_RE: Final = re.compile(
    r"(?P<only>\?)?+(?:(?P<part>\w+)\.(?P<field>\w+)(?P<sign>\+?=)(?P<value>\w+)"
    r"|(?P<action>\w+)(?::(?P<source>\w+))?+)"
)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of an entry.

    Parameters
    ----------
    action:
        ``set``, ``append``, or one of `ACTIONS`.
    part, field:
        Where the value goes; empty for other actions.
    value:
        The name of the argument, a constant, or the source of a status check.
    is_constant:
        Whether `value` is written as it is.
    only_where_known:
        Whether the effect applies only where the part exists already.
    type:
        Of a value that fits the field. An argument of another type leaves the field as it is.
    """

    action: str
    part: str = ""
    field: str = ""
    value: Any = ""
    is_constant: bool = False
    only_where_known: bool = False
    type: tuple[type, ...] = ()


def parse_effects(text: str, arguments: frozenset[str], parts: dict[str, type]) -> tuple[Effect, ...]:
    """Return the effects that a row states.

    Parameters
    ----------
    text:
        Effects, parted by blanks.
    arguments:
        Names of the arguments that the formats of the kind have.
    parts:
        The class of each part by its name.

    Raises
    ------
    ValueError
        For an effect that is not one of those above, or that names an unknown part, field or argument.
    """
    return tuple(_parse(word, arguments, parts) for word in text.split())


def _parse(word: str, arguments: frozenset[str], parts: dict[str, type]) -> Effect:
    found = _EFFECT_RE.fullmatch(word)
    if found is None or (found["action"] and found["action"] not in ACTIONS):
        raise ValueError(f"{word!r} is not an effect")
    if found["action"]:
        return Effect(found["action"], value=found["source"] or "")
    part, name, value = found["part"], found["field"], found["value"]
    if part not in parts:
        raise ValueError(f"{word!r} names an unknown part")
    hints = _hints(parts[part])
    if name not in hints:
        raise ValueError(f"{word!r} names a field that {parts[part].__name__} does not have")
    is_constant = value in _CONSTANTS or value.isupper()
    if not is_constant and value != ERROR and value not in arguments:
        raise ValueError(f"{word!r} names an argument that no format of the kind has")
    return Effect(
        "append" if found["sign"] == "+=" else "set",
        part,
        name,
        _CONSTANTS.get(value, value),
        is_constant,
        bool(found["only"]),
        _types(hints[name]),
    )


@cache
def _hints(record: type) -> dict[str, Any]:
    return get_type_hints(record)


def _types(hint: Any) -> tuple[type, ...]:
    """Return the classes of the values that a type hint allows, None left out."""
    if isinstance(hint, type):
        return (hint,)
    origin = get_origin(hint)
    if isinstance(origin, type) and origin in (list, dict):
        return (origin,)
    return tuple(found for part in get_args(hint) for found in _types(part) if found is not type(None))
