"""The parts of a page, read from its flat form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from logparse.sources.html.flattening import BLANKS
from logparse.sources.html.scanning import BLANK_SET

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

#: The headings of a page, in lower case, and how the text form writes them.
SECTIONS: Final = {
    "definition": "Definition",
    "incoming triggers": "Incoming triggers",
    "incoming properties": "Incoming properties",
    "incoming tags": "Incoming tags",
    "outgoing triggers": "Outgoing triggers",
    "pending triggers": "Pending triggers",
    "debug log": "Debug log (UTC)",
    "last triage": "Last triage",
}

_SPACES: Final = re.compile(rf"[{BLANK_SET}]+")
_IN_URL: Final = re.compile(r"[\s<>\x00-\x20\x7f]")
_LABEL: Final = re.compile(
    r"(status|triggered by|duration|actions|state|schedule|next run) ?:$", re.IGNORECASE
)
_SECTION: Final = re.compile(rf"({'|'.join(SECTIONS)})\b(?: ?(\([^()]*+\)))?+", re.IGNORECASE)


@dataclass(slots=True)
class Section:
    """A heading's remark in brackets, and the first ``<pre>`` and the first list under the heading.

    ``at`` is the offset in the page's source where the content of the ``<pre>`` begins.
    """

    remark: str = ""
    pre: str | None = None
    at: int | None = None
    items: list[str] | None = None


@dataclass(slots=True)
class Parts:
    """The parts of a page.

    Attributes
    ----------
    title:
        The title, empty if there is none.
    crumbs:
        The items of the breadcrumb.
    fields:
        The fields of the top row, by label in lower case.
    sections:
        The sections, by heading in lower case.
    loose:
        Each ``<pre>`` that is under no known heading, or not the first under it.
    """

    title: str = ""
    crumbs: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)
    loose: list[Section] = field(default_factory=list)


def read_parts(source: str) -> Parts:
    """Find the parts of a page in its flat form, an HTML document."""
    # Imported here, because a text file never needs it.
    from selectolax.lexbor import LexborHTMLParser

    document = LexborHTMLParser(source)
    reader = _Reader()
    title = document.css_first("title")
    if title is not None:
        reader.parts.title = _collapse(title.text())
    node = document.body.first_child if document.body is not None else None
    while node is not None:
        reader.take(node)
        node = node.next
    reader.end_field()
    return reader.parts


class _Reader:
    """The parts found so far, the open section and the field whose value is being read."""

    def __init__(self) -> None:
        self.parts = Parts()
        self._section: Section | None = None
        self._label = ""
        self._value: list[str] = []

    def take(self, node: LexborNode) -> None:
        """Take the next node of the flat form."""
        tag = node.tag
        if tag == "h4":
            self.end_field()
            if known := _SECTION.match(_collapse(node.text())):
                self._section = self.parts.sections.setdefault(known[1].lower(), Section(known[2] or ""))
        elif tag == "pre":
            self.end_field()
            self._take_pre(node)
        elif tag in ("ol", "ul"):
            self.end_field()
            self._take_list(node)
        elif tag == "b" and self._section is None and (match := _LABEL.match(_collapse(node.text()))):
            self.end_field()
            self._label = match[1].lower()
        elif tag == "hr":
            if "".join(self._value).strip(BLANKS):
                self.end_field()
        elif self._label:
            self._value.append(_inline_text(node))

    def _take_pre(self, node: LexborNode) -> None:
        """Take a ``<pre>`` as that of the open section, or as a loose one."""
        holder = self._section
        if holder is None or holder.pre is not None:
            holder = Section()
            self.parts.loose.append(holder)
        holder.pre = node.text()
        holder.at = int(node.attributes.get("data-at") or 0)

    def _take_list(self, node: LexborNode) -> None:
        """Take a list as the breadcrumb or as that of the open section."""
        if "breadcrumb" in (node.attributes.get("class") or ""):
            self.parts.crumbs = self.parts.crumbs or [_collapse(item.text()) for item in node.css("li")]
        elif self._section is not None and self._section.items is None:
            self._section.items = [_collapse(_inline_text(item)) for item in node.css("li")]

    def end_field(self) -> None:
        """Keep the value that was read for the open label, unless the label had one before."""
        if self._label:
            self.parts.fields.setdefault(self._label, _collapse(" ".join(self._value)))
            self._label = ""
            self._value.clear()


def _collapse(text: str) -> str:
    """Return ``text`` as HTML shows it outside of ``<pre>``: each run of blanks is one space."""
    return _SPACES.sub(" ", text).strip(BLANKS)


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
        target = (node.attributes.get("href") or "").strip(BLANKS)
        if target and not target.startswith("#") and not target.lower().startswith("javascript:"):
            target = _IN_URL.sub(lambda m: quote(m[0], safe=""), target)
            return f"{text} <{target}>"
    return text
