"""From a source to its pages: where each page begins, and where its log begins.

A page's text comes from outside in many places: titles of triggers, tags, strings of a definition, and
all that its log quotes. Such a text can look like a page's header, like the heading of a log, or like an
entry. The readings of the log decide which of them are genuine.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from logparse.engine.entries import read_blocks, split_invocations
from logparse.engine.kinds import AFTER
from logparse.engine.rules import BROKEN
from logparse.engine.search import OPENINGS
from logparse.errors import InputError
from logparse.language import scanner
from logparse.language.syntax import (
    CLOCK,
    LOG_HEADING_RE,
    TRIAGE_TITLE,
    first_entry,
    is_page_head,
    log_after_heading,
    split_head,
)
from logparse.sources.detection import Detected, begins_with_json, refused_page

_PAGE_START_RE: Final = re.compile(
    r"^(?:[ \t]*All projects[^\n]*\n(?:[^\n:]*\n){0,8})?"
    r"[ \t]*Status:[^\n]*\n[ \t\n]*+(?:(?!Triggered by:)[^\n]+\n[ \t\n]*+)?Triggered by:",
    re.MULTILINE,
)
#: Of the headings that a log may follow no more than these are tried, half of them from the end.
_MOST_HEADINGS: Final = 8
#: The line with which the log of a page begins: that of a triage block, or an invocation's first entry.
_LOG_START_RE: Final = re.compile(
    rf"[ \t]*+(?:{re.escape(TRIAGE_TITLE)}|{CLOCK}(?:{'|'.join(map(re.escape, OPENINGS))}))", re.MULTILINE
)


class PageText(NamedTuple):
    """One page in text form.

    Parameters
    ----------
    text:
        The page.
    log_at:
        Offset in it of the log's heading, or of the log where it has no heading. None where the first
        line that looks like one of these is the one.
    line_shift:
        What to add to a line of the log in the text for the line in the source.
    """

    text: str
    log_at: int | None
    line_shift: int


def pages_of(found: Detected, source: str) -> Iterator[PageText | InputError]:
    """Yield the pages of a text that is a log, and an error for each web page among them that holds none."""
    for line, page in found.web_pages:
        refused = refused_page(page)
        if refused is not None:
            yield refused.refusal(source, line + 1)
            continue
        is_page = page.kind == "invocation"
        above = page.text.count("\n", 0, page.log_at) + 2 if is_page else 0
        yield PageText(page.text, page.log_at if is_page else None, line + page.log_line_shift - above)
    if found.web_pages:
        return
    text = found.text
    first, line = 0, 0
    for start in _page_starts(text):
        yield PageText(text[first:start], _log_at(text[first:start]), line)
        line += text.count("\n", first, start)
        first = start
    yield PageText(text[first:], _log_at(text[first:]), line)


def _page_starts(text: str) -> list[int]:
    """Return where another page begins after a log: at a header that the log does not quote.

    A quoted body can hold a header too, and even a log after it. The best reading of all the text as one
    log decides: after a genuine header a log begins, or the log before it does not go on.
    """
    starts = [m.start() for m in _PAGE_START_RE.finditer(text)]
    if not starts or (len(starts) == 1 and not text[: starts[0]].strip()):
        return []
    invocations = list(split_invocations(scanner.parse_page(text).blocks, scanner.match))
    marks = [
        (entry.line, entry.quotes, position == 0)
        for found in invocations
        for position, entry in enumerate(found)
    ]
    lines = [mark[0] for mark in marks]
    found = []
    line, counted = 1, 0
    for start in starts:
        line += text.count("\n", counted, start)
        counted = start
        following = bisect_right(lines, line)
        if following == 0:
            continue
        quoting = marks[following - 1][1]
        opening = following < len(marks) and marks[following][2]
        if opening or not quoting:
            found.append(start)
    return found


def _log_at(text: str) -> int | None:
    """Return the offset of the heading after which the log of a page begins, None where there is no doubt.

    A fragment that begins with the end of a JSON payload is a log from its first line on.

    A trigger's title or a quoted error can be the text of the heading too, and a title above the heading can
    look like an entry. Of several headings it is the last one from which the log begins as logs do and
    reads with the lowest penalty. A heading in an error that the log quotes does not count.
    """
    headings = [found.start() for found in LOG_HEADING_RE.finditer(text)]
    if begins_with_json(text):
        return 0
    if not headings:
        return None
    entry = first_entry(text)
    if entry is not None and entry < headings[0] and not is_page_head(text[:entry]):
        return None
    if len(headings) == 1:
        return headings[0]
    likely = [heading for heading in headings if _begins_log(text, heading)]
    if not likely:
        return headings[-1] if first_entry(text[headings[-1] :]) is None else headings[0]
    if len(likely) > _MOST_HEADINGS:
        likely = likely[: _MOST_HEADINGS // 2] + likely[-_MOST_HEADINGS // 2 :]
    penalties: list[tuple[int, int]] = []
    quoted: dict[int, int] = {}
    for heading in likely:
        penalty, quotes = _read_from(text, heading, likely)
        if heading in quoted and quoted[heading] < max(BROKEN, penalty + 1):
            continue
        penalties.append((penalty, -heading))
        for other in quotes:
            quoted[other] = min(penalty, quoted.get(other, penalty))
    return -min(penalties)[1]


def _begins_log(text: str, heading: int) -> bool:
    """Return whether a log begins after a heading as logs do."""
    begin = split_head(text, heading)[1]
    return _LOG_START_RE.match(text, begin) is not None


def _read_from(text: str, heading: int, headings: Sequence[int]) -> tuple[int, list[int]]:
    """Return the penalty of the log after a heading, and the headings that are in errors that it quotes."""
    reading = read_blocks(scanner.split_log(log_after_heading(text, heading)), scanner.match)
    begin = split_head(text, heading)[1]
    entries = [entry for entries in reading.invocations for entry in entries]
    lines = [entry.line for entry in entries]
    quoted = []
    for other in headings:
        line = text.count("\n", begin, other) + 1
        if other > begin and entries[bisect_right(lines, line) - 1].kind in AFTER:
            quoted.append(other)
    return min(reading.penalty, BROKEN + 1), quoted
