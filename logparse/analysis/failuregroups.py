"""Who fails: failures by bot, builder, hour and other keys, and the cost of retries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.failures import FAILED, NEEDED, failed_rows
from logparse.analysis.units import units
from logparse.batches.arrow import frame
from logparse.columns.column import Column
from logparse.columns.column import plain as _c
from logparse.records.odd import without_odd
from logparse.tables.keys import KEYS, TIME_KEYS, checked_keys, key_columns, rows_with, with_keys
from logparse.tables.owners import Owners
from logparse.tables.plainframes import declared

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: The columns of runs that `failure_groups` needs.
OF_RUNS: Final = (*NEEDED, "attempts", "launch_s", "revision", "repository")
_HOUR_S: Final = 3_600.0

#: The columns of `failure_groups`, after those of the keys.
GROUPS: Final = (
    _c("runs", "int", "invocations, and builds without one, that ended"),
    _c("failed", "int", "of these, those that failed or were aborted"),
    _c("share", "float", "failed / runs"),
    _c("bot_hours", "float", "hours that bots ran for those that failed"),
    _c("cause", "text", "the most frequent cause of the failures"),
    _c("cause_failed", "int", "failures with that cause"),
    _c("retried", "int", "invocations with more than one attempt to launch them"),
    _c("retry_wait_s", "float", "sum of launch_s over these"),
    _c("reruns", "int", "runs of a commit that were created after one of the builder had failed on it"),
    _c("rerun_hours", "float", "hours that bots ran for these"),
    _c("last_failed", "time", "creation of the latest one that failed"),
    _c("example", "text", "that one: its build's URL, else an id"),
)


def columns_of(by: str | Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of `failure_groups` for keys."""
    return (*key_columns(by), *GROUPS)


def failure_groups(
    invocations: pd.DataFrame,
    builds: pd.DataFrame,
    by: str | Sequence[str] = "builder",
    *,
    tz: str = "UTC",
    owners: Owners | None = None,
) -> pd.DataFrame:
    """Return how much fails in each group, and the cost of that and of retries.

    Two kinds of retries count: the scheduler's attempts to launch an invocation after the first one, which
    cost time, and runs of a commit after one of the same builder had failed on it, which cost hours of bots.
    Odd durations are left out (`logparse.records.odd`).

    Parameters
    ----------
    invocations, builds:
        The tables of these names. Builds without an invocation count too.
    by:
        A key of `logparse.metrics.GROUP_KEYS`, or several. ``pool`` is the pool that the build asked for,
        else its bot's. Times are those of the creation.
    tz:
        Name of the time zone of days, weeks and hours.
    owners:
        The teams that own builders. With them ``owner`` is a key too.

    Returns
    -------
    DataFrame
        With the columns of `columns_of`. Groups are sorted by time where a key is one, else most failures
        first. A group in which nothing ended is left out.

    Raises
    ------
    UsageError
        For a key or a time zone that is not known, or another table.
    """
    names = checked_keys(by)
    data = without_odd(units(invocations, builds, OF_RUNS, "analysis.failure_groups"))
    data = data[data["status"].isin([*FAILED, "SUCCEEDED"])]
    data = rows_with(with_keys(_counted(data), names, tz, owners), names)
    if data.empty:
        return frame((), columns_of(by))
    keys = [KEYS[name][0] for name in names]
    groups = data.groupby(keys, sort=True)
    made = groups[["_failed", "_retried", "_rerun", "_retry_us", "_lost_us", "_rerun_us"]].sum()
    made = pd.DataFrame(
        {
            "runs": groups.size(),
            "failed": made["_failed"],
            "share": made["_failed"] / groups.size(),
            "bot_hours": made["_lost_us"] / 1e6 / _HOUR_S,
            "retried": made["_retried"],
            "retry_wait_s": made["_retry_us"] / 1e6,
            "reruns": made["_rerun"],
            "rerun_hours": made["_rerun_us"] / 1e6 / _HOUR_S,
        }
    ).reset_index()
    shown = _examples(data, keys)
    of_groups = [shown.get(key, {}) for key in made[keys].itertuples(index=False, name=None)]
    made = made.join(pd.DataFrame(of_groups, index=made.index))
    if not any(name in TIME_KEYS for name in names):
        made = made.sort_values(["failed", "bot_hours"], ascending=False, kind="stable")
    return declared(made, columns_of(by))


def _counted(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a column of 0 or 1 for each count, and of microseconds for each cost."""
    is_failed = data["status"].isin(FAILED)
    end = data["finished_at"].fillna(data["build_completed_at"]).fillna(data["created_at"])
    commit = ["builder_id", "repository", "revision"]
    first = end.where(is_failed).groupby([data[name] for name in commit], dropna=False).transform("min")
    is_rerun = data["builder_id"].notna() & data["revision"].notna() & (data["created_at"] > first)
    is_retried = (data["attempts"] > 1).fillna(False).astype(bool)
    run_us, launch_us = (
        (data[name].fillna(0.0) * 1e6).round().astype("int64") for name in ("run_s", "launch_s")
    )
    return data.assign(
        _failed=is_failed.astype("int64"),
        _retried=is_retried.astype("int64"),
        _rerun=is_rerun.astype("int64"),
        _retry_us=launch_us.where(is_retried, 0),
        _lost_us=run_us.where(is_failed, 0),
        _rerun_us=run_us.where(is_rerun, 0),
    )


def _examples(data: pd.DataFrame, keys: Sequence[str]) -> Mapping[tuple[Any, ...], dict[str, Any]]:
    """Return for each group with failures its most frequent cause and its latest failure."""
    causes: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    latest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in failed_rows(data[list(dict.fromkeys([*NEEDED, *keys]))]):
        key = tuple(row[name] for name in keys)
        causes[key][row["cause"]] += 1
        if key not in latest or _age(row) >= _age(latest[key]):
            latest[key] = row
    found = {}
    for key, counted in causes.items():
        cause, number = min(counted.items(), key=lambda item: (-item[1], item[0]))
        row = latest[key]
        found[key] = {
            "cause": cause,
            "cause_failed": number,
            "last_failed": row["created_at"],
            "example": row["link"],
        }
    return found


def _age(row: Mapping[str, Any]) -> tuple[bool, Any, str]:
    at = row["created_at"]
    return at is not None, at or 0, row["link"] or ""
