"""The fast parser: compiled regular expressions, built from the catalogue.

Every pattern is possessive, so that no text makes it backtrack, and time is linear in the input. The grammar
in `logparse.grammar` reads the same language. A reader should begin there.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from logparse.language.messages import Context, Message, Value, in_scope
from logparse.language.syntax import (
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
    DefinitionValue,
    Match,
    Page,
    PageTrigger,
    attach_ages,
    dedent,
    parse_number,
    split_head,
)
from logparse.values import gonotation

# --- messages ---------------------------------------------------------------------------------


def _compile(message: Message) -> re.Pattern[str]:
    pieces = []
    parts = message.parts
    for position, part in enumerate(parts):
        if isinstance(part, str):
            pieces.append(re.escape(part))
        else:
            following = parts[position + 1] if position + 1 < len(parts) else ""
            literal = following if isinstance(following, str) else ""
            pieces.append(f"(?P<{part.name}>(?>{part.type.pattern(literal)}))")
    return re.compile("".join(pieces))


class _Expression:
    """The expression of a message, which is compiled when it is first needed: a reader needs few of them."""

    __slots__ = ("_message", "fullmatch")

    def __init__(self, message: Message) -> None:
        self._message = message
        self.fullmatch: Callable[[str], re.Match[str] | None] = self._first

    def _first(self, text: str) -> re.Match[str] | None:
        self.fullmatch = _compile(self._message).fullmatch
        return self.fullmatch(text)


_Parse = Callable[[str], Value]
#: A message, its expression (None where it has no fields), its whole literal text, and the names of its
#: fields with the functions that read them (None where the text is the value).
_Candidate = tuple[Message, _Expression | None, str, tuple[tuple[str, _Parse | None], ...]]

#: So many first characters of a text choose the messages whose expressions are tried.
_KEY_LENGTH: Final = 5


def _candidate(message: Message) -> _Candidate:
    return (
        message,
        _Expression(message) if message.fields else None,
        "".join(part for part in message.parts if isinstance(part, str)),
        tuple((f.name, None if f.type.parse is str else f.type.parse) for f in message.fields),
    )


class _Dispatch:
    """The messages of a scope, by the first characters of the texts that they fit, in the order to try."""

    def __init__(self, scope: str) -> None:
        ordered = [_candidate(m) for m in in_scope(scope)]
        keys = {m.prefix[:_KEY_LENGTH] for m, *_ in ordered if len(m.prefix) >= _KEY_LENGTH}
        self.by_key = {
            key: tuple(c for c in ordered if c[0].prefix.startswith(key) or key.startswith(c[0].prefix))
            for key in keys
        }
        short = [c for c in ordered if len(c[0].prefix) < _KEY_LENGTH]
        self.open = tuple(c for c in short if not c[0].prefix)
        self.by_first = {
            first: tuple(c for c in short if c[0].prefix[:1] in ("", first))
            for first in {c[0].prefix[0] for c in short if c[0].prefix}
        }


_DISPATCH: Final = {scope: _Dispatch(scope) for scope in ("invocation", "triage")}


def match(text: str, context: Context) -> Match | None:
    """Return the message that the whole of `text` is, or None. The catalogue's order decides."""
    dispatch = _DISPATCH[context.scope]
    candidates = dispatch.by_key.get(text[:_KEY_LENGTH])
    if candidates is None:
        candidates = dispatch.by_first.get(text[:1], dispatch.open)
    for message, pattern, literal, fields in candidates:
        if message.after and not context.allows(message):
            continue
        if pattern is None:
            if text == literal:
                return Match(message, {})
            continue
        found = pattern.fullmatch(text)
        if found is not None:
            values: dict[str, Value] = {}
            for (name, parse), value in zip(fields, found.groups(), strict=True):
                values[name] = value if parse is None else parse(value)
            return Match(message, values)
    return None


# --- the log ----------------------------------------------------------------------------------

_BLOCK_RE: Final = re.compile(rf"{CLOCK}|{re.escape(CUT_MARKER)}[ \t]*+$", re.MULTILINE)
# It begins with a fixed character, which the regex engine finds much faster than the start of a line.
_NEXT_BLOCK_RE: Final = re.compile(rf"\n(?:{_BLOCK_RE.pattern})", re.MULTILINE)
_TRIAGE_TITLE_RE: Final = re.compile(rf"{re.escape(TRIAGE_TITLE)}[ \t]*+(?:\n{DASHES}[ \t]*+)?+(?:\n|\Z)")
_TRIAGE_CLOCK_RE: Final = re.compile(f"^{TRIAGE_CLOCK}", re.MULTILINE)
_TRIAGE_END_RE: Final = re.compile(
    rf"^(?:{DASHES}[ \t]*+$|{CLOCK}|{re.escape(CUT_MARKER)}|{re.escape(LOG_TITLE)})",
    re.MULTILINE,
)
_RULER_RE: Final = re.compile(RULER)


