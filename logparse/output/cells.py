"""Values as text: of JSON, and of CSV cells, which a spreadsheet must not take for formulas.

A CSV cell of text that a spreadsheet could run, or that begins with ``'``, gets one ``'`` in front.
No other cell begins with ``'``, so that removing one gives the text back.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final

from logparse.columns import Column

#: Signs that begin a formula; some spreadsheets take their fullwidth and small forms as well.
_SIGNS: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b")
#: Signs that a spreadsheet drops, so that the text after them begins the cell.
_DROPPED: Final = frozenset("\t\r\n")
#: Control characters that JSON leaves as they are.
_CONTROL_RE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029]")


def plain(value: Any, column: Column) -> Any:
    """Return a value as JSON has it: times in RFC 3339 with microseconds, JSON columns as objects."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if column.type == "float":
        return float(value)
    return json.loads(value) if column.type == "json" else value


def json_line(value: Any, *, ascii_only: bool = False, indent: int | None = None) -> str:
    """Return a value as JSON without control characters; ASCII where the output needs that."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return _CONTROL_RE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cell(value: Any, column: Column, *, raw: bool = False) -> str | None:
    """Return a value as the text of a CSV cell, None for null.

    Parameters
    ----------
    raw:
        Leave text that a spreadsheet takes for a formula as it is.
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
    """Return text with a ``'`` in front where a spreadsheet would run it, or where it begins with one."""
    return f"'{text}" if text.startswith("'") or _is_formula(text) else text


def unguarded(text: str) -> str:
    """Return the text that `guarded` was given."""
    return text.removeprefix("'")


def _is_formula(text: str) -> bool:
    """Whether text begins with a sign of formulas, blanks and invisible characters before it left out."""
    if text[:1] in _DROPPED:
        return True
    for character in text:
        if character in _SIGNS:
            return True
        if character != " " and character.isprintable():
            return False
    return False
