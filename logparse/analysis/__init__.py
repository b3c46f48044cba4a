"""Answers from tables: functions over frames that `logparse.load` gives."""

from logparse.analysis.compare import compare, split_at
from logparse.analysis.failuregroups import failure_groups
from logparse.analysis.failures import failures, near_timeout
from logparse.analysis.filters import Filter, parse_filter
from logparse.analysis.health import daily, health
from logparse.analysis.outliers import outliers
from logparse.analysis.phases import phases
from logparse.analysis.queue import queue
from logparse.analysis.specs import Spec, Specs, read_specs
from logparse.analysis.stability import stability
from logparse.analysis.trends import trends
from logparse.tables.owners import Owners

__all__ = [
    "Filter",
    "Owners",
    "Spec",
    "Specs",
    "compare",
    "daily",
    "failure_groups",
    "failures",
    "health",
    "near_timeout",
    "outliers",
    "parse_filter",
    "phases",
    "queue",
    "read_specs",
    "split_at",
    "stability",
    "trends",
]
