"""Writing the parts of a dataset: new rows, and old parts without the rows that go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from logparse.batches.arrow import ArrowBatch, Table, arrow_table
from logparse.batches.arrowarrays import from_numbers
from logparse.batches.batch import Batch
from logparse.batches.parquet import read_parquet, write_parquet
from logparse.columns import SCHEMA_VERSION, TABLES
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.lazy import pyarrow_parquet as pq
from logparse.store import disk
from logparse.store.commit import Change
from logparse.store.divided import Rows
from logparse.store.layout import OWN, STORED
from logparse.store.manifest import Manifest, Part
from logparse.store.owners import KEY, Owners
from logparse.version import VERSION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: A part with fewer rows is put together with new rows of its day.
SMALL_ROWS: Final = 4_000
#: So many rows are written at once.
_BATCH_ROWS: Final = 20_000
_SMALL_BYTES: Final = 4 << 20
#: More parts of a table of logparse's own that are so small are put together.
_MOST_SMALL: Final = 16
#: Logs that are kept are compressed together, as many as have so many bytes.
_GROUP_BYTES: Final = 8 << 20

Place = tuple[str, str | None]


class Parts:
    """The parts of a dataset while a change is prepared.

    Parameters
    ----------
    parts:
        Those before the change.
    change:
        The change.
    """

    def __init__(self, parts: Iterable[Part], change: Change) -> None:
        self._change = change
        self._parts: dict[str, Part] = {part.name: part for part in parts}
        self._old: dict[str, Part] = {}

    @property
    def now(self) -> tuple[Part, ...]:
        """The parts after the change."""
        return tuple(self._parts.values())

    def of(self, table: str) -> list[Part]:
        """Return the parts of a table."""
        return [part for part in self._parts.values() if part.table == table]

    def path(self, part: Part) -> Path:
        """Return where a part is now."""
        return self._change.path(part)

    @property
    def old(self) -> list[Part]:
        """The parts that the change replaces."""
        return list(self._old.values())

    def manifest(self, before: Manifest, **more: int) -> Manifest:
        """Return the manifest after the change. `more` are other attributes of it that change."""
        parts = tuple(sorted(self._parts.values(), key=lambda part: part.name))
        return msgspec.structs.replace(
            before, logparse=VERSION, schema_version=SCHEMA_VERSION, parts=parts, **more
        )

    def replace(self, new: Iterable[Rows], removed: NDArray[Any]) -> None:
        """Add rows, and take the rows away that pieces own.

        Parameters
        ----------
        removed:
            The numbers of these pieces, sorted.
        """
        losing = self._losing(removed)
        small = self._small()
        for rows in new:
            place = rows.table, rows.day
            old = losing.pop(place, [])
            names = {part.name for part in old}
            old += [part for part in small.get(place, []) if part.name not in names]
            self.write(rows, old, removed)
        for (table, day), old in losing.items():
            self.write(Rows(table, day, Owners([]), ()), old, removed)

    def _losing(self, removed: NDArray[Any]) -> dict[Place, list[Part]]:
        """Return the parts with rows that pieces own."""
        found: defaultdict[Place, list[Part]] = defaultdict(list)
        for part in self._parts.values():
            if part.table in STORED and np.searchsorted(removed, part.low) < np.searchsorted(
                removed, part.high, side="right"
            ):
                owners = Owners.of(str(self.path(part)), part.rows)
                if owners.of_any(removed).any():
                    found[part.table, part.day].append(part)
        return found

    def _small(self) -> dict[Place, list[Part]]:
        found: defaultdict[Place, list[Part]] = defaultdict(list)
        for part in self._parts.values():
            if part.table in STORED and part.rows < SMALL_ROWS:
                found[part.table, part.day].append(part)
        return found

    def write(self, new: Rows, old: Sequence[Part], removed: NDArray[Any]) -> None:
        """Write new rows and those of old parts as one part, in the order of their places."""
        columns = TABLES[new.table]
        owners, batches = new.owners, new.batches
        if old or not owners.is_sorted:
            tables = [arrow_table(batches, columns)]
            all_owners = [owners]
            for part in old:
                kept, table = self._without(part, removed)
                tables.append(table)
                all_owners.append(kept)
            owners, order = Owners.joined(all_owners).order()
            whole = pa.concat_tables(tables).combine_chunks().take(from_numbers(order, pa.int64()))
            batches = map(ArrowBatch, whole.to_batches(max_chunksize=_BATCH_ROWS))
        if owners.rows:
            self._add(new.table, new.day, owners, batches)
        self.drop(old)

    def _without(self, part: Part, removed: NDArray[Any]) -> tuple[Owners, Table]:
        """Return the rows of a part that stay."""
        path = self.path(part)
        owners = Owners.of(str(path), part.rows)
        with open(path, "rb") as file:
            table = read_parquet(file, TABLES[part.table], str(path), part.table)
        table = table.select([column.name for column in TABLES[part.table]])
        goes = owners.of_any(removed)
        if goes.any():
            table = table.filter(pa.array(owners.rows_where(~goes)))
            owners = Owners(owners.runs[~goes])
        return owners, table

    def _add(self, table: str, day: str | None, owners: Owners, batches: Iterable[Batch]) -> None:
        path = self._change.temporary()
        counted = _Counted(table, batches)
        with disk.new_file(path) as out:
            write_parquet(counted, TABLES[table], out, table, {KEY: owners.encoded()})
        low, high = int(owners.runs[:, 0].min()), int(owners.runs[:, 0].max())
        part = self._change.add(path, table, day, owners.rows, low=low, high=high, alone=counted.alone)
        self._parts[part.name] = part
        self._old.pop(part.name, None)

    def drop(self, parts: Iterable[Part]) -> None:
        """Take parts out of the dataset."""
        for part in parts:
            if self._parts.get(part.name) is part:
                del self._parts[part.name]
                self._old[part.name] = part

    # --- tables of logparse's own -------------------------------------------------------------

    def append(self, table: str, rows: Table) -> None:
        """Add rows to a table of logparse's own. Small parts of it are put together with them."""
        if not rows.num_rows:
            return
        small = [
            part
            for part in self._parts.values()
            if part.table == table and part.rows < SMALL_ROWS and part.bytes < _SMALL_BYTES
        ]
        self.add_own(table, (*self.rows_of(small), *rows.to_batches()), rows.schema)
        self.drop(small)

    def add_own(self, table: str, batches: Iterable[Any], schema: Any) -> None:
        """Add a part to a table of logparse's own."""
        path = self._change.temporary()
        rows = 0
        with disk.new_file(path) as out, own_writer(out, schema) as writer:
            for group in _groups(batches):
                writer.write_table(group, row_group_size=group.num_rows)
                rows += group.num_rows
        if rows:
            self.take(path, table, rows)

    def take(self, path: Path, table: str, rows: int) -> None:
        """Take over a temporary file as a part of a table of logparse's own."""
        part = self._change.add(path, table, None, rows)
        self._parts[part.name] = part
        self._old.pop(part.name, None)

    def join_small(self, table: str) -> None:
        """Put the small parts of a table of logparse's own together, where there are many."""
        small = [part for part in self.of(table) if part.bytes < _SMALL_BYTES]
        if len(small) > _MOST_SMALL:
            self.add_own(table, self.rows_of(small), pq.read_schema(self.path(small[0])))
            self.drop(small)

    def rows_of(self, parts: Sequence[Part]) -> Iterator[Any]:
        """Yield the rows of parts of a table of logparse's own, in the order in which they were added."""
        first = {p.name: pq.read_table(self.path(p), columns=["input"])["input"][0].as_py() for p in parts}
        for part in sorted(parts, key=lambda part: first[part.name]):
            with pq.ParquetFile(self.path(part)) as file:
                for number in range(file.num_row_groups):
                    yield from file.read_row_group(number).to_batches()

    def rewrite(self, part: Part, change: Callable[[Table], Table]) -> None:
        """Write a part of a table of logparse's own anew, group of rows by group of rows."""
        with pq.ParquetFile(self.path(part)) as file:
            groups = (change(file.read_row_group(number)) for number in range(file.num_row_groups))
            self.add_own(
                part.table, (batch for group in groups for batch in group.to_batches()), file.schema_arrow
            )
        self.drop([part])

    def without_inputs(self, inputs: NDArray[Any], tables: Collection[str] = OWN) -> None:
        """Take inputs out of tables of logparse's own."""
        if not len(inputs):
            return
        wanted = pa.array(inputs)
        for part in [part for table in tables for part in self.of(table)]:
            numbers = pq.read_table(self.path(part), columns=["input"]).column("input")
            if pc.any(pc.is_in(numbers, value_set=wanted)).as_py():
                self.rewrite(
                    part, lambda rows: rows.filter(pc.invert(pc.is_in(rows["input"], value_set=wanted)))
                )


class _Counted:
    """Batches of a table, of which rows are counted while they pass: see `Part.alone`."""

    def __init__(self, table: str, batches: Iterable[Batch]) -> None:
        self._table = table
        self._batches = batches
        self.alone = 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            if self._table == "invocations":
                self.alone += list(batch["origin"]).count("build")
            elif self._table == "builds":
                self.alone += list(batch["invocation_id"]).count(None)
            yield batch


def own_writer(out: Any, schema: Any) -> Any:
    """Return a writer of a table of logparse's own."""
    return pq.ParquetWriter(
        out,
        schema,
        compression="zstd",
        compression_level=6,
        data_page_size=_GROUP_BYTES,
        write_page_checksum=True,
    )


def _groups(batches: Iterable[Any]) -> Iterator[Table]:
    """Yield batches as tables of some megabytes, so that few rows can be read alone."""
    group: list[Any] = []
    for batch in batches:
        for start in range(0, batch.num_rows, 512):
            part = batch.slice(start, 512)
            group.append(part)
            if sum(one.nbytes for one in group) >= _GROUP_BYTES:
                yield pa.Table.from_batches(group)
                group = []
    if group:
        yield pa.Table.from_batches(group)
