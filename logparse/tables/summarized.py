"""The columns that statistics need, and the keys that they group by."""

from __future__ import annotations

from typing import Final

#: What the command line groups by, and the columns that this is.
GROUP_KEYS: Final = {
    "builder": ("builder_id",),
    "bot": ("bot_id",),
    "job": ("job_id",),
    "status": ("status",),
    "day": ("day",),
    "project": ("project",),
    "task_kind": ("task_kind",),
    "pool": ("pool",),
    "os": ("os",),
    "machine_type": ("machine_type",),
    "zone": ("zone",),
    "hour": ("hour",),
    "weekday": ("weekday",),
    "week": ("week",),
}
#: A builder's parts, shown beside its id as its newest record writes them.
BUILDER_COLUMNS: Final = ("project", "bucket", "builder")
#: The columns that statistics are made of.
COUNTED: Final = (
    *("invocation_id", "status", "created_at", "finished_at", "build_id", "run_s", "queue_latency_s"),
    *("poll_count", "poll_rpc_s", "source", "odd"),
)
#: The columns that statistics are computed from, and those that show which of their values are odd.
SUMMARIZED: Final = frozenset(
    {*COUNTED, "pending_s", "origin", "build_started_at", "build_completed_at"},
)
BOT_COLUMNS: Final = ("pool", "os", "cpu", "cores", "machine_type", "zone")
#: The columns that a build without an invocation has as a row of invocations, with their names in `builds`.
OF_ALONE: Final = {
    **{
        name: name
        for name in ("project", "bucket", "builder", "builder_id", "bot_id", "build_id", "status", "odd")
    },
    "created_at": "created_at",
    "finished_at": "completed_at",
    "run_s": "run_s",
}
OF_BUILDS: Final = (
    *("build_id", "invocation_id", "project", "bucket", "builder", "builder_id", "bot_id", "status"),
    *("created_at", "completed_at", "run_s", "odd", *BOT_COLUMNS),
)
