"""Frames as plain Python values, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from logparse.batches.arrow import frame_of
from logparse.batches.batch import Batch, rows_of
from logparse.columns import Column

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd


def plain_value(value: Any) -> Any:
    """Return a value of a frame as Python's own, None for a missing one."""
    if value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def plain_columns(data: pd.DataFrame, columns: Sequence[Column]) -> Batch:
    """Return a frame's columns as lists of plain Python values, None for null and for a column not there."""
    known = _lists(data)
    nothing = [None] * len(data)
    return {column.name: known.get(column.name, nothing) for column in columns}


def plain_rows(data: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield a frame's rows as dicts of plain Python values, None for null."""
    return rows_of([_lists(data)])


def declared(data: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Return a frame with exactly `columns`, typed as they declare."""
    return frame_of([plain_columns(data, columns)], columns)


def _lists(data: pd.DataFrame) -> dict[str, list[Any]]:
    return {str(name): [plain_value(value) for value in values.tolist()] for name, values in data.items()}
