"""Batches of Arrow as lines of CSV, column by column.

`logparse.output.cells` defines the text of a value. Most columns become text as a whole here, with the same
result. A value of which the text could differ is written by `cell`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from logparse.batches.arrow import Array, RecordBatch
from logparse.batches.arrowarrays import (
    constant,
    from_bytes,
    from_numbers,
    from_texts,
    joined,
    nulls_of,
    numbers_of,
)
from logparse.columns import Column
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.output.cells import HARMLESS, cell
from logparse.values.clock import DAY_US

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: Signs for which CSV needs quotation marks.
_SPECIAL: Final = (b'"', b",", b"\n", b"\r")
_MARK: Final = '"'
_MARKS: Final = '""'
#: A time, with zeros for its digits.
_SHAPE: Final = b"0000-00-00T00:00:00.000000Z"
#: Arrow writes these numbers without an exponent, as Python does.
_LEAST_PLAIN: Final = 1e-3
_MOST_PLAIN: Final = 1e15


def arrow_text(rows: RecordBatch, columns: Sequence[Column], *, raw: bool = False) -> str:
    """Return rows as lines of CSV, each with its line end. Null is nothing.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    *cells, last = [_texts(rows.column(column.name), column, raw=raw) for column in columns]
    lines = joined(*cells, _ended(last), between=",", null="")
    _, offsets, data = lines.buffers()
    end = int(np.frombuffer(offsets, np.int32)[len(lines)]) if len(lines) else 0
    return str(memoryview(data)[:end], "utf-8") if end else ""


def _ended(cells: Array) -> Array:
    """Return the last cells of lines with line ends."""
    return joined(cells, constant("\n", pa.string(), 1)[0], null="")


def quoted(text: str | None) -> str:
    """Return a cell with quotation marks where CSV needs them, an empty one for null."""
    if text is None:
        return ""
    if '"' in text:
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return f'"{text}"' if not text or "," in text or "\n" in text or "\r" in text else text


def _texts(values: Array, column: Column, *, raw: bool) -> Array:
    """Return the cells of a column."""
    if values.null_count == len(values):
        return pa.nulls(len(values), pa.string())
    if column.type in ("text", "json"):
        return _cells(values, column, raw=raw)
    if column.type == "float":
        return _floats(values, column)
    if column.type == "time":
        return _times(values)
    # Arrow writes whole numbers and truth values as Python and JSON do.
    return values.cast(pa.string())


def _each(values: Array, column: Column, *, raw: bool) -> Array:
    """Return cells that are made one by one."""
    shown = (cell(value, column, raw=raw) for value in values.to_pylist())
    return from_texts([None if text is None else quoted(text) for text in shown])


def _cells(values: Array, column: Column, *, raw: bool) -> Array:
    """Return the cells of texts."""
    _, offsets, data = values.buffers()
    places: NDArray[Any] = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    text = b"" if data is None else memoryview(data)[places[0] : places[-1]].tobytes()
    begins, sizes = places[:-1] - places[0], np.diff(places)
    is_null = nulls_of(values)
    if is_null is not None:
        begins, sizes = begins[~is_null], sizes[~is_null]
    signs: NDArray[Any] = np.frombuffer(text, np.uint8)[begins[sizes > 0]]
    if b"\0" in text or not _harmless()[signs].all():
        return _each(values, column, raw=raw)
    is_special = np.zeros(len(values), dtype=bool)
    if not sizes.all():
        is_special[np.flatnonzero(~is_null if is_null is not None else ~is_special)[sizes == 0]] = True
    if any(sign in text for sign in _SPECIAL):
        data = np.frombuffer(text, np.uint8)
        is_sign = np.zeros(len(data), dtype=bool)
        for sign in _SPECIAL:
            is_sign |= data == ord(sign)
        found = np.flatnonzero(is_sign)
        is_special[np.searchsorted(places - places[0], found, side="right") - 1] = True
    return _quoted(values, is_special) if is_special.any() else values


def _quoted(values: Array, chosen: NDArray[np.bool_]) -> Array:
    """Return texts of which the chosen ones have quotation marks around them."""
    mark = constant(_MARK, pa.string(), 1)[0]
    around = joined(mark, pc.replace_substring(values, _MARK, _MARKS), mark)
    if chosen.all():
        return around
    return pc.if_else(from_numbers(chosen, pa.bool_()), around, values)


@cache
def _harmless() -> NDArray[Any]:
    """Return for each byte whether text that begins with it needs no guard."""
    found = np.zeros(256, dtype=bool)
    found[[ord(sign) for sign in HARMLESS]] = True
    return found


def _floats(values: Array, column: Column) -> Array:
    texts = values.cast(pa.string())
    numbers, is_null = numbers_of(values), nulls_of(values)
    size = np.abs(numbers)
    is_other = (numbers == np.floor(numbers)) | ~((size >= _LEAST_PLAIN) & (size < _MOST_PLAIN))
    if is_null is not None:
        is_other &= ~is_null
    if not is_other.any():
        return texts
    others = from_texts([cell(number, column) for number in numbers[is_other].tolist()])
    return pc.replace_with_mask(texts, from_numbers(is_other, pa.bool_()), others)


def _times(values: Array) -> Array:
    """Return times in RFC 3339 with microseconds."""
    is_null = nulls_of(values)
    numbers = numbers_of(values)
    if is_null is not None:
        # A time that is null can be anything, also one that no calendar has.
        numbers = np.where(is_null, 0, numbers)
    days, us = np.divmod(numbers, DAY_US)
    texts = np.empty((len(numbers), len(_SHAPE)), dtype=np.uint8)
    texts[:] = np.frombuffer(_SHAPE, np.uint8)
    known, which = np.unique(days, return_inverse=True)
    dates = np.datetime_as_string(known.view("M8[D]")).astype("S10")
    texts[:, :10] = dates.view(np.uint8).reshape(-1, 10)[which]
    seconds, us = np.divmod(us, 1_000_000)
    minutes, second = np.divmod(seconds, 60)
    hour, minute = np.divmod(minutes, 60)
    for begin, number, digits in ((11, hour, 2), (14, minute, 2), (17, second, 2), (20, us, 6)):
        rest = number.astype(np.int32)
        for place in range(begin + digits - 1, begin - 1, -1):
            texts[:, place] += (rest % 10).astype(np.uint8)
            rest //= 10
    made = from_bytes(texts)
    if is_null is None:
        return made
    return pc.if_else(from_numbers(is_null, pa.bool_()), pa.nulls(len(numbers), pa.string()), made)
