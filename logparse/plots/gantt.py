"""The chart of bots over a day: when each one ran a build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import dates as matplotlib_dates
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.patches import Patch

from logparse.errors import UsageError, choices
from logparse.plots import canvas, colors, inputs, texts
from logparse.plots.times import instants, zone
from logparse.records import Build, Invocation

#: Any, because the module does not have type hints.
_dates: Any = matplotlib_dates
_NEEDED: Final = ("bot_id", "started_at", "completed_at")
_PLURALS: Final = {"status": "statuses", "builder": "builders"}
#: The looks of statuses, by their place among all looks.
_STATUSES: Final = {"SUCCESS": 0, "FAILURE": 3, "INFRA_FAILURE": 1, "CANCELED": 5}
#: Where there are more bars than these, those that nobody could tell apart are joined.
_MOST_BARS: Final = 5_000


class _Day(NamedTuple):
    """A day of a time zone: its date, and its beginning and end in Matplotlib's days."""

    date: date
    start: float
    end: float


def bots(
    builds: pd.DataFrame | Iterable[Build | Invocation],
    by: str = "status",
    ax: Axes | None = None,
    *,
    day: date | str | None = None,
    tz: str = "UTC",
    limit: int = 30,
) -> Axes:
    """Draw when each bot ran builds on one day.

    Parameters
    ----------
    builds:
        The table ``builds``, or records. Used are ``bot_id``, ``started_at``, ``completed_at``, and
        ``status`` or the builder. Builds without a bot, a start or an end, and those with an odd duration
        (below −1 s or above 10 years), are left out and counted.
    by:
        What the colours of the bars show: ``status`` or ``builder``.
    ax:
        Where to draw; new Axes, as high as the bots need, if None.
    day:
        A date, or its text as ``2021-03-01``. By default it is the day on which most builds started.
    tz:
        Name of the time zone of the day.
    limit:
        The most bots to draw: the busiest. If `ax` is too low for their names, fewer are drawn. The title
        shows the number of all bots of the day.

    Returns
    -------
    Axes
        A row for each bot, the busiest on top, with a bar for each build; positions are days since 1970.
        The names have the share of the day that the builds took. It is a lower bound, because a bot may also
        have run builds that were not read. It is over 100% where builds of a bot overlap.

    Raises
    ------
    UsageError
        If `by`, the day or the time zone is not known, `builds` is something else, or `limit` is below 1.
    """
    chart = "bots"
    data = inputs.builds(builds, chart, _NEEDED)
    canvas.check(chart, ax, limit)
    if by not in _PLURALS:
        raise UsageError(
            f"plots.{chart}() does not colour by {by!r}", remedy=f"choose by={choices(_PLURALS)}"
        )
    where = zone(tz, chart)
    asked = _asked(day, chart)
    runs, notes = _runs(data, chart)
    chosen = _day(runs, asked, where)
    on_day = runs[(runs["end"] > chosen.start) & (runs["start"] < chosen.end)]
    notes += inputs.of(len(runs) - len(on_day), len(data), "on other days")
    busy = _busy(on_day, chosen)
    shown = list(busy.index[: canvas.rows_that_fit(ax, limit)])
    ax = canvas.axes(ax, chart, 9, 1.7 + 0.3 * max(len(shown), 2))
    part = f"the {len(shown)} busiest of {len(busy):,}" if len(shown) < len(busy) else f"{len(busy)}"
    title = f"Runs of {part} bot{'s' * (len(busy) != 1)}"
    if not shown:
        canvas.head(ax, title)
        canvas.nothing(ax, f"no bot ran a build on {asked}" if asked and len(runs) else "no bot ran a build")
        return canvas.settle(ax)
    canvas.name_rows(ax, [(bot, f" ({busy[bot]:.0%})") for bot in shown])
    _clock(ax, chosen, where)
    also = ["beside each bot: the part of the day that these runs take"]
    canvas.label(ax, "x", f"{chosen.date} ({tz})", notes, also=also)
    drawn = on_day[on_day["bot"].isin(shown)]
    handles = _draw(ax, drawn, shown, _kinds(data, drawn, by))
    canvas.head(ax, title, handles, side="right")
    return canvas.settle(ax)


def _asked(day: object, chart: str) -> date | None:
    """Return the day that the caller names, if any."""
    try:
        if isinstance(day, str):
            return date.fromisoformat(day)
    except ValueError:
        day = day or "''"
    if day is None or (isinstance(day, date) and not isinstance(day, datetime)):
        return day
    raise UsageError(f"plots.{chart}() draws one day, not {day!r}", remedy="pass it as 2021-03-01")


