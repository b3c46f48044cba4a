"""The messages of the catalogue, as productions."""

from __future__ import annotations

from functools import cache

import pyparsing as pp

from logparse.grammar.terminals import end, one_of, single, terminal
from logparse.language.messages import Field, Message, Value, in_scope
from logparse.language.syntax import Match


def argument(declared: Field, literal: str) -> pp.ParserElement:
    """argument = (* as its type in the catalogue says; ends where the next literal begins *) ;"""
    return terminal(f"(?>{declared.type.pattern(literal)})", f"{declared.name}:{declared.type.name}")


@cache
def message(declared: Message) -> pp.ParserElement:
    """message = ( literal | argument ) , { literal | argument } , end ;"""
    parts = declared.parts
    parsers: list[pp.ParserElement] = []
    for part, following in zip(parts, (*parts[1:], ""), strict=True):
        if isinstance(part, str):
            parsers.append(pp.Literal(part).leave_whitespace().suppress())
        else:
            parsers.append(argument(part, following if isinstance(following, str) else ""))

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        values: dict[str, Value] = {
            field.name: field.type.parse(text) for field, text in zip(declared.fields, tokens, strict=True)
        }
        return single(Match(declared, values))

    return pp.And([*parsers, end()]).set_name(declared.kind).set_parse_action(build)


@cache
def messages(
    scope: str, allowed: frozenset[Message] = frozenset(), beginnings: frozenset[str] | None = None
) -> pp.ParserElement:
    """messages = message | message | … ;  (* the catalogue, the longest fixed beginning first *)

    Parameters
    ----------
    scope:
        ``invocation`` or ``triage``.
    allowed:
        The messages that can be here, of those that only the context distinguishes.
    beginnings:
        Only the messages whose text begins with one of these; None for all.
    """
    choices = [
        message(m)
        for m in in_scope(scope)
        if (not m.after or m in allowed) and (beginnings is None or m.prefix in beginnings)
    ]
    return one_of(*choices).set_name(f"{scope} message")
