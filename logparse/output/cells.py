"""Values as text: in JSON, and in cells of CSV that a spreadsheet does not run as formulas.

A cell of text that a spreadsheet could run, or that begins with ``'``, gets one ``'`` before it. No other
cell begins with ``'``, so that removing one ``'`` restores the text.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from string import ascii_letters, digits
from typing import Any, Final

from logparse.columns import Column

#: Signs that begin a formula. In some spreadsheets their fullwidth and small forms do so too.
_SIGNS: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b")
#: Characters that text can begin with and that a spreadsheet shows as they are.
HARMLESS: Final = frozenset(ascii_letters + digits + "{[(/<")
#: Signs that a spreadsheet drops, so that the text after them begins the cell.
_DROPPED: Final = frozenset("\t\r\n")
#: Control characters that JSON leaves as they are.
_CONTROL_RE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029]")


def plain(value: Any, column: Column) -> Any:
    """Return a value for JSON: times in RFC 3339 with microseconds, values of JSON columns as objects."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if column.type == "float":
        return float(value)
    return json.loads(value) if column.type == "json" else value


def json_line(value: Any, *, ascii_only: bool = False, indent: int | None = None) -> str:
    """Return a value as JSON without control characters, and in ASCII if `ascii_only`."""
    return without_controls(json.dumps(value, ensure_ascii=ascii_only, indent=indent))


def without_controls(text: str) -> str:
    """Return JSON with the control characters escaped that JSON leaves as they are."""
    return _CONTROL_RE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cell(value: Any, column: Column, *, raw: bool = False) -> str | None:
    """Return a value as the text of a CSV cell, None for null.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    if isinstance(value, str):
        # NUL ends a cell early in some readers; the visible symbol for it does not.
        text = value.replace("\0", "\N{SYMBOL FOR NULL}")
        return text if raw else guarded(text)
    shown = plain(value, column)
    if shown is None:
        return None
    if isinstance(shown, bool):
        return "true" if shown else "false"
    return repr(shown) if isinstance(shown, float) else str(shown)


def guarded(text: str) -> str:
    """Return text with a ``'`` before it if a spreadsheet could run it, or if it begins with one."""
    if text[:1] in HARMLESS:
        return text
    return f"'{text}" if text.startswith("'") or _is_formula(text) else text


def unguarded(text: str) -> str:
    """Return the text of which `guarded` made this one."""
    return text.removeprefix("'")


def _is_formula(text: str) -> bool:
    """Whether the first character of text, after blanks and invisible ones, is a sign of formulas."""
    if text[:1] in _DROPPED:
        return True
    for character in text:
        if character in _SIGNS:
            return True
        if character != " " and character.isprintable():
            return False
    return False
