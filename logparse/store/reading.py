"""Reading the tables of a dataset: the columns and days that are asked for, and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from logparse.batches.arrow import RecordBatch, Table, arrow_schema, arrow_type
from logparse.batches.parquet import check_metadata
from logparse.columns import TABLES, Column
from logparse.errors import InputError
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.lazy import pyarrow_parquet as pq
from logparse.store.layout import INPUTS, PIECES
from logparse.store.manifest import Manifest, Part, load_manifest
from logparse.store.owners import Owners

#: So many rows are read at once, as far as a part has them in its order.
_BATCH_ROWS: Final = 20_000


class Days(NamedTuple):
    """The days that are asked for: from the first to the last, None for no limit.

    Attributes
    ----------
    undated:
        Whether rows without a day are asked for.
    """

    first: date | None = None
    last: date | None = None
    undated: bool = True

    def has(self, part: Part) -> bool:
        """Whether a part is of one of the days."""
        if part.day is None:
            return self.undated
        first, last = self.first, self.last
        return (first is None or part.day >= first.isoformat()) and (
            last is None or part.day <= last.isoformat()
        )


ALL_DAYS: Final = Days()


class Store:
    """A dataset as its manifest lists it now. A later change of the dataset is not seen.

    Parameters
    ----------
    folder:
        Of the dataset.

    Raises
    ------
    InputError
        Where it is not a dataset, or a newer logparse wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: Manifest = load_manifest(folder)

    def parts(self, table: str, days: Days = ALL_DAYS) -> list[Part]:
        """Return the parts of a table that have rows of days, in the order of the days."""
        return [part for part in self.manifest.of(table) if days.has(part)]

    def rows(self, table: str, days: Days = ALL_DAYS) -> int:
        """Return how many rows the parts of a table have."""
        return sum(part.rows for part in self.parts(table, days))

    def batches(
        self, table: str, columns: Sequence[str] | None = None, days: Days = ALL_DAYS
    ) -> Iterator[RecordBatch]:
        """Yield the rows of a table in the order of days, and of each day in the order of creation.

        Parameters
        ----------
        columns:
            The names of the columns, by default all.

        Raises
        ------
        InputError
            Where a file is damaged, or is gone because the dataset has been changed.
        """
        chosen = [c for c in TABLES[table] if columns is None or c.name in columns]
        by_day: defaultdict[str | None, list[Part]] = defaultdict(list)
        for part in self.parts(table, days):
            by_day[part.day].append(part)
        for parts in by_day.values():
            yield from self._day(table, parts, chosen)

    def table(self, table: str, columns: Sequence[str] | None = None, days: Days = ALL_DAYS) -> Table:
        """Return the rows of a table that `batches` yields."""
        chosen = [c for c in TABLES[table] if columns is None or c.name in columns]
        return pa.Table.from_batches(self.batches(table, columns, days), schema=arrow_schema(chosen))

    def _day(self, table: str, parts: list[Part], columns: Sequence[Column]) -> Iterator[RecordBatch]:
        """Yield the rows of a day in order, whether one part has them or several."""
        if len(parts) == 1:
            yield from self._part(parts[0], columns)
            return
        with self.reading(parts):
            owners = [Owners.of(str(self.folder / part.name), part.rows) for part in parts]
        rows = [batch for part in parts for batch in self._part(part, columns)]
        _, order = Owners.joined(owners).order()
        whole = pa.Table.from_batches(rows, schema=arrow_schema(columns)).combine_chunks()
        yield from whole.take(pa.array(order)).to_batches(max_chunksize=_BATCH_ROWS)

    def _part(self, part: Part, columns: Sequence[Column]) -> Iterator[RecordBatch]:
        path = self.folder / part.name
        with self.reading([part]), pq.ParquetFile(path, page_checksum_verification=True) as file:
            check_metadata(file.schema_arrow.metadata or {}, str(path), part.table)
            names = set(file.schema_arrow.names)
            found = [column.name for column in columns if column.name in names]
            # Many small files are read faster by one thread.
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=found, use_threads=False):
                yield _declared(batch, columns, names)

    @contextmanager
    def reading(self, parts: Sequence[Part] = ()) -> Iterator[None]:
        """Raise errors of reading parts as one that names the dataset, and the first of the parts."""
        try:
            yield
        except FileNotFoundError as error:
            raise InputError(
                "has been changed by another process while it was read",
                source=str(self.folder),
                remedy="run the command again",
            ) from error
        except InputError:
            raise
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            named = f" ({parts[0].name})" if parts else ""
            raise InputError(
                f"a part is damaged or cannot be read{named}",
                source=str(self.folder),
                remedy="take the dataset from a backup, or ingest the inputs into a new folder",
            ) from error

    def inputs_named(self, names: Any) -> list[int]:
        """Return the numbers of the inputs that have one of some names, an array of text."""
        parts = self.manifest.of(INPUTS)
        with self.reading(parts):
            rows = [pq.read_table(self.folder / part.name, columns=["input", "name"]) for part in parts]
        return [
            number
            for table in rows
            for number in table.filter(pc.is_in(table["name"], value_set=names))["input"].to_pylist()
        ]

    def triages(self) -> int:
        """Return how many triage logs the dataset has."""
        parts = self.manifest.of(PIECES)
        with self.reading(parts):
            kinds = [pq.read_table(self.folder / part.name, columns=["kind"])["kind"] for part in parts]
        return sum(pc.sum(pc.equal(found, "triage")).as_py() or 0 for found in kinds)

    def failures(self) -> list[dict[str, Any]]:
        """Return the rows of the table of failures: of each file the last time that it was read."""
        latest: dict[Any, tuple[int, str | None]] = {}
        for part in self.manifest.of(INPUTS):
            with self.reading([part]):
                found = pq.read_table(self.folder / part.name, columns=["input", "path", "failures"])
            for row in found.to_pylist():
                key = row["path"] if row["path"] is not None else row["input"]
                if key not in latest or row["input"] >= latest[key][0]:
                    latest[key] = row["input"], row["failures"]
        rows = [row for _, text in latest.values() if text is not None for row in json.loads(text)]
        return sorted(rows, key=lambda r: (r["skipped"], r["source"] or "", r["line"] or 0, r["reason"]))


def _declared(batch: RecordBatch, columns: Sequence[Column], names: Collection[str]) -> RecordBatch:
    """Return a batch with exactly `columns`. A column that an older logparse did not have is null."""
    arrays = [
        batch.column(column.name).cast(arrow_type(column))
        if column.name in names
        else pa.nulls(batch.num_rows, arrow_type(column))
        for column in columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(columns))
