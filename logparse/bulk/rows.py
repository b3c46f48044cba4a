"""The rows of the tables that plain pages give: for each table a function that returns its columns.

A column is a list, an array, an array with nulls, an array of Arrow, or one value for all rows. Where it
takes time, it is a function that returns one of these. Times are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from logparse.batches.arrow import Array
from logparse.batches.arrowarrays import from_numbers, from_places, from_texts, joined
from logparse.bulk.checks import STATUSES
from logparse.bulk.events import read_events
from logparse.bulk.table import Invocations
from logparse.columns import TABLES
from logparse.columns.derivations import Values, batch_of
from logparse.columns.derive import ROW_WISE
from logparse.lazy import pyarrow as pa
from logparse.records import Commit
from logparse.records.builds import Bot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

Columns = Mapping[str, Any]


class Shared:
    """The values of one row for each row of a table of parts: `values` are those of the owners."""

    def __init__(self, values: Sequence[Any], owners: NDArray[Any]) -> None:
        self.values = values
        self.owners = owners


def invocation_rows(made: Invocations) -> Columns:
    """Return the columns of the table of invocations."""
    built, requests, measures = made.built, made.requests, made.measures
    commits = cache(
        lambda: [request.commit or known for request, known in zip(requests, made.commits, strict=True)]
    )
    counts = [None if page.asked.triggers is None else len(page.asked.triggers) for page in made.pages]
    given = {
        **made.named,
        **_commit(commits),
        **{name: partial(built.__getitem__, name) for name in _OF_BUILDS},
        "invocation_id": made.ids,
        "job_id": made.jobs,
        "project": [project for project, _ in made.projects],
        "job": [job for _, job in made.projects],
        "status": [page.status or page.head.status or "RUNNING" for page in made.pages],
        "triggered_by": [head.triggered_by for head in made.heads],
        "build_id": built["id"],
        "build_number": built["number"],
        "build_url": [page.url for page in made.pages],
        "build_status": made.status,
        "bot_id": built["bot.id"],
        "trigger_count": counts,
        "clock_offset_min_s": lambda: made.offsets[0],
        "clock_offset_max_s": lambda: made.offsets[1],
        "source": made.names,
        "source_line": made.lines,
        "error": lambda: made.ends[0],
        "infra_reason": lambda: made.ends[1],
        "tags": lambda: [
            tags or list(request.tags) for tags, request in zip(built.tags, requests, strict=True)
        ],
    }
    return _declared("invocations", {**_ALWAYS, **given, **measures})


def build_rows(made: Invocations) -> Columns:
    """Return the columns of the table of builds."""
    built, measures = made.built, made.measures
    bots = cache(
        lambda: [
            None if not found and bot_id is None else _bot(id(found), found or {})
            for bot_id, found in zip(built["bot.id"], built["bot.dimensions"], strict=True)
        ]
    )
    given = {
        **_commit(lambda: built["commit"]),
        **{name: partial(built.__getitem__, name) for name in (*_OF_BUILDS, *_OF_BUILDS_ALONE)},
        **{name: lambda name=name: [bot and bot[name] for bot in bots()] for name in _DIMENSIONS},
        "build_id": built["id"],
        "invocation_id": made.ids,
        "build_number": built["number"],
        "status": made.status,
        "bot_id": built["bot.id"],
        "dimensions": lambda: [
            None if bot is None else found or {}
            for bot, found in zip(bots(), built["bot.dimensions"], strict=True)
        ],
        "experiments": lambda: [found or [] for found in built["experiments"]],
        "properties": lambda: [found or {} for found in built["properties"]],
        "builder_id": made.named["builder_id"],
        "origin": "log",
        "repeats": 0,
        "error": lambda: made.ends[0],
        "infra_reason": lambda: made.ends[1],
        "tags": lambda: built.tags,
        "odd": 0,
        "source_file": made.names,
        "source_line": made.lines,
        **{name: measures[name] for name in ("pending_s", "run_s", "timeout_used")},
    }
    return _declared("builds", given)


def poll_rows(made: Invocations) -> Columns:
    """Return the columns of the table of status checks."""
    checks = made.checks
    names = [None if name is None else name for name in STATUSES.names]
    return _declared(
        "polls",
        {
            **made.polls,
            **_whose(made, checks.owner),
            "seq": checks.seq,
            "source": Shared(["pubsub", "timer"], checks.is_timed.astype(np.int64)),
            "timer_id": _timer_ids(made),
            "status": Shared(names, checks.status),
            "changed": Values(checks.changed, ~checks.is_answered),
            "answered": checks.is_answered,
        },
    )


def _timer_ids(made: Invocations) -> Array:
    """Return the id of the timer of each status check, null where no timer started it."""
    checks = made.checks
    timed = np.flatnonzero(checks.is_timed)
    places = np.where(checks.is_timed, np.cumsum(checks.is_timed) - 1, 0)
    keys = from_places(made.reading.pack.data, checks.key_at[timed], checks.key_end[timed])
    begins = [f"{job}:{identifier}:" for job, identifier in zip(made.jobs, made.ids, strict=True)]
    owners = from_numbers(checks.owner[timed], pa.int64())
    ids = joined(from_texts(begins).take(owners), keys)
    return ids.take(from_numbers(places, pa.int64(), ~checks.is_timed))


def attempt_rows(made: Invocations) -> Columns:
    """Return the columns of the table of attempts."""
    none = np.zeros(made.size, dtype=bool)
    known = {"started_at": Values(made.launched_us, none), "ended_at": Values(made.answered_us, none)}
    known["duration_s"] = batch_of(ROW_WISE["attempts"]["duration_s"], known)
    whose = _whose(made, np.arange(made.size))
    return _declared("attempts", {**known, **whose, "attempt": 1, "outcome": "launched"})


def trigger_rows(made: Invocations) -> Columns:
    """Return the columns of the table of triggers."""
    listed = [page.asked.triggers or () for page in made.pages]
    flat = [trigger for triggers in listed for trigger in triggers]
    owners = np.repeat(np.arange(made.size), [len(triggers) for triggers in listed])
    return _declared(
        "triggers",
        {
            **_whose(made, owners),
            "direction": "incoming",
            "id": [trigger.id or None for trigger in flat],
            "title": [trigger.title or None for trigger in flat],
            "url": [trigger.url or None for trigger in flat],
            "repository": [trigger.gitiles.repo or None for trigger in flat],
            "ref": [trigger.gitiles.ref or None for trigger in flat],
            "revision": [trigger.gitiles.revision or None for trigger in flat],
        },
    )


def event_rows(made: Invocations) -> Columns:
    """Return the columns of the table of events."""
    found = read_events(made)
    whose = _whose(made, found.owners)
    return _declared(
        "events",
        {
            **whose,
            **{name: getattr(found, name) for name in ("seq", "line", "at", "attempt", "offset_s")},
            "source": whose["source_file"],
            "kind": Shared(found.kinds, found.kind),
            "fields": found.fields,
            "text": found.lines,
            "clock": found.clocks,
            "suspicious": 0,
        },
    )


#: The tables of parts of invocations, and where the rows of each invocation begin.
ROWS: Final[dict[str, Callable[[Invocations], Columns]]] = {
    "invocations": invocation_rows,
    "builds": build_rows,
    "polls": poll_rows,
    "attempts": attempt_rows,
    "triggers": trigger_rows,
    "events": event_rows,
}
#: Columns of both tables, which are fields of builds.
_OF_BUILDS: Final = (
    *("swarming_task_id", "input_properties", "requested_pool", "requested_os", "requested_dimensions"),
    *("scheduling_timeout_s", "execution_timeout_s", "setup_s", "parent_build_id", "canceled_by"),
    *("cancel_reason", "critical"),
)
_OF_BUILDS_ALONE: Final = (
    *("project", "bucket", "builder", "created_at", "started_at", "completed_at", "updated_at", "priority"),
    *("exe", "created_by", "url", "summary_markdown"),
)
_DIMENSIONS: Final = ("pool", "os", "cpu", "cores", "machine_type", "zone")


def _declared(table: str, given: Columns) -> Columns:
    """Return the columns of a table in order. A column that is not given is not known."""
    return {column.name: given.get(column.name) for column in TABLES[table]}


def _whose(made: Invocations, owners: NDArray[Any]) -> Columns:
    """Return the columns that say which invocation each row belongs to."""
    whose: dict[str, Any] = {
        "invocation_id": made.ids,
        "source_file": made.names,
        "source_line": made.lines,
        "job_id": made.jobs,
        "builder_id": made.named["builder_id"],
    }
    return {name: Shared(values, owners) for name, values in whose.items()}


def _commit(commits: Callable[[], Sequence[Commit | None]]) -> Columns:
    return {
        name: lambda name=name: [commit and getattr(commit, name) for commit in commits()]
        for name in Commit.__struct_fields__
    }


#: Values of all plain pages.
_ALWAYS: Final = {
    "task_kind": "buildbucket",
    "attempts": 1,
    "truncated": False,
    "unrecognized": 0,
    "suspicious": 0,
    "id_from": "request",
    "origin": "log",
    "repeats": 0,
    "odd": 0,
}
#: Dimensions are read once for all builds of a bot, so that their objects are the same.
_bots: Final[dict[int, tuple[Any, dict[str, Any]]]] = {}


def _bot(identity: int, dimensions: dict[str, list[str]]) -> dict[str, Any]:
    """Return the columns that a bot's dimensions give."""
    known = _bots.get(identity)
    if known is None or known[0] is not dimensions:
        if len(_bots) >= 4_096:
            _bots.clear()
        bot = Bot(dimensions=dimensions)
        known = _bots[identity] = dimensions, {name: getattr(bot, name) for name in _DIMENSIONS}
    return known[1]
