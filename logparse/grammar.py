"""The grammar of the scheduler's pages and logs, in pyparsing.

This is the definition to read and to test one production at a time; `logparse.scanner` is its
fast equal for everyday use. Each production is a function that returns a named parser, and its
docstring is its EBNF. White space counts in a log, so every parser leaves it alone; nothing here
changes a setting of pyparsing for the rest of the process.

Two start symbols cover a page: `head` and `log`. `split_head` finds where one ends and the other
begins. The messages come from the catalogue in `logparse.messages`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import pyparsing as pp

from logparse import gonotation
from logparse.errors import GrammarError
from logparse.messages import Context, Field, Message, Value, in_scope
from logparse.syntax import (
    AGE,
    BREADCRUMB,
    BULLET,
    CLOCK,
    CUT_MARKER,
    DASHES,
    DEFINITION_NAME,
    DEFINITION_NUMBER,
    DEFINITION_SPACE,
    DEFINITION_STRING,
    HEADER_FIELD,
    HEADING,
    LINK,
    LOG_TITLE,
    MAX_NESTING,
    TITLE,
    TRIAGE_CLOCK,
    TRIAGE_TITLE,
    Block,
    Definition,
    Match,
    Page,
    PageTrigger,
    attach_ages,
    dedent,
    parse_number,
    split_head,
)

_CUT: Final = re.escape(CUT_MARKER)
_BLOCK_AHEAD: Final = rf"(?:{CLOCK}|{_CUT}[ \t]*+$)"
_TRIAGE_END: Final = rf"(?:{DASHES}[ \t]*+$|{CLOCK}|{_CUT}|{re.escape(LOG_TITLE)})"


def _terminal(pattern: str, name: str) -> pp.Regex:
    """Return a parser of one regular expression that skips no white space."""
    terminal = pp.Regex(pattern, flags=re.MULTILINE)
    terminal.leave_whitespace()
    terminal.set_name(name)
    return terminal


def _production(parser: pp.ParserElement, name: str) -> pp.ParserElement:
    parser.leave_whitespace(recursive=False)
    return parser.set_name(name)


def _single(value: object) -> pp.ParseResults:
    """Return `value` as one token, also where it is a list or a tuple."""
    return pp.ParseResults([value])


# --- messages ---------------------------------------------------------------------------------


def field(field: Field, literal: str) -> pp.ParserElement:
    """field = (* as its type in the catalogue says; ends where the next literal begins *) ;"""
    return _terminal(f"(?>{field.type.pattern(literal)})", f"{field.name}:{field.type.name}")


@cache
def message(declared: Message) -> pp.ParserElement:
    """message = literal | field , { literal | field } , end of text ;"""
    parts = declared.parts
    parsers: list[pp.ParserElement] = []
    for position, part in enumerate(parts):
        if isinstance(part, str):
            literal = pp.Literal(part)
            literal.leave_whitespace()
            parsers.append(literal.suppress().leave_whitespace(recursive=False))
        else:
            following = parts[position + 1] if position + 1 < len(parts) else ""
            parsers.append(field(part, following if isinstance(following, str) else ""))
    parsers.append(_production(pp.StringEnd(), "end of text"))
    parser = _production(pp.And(parsers), declared.kind)

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        values: dict[str, Value] = {}
        for declared_field, text in zip(declared.fields, tokens, strict=True):
            values[declared_field.name] = declared_field.type.parse(text)
        return _single(Match(declared, values))

    return parser.set_parse_action(build)


@cache
def messages(scope: str, allowed: frozenset[Message] = frozenset()) -> pp.ParserElement:
    """messages = message | message | … ;  (* the catalogue, the longest fixed beginning first *)

    Parameters
    ----------
    scope:
        ``invocation`` or ``triage``.
    allowed:
        Which of the messages that only their context tells apart can stand here.
    """
    choices = [message(m) for m in in_scope(scope) if not m.after or m in allowed]
    return _production(pp.MatchFirst(choices), f"{scope} message")


# --- the log ----------------------------------------------------------------------------------


def _block(shape: str) -> Any:
    """Return a parse action that makes a block of (clock,) text; its line is counted afterwards."""

    def build(location: int, tokens: pp.ParseResults) -> pp.ParseResults:
        *clock, text = tokens
        return _single((location, Block(shape, 0, _milliseconds(clock[0]) if clock else None, text)))

    return build


def _milliseconds(clock: str) -> int:
    if clock.rstrip().endswith("ms]"):
        return int(clock[1 : clock.index(" ")])
    hours, minutes, seconds, ms = (int(digits) for digits in re.findall(r"\d+", clock))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


@cache
def entry() -> pp.ParserElement:
    """entry = clock , line , { newline , line that begins no block } , [ newline ] ;"""
    text = _terminal(rf"[^\n]*+(?:\n(?!\Z|{_BLOCK_AHEAD})[^\n]*+)*+", "entry text")
    parser = _terminal(CLOCK, "[HH:MM:SS.mmm]") + text + _newline()
    return _production(parser, "entry").set_parse_action(_block("entry"))


@cache
def cut() -> pp.ParserElement:
    """cut = "--- the log has been cut here ---" , { newline , line that begins no block } , [ newline ] ;"""
    text = _terminal(rf"{_CUT}[ \t]*+$(?:\n(?!\Z|{_BLOCK_AHEAD})[^\n]*+)*+", "cut marker")
    return _production(text + _newline(), "cut").set_parse_action(_block("cut"))


@cache
def orphan() -> pp.ParserElement:
    """orphan = line that begins no block , { newline , line that begins no block } ;"""
    text = _terminal(rf"(?!\Z|{_BLOCK_AHEAD})[^\n]*+(?:\n(?!\Z|{_BLOCK_AHEAD})[^\n]*+)*+", "orphan text")
    return _production(text + _newline(), "orphan").set_parse_action(_block("text"))


@cache
def triage() -> pp.ParserElement:
    """triage = title , { plain line } , { clocked line } , ruler | { clocked line } , [ ruler ] ;

    title = "Debug output from the triage procedure:" , newline , ruler ;
    clocked line = "[" , digit , digit , digit , { digit } , " ms] " , text ;
    ruler = 20 * "-" , { "-" } , newline , [ "Debug output from the invocation itself:" , newline ] ;
    """
    title = _terminal(rf"{re.escape(TRIAGE_TITLE)}[ \t]*(?:\n{DASHES}[ \t]*$)?+(?:\n|\Z)", "triage title")
    plain = _terminal(rf"(?!\Z|{_TRIAGE_END}|{TRIAGE_CLOCK})[^\n]*+", "triage line")
    plain_line = (plain + _newline()).leave_whitespace(recursive=False).set_parse_action(_block("triage"))
    more = _terminal(rf"[^\n]*+(?:\n(?!\Z|{_TRIAGE_END}|{TRIAGE_CLOCK})[^\n]*+)*+", "triage text")
    clocked = (_terminal(TRIAGE_CLOCK, "[NNN ms]") + more + _newline()).leave_whitespace(recursive=False)
    clocked.set_parse_action(_block("triage"))
    begin = pp.MatchFirst(
        [title.suppress(), _terminal(rf"(?={TRIAGE_CLOCK})", "triage clock ahead").suppress()]
    )
    parser = begin + pp.ZeroOrMore(plain_line) + pp.ZeroOrMore(clocked) + _ruler()
    return _production(parser, "triage")


def _ruler() -> pp.ParserElement:
    pattern = rf"(?:{DASHES}[ \t]*\n)?+\s*+(?:{re.escape(LOG_TITLE)}[ \t]*(?:\n|\Z))?+"
    return _terminal(pattern, "ruler").suppress()


def _newline() -> pp.ParserElement:
    return _terminal(r"\n?+", "newline").suppress().leave_whitespace(recursive=False)


@cache
def log() -> pp.ParserElement:
    """log = [ triage | log title ] , [ orphan ] , { entry | cut } ;"""
    title = _terminal(rf"{re.escape(LOG_TITLE)}[ \t]*(?:\n|\Z)", "log title").suppress()
    parser = (
        pp.Optional(pp.MatchFirst([triage(), title]))
        + pp.Optional(orphan())
        + pp.ZeroOrMore(pp.MatchFirst([entry(), cut()]))
        + pp.StringEnd()
    )
    return _production(parser, "log")


# --- the head of a page -----------------------------------------------------------------------


@cache
def breadcrumb() -> pp.ParserElement:
    """breadcrumb = "All projects" , sep , project , sep , job , sep , invocation id ;"""
    parser = _terminal(BREADCRUMB, "breadcrumb")
    return parser.set_parse_action(
        lambda t: _single(("breadcrumb", "", (t["project"], t["job"], t["invocation"])))
    )


@cache
def header_field() -> pp.ParserElement:
    """header field = ( "Status" | "Triggered by" | "Duration" | "Actions" ) , ":" , [ newline ] , value ;"""
    parser = _terminal(HEADER_FIELD, "header field")

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        value = tokens["below"] if "below" in tokens and tokens["below"] is not None else tokens["value"]
        return _single(("header", tokens["name"], value.strip()))

    return parser.set_parse_action(build)


@cache
def section() -> pp.ParserElement:
    """section = heading , [ "(rev " , revision , ")" ] , newline , { line that is no heading , newline } ;"""
    heading = _terminal(HEADING, "heading")
    heading.set_parse_action(lambda t: _single((t["heading"], t["revision"])))
    body = _terminal(rf"(?:[^\n]*+(?:\n(?!{_unnamed(HEADING)})[^\n]*+)*+)\n?+", "section body")
    parser = heading + body

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        (name, revision), text = tokens
        return _single(("section", name, (revision, text.strip("\n"))))

    return _production(parser, "section").set_parse_action(build)


@cache
def head() -> pp.ParserElement:
    """head = { breadcrumb | header field | other line | newline } , { section } ;"""
    other = _terminal(rf"(?!{_unnamed(HEADING)})[^\n]++", "other line")
    other.set_parse_action(lambda t: _single(("other", "", t[0])))
    at_line_start = _terminal(r"^", "line start").suppress()
    line = pp.MatchFirst(
        [
            at_line_start + breadcrumb(),
            at_line_start + pp.OneOrMore(header_field()),
            other,
            _terminal(r"\n", "newline").suppress(),
        ]
    ).leave_whitespace(recursive=False)
    for choice in line.exprs:
        choice.leave_whitespace(recursive=False)
    return _production(pp.ZeroOrMore(line) + pp.ZeroOrMore(section()) + pp.StringEnd(), "head")


def _unnamed(pattern: str) -> str:
    return re.sub(r"\?P<\w+>", "?:", pattern)


@cache
def trigger() -> pp.ParserElement:
    """trigger = [ bullet ] , title , [ "<" , url , ">" ] , [ "(" , age , [ "by" , sender ] , ")" ] ;"""
    parser = _terminal(
        rf"^(?=[ \t]*+[^ \t\n]){BULLET}(?:{TITLE})?+(?:[ \t]*+{LINK})?+(?:[ \t]*+{AGE})?+[ \t]*+$", "trigger"
    )
    return parser.set_parse_action(
        lambda t: _single(PageTrigger(t["title"] or "", t["url"], t["age"], t["by"]))
    )


@cache
def triggers() -> pp.ParserElement:
    """triggers = { trigger | other line | newline } ;"""
    blank = _terminal(r"[ \t]*+\n|[ \t]++\Z", "blank line").suppress()
    other = _terminal(r"[^\n]++", "other line").suppress()
    return _production(pp.ZeroOrMore(pp.MatchFirst([blank, trigger(), other])) + pp.StringEnd(), "triggers")


@cache
def tags() -> pp.ParserElement:
    """tags = { [ bullet ] , key , ":" , value , newline } ;"""
    tag = _terminal(rf"^{BULLET}(?P<tag>(?:[^ \t\n]++|[ \t]++(?!$))++)[ \t]*+$", "tag")
    tag.set_parse_action(lambda t: _single(t["tag"]))
    blank = _terminal(r"[ \t]*+\n|[ \t]++\Z", "blank line").suppress()
    other = _terminal(r"[^\n]++", "other line").suppress()
    return _production(pp.ZeroOrMore(pp.MatchFirst([blank, tag, other])) + pp.StringEnd(), "tags")


# --- the definition ---------------------------------------------------------------------------


def _token(pattern: str, name: str) -> pp.ParserElement:
    terminal = _terminal(f"{DEFINITION_SPACE}(?P<token>{pattern})", name)
    return terminal.set_parse_action(lambda t: t["token"])


def _sign(characters: str) -> pp.ParserElement:
    return _token(f"[{re.escape(characters)}]", " or ".join(characters)).suppress()


@cache
def definition() -> pp.ParserElement:
    """definition = { name , ( ":" , value | group ) , [ "," | ";" ] } ;

    value  = scalar | group | list ;
    group  = "{" , definition , "}" | "<" , definition , ">" ;
    list   = "[" , [ value , { "," , value } , [ "," ] ] , "]" ;
    scalar = string , { string } | number | name ;
    """
    value = pp.Forward()
    fields = pp.Forward()
    string = pp.OneOrMore(_token(DEFINITION_STRING, "string"))
    string.set_parse_action(lambda t: _single("".join(gonotation.unquote(piece) for piece in t)))
    number = _token(DEFINITION_NUMBER, "number")
    number.add_parse_action(lambda t: _single(parse_number(t[0])))
    word = _token(DEFINITION_NAME, "word")
    word.add_parse_action(lambda t: _single({"true": True, "false": False}.get(t[0], t[0])))
    group = pp.MatchFirst([_sign("{") + fields + _sign("}"), _sign("<") + fields + _sign(">")]).set_name(
        "group"
    )
    items = pp.Optional(value + pp.ZeroOrMore(_sign(",") + value) + pp.Optional(_sign(",")))
    listed = (_sign("[") + items + _sign("]")).set_name("list")
    listed.set_parse_action(lambda t: _single(list(t)))
    value <<= pp.MatchFirst([group, listed, string, word, number])
    one = (
        _token(DEFINITION_NAME, "name")
        + pp.MatchFirst([_sign(":") + value, group])
        + pp.Optional(_sign(",;"))
    )
    one.set_parse_action(lambda t: _single((t[0], t[1])))
    fields <<= pp.ZeroOrMore(one).set_parse_action(lambda t: _single(tuple(t)))
    whole = fields + _terminal(rf"{DEFINITION_SPACE}\Z", "end of definition").suppress()
    return _production(whole, "definition").leave_whitespace(recursive=True)


# --- the engine -------------------------------------------------------------------------------


def parse(production: pp.ParserElement, text: str) -> pp.ParseResults:
    """Return what `production` makes of the whole of `text`.

    Raises
    ------
    GrammarError
        With line and column, and what was expected there.
    """
    try:
        return production.parse_with_tabs().parse_string(text, parse_all=True)
    except pp.ParseBaseException as error:
        raise GrammarError(
            f"{error.msg}, found {error.found}", line=error.lineno, column=error.column
        ) from error


_BRACKET_RE: Final = re.compile(rf"{DEFINITION_STRING}|\#[^\n]*+|(?P<open>[{{<\[])|(?P<close>[}}>\]])")


def parse_definition(text: str) -> Definition:
    """Return a protobuf message in text format.

    Raises
    ------
    GrammarError
        With line and column, where `text` is none or nests too deep.
    """
    depth = 0
    for bracket in _BRACKET_RE.finditer(text):
        depth += (bracket["open"] is not None) - (bracket["close"] is not None)
        if depth > MAX_NESTING:
            line, column = pp.lineno(bracket.start(), text), pp.col(bracket.start(), text)
            raise GrammarError(f"nested deeper than {MAX_NESTING} levels", line=line, column=column)
    fields: Definition = parse(definition(), text)[0]
    return fields


def match(text: str, context: Context) -> Match | None:
    """Return the message that the whole of `text` is, or None. The catalogue's order decides."""
    allowed = frozenset(m for m in in_scope(context.scope) if m.after and context.allows(m))
    try:
        found: Match = parse(messages(context.scope, allowed), text)[0]
    except GrammarError:
        return None
    return found


