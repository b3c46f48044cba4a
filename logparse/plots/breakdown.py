"""The chart of many invocations, each a bar of its phases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from logparse.plots import canvas, colors, inputs, scales
from logparse.plots.phase import COLUMNS, PHASES, UNKNOWN, Part, parts_of, stack, style_of
from logparse.records import Invocation


def phase_breakdown(
    invocations: pd.DataFrame | Iterable[Invocation],
    ax: Axes | None = None,
    *,
    run: bool = True,
    limit: int = 30,
) -> Axes:
    """Draw the phases of many invocations as stacked bars, the longest on top.

    Parameters
    ----------
    invocations:
        The table ``invocations``, or records. Used are the five phases and ``duration_s``
        (seconds), ``job_id``, ``invocation_id`` and ``status``. Invocations without a known phase, and
        odd durations (below −1 s or above 10 years), are left out and counted.
    ax:
        Where to draw; new Axes, as high as the bars need, if None.
    run:
        Whether to draw the run. Without it the other phases, most of them far shorter, can be compared.
    limit:
        The most bars to draw. If `ax` is too low for their names, fewer are drawn. The title shows the
        number without this limit.

    Returns
    -------
    Axes
        A bar's parts are as long as the phases; positions are seconds. Time outside of the known
        phases is hatched, unless `run` is false. The scale is logarithmic where the longest
        bar is over 50 times the lower quartile of those drawn.

    Raises
    ------
    UsageError
        If `invocations` is something else, or `limit` is below 1.
    """
    chart = "phase_breakdown"
    columns = [column for column in COLUMNS if run or column != "run_s"]
    data = inputs.invocations(invocations, chart, (*columns, *(["duration_s"] if run else [])))
    canvas.check(chart, ax, limit)
    numbers = {c: inputs.numbers(data, c, chart) for c in (*columns, *(["duration_s"] if run else []))}
    odd = pd.DataFrame({c: inputs.odd_ones(c, series) for c, series in numbers.items()})
    known = pd.DataFrame(numbers).mask(odd)
    drawable, length = _drawable(known, columns, run=run)
    order = length[drawable].sort_values(ascending=False, kind="stable").index
    chosen = order[: canvas.rows_that_fit(ax, limit)]

    ax = canvas.axes(ax, chart, 9, 1.7 + 0.32 * max(len(chosen), 2))
    title = _title(len(chosen), len(order), run=run)
    if not len(chosen):
        canvas.head(ax, title)
        canvas.nothing(ax, "no invocation with known phases")
        return canvas.settle(ax)
    bars = [_bar(known.loc[index], columns, run=run) for index in chosen]
    canvas.name_rows(ax, inputs.row_names(data.loc[chosen]))
    ends = [end for parts in bars for end in (parts[0].left, *(part.right for part in parts))]
    unit = scales.duration_axis(ax, "x", ends, from_zero=True, compared_s=list(length[chosen]))
    axis = "time since creation" if run else "sum of the phases"
    also = inputs.of(
        int((drawable & inputs.unfinished(data)).sum()), len(data), "unfinished: drawn as far as known"
    )
    canvas.label(ax, "x", f"{axis} {unit}", _notes(data, drawable, odd, run=run), also=also)
    for y, parts in enumerate(bars):
        stack(ax, y, parts, height=0.7)
    ax.axvline(0, color=colors.ink(ax), linewidth=0.8)
    canvas.head(ax, title, _patches(ax, columns, bars), side="right")
    return canvas.settle(ax)


def _drawable(
    known: pd.DataFrame, columns: Sequence[str], *, run: bool
) -> tuple[pd.Series[bool], pd.Series[Any]]:
    """Return which rows have a bar, and the length of each row's bar in seconds."""
    drawable = known[columns].notna().any(axis=1)
    length = known[columns].sum(axis=1)
    if run:
        # Phases have a place on the bar only where its beginning or its end is known.
        drawable &= known["scheduler_wait_s"].notna() | known["duration_s"].notna()
        length = known["duration_s"].fillna(length)
    return drawable, length


def _title(drawn: int, whole: int, *, run: bool) -> str:
    """Return the chart's title: which phases are drawn, of how many invocations."""
    phases = "Phases" if run else "Phases but the run"
    part = f"{drawn} longest of {whole:,}" if drawn < whole else f"{drawn}"
    return f"{phases}, {part} invocation{'s' if whole != 1 else ''}"


def _bar(row: pd.Series[Any], columns: Sequence[str], *, run: bool) -> list[Part]:
    """Return the parts of the bar of one row."""
    values = {c: None if pd.isna(row[c]) else float(row[c]) for c in columns}
    if run:
        return parts_of(values, None if pd.isna(row["duration_s"]) else float(row["duration_s"]))
    return parts_of({column: value for column, value in values.items() if value is not None}, None)


def _notes(data: pd.DataFrame, drawable: pd.Series[bool], odd: pd.DataFrame, *, run: bool) -> list[str]:
    """Return a note for each group of invocations that the chart leaves out."""
    whole = len(data)
    ended = ~inputs.unfinished(data)
    missing = "known phases" if run else "known phases but the run"
    return [
        *inputs.of(int((~drawable & ended).sum()), whole, f"without {missing}"),
        *inputs.of(int((~drawable & ~ended).sum()), whole, f"unfinished and without {missing}"),
        *inputs.of(int(odd.any(axis=1).sum()), whole, "with an odd duration"),
    ]


def _patches(ax: Axes, columns: Sequence[str], bars: Sequence[Sequence[Part]]) -> list[Patch]:
    """Return the legend's entries: the phases, and time of no known phase where a bar has some."""
    patches = [Patch(label=label, **style_of(ax, column)) for column, label, _ in PHASES if column in columns]
    if any(part.column == UNKNOWN for parts in bars for part in parts):
        patches.append(Patch(label="phase not known", **colors.unknown(ax)))
    return patches
