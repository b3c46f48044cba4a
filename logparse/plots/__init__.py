"""Charts of records and tables.

Every function takes records that `logparse.parse` returned, or frames of `logparse.load`. It draws them on
the given Axes, or on new ones, and returns the Axes. It does not read, show or save anything. Times are UTC,
unless a chart has the argument ``tz`` and another time zone is named. Each chart has a note about the data
that it leaves out. Matplotlib comes with the extra ``logparse[plot]`` and is imported with the first chart.
Its settings are not changed. The colours fit the background that the settings give, light or dark.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from logparse.plots.breakdown import phase_breakdown
    from logparse.plots.distribution import latency_distribution
    from logparse.plots.gantt import bots
    from logparse.plots.pareto import failures
    from logparse.plots.percentile import percentiles
    from logparse.plots.phase import PHASES
    from logparse.plots.polls import poll_lateness, poll_rpc
    from logparse.plots.queue import queue_depth
    from logparse.plots.shares import ecdf
    from logparse.plots.timeline import phases
    from logparse.plots.week import heatmap

__all__ = [
    "PHASES",
    "bots",
    "ecdf",
    "failures",
    "heatmap",
    "latency_distribution",
    "percentiles",
    "phase_breakdown",
    "phases",
    "poll_lateness",
    "poll_rpc",
    "queue_depth",
]

_HOMES: Final = {
    "PHASES": "phase",
    "bots": "gantt",
    "ecdf": "shares",
    "failures": "pareto",
    "heatmap": "week",
    "latency_distribution": "distribution",
    "percentiles": "percentile",
    "phase_breakdown": "breakdown",
    "phases": "timeline",
    "poll_lateness": "polls",
    "poll_rpc": "polls",
    "queue_depth": "queue",
}


def __getattr__(name: str) -> Any:
    """Import a chart when it is first used, because Matplotlib takes long to import."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import_module("matplotlib")
    except ImportError as error:
        raise ImportError("charts need Matplotlib: pip install 'logparse[plot]'") from error
    return getattr(import_module(f"logparse.plots.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