def parse_log(text: str, line: int = 1) -> tuple[Block, ...]:
    """Return the blocks of a log, which starts at 1-based `line` of its text."""
    blocks: list[Block] = []
    last = 0
    for location, block in parse(log(), text):
        line += text.count("\n", last, location)
        last = location
        if block.text.strip() or block.shape in ("entry", "cut"):
            blocks.append(block._replace(line=line))
    return tuple(blocks)


def parse_page(text: str) -> Page:
    """Return the page that `text` is. Never fails: what is no part of a page is the preamble."""
    head_text, log_start, indent = split_head(text)
    fields: dict[str, str] = {}
    sections: dict[str, str] = {}
    crumb: tuple[str, str, str] | None = None
    revision: str | None = None
    others: list[str] = []
    for kind, name, value in parse(head(), head_text):
        if kind == "header":
            fields.setdefault(name, value)
        elif kind == "section":
            sections.setdefault(name, value[1])
            revision = revision or value[0] or None
        elif kind == "breadcrumb":
            crumb = crumb or value
        elif value.strip():
            others.append(value)
    status, _, link = fields.get("Status", "").partition(" ")
    url = re.fullmatch(LINK, link.strip().split(" ")[0]) if link else None
    definition_text = sections.get("Definition")
    try:
        parsed = None if definition_text is None else parse_definition(definition_text)
    except GrammarError:
        parsed = None

    def listed(name: str) -> tuple[PageTrigger, ...] | None:
        return attach_ages(list(parse(triggers(), sections[name]))) if name in sections else None

    return Page(
        breadcrumb=crumb,
        status=status or None,
        status_url=url["url"] if url else None,
        triggered_by=fields.get("Triggered by") or None,
        duration=fields.get("Duration") or None,
        revision=revision,
        definition_text=definition_text,
        definition=parsed,
        incoming_triggers=listed("Incoming triggers"),
        outgoing_triggers=listed("Outgoing triggers"),
        properties_text=sections.get("Incoming properties"),
        tags=tuple(parse(tags(), sections["Incoming tags"])) if "Incoming tags" in sections else None,
        preamble="\n".join(others),
        blocks=parse_log(dedent(text[log_start:], indent), text.count("\n", 0, log_start) + 1),
    )
