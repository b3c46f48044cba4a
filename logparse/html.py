"""Saved HTML of the scheduler's UI pages, turned into the text form that the grammar reads.

Two steps. A linear scan first reduces the page to a flat sequence of the few elements that matter (title,
headings, ``<pre>``, lists, links, bold labels); scripts, styles, buttons and whatever a browser or an
extension wrapped around the rest fall away. Then lexbor, a browser-grade parser, reads that sequence: it
decodes character references and gives the nodes. Lexbor never sees the page itself: it does not tell where in
the source a node stood, which line numbers need, and hostile markup makes it quadratic (60 kB of unclosed
``<font>`` take 2 GB, 500 kB of ``<div>`` 20 s).

A ``<pre>`` comes through verbatim, but for what HTML cannot carry: a newline right behind the tag is not
content, and NUL, raw or as ``&#0;``, is U+FFFD, which is also what the scheduler writes for it. A carriage
return stays, though browsers (and lexbor) make it a newline: in a page from the server it is the log's own.
The parser drops lone surrogates; `logparse.sources` leaves none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from logparse.errors import InputError

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

Kind = Literal["invocation", "job", "other"]

MAX_ELEMENTS: Final = 500_000
"""The most headings, list items, links and the like that a page may have. An invocation has some dozens."""

_HEAD_CHARS: Final = 4096
_W: Final = r" \t\n\f\r"
_BLANK_START = re.compile(r"[\s\ufeff]*+")
_HTML_START = re.compile(
    rf"(?:<\?xml[^>]*+>[{_W}]*+)?+"
    rf"(?:<!--(?![{_W}]*saved from url)(?>.*?-->)[{_W}]*+)*+"
    rf"(?:<!doctype[{_W}]+html|<(?:html|head|body)[{_W}>]|<!--[{_W}]*saved from url)",
    re.IGNORECASE | re.DOTALL,
)
_DOCTYPE = re.compile(r"<!doctype", re.IGNORECASE)
_HTML_TAG = re.compile(r"<html", re.IGNORECASE)

_LETTER = re.compile(r"[a-zA-Z]")
_MARK = re.compile(r"<(?=[a-zA-Z/!?])")
# A whole tag. Possessive, so that nothing makes it backtrack. It fails only where the text ends in the tag.
_TAG = re.compile(
    rf"<(/?[a-zA-Z][^{_W}/>]*+)"
    rf"((?:[{_W}/]++|[^{_W}/>][^{_W}/>=]*+"
    rf"(?:[{_W}]*+=[{_W}]*+(?:\"[^\"]*+\"|'[^']*+'|[^{_W}\"'>][^{_W}>]*+)?+)?+)*+)>"
)
_ATTRIBUTE = re.compile(
    rf"([^{_W}/>][^{_W}/>=]*+)(?:[{_W}]*+=[{_W}]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^{_W}\"'>][^{_W}>]*+)))?+"
)
_COMMENT_END = re.compile(r"--!?>")
_RAW_END = {
    name: re.compile(rf"</{name}(?=[{_W}/>])[^>]*+>?", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
_DROPPED: Final = frozenset(
    ("button", "select", "svg", "math", "template", "object", "audio", "video", "canvas")
)
_HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_INLINE: Final = {"a": "a", "b": "b", "strong": "b"}
# fmt: off
_BLOCKS: Final = frozenset((
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "header", "hr", "html", "legend", "main", "nav", "p", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr",
))
# fmt: on

_REFERENCE_CHARS: Final = 40
_BLANKS: Final = " \t\n\f\r"
_SPACES = re.compile(rf"[{_W}]+")
_IN_URL = re.compile(r"[\s<>\x00-\x20\x7f]")
_SCHEDULER_TITLE = re.compile(r"LUCI Scheduler(?: ::|$)")
_TRIAGE_LINE = re.compile(r"\[\d+ ms\] ")
_LABEL = re.compile(r"(status|triggered by|duration|actions|state|schedule|next run) ?:$", re.IGNORECASE)
_SECTIONS: Final = {
    "definition": "Definition",
    "incoming triggers": "Incoming triggers",
    "incoming properties": "Incoming properties",
    "incoming tags": "Incoming tags",
    "outgoing triggers": "Outgoing triggers",
    "pending triggers": "Pending triggers",
    "debug log": "Debug log (UTC)",
    "last triage": "Last triage",
}
_SECTION = re.compile(rf"({'|'.join(_SECTIONS)})\b(?: ?(\([^()]*+\)))?+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """What a saved page holds.

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
        A ``<br>`` within the log, which some extension may have made, puts later lines off.
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


