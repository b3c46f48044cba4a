"""Where a JSON object ends that cannot be decoded: one pass over its brackets, strings left out."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from logparse.buildbucket.payloads import MAX_NESTING

#: A string ends with its line at the latest, so that a lost quote costs one line.
_TOKEN_RE: Final = re.compile(r'"(?:[^"\\\n]++|\\.)*+"?|,\s*+\{|[\[{\]}]|\n')
#: The object goes on although its brackets are closed: there was a closing bracket too many.
_GOES_ON_RE: Final = re.compile(r'[ \t]*+(?:,\s*+"|[:"])')
_STRAY_RE: Final = re.compile(r"\s*+\}")
_BEFORE_OBJECT_RE: Final = re.compile(r"(?:[\]}\[,][ \t]*+)*+(?=\{)")
_BLANKS_RE: Final = re.compile(r"[ \t]*+")
_OPEN_LINE_RE: Final = re.compile(r"\{[ \t]*+\n")
#: Where a line began earlier than this, its indentation is not looked for.
_LONGEST_INDENT: Final = 1_000


class Extent(NamedTuple):
    """Where an object ends, None where that is not known, and whether it nests deeper than `MAX_NESTING`.

    `scanned` is how far the text was looked at.
    """

    end: int | None
    too_deep: bool
    scanned: int


def object_extent(text: str, start: int, *, first_close: bool = False) -> Extent:
    """Return the extent of the object that begins at `start`.

    The object ends with its closing bracket, and later where a closing bracket too many is in it. Where
    brackets are missing, it ends before the next object of the same list. That is a brace where an object
    must have the name of a member, or a line that begins an object and has the indentation of the line where
    this one begins.

    Parameters
    ----------
    first_close:
        End with the first closing bracket that fits, so that nothing after the object is looked at.
    """
    indent = _indentation(text, start)
    opened: list[str] = []
    closed: int | None = None
    sibling = len(text)
    too_deep = False
    for found in _TOKEN_RE.finditer(text, start):
        token = found[0]
        if token[0] == '"':
            continue
        if token[0] in ",\n" and "\n" in token and indent is not None:
            line = text.rfind("\n", found.start(), found.end()) + 1
            before = _BEFORE_OBJECT_RE.match(text, line + len(indent))
            if before is not None and text.startswith(indent, line):
                sibling = min(sibling, before.end())
        if found.end() > sibling:
            return Extent(sibling, too_deep, sibling)
        if token[0] == "," and opened[-1:] != ["["]:
            return Extent(found.end() - 1, too_deep, found.end())
        if token[-1] in "{[":
            opened.append(token[-1])
            too_deep = too_deep or len(opened) > MAX_NESTING
        elif token == "]" and not _close(opened, "["):
            return Extent(found.start(), too_deep, found.end())
        elif token == "}":
            _close(opened, "{")
            if not opened:
                closed = closed or found.end()
                if first_close or not (goes_on(text, found.end()) or _STRAY_RE.match(text, found.end())):
                    return Extent(found.end(), too_deep, found.end())
    return Extent(closed, too_deep, len(text))


def goes_on(text: str, end: int) -> bool:
    """Return whether an object goes on after the bracket that closes it: one too many is before that."""
    return _GOES_ON_RE.match(text, end) is not None


def _close(opened: list[str], kind: str) -> bool:
    """Close the innermost bracket of a kind, and those inside it that were not closed."""
    while opened:
        if opened.pop() == kind:
            return True
    return False


def _indentation(text: str, start: int) -> str | None:
    """Return the indentation of the line where an object begins; None where members are not indented deeper.

    Without that difference a line that begins an object may be inside this one.
    """
    nearest = max(0, start - _LONGEST_INDENT)
    line = text.rfind("\n", nearest, start) + 1
    blanks = _BLANKS_RE.match(text, line, start) if line or not nearest else None
    indent = blanks[0] if blanks else ""
    members = _OPEN_LINE_RE.match(text, start)
    if members is not None and text.startswith(indent, members.end()):
        inside = members.end() + len(indent)
        return indent if text[inside : inside + 1] in ("", " ", "\t") else None
    return indent
