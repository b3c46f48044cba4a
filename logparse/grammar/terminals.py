"""The terminals of the grammar. No parser here skips white space, or changes a setting of pyparsing."""

from __future__ import annotations

import re

import pyparsing as pp


def terminal(pattern: str, name: str) -> pp.ParserElement:
    """Return a parser of one regular expression that skips no white space.

    A combination of such parsers skips none either, because it inherits the setting.
    """
    return pp.Regex(pattern, flags=re.MULTILINE).leave_whitespace().set_name(name)


def silent(pattern: str, name: str) -> pp.ParserElement:
    """Return a parser of a text that must be there and gives no token."""
    return terminal(pattern, name).suppress().set_name(name)


def one_of(*choices: pp.ParserElement) -> pp.ParserElement:
    """Return a parser of the first of `choices` that fits."""
    return pp.MatchFirst(list(choices))


def single(value: object) -> pp.ParseResults:
    """Return `value` as one token, even if it is a list or a tuple."""
    return pp.ParseResults([value])


def unnamed(pattern: str) -> str:
    """Return a regular expression without the names of its groups."""
    return re.sub(r"\?P<\w+>", "?:", pattern)


def end() -> pp.ParserElement:
    """end = (* the end of the text *) ;"""
    return silent(r"\Z", "end of text")


def newline() -> pp.ParserElement:
    """newline = (* a newline, where there is one *) ;"""
    return silent(r"\n?+", "newline")


def line_start() -> pp.ParserElement:
    """line start = (* the start of a line *) ;"""
    return silent("^", "start of a line")
