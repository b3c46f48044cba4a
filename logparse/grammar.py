"""The grammar of the scheduler's pages and logs, in pyparsing.

This is the definition to read and to test one production at a time; `logparse.scanner` is its
fast equal for everyday use. Each production is a function that returns a named parser, and its
docstring is its EBNF. White space counts in a log, so no parser here skips any, whatever other
users of pyparsing set as its default; and nothing here changes a setting of pyparsing for them.

Two start symbols cover a page: `head` and `log`. `split_head` finds where one ends and the other
begins. Three more read what the head's sections hold: `triggers`, `tags` and `definition`. The
last, `messages`, reads an entry's text; it comes from the catalogue in `logparse.messages`.

In the docstrings ``line`` is any text without a newline, ``end`` the end of the text, and
``A - B`` is A, but not where B fits. ``blank`` is a space or a tab, and may stand where white
space separates two symbols of a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

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
    RULER,
    STATUS,
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

# --- building blocks --------------------------------------------------------------------------


def _terminal(pattern: str, name: str) -> pp.ParserElement:
    """Return a parser of one regular expression that skips no white space.

    What is combined of such parsers skips none either: combining takes the setting over.
    """
    return pp.Regex(pattern, flags=re.MULTILINE).leave_whitespace().set_name(name)


def _silent(pattern: str, name: str) -> pp.ParserElement:
    """Return a parser of what must be there and means nothing."""
    return _terminal(pattern, name).suppress().set_name(name)


def _one_of(*choices: pp.ParserElement) -> pp.ParserElement:
    return pp.MatchFirst(list(choices))


def _single(value: object) -> pp.ParseResults:
    """Return `value` as one token, also where it is a list or a tuple."""
    return pp.ParseResults([value])


def _unnamed(pattern: str) -> str:
    return re.sub(r"\?P<\w+>", "?:", pattern)


def _end() -> pp.ParserElement:
    return _silent(r"\Z", "end of text")


def _newline() -> pp.ParserElement:
    return _silent(r"\n?+", "newline")


def _line_start() -> pp.ParserElement:
    return _silent("^", "start of a line")


# --- messages ---------------------------------------------------------------------------------


def argument(declared: Field, literal: str) -> pp.ParserElement:
    """argument = (* as its type in the catalogue says; ends where the next literal begins *) ;"""
    return _terminal(f"(?>{declared.type.pattern(literal)})", f"{declared.name}:{declared.type.name}")


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
        return _single(Match(declared, values))

    return pp.And([*parsers, _end()]).set_name(declared.kind).set_parse_action(build)


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
        Which of the messages that only their context tells apart can stand here.
    beginnings:
        Only the messages whose text begins with one of these; None for all.
    """
    choices = [
        message(m)
        for m in in_scope(scope)
        if (not m.after or m in allowed) and (beginnings is None or m.prefix in beginnings)
    ]
    return _one_of(*choices).set_name(f"{scope} message")


# --- the log ----------------------------------------------------------------------------------

_CUT: Final = re.escape(CUT_MARKER)
_BLOCK_AHEAD: Final = rf"(?:{CLOCK}|{_CUT}[ \t]*+$)"
_TRIAGE_END: Final = rf"(?:{DASHES}[ \t]*+$|{CLOCK}|{_CUT}|{re.escape(LOG_TITLE)})"


def _more_lines(stop: str) -> str:
    """Return the expression of the rest of a line and all lines up to one that `stop` begins."""
    return rf"[^\n]*+(?:\n(?!\Z|{stop})[^\n]*+)*+"


def _milliseconds(clock: str) -> int:
    if " ms]" in clock:
        return int(clock[1 : clock.index(" ")])
    hours, minutes, seconds, ms = (int(digits) for digits in re.findall("[0-9]+", clock))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


_Located = Callable[[int, pp.ParseResults], pp.ParseResults]


def _build_block(shape: str) -> _Located:
    """Return a parse action that makes (offset, block) of [clock,] text; its line is counted afterwards."""

    def build(location: int, tokens: pp.ParseResults) -> pp.ParseResults:
        *clock, text = tokens
        return _single((location, Block(shape, 0, _milliseconds(clock[0]) if clock else None, text)))

    return build


@cache
def entry() -> pp.ParserElement:
    """entry = clock , line , { newline , ( line - block start ) } , [ newline ] ;

    clock       = "[" , hour , ":" , minute , ":" , second , "." , millisecond , "]" , ( " " | line end ) ;
    block start = clock | cut marker ;
    """
    text = _terminal(_more_lines(_BLOCK_AHEAD), "text of an entry")
    parser = _terminal(CLOCK, "[HH:MM:SS.mmm]") + text + _newline()
    return parser.set_name("entry").set_parse_action(_build_block("entry"))


