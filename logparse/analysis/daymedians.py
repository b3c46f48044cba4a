"""Medians of each builder and day, which are the unit of comparisons.

Runs of one day share its load and its machines, so that they are not independent. A day counts once, with the
median of its runs. Durations are compared as logarithms of seconds plus one: ``sign(s) × log(1 + |s|)``. One
second is added because a wait can be 0 s, and the sign is kept because clocks of two machines differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.moderation import t_quantile
from logparse.errors import UsageError, nearest
from logparse.lazy import numpy as np
from logparse.records.odd import without_odd
from logparse.tables import taken

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd

#: The metrics that can be compared: durations of the table `invocations`.
METRICS: Final = (
    *("run_s", "pending_s", "queue_latency_s", "finish_lag_s", "scheduler_wait_s", "launch_s"),
    *(
        "launch_wait_s",
        "duration_s",
        "overhead_s",
        "setup_s",
        "request_rpc_s",
        "poll_rpc_s",
        "poll_rpc_max_s",
    ),
    *("poll_lateness_mean_s", "start_notify_lag_s", "finish_notify_lag_s"),
)
#: The metrics that are compared by default.
DEFAULT_METRICS: Final = METRICS[:4]
#: A verdict has a q-value of at most this.
LEAST_Q: Final = 0.01
#: Changes below this share, or below these seconds, do not count.
LEAST_SHARE: Final = 0.05
LEAST_S: Final = 1.0
#: The days from the first to the last of a side of a comparison; those on which a builder has runs.
LEAST_DAYS: Final = 14
LEAST_WITH_RUNS: Final = 10
#: The share of intervals that hold the true change.
INTERVAL: Final = 0.95
_WEEK: Final = 7
#: Durations whose oddness makes others odd.
_DURATIONS: Final = ("duration_s", "pending_s", "run_s")


def check_metrics(metrics: Sequence[str]) -> tuple[str, ...]:
    """Return the names of metrics.

    Raises
    ------
    UsageError
        For a name that is not in `METRICS`, or where there are none.
    """
    for name in metrics:
        if name not in METRICS:
            raise UsageError(f"{name!r} is not a metric to compare", remedy=nearest(name, METRICS))
    if not metrics or isinstance(metrics, str):
        raise UsageError("no metric to compare", remedy=f"name one or more of {', '.join(METRICS)}")
    return tuple(dict.fromkeys(metrics))


def runs_of(given: object, function: str, metrics: Sequence[str], more: Sequence[str] = ()) -> pd.DataFrame:
    """Return the runs with a builder and a creation time, without odd values.

    Parameters
    ----------
    given:
        The table `invocations`, as a frame or as records.
    more:
        Further columns that are needed.

    Returns
    -------
    DataFrame
        With the columns builder_id, created_at, those of `metrics` and `more`, and ``day``: days since
        1 January 1970, UTC.

    Raises
    ------
    UsageError
        Where `given` is another table.
    """
    needed = ("builder_id", "created_at", *metrics, *more)
    checked = taken.invocations(given, function, needed)
    kept = checked[[*dict.fromkeys((*needed, *(name for name in _DURATIONS if name in checked)))]]
    data = without_odd(kept[kept["builder_id"].notna()])
    data = data[data["created_at"].notna()]
    return data.assign(day=data["created_at"].to_numpy("datetime64[D]").astype(np.int64))


def scaled(seconds: Any) -> Any:
    """Return seconds as ``sign(s) × log(1 + |s|)``."""
    return np.sign(seconds) * np.log1p(np.abs(seconds))


def seconds_of(level: Any) -> Any:
    """Return the seconds of scaled ones."""
    return np.sign(level) * np.expm1(np.abs(level))


def relative(level: NDArray[Any], change: NDArray[Any]) -> NDArray[Any]:
    """Return the change of a scaled level as a share of its seconds; NaN where these are not above 0."""
    old = seconds_of(level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        share: NDArray[Any] = np.where(old > 0, seconds_of(level + change) / old - 1.0, np.nan)
    return share


class Table(NamedTuple):
    """The day medians of builders.

    Attributes
    ----------
    medians:
        Days × builders, scaled; NaN where a builder has no value on a day.
    runs:
        The number of values, days × builders.
    """

    medians: NDArray[Any]
    runs: NDArray[Any]


def tabulated(
    rows: NDArray[Any], builders: NDArray[Any], seconds: NDArray[Any], shape: tuple[int, int]
) -> Table:
    """Return the median and the number of the known values of each day and builder.

    Parameters
    ----------
    rows, builders:
        The index of the day and of the builder of each run.
    seconds:
        The value of each run.
    shape:
        The number of days and of builders.
    """
    is_known = ~np.isnan(seconds)
    cells = rows[is_known] * shape[1] + builders[is_known]
    found = pd.Series(scaled(seconds[is_known])).groupby(cells).median()
    medians = np.full(shape[0] * shape[1], np.nan)
    medians[found.index.to_numpy()] = found.to_numpy()
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    return Table(medians.reshape(shape), counts.reshape(shape))


def whole_days(days: NDArray[Any], used: NDArray[Any]) -> int:
    """Return the days from the first to the last one.

    Weekdays after the last day on which nothing ever runs count too, so that two weeks from a Monday to a
    Friday are 14 days.

    Parameters
    ----------
    days:
        The days of a side, as numbers since 1 January 1970.
    used:
        All days on which something runs.
    """
    if not len(days):
        return 0
    weekdays = set(((used + 3) % _WEEK).tolist())
    last = int(days.max())
    while (last + 1 + 3) % _WEEK not in weekdays:
        last += 1
    return last - int(days.min()) + 1


def sized(
    level: NDArray[Any], change: NDArray[Any], error: NDArray[Any], freedom: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Return changes of scaled levels as shares and in seconds, with the ends of their 95 % intervals."""
    half = t_quantile((1 + INTERVAL) / 2, freedom) * error
    return {
        "change": relative(level, change),
        "change_low": relative(level, change - half),
        "change_high": relative(level, change + half),
        "change_s": seconds_of(level + change) - seconds_of(level),
    }


def is_large(row: Mapping[str, Any], least_share: float, least_s: float) -> bool:
    """Whether a change is as large as both thresholds. A level of 0 s or less has no share."""
    change = row["change"]
    return abs(row["change_s"]) >= least_s and (change is None or abs(change) >= least_share)


def known(value: float) -> float | None:
    """Return a number, None for NaN and infinity."""
    return float(value) if np.isfinite(value) else None
