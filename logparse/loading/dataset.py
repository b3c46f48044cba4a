"""The result of loading: the tables of all that was read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.batches.arrow import Table as ArrowTable
from logparse.batches.arrow import arrow_table
from logparse.batches.batch import Batch
from logparse.columns import TABLE_MEANINGS, TABLES
from logparse.errors import LogparseError, UnknownTableError
from logparse.records import Invocation
from logparse.tables.rows import Records, batches, row_counts, table_frame

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

GROUPS: Final = ("bots", "builders", "jobs")
#: The HTML view names no more failures than this.
_SHOWN_FAILURES: Final = 20


class Sizes(NamedTuple):
    """How much was read.

    Attributes
    ----------
    invocations, from_builds:
        How many there are, and how many of them only a build shows.
    builds:
        How many builds are of none of them.
    triages:
        How many triage logs stood alone.
    """

    invocations: int
    from_builds: int
    builds: int
    triages: int


class File(NamedTuple):
    """A file of Parquet: its absolute path, and the version of the tables that its columns are of."""

    path: str
    version: int


class Dataset:
    """The tables of all that `load` read, as DataFrames.

    ``data.invocations``, ``data.polls`` and so on are tables, each made when it is first asked for.
    ``dir(data)`` and ``repr(data)`` name them; `logparse.columns` describes their columns. Each access
    gives a frame of the caller's own: a change of it does not change the Dataset. Keep it in a variable
    to change it.

    Text is pandas' ``str`` (``object`` before pandas 2.3), whole numbers are ``Int64``, truth values
    ``boolean``, durations ``float64`` in seconds, times ``datetime64[us, UTC]``. Unknown is null.

    Attributes
    ----------
    gathered:
        The records that the tables are made of. Their lists of events and polls are made when they are
        first asked for.
    """

    def __init__(self, records: Records) -> None:
        self.gathered = records
        self._frames: dict[str, pd.DataFrame] = {}
        self._needed: dict[str, pd.DataFrame] = {}

    def __repr__(self) -> str:
        counts = self._counts()
        named = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        return f"<Dataset: {self._summary()}; rows of tables: {named or 'none'}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{name}</td><td>{count:,}</td>"
            f"<td style='text-align:left'>{escape(TABLE_MEANINGS[name])}</td></tr>"
            for name, count in self._counts().items()
        )
        failures = [escape(str(failure)) for failure in self.failures[:_SHOWN_FAILURES]]
        if len(self.failures) > _SHOWN_FAILURES:
            failures.append(f"and {len(self.failures) - _SHOWN_FAILURES:,} more in <code>failures</code>")
        items = "".join(f"<li>{failure}</li>" for failure in failures)
        return (
            f"<div><p>Dataset: {self._summary()}</p>"
            "<table><thead><tr><th>table</th><th>rows</th><th>meaning</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
            + (f"<p>Could not be read:</p><ul>{items}</ul>" if items else "")
            + "</div>"
        )

    def _summary(self) -> str:
        sizes = self.sizes
        counts = (
            ("invocation", sizes.invocations),
            ("other build", sizes.builds),
            ("failure", len(self.failures)),
        )
        return ", ".join(f"{count:,} {word}{'s' * (count != 1)}" for word, count in counts)

    def _counts(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        counts = self.counts()
        return {name: counts[name] if name in counts else len(self._made(name)) for name in TABLES}

    @property
    def sizes(self) -> Sizes:
        """How many invocations, builds and triage logs there are."""
        records = self.gathered
        from_builds = sum(record.origin == "build" for record in records.held.records)
        return Sizes(len(records.invocations), from_builds, len(records.builds), len(records.triages))

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has that is not one of statistics."""
        return row_counts(self.gathered)

    @property
    def single(self) -> Invocation | None:
        """The record of the one invocation, where nothing else was read."""
        records = self.gathered
        return records.invocations[0] if len(records.invocations) == 1 and not records.builds else None

    @property
    def suspicious(self) -> int:
        """How many lines imitate entries."""
        # Pages that were read as rows have nothing suspicious.
        found = [record.suspicious or 0 for record in self.gathered.held.records]
        found += [len(event.suspicious) for log in self.gathered.triages for event in log.events]
        return sum(found)

    @property
    def skipped(self) -> list[LogparseError]:
        """Files that a walk through a directory left out: errors with the file and the cause."""
        return self.gathered.skipped

    @property
    def repeated(self) -> list[str]:
        """The invocations and builds that several inputs hold, as ``invocation 9028843112359765808``."""
        records = self.gathered.held.records
        names = [f"invocation {record.invocation_id or 'without id'}" for record in records if record.repeats]
        builds = [r.build for r in records if r.build is not None and not r.repeats]
        names += [f"build {build.id}" for build in [*builds, *self.gathered.builds] if build.repeats]
        return list(dict.fromkeys(names))

    @property
    def records(self) -> Records:
        """The records that the tables are made of, each with all its parts."""
        for record in self.gathered.invocations:
            record.whole()
        return self.gathered

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *TABLES})

    if not TYPE_CHECKING:  # With it, a type checker would accept every name.

        def __getattr__(self, name: str) -> Any:
            like = [] if name.startswith("_") else get_close_matches(name, dir(type(self)), 1)
            hint = f"; did you mean {like[0]!r}?" if like else ""
            raise AttributeError(f"a Dataset has no attribute {name!r}{hint}", name=name, obj=self)

    @property
    def failures(self) -> list[LogparseError]:
        """Inputs that could not be read: errors with the file, the cause and the remedy.

        ``table("failures")`` is a frame of them, with what was skipped in directories.
        """
        return self.gathered.failures

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name.

        Parameters
        ----------
        name:
            A key of `logparse.columns.TABLES`, as ``invocations``, ``polls`` or ``failures``.

        Returns
        -------
        DataFrame
            The caller's own, with the table's columns, even where it has no rows.

        Raises
        ------
        UsageError
            For a name that is not a table's. It is a `KeyError` as well.
        """
        if name not in list(TABLES):
            raise UnknownTableError(name, TABLES)
        # Copies that share data until one of them changes would share what `.array` gives write access to.
        return self._made(name).copy()

    def files(self, name: str) -> list[File]:
        """Return the files that hold exactly the rows of a table, where there are such."""
        return []

    def frame(self, name: str, columns: Collection[str]) -> pd.DataFrame:
        """Return some columns of a table by name, in the table's order. The others are not made.

        Raises
        ------
        UsageError
            As `table`.
        """
        if name not in list(TABLES):
            raise UnknownTableError(name, TABLES)
        if name in self._frames or name in GROUPS:
            made = self._made(name)
            return made[[column for column in made.columns if column in columns]].copy()
        return table_frame(self.gathered, name, columns)

    def where(self, condition: str) -> Dataset:
        """Return a Dataset of the invocations, and of the builds without one, that a filter chooses.

        Tables of parts have the rows of these invocations and builds. Triage logs, which belong to none, are
        left out. Inputs that failed or were skipped stay.

        Parameters
        ----------
        condition:
            As ``status=FAILED and builder~asan and run_s>1h``: see `logparse.analysis.parse_filter`.

        Raises
        ------
        UsageError
            Where it is not a filter.
        """
        from logparse.analysis import parse_filter
        from logparse.metrics import with_builds

        chosen = parse_filter(condition)
        records = self.gathered
        units = with_builds(self._made("invocations"), self._made("builds"))
        keeps = chosen.rows(units).tolist()
        number = len(records.invocations)
        builds = {
            build for build, keep in zip(units["build_id"][number:], keeps[number:], strict=True) if keep
        }
        return Dataset(records.chosen(keeps[:number], builds))

    def arrow(self, name: str) -> ArrowTable:
        """Return a table by name as a `pyarrow.Table`, which has less memory than a frame.

        Text and JSON are ``string``, whole numbers ``int64``, other numbers ``double``, truth values
        ``bool``, times ``timestamp[us, UTC]``. Unknown is null.

        Raises
        ------
        UsageError
            As `table`.
        """
        return arrow_table(self.batches(name), TABLES[name])

    def batches(self, name: str) -> Iterable[Batch]:
        """Return a table by name in batches of rows: lists of values by the name of the column.

        Raises
        ------
        UsageError
            As `table`.
        """
        if name not in list(TABLES):
            raise UnknownTableError(name, TABLES)
        if name in GROUPS:
            from logparse.tables.plainframes import plain_columns

            return [plain_columns(self._made(name), TABLES[name])]
        return batches(self.gathered, name)

    def _made(self, name: str) -> pd.DataFrame:
        """Return the Dataset's own frame of a table."""
        if name not in self._frames:
            if name in GROUPS:
                from logparse.metrics import group_table

                made = group_table(self._narrow("invocations"), self._narrow("builds"), name)
            else:
                made = table_frame(self.gathered, name)
            self._frames[name] = made
        return self._frames[name]

    def _narrow(self, name: str) -> pd.DataFrame:
        """Return the columns of a table that statistics need, in the Dataset's own frame."""
        from logparse.metrics import needed_by_tables

        if name not in self._needed:
            self._needed[name] = self.frame(name, needed_by_tables()[name])
        return self._needed[name]

    @property
    def invocations(self) -> pd.DataFrame:
        """One row for each invocation."""
        return self.table("invocations")

    @property
    def events(self) -> pd.DataFrame:
        """One row for each entry of a log."""
        return self.table("events")

    @property
    def polls(self) -> pd.DataFrame:
        """One row for each status check of a build."""
        return self.table("polls")

    @property
    def attempts(self) -> pd.DataFrame:
        """One row for each attempt to launch a build."""
        return self.table("attempts")

    @property
    def builds(self) -> pd.DataFrame:
        """One row for each build id."""
        return self.table("builds")

    @property
    def steps(self) -> pd.DataFrame:
        """One row for each step of a build."""
        return self.table("steps")

    @property
    def triggers(self) -> pd.DataFrame:
        """One row for each trigger, incoming or outgoing."""
        return self.table("triggers")

    @property
    def unrecognized(self) -> pd.DataFrame:
        """One row for each entry of no known kind."""
        return self.table("unrecognized")

    @property
    def findings(self) -> pd.DataFrame:
        """One row for each finding: a thing that was not understood or contradicts itself."""
        return self.table("findings")

    @property
    def bots(self) -> pd.DataFrame:
        """Statistics of invocations and builds by bot."""
        return self.table("bots")

    @property
    def builders(self) -> pd.DataFrame:
        """Statistics of invocations and builds by builder."""
        return self.table("builders")

    @property
    def jobs(self) -> pd.DataFrame:
        """Statistics of invocations by job."""
        return self.table("jobs")
