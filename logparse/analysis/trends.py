"""Trends: the days on which durations of a builder changed, and what else changed then.

docs/statistics.md has the method, its limits, and how often it is wrong on fleets without any change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.breaks import Break, Scanned, search
from logparse.analysis.circumstances import CIRCUMSTANCES, around, with_fields
from logparse.analysis.daymedians import (
    DEFAULT_METRICS,
    LEAST_Q,
    LEAST_S,
    LEAST_SHARE,
    check_metrics,
    is_large,
    known,
    runs_of,
    seconds_of,
    sized,
    tabulated,
)
from logparse.analysis.moderation import adjusted
from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c
from logparse.lazy import numpy as np
from logparse.values.clock import EPOCH

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd

#: The columns of `trends`.
TRENDS: Final = (
    _c("scope", "text", "builder, or fleet: the change that all builders share"),
    _c("builder_id", "text", "project/bucket/builder; null for the fleet"),
    _c("metric", "text", "column of the table invocations"),
    _c("day", "time", "first day of the new level, midnight UTC"),
    _c("verdict", "text", "regression (longer) or improvement (shorter)"),
    _c(
        "before_p50_s",
        "float",
        "median of the day medians, from the change before to this one; null for the fleet",
    ),
    _c("after_p50_s", "float", "median of the day medians, from this change to the next; null for the fleet"),
    _c("change", "float", "of the day's median, as a share; without the fleet's where that is taken out"),
    _c("change_low", "float", "lower end of the change's 95 % interval, for this day"),
    _c("change_high", "float", "upper end of the change's 95 % interval, for this day"),
    _c("change_s", "float", "the change in seconds"),
    _c("p", "float", "p-value of no change, corrected for the search over days"),
    _c("q", "float", "smallest p-value of the series, corrected for all series of this scope as well"),
    _c("before_days", "int", "days with a value, from the change before to this one"),
    _c("after_days", "int", "days with a value, from this change to the next"),
    _c("fleet_is_taken_out", "bool", "whether the fleet's change is taken out of this row"),
    *CIRCUMSTANCES,
)


class _Series(NamedTuple):
    """A series that was searched.

    Attributes
    ----------
    metric, builder:
        The metric, and the index of the builder; None for the fleet.
    scanned, number:
        Series with the same days, and the index of this one among them.
    is_taken_out:
        Whether the fleet's change is taken out.
    p:
        The smallest p-value, corrected for the search.
    level:
        The usual level of builders, scaled.
    medians:
        The day medians as they are, scaled; None for the fleet.
    """

    metric: str
    builder: int | None
    scanned: Scanned
    number: int
    is_taken_out: bool
    p: float
    level: float
    medians: NDArray[Any] | None

    def part(self, first: int, last: int) -> tuple[int, float | None]:
        """Return the number of days from one row to before another, and the median of their medians."""
        if self.medians is None:
            return last - first, None
        return last - first, float(seconds_of(np.median(self.medians[first:last])))


def trends(
    invocations: pd.DataFrame,
    builds: pd.DataFrame | None = None,
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    least_share: float = LEAST_SHARE,
    least_s: float = LEAST_S,
) -> pd.DataFrame:
    """Return the days on which durations of a builder, or of the whole fleet, changed.

    The unit is the day, with the median of its runs, as in `compare`. A change point is a split of a stretch
    of days for which ``level = weekday + change × (is after) + error`` fits best. Each side has 7 days at
    least. p is of Student's t, times the number of splits of all stretches that are tried. q is of Benjamini
    and Hochberg over the smallest p of all builders and metrics. A change point needs q ≤ 0.01.

    Parameters
    ----------
    invocations:
        The table of this name.
    builds:
        The table of this name, which has the bots' images and machines.
    metrics:
        Of `logparse.analysis.daymedians.METRICS`.
    least_share, least_s:
        A change below this share of the level before, or below these seconds, is left out.

    Returns
    -------
    DataFrame
        With the columns of `TRENDS`, a row for each change point. The fleet's come first, then the builders',
        largest changes first.

    Raises
    ------
    UsageError
        Where an argument is another table, or for a metric that is not among `METRICS`.
    """
    names = check_metrics(metrics)
    runs = runs_of(invocations, "analysis.trends", names, ("build_id", "bot_id", "revision"))
    data = _Data.of(with_fields(runs, builds))
    found = [series for metric in names for series in _searched(data, metric)]
    rows = [
        row
        for scope in (True, False)
        for row in _of_scope(data, [series for series in found if (series.builder is None) is scope])
        if is_large(row, least_share, least_s)
    ]
    rows.sort(
        key=lambda row: (row["scope"] == "builder", -abs(row["change"] or 0.0), row["builder_id"] or "")
    )
    return frame(rows, TRENDS)


class _Data(NamedTuple):
    """Runs, their builders and days.

    Attributes
    ----------
    runs:
        With the columns of metrics and those that `around` needs.
    names, days:
        Of the builders, and all days.
    builder, row:
        The index of the builder and of the day of each run.
    """

    runs: pd.DataFrame
    names: list[str]
    days: NDArray[Any]
    builder: NDArray[Any]
    row: NDArray[Any]

    @classmethod
    def of(cls, runs: pd.DataFrame) -> _Data:
        """Return runs with the indexes of their builders and days."""
        builder, names = pd.factorize(runs["builder_id"], sort=True)
        days, row = np.unique(runs["day"].to_numpy(), return_inverse=True)
        return cls(runs, [str(name) for name in names], days, builder, row)

    def medians(self, metric: str) -> NDArray[Any]:
        """Return the day medians of a metric, days × builders."""
        seconds = self.runs[metric].to_numpy(dtype=float, na_value=np.nan)
        return tabulated(self.row, self.builder, seconds, (len(self.days), len(self.names))).medians

    def around(self, builder: int | None, day: int) -> dict[str, Any]:
        """Return what else changed around a day, for a builder or for all."""
        return around(self.runs if builder is None else self.runs[self.builder == builder], day)


def _searched(data: _Data, metric: str) -> Iterator[_Series]:
    """Yield the series of a metric."""
    medians = data.medians(metric)
    made = search(medians, data.days)
    if made.shared is not None:
        p = float(made.shared.p_values()[0])
        yield _Series(metric, None, made.shared, 0, False, p, made.level, None)
    for group in made.groups:
        rows = np.searchsorted(data.days, group.days)
        for number, p in enumerate(group.p_values().tolist()):
            builder = int(group.columns[number])
            own = medians[rows, builder]
            yield _Series(metric, builder, group, number, made.shared is not None, p, made.level, own)


def _of_scope(data: _Data, found: list[_Series]) -> Iterator[dict[str, Any]]:
    """Yield the rows of all change points of builders, or of the fleet."""
    q = adjusted(np.array([series.p for series in found]))
    # The largest p-value that Benjamini and Hochberg's procedure takes.
    limit = LEAST_Q * int((q <= LEAST_Q).sum()) / max(len(q), 1)
    for series, corrected in zip(found, q.tolist(), strict=True):
        if corrected <= LEAST_Q:
            for change in series.scanned.breaks(series.number, limit):
                yield _row(data, series, change, corrected)


def _row(data: _Data, series: _Series, change: Break, q: float) -> dict[str, Any]:
    before_days, before = series.part(change.first, change.row)
    after_days, after = series.part(change.row, change.last + 1)
    values = series.scanned.values[change.first : change.row, series.number]
    level = series.level if series.builder is None else float(np.median(values))
    sizes = sized(*(np.array([part]) for part in (level, change.change, change.error, change.freedom)))
    day = int(series.scanned.days[change.row])
    return {
        "scope": "fleet" if series.builder is None else "builder",
        "builder_id": None if series.builder is None else data.names[series.builder],
        "metric": series.metric,
        "day": EPOCH + timedelta(days=day),
        "verdict": "regression" if change.change > 0 else "improvement",
        **{column: known(part[0]) for column, part in sizes.items()},
        "p": change.p,
        "q": q,
        "before_p50_s": before,
        "after_p50_s": after,
        "before_days": before_days,
        "after_days": after_days,
        "fleet_is_taken_out": series.is_taken_out,
        **data.around(series.builder, day),
    }