@cache
def cut() -> pp.ParserElement:
    """cut = cut marker , { newline , ( line - block start ) } , [ newline ] ;

    cut marker = "--- the log has been cut here ---" , { blank } , line end ;
    """
    text = _terminal(rf"{_CUT}[ \t]*+${_more_lines(_BLOCK_AHEAD)}", CUT_MARKER)
    return (text + _newline()).set_name("cut").set_parse_action(_build_block("cut"))


@cache
def orphan() -> pp.ParserElement:
    """orphan = ( line - block start ) , { newline , ( line - block start ) } , [ newline ] ;"""
    text = _terminal(rf"(?!\Z|{_BLOCK_AHEAD}){_more_lines(_BLOCK_AHEAD)}", "text of no entry")
    return (text + _newline()).set_name("orphan").set_parse_action(_build_block("text"))


@cache
def clocked() -> pp.ParserElement:
    """clocked = triage clock , line , { newline , ( line - triage stop - triage clock ) } , [ newline ] ;

    triage clock = "[" , 3 * digit , { digit } , " ms]" , ( " " | line end ) ;
    triage stop  = ruler | clock | cut marker | log title ;
    """
    text = _terminal(_more_lines(f"{_TRIAGE_END}|{TRIAGE_CLOCK}"), "text of a triage line")
    parser = _terminal(TRIAGE_CLOCK, "[NNN ms]") + text + _newline()
    return parser.set_name("clocked").set_parse_action(_build_block("triage"))


@cache
def plain() -> pp.ParserElement:
    """plain = ( line - triage stop - triage clock ) , [ newline ] ;"""
    text = _terminal(rf"(?!\Z|{_TRIAGE_END}|{TRIAGE_CLOCK})[^\n]*+", "triage line without a clock")
    return (text + _newline()).set_name("plain").set_parse_action(_build_block("triage"))


@cache
def triage() -> pp.ParserElement:
    """triage = ( title , { plain } | clocked ) , { clocked } , [ ruler ] , { blank line } , [ log title ] ;

    title     = "Debug output from the triage procedure:" , [ newline , ruler ] , ( newline | end ) ;
    ruler     = 20 * "-" , { "-" } , line end ;
    log title = "Debug output from the invocation itself:" , ( newline | end ) ;
    """
    title = _silent(
        rf"{re.escape(TRIAGE_TITLE)}[ \t]*+(?:\n{DASHES}[ \t]*+)?+(?:\n|\Z)", "title of a triage block"
    )
    begin = _one_of(title + pp.ZeroOrMore(plain()), clocked())
    return (begin + pp.ZeroOrMore(clocked()) + _silent(RULER, "ruler")).set_name("triage")


@cache
def log() -> pp.ParserElement:
    """log = [ triage | log title ] , [ orphan ] , { entry | cut } ;"""
    title = _silent(rf"{re.escape(LOG_TITLE)}[ \t]*+(?:\n|\Z)", "log title")
    parser = (
        pp.Optional(_one_of(triage(), title)) + pp.Optional(orphan()) + pp.ZeroOrMore(_one_of(entry(), cut()))
    )
    return parser.set_name("log")


# --- the head of a page -----------------------------------------------------------------------


@cache
def breadcrumb() -> pp.ParserElement:
    """breadcrumb = "All projects" , separator , project , separator , job , separator , invocation id ;

    separator = ( slash | newline , { white space } , [ slash ] ) , { white space } ;
    slash     = "/" | "›" | ">" | "»" ;
    """
    parser = _terminal(BREADCRUMB, "breadcrumb")
    return parser.set_parse_action(
        lambda t: _single(("breadcrumb", "", (t["project"], t["job"], t["invocation"])))
    )


@cache
def header_field() -> pp.ParserElement:
    """header field = field name , ":" , ( value | newline , { white space } , value below ) ;

    field name  = "Status" | "Triggered by" | "Duration" | "Actions" ;
    value       = (* up to the end of the line, or to the next field on it *) ;
    value below = line - ( field name , ":" ) - heading ;
    """
    parser = _terminal(HEADER_FIELD, "header field")

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        value = tokens["value"] if tokens["below"] is None else tokens["below"]
        return _single(("header", tokens["name"], value.strip()))

    return parser.set_parse_action(build)