def _runs(data: pd.DataFrame, chart: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the runs with bot, time of start, start and end in Matplotlib's days, and notes about others."""
    start, end = inputs.times(data, "started_at", chart), inputs.times(data, "completed_at", chart)
    length = (end - start).dt.total_seconds()
    bots_of = data["bot_id"].astype("string")
    odd = inputs.odd_ones("run_s", length)
    nameless = bots_of.isna()
    unknown = ~nameless & length.isna()
    shown = ~nameless & ~unknown & ~odd
    notes = [
        *inputs.of(int(nameless.sum()), len(data), "without a known bot"),
        *inputs.of(int(unknown.sum()), len(data), "without a known start or end"),
        *inputs.of(int((odd & ~nameless).sum()), len(data), "with an odd run"),
    ]
    columns = {
        "bot": bots_of[shown].astype(object),
        "at": start[shown],
        "start": instants(start[shown]),
        "end": instants(end[shown]),
    }
    return pd.DataFrame(columns), notes


def _day(runs: pd.DataFrame, asked: date | None, where: tzinfo) -> _Day:
    """Return the day that was asked for, else the one on which most runs start; the latest of several."""
    chosen = asked
    if chosen is None and len(runs):
        counts = runs["at"].dt.tz_convert(where).dt.tz_localize(None).dt.normalize().value_counts()
        chosen = counts.index[counts == counts.max()].max().date()
    chosen = chosen or date(1970, 1, 1)
    edges = [
        pd.Timestamp(one).tz_localize(where, ambiguous=True, nonexistent="shift_forward")
        for one in (chosen, chosen + timedelta(days=1))
    ]
    start, end = (float(_dates.date2num(edge.to_pydatetime())) for edge in edges)
    return _Day(chosen, start, end)


def _busy(runs: pd.DataFrame, day: _Day) -> pd.Series[float]:
    """Return for each bot the share of the day that its runs take, the largest first."""
    inside = runs["end"].clip(upper=day.end) - runs["start"].clip(lower=day.start)
    shares = inside.clip(lower=0).groupby(runs["bot"]).sum() / (day.end - day.start)
    return shares.sort_index().sort_values(ascending=False, kind="stable")


def _clock(ax: Axes, day: _Day, where: tzinfo) -> None:
    """Make the x axis the hours of the day."""
    ax.set_xlim(day.start, day.end)
    step = 3 if canvas.room(ax)[0] > 300 else 6
    ax.xaxis.set_major_locator(_dates.HourLocator(byhour=range(0, 24, step), tz=where))
    ax.xaxis.set_major_formatter(_dates.DateFormatter("%H:%M", tz=where))
    ax.tick_params(axis="x", labelsize="small")
    for place in ax.get_xticks():
        ax.axvline(place, color=colors.muted(ax), alpha=0.35, linewidth=0.6, zorder=0)


def _draw(
    ax: Axes, runs: pd.DataFrame, rows: Sequence[str], kinds: Sequence[tuple[str, colors.Look, Any]]
) -> list[Patch]:
    """Draw the bars of each kind of run, and return the handles of the legend.

    A kind is its name, its look, and which of the runs are of it.
    """
    order = {bot: y for y, bot in enumerate(rows)}
    y = runs["bot"].map(order).to_numpy(float)
    start, end = runs["start"].to_numpy(float), runs["end"].to_numpy(float)
    low, high = ax.get_xlim()
    point = (high - low) / canvas.room(ax)[0]
    handles = []
    for name, look, is_one in kinds:
        style = {**colors.filled(ax, look), "linewidth": 0.0}
        left, right, middle = start[is_one], end[is_one], y[is_one]
        if len(runs) > _MOST_BARS:
            left, right, middle = _joined(left, right, middle, 0.5 * point)
        # The shortest runs are seen by a line of their own. Neighbours have a gap where there is room for it.
        ax.vlines(left, middle - 0.35, middle + 0.35, color=style["facecolor"], linewidth=0.8)
        right = right - np.minimum(0.25 * (right - left), 0.7 * point)
        xs, ys = np.stack([left, right, right, left], axis=1), np.stack([middle] * 4, axis=1)
        corners = np.stack([xs, ys + np.array([-0.35, -0.35, 0.35, 0.35])], axis=2)
        ax.add_collection(PolyCollection(list(corners), label=name, **style), autolim=False)
        handles.append(Patch(label=f"{name} ({int(is_one.sum()):,})", **colors.filled(ax, look)))
    return handles


def _joined(left: Any, right: Any, middle: Any, least: float) -> tuple[Any, Any, Any]:
    """Return bars of which those of one row are joined whose gaps are shorter than `least`."""
    order = np.lexsort((left, middle))
    left, right, middle = left[order], right[order], middle[order]
    # Rows are far apart, so that the end of one row is never near the next one.
    far = (right.max() - left.min() + 2 * least) * middle
    reach = np.maximum.accumulate(right + far)
    is_first = np.append(True, (left + far)[1:] - reach[:-1] > least)
    begins = np.flatnonzero(is_first)
    lasts = np.append(begins[1:], len(left)) - 1
    return left[begins], (reach - far)[lasts], middle[begins]


def _kinds(data: pd.DataFrame, runs: pd.DataFrame, by: str) -> list[tuple[str, colors.Look, Any]]:
    """Return the kinds of runs in the order of the legend: name, look, and which of the runs are of it."""
    if by == "status":
        known = data.reindex(columns=["status"])["status"]
        names = known.astype(object)[runs.index]
        looks = {name: colors.LOOKS[place] for name, place in _STATUSES.items()}
    else:
        names = inputs.builder_names(data).astype(object)[runs.index]
        time = (runs["end"] - runs["start"]).groupby(names).sum().sort_index()
        # Equal lengths of days differ in their last bits.
        time = time.round(9).sort_values(ascending=False, kind="stable")
        looks = dict(zip(time.index, colors.LOOKS, strict=False))
    kinds = [(name, look, (names == name).to_numpy(bool)) for name, look in looks.items()]
    rest = ~names.isin(list(looks)).to_numpy(bool)
    kinds.append((f"other {_PLURALS[by]}", colors.OTHERS, rest))
    return [(texts.short(name, 40), look, is_one) for name, look, is_one in kinds if is_one.any()]
