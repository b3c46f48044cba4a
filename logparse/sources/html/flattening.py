"""An HTML page reduced to a flat sequence of the elements that matter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from logparse.errors import InputError
from logparse.sources.html.scanning import attribute, tokens

#: The characters that HTML treats as white space, to strip.
BLANKS: Final = " \t\n\f\r"

_DROPPED: Final = frozenset(
    ("button", "select", "svg", "math", "template", "object", "audio", "video", "canvas")
)
_HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LISTS: Final = ("ol", "ul")
_INLINE: Final = {"a": "a", "b": "b", "strong": "b"}
# fmt: off
_BLOCKS: Final = frozenset((
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "header", "hr", "html", "legend", "main", "nav", "p", "section", "summary", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr",
))
# fmt: on
_REFERENCE_CHARS: Final = 40


@dataclass(slots=True)
class Flat:
    """A page as a flat sequence. The deepest nesting is a link in a label in an item of a list.

    Attributes
    ----------
    most:
        The most elements that the page may have. One more raises InputError.
    out:
        The sequence: pieces of HTML.
    title:
        Source of the page's title, or None.
    has_invocations_table:
        Whether the page has a job's table of invocations.
    block:
        Name of the open ``h4``, ``pre``, ``ol`` or ``ul``, or empty.
    item:
        Whether an item of a list is open.
    inline:
        Names of the open links and labels, from the outermost.
    inner_lists:
        How many lists are open in the open list. Their items count as items of the outer one.
    elements:
        How many elements the sequence has.
    at_pre_start:
        Whether nothing has followed the ``<pre>`` yet, so that a newline would be lost.
    """

    most: int
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
        """Close what is open and return the sequence as one HTML document."""
        self.close_block()
        return f"<!doctype html><title>{self.title or ''}</title><body>" + "".join(self.out)

    def open(self, tag: str) -> None:
        """Add a start tag and count it.

        Raises
        ------
        InputError
            If the page has more elements than it may have.
        """
        self.elements += 1
        if self.elements > self.most:
            raise InputError(
                f"the HTML page has more than {self.most} elements",
                remedy="save the invocation's page alone, or only its log as text",
            )
        self.out.append(f"<{tag}>")

    def text(self, text: str) -> None:
        """Add text, which is source: its character references are not decoded yet."""
        if self.block == "pre":
            if self.at_pre_start:
                text = text.removeprefix("\r")
            text = text.replace("\r", "&#13;").replace("\0", "\ufffd")
        elif not self.block and self.out and self.out[-1] == "<hr>":
            text = text.lstrip(BLANKS)
        if text:
            # A bare "<" is text. It would begin a tag where the next tag is left out and a letter follows.
            self.out.append(text.replace("<", "&lt;"))
            self.at_pre_start = False
            if "&" in text[-_REFERENCE_CHARS:]:  # a character reference ends at a tag, also at one left out
                self.open("!----")

    def close_inline(self, down_to: int = 0) -> None:
        """Close the open links and labels but for the outermost `down_to`."""
        while len(self.inline) > down_to:
            self.out.append(f"</{self.inline.pop()}>")

    def close_item(self) -> None:
        """Close the open item of a list, and the links and labels in it."""
        self.close_inline()
        if self.item:
            self.out.append("</li>")
            self.item = False

    def close_block(self) -> None:
        """Close the open heading, ``<pre>`` or list, and all in it."""
        self.close_item()
        if self.block:
            self.out.append(f"</{self.block}>")
            self.block = ""

    def boundary(self) -> None:
        """Separate the text before from the text after: the page shows them on lines of their own."""
        if self.block:
            self.text(" ")
        elif not self.out or self.out[-1] != "<hr>":
            self.close_inline()
            self.open("hr")

    def guard_pre(self) -> None:
        """Keep the newline that comes next: in the source it is not right after the ``<pre>``."""
        if self.at_pre_start:
            self.text("\n")

    def tag(self, name: str, inner: str, end: int) -> None:
        """Take the tag ``name`` with the attributes ``inner``, whose source ends at offset ``end``."""
        element = name.removeprefix("/")
        if self.block == "pre":
            self._in_pre(name)
        elif element in _INLINE:
            self._inline_tag(name, inner)
        elif element in _HEADINGS or name == "pre":
            self._block_tag(name, end)
        elif element in _LISTS:
            self._list_tag(name, inner)
        elif element == "li":
            self._item_tag(name)
        elif name == "title":
            if self.title is None:
                self.title = inner
        elif name == "br":
            self.text(" ")
        elif element in _BLOCKS:
            if name == "table" and attribute(inner, "id").lower() == "invocations-table":
                self.has_invocations_table = True
            self.boundary()

    def _in_pre(self, name: str) -> None:
        """Take a tag within a ``<pre>``: only its end and ``<br>`` matter."""
        self.guard_pre()
        if name == "/pre":
            self.close_block()
        elif name == "br":
            self.text("\n")

    def _inline_tag(self, name: str, inner: str) -> None:
        """Take the start or the end of a link or a label."""
        inline = _INLINE[name.removeprefix("/")]
        if name.startswith("/"):
            if inline in self.inline:
                self.close_inline(self.inline.index(inline))
        elif inline not in self.inline:
            self.inline.append(inline)
            self.open(f'a href="{attribute(inner, "href")}"' if inline == "a" else inline)

    def _block_tag(self, name: str, end: int) -> None:
        """Take the start or the end of a heading, or the start of a ``<pre>``."""
        if name.startswith("/"):
            if self.block == "h4":
                self.close_block()
            return
        self.close_block()
        self.block = "pre" if name == "pre" else "h4"
        self.at_pre_start = name == "pre"
        self.open(f'pre data-at="{end}"' if name == "pre" else "h4")

    def _list_tag(self, name: str, inner: str) -> None:
        """Take the start or the end of a list. A list in a list is left out, its items are kept."""
        in_list = self.block in _LISTS
        if name.startswith("/"):
            if in_list and self.inner_lists:
                self.inner_lists -= 1
            elif in_list:
                self.close_block()
            return
        crumbs = "breadcrumb" in attribute(inner, "class").lower()
        if in_list and not crumbs:
            self.inner_lists += 1
        else:
            self.close_block()
            self.block = name
            self.inner_lists = 0
            self.open(f'{name} class="breadcrumb"' if crumbs else name)

    def _item_tag(self, name: str) -> None:
        """Take the start or the end of an item of a list."""
        if name == "/li":
            self.close_item()
        elif self.block in _LISTS:
            self.close_item()
            self.open("li")
            self.item = True


class _Unclosed(Exception):
    """An element that was to be dropped with its content has no end."""


def flatten(html: str, most: int) -> Flat:
    """Reduce a page of at most `most` elements. An element that has no end is not dropped.

    Raises
    ------
    InputError
        If the page has more than `most` elements of the kinds looked at.
    """
    unclosed: set[str] = set()
    while True:
        try:
            return _flatten_once(html, most, _DROPPED - unclosed)
        except _Unclosed as error:
            unclosed.add(str(error))


def _flatten_once(html: str, most: int, dropped: frozenset[str]) -> Flat:
    """Reduce the page; elements named in ``dropped`` are left out with their content."""
    flat = Flat(most)
    position = 0
    dropping = ""
    depth = 0
    for start, end, name, inner in tokens(html):
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
