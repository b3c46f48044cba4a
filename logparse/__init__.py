"""logparse turns LUCI Scheduler invocation logs into answers.

>>> import logparse as lp
>>> invocation = lp.parse("page.html")
>>> tables = lp.load("logs/")

`parse` gives the typed record of one invocation, `parse_many` the records of all that an input holds,
`load` the tables as DataFrames; `read_tables` reads back the files of ``logparse export``. `ingest` adds to a
dataset of Parquet, which `load` and the commands read in the place of logs. `metrics` has statistics of
tables, `analysis` answers from them, `plots` charts, and `report` makes an HTML page. `simulate` writes pages
and builds of a simulated fleet. A wrong argument raises `UsageError`, an input that cannot be read
`InputError`, or `InputWarning` from `load`.
Everything is imported when it is first used, pandas with the first table.
"""

from __future__ import annotations

from logparse.version import VERSION as __version__

# The module typing takes longer to import than all that this module needs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from logparse import analysis, metrics, plots, report
    from logparse.errors import GrammarError, InputError, InputWarning, LimitError, LogparseError, UsageError
    from logparse.ingest import Ingested, ingest
    from logparse.loading import load
    from logparse.loading.dataset import Dataset
    from logparse.query import connect
    from logparse.reading import parse, parse_many
    from logparse.records import (
        Attempt,
        Bot,
        Build,
        Commit,
        Cut,
        Event,
        Finding,
        Gitiles,
        Invocation,
        Noop,
        Poll,
        Step,
        SwarmingTask,
        TriageLog,
        Trigger,
        UrlFetch,
    )
    from logparse.simulator import Simulation, simulate
    from logparse.stored import read_tables


__all__ = [
    "Attempt",
    "Bot",
    "Build",
    "Commit",
    "Cut",
    "Dataset",
    "Event",
    "Finding",
    "Gitiles",
    "GrammarError",
    "Ingested",
    "InputError",
    "InputWarning",
    "Invocation",
    "LimitError",
    "LogparseError",
    "Noop",
    "Poll",
    "Simulation",
    "Step",
    "SwarmingTask",
    "TriageLog",
    "Trigger",
    "UrlFetch",
    "UsageError",
    "__version__",
    "analysis",
    "connect",
    "ingest",
    "load",
    "metrics",
    "parse",
    "parse_many",
    "plots",
    "read_tables",
    "report",
    "simulate",
]

_HOMES: Final = {
    **dict.fromkeys(
        ("GrammarError", "InputError", "InputWarning", "LimitError", "LogparseError", "UsageError"),
        "logparse.errors",
    ),
    **dict.fromkeys(("parse", "parse_many"), "logparse.reading"),
    "Dataset": "logparse.loading.dataset",
    "connect": "logparse.query",
    **dict.fromkeys(("Ingested", "ingest"), "logparse.ingest"),
    "load": "logparse.loading",
    "read_tables": "logparse.stored",
    **dict.fromkeys(("Simulation", "simulate"), "logparse.simulator"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, so that the command line, which needs little, starts fast."""
    from importlib import import_module

    if name in ("analysis", "metrics", "plots", "report"):
        return import_module(f"logparse.{name}")
    if name not in __all__:
        from difflib import get_close_matches

        like = [] if name.startswith("_") else get_close_matches(name, __all__, 1)
        hint = f"; did you mean {like[0]!r}?" if like else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    return getattr(import_module(_HOMES.get(name, "logparse.records")), name)


def __dir__() -> list[str]:
    return __all__
