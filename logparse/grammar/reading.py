"""Texts read through the grammar."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

import pyparsing as pp

from logparse.errors import GrammarError
from logparse.grammar.blocks import log
from logparse.grammar.catalogue import messages
from logparse.grammar.definitions import definition
from logparse.grammar.heads import head, status, tags, triggers
from logparse.grammar.terminals import end
from logparse.language.messages import Context, in_scope
from logparse.language.syntax import (
    MAX_NESTING,
    Block,
    Definition,
    Match,
    Page,
    PageTrigger,
    attach_ages,
    dedent,
    split_head,
)


@cache
def _whole(production: pp.ParserElement) -> pp.ParserElement:
    """Return a parser of `production` and the end of the text after it."""
    return pp.And([production, end()]).parse_with_tabs()


def parse(production: pp.ParserElement, text: str) -> pp.ParseResults:
    """Read the whole of `text` with `production` and return the tokens.

    Raises
    ------
    GrammarError
        If `text` is something else. The error has line and column, and names what was expected there.
    """
    try:
        return _whole(production).parse_string(text)
    except pp.ParseBaseException as error:
        found = repr(text[error.loc : error.loc + 20]) if error.loc < len(text) else "the end"
        raise GrammarError(f"{error.msg}, found {found}", line=error.lineno, column=error.column) from error


# A string does not have to end, so that one left open is scanned only once.
_BRACKET_RE: Final = re.compile(
    r"""(?:"(?:[^"\\\n]++|\\.)*+"?+|'(?:[^'\\\n]++|\\.)*+'?+)|\#[^\n]*+|(?P<open>[{<\[])|(?P<close>[}>\]])"""
)


def parse_definition(text: str) -> Definition:
    """Return the fields of a protobuf message in text format.

    Raises
    ------
    GrammarError
        If `text` is not such a message, or nests too deep. The error has line and column.
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


class _Head(NamedTuple):
    """The parts of a page's head: breadcrumb, fields and sections by name, revision, and all other lines."""

    breadcrumb: tuple[str, str, str] | None
    fields: dict[str, str]
    sections: dict[str, str]
    revision: str | None
    others: list[str]

    def triggers(self, name: str) -> tuple[PageTrigger, ...] | None:
        """Return the triggers of a section, or None where the page does not have it."""
        return attach_ages(list(parse(triggers(), self.sections[name]))) if name in self.sections else None

    def definition(self) -> Definition | None:
        """Return the fields of the job's definition, or None where there is none or it is malformed."""
        text = self.sections.get("Definition")
        try:
            return None if text is None else parse_definition(text)
        except GrammarError:
            return None


def _parse_head(text: str) -> _Head:
    """Return the parts of a page's head. The first of several fields or sections with one name counts."""
    fields: dict[str, str] = {}
    sections: dict[str, str] = {}
    crumb: tuple[str, str, str] | None = None
    revision: str | None = None
    others: list[str] = []
    for kind, name, value in parse(head(), text):
        if kind == "header":
            fields.setdefault(name, value)
        elif kind == "section":
            sections.setdefault(name, value[1])
            revision = revision or value[0] or None
        elif kind == "breadcrumb":
            crumb = crumb or value
        elif value.strip():
            others.append(value)
    return _Head(crumb, fields, sections, revision, others)


def parse_page(text: str, log_at: int | None = None) -> Page:
    """Return the page that `text` is. Never fails: text that is not part of a page is the preamble.

    Parameters
    ----------
    text:
        A page, or a log alone.
    log_at:
        As for `logparse.language.syntax.split_head`.
    """
    head_text, log_start, indent = split_head(text, log_at)
    found = _parse_head(head_text)
    fields, sections = found.fields, found.sections
    word, url = parse(status(), fields["Status"])[0] if fields.get("Status") else (None, None)
    return Page(
        breadcrumb=found.breadcrumb,
        status=word,
        status_url=url,
        triggered_by=fields.get("Triggered by") or None,
        duration=fields.get("Duration") or None,
        revision=found.revision,
        definition_text=sections.get("Definition"),
        definition=found.definition(),
        incoming_triggers=found.triggers("Incoming triggers"),
        outgoing_triggers=found.triggers("Outgoing triggers"),
        properties_text=sections.get("Incoming properties"),
        tags=tuple(parse(tags(), sections["Incoming tags"])) if "Incoming tags" in sections else None,
        preamble="\n".join(found.others),
        blocks=parse_log(dedent(text[log_start:], indent), text.count("\n", 0, log_start) + 1),
    )
