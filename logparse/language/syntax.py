"""The results of both parsers, and the terminals that they share.

The grammar (pyparsing) and the scanner (regular expressions) read the same language. The result is a `Page`
with its head and its log. The log is a sequence of `Block`. The text of each block is a `Match` with a
message of the catalogue. Both parsers satisfy `Engine`. Tests check that they give equal results.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeAlias

from logparse.language.messages import Context, Message, Value
from logparse.values import gonotation

CUT_MARKER: Final = "--- the log has been cut here ---"
TRIAGE_TITLE: Final = "Debug output from the triage procedure:"
LOG_TITLE: Final = "Debug output from the invocation itself:"

#: ``[HH:MM:SS.mmm] ``. The space can be missing where the message is empty.
CLOCK: Final = r"\[(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}\](?:[ ]|$)"
#: ``[NNN ms] ``: milliseconds since the triage began.
TRIAGE_CLOCK: Final = r"\[[0-9]{3,12} ms\](?:[ ]|$)"
#: A line of dashes that ends the triage block's title or its text.
DASHES: Final = r"-{20,}+"
#: The lines between a triage block and the invocation's own log.
RULER: Final = rf"(?:{DASHES}[ \t]*+(?:\n|\Z))?+(?:[ \t]*+\n)*+(?:{re.escape(LOG_TITLE)}[ \t]*+(?:\n|\Z))?+"
HEADER_NAMES: Final = ("Status", "Triggered by", "Duration", "Actions")
SECTION_NAMES: Final = (
    "Definition",
    "Incoming triggers",
    "Incoming properties",
    "Incoming tags",
    "Outgoing triggers",
)
#: The target of the link of a status or a trigger: text in angle brackets after it.
LINK: Final = r"<(?P<url>[^<>\s]++)>"
#: A status and the target of its link.
STATUS: Final = rf"(?P<status>\S++)(?:[ \t]++{LINK})?+"
#: The age of a trigger and its sender, in the words of the page.
AGE: Final = (
    r"\((?P<age>now|(?:[^() \n]++| (?!(?:ago|from now)(?:\)| by [^()\n])))*+ (?:ago|from now))"
    r"(?: by (?P<by>[^()\n]++))?+\)"
)
BULLET: Final = r"[ \t]*+(?:[•◦▪‣·*-][ \t]++)?+"

DEFINITION_SPACE: Final = r"(?:\s|\#[^\n]*+)*+"
DEFINITION_NAME: Final = r"[A-Za-z_][\w.]*+"
DEFINITION_STRING: Final = rf"(?:{gonotation.QUOTED}|'(?:[^'\\\n]++|\\.)*+')"
DEFINITION_NUMBER: Final = r"[-+]?+\.?+[0-9][\w.+-]*+"

MAX_NESTING: Final = 16
"""A definition nested deeper than this is not parsed. Real ones have three levels."""


class Block(NamedTuple):
    """A piece of a log: an entry, a cut marker, a line of a triage block, or text that belongs to none.

    Parameters
    ----------
    shape:
        ``entry``, ``cut``, ``triage`` or ``text``.
    line:
        1-based line in the text that was parsed.
    clock_ms:
        Milliseconds since midnight of an entry, since the triage began of a triage line, or None.
    text:
        The text after the clock, up to the next block, without the last newline.
    """

    shape: str
    line: int
    clock_ms: int | None
    text: str


class Match(NamedTuple):
    """A text read as a message: its fields, and the lines after it that do not belong to it."""

    message: Message
    fields: dict[str, Value]
    tail: str = ""


#: A value of a definition: a scalar, a nested message, or a list of those.
DefinitionValue: TypeAlias = "str | int | float | bool | Definition | list[DefinitionValue]"
#: A protobuf message in text format: names with values, in order, names may repeat.
Definition: TypeAlias = "tuple[tuple[str, DefinitionValue], ...]"


class PageTrigger(NamedTuple):
    """A trigger as the page lists it."""

    title: str
    url: str | None
    age: str | None
    emitted_by: str | None


class Page(NamedTuple):
    """One page, or a log alone. A part that the text does not have is None or empty.

    Parameters
    ----------
    breadcrumb:
        Project, job and invocation id.
    status, status_url, triggered_by, duration:
        The fields of the header, as text; `duration` is in words (``21 minutes``).
    revision:
        Revision of the job's definition.
    definition_text, definition:
        The job's task as text, and its fields (None if the text is not a protobuf message).
    incoming_triggers, outgoing_triggers, tags:
        None where the page does not have the section.
    properties_text:
        JSON, not decoded.
    preamble:
        Text before the log that is not part of a page.
    blocks:
        The log.
    """

    breadcrumb: tuple[str, str, str] | None
    status: str | None
    status_url: str | None
    triggered_by: str | None
    duration: str | None
    revision: str | None
    definition_text: str | None
    definition: Definition | None
    incoming_triggers: tuple[PageTrigger, ...] | None
    outgoing_triggers: tuple[PageTrigger, ...] | None
    properties_text: str | None
    tags: tuple[str, ...] | None
    preamble: str
    blocks: tuple[Block, ...]

    @classmethod
    def of_log(cls, blocks: tuple[Block, ...]) -> Page:
        """Return a page that is only a log."""
        return cls(None, None, None, None, None, None, None, None, None, None, None, None, "", blocks)


class Engine(Protocol):
    """A parser: the scanner or the grammar."""

    def parse_page(self, text: str, log_at: int | None = None) -> Page:
        """Return the page that `text` is, with the blocks of its log. `log_at` is that of `split_head`."""

    def match(self, text: str, context: Context) -> Match | None:
        """Return the message that the whole of `text` is, or None."""


#: The heading of a section.
HEADING: Final = (
    rf"[ \t]*+(?:\#{{1,6}}[ \t]++)?+(?P<heading>{'|'.join(SECTION_NAMES)})"
    r"(?:[ \t]*+\(rev (?P<revision>[^()\n]*+)\))?+[ \t]*+:?+[ \t]*+(?m:$)"
)
_HEADING_AHEAD: Final = re.sub(r"\?P<\w+>", "?:", HEADING)
_HEADER: Final = rf"(?:{'|'.join(HEADER_NAMES)}):"
#: One field of the header. Its value can be on the next line.
HEADER_FIELD: Final = (
    rf"[ \t]*+(?P<name>{'|'.join(HEADER_NAMES)}):"
    rf"(?:[ \t]*+\n\s*+(?!{_HEADER}|{_HEADING_AHEAD})(?P<below>[^\n]++)|"
    rf"[ \t]*+(?P<value>(?:[^ \t\n]++|[ \t]++(?!{_HEADER}))*+))"
)
_SEPARATOR: Final = r"[ \t]*+(?:\n\s*+[/›>»]?+|[/›>»])\s*+"
_JOB_WORD: Final = r"[^ \t\n/›>»]++"
#: The breadcrumb of the page: all projects / project / job / invocation.
BREADCRUMB: Final = (
    rf"[ \t]*+All projects{_SEPARATOR}(?!{_HEADING_AHEAD})(?P<project>[\w.-]{{1,100}}+){_SEPARATOR}"
    rf"(?!{_HEADING_AHEAD})(?P<job>{_JOB_WORD}(?:[ \t]++{_JOB_WORD})*+){_SEPARATOR}"
    r"(?P<invocation>[0-9]{15,20}+)[ \t]*+(?m:$)"
)
_AGE_END: Final = rf"{AGE}[ \t]*+(?m:$)".replace("?P<age>", "?:").replace("?P<by>", "?:")
_LINK_END: Final = LINK.replace("?P<url>", "?:")
_TITLE_END: Final = rf"(?:{_LINK_END}(?:[ \t]++{_AGE_END}|[ \t]*+(?m:$))|{_AGE_END}|(?m:$))"
#: The title of a trigger: all before its link and its age.
TITLE: Final = rf"(?!{_AGE_END})(?P<title>(?:[^ \t\n]++|[ \t]++(?!{_TITLE_END}))*+)"

_LOG_HEADING: Final = r"[ \t]*+(?:\#{1,6}[ \t]++)?+Debug log(?: \(UTC\))?+[ \t]*+:?+[ \t]*+$"
LOG_HEADING_RE: Final = re.compile(rf"^{_LOG_HEADING}", re.MULTILINE)
_ENTRY_RE: Final = re.compile(
    rf"^(?P<indent>[ \t]*+)"
    rf"(?:{CLOCK}|{TRIAGE_CLOCK}|{re.escape(TRIAGE_TITLE)}|{re.escape(LOG_TITLE)}|{re.escape(CUT_MARKER)})",
    re.MULTILINE,
)
_HEAD_PART_RE: Final = re.compile(rf"^(?:[ \t]*+{_HEADER}|{_HEADING_AHEAD})", re.MULTILINE)
_BLANK_LINES_RE: Final = re.compile(r"(?:[ \t]*\n)*+")


def attach_ages(items: list[PageTrigger]) -> tuple[PageTrigger, ...]:
    """Return the triggers. An age that is alone on a line belongs to the trigger above it."""
    triggers: list[PageTrigger] = []
    for item in items:
        if item.title:
            triggers.append(item)
        elif triggers and triggers[-1].age is None:
            triggers[-1] = triggers[-1]._replace(age=item.age, emitted_by=item.emitted_by)
    return tuple(triggers)


_INTEGER_RE: Final = re.compile(r"[-+]?+(?:0|[1-9][0-9]{0,18}+)")
_FLOAT_RE: Final = re.compile(
    r"[-+]?+(?:[0-9]{1,20}+(?:\.[0-9]{0,40}+)?+|\.[0-9]{1,40}+)(?:[eE][-+]?+[0-9]{1,2}+)?+"
)


def parse_number(text: str) -> int | float | str:
    """Return a number of a definition. Octal, hexadecimal and very long numbers are returned as text."""
    if _INTEGER_RE.fullmatch(text):
        return int(text)
    if _FLOAT_RE.fullmatch(text) and any(c in text for c in ".eE"):
        return float(text)
    return text


def first_entry(text: str) -> int | None:
    """Return the offset of the first line that looks like a line of a log, or None."""
    found = _ENTRY_RE.search(text)
    return found.start() if found else None


def is_page_head(text: str) -> bool:
    """Whether `text` has a part of a page's head: a field of the header, or the heading of a section."""
    return _HEAD_PART_RE.search(text) is not None


