"""The columns that statistics need."""

from __future__ import annotations

from typing import Final

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
        for name in (
            *("project", "bucket", "builder", "builder_id", "bot_id", "build_id", "status", "odd"),
            *("created_at", "pending_s", "run_s", "revision"),
        )
    },
    "finished_at": "completed_at",
}
OF_BUILDS: Final = (
    *("build_id", "invocation_id", "project", "bucket", "builder", "builder_id", "bot_id", "status"),
    *("created_at", "completed_at", "run_s", "odd", *BOT_COLUMNS),
)
