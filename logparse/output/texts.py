"""Columns as text: the cells of CSV and the values of JSON lines, a whole column at a time.

`logparse.output.cells` defines the text of a value. Most columns have values of one type. Their texts are
made together here, and are the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from datetime import datetime
from string import ascii_letters, digits
from typing import Any, Final

import msgspec

from logparse.columns import Column
from logparse.output.cells import cell, plain

#: Characters that text can begin with and still need no guard.
_HARMLESS: Final = frozenset(ascii_letters + digits + "{[(/<")
#: The type of values that `_together` knows, by the type of the column.
_TYPES: Final[dict[str, type]] = {"int": int, "float": float, "bool": bool, "time": datetime}
#: Lengths of times as msgspec writes them in UTC, with and without a fraction.
_TIME: Final = len("2020-11-17T04:33:59.089000Z")
_WHOLE_TIME: Final = len("2020-11-17T04:33:59Z")


def csv_cells(values: Sequence[Any], column: Column, *, raw: bool = False) -> list[str]:
    """Return the values of a column as cells of CSV, quoted where they need it. Null is nothing.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    if column.type in _TYPES:
        texts = _together(values, _TYPES[column.type])
        return [_quoted(cell(value, column, raw=raw)) for value in values] if texts is None else texts
    cells = _text_cells(set(values), column, raw=raw)
    return [cells[value] for value in values]


def json_texts(values: Sequence[Any], column: Column, *, ascii_only: bool = False) -> list[str]:
    """Return the values of a column as JSON. Text can have the control characters above U+007E."""
    encode = json.JSONEncoder(ensure_ascii=ascii_only).encode
    if column.type in _TYPES:
        texts = _together(values, _TYPES[column.type])
        if texts is None:
            return [encode(plain(value, column)) for value in values]
        mark = '"' if column.type == "time" else ""
        return [f"{mark}{text}{mark}" if text else "null" for text in texts]
    made = {value: encode(plain(value, column)) for value in set(values)}
    return [made[value] for value in values]


def _text_cells(texts: Set[Any], column: Column, *, raw: bool) -> dict[Any, str]:
    """Return the cells of texts, of which one can be null, by the texts."""
    known = [text for text in texts if text is not None]
    if set(map(type, known)) <= {str}:
        together = "\n".join(known)
        if _is_harmless(known, together):
            is_bare = '"' not in together and "," not in together
            cells = known if is_bare else map(_quoted, known)
            return {None: "", **dict(zip(known, cells, strict=True))}
    return {text: _quoted(cell(text, column, raw=raw)) for text in texts}


def _is_harmless(texts: Sequence[str], together: str) -> bool:
    """Whether no text needs more than quotes around it. `together` has them with line ends between."""
    return (
        _HARMLESS.issuperset([text[:1] for text in texts])
        and "\0" not in together
        and "\r" not in together
        and together.count("\n") < len(texts)
    )


def _together(values: Sequence[Any], type_: type) -> list[str] | None:
    """Return values as text, that of null empty; None where not all have the type, or a text can be wrong.

    Numbers, times and truth values have no comma in their JSON.
    """
    nulls = values.count(None)
    if nulls == len(values):
        return [""] * nulls
    if set(map(type, values)) - {type(None)} != {type_}:
        return None
    texts = msgspec.json.encode(values)[1:-1].decode("ascii")
    # msgspec writes exponents in another way than Python, and null for what is not a number.
    if type_ is float and ("e" in texts or "0.0000" in texts or texts.count("null") > nulls):
        return None
    if nulls:
        texts = texts.replace("null", "")
    return _with_fractions(texts.replace('"', "").split(",")) if type_ is datetime else texts.split(",")


def _with_fractions(times: list[str]) -> list[str] | None:
    """Return times with their microseconds, which msgspec leaves out where they are 0.

    It is None where one of the times is not in UTC.
    """
    lengths = set(map(len, times)) - {0}
    if _WHOLE_TIME in lengths:
        times = [f"{at[:-1]}.000000Z" if len(at) == _WHOLE_TIME else at for at in times]
    return times if lengths <= {_TIME, _WHOLE_TIME} else None


def _quoted(text: str | None) -> str:
    if text is None:
        return ""
    if '"' in text:
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return f'"{text}"' if not text or "," in text or "\n" in text or "\r" in text else text
