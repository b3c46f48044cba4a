"""The chart of the queue over time: builds that wait, builds that run, and the oldest wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from logparse import analysis
from logparse.plots import canvas, colors, inputs, scales, units
from logparse.plots.panels import lower_panel
from logparse.plots.steps import fill, stepped
from logparse.plots.times import instants, time_axis, zone
from logparse.records import Build, Invocation

_ANSWER: Final = ("time", "waiting_mean", "oldest_wait_s", "running_mean")
_BUILDS: Final = ("created_at", "started_at", "completed_at")
#: Lengths of buckets, in seconds. The first one with which there are not more than so many is used.
_BUCKETS: Final = (60.0, 300.0, 900.0, 3_600.0, 6 * 3_600.0, 86_400.0, 7 * 86_400.0)
_MOST_BUCKETS: Final = 400
_DAY_S: Final = 86_400.0


def queue_depth(
    builds: pd.DataFrame | Iterable[Build | Invocation],
    ax: Axes | None = None,
    *,
    bucket_s: float | None = None,
    tz: str = "UTC",
) -> Axes:
    """Draw how many builds waited for a bot and ran over time, and how long the oldest one had waited.

    Parameters
    ----------
    builds:
        The table ``builds``, or records, or the answer of `logparse.analysis.queue`. Groups of the answer
        are added up. Builds without a creation time are left out and counted.
    ax:
        Where to draw; new Axes if None.
    bucket_s:
        Length in seconds of the buckets of time; by default as short as the whole time allows. It is needed
        for an answer only if its buckets are longer than a day.
    tz:
        Name of the time zone of the axis.

    Returns
    -------
    Axes
        Of the counts: the mean numbers of builds in each bucket. Those of the oldest wait are its one
        child. Positions are days since 1970, numbers of builds, and seconds. Where nothing waited, the
        oldest wait is not drawn. Gaps that take over a tenth of the time are cut out.

    Raises
    ------
    UsageError
        For something else than builds, a bucket that is not from a second to a year, or an unknown time zone.
    """
    chart = "queue_depth"
    canvas.check(chart, ax)
    where = zone(tz, chart)
    answer, width, notes = _answer(builds, bucket_s)
    ax = canvas.axes(ax, chart, 9, 4.6)
    title = "Queue: builds that wait for a bot and run"
    if answer.empty:
        canvas.head(ax, title)
        canvas.nothing(ax, "no build has a creation time" if notes else "no builds")
        return canvas.settle(ax)
    at, length = instants(answer["time"]), width / _DAY_S
    below = lower_panel(ax, 0.4)
    ends = pd.concat([answer["time"], answer["time"] + pd.Timedelta(seconds=width)], ignore_index=True)
    label = time_axis(ax, "time", ends, where, below=below, bucket_s=width)
    _counts(ax, at, length, answer)
    unit = _oldest(below, at, length, answer["oldest_wait_s"])
    canvas.label(ax, "y", f"builds, mean of each {_said(width)}")
    canvas.label(below, "y", f"oldest wait {unit}")
    canvas.label(below, "x", label, notes, above=ax)
    canvas.head(ax, title, ax.get_legend_handles_labels()[0])
    return canvas.settle(ax)


def _answer(given: Any, bucket_s: float | None) -> tuple[pd.DataFrame, float, list[str]]:
    """Return the queue of all groups by time, the length of its buckets, and notes about builds left out."""
    if isinstance(given, pd.DataFrame) and set(_ANSWER) <= set(given.columns):
        return _added(given), bucket_s or _own_width(given["time"]), []
    data = inputs.builds(given, "queue_depth", _BUILDS)
    undated = int(data["created_at"].isna().sum())
    notes = inputs.of(undated, len(data), "without a creation time")
    width = bucket_s or _width(data)
    found = analysis.queue(data, "all", bucket_s=width)
    if not undated and found.empty and len(data):
        notes = inputs.of(len(data), len(data), "with an odd creation time")
    return _added(found), width, notes


def _own_width(times: pd.Series[Any]) -> float:
    """Return the longest possible length of the buckets of an answer, in seconds, but at most a day.

    Each bucket begins at a multiple of the length after the beginning of 1970.
    """
    starts = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return float(np.gcd.reduce(starts, initial=round(_DAY_S * 1e6))) / 1e6


def _added(answer: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of the counts, and the longest of the waits, of all groups at each time."""
    groups = answer.groupby("time", sort=True)
    means = groups[["waiting_mean", "running_mean"]].sum()
    return means.assign(oldest_wait_s=groups["oldest_wait_s"].max()).reset_index()


def _width(data: pd.DataFrame) -> float:
    """Return the length of the buckets in seconds."""
    known = [data[name].dropna() for name in _BUILDS]
    times = pd.concat([one for one in known if len(one)]) if any(map(len, known)) else data["created_at"]
    span = (times.max() - times.min()).total_seconds() if len(times) else 0.0
    return next((width for width in _BUCKETS if span / width <= _MOST_BUCKETS), _BUCKETS[-1])


def _counts(ax: Axes, at: Any, length: float, answer: pd.DataFrame) -> None:
    most = float(answer[["waiting_mean", "running_mean"]].max().max())
    scales.count_axis(ax, "y", most, whole=False)
    fill(ax, *stepped(at, length, answer["waiting_mean"].to_numpy(float)), colors.ORANGE, label="waiting")
    steps = stepped(at, length, answer["running_mean"].to_numpy(float))
    ax.step(*steps, where="post", color=colors.visible(ax, colors.BLUE), label="running")


def _oldest(ax: Axes, at: Any, length: float, waits: pd.Series[float]) -> str:
    """Draw the oldest waits and return their unit."""
    unit = scales.duration_axis(ax, "y", [0.0, *waits.dropna()], from_zero=True, tail=0.06)
    fill(ax, *stepped(at, length, waits.to_numpy(float)), colors.VERMILION)
    return unit


def _said(width: float) -> str:
    """Return the length of a bucket in words: ``hour``, ``15 min``."""
    for length, word in ((60.0, "minute"), (3_600.0, "hour"), (_DAY_S, "day"), (7 * _DAY_S, "week")):
        if width == length:
            return word
    return units.said(width, units.own_unit(width))
