"""The tables of a dataset that ``logparse ingest`` made, as a `Dataset`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from logparse.batches.arrow import ArrowBatch, RecordBatch, arrow_schema, frame, to_frame
from logparse.batches.batch import Batch, batches_of
from logparse.columns import TABLES
from logparse.errors import LogparseError, UsageError
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_compute as pc
from logparse.loading.dataset import GROUPS, Dataset, File, Sizes
from logparse.store.layout import STORED
from logparse.store.reading import ALL_DAYS, Days, Store

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

_OF_BUILDS: Final = ("builds", "steps")
#: The columns of the table `builds` that `logparse.metrics.with_builds` needs in any case.
_OF_UNITS: Final = ("build_id", "invocation_id")
#: The columns of builds that become other columns of rows of `with_builds`.
_NAMED_OTHERWISE: Final = {"finished_at": "completed_at"}
_BLANK: Final = "\0"


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a filter chose.

    Attributes
    ----------
    places:
        Of invocations: texts of the id and the place.
    ids, sources:
        The ids of invocations, and the sources of those without an id.
    builds:
        The ids of their builds, and of the builds without an invocation that were chosen.
    build_places:
        Texts of the places of these builds without an invocation.
    sizes:
        How many there are.
    days, build_days:
        The days on which the invocations were created, and all these builds.
    """

    places: Any
    ids: Any
    sources: Any
    builds: Any
    build_places: Any
    sizes: Sizes
    days: Days
    build_days: Days


class SavedDataset(Dataset):
    """The tables of a dataset of Parquet. Only the columns and days that are asked for are read.

    It is the dataset as it was when it was opened. It has no records: the tables are all that it has.
    """

    def __init__(self, store: Store, condition: str | None = None) -> None:
        self.store = store
        self._condition = condition
        self._chosen = None if condition is None else self._choose(condition)
        self._frames: dict[str, pd.DataFrame] = {}

    @property
    def gathered(self) -> NoReturn:  # type: ignore[override]
        """A dataset has no records."""
        raise UsageError(
            f"{self.store.folder} is a dataset, which has tables and no records",
            remedy="use its tables, or parse the page itself",
        )

    @property
    def records(self) -> NoReturn:
        """A dataset has no records."""
        raise AssertionError(self.gathered)

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
    def single(self) -> None:
        """None: a dataset has no records."""
        return None

    @property
    def sizes(self) -> Sizes:
        """How many invocations, builds and triage logs there are."""
        if self._chosen is not None:
            return self._chosen.sizes
        origins = self.store.table("invocations", ["origin"]).column("origin")
        alone = self.store.table("builds", ["build_id", "invocation_id"])
        alone = alone.filter(pc.is_null(alone["invocation_id"]))["build_id"]
        builds = len(alone)
        if builds:
            asked = self.store.table("invocations", ["build_id"])["build_id"]
            builds -= pc.sum(pc.is_in(alone, value_set=asked)).as_py() or 0
        return Sizes(len(origins), _count(pc.equal(origins, "build")), builds, self.store.triages())

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
        days = chosen.build_days if table in (*_OF_BUILDS, "findings") else chosen.days
        wanted = [c.name for c in TABLES[table] if columns is None or c.name in columns]
        keys = [c.name for c in TABLES[table] if c.name in _KEYS[table]]
        for batch in self.store.batches(table, [*wanted, *keys], days):
            kept = batch.filter(_is_chosen(batch, table, chosen))
            if kept.num_rows:
                yield kept.select(wanted)

    # --- filters ------------------------------------------------------------------------------

    def where(self, condition: str) -> SavedDataset:
        """Return a Dataset of what a filter chooses, as `Dataset.where`. Other days are not read.

        Raises
        ------
        UsageError
            Where it is not a filter.
        """
        both = condition if self._condition is None else f"({self._condition}) and ({condition})"
        return SavedDataset(self.store, both)

    def _choose(self, condition: str) -> _Chosen:
        from logparse.analysis import parse_filter
        from logparse.metrics import with_builds

        chosen = parse_filter(condition)
        first, last = chosen.created
        days = Days(first and first.date(), last and last.date(), undated=first is None and last is None)
        needed = {*chosen.columns, *_UNIT_COLUMNS}
        invocations = to_frame(self.store.table("invocations", [*needed], days))
        of_builds = {*(_NAMED_OTHERWISE.get(name, name) for name in needed), *_OF_UNITS}
        builds = to_frame(self.store.table("builds", [*of_builds], days))
        units = with_builds(invocations, builds)
        kept = units[chosen.rows(units)]
        alone = kept["invocation_id"].isna() & kept["source"].isna()
        logs, others = kept[~alone], kept[alone]
        alone_ids = set(others["build_id"])
        rows = builds[builds["build_id"].isin(alone_ids)]
        nameless = logs.loc[logs["invocation_id"].isna(), "source"]
        return _Chosen(
            places=_texts(logs, "source"),
            ids=_array(logs["invocation_id"].dropna()),
            sources=_array(nameless.dropna()),
            builds=_array(pd.concat([logs["build_id"], others["build_id"]]).dropna()),
            build_places=_texts(rows.assign(invocation_id=None), "source_file"),
            sizes=Sizes(len(logs), int((logs["origin"] == "build").sum()), len(others), 0),
            days=days,
            build_days=_build_days(days, logs),
        )


