"""The tables: every column's name, type and meaning, once.

Dashboards are built on these names, so a released one never changes; columns may be added.
Times are UTC, durations are seconds in columns that end in ``_s``, ids are text, unknown is null.
"""

from __future__ import annotations

from typing import Final

from logparse.columns.builds import BUILDS, STEPS
from logparse.columns.column import Column
from logparse.columns.findings import FAILURES, FINDINGS
from logparse.columns.groups import BOTS, BUILDERS, JOBS
from logparse.columns.invocations import ATTEMPTS, EVENTS, INVOCATIONS, POLLS, TRIGGERS, UNRECOGNIZED

__all__ = ["SCHEMA_VERSION", "TABLES", "TABLE_MEANINGS", "Column"]

#: The version of the tables, which files name. It rises when a column or a table gets another type or
#: meaning, so that an older logparse would read it wrongly. A column that is added does not change it.
SCHEMA_VERSION: Final = 1

#: All tables by name, in the order in which ``--table all`` writes them.
TABLES: Final = {
    "invocations": INVOCATIONS,
    "events": EVENTS,
    "polls": POLLS,
    "attempts": ATTEMPTS,
    "builds": BUILDS,
    "steps": STEPS,
    "triggers": TRIGGERS,
    "unrecognized": UNRECOGNIZED,
    "findings": FINDINGS,
    "failures": FAILURES,
    "bots": BOTS,
    "builders": BUILDERS,
    "jobs": JOBS,
}

#: The rows of each table, in a sentence.
TABLE_MEANINGS: Final = {
    "invocations": "One row for each invocation.",
    "events": "One row for each entry of a log.",
    "polls": "One row for each status check of a build.",
    "attempts": "One row for each attempt to launch a build.",
    "builds": "One row for each build of Buildbucket.",
    "steps": "One row for each step of a build.",
    "triggers": "One row for each trigger, incoming or outgoing.",
    "unrecognized": "One row for each entry of no known kind.",
    "findings": "One row for each thing that was not understood or contradicts itself.",
    "failures": "One row for each input, or part of one, that could not be read or was skipped.",
    "bots": "Statistics of invocations and builds, one row for each bot.",
    "builders": "Statistics of invocations and builds, one row for each builder.",
    "jobs": "Statistics of invocations, one row for each job.",
}
