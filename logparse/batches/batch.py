"""Rows of a table in batches: a list of values for each column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from logparse.columns import Column

Row: TypeAlias = dict[str, Any]
#: The values of each column, by its name. All columns have the same length.
Batch: TypeAlias = Mapping[str, Sequence[Any]]

#: Rows of a batch. It is so few that a batch of any table has some megabytes at most.
BATCH_ROWS: Final = 256


def batches_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> Iterator[Batch]:
    """Yield rows as batches with exactly `columns`. No more rows are taken than a batch needs.

    A value is null where a row does not have the column.
    """
    source = iter(rows)
    while taken := list(islice(source, BATCH_ROWS)):
        yield {column.name: [row.get(column.name) for row in taken] for column in columns}


def rows_of(batches: Iterable[Batch]) -> Iterator[Row]:
    """Yield the rows of batches."""
    for batch in batches:
        names = tuple(batch)
        for values in zip(*batch.values(), strict=True):
            yield dict(zip(names, values, strict=True))
