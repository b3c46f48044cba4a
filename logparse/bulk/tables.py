"""The tables of plain pages in Arrow, with the types that `logparse.columns` declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.batches.arrow import Array, RecordBatch, arrow_schema, arrow_type
from logparse.batches.arrowarrays import constant, from_numbers, from_values
from logparse.bulk.rows import ROWS, Shared
from logparse.bulk.table import Invocations
from logparse.columns import TABLES, Column
from logparse.columns.derivations import Values
from logparse.lazy import pyarrow as pa

if TYPE_CHECKING:
    import numpy as np
else:
    from logparse.lazy import numpy as np

_ENCODER: Final = msgspec.json.Encoder()


def make_table(made: Invocations, table: str, names: Collection[str] | None = None) -> RecordBatch:
    """Return a table of pages: all columns, or those of some names."""
    columns = [column for column in TABLES[table] if names is None or column.name in names]
    given = ROWS[table](made)
    values = [given[column.name] for column in columns]
    values = [one() if callable(one) else one for one in values]
    size = max((len(one) for one in map(_sized, values) if one is not None), default=0)
    arrays = [_array(one, column, size) for one, column in zip(values, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(columns))


def _sized(values: Any) -> Any:
    """Return what has as many values as a column has rows."""
    if isinstance(values, Values):
        return values.numbers
    if isinstance(values, Shared):
        return values.owners
    return values if isinstance(values, (list, np.ndarray, pa.Array)) else None


def _array(values: Any, column: Column, size: int) -> Array:
    type_ = arrow_type(column)
    if values is None:
        return pa.nulls(size, type_)
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, Shared):
        places = from_numbers(values.owners, pa.int64())
        return _array(values.values, column, len(values.values)).take(places)
    if isinstance(values, Values):
        return from_numbers(values.numbers, type_, values.is_null)
    if isinstance(values, np.ndarray):
        return from_numbers(values, type_)
    if not isinstance(values, list):
        return constant(values, type_, size)
    if column.type == "json":
        values = _json(values, column)
    return from_values(values, type_)


def _json(values: Iterable[Any], column: Column) -> list[str | None]:
    """Return values as compact JSON. See `logparse.columns.column.Column.empty_is_null`."""
    texts = _ENCODER.encode_lines(values).decode().split("\n")
    is_null = column.empty_is_null
    return [
        None if value is None or (is_null and not value) else text
        for value, text in zip(values, texts, strict=False)
    ]