@cache
def section() -> pp.ParserElement:
    """section = heading , { newline , ( line - heading ) } , [ newline ] ;

    heading = [ "#" , { "#" } ] , name , [ "(rev " , revision , ")" ] , [ ":" ] , line end ;
    name    = "Definition" | "Incoming triggers" | "Incoming properties" | "Incoming tags"
            | "Outgoing triggers" ;
    """
    heading = _terminal(HEADING, "heading")
    heading.set_parse_action(lambda t: _single((t["heading"], t["revision"])))
    body = _terminal(rf"(?:\n(?!{_unnamed(HEADING)})[^\n]*+)*+\n?+", "section body")

    def build(tokens: pp.ParseResults) -> pp.ParseResults:
        (name, revision), text = tokens
        return _single(("section", name, (revision, text.strip("\n"))))

    return (heading + body).set_name("section").set_parse_action(build)


@cache
def head() -> pp.ParserElement:
    """head = { breadcrumb | header field , { header field } | line - heading | newline } , { section } ;"""
    other = _terminal(rf"(?!{_unnamed(HEADING)})[^\n]++", "other line")
    other.set_parse_action(lambda t: _single(("other", "", t[0])))
    part = _one_of(
        _line_start() + breadcrumb(),
        _line_start() + pp.OneOrMore(header_field()),
        other,
        _silent(r"\n", "newline"),
    )
    return (pp.ZeroOrMore(part) + pp.ZeroOrMore(section())).set_name("head")


@cache
def status() -> pp.ParserElement:
    """status = word , [ "<" , url , ">" ] , line ;"""
    parser = _terminal(STATUS, "status") + _silent(r"[^\n]*+", "rest of the line")
    return parser.set_name("status").set_parse_action(lambda t: _single((t["status"], t["url"])))


@cache
def trigger() -> pp.ParserElement:
    """trigger = [ bullet ] , [ title ] , [ link ] , [ age ] , line end ;  (* and no blank line *)

    bullet = ( "•" | "◦" | "▪" | "‣" | "·" | "*" | "-" ) , blank ;
    title  = (* up to a link or an age that ends the line, else to the end of the line *) ;
    link   = "<" , url , ">" ;
    age    = "(" , ( "now" | … , ( " ago" | " from now" ) ) , [ " by " , sender ] , ")" ;
    """
    parser = (
        _silent(rf"^(?=[ \t]*+[^ \t\n]){BULLET}", "bullet")
        + pp.Optional(_terminal(TITLE, "title"))
        + pp.Optional(_terminal(rf"[ \t]*+{LINK}", "link"))
        + pp.Optional(_terminal(rf"[ \t]*+{AGE}", "age"))
        + _silent(r"[ \t]*+$", "end of the line")
    )
    return parser.set_name("trigger").set_parse_action(
        lambda t: _single(PageTrigger(t.get("title", ""), t.get("url"), t.get("age"), t.get("by")))
    )


def _other_line() -> pp.ParserElement:
    return _silent(r"[^\n]++|\n", "other line")


@cache
def triggers() -> pp.ParserElement:
    """triggers = { trigger | line | newline } ;"""
    return pp.ZeroOrMore(_one_of(trigger(), _other_line())).set_name("triggers")


@cache
def tag() -> pp.ParserElement:
    """tag = [ bullet ] , word , { blank , word } , line end ;"""
    parser = _silent(rf"^{BULLET}", "bullet") + _terminal(
        r"(?P<tag>(?:[^ \t\n]++|[ \t]++(?!$))++)[ \t]*+$", "key:value"
    )
    return parser.set_name("tag").set_parse_action(lambda t: _single(t["tag"]))


@cache
def tags() -> pp.ParserElement:
    """tags = { tag | line | newline } ;"""
    return pp.ZeroOrMore(_one_of(tag(), _other_line())).set_name("tags")


# --- the definition ---------------------------------------------------------------------------


def _token(pattern: str, name: str) -> pp.ParserElement:
    """Return a parser of a token and the white space and comments behind it."""
    return _terminal(f"(?P<token>{pattern}){DEFINITION_SPACE}", name).set_parse_action(lambda t: t["token"])


def _sign(characters: str) -> pp.ParserElement:
    name = " or ".join(f'"{character}"' for character in characters)
    return _token(f"[{re.escape(characters)}]", name).suppress().set_name(name)