def is_html(text: str) -> bool:
    """Whether ``text`` is an HTML document, judged by how it begins.

    Parameters
    ----------
    text:
        A whole file or its first few thousand characters.

    Returns
    -------
    bool
        True if the first thing in it, other than blanks, comments and a byte order mark, is a doctype or an
        ``<html>``, ``<head>`` or ``<body>`` tag. A log that quotes HTML starts with something else.
    """
    start = _BLANK_START.match(text)
    begin = start.end() if start else 0
    return _HTML_START.match(text[begin : begin + _HEAD_CHARS]) is not None


def split_pages(text: str) -> list[tuple[int, str]]:
    """Take HTML pages apart that stand one after another in one file.

    Parameters
    ----------
    text:
        One or more HTML documents. A page starts at a doctype, or at an ``<html>`` tag after an ``</html>``.

    Returns
    -------
    list of (int, str)
        For each page the 0-based number of the line where it starts, and its HTML. Joined they are ``text``.
    """
    starts = [0]
    if any(len(list(islice(hint.finditer(text), 2))) > 1 for hint in (_DOCTYPE, _HTML_TAG)):
        first, awaits_html, ended = True, False, False
        for start, _, name, _ in _tokens(text):
            if name == "!doctype" or (name == "html" and ended and not awaits_html):
                if not first:
                    starts.append(start)
                first, awaits_html, ended = False, name == "!doctype", False
            elif name == "html":
                first, awaits_html = False, False
            elif name == "/html":
                ended = True
    pages = []
    line = 0
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        pages.append((line, text[begin:end]))
        line += text.count("\n", begin, end)
    return pages


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
    flat = _flatten(html)
    parts = _read(flat.source())
    title = parts.title or None
    log = parts.sections.get("debug log")
    of_scheduler = _SCHEDULER_TITLE.match(parts.title) is not None
    has_status = "status" in parts.fields
    if (of_scheduler and (has_status or log)) or (log and (has_status or log.remark.lower() == "(utc)")):
        text, log_at = _text_form(parts)
        return HtmlPage("invocation", text, _line_shift(html, log), title, log_at)
    has_state = "state" in parts.fields and ("next run" in parts.fields or "schedule" in parts.fields)
    if (of_scheduler or has_state) and (flat.has_invocations_table or (of_scheduler and has_state)):
        triage = parts.sections.get("last triage")
        if triage is None or triage.pre is None:
            triage = next((s for s in parts.loose if s.pre and _TRIAGE_LINE.match(s.pre)), None)
        text = triage.pre if triage is not None and triage.pre else ""
        return HtmlPage("job", text, _line_shift(html, triage), title)
    return HtmlPage("other", "", 0, title)


def _tokens(html: str) -> Iterator[tuple[int, int, str, str]]:
    """Return the markup in ``html``, in order, as (start, end, name, inner); what is between is text.

    The name is in lower case, ``div`` for a start tag, ``/div`` for an end tag, ``!doctype``, or empty for
    comments and the like. ``inner`` is the source of the attributes. For an element whose content is no
    markup (a script), one token spans all of it and ``inner`` is the content. The text's end closes what
    is open.
    """
    size = len(html)
    position = 0
    while mark := _MARK.search(html, position):
        start = mark.start()
        name = inner = ""
        if tag := _TAG.match(html, start):
            position = tag.end()
            name = tag[1].lower()
            inner = tag[2]
            if raw_end := _RAW_END.get(name):
                close = raw_end.search(html, position)
                inner = html[position : close.start() if close else size]
                position = close.end() if close else size
            elif name == "plaintext":
                position = size
        elif html.startswith("<!--", start):
            comment_end = _COMMENT_END.search(html, start + 2)
            position = comment_end.end() if comment_end else size
        elif html[start + 1] in "!?" or not _LETTER.match(html, start + 2):
            position = html.find(">", start) + 1 or size
            name = "!doctype" if html[start : start + 9].lower() == "<!doctype" else ""
        else:
            position = size
        yield start, position, name, inner


def _attribute(attributes: str, name: str) -> str:
    """Return the source of the attribute's value, fit for double quotes; empty if it is absent."""
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == name:
            return (match[2] or match[3] or match[4] or "").replace('"', "&quot;")
    return ""


class _Unclosed(Exception):
    """An element that was to be dropped with its content has no end."""