def split_log(log: str, line: int = 1) -> tuple[Block, ...]:
    """Return the blocks of `log`, which starts at 1-based `line` of its text."""
    blocks: list[Block] = []
    position = 0
    title = _TRIAGE_TITLE_RE.match(log)
    if title is not None or _TRIAGE_CLOCK_RE.match(log) is not None:
        begin = title.end() if title else 0
        stop = _TRIAGE_END_RE.search(log, begin)
        end = stop.start() if stop else len(log)
        blocks.extend(_triage_blocks(log, begin, end, line + log.count("\n", 0, begin)))
        after = _RULER_RE.match(log, end)
        position = after.end() if after else end
    elif log.startswith(LOG_TITLE):
        after = _RULER_RE.match(log)
        position = after.end() if after else 0
    line += log.count("\n", 0, position)
    marks = [0] if position == 0 and _BLOCK_RE.match(log) else []
    marks.extend(m.start() + 1 for m in _NEXT_BLOCK_RE.finditer(log, max(position - 1, 0)))
    marks.append(len(log))
    lead = log[position : marks[0]]
    if lead.strip():
        blocks.append(Block("text", line, None, lead.removesuffix("\n")))
    line += lead.count("\n")
    for begin, end in itertools.pairwise(marks):
        piece = log[begin:end]
        if piece[0] == "[":
            clock = _second_ms(piece[1:9]) + int(piece[10:13])
            blocks.append(Block("entry", line, clock, piece[14:].removeprefix(" ").removesuffix("\n")))
        else:
            blocks.append(Block("cut", line, None, piece.removesuffix("\n")))
        line += piece.count("\n")
    return tuple(blocks)


@lru_cache(maxsize=4_096)
def _second_ms(clock: str) -> int:
    """Return HH:MM:SS in milliseconds."""
    return (int(clock[:2]) * 3_600 + int(clock[3:5]) * 60 + int(clock[6:])) * 1_000


def _triage_blocks(log: str, begin: int, end: int, line: int) -> Iterator[Block]:
    """Yield a block for each line with a clock and the lines after it, and for each line before the first."""
    clocks = list(_TRIAGE_CLOCK_RE.finditer(log, begin, end))
    first = clocks[0].start() if clocks else end
    for text in log[begin:first].split("\n"):
        if text.strip():
            yield Block("triage", line, None, text)
        line += 1
    line -= 1
    for clock, following in itertools.zip_longest(clocks, clocks[1:]):
        text = log[clock.end() : following.start() if following else end]
        milliseconds = int(clock[0][1 : clock[0].index(" ")])
        yield Block("triage", line, milliseconds, text.removesuffix("\n"))
        line += text.count("\n")


# --- the page ---------------------------------------------------------------------------------

_HEAD_LINE_RE: Final = re.compile(
    rf"^(?:(?P<crumb>{BREADCRUMB})|(?P<header>{HEADER_FIELD})|(?P<other>[^\n]++))",
    re.MULTILINE,
)
_HEADER_FIELD_RE: Final = re.compile(HEADER_FIELD)
_HEADING_RE: Final = re.compile(f"^{HEADING}", re.MULTILINE)
_STATUS_RE: Final = re.compile(STATUS)
_TRIGGER_RE: Final = re.compile(
    rf"^(?=[ \t]*+[^ \t\n]){BULLET}(?:{TITLE})?+(?:[ \t]*+{LINK})?+(?:[ \t]*+{AGE})?+[ \t]*+$",
    re.MULTILINE,
)
_TAG_RE: Final = re.compile(rf"^{BULLET}(?P<tag>(?:[^ \t\n]++|[ \t]++(?!$))++)[ \t]*+$", re.MULTILINE)


def parse_page(text: str, log_at: int | None = None) -> Page:
    """Return the page that `text` is. Never fails: text that is not part of a page is the preamble."""
    head, log_start, indent = split_head(text, log_at)
    log = dedent(text[log_start:], indent)
    headings = list(_HEADING_RE.finditer(head))
    sections: dict[str, str] = {}
    revision = None
    for heading, following in itertools.zip_longest(headings, headings[1:]):
        body = head[heading.end() : following.start() if following else len(head)]
        sections.setdefault(heading["heading"], body.strip("\n"))
        revision = revision or heading["revision"] or None
    fields, breadcrumb, preamble = _parse_header(head[: headings[0].start()] if headings else head)
    status = _STATUS_RE.match(fields.get("Status", ""))
    definition = sections.get("Definition")
    incoming, outgoing = sections.get("Incoming triggers"), sections.get("Outgoing triggers")
    tags = sections.get("Incoming tags")
    return Page(
        breadcrumb=breadcrumb,
        status=status["status"] if status else None,
        status_url=status["url"] if status else None,
        triggered_by=fields.get("Triggered by") or None,
        duration=fields.get("Duration") or None,
        revision=revision,
        definition_text=definition,
        definition=None if definition is None else parse_definition(definition),
        incoming_triggers=None if incoming is None else parse_triggers(incoming),
        outgoing_triggers=None if outgoing is None else parse_triggers(outgoing),
        properties_text=sections.get("Incoming properties"),
        tags=None if tags is None else tuple(m["tag"] for m in _TAG_RE.finditer(tags)),
        preamble=preamble,
        blocks=split_log(log, text.count("\n", 0, log_start) + 1),
    )


