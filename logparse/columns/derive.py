"""The derived columns of one record: the declarations of `logparse.columns`, evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from logparse.columns import TABLES
from logparse.columns.derivations import Aggregate, Number, RowWise, value_of
from logparse.values.clock import from_datetime


def ordered(derived: dict[str, RowWise]) -> dict[str, RowWise]:
    """Return derivations in an order in which each comes after those of its inputs."""
    found: dict[str, RowWise] = {}

    def add(name: str, wanted_by: tuple[str, ...]) -> None:
        if name in wanted_by:
            raise ValueError(f"the column {name} is derived from itself")
        if name in derived and name not in found:
            for needed in derived[name].inputs:
                add(needed, (*wanted_by, name))
            found[name] = derived[name]

    for name in derived:
        add(name, ())
    return found


#: Of each table the columns that are derived from values of the same row, in an order in which each comes
#: after the columns that it needs.
ROW_WISE: Final[dict[str, dict[str, RowWise]]] = {
    table: ordered({c.name: c.derive for c in columns if c.derive and not isinstance(c.derive, Aggregate)})
    for table, columns in TABLES.items()
}
#: Of each table the columns that are derived from rows of another table.
AGGREGATES: Final[dict[str, dict[str, Aggregate]]] = {
    table: {c.name: c.derive for c in columns if isinstance(c.derive, Aggregate)}
    for table, columns in TABLES.items()
}


def derived(table: str, known: Mapping[str, Number | None]) -> dict[str, Any]:
    """Return the columns of a table that are derived from `known`, a row's other values, by name.

    A column is left out where `known` has its value, or has no key for one of its inputs.

    Parameters
    ----------
    table:
        A key of `logparse.columns.TABLES`.
    known:
        Values of the row by name: times in whole microseconds from one origin, durations in seconds.
    """
    values = dict(known)
    made: dict[str, Any] = {}
    for name, derivation in _within_reach(table, tuple(known)):
        if values.get(name) is None:
            values[name] = made[name] = value_of(derivation, values)
    return made


@lru_cache(maxsize=64)
def _within_reach(table: str, known: tuple[str, ...]) -> list[tuple[str, RowWise]]:
    """Return the derived columns whose inputs are among `known`, or are derived from these, in order."""
    names = set(known)
    found = []
    for name, derivation in ROW_WISE[table].items():
        if names.issuperset(derivation.inputs):
            names.add(name)
            found.append((name, derivation))
    return found


def aggregated(table: str, of: str, rows: Iterable[Any]) -> dict[str, Any]:
    """Return the columns of a table that are derived from rows of the table `of`, by name.

    Parameters
    ----------
    table:
        A key of `logparse.columns.TABLES`.
    of:
        The table of the rows, or ``cuts``.
    rows:
        Its records that belong to one row of `table`.
    """
    listed = list(rows)
    return {
        name: derivation.of_rows(listed)
        for name, derivation in AGGREGATES[table].items()
        if derivation.table == of
    }


def derived_columns(table: str, known: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Return the same as `derived` for many rows: `known` has a list of values for each column."""
    columns = dict(known)
    for name, derivation in _within_reach(table, tuple(known)):
        if name not in known:
            inputs = zip(*(columns[column] for column in derivation.inputs), strict=True)
            columns[name] = [None if None in row else derivation.compute(*row) for row in inputs]
    return {name: values for name, values in columns.items() if name not in known}


def times_of(record: Any, *names: str, prefix: str = "") -> dict[str, Number | None]:
    """Return times of a record in microseconds since 1970, by their names with `prefix` in front."""
    moments = {name: getattr(record, name, None) for name in names}
    return {
        prefix + name: None if moment is None else from_datetime(moment) for name, moment in moments.items()
    }


def build_durations(build: Any) -> dict[str, float | None]:
    """Return ``pending_s`` and ``run_s`` of a build."""
    return derived("builds", times_of(build, "created_at", "started_at", "completed_at"))
