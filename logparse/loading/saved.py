"""The tables of a dataset that ``logparse ingest`` made, as a `Dataset`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from logparse.batches.arrow import ArrowBatch, RecordBatch, arrow_schema, frame, to_frame
from logparse.batches.batch import Batch, batches_of
from logparse.columns import TABLES
from logparse.errors import LogparseError, UsageError
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.loading.chosen import KEYS, OF_BUILDS, choose, is_chosen
from logparse.loading.dataset import GROUPS, Dataset, File, Sizes
from logparse.loading.kept import records_of
from logparse.records import Invocation
from logparse.store.layout import STORED
from logparse.store.reading import Store
from logparse.tables.rows import Records

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: Records of more invocations and builds than these are not made.
_MOST_RECORDS: Final = 1_000


class SavedDataset(Dataset):
    """The tables of a dataset of Parquet. Only the columns and days that are asked for are read.

    It is the dataset as it was when it was opened.
    """

    def __init__(self, store: Store, condition: str | None = None) -> None:
        self.store = store
        self._condition = condition
        self._chosen = None if condition is None else choose(store, condition)
        self._frames: dict[str, pd.DataFrame] = {}
        self._needed: dict[str, pd.DataFrame] = {}
        self._records: Records | None = None
        self._sizes: Sizes | None = None

    @property
    def gathered(self) -> Records:  # type: ignore[override]
        """The records of the chosen invocations and builds, made of the logs and builds that are kept.

        Raises
        ------
        UsageError
            Where there are more than 1,000 invocations.
        """
        if self._records is None:
            number = self.sizes.invocations + self.sizes.builds
            if number > _MOST_RECORDS:
                raise UsageError(
                    f"records of {number:,} invocations and builds of a dataset would need much memory",
                    remedy=f"choose {_MOST_RECORDS:,} at most by a filter, or use the tables",
                )
            self._records = records_of(self.store, self._chosen)
        return self._records

    @property
    def failures(self) -> list[LogparseError]:
        """Nothing: ``table("failures")`` has the inputs that could not be read when they were taken in."""
        return []

    @property
    def skipped(self) -> list[LogparseError]:
        """Nothing, as for `failures`."""
        return []

    @property
    def repeated(self) -> list[str]:
        """Nothing: the column ``repeats`` counts the copies that were taken in."""
        return []

    @property
    def single(self) -> Invocation | None:
        """The record of the one invocation that is chosen."""
        sizes = self.sizes
        return super().single if sizes.invocations == 1 and not sizes.builds else None

    @property
    def sizes(self) -> Sizes:
        """How many invocations, builds and triage logs there are."""
        if self._sizes is None:
            self._sizes = self._counted() if self._chosen is None else self._chosen.sizes
        return self._sizes

    def _counted(self) -> Sizes:
        store = self.store
        from_builds = sum(part.alone for part in store.parts("invocations"))
        builds = sum(part.alone for part in store.parts("builds"))
        if builds:
            # Logs without an id have builds too.
            alone = store.table("builds", ["build_id", "invocation_id"])
            alone = alone.filter(pc.is_null(alone["invocation_id"]))["build_id"]
            asked = store.table("invocations", ["build_id"])["build_id"]
            builds -= _count(pc.is_in(alone, value_set=asked))
        return Sizes(store.rows("invocations"), from_builds, builds, store.triages())

    @property
    def suspicious(self) -> int:
        """How many lines of the invocations' logs imitate entries."""
        return sum(sum(filter(None, batch["suspicious"])) for batch in self.batches("invocations"))

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has that is not one of statistics."""
        counts = {
            name: self.store.rows(name)
            if self._chosen is None
            else sum(batch.num_rows for batch in self._rows(name, ()))
            for name in STORED
        }
        return {**counts, "failures": len(self.store.failures())}

    def files(self, name: str) -> list[File]:
        """Return the files that hold exactly the rows of a table. A filter chooses rows of files."""
        if self._chosen is not None or name not in STORED:
            return []
        folder = self.store.folder.absolute()
        return [File(str(folder / part.name), part.version) for part in self.store.parts(name)]

    # --- rows ---------------------------------------------------------------------------------

    def batches(self, name: str) -> Iterable[Batch]:
        """Return a table by name in batches of rows, as `Dataset.batches`.

        Raises
        ------
        UsageError
            As `table`.
        """
        if name == "failures":
            return batches_of(self.store.failures(), TABLES[name])
        if name not in STORED:
            return super().batches(name)
        return map(ArrowBatch, self._rows(name))

    def frame(self, name: str, columns: Collection[str]) -> pd.DataFrame:
        """Return some columns of a table. The other columns are not read."""
        if name not in STORED:
            self._made(name)
            return super().frame(name, columns)
        wanted = [column for column in TABLES[name] if column.name in columns]
        rows = self._rows(name, [column.name for column in wanted])
        return to_frame(pa.Table.from_batches(rows, schema=arrow_schema(wanted)))

    def _made(self, name: str) -> pd.DataFrame:
        if name not in self._frames and name not in GROUPS:
            if name == "failures":
                self._frames[name] = frame(self.store.failures(), TABLES[name])
            else:
                self._frames[name] = self.frame(name, [column.name for column in TABLES[name]])
        return super()._made(name)

    def _rows(self, table: str, columns: Sequence[str] | None = None) -> Iterator[RecordBatch]:
        """Yield the rows of a table that are chosen."""
        chosen = self._chosen
        if chosen is None:
            yield from self.store.batches(table, columns)
            return
        days = chosen.build_days if table in (*OF_BUILDS, "findings") else chosen.days
        wanted = [c.name for c in TABLES[table] if columns is None or c.name in columns]
        keys = [c.name for c in TABLES[table] if c.name in KEYS[table]]
        for batch in self.store.batches(table, [*wanted, *keys], days):
            kept = batch.filter(is_chosen(batch, table, chosen))
            if kept.num_rows:
                yield kept.select(wanted)

    # --- filters ------------------------------------------------------------------------------

    def where(self, condition: str) -> SavedDataset:
        """Return a Dataset of the rows that a filter chooses, as `Dataset.where`. Other days are not read.

        Raises
        ------
        UsageError
            Where it is not a filter.
        """
        both = condition if self._condition is None else f"({self._condition}) and ({condition})"
        return SavedDataset(self.store, both)


def _count(truths: Any) -> int:
    return int(pc.sum(truths).as_py() or 0)


def opened(given: Any) -> SavedDataset:
    """Return the tables of a dataset.

    Raises
    ------
    UsageError, InputError
        Where the path is not that of a dataset, or this logparse cannot read it.
    """
    from logparse.store.layout import local

    return SavedDataset(Store(local(given)))
