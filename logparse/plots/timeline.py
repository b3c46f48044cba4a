"""The chart of one invocation and its phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from logparse.plots import canvas, colors, inputs, scales, texts, units
from logparse.plots.phase import COLUMNS, PHASES, Part, parts_of, stack, style_of
from logparse.records import Invocation


def phases(
    invocation: Invocation | Iterable[Invocation] | pd.Series | pd.DataFrame, ax: Axes | None = None
) -> Axes:
    """Draw where the time of one invocation went.

    The bar on top is the whole invocation in proportion. The run mostly hides the other phases, so
    these follow below, each with its length, on a scale of their own that says so.

    Parameters
    ----------
    invocation:
        A record, a row of the table ``invocations``, or a list or frame of one. Used are the five
        phases and ``duration_s`` (seconds), ``created_at``, ``job_id``, ``invocation_id`` and
        ``status``.
    ax:
        Where to draw; new Axes if None.

    Returns
    -------
    Axes
        Of the whole; positions are seconds. Those of the short phases are its one child.

    Raises
    ------
    UsageError
        For several invocations, or something else than an invocation.

    Notes
    -----
    Time that the log assigns to no phase is hatched: of an invocation that started no build, or
    was aborted, little more than the scheduler's wait is known. One that has not finished has no
    length yet, and its bar ends with the last phase known. An odd duration (below −1 s or above
    10 years) is written with its value and not drawn.
    """
    row = inputs.one(invocation, "phases")
    written = {column: inputs.duration(row or {}, column, "phases") for column in (*COLUMNS, "duration_s")}
    ax = canvas.axes(ax, "phases", 9, 3.4)
    if row is None:
        canvas.head(ax, "Phases")
        canvas.nothing(ax, "no invocation")
        return canvas.settle(ax)
    drawn = {
        column: None if value is None or inputs.odd(column, value) else value
        for column, value in written.items()
    }
    duration = drawn.pop("duration_s")
    title = _title(row, written["duration_s"])
    if all(value is None for value in drawn.values()):
        canvas.head(ax, title)
        canvas.nothing(ax, "no phase of this invocation is known")
        return canvas.settle(ax)
    _short_phases(ax, written, drawn, duration)
    _whole(ax, parts_of(drawn, duration), duration, row.get("created_at"))
    canvas.head(ax, title)
    return canvas.settle(ax)


def _title(row: Mapping[str, Any], duration: float | None) -> str:
    """Return the known ones of: the job, the invocation, its status and its duration."""
    job, number = row.get("job_id"), row.get("invocation_id")
    parts = (texts.short(job or "", 50), texts.short(number or "", 40))
    name = " ".join(part for part in parts if part) or "invocation"
    length = ", phases so far" if duration is None else f" after {units.said(duration)}"
    return f"{name}: {texts.short(row.get('status') or 'status unknown', 40)}{length}"


def _whole(ax: Axes, parts: Sequence[Part], duration: float | None, created: Any) -> None:
    """Draw the invocation as one bar, with the axis above it and the names of its parts below."""
    ax.set(ylim=(-1.6, 0.4), yticks=[])
    ax.xaxis.set_label_position("top")
    ax.xaxis.tick_top()
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    ends = [end for part in parts for end in (part.left, part.right)]
    # This axis is linear, to show proportions. The short phases have an axis of their own.
    unit = scales.linear_axis(ax, "x", ends, tail=0.02)
    canvas.label(ax, "x", f"{_since(created)} {unit}")
    stack(ax, 0, parts, height=0.5)
    _name_parts(ax, parts, duration)


def _since(created: Any) -> str:
    if created is None or not hasattr(created, "microsecond"):
        return "time since the creation"
    return f"time since the creation at {created:%Y-%m-%d %H:%M:%S}.{created.microsecond // 1000:03d} UTC"


def _name_parts(ax: Axes, parts: Sequence[Part], duration: float | None) -> None:
    """Write the names of a bar's parts below it: of the widest always, of the others where they fit."""
    low, high = ax.get_xlim()
    scale = canvas.room(ax)[0] / (high - low)
    taken: list[tuple[float, float]] = []
    for part in sorted(parts, key=lambda part: -abs(part.length)):
        text = f"{part.label} {units.share(part.length, duration)}"
        half = texts.width(text, "small") / 2 + 4
        middle = (part.left + part.length / 2 - low) * scale
        middle = min(max(middle, half), max((high - low) * scale - half, half))
        if taken and (
            half * 2 > abs(part.length) * scale
            or any(left < middle + half and middle - half < right for left, right in taken)
        ):
            continue
        taken.append((middle - half, middle + half))
        canvas.small_text(ax, text, (low + middle / scale, -0.25), xytext=(0, -3), ha="center", va="top")


def _short_phases(
    ax: Axes,
    written: Mapping[str, float | None],
    drawn: Mapping[str, float | None],
    duration: float | None,
) -> None:
    """Draw all phases but the run as bars from zero, each with its length."""
    others = [(column, label) for column, label, _ in PHASES if column != "run_s"]
    zoom = ax.inset_axes((0.0, 0.0, 1.0, 0.52))
    zoom.set_yticks(range(len(others)), [label for _, label in others], fontsize="small")
    zoom.tick_params(axis="y", length=0)
    zoom.set_ylim(len(others) - 0.4, -0.6)
    zoom.spines[["left", "right", "top"]].set_visible(False)
    known = [value for column, _ in others if (value := drawn[column]) is not None]
    # All in one unit, so that they can be compared.
    common = units.axis_unit(max((abs(value) for value in known), default=0.0))
    notes = [_words(written[c], duration, None if drawn[c] is None else common) for c, _ in others]
    # The text after the longest bar needs space: `tail` is a share of the length of the data.
    part = min(max(texts.width(note, "small") for note in notes) / canvas.room(ax)[0] + 0.03, 0.6)
    unit = scales.duration_axis(zoom, "x", known or [0.0], from_zero=True, tail=part / (1 - part))
    for y, ((column, _), note) in enumerate(zip(others, notes, strict=True)):
        value = drawn[column]
        if value is not None:
            zoom.barh(y, value, height=0.7, label=column, **style_of(zoom, column))
        color = colors.muted(zoom) if value is None else colors.ink(zoom)
        canvas.small_text(zoom, note, (max(value or 0.0, 0.0), y), xytext=(4, 0), color=color)
    zoom.axvline(0, color=colors.ink(zoom), linewidth=0.8)
    canvas.label(zoom, "x", f"all but the run, on a scale of its own: length of each phase {unit}")


def _words(value: float | None, duration: float | None, unit: units.Unit | None) -> str:
    """Return a phase's length in the unit. Without a unit the phase is not drawn."""
    if value is None:
        return "not known"
    return units.share(value, duration, unit) if unit else f"odd, not drawn: {units.said(value)}"
