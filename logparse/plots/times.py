"""Axes of times, in UTC or another time zone, on which long gaps without data are cut out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from matplotlib import dates as matplotlib_dates
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from logparse.errors import UsageError
from logparse.plots import canvas, colors, texts, units

#: Any, because the module does not have type hints.
_dates: Any = matplotlib_dates
_MINUTE: Final = 1 / (24 * 60)
_HOUR: Final = 1 / 24
#: A gap longer than this part of the axis is cut, and at most so many gaps are.
_GAP_PART: Final = 0.1
_MOST_CUTS: Final = 6
#: The part of the axis that a cut takes, and the least part of a span between cuts.
_CUT: Final = 0.015
_LEAST_SPAN: Final = 0.07
#: The longest distance of ticks by their frequency: as long as one of the next frequency.
_LONGEST: Final = (
    (_dates.MONTHLY, 12),
    (_dates.DAILY, 31),
    (_dates.HOURLY, 24),
    (_dates.MINUTELY, 60),
    (_dates.SECONDLY, 60),
)
#: The years 1 and 9999, which are the first and the last of Matplotlib.
_FIRST_DAY, _LAST_DAY = -719160.0, 2932890.0


class Span(NamedTuple):
    """Times without a long gap: the first and the last, in Matplotlib's days."""

    first: float
    last: float


def instants(times: pd.Series[Any]) -> Any:
    """Return times in UTC as an array of Matplotlib's days."""
    return _dates.date2num(times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"))


def spans(days: Sequence[float], least: float = _HOUR) -> list[Span]:
    """Return the spans that are left when the longest gaps are cut out, none shorter than `least` days."""
    ordered = np.unique(np.asarray(days, dtype=float))
    gaps = np.diff(ordered)
    left = float(ordered[-1] - ordered[0])
    cut: list[int] = []
    for i in np.argsort(-gaps, kind="stable")[:_MOST_CUTS]:
        if gaps[i] < max(_GAP_PART * left, least):
            break
        cut.append(int(i))
        left -= float(gaps[i])
    edges = sorted(cut)
    starts, ends = [0, *(i + 1 for i in edges)], [*edges, len(ordered) - 1]
    return [Span(float(ordered[a]), float(ordered[b])) for a, b in zip(starts, ends, strict=True)]


def zone(tz: object, chart: str) -> tzinfo:
    """Return a time zone by its name.

    Raises
    ------
    UsageError
        If there is no such time zone.
    """
    try:
        if not isinstance(tz, str):
            raise ValueError(tz)
        return UTC if tz == "UTC" else ZoneInfo(tz)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"plots.{chart}() knows no time zone {tz!r}", remedy="name one as Europe/Berlin or UTC"
        ) from error


def time_axis(
    ax: Axes,
    what: str,
    times: pd.Series[Any],
    tz: tzinfo = UTC,
    *,
    below: Axes | None = None,
    bucket_s: float = 0.0,
) -> str:
    """Make the x axis an axis of times. Return its label, with the number of gaps that are cut out.

    Parameters
    ----------
    ax:
        The Axes.
    what:
        What the times are.
    times:
        All times that the axis shows.
    tz:
        The time zone of the ticks.
    below:
        Axes that share the axis.
    bucket_s:
        The length of buckets that begin at the times, in seconds. A gap is longer than three of them.
    """
    found = spans(instants(times), max(3 * bucket_s / 86400, _HOUR))
    if len(found) == 1:
        _plain_axis(ax, found[0], tz)
        return f"{what} ({tz})"
    for cut in _cut_axis(ax, found, tz):
        for panel in (ax, below) if below is not None else (ax,):
            _strip(panel, cut)
    gaps = [(b.first - a.last) * 86400 for a, b in pairwise(found)]
    said = units.gap(max(gaps))
    cuts = f"a gap of {said} cut out" if len(gaps) == 1 else f"{len(gaps)} gaps of up to {said} cut out"
    return f"{what} ({tz}); {cuts}"


