"""The charts of ``logparse plot``: names, meanings, options, and the tables that they are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import click

from logparse.cli import grouping

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from logparse.loading.dataset import Dataset

#: The keys that charts group by. Tables do not have owners.
KEYS: Final = tuple(key for key in grouping.KEYS if key != "owner")
#: The first argument of a chart's function: the frame that it draws.
Made: TypeAlias = "pd.DataFrame"


class Chart(NamedTuple):
    """A chart of the command.

    Attributes
    ----------
    meaning:
        Its line in the help.
    tables:
        The tables that it needs.
    made:
        Makes the frame that the function of `logparse.plots` of the same name draws.
    by:
        The keys that it can group by.
    options:
        The names of its other options: ``metric``, ``tz`` and ``day``.
    """

    meaning: str
    tables: tuple[str, ...]
    made: Callable[[Dataset], Made]
    by: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()


def _one(data: Dataset) -> Made:
    number = data.sizes.invocations
    if number > 1:
        raise click.UsageError(
            f"phases draws one invocation, and {number:,} were read. Choose one with "
            "--where invocation_id=ID, or draw all with phase_breakdown.",
            click.get_current_context(),
        )
    return data.invocations


def _invocations(data: Dataset) -> Made:
    return data.invocations


def _units(data: Dataset) -> Made:
    """Return invocations, and builds without one, each with the known facts about its bot."""
    from logparse import metrics

    return metrics.with_bots(metrics.with_builds(data.invocations, data.builds), data.builds)


def _builds(data: Dataset) -> Made:
    return data.builds


def _failed(data: Dataset) -> Made:
    from logparse import analysis

    return analysis.failures(data.invocations, data.builds)


def _polls(data: Dataset) -> Made:
    return data.polls


_COUNTED: Final = ("invocations", "builds")

#: The charts in the order of the help. Each is the function of `logparse.plots` of its name.
CHARTS: Final = {
    "phases": Chart("where the time of one invocation went", ("invocations",), _one),
    "phase_breakdown": Chart("the phases of many invocations as bars", ("invocations",), _invocations),
    "latency_distribution": Chart(
        "a duration by group, every value a dot", _COUNTED, _units, KEYS, frozenset({"metric"})
    ),
    "ecdf": Chart(
        "the distribution of a duration: shares, boxes and dots",
        _COUNTED,
        _units,
        KEYS,
        frozenset({"metric"}),
    ),
    "percentiles": Chart(
        "the percentiles of a duration over time",
        _COUNTED,
        _units,
        ("day", "hour", "week"),
        frozenset({"metric", "tz"}),
    ),
    "heatmap": Chart(
        "invocations, or the median of a duration, by hour and weekday",
        _COUNTED,
        _units,
        (),
        frozenset({"metric", "tz"}),
    ),
    "queue_depth": Chart(
        "builds that wait for a bot and run, and the oldest wait", ("builds",), _builds, (), frozenset({"tz"})
    ),
    "bots": Chart(
        "when each bot ran builds on one day",
        ("builds",),
        _builds,
        ("status", "builder"),
        frozenset({"tz", "day"}),
    ),
    "failures": Chart(
        "failures by cause, with the share of all so far", _COUNTED, _failed, ("cause", "detail")
    ),
    "poll_rpc": Chart("how long each status check waited for its answer", ("polls",), _polls),
    "poll_lateness": Chart("how late each timer of a status check came", ("polls",), _polls),
}


def draw(name: str, data: Dataset, ax: Axes | None, **options: Any) -> Axes:
    """Draw a chart of what was read.

    Parameters
    ----------
    name:
        A key of `CHARTS`.
    ax:
        Where to draw; new Axes of the chart's own size if None.
    options:
        Of the chart's function.

    Raises
    ------
    ImportError
        If Matplotlib is missing.
    """
    from logparse import plots

    drawn: Axes = getattr(plots, name)(CHARTS[name].made(data), ax=ax, **options)
    return drawn
