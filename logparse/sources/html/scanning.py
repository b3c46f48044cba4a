"""The markup of an HTML page, found in linear time, and where a page begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

#: The characters that HTML treats as white space, for a set of a regular expression.
BLANK_SET: Final = r" \t\n\f\r"

_HEAD_CHARS: Final = 4096
_BLANK_START: Final = re.compile(r"[\s\ufeff]*+")
_HTML_START: Final = re.compile(
    rf"(?:<\?xml[^>]*+>[{BLANK_SET}]*+)?+"
    rf"(?:<!--(?![{BLANK_SET}]*saved from url)(?>.*?-->)[{BLANK_SET}]*+)*+"
    rf"(?:<!doctype[{BLANK_SET}]+html|<(?:html|head|body)[{BLANK_SET}>]|<!--[{BLANK_SET}]*saved from url)",
    re.IGNORECASE | re.DOTALL,
)
_DOCTYPE: Final = re.compile(r"<!doctype", re.IGNORECASE)
_HTML_TAG: Final = re.compile(r"<html", re.IGNORECASE)

_LETTER: Final = re.compile(r"[a-zA-Z]")
_MARK: Final = re.compile(r"<(?=[a-zA-Z/!?])")
# A whole tag. Possessive, so that nothing makes it backtrack. It fails only where the text ends in the tag.
_TAG: Final = re.compile(
    rf"<(/?[a-zA-Z][^{BLANK_SET}/>]*+)"
    rf"((?:[{BLANK_SET}/]++|[^{BLANK_SET}/>][^{BLANK_SET}/>=]*+"
    rf"(?:[{BLANK_SET}]*+=[{BLANK_SET}]*+"
    rf"(?:\"[^\"]*+\"|'[^']*+'|[^{BLANK_SET}\"'>][^{BLANK_SET}>]*+)?+)?+)*+)>"
)
_ATTRIBUTE: Final = re.compile(
    rf"([^{BLANK_SET}/>][^{BLANK_SET}/>=]*+)"
    rf"(?:[{BLANK_SET}]*+=[{BLANK_SET}]*+"
    rf"(?:\"([^\"]*+)\"|'([^']*+)'|([^{BLANK_SET}\"'>][^{BLANK_SET}>]*+)))?+"
)
_COMMENT_END: Final = re.compile(r"--!?>")
_RAW_END: Final = {
    name: re.compile(rf"</{name}(?=[{BLANK_SET}/>])[^>]*+>?", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}


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
    """Separate the HTML pages that one file holds, one after another.

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
        for start, _, name, _ in tokens(text):
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


def tokens(html: str) -> Iterator[tuple[int, int, str, str]]:
    """Return the markup in ``html``, in order, as (start, end, name, inner). All between is text.

    The name is in lower case: ``div`` for a start tag, ``/div`` for an end tag, ``!doctype``, or empty for
    comments and the like. ``inner`` is the source of the attributes. An element whose content is not
    markup, such as a script, is one token with its content and its end tag, and ``inner`` is the content.
    The end of the text closes every open tag, comment and element.
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


def attribute(attributes: str, name: str) -> str:
    """Return the source of an attribute's value, fit for double quotes; empty if it is absent."""
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == name:
            return (match[2] or match[3] or match[4] or "").replace('"', "&quot;")
    return ""
