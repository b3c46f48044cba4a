"""Invocations that are rows of batches until somebody asks for their records.

Most pages are read many at a time, straight into the columns of tables. Their rows pass through joining as
they are. The record of one is made of its file, which is read again.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence, Sequence
from contextlib import ExitStack
from copy import copy
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Final, NamedTuple, overload

from logparse.batches.arrow import ArrowBatch, RecordBatch
from logparse.batches.arrowarrays import from_numbers
from logparse.columns import TABLES
from logparse.joining.merge import Copy
from logparse.lazy import pyarrow as pa
from logparse.records import Invocation
from logparse.sources import Found

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: The tables of parts of which plain pages have several rows, and all tables of which they have rows.
PARTS: Final = ("polls", "triggers", "events")
OF_PAGES: Final = ("invocations", "attempts", "builds", *PARTS)
#: Where as many invocations in a row are of one batch, each batch is taken by itself.
_LONG_RUN: Final = 32
#: Fewer rows are put together with those of the next batches. A batch that is yielded has at most so many.
_TOGETHER: Final = 1_000
_MOST_ROWS: Final = 5_000
#: So many rows are taken from several batches at once.
_MIXED: Final = 50_000


class PageBatch:
    """Invocations that were read together, each of a file of its own.

    Attributes
    ----------
    files:
        Where each was read.
    ids, jobs, build_ids:
        Of the invocation, its job, and its build.
    created_us:
        When it was created, in microseconds since 1970.
    clocks, texts:
        Of the first entry of each: its clock in milliseconds, and its text.
    counts:
        How many rows each invocation has in each table of parts.
    make:
        Makes a table of the files.
    read_alone:
        Reads a file as files are read alone.
    """

    def __init__(
        self,
        files: Sequence[Found],
        keys: PageKeys,
        tables: Mapping[str, RecordBatch],
        make: Callable[[PageBatch, str], RecordBatch],
        read_alone: Callable[[Found], Copy],
    ) -> None:
        self.files = files
        self.keys = keys
        self._tables: dict[str, RecordBatch | Spooled] = dict(tables)
        self._make = make
        self._read_alone = read_alone
        self._starts: dict[str, NDArray[Any]] = {}

    def __len__(self) -> int:
        return len(self.files)

    def table(self, name: str, columns: Sequence[str]) -> RecordBatch:
        """Return columns of a table of these invocations.

        Raises
        ------
        InputError
            Where they must be made of the files, and one has changed since.
        """
        kept = self._tables.get(name)
        table = kept.read() if isinstance(kept, Spooled) else kept
        if table is None or not set(columns) <= set(table.schema.names):
            table = self._make(self, name)
            # It can be needed again, once for each run of invocations.
            self._tables[name] = Spooled.write(table, _temporary())
        return table if table.schema.names == [*columns] else table.select([*columns])

    def rows_of(self, name: str, rows: NDArray[Any]) -> NDArray[Any]:
        """Return the rows of a table that belong to invocations."""
        counts = self.keys.counts.get(name)
        if counts is None:
            return rows
        if name not in self._starts:
            self._starts[name] = np.cumsum(counts) - counts
        chosen = counts[rows]
        ends = np.cumsum(chosen)
        found: NDArray[Any] = np.repeat(self._starts[name][rows] - ends + chosen, chosen) + np.arange(
            int(chosen.sum())
        )
        return found

    @property
    def size(self) -> int:
        """The bytes of the tables in memory."""
        return sum(kept.nbytes for kept in self._tables.values() if not isinstance(kept, Spooled))

    def spool(self, file: BinaryIO) -> None:
        """Move the tables from memory to the end of a file."""
        for name, kept in self._tables.items():
            if not isinstance(kept, Spooled):
                self._tables[name] = Spooled.write(kept, file)

    def copy(self, row: int) -> Copy:
        """Return an invocation as what can be joined with other copies."""
        return self._read_alone(self.files[row])


class PageKeys(NamedTuple):
    """The values that joining needs of the invocations of a batch; see `PageBatch`."""

    ids: Sequence[str]
    jobs: Sequence[str]
    build_ids: Sequence[str]
    created_us: Sequence[int]
    clocks: Sequence[int]
    texts: Sequence[str]
    counts: Mapping[str, Any]


class PageRow(NamedTuple):
    """One invocation of a batch."""

    batch: PageBatch
    row: int

    def copy(self) -> Copy:
        """Return the invocation as what can be joined with other copies: its file is read again."""
        return self.batch.copy(self.row)

    def record(self) -> Invocation:
        """Return the record of an invocation of which no other input shows anything."""
        return copy(self.copy().record)


class Spooled:
    """A table in a file."""

    _last: ClassVar[tuple[Spooled | None, RecordBatch]] = (None, None)

    def __init__(self, file: BinaryIO, begin: int, size: int) -> None:
        self._file = file
        self._begin = begin
        self._size = size

    @classmethod
    def write(cls, table: RecordBatch, file: BinaryIO) -> Spooled:
        """Write a table to the end of a file."""
        begin = file.seek(0, os.SEEK_END)
        with pa.ipc.new_stream(file, table.schema) as out:
            out.write_batch(table)
        return cls(file, begin, file.tell() - begin)

    def read(self) -> RecordBatch:
        """Return the table. The one that was read last is kept: its rows can be asked for run by run."""
        last, table = Spooled._last
        if last is not self:
            self._file.seek(self._begin)
            table = pa.ipc.open_stream(self._file.read(self._size)).read_next_batch()
            Spooled._last = self, table
        return table

    def __reduce__(self) -> Any:
        # The file is of this process. For another one the table is in memory.
        return _same, (self.read(),)


def _same(table: RecordBatch) -> RecordBatch:
    return table


@cache
def _temporary() -> BinaryIO:
    """Return a file that ends with the process."""
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(tempfile.TemporaryFile())


class Spool:
    """Keeps batches in memory as long as they are small, and in a temporary file from then on."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._last: PageBatch | None = None

    def take(self, batch: PageBatch) -> None:
        """Take over a batch. It can be given once for each of its rows in a row."""
        if batch is self._last:
            return
        self._last = batch
        self._left -= batch.size
        if self._left < 0:
            batch.spool(_temporary())


