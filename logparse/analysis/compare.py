"""Comparison of two sides: how durations of each builder changed from one time to another.

docs/statistics.md has the method, its limits, and how often it is wrong on fleets without any change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.daymedians import (
    DEFAULT_METRICS,
    LEAST_Q,
    LEAST_S,
    LEAST_SHARE,
    LEAST_WITH_RUNS,
    METRICS,
    check_metrics,
    is_large,
    known,
    relative,
    runs_of,
    seconds_of,
    sized,
)
from logparse.analysis.moderation import adjusted, t_quantile
from logparse.analysis.sides import Sides, note_of
from logparse.analysis.steps import Calendar, Steps, steps
from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c
from logparse.lazy import numpy as np
from logparse.tables import taken
from logparse.values.clock import EPOCH

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: The chance to see the smallest change.
POWER: Final = 0.8
_WEEK: Final = 7

#: Each verdict, with its meaning.
VERDICTS: Final = {
    "regression": "longer, with a q-value and a size that count",
    "improvement": "shorter, with a q-value and a size that count",
    "no difference": "no change that counts; smallest_change could have been seen",
    "too few days": "a side has less than two weeks, or fewer than ten days with runs of the builder",
}

#: The columns of `compare`.
COMPARE: Final = (
    _c("scope", "text", "builder, or fleet: the change that all builders share"),
    _c("builder_id", "text", "project/bucket/builder; null for the fleet"),
    _c("metric", "text", "column of the table invocations"),
    _c("before_p50_s", "float", "median of the runs before"),
    _c("after_p50_s", "float", "median of the runs after"),
    _c("before_p90_s", "float", "90th percentile of the runs before; it is not tested"),
    _c("after_p90_s", "float", "90th percentile of the runs after; it is not tested"),
    _c("change", "float", "of the day's median, as a share; without the fleet's where that is taken out"),
    _c("change_low", "float", "lower end of the change's 95 % interval"),
    _c("change_high", "float", "upper end of the change's 95 % interval"),
    _c("change_s", "float", "the change in seconds"),
    _c("p", "float", "p-value of no change"),
    _c("q", "float", "p-value corrected for all rows of this scope (Benjamini-Hochberg)"),
    _c("verdict", "text", f"{', '.join(VERDICTS)}"),
    _c("smallest_change", "float", "smallest increase that would be seen in 80 % of cases"),
    _c(
        "after_is_longer",
        "float",
        "share of pairs of a run before and one after in which that after is longer",
    ),
    _c("before_days", "int", "days with a value before"),
    _c("after_days", "int", "days with a value after"),
    _c("before_runs", "int", "runs with a value before"),
    _c("after_runs", "int", "runs with a value after"),
    _c("before_without", "int", "runs without a value before: not started, not ended, or not known"),
    _c("after_without", "int", "runs without a value after"),
    _c("fleet_is_taken_out", "bool", "whether the fleet's change is taken out of this row"),
    _c("note", "text", "why the row can mislead: weekdays that one side lacks, few runs a day"),
)


def compare(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    least_share: float = LEAST_SHARE,
    least_s: float = LEAST_S,
) -> pd.DataFrame:
    """Return how durations of each builder, and of the whole fleet, changed from one side to the other.

    The unit is the day, with the median of its runs as `logparse.analysis.daymedians.scaled` gives it. For
    each builder and metric ``level = weekday + change × (is after) + error`` is fitted by least squares.
    Errors correlate from day to day by what all builders have in common. Their variance is moderated over
    all builders. Where ten builders or more have a metric, the median over builders of each day's errors is
    taken out of each builder, and the median of their changes is a row of its own, with the scope ``fleet``.
    p is of Student's t, q of Benjamini and Hochberg over all builders and metrics. A verdict needs q ≤ 0.01.

    Parameters
    ----------
    before, after:
        Tables `invocations`, as of two exports, or the result of `split_at`.
    metrics:
        Of `logparse.analysis.daymedians.METRICS`.
    least_share, least_s:
        A change below this share of the level before, or below these seconds, does not count.

    Returns
    -------
    DataFrame
        With the columns of `COMPARE`. The fleet comes first, then regressions, then improvements, largest
        changes first.

    Raises
    ------
    UsageError
        Where an argument is another table, or for a metric that is not among `METRICS`.
    """
    names = check_metrics(metrics)
    sides = [runs_of(given, "analysis.compare", names) for given in (before, after)]
    data = Sides.of(*sides)
    rows = [row for metric in names for row in _of_metric(data, metric)]
    judge(rows, least_share, least_s)
    rows.sort(key=_rank)
    return frame(rows, COMPARE)


def _rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the place of a row: that with a verdict by the size of its change, others by their p-values."""
    verdict = [*VERDICTS].index(row["verdict"])
    p = 1.0 if row["p"] is None else row["p"]
    size = -abs(row["change"] or 0.0)
    is_builder = row["scope"] == "builder"
    by = size if row["verdict"] in ("regression", "improvement") else p
    return is_builder, verdict, by, row["builder_id"] or "", row["metric"]


