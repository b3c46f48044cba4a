"""Batches as text: the lines of CSV and the values of JSON lines, many values at a time.

`logparse.output.cells` defines the text of a value. The texts of most values are made together here by
msgspec, and are the same. Where they could differ, each value is written on its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from datetime import UTC, datetime
from operator import attrgetter
from types import NoneType
from typing import Any, Final

import msgspec

from logparse.batches.arrow import ArrowBatch
from logparse.batches.batch import Batch
from logparse.columns import Column
from logparse.output.arrowtexts import arrow_text, quoted
from logparse.output.cells import HARMLESS, cell, plain

#: The type of the values of a column that is not text.
_TYPES: Final[dict[str, type]] = {"int": int, "float": float, "bool": bool, "time": datetime}
_WHOLE_TIME: Final = len("2020-11-17T04:33:59Z")
_ENCODER: Final = msgspec.json.Encoder()
_microsecond: Final = attrgetter("microsecond")
_tzinfo: Final = attrgetter("tzinfo")

# How the cells of a column are made: alone, or in one text for each row with those of columns beside it.
_ALONE: Final = "alone"
_NUMBERS: Final = "numbers"
_WORDS: Final = "words"
_EITHER: Final = "either"


def csv_text(batch: Batch, columns: Sequence[Column], *, raw: bool = False) -> str:
    """Return the rows of a batch as lines of CSV, each with its line end. Null is nothing.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    if isinstance(batch, ArrowBatch):
        return arrow_text(batch.rows, columns, raw=raw)
    parts: list[Sequence[str]] = []
    for kind, run in _runs(batch, columns):
        lists = [batch[column.name] for column in run]
        if kind == _WORDS:
            parts.append(_split(_encoded(lists)))
        elif kind == _NUMBERS:
            parts += _number_cells(lists, run)
        else:
            parts += (_cells(values, column, raw=raw) for values, column in zip(lists, run, strict=True))
    return "\n".join([*map(",".join, zip(*parts, strict=True)), ""])


def json_texts(values: Sequence[Any], column: Column, *, ascii_only: bool = False) -> Sequence[str]:
    """Return the values of a column as JSON. Text can have the control characters above U+007E."""
    encode = json.JSONEncoder(ensure_ascii=ascii_only).encode
    if column.type not in _TYPES:
        made = {value: encode(plain(value, column)) for value in set(values)}
        return [made[value] for value in values]
    kind = _kind(values, column)
    rows = _exact([values]) if kind == _NUMBERS else None if kind == _ALONE else _encoded([values])
    if rows is None:
        return [encode(plain(value, column)) for value in values]
    return rows[1:-2].split("]\n[") if rows else []


def _runs(batch: Batch, columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """Return the columns in runs, whose cells are made in the same way: not `_EITHER`."""
    runs: list[tuple[str, list[Column]]] = []
    for column in columns:
        kind = _kind(batch[column.name], column)
        last = runs[-1][0] if runs else _ALONE
        if kind == _EITHER:
            kind = _WORDS if last == _ALONE else last
        if kind != last or not runs:
            runs.append((kind, []))
        runs[-1][1].append(column)
    return runs


def _kind(values: Sequence[Any], column: Column) -> str:
    """Return how the cells of a column are made.

    Those of `_NUMBERS` are floats, those of `_WORDS` are their JSON but for the quotation marks around it.
    """
    if column.type == "text":
        return _kind_of_texts(set(values) - {None})
    types = set(map(type, values)) - {NoneType}
    if not types:
        return _EITHER
    if column.type == "json" or types != {_TYPES[column.type]}:
        return _ALONE
    if column.type == "time":
        return _WORDS if _is_in_utc(values) and all(map(_microsecond, filter(None, values))) else _ALONE
    return {"int": _EITHER, "float": _NUMBERS}.get(column.type, _WORDS)


def _kind_of_texts(texts: Set[Any]) -> str:
    """Return how the cells of texts are made: as words where neither CSV nor JSON changes one of them."""
    if not texts:
        return _EITHER
    if set(map(type, texts)) != {str}:
        return _ALONE
    together = " ".join(texts)
    is_bare = (
        HARMLESS.issuperset([text[:1] for text in texts])
        and together.isprintable()
        and not any(sign in together for sign in ('"', ",", "\\", "null"))
    )
    return _WORDS if is_bare else _ALONE


def _is_in_utc(times: Sequence[datetime | None]) -> bool:
    return set(map(_tzinfo, filter(None, times))) <= {UTC}


def _number_cells(lists: Sequence[Sequence[Any]], columns: Sequence[Column]) -> list[Sequence[str]]:
    """Return the cells of columns of numbers: of as many columns as can be in one text for each row."""
    rows = _exact(lists)
    if rows is not None:
        return [_split(rows)]
    if len(lists) == 1:
        return [_cells(lists[0], columns[0])]
    half = len(lists) // 2
    return [*_number_cells(lists[:half], columns[:half]), *_number_cells(lists[half:], columns[half:])]


def _cells(values: Sequence[Any], column: Column, *, raw: bool = False) -> list[str]:
    """Return the cells of a column, each made on its own."""
    if column.type == "time" and set(map(type, values)) <= {datetime, NoneType} and _is_in_utc(values):
        # msgspec leaves out a fraction of 0.
        times = _split(_encoded([values]))
        return [f"{at[:-1]}.000000Z" if len(at) == _WHOLE_TIME else at for at in times]
    if column.type in _TYPES:
        return [quoted(cell(value, column, raw=raw)) for value in values]
    cells = {text: quoted(cell(text, column, raw=raw)) for text in set(values)}
    return [cells[text] for text in values]


def _exact(lists: Sequence[Sequence[Any]]) -> str | None:
    """Return rows of numbers as `_encoded` does; None where the text of one may differ from Python's.

    msgspec writes exponents in another way, and null for what is not a number.
    """
    rows = _encoded(lists)
    if "e" in rows or "0.0000" in rows or rows.count("null") > sum(values.count(None) for values in lists):
        return None
    return rows


def _encoded(lists: Sequence[Sequence[Any]]) -> str:
    """Return each row of columns as an array of JSON in a line."""
    return _ENCODER.encode_lines(zip(*lists, strict=True)).decode("utf-8")


def _split(rows: str) -> list[str]:
    """Return rows without the marks of JSON: values with commas between them, and nothing for null."""
    return rows[1:-2].replace("null", "").replace('"', "").split("]\n[") if rows else []
