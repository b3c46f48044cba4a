"""The chart of a duration's percentiles over time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from logparse.errors import UsageError, choices
from logparse.plots import canvas, colors, inputs, scales
from logparse.plots.panels import lower_panel
from logparse.plots.steps import fill, stepped
from logparse.plots.times import instants, time_axis, zone
from logparse.records import Invocation

_DAY_S: Final = 86_400.0
#: The lengths of the buckets of time, in seconds.
_LENGTHS: Final = {"hour": 3_600.0, "day": _DAY_S, "week": 7 * _DAY_S}
#: The percentiles: share, name, the fewest values that it is drawn of, and the place of its look.
_SHARES: Final = ((0.5, "median", 1, 0), (0.9, "90th percentile", 10, 1), (0.99, "99th percentile", 100, 3))
#: With more buckets than these, the lines have no markers.
_MOST_MARKED: Final = 120


def percentiles(
    invocations: pd.DataFrame | Iterable[Invocation],
    by: str = "day",
    ax: Axes | None = None,
    *,
    metric: str = "queue_latency_s",
    tz: str = "UTC",
) -> Axes:
    """Draw the median, the 90th and the 99th percentile of a duration over time, and the numbers of values.

    Percentiles are those of `logparse.metrics`. One that would only repeat the largest values is not drawn:
    the 90th of fewer than 10 values, the 99th of fewer than 100.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records. Used are ``created_at``, `metric` and ``status``. Rows without
        one of the first two, and those with an odd value (below −1 s or above 10 years), are left out and
        counted.
    by:
        The buckets of time: ``hour``, ``day`` or ``week`` (from Monday) of creation.
    ax:
        Where to draw; new Axes if None.
    metric:
        A column of seconds; its name ends in ``_s``.
    tz:
        Name of the time zone of hours, days and weeks.

    Returns
    -------
    Axes
        Of the percentiles, each in the middle of its bucket. Those of the numbers of invocations are its
        one child. Positions are days since 1970, seconds and numbers. The scale is logarithmic where the
        largest percentile is over 50 times the lower quartile. Gaps that take over a tenth of the time are
        cut out.

    Raises
    ------
    UsageError
        If the bucket, the column or the time zone is unknown, or `invocations` is something else.
    """
    chart = "percentiles"
    data = inputs.invocations(invocations, chart, ("created_at",))
    canvas.check(chart, ax)
    if by not in _LENGTHS:
        remedy = f"choose by={choices(_LENGTHS)}"
        raise UsageError(f"plots.{chart}() has no buckets of {by!r}", remedy=remedy)
    inputs.check_metric(data, metric, chart)
    where = zone(tz, chart)
    at, values = inputs.times(data, "created_at", chart), inputs.numbers(data, metric, chart)
    odd = inputs.odd_ones(metric, values)
    shown = at.notna() & values.notna() & ~odd
    ax = canvas.axes(ax, chart, 9, 4.6)
    number = int(shown.sum())
    title = f"{metric} by {by}: percentiles of {number:,} invocation{'s' * (number != 1)}"
    if not shown.any():
        canvas.head(ax, title)
        canvas.nothing(ax, f"no invocation has {metric} and a creation time")
        return canvas.settle(ax)
    groups = values[shown].groupby(_beginnings(at[shown], by, where))
    ranked = groups.quantile(np.array([share for share, *_ in _SHARES])).unstack()
    below = lower_panel(ax, 0.25)
    label = _time_axis(ax, below, ranked, by, where)
    _lines(ax, ranked, groups.size(), _LENGTHS[by] / _DAY_S)
    unit = scales.duration_axis(ax, "y", _drawn_values(ax), from_zero=False, lead=0.02, tail=0.06)
    words = inputs.words(metric)
    canvas.label(ax, "y", f"{words} {unit}")
    _counts(below, groups.size(), _LENGTHS[by] / _DAY_S)
    notes = inputs.notes(data, at.isna(), "undated", metric, values, odd)
    canvas.label(below, "x", label, notes, above=ax)
    canvas.head(ax, title, ax.get_legend_handles_labels()[0])
    return canvas.settle(ax)


def _beginnings(at: pd.Series[Any], by: str, where: tzinfo) -> pd.Series[Any]:
    """Return the beginning of each time's bucket, in the time zone."""
    local = at.dt.tz_convert(where).dt.tz_localize(None)
    start = local.dt.floor("h") if by == "hour" else local.dt.normalize()
    if by == "week":
        start -= pd.to_timedelta(local.dt.day_of_week, unit="D")
    # Of an hour that clocks repeat, both are one bucket. A midnight that they skip is the hour after it.
    first = np.ones(len(start), dtype=bool)
    found: pd.Series[Any] = start.dt.tz_localize(where, ambiguous=first, nonexistent="shift_forward")
    return found


def _time_axis(ax: Axes, below: Axes, ranked: pd.DataFrame, by: str, where: tzinfo) -> str:
    starts = ranked.index.to_series().reset_index(drop=True)
    length = _LENGTHS[by]
    ends = pd.concat([starts, starts + pd.Timedelta(seconds=length)], ignore_index=True)
    return time_axis(ax, f"{by} of creation", ends, where, below=below, bucket_s=length)


def _middles(starts: pd.Index, length: float) -> Any:
    return instants(starts.to_series()) + length / 2


def _lines(ax: Axes, ranked: pd.DataFrame, sizes: pd.Series[int], length: float) -> None:
    """Draw a line for each percentile, interrupted where a bucket has none."""
    at = _middles(ranked.index, length)
    for share, name, enough, place in _SHARES:
        look = colors.LOOKS[place]
        values = ranked[share].where(sizes >= enough).to_numpy(float)
        if np.isnan(values).all():
            continue
        gaps = np.flatnonzero(np.diff(at) > 1.5 * length) + 1
        marker = look.marker if len(at) <= _MOST_MARKED else "."
        color = colors.visible(ax, look.color)
        ax.plot(
            np.insert(at, gaps, at[gaps] - length / 2),
            np.insert(values, gaps, np.nan),
            linestyle=look.line,
            marker=marker,
            markersize=4 if len(at) <= _MOST_MARKED else 2,
            color=color,
            linewidth=1.2,
            label=name if enough == 1 else f"{name} (of {enough} or more)",
        )


def _drawn_values(ax: Axes) -> list[float]:
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in ax.get_lines()])
    return [float(value) for value in values[~np.isnan(values)]]


def _counts(ax: Axes, sizes: pd.Series[int], length: float) -> None:
    scales.count_axis(ax, "y", float(sizes.max()))
    at = instants(sizes.index.to_series())
    fill(ax, *stepped(at, length, sizes.to_numpy(float)), "#888888")
    canvas.label(ax, "y", "invocations")
