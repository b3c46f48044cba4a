"""Detection of the kind of a text before it is read: a log, a part of one, builds, or something else.

Users name folders that contain more than logs. A text with lines that begin with a clock can be the log of
another program, or output of logparse. Such a text is not read, and the error gives the reason.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from logparse.errors import InputError
from logparse.language import scanner
from logparse.language.messages import Context
from logparse.language.syntax import (
    BREADCRUMB,
    CLOCK,
    LOG_HEADING_RE,
    LOG_TITLE,
    TRIAGE_CLOCK,
    TRIAGE_TITLE,
    Block,
    dedent,
    first_entry,
    match_tolerantly,
)
from logparse.sources import textforms
from logparse.sources.html import HtmlPage, is_html, split_pages, to_text
from logparse.sources.ours import made_by_logparse

Kind = Literal["log", "fragment", "builds", "ours", "job page", "other web page", "nothing"]

#: At most so many of the lines with a clock are compared with the catalogue.
_MOST_COMPARED: Final = 20_000
#: So many characters of a text are searched for the labels of a job's page.
_MAX_HEAD: Final = 100_000

_PREFIX: Final = textforms.PREFIX
_CLOCK_RE: Final = re.compile(rf"^{_PREFIX}(?:{CLOCK}|{TRIAGE_CLOCK})", re.MULTILINE)
#: The beginning of a page or a log. Each of these shows that the text is one, whatever else is in it.
_OPENING_RE: Final = re.compile(
    rf"^{_PREFIX}{CLOCK}(?:New invocation is queued|New invocation initialized|Starting the invocation)",
    re.MULTILINE,
)
_HEAD_RES: Final = (
    re.compile(
        r"^[ \t]*+Status:[^\n]*+\n[ \t\n]*+(?:(?!Triggered by:)[^\n]++\n[ \t\n]*+)?+Triggered by:",
        re.MULTILINE,
    ),
    re.compile(rf"^{BREADCRUMB}", re.MULTILINE),
)
_TITLE_RE: Final = re.compile(
    rf"^[ \t]*+(?:{re.escape(TRIAGE_TITLE)}|{re.escape(LOG_TITLE)})[ \t]*+$", re.MULTILINE
)
_BLANK_LINES_RE: Final = re.compile(r"(?:[ \t]*+\n)*+")
#: An invocation's id where the scheduler writes it: in the id of a timer, or in a build's tag.
_OWN_ID_RES: Final = (
    re.compile(rf"^{_PREFIX}{CLOCK}[^\n]*:[0-9]{{15,20}}:[0-9]{{1,18}}:[0-9]{{1,18}}\)", re.MULTILINE),
    re.compile(r'scheduler_invocation_id(?::|",\s*+"value":\s*+")[0-9]{15,20}\\?"'),
)
#: A line with which JSON can begin, also the first line of an answer of pRPC.
JSON_LINE_RE: Final = re.compile(r"^[ \t\ufeff]*+(?:\)\]\}')?[ \t]*+[\[{]", re.MULTILINE)
_OBJECT_LINE_RE: Final = re.compile(r"^[ \t]*+(?:\[[ \t]*+)*+(?:\{|(?<=\[)$)", re.MULTILINE)
#: A line of indented JSON, or the end of one after a cut.
_OF_JSON: Final = r'[ \t]*+(?:[{}\[\]"][^\n]*+|(?:-?+[0-9][0-9.eE+-]*+|true|false|null),?+)?+[ \t]*+'
_JSON_LINES_RE: Final = re.compile(rf"(?:{_OF_JSON}\n)*+\Z")
_JSON_LINE_ENDS: Final = ('"', ",", "{", "[", "}", "]")
_JOB_PAGE_RE: Final = re.compile(rf"^{_PREFIX}(State:|Schedule:|Next run:)", re.MULTILINE)

_SAVE_THE_LOG: Final = "save the invocation's page, or its debug log, with lines like [HH:MM:SS.mmm] …"


class Detected(NamedTuple):
    """The kind of a text, and why it is not read.

    Parameters
    ----------
    kind:
        ``log``: one or more pages or logs; ``fragment``: the middle or the end of a log; ``builds``: JSON,
        which can hold builds; ``ours``: a file that logparse wrote; ``job page``; ``other web page``; or
        ``nothing``: none of these.
    text:
        The text without the characters that copying added to its lines.
    cause, remedy:
        Why the text is not read, and what to do. Empty for the first three kinds.
    web_pages:
        Each page of saved HTML, with the 0-based line where it begins.
    """

    kind: Kind
    text: str
    cause: str = ""
    remedy: str = ""
    web_pages: tuple[tuple[int, HtmlPage], ...] = ()

    def refusal(self, source: str, line: int | None = None) -> InputError:
        """Return the error that says why the text is not read."""
        return InputError(self.cause, source=source, line=line, remedy=self.remedy)


def detect(text: str) -> Detected:
    """Return the kind of a text.

    A text is a log if it has the head of a page, an entry with which an invocation begins, or an invocation's
    id where the scheduler writes it. Otherwise it can be a fragment. A fragment begins with an entry, or with
    JSON that an entry follows. At least half of its lines with a clock are messages of the scheduler.

    Parameters
    ----------
    text:
        A decoded file, its lines ended by ``"\\n"``.

    Raises
    ------
    InputError
        If a web page has too many elements.
    """
    made = made_by_logparse(text)
    if made is not None:
        return Detected("ours", text, f"is {made}, not a log", "give the logs instead")
    if is_html(text):
        return _web_page(text)
    text = textforms.original(text)
    if not _CLOCK_RE.search(text):
        return _without_clock(text)
    if _is_log(text):
        return Detected("log", text)
    known, clocks = _known_lines(text)
    if known == 0 and _OBJECT_LINE_RE.search(text):
        return Detected("builds", text)
    if known == 0:
        return nothing(
            text, f"none of its {clocks} lines with a clock is the scheduler's" if clocks > 1 else ""
        )
    if _begins_as_fragment(text) and known * 2 >= clocks:
        return Detected("fragment", text)
    if known * 2 >= clocks:
        return nothing(text, "it does not begin as one")
    return nothing(text, f"{known} of its {clocks} lines with a clock are the scheduler's")


def nothing(text: str, reason: str = "") -> Detected:
    """Return the kind of a text that is nothing to read, with the reason why it is not a log."""
    why = f": {reason}" if reason else ""
    return Detected("nothing", text, f"holds no scheduler log{why}", _SAVE_THE_LOG)


def refused_page(page: HtmlPage) -> Detected | None:
    """Return the kind of a web page that is not read, or None for one that can contain a log."""
    if page.kind == "other":
        return Detected(
            "other web page",
            "",
            "is a web page, but not one of the LUCI Scheduler",
            "save the page of one invocation",
        )
    return _job_page() if page.kind == "job" and not page.text else None


def begins_with_json(text: str) -> bool:
    """Whether the lines before the first entry are JSON: the end of an entry that began before the text."""
    entry = first_entry(text)
    lead = text[: entry or 0].lstrip()
    if not lead:
        return False
    # A cut in the middle of a line leaves the end of a line of JSON.
    first, _, rest = lead.partition("\n")
    cut_short = '"' in first and first[0] not in "#>|*" and first.rstrip().endswith(_JSON_LINE_ENDS)
    return _JSON_LINES_RE.match(rest if cut_short else lead) is not None


def _web_page(text: str) -> Detected:
    """Return the kind of a text of one or more web pages. It is a log if one of them can contain a log."""
    pages = tuple((line, to_text(html)) for line, html in split_pages(text))
    refused = [refused_page(page) for _, page in pages]
    first = refused[0]
    if first is None or None in refused:
        return Detected("log", text, web_pages=pages)
    return first._replace(text=text, web_pages=pages)


def _job_page() -> Detected:
    return Detected(
        "job page",
        "",
        "is a job's page, not an invocation's",
        "open one of the job's invocations and save that page",
    )


def _without_clock(text: str) -> Detected:
    """Return the kind of a text without a clock."""
    if _TITLE_RE.search(text):
        return Detected("log", text)
    if len(set(_JOB_PAGE_RE.findall(text[:_MAX_HEAD]))) >= 2:
        return _job_page()._replace(text=text)
    if JSON_LINE_RE.search(text):
        return Detected("builds", text)
    return nothing(text)


def _is_log(text: str) -> bool:
    """Whether a text with a clock is a log, by the signs that `detect` names."""
    if _OPENING_RE.search(text) or _TITLE_RE.search(text) or any(head.search(text) for head in _HEAD_RES):
        return True
    for heading in LOG_HEADING_RE.finditer(text):
        blank = _BLANK_LINES_RE.match(text, min(heading.end() + 1, len(text)))
        if _CLOCK_RE.match(text, blank.end() if blank else 0):
            return True
    return any(own_id.search(text) for own_id in _OWN_ID_RES) and _known_lines(text)[0] > 0


def _begins_as_fragment(text: str) -> bool:
    """Whether a text begins with an entry, or with JSON that an entry follows."""
    entry = first_entry(text)
    return entry is not None and (not text[:entry].strip() or begins_with_json(text))


def _known_lines(text: str) -> tuple[int, int]:
    """Return how many lines with a clock are messages of the catalogue, and how many there are."""
    start = first_entry(text)
    if start is None:
        return 0, 0
    log = text[start:]
    blocks = scanner.split_log(dedent(log, log[: len(log) - len(log.lstrip(" \t"))]))
    known = clocks = 0
    previous: str | None = None
    writers: frozenset[str] = frozenset()
    for block in [b for b in blocks if b.clock_ms is not None][:_MOST_COMPARED]:
        found = match_tolerantly(scanner.match, block.text, Context(previous, writers, _scope(block)))
        clocks += 1
        previous = None
        if found is not None:
            known += 1
            previous, writers = found.message.kind, writers | {found.message.writer}
    return known, clocks


def _scope(block: Block) -> str:
    return "triage" if block.shape == "triage" else "invocation"
