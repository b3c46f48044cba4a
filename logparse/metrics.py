"""From tables to metrics: statistics over many invocations, as functions of frames.

Every function takes frames as `logparse.tables.rows` makes them and returns a new one. Percentiles
interpolate linearly between the two nearest values. Nulls count nowhere; a group without a value
has null, not 0. Odd values (`logparse.records.odd`) are left out, and counted in the column ``odd``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from logparse.batches.arrow import text_type
from logparse.columns import TABLES
from logparse.columns.derivations import Values, batch_of
from logparse.columns.derive import ROW_WISE
from logparse.errors import UsageError, nearest
from logparse.records import Invocation
from logparse.records.odd import without_odd
from logparse.tables import taken
from logparse.tables.keys import GROUP_KEYS as GROUP_KEYS
from logparse.tables.keys import KEYS, TIME_KEYS, checked_keys, rows_with, with_keys
from logparse.tables.lookup import is_among, looked_up
from logparse.tables.owners import Owners
from logparse.tables.plainframes import declared, plain_value
from logparse.tables.plainframes import plain_rows as plain_rows
from logparse.tables.summarized import BOT_COLUMNS, BUILDER_COLUMNS, COUNTED, OF_ALONE, OF_BUILDS, SUMMARIZED
from logparse.values.statuses import OF_ENDED_BUILD

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

_TABLE_KEYS: Final = {"bots": "bot", "builders": "builder", "jobs": "job"}
#: A bot that was seen less often, or for less time, has no utilization.
_LEAST_RUNS: Final = 10
_LEAST_SPAN_S: Final = 86_400.0
_PERCENTILES: Final = (50, 75, 90, 95, 99)
#: The table ``invocations``, one record or several.
Invocations: TypeAlias = "pd.DataFrame | Invocation | Iterable[Invocation]"


def group_table(invocations: pd.DataFrame, builds: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the table ``bots``, ``builders`` or ``jobs``: a row a group, busiest first.

    Builds that no invocation asked for count in the groups that they belong to.

    Raises
    ------
    UsageError
        For another name, or where `invocations` or `builds` is not that table.
    """
    if table not in _TABLE_KEYS:
        raise UsageError(f"{table!r} is not a table of groups", remedy=nearest(table, _TABLE_KEYS))
    builds = taken.checked(builds, "metrics.group_table", "builds", OF_BUILDS)
    grouped = group_by(invocations, _TABLE_KEYS[table], builds=builds)
    if table == "bots":
        known = _known_of_bots(builds)
        for column in BOT_COLUMNS:
            grouped[column] = grouped["bot_id"].map({bot: told.get(column) for bot, told in known.items()})
    return declared(grouped, TABLES[table])


