"""logparse turns LUCI Scheduler invocation logs into answers.

>>> import logparse as lp
>>> invocation = lp.parse("page.html")
>>> tables = lp.load("logs/")

`parse` gives the typed record of one invocation, `parse_many` all that a source holds, `load` the
tables as DataFrames. pandas is imported when the first table is asked for.
"""

from __future__ import annotations

from logparse.errors import GrammarError, InputError, LimitError, LogparseError
from logparse.reading import Dataset, load, parse, parse_many
from logparse.records import (
    Attempt,
    Bot,
    Build,
    Commit,
    Event,
    Finding,
    Gitiles,
    Invocation,
    Poll,
    Step,
    SwarmingTask,
    TriageLog,
    Trigger,
    UrlFetch,
)

__version__ = "0.1.0"

__all__ = [
    "Attempt",
    "Bot",
    "Build",
    "Commit",
    "Dataset",
    "Event",
    "Finding",
    "Gitiles",
    "GrammarError",
    "InputError",
    "Invocation",
    "LimitError",
    "LogparseError",
    "Poll",
    "Step",
    "SwarmingTask",
    "TriageLog",
    "Trigger",
    "UrlFetch",
    "__version__",
    "load",
    "parse",
    "parse_many",
]
