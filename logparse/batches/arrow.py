"""Rows as batches of Arrow, with the types that `logparse.columns` declares, and batches as frames.

Text and JSON are ``string``, whole numbers ``int64``, other numbers ``double``, truth values ``bool``,
times ``timestamp[us, UTC]``. Unknown is null in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from logparse.batches.arrowarrays import nulls_of, numbers_of
from logparse.batches.batch import Batch, batches_of
from logparse.columns import Column
from logparse.lazy import pyarrow as pa
from logparse.values.clock import EPOCH

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: pyarrow has no type hints.
DataType: TypeAlias = Any
Schema: TypeAlias = Any
Array: TypeAlias = Any
RecordBatch: TypeAlias = Any
Table: TypeAlias = Any


class ArrowBatch(Mapping[str, Sequence[Any]]):
    """A batch of Arrow as a batch of lists, which are made when they are asked for.

    Attributes
    ----------
    rows:
        The batch of Arrow, with the columns of a table.
    """

    def __init__(self, rows: RecordBatch) -> None:
        self.rows = rows
        self._lists: dict[str, Sequence[Any]] = {}

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._lists:
            self._lists[name] = _values(self.rows.column(name))
        return self._lists[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows.schema.names)

    def __len__(self) -> int:
        return int(self.rows.num_columns)


def _values(column: Array) -> Sequence[Any]:
    """Return the values of a column of Arrow."""
    if column.null_count == len(column):
        return [None] * len(column)
    if not pa.types.is_timestamp(column.type):
        values: Sequence[Any] = column.to_pylist()
        return values
    # Arrow's own way looks for a time zone for each value.
    times = [EPOCH + timedelta(microseconds=us) for us in numbers_of(column).tolist()]
    is_null = nulls_of(column)
    if is_null is None:
        return times
    return [None if null else time for null, time in zip(is_null.tolist(), times, strict=True)]


def arrow_type(column: Column) -> DataType:
    """Return the type of a column in Arrow and Parquet."""
    if column.type == "int":
        return pa.int64()
    if column.type == "float":
        return pa.float64()
    if column.type == "bool":
        return pa.bool_()
    if column.type == "time":
        return pa.timestamp("us", tz="UTC")
    return pa.string()


def arrow_schema(columns: Iterable[Column]) -> Schema:
    """Return the names and types of columns, without metadata."""
    return pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])


def record_batches(batches: Iterable[Batch], columns: Sequence[Column]) -> Iterator[RecordBatch]:
    """Yield batches as batches of Arrow with exactly `columns`.

    Half a surrogate pair, which UTF-8 cannot hold, becomes its escape, ``\\ud800``.
    """
    schema = arrow_schema(columns)
    for batch in batches:
        if isinstance(batch, ArrowBatch):
            yield batch.rows
            continue
        arrays = [_array(batch[column.name], column) for column in columns]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def arrow_table(batches: Iterable[Batch], columns: Sequence[Column]) -> Table:
    """Return batches as a table of Arrow with exactly `columns`, typed as they declare."""
    return pa.Table.from_batches(record_batches(batches, columns), schema=arrow_schema(columns))


def frame_of(batches: Iterable[Batch], columns: Sequence[Column]) -> pd.DataFrame:
    """Return batches as a frame with exactly `columns`, typed as they declare."""
    return to_frame(arrow_table(batches, columns))


def frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Return rows as a frame, as `frame_of` does. A value is null where a row does not have the column."""
    return frame_of(batches_of(rows, columns), columns)


def to_frame(table: Table) -> pd.DataFrame:
    """Return a table of Arrow, whose columns have the types of this module, as a frame."""
    types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    text = text_type()
    if text is not object:
        types[pa.string()] = text
    # Without its metadata, which would decide some of the types as well.
    plain = table.replace_schema_metadata(None).combine_chunks()
    made: pd.DataFrame = _shared(plain).to_pandas(types_mapper=types.get)
    return made


def _shared(table: Table) -> Table:
    """Return `table` with equal columns of text in the same memory: `source` often equals `source_file`."""
    kept: list[Array] = []
    for number, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            column = table.column(number)
            same = next((other for other in kept if other.equals(column)), None)
            if same is None:
                kept.append(column)
            else:
                table = table.set_column(number, field, same)
    return table


def text_type() -> Any:
    """Return the type of columns of text in frames: ``str``, or ``object`` before pandas 2.3."""
    from numpy import nan

    try:
        return pd.StringDtype(na_value=nan)
    except TypeError:
        # pandas 2.2 has no type of text with which a comparison gives plain truth values.
        return object


def _array(values: Sequence[Any], column: Column) -> Array:
    type_ = arrow_type(column)
    if values.count(None) == len(values):
        return pa.nulls(len(values), type_)
    if column.type == "time":
        with suppress(TypeError):
            # pyarrow makes durations in a fraction of the time that it needs for times in a zone.
            since = [None if moment is None else moment - EPOCH for moment in values]
            return pa.array(since, pa.duration("us"), from_pandas=True).view(type_)
    try:
        # With from_pandas, NaN and NaT are null too.
        return pa.array(values, type_, from_pandas=True)
    except UnicodeEncodeError:
        return pa.array(
            [value and value.encode("utf-8", "backslashreplace").decode() for value in values], type_
        )