@dataclass(slots=True)
class _Flat:
    """A page reduced to a flat sequence: what is deepest is a link in a label in an item of a list."""

    out: list[str] = field(default_factory=list)
    title: str | None = None
    has_invocations_table: bool = False
    block: str = ""
    item: bool = False
    inline: list[str] = field(default_factory=list)
    inner_lists: int = 0
    elements: int = 0
    at_pre_start: bool = False

    def source(self) -> str:
        self.close_block()
        return f"<!doctype html><title>{self.title or ''}</title><body>" + "".join(self.out)

    def open(self, tag: str) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise InputError(
                f"the HTML page has more than {MAX_ELEMENTS} elements",
                remedy="save the invocation's page alone, or only its log as text",
            )
        self.out.append(f"<{tag}>")

    def text(self, text: str) -> None:
        if self.block == "pre":
            if self.at_pre_start:
                text = text.removeprefix("\r")
            text = text.replace("\r", "&#13;").replace("\0", "\ufffd")
        elif not self.block and self.out and self.out[-1] == "<hr>":
            text = text.lstrip(_BLANKS)
        if text:
            # A bare "<" is text, and must stay so where the tag behind it falls away and a letter follows.
            self.out.append(text.replace("<", "&lt;"))
            self.at_pre_start = False
            if "&" in text[-_REFERENCE_CHARS:]:  # no more does a character reference go on behind a tag
                self.open("!----")

    def close_inline(self, down_to: int = 0) -> None:
        while len(self.inline) > down_to:
            self.out.append(f"</{self.inline.pop()}>")

    def close_item(self) -> None:
        self.close_inline()
        if self.item:
            self.out.append("</li>")
            self.item = False

    def close_block(self) -> None:
        self.close_item()
        if self.block:
            self.out.append(f"</{self.block}>")
            self.block = ""

    def boundary(self) -> None:
        """Keep the text before and after apart: the page shows them on lines of their own."""
        if self.block:
            self.text(" ")
        elif not self.out or self.out[-1] != "<hr>":
            self.close_inline()
            self.open("hr")

    def guard_pre(self) -> None:
        """Keep the newline that comes next: it is not right behind the ``<pre>`` in the source."""
        if self.at_pre_start:
            self.text("\n")

    def in_pre(self, name: str) -> None:
        """Take a tag within a ``<pre>``: only its end matters, and breaks."""
        self.guard_pre()
        if name == "/pre":
            self.close_block()
        elif name == "br":
            self.text("\n")

    def tag(self, name: str, inner: str, end: int) -> None:
        if self.block == "pre":
            self.in_pre(name)
        elif name in _INLINE:
            inline = _INLINE[name]
            if inline not in self.inline:
                self.inline.append(inline)
                self.open(f'a href="{_attribute(inner, "href")}"' if inline == "a" else inline)
        elif name[:1] == "/" and name[1:] in _INLINE:
            inline = _INLINE[name[1:]]
            if inline in self.inline:
                self.close_inline(self.inline.index(inline))
        elif name in _HEADINGS or name == "pre":
            self.close_block()
            self.block = "pre" if name == "pre" else "h4"
            self.at_pre_start = name == "pre"
            self.open(f'pre data-at="{end}"' if name == "pre" else "h4")
        elif name[:1] == "/" and name[1:] in _HEADINGS:
            if self.block == "h4":
                self.close_block()
        elif name in ("ol", "ul"):
            crumbs = "breadcrumb" in _attribute(inner, "class").lower()
            if self.block in ("ol", "ul") and not crumbs:
                self.inner_lists += 1
            else:
                self.close_block()
                self.block = name
                self.inner_lists = 0
                self.open(f'{name} class="breadcrumb"' if crumbs else name)
        elif name in ("/ol", "/ul"):
            if self.block in ("ol", "ul"):
                if self.inner_lists:
                    self.inner_lists -= 1
                else:
                    self.close_block()
        elif name == "li":
            if self.block in ("ol", "ul"):
                self.close_item()
                self.open("li")
                self.item = True
        elif name == "/li":
            self.close_item()
        elif name == "title":
            if self.title is None:
                self.title = inner
        elif name == "br":
            self.text(" ")
        elif name.removeprefix("/") in _BLOCKS:
            if name == "table" and _attribute(inner, "id").lower() == "invocations-table":
                self.has_invocations_table = True
            self.boundary()


def _flatten(html: str) -> _Flat:
    unclosed: set[str] = set()
    while True:
        try:
            return _flatten_once(html, _DROPPED - unclosed)
        except _Unclosed as error:
            unclosed.add(str(error))


def _flatten_once(html: str, dropped: frozenset[str]) -> _Flat:
    """Reduce the page; elements named in ``dropped`` go with their content."""
    flat = _Flat()
    position = 0
    dropping = ""
    depth = 0
    for start, end, name, inner in _tokens(html):
        if dropping:
            if name == dropping:
                depth += 1
            elif name == "/" + dropping:
                depth -= 1
            elif name == "/pre" and flat.block == "pre":
                depth = 0
                flat.close_block()
            if not depth:
                dropping = ""
        else:
            flat.text(html[position:start])
            if name in dropped:
                flat.guard_pre()
                dropping, depth = name, 1
            else:
                flat.tag(name, inner, end)
        position = end
    if dropping:
        raise _Unclosed(dropping)
    flat.text(html[position:])
    return flat