def _known_of_bots(builds: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the dimensions of bots: of each the last value known."""
    known: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    order = ["created_at", "build_id"]
    seen = builds.loc[builds["bot_id"].notna(), ["bot_id", *order, *BOT_COLUMNS]]
    seen = seen.sort_values(order, na_position="first")
    for row in seen.to_dict("records"):
        told = {column: plain_value(row[column]) for column in BOT_COLUMNS}
        known[row["bot_id"]].update({column: value for column, value in told.items() if value is not None})
    return known


def with_builds(invocations: Invocations, builds: pd.DataFrame) -> pd.DataFrame:
    """Return invocations, and builds that none of them asked for as rows without an invocation id.

    Raises
    ------
    UsageError
        Where `invocations` or `builds` is not that table.
    """
    invocations = taken.invocations(invocations, "metrics.with_builds", ("build_id",))
    made = {name: OF_ALONE[name] for name in invocations.columns if name in OF_ALONE}
    builds = taken.checked(builds, "metrics.with_builds", "builds", ("invocation_id", *made.values()))
    alone = builds[builds["invocation_id"].isna()]
    alone = alone[~is_among(alone["build_id"], invocations["build_id"])]
    if alone.empty:
        return invocations
    columns: dict[str, pd.Series[Any]] = {}
    for name, type_ in invocations.dtypes.items():
        if name not in made:
            columns[str(name)] = pd.Series(index=alone.index, dtype=type_)
            continue
        values = alone[made[str(name)]]
        if name == "status":
            values = values.map(OF_ENDED_BUILD).fillna("RUNNING")
        columns[str(name)] = values.astype(type_)
    return pd.concat([invocations, pd.DataFrame(columns)], ignore_index=True)


def needed_columns(by: Sequence[str], more: Iterable[str] = ()) -> tuple[set[str], set[str]]:
    """Return the columns of `invocations`, and of `builds`, that `totals` and `group_by` need for keys.

    The other columns need not be read. `more` are columns of `invocations` that the caller needs as well.
    """
    keys = {KEYS[name][0] for name in checked_keys(by)}
    known = {column.name for column in TABLES["invocations"]}
    of_invocations = {*SUMMARIZED, *keys, *more, "builder_id", *BUILDER_COLUMNS} & known
    of_builds = {
        "build_id",
        "invocation_id",
        *(OF_ALONE[name] for name in of_invocations if name in OF_ALONE),
    }
    return of_invocations, of_builds | (set(BOT_COLUMNS) if are_of_bots(by) else set())


def needed_by_tables() -> dict[str, set[str]]:
    """Return the columns of `invocations` and of `builds` that `group_table` needs for any of its tables."""
    of_invocations, of_builds = needed_columns(list(_TABLE_KEYS.values()))
    return {"invocations": of_invocations, "builds": of_builds | set(OF_BUILDS)}


def are_of_bots(by: Sequence[str]) -> bool:
    """Whether one of the keys to group by is a column that `with_bots` adds."""
    return any(KEYS[name][0] in BOT_COLUMNS for name in checked_keys(by))


def with_bots(invocations: Invocations, builds: pd.DataFrame) -> pd.DataFrame:
    """Return invocations with the columns pool, os, cpu, cores, machine_type, zone of their builds' bots.

    Raises
    ------
    UsageError
        Where `invocations` or `builds` is not that table.
    """
    invocations = taken.invocations(invocations, "metrics.with_bots", ("build_id",))
    builds = taken.checked(builds, "metrics.with_bots", "builds", ("build_id", *BOT_COLUMNS))
    known = looked_up(invocations["build_id"], builds[["build_id", *BOT_COLUMNS]], "build_id")
    return invocations.assign(**{name: known[name] for name in BOT_COLUMNS})


def with_last_times(invocations: pd.DataFrame) -> pd.DataFrame:
    """Return invocations with the column ``seen_at``: when each ended, else when it was created."""
    return invocations.assign(seen_at=_last_times(invocations))


def group_by(
    invocations: Invocations,
    by: str | Sequence[str],
    *,
    builds: pd.DataFrame | None = None,
    tz: str = "UTC",
    owners: Owners | None = None,
) -> pd.DataFrame:
    """Return statistics of invocations by one or more of `GROUP_KEYS`.

    A group of several keys is a combination of their values. Groups are in the order of time where a
    key is a time, else busiest first. Invocations of no such group are left out.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records.
    by:
        A key, or several. Times are those of the creation: ``day`` (2020-11-17), ``week`` (ISO's,
        2020-W47), ``weekday`` (``2 Tue``) and ``hour`` of the day (``04:00``). pool, os, machine_type
        and zone need the columns that `with_bots` adds, or `builds`. Groups by ``builder`` also have
        the columns project, bucket and builder, as the newest record of the builder writes them.
    builds:
        The table ``builds``. With it the builds without an invocation count as well, as they do in the
        tables ``bots`` and ``builders``.
    tz:
        Name of the time zone of days, weeks and hours.
    owners:
        The teams that own builders. With them ``owner`` is a key too.

    Raises
    ------
    UsageError
        For a key or a time zone that is not known, another table, or a frame without the key's column.
    """
    names = checked_keys(by)
    data = taken.invocations(invocations, "metrics.group_by", COUNTED)
    if builds is not None:
        data = with_bots(with_builds(data, builds), builds)
    data = rows_with(with_keys(data, names, tz, owners), names)
    keys = [KEYS[name][0] for name in names]
    groups = _statistics(data, keys)
    if any(name in TIME_KEYS for name in names):
        groups = groups.sort_values(keys).reset_index(drop=True)
    return _with_builders(groups, data) if "builder" in names else groups


def left_out(
    invocations: Invocations, by: str | Sequence[str], owners: Owners | None = None
) -> tuple[int, int]:
    """Return how many invocations, and how many builds without one, belong to no group of `group_by`.

    Parameters
    ----------
    invocations:
        The table ``invocations`` with the rows that `with_builds` adds.
    by, owners:
        As in `group_by`.

    Raises
    ------
    UsageError
        As `group_by`.
    """
    names = checked_keys(by)
    data = taken.invocations(invocations, "metrics.left_out", COUNTED)
    data = with_keys(data, names, owners=owners)
    rest = data.drop(rows_with(data, names).index)
    builds = int(_is_build(rest).sum())
    return len(rest) - builds, builds


def _with_builders(groups: pd.DataFrame, data: pd.DataFrame) -> pd.DataFrame:
    """Return groups of builders with each builder's project, bucket and builder after its id."""
    newest = data.sort_values(["created_at", "build_id"], na_position="first", kind="stable")
    known = newest.groupby("builder_id")[list(BUILDER_COLUMNS)].last()
    at = groups.columns.get_loc("builder_id")
    assert isinstance(at, int)
    for offset, column in enumerate(BUILDER_COLUMNS, 1):
        values = groups["builder_id"].map(known[column]).astype(text_type())
        groups.insert(at + offset, column, values)
    return groups


def totals(invocations: Invocations) -> pd.DataFrame:
    """Return the same statistics over all invocations, the table or records: one row.

    Raises
    ------
    UsageError
        Where `invocations` is not that table.
    """
    data = taken.invocations(invocations, "metrics.totals", COUNTED)
    return _statistics(data.assign(all="all"), ("all",)).drop(columns=["all"])


def _statistics(data: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the statistics of each group of rows that have the same values of `keys`."""
    # Of a hundred columns few are needed, and each that is kept takes time.
    data = data[[name for name in data.columns if name in SUMMARIZED or name in keys]]
    data = _with_ends(without_odd(data))
    groups = data.groupby(list(keys), dropna=False, sort=True)
    counts = pd.DataFrame(
        {
            "invocations": groups["invocation_id"].size() - _builds_alone(data, keys),
            "succeeded": groups["_succeeded"].sum(),
            "failed": groups["_failed"].sum(),
        }
    )
    out = pd.DataFrame({**counts, **_measured(groups, counts)}).reset_index()
    order = out.sort_values(["invocations", "builds", *keys], ascending=[False, False, *[True] * len(keys)])
    return order.reset_index(drop=True)


def _measured(groups: Any, counts: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Return the statistics of groups of rows after their counts, in order."""
    out = {"success_rate": _derived(counts, "success_rate"), "busy_s": groups["run_s"].sum(min_count=1)}
    first, last = groups["created_at"].min(), groups["_seen"].max()
    span = (last - first).dt.total_seconds()
    runs = groups["run_s"].count()
    out["utilization"] = out["busy_s"] / span.mask((span < _LEAST_SPAN_S) | (runs < _LEAST_RUNS))
    for metric in ("run_s", "queue_latency_s"):
        for name, values in _distribution(groups[metric]):
            out[f"{metric.removesuffix('_s')}_{name}_s"] = values
    out["poll_count"] = groups["poll_count"].sum(min_count=1)
    out["poll_rpc_s"] = groups["poll_rpc_s"].sum(min_count=1)
    out["first_seen"], out["last_seen"] = first, last
    out["aborted"] = groups["_aborted"].sum()
    out["unfinished"] = groups["_unfinished"].sum()
    out["builds"] = groups["build_id"].nunique()
    # Sums and means of microseconds are rounded to the microsecond, to remove noise of floats.
    out = {name: values.round(6) if name.endswith("_s") else values for name, values in out.items()}
    return {**out, "odd": groups["odd"].sum()}


def _with_ends(data: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a column of 0 or 1 for each way to end, and with the last time of each row."""
    status = data["status"]
    return data.assign(
        _succeeded=(status == "SUCCEEDED").fillna(False).astype("Int64"),
        _failed=status.isin(["FAILED", "OVERRUN"]).fillna(False).astype("Int64"),
        _aborted=(status == "ABORTED").fillna(False).astype("Int64"),
        _unfinished=(~status.isin(["SUCCEEDED", "FAILED", "OVERRUN", "ABORTED"])).astype("Int64"),
        _seen=_last_times(data),
    )


def _derived(groups: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column of groups that the schema derives from others of them."""
    derivation = ROW_WISE["jobs"][name]
    known = {
        column: Values(groups[column].to_numpy("float64", na_value=0.0), groups[column].isna().to_numpy())
        for column in derivation.inputs
    }
    numbers, is_null = batch_of(derivation, known)
    return pd.Series(pd.arrays.FloatingArray(numbers, is_null), index=groups.index)


def _distribution(values: Any) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Yield the mean, the percentiles and the largest of grouped values, by name."""
    yield "mean", values.mean()
    shares = [percent / 100 for percent in _PERCENTILES]
    # Without groups there is no column either.
    ranked = values.quantile(shares).unstack().reindex(columns=shares)
    for percent, share in zip(_PERCENTILES, shares, strict=True):
        yield f"p{percent}", ranked[share]
    yield "max", values.max()


def _last_times(data: pd.DataFrame) -> pd.Series[Any]:
    """Return when each row ended. An invocation that only a build shows ended when that did."""
    ended = data["finished_at"]
    if {"origin", "build_completed_at"} <= set(data.columns):
        ended = ended.fillna(data["build_completed_at"].where(data["origin"] == "build"))
    return ended.fillna(data["created_at"])


def _builds_alone(data: pd.DataFrame, keys: Sequence[str]) -> pd.Series[int]:
    """Return by group how many rows are builds without an invocation."""
    return _is_build(data).astype("Int64").groupby([data[k] for k in keys], dropna=False).sum()


def _is_build(data: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are builds without an invocation: they have no source."""
    return data["invocation_id"].isna() & data["source"].isna()
