"""The charts of status checks: the times to the answers, and the lateness of the timers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from logparse.plots import canvas, colors, inputs, scales, texts, units
from logparse.plots.times import instants, time_axis
from logparse.records import Invocation, Poll

#: Each source of checks: its value, words, colour and marker.
_SOURCES: Final = (
    ("timer", "timer", colors.BLUE, "o"),
    ("pubsub", "PubSub notification", colors.ORANGE, "D"),
)
#: More checks than these are small markers, and have no stems, which would be one area.
_MOST_LARGE: Final = 2_000
#: Lateness is drawn in milliseconds: so long is a second.
_SECOND_IN_MS: Final = 1000.0


def poll_rpc(polls: pd.DataFrame | Iterable[Poll] | Invocation, ax: Axes | None = None) -> Axes:
    """Draw how long each status check waited for Buildbucket's answer, and name the slowest.

    Parameters
    ----------
    polls:
        The table ``polls``, records, or an invocation with its records. Used are ``handled_at``
        (the position), ``rpc_s`` (seconds), ``source`` (the marker) and ``invocation_id``.
    ax:
        Where to draw; new Axes if None.

    Returns
    -------
    Axes
        A line of markers for each source; positions are days since 1970 and seconds. Checks
        without an answer are crosses at zero. Gaps that take over a tenth of the time are cut out.
        The scale is logarithmic where the slowest answer is over 50 times the lower quartile.

    Raises
    ------
    UsageError
        For something else than status checks.
    """
    data = inputs.polls(polls, "poll_rpc", ("handled_at", "rpc_s", "source"))
    at, rpc = inputs.times(data, "handled_at", "poll_rpc"), inputs.numbers(data, "rpc_s", "poll_rpc")
    ax = canvas.axes(ax, "poll_rpc", 9, 3.4)
    title = f"Answers to status checks{_whose(data)}"
    odd = inputs.odd_ones("rpc_s", rpc)
    shown = at.notna() & ~odd
    if not shown.any():
        why = "the times of the checks are not known" if at.isna().all() else "no status check can be drawn"
        return _nothing(ax, title, why if len(data) else "no status checks")
    notes = [
        *inputs.of(int((at.isna() & ~odd).sum()), len(data), "at unknown times"),
        *inputs.of(int(odd.sum()), len(data), "with an odd duration"),
    ]
    at, rpc = at[shown], rpc[shown]
    silent = rpc.isna()
    values = [*rpc[~silent], *([0.0] if silent.any() else [])]
    unit = scales.duration_axis(ax, "y", values, from_zero=bool(silent.any()), lead=0.03, tail=0.15)
    canvas.label(ax, "y", f"handled to answered {unit}")
    canvas.label(ax, "x", time_axis(ax, "check begun", at), notes)
    _grid(ax)
    _answers(ax, data["source"][shown], instants(at), rpc)
    if not silent.all():
        _slowest(ax, at[~silent], rpc[~silent])
    canvas.head(ax, title, ax.get_legend_handles_labels()[0])
    return canvas.settle(ax)


def _answers(ax: Axes, sources: pd.Series[Any], x: Any, rpc: pd.Series[float]) -> None:
    """Draw a line of markers for each source of checks, and crosses for those without an answer."""
    known = sources.astype("string").fillna("")
    styles = [*_SOURCES, ("", "unknown source", colors.VERMILION, "s")]
    kinds = known.where(known.isin([source for source, *_ in _SOURCES]), "")
    for source, label, color, marker in styles:
        chosen = ((kinds == source) & rpc.notna()).to_numpy(bool)
        if chosen.any():
            y = rpc.to_numpy(float)[chosen]
            style = {"color": colors.visible(ax, color), **canvas.as_picture(len(y))}
            style["markersize"] = _size(len(rpc))
            ax.plot(x[chosen], y, marker, label=f"{label} ({len(y):,})", **style)
    silent = rpc.isna().to_numpy(bool)
    if silent.any():
        name = f"no answer ({silent.sum():,})"
        zeros, style = np.zeros(int(silent.sum())), canvas.as_picture(int(silent.sum()))
        ax.plot(
            x[silent], zeros, "x", color=colors.ink(ax), markersize=_size(len(rpc)) + 1, label=name, **style
        )


def _slowest(ax: Axes, at: pd.Series[Any], rpc: pd.Series[float]) -> None:
    """Name the slowest check at its point, on the side with more space."""
    last = rpc.sort_values(kind="stable").index[-1]
    clock = f"{at[last]:%H:%M:%S}" if at.dt.date.nunique() == 1 else f"{at[last]:%Y-%m-%d %H:%M:%S}"
    text = f"slowest: {units.said(rpc[last])} at {clock}"
    x = float(instants(at[[last]])[0])
    place = float(ax.transAxes.inverted().transform(ax.transData.transform((x, 0)))[0])
    right = place < 0.5
    wide = canvas.room(ax)[0] * max(place, 1 - place) - 12
    text = texts.fitted(text, wide, "small")
    canvas.small_text(
        ax, text, (x, float(rpc[last])), xytext=(8 if right else -8, 0), ha="left" if right else "right"
    )


def poll_lateness(polls: pd.DataFrame | Iterable[Poll] | Invocation, ax: Axes | None = None) -> Axes:
    """Draw how late each timer of a status check came; early ones are below zero.

    Parameters
    ----------
    polls:
        The table ``polls``, records, or an invocation with its records. Used are ``due_at`` (the
        position), ``lateness_s`` (seconds), ``source`` and ``invocation_id``. Checks that PubSub
        started were never due: they are counted and not drawn.
    ax:
        Where to draw; new Axes if None.

    Returns
    -------
    Axes
        A line of markers each for late and early timers. Up to 2,000 have stems from the line of zero.
        Positions are days since 1970 and milliseconds, whichever unit the ticks have. The scale is
        logarithmic where the latest is over 50 times the lower quartile.

    Raises
    ------
    UsageError
        For something else than status checks.
    """
    chart = "poll_lateness"
    data = inputs.polls(polls, chart, ("due_at", "lateness_s", "source"))
    at, late = inputs.times(data, "due_at", chart), inputs.numbers(data, "lateness_s", chart)
    ax = canvas.axes(ax, chart, 9, 3.4)
    title = f"Lateness of the timers{_whose(data)}"
    timers = late.notna() | (data["source"] == "timer").fillna(False).astype(bool)
    odd = inputs.odd_ones("lateness_s", late)
    shown = late.notna() & at.notna() & ~odd
    if not shown.any():
        return _nothing(ax, title, "when the timers were due is not known" if timers.any() else "no timers")
    notes = [
        *inputs.of(int((~timers).sum()), len(data), "not started by a timer"),
        *inputs.of(int((timers & ~shown & ~odd).sum()), len(data), "at unknown times"),
        *inputs.of(int(odd.sum()), len(data), "with an odd lateness"),
    ]
    at, late = at[shown], late[shown]
    unit = scales.duration_axis(ax, "y", list(late), from_zero=True, tail=0.1, second=_SECOND_IN_MS)
    canvas.label(ax, "y", f"lateness: handled minus due {unit}")
    canvas.label(ax, "x", time_axis(ax, "timer due", at), notes)
    _grid(ax)
    _stems(ax, instants(at), late)
    canvas.head(ax, title, ax.get_legend_handles_labels()[0])
    return canvas.settle(ax)


def _stems(ax: Axes, x: Any, late: pd.Series[float]) -> None:
    y = late.to_numpy(float) * _SECOND_IN_MS
    for chosen, label, color in ((y >= 0, "late", colors.BLUE), (y < 0, "early", colors.VERMILION)):
        if chosen.any():
            style = {"color": colors.visible(ax, color), **canvas.as_picture(int(chosen.sum()))}
            if len(y) <= _MOST_LARGE:
                ax.vlines(x[chosen], 0, y[chosen], linewidth=1, **style)
            name = f"{label} ({chosen.sum():,})"
            ax.plot(x[chosen], y[chosen], "o", markersize=_size(len(y)), label=name, **style)
    mean = float(np.mean(y))
    label = f"mean {units.said(mean / _SECOND_IN_MS)}"
    ax.axhline(mean, color=colors.muted(ax), linestyle="--", linewidth=1, label=label)
    ax.axhline(0, color=colors.ink(ax), linewidth=0.8)


def _size(number: int) -> float:
    """Return the size of the markers of so many checks."""
    return 5 if number <= _MOST_LARGE else 2


def _whose(polls: pd.DataFrame) -> str:
    if "invocation_id" not in polls.columns:
        return ""
    ids = polls["invocation_id"].dropna().unique()
    if len(ids) == 1:
        return f" of invocation {texts.short(ids[0], 40)}"
    return f" of {len(ids):,} invocations" if len(ids) else ""


def _grid(ax: Axes) -> None:
    ax.grid(visible=False, axis="x")
    ax.grid(visible=True, axis="y", color=colors.muted(ax), alpha=0.35, linewidth=0.6)
    ax.set_axisbelow(True)


def _nothing(ax: Axes, title: str, why: str) -> Axes:
    canvas.head(ax, title)
    canvas.nothing(ax, why)
    return canvas.settle(ax)
