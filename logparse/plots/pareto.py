"""The chart of failures by cause: the most frequent first, with the share of all up to each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from logparse import analysis
from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.errors import UsageError, choices
from logparse.plots import canvas, colors, inputs, scales
from logparse.records import Invocation

_ANSWER: Final = ("cause", "detail", "failed")
_BY: Final = ("cause", "detail")


class _Row(NamedTuple):
    """A bar: its name, how many failed so, how many so or of a cause above, and whether it is all others."""

    name: str
    failed: int
    so_far: int
    is_rest: bool


def failures(
    invocations: pd.DataFrame | Iterable[Invocation],
    by: str = "cause",
    ax: Axes | None = None,
    *,
    builds: pd.DataFrame | None = None,
    limit: int = 15,
) -> Axes:
    """Draw why invocations failed: bars by cause, the most frequent on top, and the share of all so far.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records, or the answer of `logparse.analysis.failures`.
    by:
        ``cause``, or ``detail`` for each cause with its error.
    ax:
        Where to draw; new Axes, as high as the bars need, if None.
    builds:
        The table ``builds``. With it, the failed builds that no invocation asked for count too.
    limit:
        The most causes to draw; all others are one bar. If `ax` is too low for their names, fewer are drawn.

    Returns
    -------
    Axes
        A bar for each cause; positions are numbers of failures. A line of markers shows how many failed of
        each cause or one above it, with the share of all.

    Raises
    ------
    UsageError
        If `by` is something else, an argument is another table, or `limit` is below 1.
    """
    chart = "failures"
    if by not in _BY:
        raise UsageError(f"plots.{chart}() does not group by {by!r}", remedy=f"choose by={choices(_BY)}")
    canvas.check(chart, ax, limit)
    found = _counts(_answer(invocations, builds), by)
    rows = _rows(found, canvas.rows_that_fit(ax, limit))
    total = sum(failed for _, failed in found)
    ax = canvas.axes(ax, chart, 9, 1.7 + 0.34 * max(len(rows), 2))
    part = f", {len(rows) - 1:,} most frequent of {len(found):,}" if len(rows) < len(found) else ""
    title = f"{total:,} failure{'s' * (total != 1)} by {by}{part}"
    if not rows:
        canvas.head(ax, title)
        canvas.nothing(ax, "no failures")
        return canvas.settle(ax)
    canvas.name_rows(ax, [(row.name, f" ({row.failed:,})") for row in rows])
    scales.count_axis(ax, "x", total, tail=0.1)
    canvas.label(ax, "x", "failed invocations and builds")
    canvas.head(ax, title, _draw(ax, rows, total))
    return canvas.settle(ax)


def _answer(given: Any, builds: pd.DataFrame | None) -> pd.DataFrame:
    """Return the answer of the analysis."""
    if isinstance(given, pd.DataFrame) and set(_ANSWER) <= set(given.columns):
        return given
    data = inputs.invocations(given, "failures")
    return analysis.failures(data, frame([], TABLES["builds"]) if builds is None else builds)


def _counts(answer: pd.DataFrame, by: str) -> list[tuple[str, int]]:
    """Return the causes and how many failed of each, the most frequent first."""
    found: dict[str, int] = {}
    for cause, detail, failed in answer[list(_ANSWER)].itertuples(index=False):
        name = str(cause).replace("_", " ")
        if by == "detail" and not pd.isna(detail):
            name = f"{name}: {detail}"
        found[name] = found.get(name, 0) + int(failed)
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def _rows(found: list[tuple[str, int]], limit: int) -> list[_Row]:
    """Return the bars to draw: the first ones, and one of all others."""
    shown, others = found[:limit], found[limit:]
    if len(others) == 1:
        shown, others = found, []
    number = len(shown)
    if others:
        shown = [*shown, (f"{len(others):,} others", sum(failed for _, failed in others))]
    rows, so_far = [], 0
    for place, (name, failed) in enumerate(shown):
        so_far += failed
        rows.append(_Row(name, failed, so_far, place >= number))
    return rows


def _draw(ax: Axes, rows: list[_Row], total: int) -> list[Any]:
    """Draw the bars, and the steps of the share so far. Return the handles of the legend."""
    styles = [colors.unknown(ax) if row.is_rest else colors.filled(ax, colors.LOOKS[0]) for row in rows]
    bars = [
        ax.barh(y, row.failed, height=0.7, label="_" if y else "of this cause", **style)
        for y, (row, style) in enumerate(zip(rows, styles, strict=True))
    ]
    color = colors.visible(ax, colors.VERMILION)
    ends = [row.so_far for row in rows]
    # Each step goes along its row to the right, and then down to the next row.
    xs = [ends[0], *(end for pair in pairwise(ends) for end in pair)]
    ys = [0, *(y for y in range(1, len(rows)) for _ in range(2))]
    ax.plot(xs, ys, color=color, linewidth=1.2)
    label = "together with those above"
    (points,) = ax.plot(ends, range(len(rows)), "D", color=color, markersize=4.5, label=label)
    for y, row in enumerate(rows):
        canvas.small_text(ax, f"{row.so_far / total:.0%}", (row.so_far, y), xytext=(6, 0))
    return [bars[0], points]