#: The columns of the table `invocations` that choosing needs.
_UNIT_COLUMNS: Final = (
    *("invocation_id", "source", "source_line", "source_file", "origin", "build_id", "created_at"),
    *("build_created_at",),
)
#: The columns of tables that show whether a row is chosen.
_KEYS: Final = {
    **dict.fromkeys(_OF_BUILDS, ("build_id",)),
    "invocations": ("invocation_id", "source", "source_line"),
    "findings": ("invocation_id", "source", "line"),
    **dict.fromkeys(
        ("events", "polls", "attempts", "triggers", "unrecognized"),
        ("invocation_id", "source_file", "source_line"),
    ),
}


def _is_chosen(batch: RecordBatch, table: str, chosen: _Chosen) -> Any:
    """Return for each row of a table whether it is chosen."""
    if table in _OF_BUILDS:
        return pc.is_in(batch["build_id"], value_set=chosen.builds)
    places = _place_texts(*(batch[name] for name in _KEYS[table]))
    if table != "findings":
        return pc.is_in(places, value_set=chosen.places)
    of_invocation = pc.is_in(batch["invocation_id"], value_set=chosen.ids)
    nameless = pc.and_(
        pc.is_null(batch["invocation_id"]),
        pc.or_(
            pc.is_in(batch["source"], value_set=chosen.sources),
            pc.is_in(places, value_set=chosen.build_places),
        ),
    )
    return pc.or_(of_invocation, nameless)


def _place_texts(ids: Any, sources: Any, lines: Any) -> Any:
    """Return ids and places as one text each."""
    texts = [pc.fill_null(part, "") for part in (ids, sources, pc.cast(lines, pa.string()))]
    return pc.binary_join_element_wise(*texts, _BLANK)


def _texts(rows: pd.DataFrame, source: str) -> Any:
    """Return the ids and places of rows of a frame as one text each."""
    return _place_texts(
        _array(rows["invocation_id"]),
        _array(rows[source]),
        pa.array(rows["source_line"].astype("Int64"), pa.int64()),
    )


def _array(values: pd.Series[Any]) -> Any:
    return pa.array(values, pa.string(), from_pandas=True)


def _build_days(days: Days, logs: pd.DataFrame) -> Days:
    """Return the days of invocations, and of their builds, which can be created later or before."""
    created = logs["build_created_at"].dropna()
    if days == ALL_DAYS or created.empty:
        return days._replace(undated=True)
    first, last = created.min().date(), created.max().date()
    return Days(
        days.first and min(days.first, first),
        days.last and max(days.last, last),
        undated=True,
    )


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