def _parse_header(text: str) -> tuple[dict[str, str], tuple[str, str, str] | None, str]:
    """Return the fields of the header, the breadcrumb, and all other lines."""
    fields: dict[str, str] = {}
    breadcrumb: tuple[str, str, str] | None = None
    others = []
    position = 0
    while found := _HEAD_LINE_RE.search(text, position):
        position = found.end()
        if found["crumb"] is not None:
            breadcrumb = breadcrumb or (found["project"], found["job"], found["invocation"])
        elif found["header"] is not None:
            field: re.Match[str] | None = found
            while field is not None:
                value = field["value"] if field["below"] is None else field["below"]
                fields.setdefault(field["name"], value.strip())
                position = field.end()
                field = _HEADER_FIELD_RE.match(text, position)
        elif found["other"].strip():
            others.append(found["other"])
    return fields, breadcrumb, "\n".join(others)


def parse_triggers(text: str) -> tuple[PageTrigger, ...]:
    """Return the triggers of a page's list. A part that the page does not show is empty or None."""
    return attach_ages(
        [PageTrigger(m["title"] or "", m["url"], m["age"], m["by"]) for m in _TRIGGER_RE.finditer(text)]
    )


_TOKEN_RE: Final = re.compile(
    rf"{DEFINITION_SPACE}(?:(?P<name>{DEFINITION_NAME})|(?P<string>{DEFINITION_STRING})"
    rf"|(?P<number>{DEFINITION_NUMBER})|(?P<sign>[{{}}<>\[\]:;,])|(?P<end>\Z))"
)
_CLOSING: Final = {"{": "}", "<": ">"}


def parse_definition(text: str) -> Definition | None:
    """Return the fields of a protobuf message in text format, or None if `text` is another or too deep."""
    try:
        return _parse_fields(_Tokens(text), "", 0)
    except SyntaxError:
        return None


class _Tokens:
    """The tokens of a definition: `kind` and `text` are those of the next one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.kind = self.text = ""
        self.advance()

    def advance(self) -> tuple[str, str]:
        """Go to the next token, and return the kind and the text of the one before."""
        last = self.kind, self.text
        found = _TOKEN_RE.match(self._text, self._position)
        if found is None or found.lastgroup is None:
            raise SyntaxError
        self._position = found.end()
        self.kind, self.text = found.lastgroup, found[found.lastgroup]
        return last


def _parse_fields(tokens: _Tokens, closing: str, depth: int) -> Definition:
    if depth > MAX_NESTING:
        raise SyntaxError
    fields: list[tuple[str, DefinitionValue]] = []
    while tokens.text != closing:
        kind, name = tokens.advance()
        if kind != "name":
            raise SyntaxError
        if tokens.text == ":":
            tokens.advance()
        elif tokens.text not in _CLOSING:
            raise SyntaxError
        fields.append((name, _parse_value(tokens, depth)))
        if tokens.text in (",", ";"):
            tokens.advance()
    if closing:
        tokens.advance()
    return tuple(fields)


def _parse_value(tokens: _Tokens, depth: int) -> DefinitionValue:
    kind, text = tokens.advance()
    if text in _CLOSING:
        return _parse_fields(tokens, _CLOSING[text], depth + 1)
    if text == "[":
        return _parse_list(tokens, depth + 1)
    if kind == "string":
        value = gonotation.unquote(text)
        while tokens.kind == "string":
            value += gonotation.unquote(tokens.advance()[1])
        return value
    if kind == "number":
        return parse_number(text)
    if kind != "name":
        raise SyntaxError
    return {"true": True, "false": False}.get(text, text)


def _parse_list(tokens: _Tokens, depth: int) -> list[DefinitionValue]:
    if depth > MAX_NESTING:
        raise SyntaxError
    values: list[DefinitionValue] = []
    while tokens.text != "]":
        values.append(_parse_value(tokens, depth))
        if tokens.text == ",":
            tokens.advance()
        elif tokens.text != "]":
            raise SyntaxError
    tokens.advance()
    return values