def split_head(text: str, log_at: int | None = None) -> tuple[str, int, str]:
    """Return the head, the offset where the log starts, and the log's indentation.

    Parameters
    ----------
    text:
        A page.
    log_at:
        Offset of the log's heading, or of its first entry. If it is None, the first line that looks like
        one of these is used. If there is no such line, the whole text is head.
    """
    if log_at is None:
        starts = [found.start() for r in (LOG_HEADING_RE, _ENTRY_RE) if (found := r.search(text))]
        if not starts:
            return text, len(text), ""
        log_at = min(starts)
    heading = LOG_HEADING_RE.match(text, log_at)
    if heading is None:
        entry = _ENTRY_RE.search(text, log_at)
        return text[:log_at], log_at, entry["indent"] if entry else ""
    begin = _after_heading(text, heading)
    entry = _ENTRY_RE.match(text, begin)
    return text[:log_at], begin, entry["indent"] if entry else ""


def _after_heading(text: str, heading: re.Match[str]) -> int:
    """Return the offset of the first line after the heading that is not blank."""
    blank = _BLANK_LINES_RE.match(text, min(heading.end() + 1, len(text)))
    return blank.end() if blank else len(text)


def log_after_heading(text: str, heading: int) -> str:
    """Return the log after the heading at an offset, without its indentation."""
    _, begin, indent = split_head(text, heading)
    return dedent(text[begin:], indent)


