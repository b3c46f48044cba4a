"""Columns as text: the cells of CSV and the values of JSON lines, a whole column at a time.

`logparse.output.cells` defines the text of a value. Most columns have values of one type. Their texts are
made together here, and are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from string import ascii_letters, digits
from typing import Any, Final

import msgspec

from logparse.columns import Column
from logparse.output.cells import cell, plain

#: Cells of CSV with one of these are quoted.
_QUOTED_RE: Final = re.compile(r'[,"\r\n]')
#: Characters that text can begin with and still need no guard.
_HARMLESS: Final = frozenset(ascii_letters + digits + "{[(/<")
#: Lengths of times as msgspec writes them in UTC, with and without a fraction.
_TIME: Final = len('"2020-11-17T04:33:59.089000Z"')
_WHOLE_TIME: Final = len('"2020-11-17T04:33:59Z"')
_NULLS: Final = frozenset({type(None)})


def csv_cells(values: Sequence[Any], column: Column, *, raw: bool = False) -> Sequence[str]:
    """Return the values of a column as cells of CSV, quoted where they need it. Null is nothing.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    types = set(map(type, values)) - _NULLS
    if types == {str}:
        return _text_cells(values, column, raw=raw)
    texts = _together(values, types, column)
    if texts is None:
        return [_quoted(cell(value, column, raw=raw)) for value in values]
    return texts.replace("null", "").replace('"', "").split(",")


def json_texts(values: Sequence[Any], column: Column, *, ascii_only: bool = False) -> Sequence[str]:
    """Return the values of a column as JSON, which can have control characters above U+007E."""
    types = set(map(type, values)) - _NULLS
    texts = _together(values, types, column)
    if texts is not None:
        return texts.split(",")
    encode = json.JSONEncoder(ensure_ascii=ascii_only).encode
    if types != {str}:
        return [encode(plain(value, column)) for value in values]
    made = {value: encode(plain(value, column)) for value in dict.fromkeys(values)}
    return [made[value] for value in values]


def _text_cells(values: Sequence[str | None], column: Column, *, raw: bool) -> Sequence[str]:
    cells: dict[str | None, str] = {text: text for text in values if text is not None}
    together = "\n".join(cells.values())
    is_harmless = (
        "" not in cells
        and _HARMLESS.issuperset({text[0] for text in cells.values()})
        and "\0" not in together
        and "\r" not in together
        and together.count("\n") == len(cells) - 1
    )
    if not is_harmless:
        cells = {text: _quoted(cell(text, column, raw=raw)) for text in cells}
    elif "," in together or '"' in together:
        cells = {text: _quoted(text) for text in cells}
    cells[None] = ""
    return [cells[text] for text in values]


def _together(values: Sequence[Any], types: set[type], column: Column) -> str | None:
    """Return the JSON of values with a comma between them; None where it can differ from that of each.

    The values are numbers, times or truth values of one type, or null. No comma is in the JSON of one.
    """
    if not types:
        return ",".join(["null"] * len(values))
    if len(types) > 1 or (types == {int} and column.type == "float"):
        return None
    (type_,) = types
    if type_ not in (int, float, bool, datetime):
        return None
    texts = msgspec.json.encode(values)[1:-1].decode("ascii")
    if type_ is float:
        # msgspec writes exponents in another way, and null for what is no number.
        is_same = "e" not in texts and "0.0000" not in texts and texts.count("null") == values.count(None)
        return texts if is_same else None
    return _with_fractions(texts) if type_ is datetime else texts


def _with_fractions(times: str) -> str | None:
    """Return times with microseconds, where msgspec leaves out 0; None where one is not in UTC."""
    listed = times.split(",")
    lengths = set(map(len, listed))
    if lengths <= {_TIME, len("null")}:
        return times
    if lengths <= {_TIME, _WHOLE_TIME, len("null")}:
        return ",".join(f'{at[:-2]}.000000Z"' if len(at) == _WHOLE_TIME else at for at in listed)
    return None


def _quoted(text: str | None) -> str:
    if text is None:
        return ""
    if text and not _QUOTED_RE.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