def _plain_axis(ax: Axes, span: Span, tz: tzinfo) -> None:
    most = max(3, min(9, int(canvas.room(ax)[0] / (texts.points("medium") * 6))))
    locator = _dates.AutoDateLocator(tz=tz, minticks=2, maxticks=most)
    # Without these, the locator warns where it may set few ticks only.
    for frequency, longest in _LONGEST:
        locator.intervald[frequency] = [*locator.intervald[frequency], longest]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(_dates.ConciseDateFormatter(locator, tz=tz))
    # Matplotlib would show years around a single time.
    pad = 0.03 * (span.last - span.first) or _MINUTE
    ax.set_xlim(max(span.first - pad, _FIRST_DAY), min(span.last + pad, _LAST_DAY))


def _cut_axis(ax: Axes, found: Sequence[Span], tz: tzinfo) -> list[Span]:
    """Put the spans one after another, each with its own scale. Return the cuts between them."""
    room = 1 - _CUT * (len(found) - 1)
    whole = sum(span.last - span.first for span in found)
    least = _LEAST_SPAN
    times: list[float] = []
    places: list[float] = []
    start = 0.0
    for span in found:
        part = (span.last - span.first) / whole if whole else 1 / len(found)
        width = room * least + (room - room * least * len(found)) * part
        pad = 0.1 * (span.last - span.first) or _MINUTE
        times += [span.first - pad, span.last + pad]
        places += [start, start + width]
        start += width + _CUT
    _stretch(ax, np.array(times), np.array(places))
    _cut_ticks(ax, found, tz)
    return [Span(left, right) for left, right in zip(times[1:-1:2], times[2::2], strict=True)]


def _strip(ax: Axes, cut: Span) -> None:
    """Draw a hatched strip at a cut."""
    color = colors.muted(ax)
    ax.axvspan(cut.first, cut.last, facecolor="none", edgecolor=color, hatch="////", linewidth=0, alpha=0.6)


def _stretch(ax: Axes, times: Any, places: Any) -> None:
    def forward(values: Any) -> Any:
        return _line(np.asarray(values, dtype=float), times, places)

    def back(values: Any) -> Any:
        return _line(np.asarray(values, dtype=float), places, times)

    ax.set_xscale("function", functions=(forward, back))
    ax.set_xlim(times[0], times[-1])


def _line(values: Any, xs: Any, ys: Any) -> Any:
    """Interpolate between points, and extrapolate the first and the last line outside of them."""
    out = np.interp(values, xs, ys)
    first, last = (ys[1] - ys[0]) / (xs[1] - xs[0]), (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    out = np.where(values < xs[0], ys[0] + (values - xs[0]) * first, out)
    return np.where(values > xs[-1], ys[-1] + (values - xs[-1]) * last, out)


def _cut_ticks(ax: Axes, found: Sequence[Span], tz: tzinfo) -> None:
    """Set ticks: the day and the time at the start of each span, and round times where they fit."""
    long = canvas.room(ax)[0]
    size = "small"
    kept: list[tuple[float, float, float, str]] = []

    def put(value: float, label: str) -> bool:
        """Take a tick if its label fits."""
        place = float(ax.transAxes.inverted().transform(ax.transData.transform((value, 0)))[0]) * long
        half = max(texts.width(line, size) for line in label.split("\n")) / 2 + 3
        free = all(abs(place - other) > half + room for other, room, _, _ in kept)
        if free:
            kept.append((place, half, value, label))
        return free

    # The first and the last span are dated before those between.
    order = [found[0], found[-1], *found[1:-1]]
    dated = [span for span in order if put(span.first, f"{_at(span.first, tz):%H:%M\n%Y-%m-%d}")]
    for span in dated:
        inner = _dates.AutoDateLocator(tz=tz, minticks=2, maxticks=6)
        form = "%m-%d" if span.last - span.first >= 2 else "%H:%M"
        for value in inner.tick_values(_at(span.first, tz), _at(span.last, tz)):
            if span.first < value < span.last:
                put(float(value), f"{_at(value, tz):{form}}")
    kept.sort()
    ax.xaxis.set_major_locator(FixedLocator([value for _, _, value, _ in kept]))
    ax.xaxis.set_major_formatter(FixedFormatter([label for *_, label in kept]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.tick_params(axis="x", labelsize=size)


def _at(days: float, tz: tzinfo) -> Any:
    return _dates.num2date(days, tz=tz)
