"""Columns that several tables have."""

from __future__ import annotations

from typing import Final

from logparse.columns.column import Column
from logparse.columns.column import derived as _d
from logparse.columns.column import plain as _c
from logparse.columns.derivations import ratio

#: The place of the invocation that a row belongs to, or of the build where there is none.
PLACE: Final = (
    _c("source_file", "text", "the source of its invocation, or of its build"),
    _c("source_line", "int", "the source_line of its invocation, or of its build"),
)
#: So that a dashboard needs no join.
WHOSE: Final = (
    *PLACE,
    _c("job_id", "text", "project/job of the invocation"),
    _c("builder_id", "text", "builder of the invocation: project/bucket/builder"),
)


def of_build(of: str = "") -> tuple[Column, ...]:
    """Return the columns that builds share with their invocations. `of` leads to the build's record."""
    return (
        _c("builder_id", "text", "project/bucket/builder, one name in both dialects of Buildbucket"),
        _c("origin", "text", "log, build (a file of builds) or both: where it was read"),
        _c("repeats", "int", "other copies of it in the inputs"),
        _c("error", "text", "why it failed or was aborted, in one line"),
        Column("tags", "json", "tags of the build, else of the request: a list of key:value", "", True),
        Column(
            "input_properties", "json", "properties that the build was given", f"{of}input_properties", True
        ),
        _c("requested_pool", "text", "pool of bots that the build asked for", f"{of}requested_pool"),
        _c("requested_os", "text", "operating system that the build asked for", f"{of}requested_os"),
        Column(
            "requested_dimensions",
            "json",
            "dimensions of the bot that the build asked for: lists by key",
            f"{of}requested_dimensions",
            True,
        ),
        _c(
            "infra_reason",
            "text",
            "why the infrastructure ended the build: no_bot_in_time, execution_timeout, canceled or other",
            f"{of}infra_reason",
        ),
        _c("scheduling_timeout_s", "float", "longest time to wait for a bot", f"{of}scheduling_timeout_s"),
        _c("execution_timeout_s", "float", "longest time to run", f"{of}execution_timeout_s"),
        _d("timeout_used", ratio("run_s", "execution_timeout_s")),
        _c("setup_s", "float", "time that the agent took to install what the build needs", f"{of}setup_s"),
        _c("parent_build_id", "text", "build that started this one", f"{of}parent_build_id"),
        _c("canceled_by", "text", "identity that canceled the build", f"{of}canceled_by"),
        _c("cancel_reason", "text", "why it was canceled, as written there", f"{of}cancel_reason"),
        _c(
            "critical",
            "bool",
            "whether a failure counts against the commit; null where unset",
            f"{of}critical",
        ),
    )
