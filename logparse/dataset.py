"""The result of loading: the tables of all that was read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from logparse.columns import TABLES
from logparse.errors import LogparseError
from logparse.tables import Records, table_frame

if TYPE_CHECKING:
    import pandas as pd


class Dataset:
    """What `load` returns: the tables as DataFrames, each made when it is first asked for.

    Attributes
    ----------
    records:
        The records that the tables are made of.
    """

    def __init__(self, records: Records) -> None:
        self.records = records

    def __repr__(self) -> str:
        counts = (len(self.records.invocations), len(self.records.builds), len(self.failures))
        return "<Dataset: {} invocations, {} other builds, {} failures>".format(*counts)

    @property
    def failures(self) -> list[LogparseError]:
        """What could not be read: errors that say where, why and what to do."""
        return self.records.failures

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name.

        Raises
        ------
        KeyError
            For a name that is no table.
        """
        if name not in TABLES:
            raise KeyError(name)
        # `failures` is the list of errors; its table also has what was skipped.
        made: pd.DataFrame = self._failures if name == "failures" else getattr(self, name)
        return made

    @cached_property
    def invocations(self) -> pd.DataFrame:
        """One row an invocation."""
        return table_frame(self.records, "invocations")

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row an entry of a log."""
        return table_frame(self.records, "events")

    @cached_property
    def polls(self) -> pd.DataFrame:
        """One row a status check."""
        return table_frame(self.records, "polls")

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """One row a launch attempt."""
        return table_frame(self.records, "attempts")

    @cached_property
    def builds(self) -> pd.DataFrame:
        """One row a build id."""
        return table_frame(self.records, "builds")

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One row a step of a build."""
        return table_frame(self.records, "steps")

    @cached_property
    def triggers(self) -> pd.DataFrame:
        """One row a trigger."""
        return table_frame(self.records, "triggers")

    @cached_property
    def unrecognized(self) -> pd.DataFrame:
        """One row an entry of no known kind."""
        return table_frame(self.records, "unrecognized")

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a finding: what a reader of an input should know."""
        return table_frame(self.records, "findings")

    @cached_property
    def _failures(self) -> pd.DataFrame:
        return table_frame(self.records, "failures")

    @cached_property
    def bots(self) -> pd.DataFrame:
        """Statistics by bot."""
        return self._group("bots")

    @cached_property
    def builders(self) -> pd.DataFrame:
        """Statistics by builder."""
        return self._group("builders")

    @cached_property
    def jobs(self) -> pd.DataFrame:
        """Statistics by job."""
        return self._group("jobs")

    def _group(self, table: str) -> pd.DataFrame:
        from logparse.metrics import group_table

        return group_table(self.invocations, self.builds, table)
