"""The language of filters: from text to a tree of tests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import pyparsing as pp

from logparse.errors import UsageError

#: Longer filters are refused, and so are filters with more parentheses and negations within each other.
MOST_CHARACTERS: Final = 4_000
_MOST_DEPTH: Final = 50

_EXAMPLE: Final = "write it as --where 'status=FAILED and builder~asan and run_s>1h'"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison.

    Attributes
    ----------
    name:
        Of a column, ``prop.NAME`` or ``tag.KEY``.
    operator:
        ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``~``, ``!~``, ``in`` or ``is null``.
    values:
        What it is compared with, as written. There are none for ``is null``.
    """

    name: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """A negation."""

    part: Node


@dataclass(frozen=True, slots=True)
class Every:
    """Tests of which all must hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Tests of which one must hold."""

    parts: tuple[Node, ...]


Node: TypeAlias = Comparison | Not | Every | Some


def parse_expression(text: str) -> Node:
    """Return the tree of a filter.

    Raises
    ------
    UsageError
        Where the text is not a filter. The message names the place.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"the filter is longer than {MOST_CHARACTERS} characters", remedy="make it shorter")
    if _depth(text) > _MOST_DEPTH:
        raise UsageError("the filter is nested too deeply", remedy="use fewer parentheses and negations")
    try:
        (found,) = _grammar().parse_string(text, parse_all=True)
    except pp.ParseException as error:
        rest = text[error.loc :].strip()
        where = f"at {rest[:20]!r}" if rest else "at its end"
        raise UsageError(f"the filter cannot be read {where}", remedy=_EXAMPLE) from None
    node: Node = found
    return node


def _depth(text: str) -> int:
    """Return how deep a filter can be nested at most."""
    return text.count("(") + text.lower().split().count("not")


@cache
def _grammar() -> pp.ParserElement:
    word = pp.Regex(r"""[^\s()'"=!<>~,]++""")
    quoted = pp.Regex(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\"""").set_parse_action(_unquoted)
    value = quoted | word
    keywords = {name: pp.CaselessKeyword(name) for name in ("and", "or", "not", "is", "in", "null")}
    name = pp.Combine(pp.Regex(r"(?:prop|tag)\.") + (quoted | word)) | pp.Regex(r"[A-Za-z_]\w*+")
    is_null = name + keywords["is"].suppress() + pp.Opt(keywords["not"]) + keywords["null"].suppress()
    among = name + keywords["in"].suppress() + pp.Suppress("(") + pp.DelimitedList(value) + pp.Suppress(")")
    compared = name + pp.Regex(r"!=|<=|>=|!~|[=<>~]") + value
    test = (
        is_null.set_parse_action(_is_null)
        | among.set_parse_action(lambda found: Comparison(found[0], "in", tuple(found[1:])))
        | compared.set_parse_action(lambda found: Comparison(found[0], found[1], (found[2],)))
    )
    some = pp.Forward()
    one = pp.Forward()
    negated = (keywords["not"].suppress() + one).set_parse_action(lambda found: Not(found[0]))
    one <<= negated | pp.Suppress("(") + some + pp.Suppress(")") | test
    every = pp.DelimitedList(one, delim=keywords["and"]).set_parse_action(lambda found: _joined(Every, found))
    some <<= pp.DelimitedList(every, delim=keywords["or"]).set_parse_action(
        lambda found: _joined(Some, found)
    )
    return some


def _unquoted(found: pp.ParseResults) -> str:
    """Return a quoted value without its quotation marks. A backslash makes the next character plain."""
    inside = iter(found[0][1:-1])
    return "".join(next(inside, "") if character == "\\" else character for character in inside)


def _is_null(found: pp.ParseResults) -> Node:
    test = Comparison(found[0], "is null")
    return Not(test) if len(found) > 1 else test


def _joined(kind: Any, found: pp.ParseResults) -> Node:
    node: Node = found[0] if len(found) == 1 else kind(tuple(found))
    return node
