"""How long a dataset keeps rows: days that are older are dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.batches.arrow import Table
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.lazy import pyarrow_parquet as pq
from logparse.store.layout import INPUTS, KEPT, PIECES, STORED
from logparse.store.manifest import Manifest
from logparse.store.writing import Parts
from logparse.values.clock import midnight_us

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)


def retained(manifest: Manifest, retention: timedelta) -> Manifest:
    """Return a manifest with another retention; ``timedelta.max`` is none."""
    seconds = None if retention == timedelta.max else retention.total_seconds()
    return msgspec.structs.replace(manifest, retention_s=seconds)


def cutoff_of(manifest: Manifest, now: datetime) -> date | None:
    """Return the first day that a dataset keeps; None where it keeps all."""
    if manifest.retention_s is None:
        return None
    age = timedelta(seconds=manifest.retention_s)
    return (now.astimezone(UTC) - age).date() if now - _FIRST > age else None


def drop_older(parts: Parts, cutoff: date | None) -> None:
    """Drop the rows of days before a cutoff, and the pieces that they were made of."""
    if cutoff is None:
        return
    day = cutoff.isoformat()
    parts.drop([part for part in parts.now if part.table in STORED and part.day and part.day < day])
    gone, left = _drop_pieces(parts, midnight_us(cutoff))
    if gone.num_rows:
        inputs = np.unique(gone.column("input").to_numpy())
        parts.without_inputs(np.setdiff1d(inputs, left), (KEPT,))
        _note(parts, gone)


def _drop_pieces(parts: Parts, cutoff_us: int) -> tuple[Table, NDArray[Any]]:
    """Drop the pieces before a time. Return their inputs and times, and the inputs that have pieces left."""
    gone, left = [], []
    for part in parts.of(PIECES):
        keys = pq.read_table(parts.path(part), columns=["input", "us"])
        goes = pc.fill_null(pc.less(keys.column("us"), cutoff_us), False)
        left.append(keys.filter(pc.invert(goes)).column("input").to_numpy())
        if pc.any(goes).as_py():
            gone.append(keys.filter(goes))
            parts.rewrite(
                part,
                lambda table: table.filter(pc.invert(pc.fill_null(pc.less(table["us"], cutoff_us), False))),
            )
    none = pa.schema([("input", pa.int64()), ("us", pa.int64())]).empty_table()
    return pa.concat_tables([none, *gone]), np.concatenate([np.array([], dtype=np.int64), *left])


def _note(parts: Parts, gone: Table) -> None:
    """Note at inputs how many of their pieces were dropped."""
    counts = gone.group_by("input").aggregate([("us", "count"), ("us", "max")]).to_pylist()
    dropped = {row["input"]: (row["us_count"], row["us_max"]) for row in counts}

    def noted(table: Table) -> Table:
        rows = table.to_pylist()
        for row in rows:
            count, newest = dropped.get(row["input"], (0, None))
            if count:
                row["pieces"] -= count
                row["older"] += count
                row["older_us"] = max(newest, row["older_us"] or newest)
        return pa.Table.from_pylist(rows, schema=table.schema)

    wanted = pa.array(dropped, pa.int64())
    for part in parts.of(INPUTS):
        keys = pq.read_table(parts.path(part), columns=["input"])
        if pc.any(pc.is_in(keys.column("input"), value_set=wanted)).as_py():
            parts.rewrite(part, noted)