def split_at(
    invocations: pd.DataFrame, day: date, *, window_days: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the runs before a day, and those from it on, with the columns that `compare` can need.

    Parameters
    ----------
    invocations:
        The table `invocations`.
    day:
        The first day after (UTC).
    window_days:
        The days of each side. By default two weeks, one where a side has less than two, and all where a side
        has less than one.

    Raises
    ------
    UsageError
        Where `invocations` is another table.
    """
    given = taken.invocations(invocations, "analysis.split_at", ("builder_id", "created_at"))
    narrow = given[[name for name in given.columns if name in ("builder_id", "created_at", *METRICS)]]
    data = runs_of(narrow, "analysis.split_at", ())
    at = (day - EPOCH.date()).days
    days = data["day"].to_numpy()
    if window_days is None:
        has = min(at - int(days.min()), int(days.max()) - at + 1) if len(days) else 0
        window_days = 2 * _WEEK if has >= 2 * _WEEK else _WEEK if has >= _WEEK else 0
    width = window_days or int(np.abs(days - at).max(initial=0)) + 1
    before, after = (data.index[(days >= low) & (days < low + width)] for low in (at - width, at))
    return narrow.loc[before], narrow.loc[after]


def _of_metric(data: Sides, metric: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a metric, without q-values and verdicts."""
    table = data.table(metric)
    found = steps(table.medians, data.calendar)
    *described, of_all = data.described(metric)
    is_out = found.fleet is not None and found.fleet.is_taken_out
    sizes = sized(found.level, found.change, found.error, found.freedom)
    for number, name in enumerate(data.names):
        runs = table.runs[:, number]
        if runs.any():
            days = _days(runs, data.calendar)
            is_comparable = bool(found.is_comparable[number])
            yield {
                "scope": "builder",
                "builder_id": name,
                "metric": metric,
                **{column: known(values[number]) for column, values in sizes.items()},
                **described[number],
                **days,
                "p": known(found.p[number]),
                "model": (found.level[number], found.error[number], found.freedom[number]),
                "fleet_is_taken_out": is_out and is_comparable,
                "note": note_of(runs, data.calendar),
                "is_tested": is_comparable and data.has_weeks and min(days.values()) >= LEAST_WITH_RUNS,
            }
    if found.fleet is not None:
        yield {**of_all, **_of_fleet(data, found, table.runs.sum(axis=1)), "metric": metric}


def _of_fleet(data: Sides, found: Steps, runs: NDArray[Any]) -> dict[str, Any]:
    """Return the row of the fleet. Its level is the median of the builders' levels."""
    fleet = found.fleet
    assert fleet is not None
    level = np.median(found.level[found.is_comparable])
    sizes = sized(*(np.array([value]) for value in (level, fleet.change, fleet.error, fleet.freedom)))
    days = _days(runs, data.calendar)
    return {
        "scope": "fleet",
        "builder_id": None,
        **{column: known(values[0]) for column, values in sizes.items()},
        **days,
        "p": known(fleet.p),
        "model": (level, fleet.error, fleet.freedom),
        "fleet_is_taken_out": False,
        "note": note_of(runs, data.calendar),
        "is_tested": data.has_weeks and min(days.values()) >= LEAST_WITH_RUNS,
    }


def _days(runs: NDArray[Any], calendar: Calendar) -> dict[str, int]:
    """Return the days with a value on both sides."""
    has = runs > 0
    before, after = ~calendar.is_after, calendar.is_after
    return {"before_days": int(has[before].sum()), "after_days": int(has[after].sum())}


def judge(rows: list[dict[str, Any]], least_share: float, least_s: float) -> None:
    """Add q-values, verdicts and the smallest changes that could have been seen.

    Each scope is corrected by itself. The smallest change is seen in 80 % of cases if no other row changes,
    so that its p-value has to be at most 0.01 over the number of rows.
    """
    for scope in ("builder", "fleet"):
        chosen = [row for row in rows if row["scope"] == scope and row["is_tested"]]
        if not chosen:
            continue
        q_values = adjusted(np.array([np.nan if row["p"] is None else row["p"] for row in chosen]))
        for row, q in zip(chosen, q_values, strict=True):
            row["q"] = known(q)
            row["verdict"] = verdict_of(row, least_share, least_s)
            row["smallest_change"] = _smallest(row, LEAST_Q / len(chosen), least_share, least_s)
    for row in rows:
        row.setdefault("verdict", "too few days")


def verdict_of(row: Mapping[str, Any], least_share: float, least_s: float) -> str:
    """Return the verdict of a row that is tested."""
    if row["q"] is None or row["q"] > LEAST_Q or not is_large(row, least_share, least_s):
        return "no difference"
    return "regression" if row["change_s"] > 0 else "improvement"


def _smallest(row: Mapping[str, Any], alpha: float, least_share: float, least_s: float) -> float | None:
    level, error, freedom = (np.array([value]) for value in row["model"])
    seen = (t_quantile(1 - alpha / 2, freedom) + t_quantile(POWER, freedom)) * error
    share, old = relative(level, seen)[0], seconds_of(level)[0]
    return known(max(share, least_share, least_s / old)) if old > 0 else None
