"""The productions of a log: its blocks, and the triage block that can be before them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

import pyparsing as pp

from logparse.grammar.terminals import newline, one_of, silent, single, terminal
from logparse.language.syntax import (
    CLOCK,
    CUT_MARKER,
    DASHES,
    LOG_TITLE,
    RULER,
    TRIAGE_CLOCK,
    TRIAGE_TITLE,
    Block,
)

_CUT: Final = re.escape(CUT_MARKER)
_BLOCK_AHEAD: Final = rf"(?:{CLOCK}|{_CUT}[ \t]*+$)"
_TRIAGE_END: Final = rf"(?:{DASHES}[ \t]*+$|{CLOCK}|{_CUT}|{re.escape(LOG_TITLE)})"


def _more_lines(stop: str) -> str:
    """Return the expression of the rest of a line and all lines up to one that `stop` begins."""
    return rf"[^\n]*+(?:\n(?!\Z|{stop})[^\n]*+)*+"


def _milliseconds(clock: str) -> int:
    """Return the milliseconds of the clock of an entry or of a triage line."""
    if " ms]" in clock:
        return int(clock[1 : clock.index(" ")])
    hours, minutes, seconds, ms = (int(digits) for digits in re.findall("[0-9]+", clock))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


_Located = Callable[[int, pp.ParseResults], pp.ParseResults]


def _build_block(shape: str) -> _Located:
    """Return a parse action that makes (offset, block) of [clock,] text. The line is counted later."""

    def build(location: int, tokens: pp.ParseResults) -> pp.ParseResults:
        *clock, text = tokens
        return single((location, Block(shape, 0, _milliseconds(clock[0]) if clock else None, text)))

    return build


@cache
def entry() -> pp.ParserElement:
    """entry = clock , line , { newline , ( line - block start ) } , [ newline ] ;

    clock       = "[" , hour , ":" , minute , ":" , second , "." , millisecond , "]" , ( " " | line end ) ;
    block start = clock | cut marker ;
    """
    text = terminal(_more_lines(_BLOCK_AHEAD), "text of an entry")
    parser = terminal(CLOCK, "[HH:MM:SS.mmm]") + text + newline()
    return parser.set_name("entry").set_parse_action(_build_block("entry"))


@cache
def cut() -> pp.ParserElement:
    """cut = cut marker , { newline , ( line - block start ) } , [ newline ] ;

    cut marker = "--- the log has been cut here ---" , { blank } , line end ;
    """
    text = terminal(rf"{_CUT}[ \t]*+${_more_lines(_BLOCK_AHEAD)}", CUT_MARKER)
    return (text + newline()).set_name("cut").set_parse_action(_build_block("cut"))


@cache
def orphan() -> pp.ParserElement:
    """orphan = ( line - block start ) , { newline , ( line - block start ) } , [ newline ] ;"""
    text = terminal(rf"(?!\Z|{_BLOCK_AHEAD}){_more_lines(_BLOCK_AHEAD)}", "text of no entry")
    return (text + newline()).set_name("orphan").set_parse_action(_build_block("text"))


@cache
def clocked() -> pp.ParserElement:
    """clocked = triage clock , line , { newline , ( line - triage stop - triage clock ) } , [ newline ] ;

    triage clock = "[" , 3 * digit , { digit } , " ms]" , ( " " | line end ) ;
    triage stop  = ruler | clock | cut marker | log title ;
    """
    text = terminal(_more_lines(f"{_TRIAGE_END}|{TRIAGE_CLOCK}"), "text of a triage line")
    parser = terminal(TRIAGE_CLOCK, "[NNN ms]") + text + newline()
    return parser.set_name("clocked").set_parse_action(_build_block("triage"))


@cache
def plain() -> pp.ParserElement:
    """plain = ( line - triage stop - triage clock ) , [ newline ] ;"""
    text = terminal(rf"(?!\Z|{_TRIAGE_END}|{TRIAGE_CLOCK})[^\n]*+", "triage line without a clock")
    return (text + newline()).set_name("plain").set_parse_action(_build_block("triage"))


@cache
def triage() -> pp.ParserElement:
    """triage = ( title , { plain } | clocked ) , { clocked } , [ ruler ] , { blank line } , [ log title ] ;

    title     = "Debug output from the triage procedure:" , [ newline , ruler ] , ( newline | end ) ;
    ruler     = 20 * "-" , { "-" } , line end ;
    log title = "Debug output from the invocation itself:" , ( newline | end ) ;
    """
    title = silent(
        rf"{re.escape(TRIAGE_TITLE)}[ \t]*+(?:\n{DASHES}[ \t]*+)?+(?:\n|\Z)", "title of a triage block"
    )
    begin = one_of(title + pp.ZeroOrMore(plain()), clocked())
    return (begin + pp.ZeroOrMore(clocked()) + silent(RULER, "ruler")).set_name("triage")


@cache
def log() -> pp.ParserElement:
    """log = [ triage | log title ] , [ orphan ] , { entry | cut } ;"""
    title = silent(rf"{re.escape(LOG_TITLE)}[ \t]*+(?:\n|\Z)", "log title")
    parser = (
        pp.Optional(one_of(triage(), title)) + pp.Optional(orphan()) + pp.ZeroOrMore(one_of(entry(), cut()))
    )
    return parser.set_name("log")
