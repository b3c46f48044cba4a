"""The chart of a week: hours of the day by weekdays, as a map of colours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, FuncNorm, ListedColormap, Normalize, to_hex

from logparse.plots import canvas, colors, inputs, scales
from logparse.plots.times import zone
from logparse.records import Invocation

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: The part of the map's colours that differs enough from the background, in lightness too.
_FAINTEST: Final = 0.15
_SHADES: Final = 256


def heatmap(
    invocations: pd.DataFrame | Iterable[Invocation],
    ax: Axes | None = None,
    *,
    metric: str | None = None,
    tz: str = "UTC",
) -> Axes:
    """Draw how many invocations are created in each hour of the week, or the median of a duration then.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records. Used are ``created_at``, and `metric` with ``status``. Rows
        without one of them, and those with an odd value (below −1 s or above 10 years), are left out and
        counted.
    ax:
        Where to draw; new Axes if None.
    metric:
        A column of seconds; its name ends in ``_s``. Without one, invocations are counted.
    tz:
        Name of the time zone of hours and weekdays.

    Returns
    -------
    Axes
        A cell for each hour, Monday on top; positions are hours of the day and numbers of days. Hours without
        an invocation have no colour. The names of the weekdays have the number of such days from the first
        to the last creation, because a day that was seen more often has more invocations. The one child is
        the scale of colours. For a duration it is logarithmic where the largest median is over 50 times the
        lower quartile.

    Raises
    ------
    UsageError
        If the column or the time zone is unknown, or `invocations` is something else.
    """
    chart = "heatmap"
    data = inputs.invocations(invocations, chart, ("created_at",))
    canvas.check(chart, ax)
    if metric is not None:
        inputs.check_metric(data, metric, chart)
    local = inputs.times(data, "created_at", chart).dt.tz_convert(zone(tz, chart))
    values, notes = _values(data, metric, local)
    shown = local[values.index]
    ax = canvas.axes(ax, chart, 9, 3.6)
    number = f"{len(values):,} invocation{'s' * (len(values) != 1)}"
    title = f"{metric}: medians of {number}" if metric else number
    title += " by hour and weekday"
    if values.empty:
        canvas.head(ax, title)
        canvas.nothing(ax, f"no invocation has {metric or 'a creation time'}")
        return canvas.settle(ax)
    groups = values.groupby([shown.dt.day_of_week, shown.dt.hour])
    cells = (groups.median() if metric else groups.size()).unstack().reindex(range(7), columns=range(24))
    canvas.name_rows(ax, list(zip(_WEEKDAYS, _days(shown), strict=True)))
    _hours(ax)
    _draw(ax, cells.to_numpy(float), f"median {inputs.words(metric)}" if metric else "")
    canvas.label(ax, "x", f"hour of creation ({tz})", notes, also=[_period(shown)])
    canvas.head(ax, title)
    return canvas.settle(ax)


def _values(
    data: pd.DataFrame, metric: str | None, local: pd.Series[Any]
) -> tuple[pd.Series[float], list[str]]:
    """Return the values to draw, and notes about the rows that are left out."""
    undated = local.isna()
    if metric is None:
        ones = pd.Series(1.0, index=data.index[~undated])
        return ones, inputs.of(int(undated.sum()), len(data), "undated")
    values = inputs.numbers(data, metric, "heatmap")
    odd = inputs.odd_ones(metric, values)
    notes = inputs.notes(data, undated, "undated", metric, values, odd)
    return values[~undated & values.notna() & ~odd], notes


def _period(times: pd.Series[Any]) -> str:
    """Return a note about the days of the first and the last creation, and about hours without colour."""
    first, last = times.min().date(), times.max().date()
    days = f"on {first}" if first == last else f"from {first} to {last}"
    return f"created {days}; no colour: no invocation"


def _days(times: pd.Series[Any]) -> list[str]:
    """Return for each weekday how many such days there are from the first time to the last."""
    first, last = times.min().date(), times.max().date()
    whole, rest = divmod((last - first).days + 1, 7)
    counts = [whole + ((day - first.weekday()) % 7 < rest) for day in range(7)]
    return [f" ({count:,} day{'s' * (count != 1)})" for count in counts]


def _hours(ax: Axes) -> None:
    """Set the limits of the map, and ticks at every third or sixth hour."""
    ax.set(xlim=(0, 24), ylim=(6.5, -0.5))
    step = 3 if canvas.room(ax)[0] > 300 else 6
    hours = range(0, 25, step)
    ax.set_xticks(list(hours), [f"{hour:02d}:00" for hour in hours], fontsize="small")


def _draw(ax: Axes, cells: Any, words: str) -> None:
    """Draw the cells, and the scale of their colours beside them."""
    known = [float(value) for value in cells[~np.isnan(cells)]]
    bar = ax.inset_axes((1.02, 0.0, 0.025, 1.0))
    bar.set(xticks=[], xlim=(0, 1))
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    if words:
        unit = f"{words} {scales.duration_axis(bar, 'y', known, from_zero=False, tail=0.0)}"
    else:
        scales.count_axis(bar, "y", max(known), tail=0.0)
        unit = "invocations"
    canvas.label(bar, "y", unit)
    norm, shades = _norm(bar), _shades(ax)
    style: dict[str, Any] = {"norm": norm, "cmap": shades, "rasterized": False}
    ground = to_hex(colors.background(ax))
    grid = np.arange(25), np.arange(8) - 0.5
    ax.pcolormesh(*grid, np.ma.masked_invalid(cells), edgecolor=ground, linewidth=0.6, **style)
    ends = np.asarray(norm.inverse(np.linspace(0, 1, _SHADES + 1)), dtype=float)
    middles = np.asarray(norm.inverse((np.arange(_SHADES) + 0.5) / _SHADES), dtype=float)
    bar.pcolormesh([0, 1], ends, middles[:, None], edgecolor="face", linewidth=0.2, **style)


def _norm(bar: Axes) -> Normalize:
    """Return the norm of colours that the scale's axis has."""
    low, high = bar.get_ylim()
    transform = bar.yaxis.get_transform()
    functions: Any = (transform.transform, transform.inverted().transform)
    return FuncNorm(functions, vmin=low, vmax=high)


def _shades(ax: Axes) -> Colormap:
    """Return colours from near the background to far from it, whose lightness grows or falls steadily."""
    is_light = colors.luminance(colors.background(ax)) > 0.4
    whole = mpl.colormaps["cividis_r" if is_light else "cividis"]
    return ListedColormap(whole(np.linspace(_FAINTEST, 1, _SHADES)))