Item = Invocation | PageRow


class Invocations(MutableSequence[Invocation]):
    """Invocations in order. Those that are rows of batches become records when they are asked for.

    Attributes
    ----------
    items:
        Records and rows.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items: list[Item] = list(items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Invocation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Invocation]: ...
    def __getitem__(self, index: int | slice) -> Invocation | list[Invocation]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self.items)))]
        item = self.items[index]
        if isinstance(item, PageRow):
            item = self.items[index] = item.record()
        return item

    @overload
    def __setitem__(self, index: int, value: Invocation) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Invocation]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        self.items[index] = value

    def __delitem__(self, index: int | slice) -> None:
        del self.items[index]

    def insert(self, index: int, value: Invocation) -> None:
        """Insert a record."""
        self.items.insert(index, value)

    def __iter__(self) -> Iterator[Invocation]:
        return (self[index] for index in range(len(self.items)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    def __repr__(self) -> str:
        return repr(list(self))

    @property
    def records(self) -> list[Invocation]:
        """Those that are records."""
        return [item for item in self.items if isinstance(item, Invocation)]

    @property
    def rows(self) -> list[PageRow]:
        """Those that are rows."""
        return [item for item in self.items if isinstance(item, PageRow)]

    def runs(self) -> Iterator[tuple[list[PageRow], list[Invocation]]]:
        """Yield rows in a row, or records in a row, in order; the other list is empty."""
        for _, items in groupby(self.items, lambda item: isinstance(item, PageRow)):
            run = list(items)
            yield (
                [item for item in run if isinstance(item, PageRow)],
                [item for item in run if isinstance(item, Invocation)],
            )

    def make_shared(self) -> None:
        """Make the records of rows whose build another invocation has as well."""
        builds = [_build_id(item) for item in self.items]
        count = Counter(builds)
        if len(count) == len(builds):
            return
        for place, build in enumerate(builds):
            if build is not None and count[build] > 1:
                self[place]


def _build_id(item: Item) -> str | None:
    if isinstance(item, PageRow):
        return item.batch.keys.build_ids[item.row]
    return item.build.id if item.build is not None else None


def row_count(rows: Iterable[PageRow], table: str) -> int:
    """Return how many rows of a table belong to invocations."""
    if table not in PARTS:
        return sum(1 for _ in rows)
    return sum(int(batch.keys.counts[table][row]) for batch, row in rows)


def taken(rows: Sequence[PageRow], table: str, columns: Sequence[str] | None = None) -> Iterator[ArrowBatch]:
    """Yield the rows of a table that belong to invocations, in batches, in the order of the invocations.

    Parameters
    ----------
    columns:
        The names of the columns that are asked for, by default all.
    """
    if columns is None:
        columns = [column.name for column in TABLES[table]]
    runs = [(batch, [one.row for one in run]) for batch, run in groupby(rows, lambda row: row.batch)]
    if len(runs) * _LONG_RUN <= len(rows):
        made: list[RecordBatch] = []
        for batch, chosen in runs:
            made.append(_rows(batch, table, columns, np.array(chosen)))
            if sum(one.num_rows for one in made) >= _TOGETHER:
                yield from _together(made)
                made = []
        yield from _together(made)
        return
    counts = [
        int(row.batch.keys.counts[table][row.row]) if table in row.batch.keys.counts else 1 for row in rows
    ]
    begin = size = 0
    for end, count in enumerate(counts):
        if size and size + count > _MIXED:
            yield from _sliced(_mixed(rows[begin:end], table, columns))
            begin, size = end, 0
        size += count
    yield from _sliced(_mixed(rows[begin:], table, columns))


def _rows(batch: PageBatch, table: str, columns: Sequence[str], rows: NDArray[Any]) -> RecordBatch:
    """Return the rows of a table that belong to invocations of one batch."""
    whole = batch.table(table, columns)
    chosen = batch.rows_of(table, rows)
    if len(chosen) == whole.num_rows and (np.diff(chosen) == 1).all():
        return whole
    return whole.take(from_numbers(chosen, pa.int64()))


def _mixed(rows: Sequence[PageRow], table: str, columns: Sequence[str]) -> RecordBatch:
    """Return the rows of a table that belong to invocations of several batches."""
    places: dict[int, tuple[PageBatch, list[int], list[int]]] = {}
    for place, (batch, row) in enumerate(rows):
        _, chosen, where = places.setdefault(id(batch), (batch, [], []))
        chosen.append(row)
        where.append(place)
    parts, counts = [], []
    for batch, chosen, _ in places.values():
        index = np.array(chosen)
        parts.append(_rows(batch, table, columns, index))
        of_each = batch.keys.counts.get(table)
        counts.append(np.ones(len(index), dtype=np.int64) if of_each is None else of_each[index])
    together = pa.Table.from_batches(parts).combine_chunks()
    order = np.argsort(np.concatenate([where for _, _, where in places.values()]), kind="stable")
    sizes = np.concatenate(counts)
    starts = (np.cumsum(sizes) - sizes)[order]
    sizes = sizes[order]
    ends = np.cumsum(sizes)
    index = np.repeat(starts - ends + sizes, sizes) + np.arange(int(sizes.sum()))
    made = together.take(from_numbers(index, pa.int64())).combine_chunks().to_batches()
    return made[0] if made else parts[0].slice(0, 0)


def _together(batches: Sequence[RecordBatch]) -> Iterator[ArrowBatch]:
    """Yield batches as one."""
    if batches:
        rows = pa.concat_batches(batches) if len(batches) > 1 else batches[0]
        yield from _sliced(rows)


def _sliced(rows: RecordBatch) -> Iterator[ArrowBatch]:
    for start in range(0, rows.num_rows, _MOST_ROWS):
        yield ArrowBatch(rows.slice(start, _MOST_ROWS))
