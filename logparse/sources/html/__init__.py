"""Saved HTML of the scheduler's UI pages, turned into the text form that the grammar reads.

There are two steps. First `scanning` and `flattening` reduce the page, in linear time, to a flat sequence
of the few elements that matter: title, headings, ``<pre>``, lists, links, bold labels. Scripts, styles,
buttons and all other markup are left out. Then `parts` reads that sequence with lexbor, the HTML parser of
a browser engine, which decodes character references and gives the nodes. Lexbor never reads the page
itself, for two reasons. It does not say where a node is in the source, which line numbers need. Hostile
markup makes it quadratic: 60 kB of unclosed ``<font>`` take 2 GB, and 500 kB of ``<div>`` take 20 s.

The text of a ``<pre>`` is kept as it is, with two exceptions that HTML demands. A newline right after the
tag is not content. NUL, raw or as ``&#0;``, is U+FFFD, which the scheduler writes for it too. A carriage
return is kept, though browsers (and lexbor) make it a newline: in a page from the server it belongs to the
log. The parser drops lone surrogates; `logparse.sources` leaves none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from logparse.sources.html.flattening import flatten
from logparse.sources.html.parts import read_parts
from logparse.sources.html.scanning import is_html, split_pages
from logparse.sources.html.textform import line_shift, text_form

__all__ = ["MAX_ELEMENTS", "HtmlPage", "Kind", "is_html", "split_pages", "to_text"]

Kind = Literal["invocation", "job", "other"]

MAX_ELEMENTS: Final = 500_000
"""The most headings, list items, links and the like that a page may have. An invocation has some dozens."""

_SCHEDULER_TITLE: Final = re.compile(r"LUCI Scheduler(?: ::|$)")
_TRIAGE_LINE: Final = re.compile(r"\[\d+ ms\] ")


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """The kind and the text of a saved page.

    Attributes
    ----------
    kind:
        ``invocation``: the page of one invocation; ``job``: the page of a job, with its list of invocations;
        ``other``: any other page, of the scheduler or not.
    text:
        An invocation's page in text form, the log verbatim at its end. Of a job's page its last triage log,
        verbatim, where it shows one. Else empty.
    log_line_shift:
        What to add to a 1-based line number within the log to get the 1-based line in the page's HTML.
        It is too small for lines after a ``<br>`` within the log, which only a browser's extension writes.
    title:
        The page's title, if it has one.
    log_at:
        Offset in an invocation's text of its log's heading; the text's end where it has no log.
    """

    kind: Kind
    text: str
    log_line_shift: int
    title: str | None
    log_at: int = 0


def to_text(html: str) -> HtmlPage:
    """Turn one saved page into its text form.

    Parameters
    ----------
    html:
        One HTML document, as the server sent it or as a browser saved it, whole or cut off.

    Returns
    -------
    HtmlPage
        The page's kind and text.

    Raises
    ------
    InputError
        If the page has more than `MAX_ELEMENTS` elements of the kinds looked at.
    """
    flat = flatten(html, MAX_ELEMENTS)
    parts = read_parts(flat.source())
    title = parts.title or None
    log = parts.sections.get("debug log")
    of_scheduler = _SCHEDULER_TITLE.match(parts.title) is not None
    has_status = "status" in parts.fields
    if (of_scheduler and (has_status or log)) or (log and (has_status or log.remark.lower() == "(utc)")):
        text, log_at = text_form(parts)
        return HtmlPage("invocation", text, line_shift(html, log), title, log_at)
    has_state = "state" in parts.fields and ("next run" in parts.fields or "schedule" in parts.fields)
    if (of_scheduler or has_state) and (flat.has_invocations_table or (of_scheduler and has_state)):
        triage = parts.sections.get("last triage")
        if triage is None or triage.pre is None:
            triage = next((s for s in parts.loose if s.pre and _TRIAGE_LINE.match(s.pre)), None)
        text = triage.pre if triage is not None and triage.pre else ""
        return HtmlPage("job", text, line_shift(html, triage), title)
    return HtmlPage("other", "", 0, title)
