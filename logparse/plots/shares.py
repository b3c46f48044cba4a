"""The chart of a duration's distribution: the share of values up to each, and boxes with dots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from logparse.plots import canvas, colors, groups, inputs, scales, texts
from logparse.plots.panels import lower_panel
from logparse.records import Invocation

#: Of a larger group, the curve is drawn through so many of its values.
_MOST_POINTS: Final = 2_000
#: Every value of a group of up to so many is a dot, and a group of so many or more has a box.
_MOST_DOTS: Final = 100
_LEAST_BOXED: Final = 10
#: Given Axes have a row for each group where so many rows with names would fit.
_ROWS_TO_ONE: Final = 5
_MOST_ROWS: Final = _ROWS_TO_ONE * len(colors.LOOKS)
#: The height of a box, and the most that a dot is beside the middle, in rows; the distance of dots in points.
_BOX: Final = 0.56
_MOST_ASIDE: Final = 0.36
_DOT: Final = 4.5
_KEY: Final = (
    f"box: quartiles and median of {_LEAST_BOXED} or more, with a line from the 5th to the 95th percentile;"
    f" dots: all of up to {_MOST_DOTS}, else the least and the largest"
)


class _Group(NamedTuple):
    """A group: its name, its values in order, and how it looks."""

    name: str
    values: Any
    look: colors.Look


def ecdf(
    invocations: pd.DataFrame | Iterable[Invocation],
    by: str | None = None,
    ax: Axes | None = None,
    *,
    metric: str = "queue_latency_s",
    limit: int = 6,
) -> Axes:
    """Draw the distribution of a duration: the share of invocations that took at most each time, and boxes.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records. Used are `metric`, and the columns that `by` needs. Rows
        without one or the other, and those with an odd value (below −1 s or above 10 years), are left out
        and counted.
    by:
        One of `logparse.metrics.GROUP_KEYS`; None for all invocations together.
    ax:
        Where to draw; new Axes, as high as the groups need, if None.
    metric:
        A column of seconds; its name ends in ``_s``.
    limit:
        The most groups to draw, up to 6: those of most values, or the latest days. If `ax` is too low for
        their names, fewer are drawn. The title shows the number of all groups.

    Returns
    -------
    Axes
        Of the shares: a line of steps for each group (the empirical distribution function); positions are
        seconds and shares from 0 to 1. Its one child has a row for each group. A group of up to 100 has a
        dot for each value, and one of 10 or more has a box. The scale is logarithmic where the largest
        value is over 50 times the lower quartile.

    Raises
    ------
    UsageError
        If the group or the column is unknown, `invocations` is something else, or `limit` is below 1.
    """
    chart = "ecdf"
    data = inputs.invocations(invocations, chart)
    if by is not None:
        groups.check(data, by, chart)
    inputs.check_metric(data, metric, chart)
    canvas.check(chart, ax, limit)
    everything = pd.Series("all", index=data.index, dtype="string")
    names = everything if by is None else groups.names(data, by, chart)
    values = inputs.numbers(data, metric, chart)
    odd = inputs.odd_ones(metric, values)
    shown = names.notna() & values.notna() & ~odd
    found = _found(values[shown], names[shown], by)
    fitting = limit if ax is None else max(1, canvas.rows_that_fit(ax, _MOST_ROWS) // _ROWS_TO_ONE)
    drawn = _drawn(found, by, min(limit, fitting, len(colors.LOOKS)))
    ax = canvas.axes(ax, chart, 9, 4.4 + 0.3 * len(drawn))
    title = _title(metric, by, len(drawn), found)
    if not drawn:
        canvas.head(ax, title)
        canvas.nothing(ax, f"no invocation has {metric}" + (f" and a {by}" if by else ""))
        return canvas.settle(ax)
    below = lower_panel(ax, 0.26 + 0.035 * len(drawn))
    canvas.name_rows(below, [(group.name, f" ({len(group.values):,})") for group in drawn])
    every = np.concatenate([group.values for group in drawn]).tolist()
    unit = scales.duration_axis(ax, "x", every, from_zero=False, lead=0.01)
    canvas.label(ax, "y", f"invocations {scales.share_axis(ax, 'y')}")
    handles = _curves(ax, drawn)
    _boxes(below, drawn)
    said = groups.nameless(by) if by else ""
    notes = inputs.notes(data, names.isna(), said, metric, values, odd)
    canvas.label(below, "x", f"{inputs.words(metric)} {unit}", notes, also=[_KEY], above=ax)
    canvas.head(ax, title, handles if by else [])
    return canvas.settle(ax)


def _found(values: pd.Series[float], names: pd.Series[Any], by: str | None) -> list[tuple[str, Any]]:
    """Return the groups: names, and values in order. The largest come first, or the days in order of time."""
    found = [(str(name), np.sort(group.to_numpy(float))) for name, group in values.groupby(names, sort=True)]
    if by not in groups.TIMES:
        found.sort(key=lambda pair: -len(pair[1]))
    return found


def _drawn(found: Sequence[tuple[str, Any]], by: str | None, count: int) -> list[_Group]:
    chosen = found[-count:] if by in groups.TIMES else found[:count]
    return [_Group(name, values, look) for (name, values), look in zip(chosen, colors.LOOKS, strict=False)]


def _title(metric: str, by: str | None, drawn: int, found: Sequence[tuple[str, Any]]) -> str:
    if by is None:
        number = sum(len(values) for _, values in found)
        return f"{metric} of {number:,} invocation{'s' * (number != 1)}"
    which = "latest" if by in groups.TIMES else "largest"
    part = f"{drawn} {which} of {len(found):,}" if drawn < len(found) else f"{drawn}"
    return f"{metric} by {by}, {part} group{'s' * (len(found) != 1)}"


def _curves(ax: Axes, drawn: Sequence[_Group]) -> list[Any]:
    """Draw the share of values up to each, and return the handles of the legend."""
    ax.grid(visible=True, color=colors.muted(ax), alpha=0.35, linewidth=0.6)
    ax.set_axisbelow(True)
    handles = []
    for name, values, look in drawn:
        number = len(values)
        places = np.unique(np.linspace(0, number - 1, min(number, _MOST_POINTS)).round().astype(int))
        # The curve rises at each value. It begins at zero and goes on to the end of the axis.
        x = np.concatenate([values[:1], values[places], [ax.get_xlim()[1]]])
        y = np.concatenate([[0.0], (places + 1) / number, [1.0]])
        color, label = colors.visible(ax, look.color), texts.short(name, 40)
        style: dict[str, Any] = {"color": color, "linestyle": look.line, "linewidth": 1.4}
        handles += ax.plot(x, y, drawstyle="steps-post", label=label, **style)
    return handles


def _boxes(ax: Axes, drawn: Sequence[_Group]) -> None:
    """Draw a row for each group: a box, and dots."""
    for y, (_, values, look) in enumerate(drawn):
        color, ink = colors.visible(ax, look.color), colors.ink(ax)
        if len(values) >= _LEAST_BOXED:
            low, first, median, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
            is_full = len(values) > _MOST_DOTS
            style = colors.filled(ax, look) if is_full else {"facecolor": "none", "linewidth": 1.2}
            ax.hlines(y, low, high, color=ink, linewidth=1.2, zorder=1)
            # An empty box is drawn above its dots.
            above = {**style, "edgecolor": ink, "zorder": 2 if is_full else 3}
            ax.barh(y, third - first, left=first, height=_BOX, **above)
            ax.vlines(median, y - _BOX / 2, y + _BOX / 2, color=ink, linewidth=2.4, zorder=3)
        if len(values) <= _MOST_DOTS:
            dots, aside = values, _asides(ax, values)
        else:
            dots, aside = values[[0, -1]], np.zeros(2)
        face: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": color, "markersize": 3.5}
        ax.plot(dots, y + aside, look.marker, color=color, **face)


def _asides(ax: Axes, values: Any) -> Any:
    """Return how far from the middle of the row each dot is, so that dots of one place are side by side."""
    places = ax.transData.transform(np.column_stack([values, np.zeros(len(values))]))[:, 0]
    columns = np.floor(places / ax.figure.dpi * 72 / _DOT)
    # The values are in order, so that those of one column follow one another.
    _, first, sizes = np.unique(columns, return_index=True, return_counts=True)
    number = np.arange(len(values)) - np.repeat(first, sizes)
    side = np.where(number % 2 == 1, 1, -1) * ((number + 1) // 2)
    low, high = sorted(ax.get_ylim())
    row = canvas.room(ax)[1] / (high - low)
    step = np.minimum(_DOT / row, _MOST_ASIDE / np.maximum(np.repeat(sizes, sizes) // 2, 1))
    return side * step
