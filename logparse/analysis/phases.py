"""Where the time goes: the phases of invocations by group, and how many invocations never started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

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

#: Each phase and its column, in the order of time. `launch_wait` is the first two where they are not known.
PHASES: Final = {
    "scheduler_wait": "scheduler_wait_s",
    "launch": "launch_s",
    "launch_wait": "launch_wait_s",
    "pending": "pending_s",
    "run": "run_s",
    "finish_lag": "finish_lag_s",
}
PERCENTILES: Final = (50, 75, 90, 95, 99)
NEEDED: Final = (
    *("infra_reason", "build_status", "build_created_at", "build_started_at", "build_completed_at"),
    *PHASES.values(),
    *("queue_latency_s", "finished_at", "duration_s"),
)
_WAITS: Final = frozenset({"STARTING", "RETRYING", "RUNNING"})

#: The columns of `phases`, after those of the keys.
TIMES: Final = (
    _c("phase", "text", f"one of {', '.join(PHASES)}"),
    _c("invocations", "int", "invocations of the group, and builds without one"),
    _c("known", "int", "of these, those with a known length of the phase"),
    _c("total_s", "float", "sum of these lengths"),
    _c("share", "float", "of the sum over all phases of the group"),
    _c("mean_s", "float", "mean length"),
    *(_c(f"p{percent}_s", "float", f"{percent}th percentile of the lengths") for percent in PERCENTILES),
    _c("max_s", "float", "largest length"),
    _c("never_started", "int", "invocations that failed without a start: no bot in time, or not launched"),
    _c("canceled_before", "int", "invocations that were canceled or aborted before a start"),
    _c("still_waiting", "int", "invocations that have neither started nor ended"),
)
_CENSORED: Final = ("never_started", "canceled_before", "still_waiting")


def columns_of(by: str | Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of `phases` for keys."""
    return (*key_columns(by), *TIMES)


def phases(
    invocations: pd.DataFrame,
    builds: pd.DataFrame,
    by: str | Sequence[str] = "builder",
    *,
    tz: str = "UTC",
    owners: Owners | None = None,
) -> pd.DataFrame:
    """Return for each group and phase how long it took, and how many invocations never came to a start.

    Percentiles of `pending` are over the invocations that started. Those that never did waited too, and often
    longest: they are counted in the last three columns, which are the same for each phase of a group. Odd
    lengths are left out (`logparse.records.odd`). Where only a build is known, `scheduler_wait` and `launch`
    are not, and `launch_wait` has their sum; where they are known, `launch_wait` has nothing.

    Parameters
    ----------
    invocations, builds:
        The tables of these names. Builds without an invocation count too.
    by:
        A key of `logparse.metrics.GROUP_KEYS`, or several. ``pool`` is the pool that the build asked for,
        else its bot's, since a build without a bot has only the former. Times are those of the creation.
    tz:
        Name of the time zone of days, weeks and hours.
    owners:
        The teams that own builders. With them ``owner`` is a key too.

    Returns
    -------
    DataFrame
        With the columns of `columns_of`. Groups are sorted by time where a key is one, else by their time in
        all, longest first; the phases of a group are in the order of `PHASES`. A phase that no invocation of
        a group has is left out, but one row of each group is kept.

    Raises
    ------
    UsageError
        For a key or a time zone that is not known, or another table.
    """
    names = checked_keys(by)
    data = with_keys(units(invocations, builds, NEEDED, "analysis.phases"), names, tz, owners)
    data = _with_starts(without_odd(rows_with(data, names)))
    keys = [KEYS[name][0] for name in names]
    if data.empty:
        return frame((), columns_of(by))
    groups = data.groupby(keys, sort=True)
    counts = groups[list(_CENSORED)].sum().assign(invocations=groups.size())
    parts = [_of_phase(groups[column], name) for name, column in PHASES.items()]
    made = pd.concat(parts).join(counts, on=keys)
    made = made[(made["known"] > 0) | _is_only(made, keys)]
    total = made.groupby(keys)["total_s"].transform("sum")
    made = made.assign(share=made["total_s"] / total.where(total > 0), _total=total)
    order = keys if any(name in TIME_KEYS for name in names) else ["_total", *keys]
    made = made.sort_values(order, ascending=[name != "_total" for name in order], kind="stable")
    return declared(made, columns_of(by))


def _with_starts(data: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a column of 0 or 1 for each way to have no start, and the phases to count."""
    has_ended = data["build_completed_at"].notna()
    # Without a build, or with the times of one, it is known that it did not start. Else it is not.
    no_start = data["build_started_at"].isna() & data["run_s"].isna()
    no_start &= data["build_id"].isna() | has_ended | (data["infra_reason"] == "no_bot_in_time").fillna(False)
    is_canceled = (data["status"] == "ABORTED") | (data["build_status"] == "CANCELED")
    is_canceled = is_canceled.fillna(False).astype(bool)
    waits = data["status"].isin(_WAITS) & data["build_started_at"].isna() & ~has_ended
    waits &= data["build_status"].isna() | (data["build_status"] == "SCHEDULED").fillna(False)
    is_split = data["scheduler_wait_s"].notna() & data["launch_s"].notna()
    return data.assign(
        launch_wait_s=data["launch_wait_s"].mask(is_split),
        never_started=(no_start & ~is_canceled & data["status"].isin(["FAILED", "OVERRUN"])).astype("int64"),
        canceled_before=(no_start & is_canceled).astype("int64"),
        still_waiting=waits.astype("int64"),
    )


def _of_phase(lengths: Any, name: str) -> pd.DataFrame:
    """Return the statistics of a phase by group."""
    shares = [percent / 100 for percent in PERCENTILES]
    ranked = lengths.quantile(shares).unstack().reindex(columns=shares)
    columns = {
        "phase": name,
        "known": lengths.count(),
        "total_s": lengths.sum(min_count=1),
        "mean_s": lengths.mean(),
        **{f"p{percent}_s": ranked[share] for percent, share in zip(PERCENTILES, shares, strict=True)},
        "max_s": lengths.max(),
    }
    return pd.DataFrame(columns).reset_index()


def _is_only(made: pd.DataFrame, keys: Sequence[str]) -> pd.Series[bool]:
    """Return for each row whether it is the first one of a group in which no phase is known."""
    is_unknown = made.groupby(list(keys))["known"].transform("sum") == 0
    return is_unknown & ~made.duplicated(list(keys))