@cache
def definition() -> pp.ParserElement:
    """definition = { name , ( ":" , value | group ) , [ "," | ";" ] } ;

    value  = group | list | scalar ;
    group  = "{" , definition , "}" | "<" , definition , ">" ;
    list   = "[" , [ value , { "," , value } , [ "," ] ] , "]" ;
    scalar = string , { string } | number | word ;

    White space, and comments from "#" to the end of the line, may stand between any two of these.
    """
    # From a token on that decides, "-" makes a mistake final, so that the error says where it is.
    value, fields = pp.Forward(), pp.Forward()
    value.leave_whitespace().set_name("value")
    fields.leave_whitespace().set_name("fields")
    string = pp.OneOrMore(_token(DEFINITION_STRING, "string")).set_name("strings")
    string.set_parse_action(lambda t: _single("".join(gonotation.unquote(piece) for piece in t)))
    number = _token(DEFINITION_NUMBER, "number")
    number.add_parse_action(lambda t: _single(parse_number(t[0])))
    word = _token(DEFINITION_NAME, "word")
    word.add_parse_action(lambda t: _single({"true": True, "false": False}.get(t[0], t[0])))
    group = _one_of(_sign("{") - fields - _sign("}"), _sign("<") - fields - _sign(">")).set_name("group")
    items = pp.Optional(value + pp.ZeroOrMore(_sign(",") + value) + pp.Optional(_sign(",")))
    listed = (_sign("[") - items - _sign("]")).set_name("list")
    listed.set_parse_action(lambda t: _single(list(t)))
    value <<= _one_of(group, listed, string, number, word).set_name("value")
    setting = _one_of(_sign(":") - value, group).set_name('":" or group')
    one = (_token(DEFINITION_NAME, "name") - setting + pp.Optional(_sign(",;"))).set_name("field")
    one.set_parse_action(lambda t: _single((t[0], t[1])))
    fields <<= pp.ZeroOrMore(one).set_parse_action(lambda t: _single(tuple(t)))
    return pp.And([_silent(DEFINITION_SPACE, "space"), fields]).set_name("definition")


# --- the engine -------------------------------------------------------------------------------


@cache
def _whole(production: pp.ParserElement) -> pp.ParserElement:
    return pp.And([production, _end()]).parse_with_tabs()


def parse(production: pp.ParserElement, text: str) -> pp.ParseResults:
    """Return what `production` makes of the whole of `text`.

    Raises
    ------
    GrammarError
        With line and column, and what was expected there.
    """
    try:
        return _whole(production).parse_string(text)
    except pp.ParseBaseException as error:
        found = repr(text[error.loc : error.loc + 20]) if error.loc < len(text) else "the end"
        raise GrammarError(f"{error.msg}, found {found}", line=error.lineno, column=error.column) from error


# A string need not end here, so that one left open is looked through only once.
_BRACKET_RE: Final = re.compile(
    r"""(?:"(?:[^"\\\n]++|\\.)*+"?+|'(?:[^'\\\n]++|\\.)*+'?+)|\#[^\n]*+|(?P<open>[{<\[])|(?P<close>[}>\]])"""
)


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


@cache
def _beginnings(scope: str) -> frozenset[str]:
    """Return the fixed beginnings of the messages of a scope."""
    return frozenset(m.prefix for m in in_scope(scope))


def match(text: str, context: Context) -> Match | None:
    """Return the message that the whole of `text` is, or None. The catalogue's order decides."""
    allowed = frozenset(m for m in in_scope(context.scope) if m.after and context.allows(m))
    # The others cannot match: to try each of them would take most of the time.
    beginnings = frozenset(filter(text.startswith, _beginnings(context.scope)))
    try:
        found: Match = parse(messages(context.scope, allowed, beginnings), text)[0]
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
        if block.text.strip() or block.clock_ms is not None:
            blocks.append(block._replace(line=line))
    return tuple(blocks)


def parse_page(text: str, log_at: int | None = None) -> Page:
    """Return the page that `text` is. Never fails: what is no part of a page is the preamble."""
    head_text, log_start, indent = split_head(text, log_at)
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
    word, url = parse(status(), fields["Status"])[0] if fields.get("Status") else (None, None)
    definition_text = sections.get("Definition")
    try:
        parsed = None if definition_text is None else parse_definition(definition_text)
    except GrammarError:
        parsed = None

    def listed(name: str) -> tuple[PageTrigger, ...] | None:
        return attach_ages(list(parse(triggers(), sections[name]))) if name in sections else None

    return Page(
        breadcrumb=crumb,
        status=word,
        status_url=url,
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
