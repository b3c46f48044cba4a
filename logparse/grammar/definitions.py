"""The production of a job's definition: a protobuf message in text format."""

from __future__ import annotations

import re
from functools import cache

import pyparsing as pp

from logparse.grammar.terminals import one_of, silent, single, terminal
from logparse.language.syntax import (
    DEFINITION_NAME,
    DEFINITION_NUMBER,
    DEFINITION_SPACE,
    DEFINITION_STRING,
    parse_number,
)
from logparse.values import gonotation


def _token(pattern: str, name: str) -> pp.ParserElement:
    """Return a parser of a token and the white space and comments after it."""
    return terminal(f"(?P<token>{pattern}){DEFINITION_SPACE}", name).set_parse_action(lambda t: t["token"])


def _sign(characters: str) -> pp.ParserElement:
    """Return a parser of one of `characters`, which gives no token."""
    name = " or ".join(f'"{character}"' for character in characters)
    return _token(f"[{re.escape(characters)}]", name).suppress().set_name(name)


@cache
def definition() -> pp.ParserElement:
    """definition = { name , ( ":" , value | group ) , [ "," | ";" ] } ;

    value  = group | list | scalar ;
    group  = "{" , definition , "}" | "<" , definition , ">" ;
    list   = "[" , [ value , { "," , value } , [ "," ] ] , "]" ;
    scalar = string , { string } | number | word ;

    White space, and comments from "#" to the end of the line, can be between any two of these.
    """
    # After a token that decides, "-" makes a mistake final, so that the error names its place.
    value, fields = pp.Forward(), pp.Forward()
    value.leave_whitespace().set_name("value")
    fields.leave_whitespace().set_name("fields")
    string = pp.OneOrMore(_token(DEFINITION_STRING, "string")).set_name("strings")
    string.set_parse_action(lambda t: single("".join(gonotation.unquote(piece) for piece in t)))
    number = _token(DEFINITION_NUMBER, "number")
    number.add_parse_action(lambda t: single(parse_number(t[0])))
    word = _token(DEFINITION_NAME, "word")
    word.add_parse_action(lambda t: single({"true": True, "false": False}.get(t[0], t[0])))
    group = one_of(_sign("{") - fields - _sign("}"), _sign("<") - fields - _sign(">")).set_name("group")
    items = pp.Optional(value + pp.ZeroOrMore(_sign(",") + value) + pp.Optional(_sign(",")))
    listed = (_sign("[") - items - _sign("]")).set_name("list")
    listed.set_parse_action(lambda t: single(list(t)))
    value <<= one_of(group, listed, string, number, word).set_name("value")
    setting = one_of(_sign(":") - value, group).set_name('":" or group')
    one = (_token(DEFINITION_NAME, "name") - setting + pp.Optional(_sign(",;"))).set_name("field")
    one.set_parse_action(lambda t: single((t[0], t[1])))
    fields <<= pp.ZeroOrMore(one).set_parse_action(lambda t: single(tuple(t)))
    return pp.And([silent(DEFINITION_SPACE, "space"), fields]).set_name("definition")
