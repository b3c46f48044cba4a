"""logparse turns LUCI Scheduler invocation logs into answers.

>>> import logparse as lp
>>> invocation = lp.parse("page.html")
>>> tables = lp.load("logs/")

`parse` gives the typed record of one invocation, `parse_many` all that a source holds, `load` the
tables as DataFrames, `read_tables` reads back what ``logparse export`` wrote. Everything is imported
when it is first used, pandas with the first table.
"""

from __future__ import annotations

# The module typing takes longer to import than all that this module needs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from logparse import metrics, plots
    from logparse.dataset import Dataset
    from logparse.errors import GrammarError, InputError, LimitError, LogparseError
    from logparse.loading import load
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
    from logparse.stored import read_tables

__version__ = "0.3.0"

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
    "InputError",
    "Invocation",
    "LimitError",
    "LogparseError",
    "Noop",
    "Poll",
    "Step",
    "SwarmingTask",
    "TriageLog",
    "Trigger",
    "UrlFetch",
    "__version__",
    "load",
    "metrics",
    "parse",
    "parse_many",
    "plots",
    "read_tables",
]

_HOMES: Final = {
    **dict.fromkeys(("GrammarError", "InputError", "LimitError", "LogparseError"), "logparse.errors"),
    **dict.fromkeys(("parse", "parse_many"), "logparse.reading"),
    "Dataset": "logparse.dataset",
    "load": "logparse.loading",
    "read_tables": "logparse.stored",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, so that the command line, which needs little, starts fast."""
    from importlib import import_module

    if name in ("metrics", "plots"):
        return import_module(f"logparse.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "logparse.records")), name)


def __dir__() -> list[str]:
    return __all__
