"""The chart of one duration over groups of invocations: every value a dot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd
from matplotlib.axes import Axes

from logparse.plots import canvas, colors, groups, inputs, scales
from logparse.records import Invocation

#: In smaller groups a 90th percentile would only repeat the largest values.
_ENOUGH: Final = 10


def latency_distribution(
    invocations: pd.DataFrame | Iterable[Invocation],
    by: str = "job",
    ax: Axes | None = None,
    *,
    metric: str = "queue_latency_s",
    limit: int = 20,
) -> Axes:
    """Draw a duration of many invocations by group: every value a circle, with the median.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records. Used are `metric`, and the columns that `by` needs.
        Rows without one or the other, and those with an odd value (below −1 s or above 10 years),
        are left out and counted.
    by:
        One of `logparse.metrics.GROUP_KEYS`: ``builder``, ``bot``, ``job``, ``status``, ``day``
        (of creation, in UTC) and others.
    ax:
        Where to draw; new Axes, as high as the groups need, if None.
    metric:
        A column of seconds; its name ends in ``_s``.
    limit:
        The most groups to draw: those with the highest medians, or the latest days. If `ax` is too low
        for their names, fewer are drawn. The title shows the number of all groups.

    Returns
    -------
    Axes
        A line of circles for each group, the highest median on top; days are in order of time.
        Positions are seconds. Groups of ten or more also have a mark for the 90th percentile. The
        scale is logarithmic where the largest value is over 50 times the lower quartile.

    Raises
    ------
    UsageError
        If the group or the column is unknown, `invocations` is something else, or `limit` is below 1.
    """
    chart = "latency_distribution"
    data = inputs.invocations(invocations, chart)
    groups.check(data, by, chart)
    inputs.check_metric(data, metric, chart)
    canvas.check(chart, ax, limit)
    names, values = groups.names(data, by, chart), inputs.numbers(data, metric, chart)
    odd = inputs.odd_ones(metric, values)
    shown = names.notna() & values.notna() & ~odd
    found = [(str(name), group) for name, group in values[shown].groupby(names[shown], sort=True)]
    if by not in groups.TIMES:
        found.sort(key=lambda pair: -pair[1].median())
    count = canvas.rows_that_fit(ax, limit)
    drawn = found[-count:] if by in groups.TIMES else found[:count]

    ax = canvas.axes(ax, chart, 9, 1.7 + 0.34 * max(len(drawn), 2))
    most = "latest" if by in groups.TIMES else "highest"
    part = f"{len(drawn)} {most} of {len(found):,}" if len(drawn) < len(found) else f"{len(drawn)}"
    title = f"{metric} by {by}, {part} group{'s' if len(found) != 1 else ''}"
    if not drawn:
        canvas.head(ax, title)
        canvas.nothing(ax, f"no invocation has {metric} and a {by}")
        return canvas.settle(ax)
    canvas.name_rows(ax, [(name, f" ({len(group):,})") for name, group in drawn])
    unit = scales.duration_axis(ax, "x", [v for _, group in drawn for v in group], from_zero=False, lead=0.01)
    notes = inputs.notes(data, names.isna(), groups.nameless(by), metric, values, odd)
    canvas.label(ax, "x", f"{inputs.words(metric)} {unit}", notes)
    canvas.head(ax, title, _draw(ax, [group for _, group in drawn]))
    return canvas.settle(ax)


def _draw(ax: Axes, drawn: Sequence[pd.Series[float]]) -> list[Any]:
    """Draw the groups, the first on top, and return the handles of the legend."""
    blue, ink, red = colors.visible(ax, colors.BLUE), colors.ink(ax), colors.visible(ax, colors.VERMILION)
    marks = (("median", 0.5, ink, 1), ("90th percentile", 0.9, red, _ENOUGH))
    handles: dict[str, Any] = {}
    for y, values in enumerate(drawn):
        for name, quantile, color, enough in marks:
            if len(values) >= enough:
                x, label = values.quantile(quantile), "_" if name in handles else name
                line = ax.vlines(x, y - 0.35, y + 0.35, color=color, linewidth=2, label=label)
                handles.setdefault(name, line)
        # Open circles can be distinguished where many are at one place.
        style: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": blue, "markersize": 5}
        style |= canvas.as_picture(len(values))
        label = "_" if "one invocation" in handles else "one invocation"
        (dots,) = ax.plot(values.to_numpy(), [y] * len(values), "o", color=blue, label=label, **style)
        handles.setdefault("one invocation", dots)
    order = ("median", "90th percentile", "one invocation")
    return [handles[name] for name in order if name in handles]
