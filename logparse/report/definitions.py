"""How each number of a report is defined: the words of the schema, and those of the report itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from logparse.analysis.failures import CAUSES
from logparse.analysis.failures import FAILURES as FAILURE_COLUMNS
from logparse.analysis.health import HEALTH, METRICS
from logparse.analysis.queue import QUEUE
from logparse.columns import TABLES, Column


class Definition(NamedTuple):
    """A name, its unit where it has one, and its meaning."""

    name: str
    unit: str
    meaning: str


class Group(NamedTuple):
    """Definitions under a heading."""

    heading: str
    definitions: Sequence[Definition]


_OWN: Final = (
    (
        "run",
        "one row of this page: an invocation with its build, or a build that no invocation in the inputs"
        " asked for",
    ),
    ("selected", "runs that were created within the range of time, and that fit all filters"),
    (
        "p50, p90, p95, p99",
        "percentiles: so many of 100 known values are at most this long. Between two values they are on the"
        " straight line. p50 is the median",
    ),
    (
        "unknown",
        "a dash. No input says it. An unknown value counts in no sum, mean or percentile, and is never 0",
    ),
    (
        "still waiting, still running",
        "runs whose end the inputs do not show. Their times are not known, and are in no percentile. They are"
        " counted beside the percentiles",
    ),
    (
        "odd",
        "impossible values, as a run of −1 year. They are in no statistic, and are counted",
    ),
    ("pool", "the pool of bots that the build asked for, else the pool of its bot"),
    (
        "milliseconds",
        "durations are rounded to whole milliseconds in this page; logparse export has microseconds",
    ),
    ("time", "all times are UTC"),
)
_PHASES: Final = ("scheduler_wait_s", "launch_s", "pending_s", "run_s", "finish_lag_s", "duration_s")
_TIMES: Final = ("created_at", "queue_latency_s")
_POLLING: Final = (
    *("poll_count", "poll_unchanged", "poll_rpc_s", "poll_rpc_max_s", "poll_overhead_ratio"),
    *("poll_lateness_mean_s", "notification_count", "start_notify_lag_s", "finish_notify_lag_s"),
)
_GROUPS: Final = (
    *("succeeded", "failed", "aborted", "unfinished", "success_rate", "busy_s", "utilization", "first_seen"),
    *("last_seen", "odd"),
)
_QUEUE: Final = ("waiting_mean", "running_mean", "oldest_wait_s")
_HEALTH: Final = ("unhealthy", "days", "bad_days", "days_left", "near")
_FAILURES: Final = ("detail", "failed", "share", "bot_hours")


def definitions() -> list[Group]:
    """Return the definitions of all numbers of a report, in groups."""
    invocations = TABLES["invocations"]
    return [
        Group("Words of this page", [Definition(name, "", meaning) for name, meaning in _OWN]),
        Group("Phases of a run", [*_chosen(invocations, (*_PHASES, *_TIMES))]),
        Group("Names", [*_chosen(invocations, ("builder_id", "bot_id", "status", "job_id"))]),
        Group("Statistics", [*_chosen(TABLES["builders"], _GROUPS)]),
        Group("Queue over time", [*_chosen(QUEUE, _QUEUE)]),
        Group(
            "Health",
            [
                *(Definition(name, "", meaning) for name, meaning in METRICS.items()),
                *_chosen(HEALTH, _HEALTH),
            ],
        ),
        Group("Polling", [*_chosen(invocations, _POLLING)]),
        Group(
            "Failures",
            [
                *_chosen(FAILURE_COLUMNS, _FAILURES),
                *(Definition(name, "", meaning) for name, meaning in CAUSES.items()),
            ],
        ),
    ]


def _chosen(columns: Iterable[Column], names: Sequence[str]) -> Iterator[Definition]:
    known = {column.name: column for column in columns}
    return (Definition(name, _unit(known[name]), known[name].meaning) for name in names)


def _unit(column: Column) -> str:
    if column.unit == "s":
        return "seconds"
    return "UTC" if column.type == "time" else ""