def dedent(log: str, indent: str) -> str:
    """Return `log` without the indentation that a text converter gave each of its lines."""
    return re.sub(rf"(?m)^[ \t]{{1,{len(indent)}}}", "", log) if indent else log


def match_tolerantly(
    exact: Callable[[str, Context], Match | None], text: str, context: Context
) -> Match | None:
    """Return the message that `text` is, even if an editor, triage or the foot of a page changed the text.

    Tried in this order: the text as it is; its first line, with the other lines as tail; the text with a
    space or a newline at its end, which an editor can have removed; in triage logs the form
    ``Error: <message> - <error>``, whose error can have several lines.
    """
    found = exact(text, context)
    if found is not None:
        return found
    first_line, newline, tail = text.partition("\n")
    if newline:
        found = exact(first_line, context)
        if found is not None:
            return found._replace(tail=tail)
    else:
        found = exact(text + " ", context) or exact(text + "\n", context)
        if found is not None:
            return found
    if context.scope == "triage":
        return _match_triage_error(exact, text, context)
    return None


def _match_triage_error(
    exact: Callable[[str, Context], Match | None], text: str, context: Context
) -> Match | None:
    """Return the message in ``Error: <message> - <error>``, where ``Error:`` or the error can be missing."""
    text = text.removeprefix("Error: ")
    message, separator, error = text.partition(" - ")
    if separator:
        found = exact(message, context)
        if found is not None:
            return found._replace(fields={**found.fields, "error": error})
    found = exact(text, context)
    if found is None:
        first_line, _, tail = text.partition("\n")
        found = exact(first_line, context)
        return found and found._replace(tail=tail)
    return found