@dataclass(slots=True)
class _Section:
    """A heading with its remark in brackets, and what is below: a ``<pre>`` (with its place) or a list."""

    remark: str = ""
    pre: str | None = None
    at: int | None = None
    items: list[str] | None = None


@dataclass(slots=True)
class _Parts:
    """The page's parts: the fields of its top row, its sections by heading, and what stands under none."""

    title: str = ""
    crumbs: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    sections: dict[str, _Section] = field(default_factory=dict)
    loose: list[_Section] = field(default_factory=list)


def _read(source: str) -> _Parts:
    """Find the parts of a page in its flat form."""
    from selectolax.lexbor import LexborHTMLParser

    document = LexborHTMLParser(source)
    parts = _Parts()
    title = document.css_first("title")
    parts.title = _collapse(title.text()) if title is not None else ""
    node = document.body.first_child if document.body is not None else None
    section: _Section | None = None
    label = ""
    value: list[str] = []

    def end_field() -> None:
        nonlocal label
        if label:
            parts.fields.setdefault(label, _collapse(" ".join(value)))
            label = ""
            value.clear()

    while node is not None:
        tag = node.tag
        if tag == "h4":
            end_field()
            if known := _SECTION.match(_collapse(node.text())):
                section = parts.sections.setdefault(known[1].lower(), _Section(known[2] or ""))
        elif tag == "pre":
            end_field()
            if section is not None and section.pre is None:
                holder = section
            else:
                holder = _Section()
                parts.loose.append(holder)
            holder.pre = node.text()
            holder.at = int(node.attributes.get("data-at") or 0)
        elif tag in ("ol", "ul"):
            end_field()
            items = [_collapse(_inline_text(item)) for item in node.css("li")]
            if "breadcrumb" in (node.attributes.get("class") or ""):
                parts.crumbs = parts.crumbs or [_collapse(item.text()) for item in node.css("li")]
            elif section is not None and section.items is None:
                section.items = items
        elif tag == "b" and section is None and (match := _LABEL.match(_collapse(node.text()))):
            end_field()
            label = match[1].lower()
        elif tag == "hr":
            if "".join(value).strip(_BLANKS):
                end_field()
        elif label:
            value.append(_inline_text(node))
        node = node.next
    end_field()
    return parts


def _text_form(parts: _Parts) -> tuple[str, int]:
    """Return an invocation's parts in the text form, and the offset of the log's heading in it."""
    crumbs = parts.crumbs
    if len(crumbs) < 4:
        crumbs = ["All projects", *parts.title.split(" :: ")[1:]]
    lines = [" / ".join(crumbs)] if len(crumbs) == 4 else []
    for label, shown in (("status", "Status"), ("triggered by", "Triggered by"), ("duration", "Duration")):
        if label in parts.fields:
            lines.append(f"{shown}: {parts.fields[label]}".rstrip())
    if "actions" in parts.fields:
        lines.append("Actions:")
    blocks = ["\n".join(lines) + "\n\n"] if lines else []
    log = ""
    for name, heading in _SECTIONS.items():
        section = parts.sections.get(name)
        if section is None or name in ("pending triggers", "last triage"):
            continue
        if name == "debug log":
            log = f"{heading}\n\n{section.pre or ''}"
        elif name == "definition":
            blocks.append(f"{heading} {section.remark}".rstrip() + "\n\n")
        else:
            blocks.append(heading + "\n\n")
        if name in ("definition", "incoming properties"):
            if section.pre:
                blocks.append(section.pre.rstrip("\n") + "\n\n")
        elif name != "debug log" and section.items:
            blocks.append("".join(f"  • {item}\n" for item in section.items) + "\n")
    head = "".join(blocks)
    return head + log, len(head)


def _line_shift(html: str, section: _Section | None) -> int:
    """Return how many lines of the page's source are before the first line of the section's ``<pre>``."""
    if section is None or section.at is None:
        return 0
    at = section.at
    if html.startswith(("\n", "\r\n"), at):
        at = html.index("\n", at) + 1
    return html.count("\n", 0, at)


def _collapse(text: str) -> str:
    """Return ``text`` as HTML shows it outside of ``<pre>``: each run of blanks is one space."""
    return _SPACES.sub(" ", text).strip(_BLANKS)


def _inline_text(node: LexborNode) -> str:
    """Return the text of a node, each link followed by its target in angle brackets."""
    if node.tag == "-text":
        return node.text()
    children = []
    child = node.first_child
    while child is not None:
        children.append(_inline_text(child))
        child = child.next
    text = "".join(children)
    if node.tag == "a":
        target = (node.attributes.get("href") or "").strip(_BLANKS)
        if target and not target.startswith("#") and not target.lower().startswith("javascript:"):
            target = _IN_URL.sub(lambda m: quote(m[0], safe=""), target)
            return f"{text} <{target}>"
    return text
