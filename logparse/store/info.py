"""The contents of a dataset: rows, days, files, sizes and versions of each table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.batches.arrow import frame
from logparse.columns.column import Column
from logparse.lazy import pyarrow_parquet as pq
from logparse.store.layout import INPUTS, OWN, STORED
from logparse.store.manifest import Part
from logparse.store.reading import Store
from logparse.tables.recordcolumns import json_text

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

INFO: Final = (
    Column("table", "text", "name of the table"),
    Column("rows", "int", "its rows"),
    Column("days", "int", "UTC days of creation with rows"),
    Column("first_day", "time", "the first of these days"),
    Column("last_day", "time", "the last of these days"),
    Column("missing_days", "json", "days between these without rows"),
    Column("files", "int", "files of Parquet"),
    Column("bytes", "int", "their size"),
    Column("schema_version", "int", "the oldest version of the tables that one of the files has"),
)
#: The name of the row for the files that are not of tables.
_STATE: Final = "(kept inputs)"


class Read(NamedTuple):
    """The inputs of a dataset: how many each version of logparse took in, and how many failed."""

    versions: dict[str, int]
    failed: int


def info(store: Store) -> pd.DataFrame:
    """Return the contents of a dataset: a row for each table that has rows, with the columns `INFO`."""
    rows = [_row(table, store.parts(table)) for table in STORED if store.parts(table)]
    own = [part for table in OWN for part in store.parts(table)]
    if own:
        kept = _row(_STATE, own)
        rows.append({**kept, "rows": None, "schema_version": None})
    return frame(rows, INFO)


def _row(table: str, parts: Sequence[Part]) -> dict[str, Any]:
    days = sorted({date.fromisoformat(part.day) for part in parts if part.day is not None})
    return {
        "table": table,
        "rows": sum(part.rows for part in parts),
        "days": len(days),
        "first_day": _midnight(days[0]) if days else None,
        "last_day": _midnight(days[-1]) if days else None,
        "missing_days": json_text(missing(days)),
        "files": len(parts),
        "bytes": sum(part.bytes for part in parts),
        "schema_version": min(part.version for part in parts),
    }


def _midnight(day: date) -> Any:
    return pd.Timestamp(day, tz="UTC").to_pydatetime()


def missing(days: Sequence[date]) -> list[str]:
    """Return the days between sorted ones that are not among them."""
    return [
        (before + timedelta(number)).isoformat()
        for before, after in pairwise(days)
        for number in range(1, (after - before).days)
    ]


def inputs_of(store: Store) -> Read:
    """Return how many inputs a dataset has taken in. An input with several files counts once.

    A file that was read several times, with other contents, counts for each of these; where it could not be
    read, the last time counts.
    """
    latest: dict[Any, int] = {}
    found: dict[int, tuple[str, bool, Any]] = {}
    names = ["input", "path", "logparse", "failed"]
    for part in store.parts(INPUTS):
        rows = pq.read_table(store.folder / part.name, columns=names)
        for number, path, version, failed in zip(*(rows[n].to_pylist() for n in names), strict=True):
            key = number if path is None else path
            latest[key] = max(number, latest.get(key, number))
            found[number] = version, failed, key
    counted = [
        (v, failed) for number, (v, failed, key) in found.items() if not failed or latest[key] == number
    ]
    versions = Counter(version for version, _ in counted)
    return Read(dict(sorted(versions.items())), sum(failed for _, failed in counted))
