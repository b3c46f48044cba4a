"""The productions of the head of a page, and of the texts that its sections hold."""

from __future__ import annotations

from functools import cache

import pyparsing as pp

from logparse.grammar.terminals import line_start, one_of, silent, single, terminal, unnamed
from logparse.language.syntax import (
    AGE,
    BREADCRUMB,
    BULLET,
    HEADER_FIELD,
    HEADING,
    LINK,
    STATUS,
    TITLE,
    PageTrigger,
)


@cache
def breadcrumb() -> pp.ParserElement:
    """breadcrumb = "All projects" , separator , project , separator , job , separator , invocation id ;

    separator = ( slash | newline , { white space } , [ slash ] ) , { white space } ;
    slash     = "/" | "›" | ">" | "»" ;
    """
    parser = terminal(BREADCRUMB, "breadcrumb")
    return parser.set_parse_action(
        lambda t: single(("breadcrumb", "", (t["project"], t["job"], t["invocation"])))
    )


@cache
def header_field() -> pp.ParserElement:
    """header field = field name , ":" , ( value | newline , { white space } , value below ) ;

    field name  = "Status" | "Triggered by" | "Duration" | "Actions" ;
    value       = (* up to the end of the line, or to the next field on it *) ;
    value below = line - ( field name , ":" ) - heading ;
    """
    parser = terminal(HEADER_FIELD, "header field")

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        value = tokens["value"] if tokens["below"] is None else tokens["below"]
        return single(("header", tokens["name"], value.strip()))

    return parser.set_parse_action(build)


@cache
def section() -> pp.ParserElement:
    """section = heading , { newline , ( line - heading ) } , [ newline ] ;

    heading = [ "#" , { "#" } ] , name , [ "(rev " , revision , ")" ] , [ ":" ] , line end ;
    name    = "Definition" | "Incoming triggers" | "Incoming properties" | "Incoming tags"
            | "Outgoing triggers" ;
    """
    heading = terminal(HEADING, "heading")
    heading.set_parse_action(lambda t: single((t["heading"], t["revision"])))
    body = terminal(rf"(?:\n(?!{unnamed(HEADING)})[^\n]*+)*+\n?+", "section body")

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        (name, revision), text = tokens
        return single(("section", name, (revision, text.strip("\n"))))

    return (heading + body).set_name("section").set_parse_action(build)


@cache
def head() -> pp.ParserElement:
    """head = { breadcrumb | header field , { header field } | line - heading | newline } , { section } ;"""
    other = terminal(rf"(?!{unnamed(HEADING)})[^\n]++", "other line")
    other.set_parse_action(lambda t: single(("other", "", t[0])))
    part = one_of(
        line_start() + breadcrumb(),
        line_start() + pp.OneOrMore(header_field()),
        other,
        silent(r"\n", "newline"),
    )
    return (pp.ZeroOrMore(part) + pp.ZeroOrMore(section())).set_name("head")


@cache
def status() -> pp.ParserElement:
    """status = word , [ "<" , url , ">" ] , line ;"""
    parser = terminal(STATUS, "status") + silent(r"[^\n]*+", "rest of the line")
    return parser.set_name("status").set_parse_action(lambda t: single((t["status"], t["url"])))


@cache
def trigger() -> pp.ParserElement:
    """trigger = [ bullet ] , [ title ] , [ link ] , [ age ] , line end ;  (* and no blank line *)

    bullet = ( "•" | "◦" | "▪" | "‣" | "·" | "*" | "-" ) , blank ;
    title  = (* up to a link or an age that ends the line, else to the end of the line *) ;
    link   = "<" , url , ">" ;
    age    = "(" , ( "now" | … , ( " ago" | " from now" ) ) , [ " by " , sender ] , ")" ;
    """
    parser = (
        silent(rf"^(?=[ \t]*+[^ \t\n]){BULLET}", "bullet")
        + pp.Optional(terminal(TITLE, "title"))
        + pp.Optional(terminal(rf"[ \t]*+{LINK}", "link"))
        + pp.Optional(terminal(rf"[ \t]*+{AGE}", "age"))
        + silent(r"[ \t]*+$", "end of the line")
    )
    return parser.set_name("trigger").set_parse_action(
        lambda t: single(PageTrigger(t.get("title", ""), t.get("url"), t.get("age"), t.get("by")))
    )


def _other_line() -> pp.ParserElement:
    """other line = line - newline | newline ;"""
    return silent(r"[^\n]++|\n", "other line")


@cache
def triggers() -> pp.ParserElement:
    """triggers = { trigger | line | newline } ;"""
    return pp.ZeroOrMore(one_of(trigger(), _other_line())).set_name("triggers")


@cache
def tag() -> pp.ParserElement:
    """tag = [ bullet ] , word , { blank , word } , line end ;"""
    parser = silent(rf"^{BULLET}", "bullet") + terminal(
        r"(?P<tag>(?:[^ \t\n]++|[ \t]++(?!$))++)[ \t]*+$", "key:value"
    )
    return parser.set_name("tag").set_parse_action(lambda t: single(t["tag"]))


@cache
def tags() -> pp.ParserElement:
    """tags = { tag | line | newline } ;"""
    return pp.ZeroOrMore(one_of(tag(), _other_line())).set_name("tags")
