"""Axes of durations: the unit, the scale, round ticks, and the label.

Positions are seconds unless a docstring names another unit. Only the ticks are in other units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, Locator, MaxNLocator, NullFormatter, NullLocator

from logparse.plots import texts, units

Direction = Literal["x", "y"]


class _UnitLocator(Locator):
    """Ticks that are round in one unit, as many as fit on the axis. Those of counts are whole."""

    def __init__(self, unit: float, *, whole: bool = False) -> None:
        self._unit, self._whole = unit, whole

    def __call__(self) -> Sequence[float]:
        low, high = sorted(_view(self.axis))
        return self.tick_values(low, high)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        room = self.axis.get_tick_space() if self.axis is not None else 9
        if self.axis is not None and getattr(self.axis, "axis_name", "x") == "x":
            room = room * 2 // 3
        count = min(max(room, 2), 8)
        inner = MaxNLocator(count, steps=[1, 2, 5, 10], min_n_ticks=2, integer=self._whole)
        values: Any = inner.tick_values(vmin / self._unit, vmax / self._unit)
        slack = (vmax - vmin) * 1e-9
        found = (float(value) * self._unit for value in values)
        return [value for value in found if vmin - slack <= value <= vmax + slack]


class _UnitFormatter(Formatter):
    """Ticks as numbers of one unit, with the digits that their distance needs."""

    def __init__(self, unit: float) -> None:
        self._unit = unit

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        steps = np.diff(np.unique(np.asarray([0.0, *values]) / self._unit))
        step = float(steps.min()) if len(steps) else 1.0
        digits = min(max(0, -math.floor(math.log10(step) + 1e-6)), 9)
        written = (f"{value / self._unit:,.{digits}f}".replace("-", "−") for value in values)
        return [text.lstrip("−") if not text.strip("−0.") else text for text in written]


class _RoundLocator(Locator):
    """Ticks of a logarithmic scale at durations in common use: 1 s, 10 s, 1 min, 10 min, 1 h."""

    def __init__(self, ax: Axes, direction: Direction, least: float, second: float) -> None:
        self._ax, self._direction = ax, direction
        self._least, self._second = least, second

    def __call__(self) -> Sequence[float]:
        return self.tick_values(*_view(self.axis))

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        low, high = sorted((vmin, vmax))
        few = self._apart(self._in_view(units.COARSE, low, high))
        many = self._apart(self._in_view(units.DENSE, low, high)) if len(few) < 4 else few
        return many if len(many) > len(few) else few

    def _in_view(self, durations: Iterable[float], low: float, high: float) -> list[float]:
        sizes = [duration * self._second for duration in durations if duration >= self._least * 0.999]
        ticks = [0.0, *sizes, *(-size for size in sizes)]
        # Zero and the largest ones first, so that they are kept if not all fit.
        return [tick for tick in sorted(ticks, key=lambda t: (t != 0, -abs(t))) if low <= tick <= high]

    def _apart(self, ticks: Iterable[float]) -> list[float]:
        """Return the ticks whose labels fit."""
        kept: list[tuple[float, float, float]] = []
        for value in ticks:
            at = self._position(value)
            half = self._extent(value) / 2
            if all(abs(at - other) > half + room for other, room, _ in kept):
                kept.append((at, half, value))
        return sorted(value for _, _, value in kept)

    def _position(self, value: float) -> float:
        """Return the place of a value, in points along the axis."""
        ends = self._ax.get_xlim() if self._direction == "x" else self._ax.get_ylim()
        scaled: Any = _axis(self._ax, self._direction).get_transform().transform(np.array([value, *ends]))
        box, dpi = self._ax.get_window_extent(), self._ax.figure.dpi
        length = (box.width if self._direction == "x" else box.height) / dpi * 72
        return float((scaled[0] - scaled[1]) / (scaled[2] - scaled[1]) * length)

    def _extent(self, value: float) -> float:
        size = "medium"
        if self._direction == "y":
            return texts.points(size) * 1.6
        return texts.width(units.tick(value / self._second), size) + texts.points(size)


class _RoundFormatter(Formatter):
    def __init__(self, second: float) -> None:
        self._second = second

    def __call__(self, x: float, pos: int | None = None) -> str:
        return units.tick(x / self._second)


def _axis(ax: Axes, direction: Direction) -> Axis:
    return ax.xaxis if direction == "x" else ax.yaxis


def _view(axis: Any) -> tuple[float, float]:
    low, high = axis.get_view_interval()
    return float(low), float(high)


def duration_axis(
    ax: Axes,
    direction: Direction,
    values_s: Sequence[float],
    *,
    from_zero: bool,
    compared_s: Sequence[float] | None = None,
    lead: float = 0.0,
    tail: float = 0.04,
    second: float = 1.0,
) -> str:
    """Give an axis the scale, the limits and the ticks that show durations well.

    Parameters
    ----------
    ax, direction:
        The Axes, and which of their axes.
    values_s:
        All values that the axis shows, in seconds.
    from_zero:
        Whether bars or stems start at zero.
    compared_s:
        The lengths that decide whether the scale is logarithmic, if these are not the values.
    lead, tail:
        Which part of the axis stays free before a zero that is the least value, so that a marker
        there is whole, and beyond the largest value.
    second:
        How long a second is on the axis: 1 where positions are seconds.

    Returns
    -------
    str
        The unit for the label, as ``(min)`` or ``(ms to h, log scale)``.
    """
    scale = units.scale_for(values_s if compared_s is None else compared_s, from_zero=from_zero)
    if scale == "linear":
        return linear_axis(ax, direction, values_s, lead=lead, tail=tail, second=second)
    least = units.linear_part(values_s) if scale == "symlog" else 0.0
    set_scale: Callable[..., None] = ax.set_xscale if direction == "x" else ax.set_yscale
    set_scale(scale, **({"linthresh": least * second, "linscale": 0.4} if least else {}))
    low, high = min(values_s) if scale == "log" else min(0.0, *values_s), max(0.0, *values_s)
    _limit(ax, direction, low * second, high * second, lead, tail)
    _ticks(ax, direction, _RoundLocator(ax, direction, least, second), _RoundFormatter(second))
    sizes = [abs(value) for value in values_s if value]
    names = [units.own_unit(size).symbol for size in (max(least, min(sizes)), max(sizes))]
    return f"({' to '.join(dict.fromkeys(names))}, log scale)"


def linear_axis(
    ax: Axes,
    direction: Direction,
    values_s: Sequence[float],
    *,
    lead: float = 0.0,
    tail: float = 0.04,
    second: float = 1.0,
) -> str:
    """Give an axis a linear scale, whatever the spread of the values. As `duration_axis` otherwise."""
    (ax.set_xscale if direction == "x" else ax.set_yscale)("linear")
    low, high = min(0.0, *values_s, 0.0), max(0.0, *values_s, 0.0)
    unit = units.axis_unit(max(-low, high))
    _limit(ax, direction, low * second, (high if high > low else unit.seconds) * second, lead, tail)
    length = unit.seconds * second
    _ticks(ax, direction, _UnitLocator(length), _UnitFormatter(length))
    return f"({unit.symbol})"


def count_axis(
    ax: Axes, direction: Direction, largest: float, *, whole: bool = True, tail: float = 0.06
) -> None:
    """Give an axis a linear scale from zero, with ticks that are counts.

    Parameters
    ----------
    ax, direction:
        The Axes, and which of their axes.
    largest:
        The largest value.
    whole:
        Whether all ticks are whole numbers. Means of counts are not.
    tail:
        Which part of the axis stays free beyond the largest value.
    """
    _limit(ax, direction, 0.0, largest if largest > 0 else 1.0, 0.0, tail)
    _ticks(ax, direction, _UnitLocator(1.0, whole=whole), _UnitFormatter(1.0))


def share_axis(ax: Axes, direction: Direction) -> str:
    """Give an axis of shares the limits 0 and 1, and ticks in percent. Return the unit for the label."""
    _limit(ax, direction, 0.0, 1.0, 0.02, 0.02)
    _ticks(ax, direction, _UnitLocator(0.01), _UnitFormatter(0.01))
    return "(%)"


def _ticks(ax: Axes, direction: Direction, locator: Locator, formatter: Formatter) -> None:
    axis = _axis(ax, direction)
    axis.set_major_locator(locator)
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _limit(ax: Axes, direction: Direction, low: float, high: float, lead: float, tail: float) -> None:
    """Set limits with some space at the ends, the same share on every scale."""
    transform = _axis(ax, direction).get_transform()
    first, last = (float(end) for end in transform.transform(np.array([low, high])))
    room = last - first
    start = first - (0.03 if low else lead) * room
    ends = transform.inverted().transform(np.array([start, last + tail * room]))
    set_limits: Callable[..., Any] = ax.set_xlim if direction == "x" else ax.set_ylim
    set_limits(float(ends[0]), float(ends[1]))
