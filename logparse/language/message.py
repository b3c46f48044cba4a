"""A message format of the scheduler, the types of its arguments, and the context that decides some formats.

The catalogue of all formats is in `logparse.language.messages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from logparse.values import gonotation

Value: TypeAlias = str | int | float | bool | list[str] | dict[str, str]

TODAY: Final = "today"


@dataclass(frozen=True, slots=True)
class FieldType:
    """How one kind of argument is written in a message.

    Parameters
    ----------
    name:
        What the catalogue calls it.
    strict:
        Regular expression of the argument where its shape alone shows where it ends.
    loose:
        Character class of an argument that ends only where the next literal text begins. With
        `strict` as well, the strict shape is tried first.
    parse, format:
        From and to the argument's text.
    outside:
        The text comes from outside of the scheduler (an error, an HTTP body) and may hold
        anything, lines that imitate entries included.
    """

    name: str
    strict: str | None = None
    loose: str | None = None
    parse: Callable[[str], Value] = str
    format: Callable[..., str] = str
    outside: bool = False

    def pattern(self, literal: str) -> str:
        """Return the regular expression of an argument that `literal` follows (empty at the end)."""
        ahead = f"(?={re.escape(literal)})" if literal else r"\Z"
        choices = []
        if self.strict is not None:
            choices.append(f"(?:{self.strict}){ahead}" if self.loose else f"(?:{self.strict})")
        if self.loose is not None:
            choices.append(f"{self.loose}*?{ahead}" if literal else f"{self.loose}*+")
        return "|".join(choices)


def _bool_text(value: bool) -> str:
    return "true" if value else "false"


_LINE: Final = r"[^\n]"
_ANY: Final = r"[\s\S]"

TYPES: Final[Mapping[str, FieldType]] = {
    t.name: t
    for t in (
        FieldType("text", loose=_LINE),
        FieldType("error", loose=_ANY, outside=True),
        FieldType("json", loose=_ANY),
        FieldType("word", strict=r"\S++"),
        FieldType("ref", strict=r"[^\s:]++"),
        FieldType("method", strict=r"[A-Z]++"),
        FieldType("status", strict=r"\w++"),
        FieldType("id", strict=r"-?+[0-9]{1,20}+(?![0-9])"),
        FieldType("int", strict=r"-?+[0-9]{1,18}+(?![0-9])", parse=int),
        FieldType("code", strict=r"[0-9]{3}(?![0-9])", parse=int),
        FieldType("bool", strict=r"true|false", parse=lambda s: s == "true", format=_bool_text),
        FieldType(
            "quoted",
            # Where the scheduler passed an argument too few, Go wrote %!q(MISSING) in its place.
            strict=rf"{gonotation.QUOTED}|%!\w\([^)\n]*+\)",
            parse=gonotation.unquote,
            format=gonotation.quote,
        ),
        FieldType(
            "duration",
            strict=gonotation.DURATION,
            parse=gonotation.parse_duration_s,
            format=gonotation.format_duration,
        ),
        FieldType("timer_id", strict=r"[^:\n]++:[0-9]{1,20}+:[0-9]{1,10}+:[0-9]{1,10}+", loose=_LINE),
        FieldType(
            "list",
            loose=_LINE,
            parse=gonotation.parse_list,
            format=gonotation.format_list,
        ),
        FieldType("map", loose=_ANY, parse=gonotation.parse_map, format=gonotation.format_map),
        FieldType("response", loose=_ANY, outside=True),
    )
}


@dataclass(frozen=True, slots=True)
class Field:
    """One argument of a message: its name and its type."""

    name: str
    type: FieldType


@dataclass(frozen=True, slots=True)
class Message:
    """One message format of the scheduler.

    Parameters
    ----------
    kind:
        What the message means; formats that mean the same share it.
    format:
        The scheduler's own format string, in Go's notation.
    fields:
        The arguments, in the order of the format's verbs.
    scope:
        ``invocation``, ``triage``, or ``both``: the logs that it is in.
    writer:
        The part of the scheduler that writes it.
    since, until:
        ISO days between which the scheduler's source held it; `until` may be ``today``.
    after:
        For a format that fits too many texts: the kinds that it directly follows, or the writer
        that must have written before. Empty where the format speaks for itself.
    """

    kind: str
    format: str
    fields: tuple[Field, ...]
    scope: str
    writer: str
    since: str
    until: str
    after: frozenset[str] = frozenset()
    parts: tuple[str | Field, ...] = field(init=False, repr=False, compare=False)
    outside: bool = field(init=False, repr=False, compare=False)
    """Whether the message quotes text from outside of the scheduler."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self._split()))
        object.__setattr__(self, "outside", any(f.type.outside for f in self.fields))

    def _split(self) -> Iterable[str | Field]:
        """Yield literals and fields in turn. The last newline of a format is the entry's: it is left out."""
        pieces = re.split(r"%([sdqvT])", self.format.removesuffix("\n"))
        fields = iter(self.fields)
        for position, piece in enumerate(pieces):
            if position % 2:
                yield next(fields)
            elif piece:
                yield piece

    @property
    def prefix(self) -> str:
        """The literal text that every message of this format begins with; empty where there is none."""
        first = self.parts[0]
        return first if isinstance(first, str) else ""

    def render(self, values: Mapping[str, Value]) -> str:
        """Return the message with `values` as its arguments, as the scheduler would write it."""
        return "".join(p if isinstance(p, str) else p.type.format(values[p.name]) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Context:
    """The context of a message, for the formats that only their context distinguishes.

    Parameters
    ----------
    previous:
        Kind of the entry before, or None.
    writers:
        Parts of the scheduler that have written so far.
    scope:
        ``invocation`` or ``triage``.
    """

    previous: str | None = None
    writers: frozenset[str] = frozenset()
    scope: str = "invocation"

    def allows(self, message: Message) -> bool:
        """Return whether `message` can be here."""
        return (
            not message.after or self.previous in message.after or not message.after.isdisjoint(self.writers)
        )
