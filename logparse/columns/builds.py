"""The tables of builds and their steps."""

from __future__ import annotations

from typing import Final

from logparse.columns.column import derived as _d
from logparse.columns.column import plain as _c
from logparse.columns.derivations import difference
from logparse.columns.shared import PLACE, of_build

BUILDS: Final = (
    _c("build_id", "text", "Buildbucket's id", "id"),
    _c("invocation_id", "text", "of the invocation that asked for it; null for a build of its own"),
    _c("build_number", "int", "number within its builder", "number"),
    _c("project", "text", "LUCI project"),
    _c("bucket", "text", "Buildbucket's bucket"),
    _c("builder", "text", "Buildbucket's builder"),
    _c("status", "text", "in version 2's words"),
    _c("created_at", "time", "Buildbucket's clock"),
    _c("started_at", "time", "Buildbucket's clock"),
    _c("completed_at", "time", "Buildbucket's clock"),
    _c("updated_at", "time", "Buildbucket's clock"),
    _d("pending_s", difference("started_at", "created_at")),
    _d("run_s", difference("completed_at", "started_at")),
    _c("bot_id", "text", "Swarming bot that ran it", "bot.id"),
    _c("swarming_task_id", "text", "Swarming task that ran it"),
    _c("pool", "text", "bot dimension", "bot.pool"),
    _c("os", "text", "bot dimension, the most exact value", "bot.os"),
    _c("cpu", "text", "bot dimension, the most exact value", "bot.cpu"),
    _c("cores", "int", "bot dimension", "bot.cores"),
    _c("machine_type", "text", "bot dimension", "bot.machine_type"),
    _c("zone", "text", "bot dimension, the most exact value", "bot.zone"),
    _c("dimensions", "json", "all dimensions of the bot: lists by key", "bot.dimensions"),
    _c("repository", "text", "repository of the commit built", "commit.repository"),
    _c("ref", "text", "ref of the commit built", "commit.ref"),
    _c("revision", "text", "the commit built", "commit.revision"),
    _c("priority", "int", "Swarming priority"),
    _c("experiments", "json", "list of experiments"),
    _c("exe", "text", "CIPD package that the build ran"),
    _c("created_by", "text", "identity that asked for it"),
    _c("url", "text", "where it can be seen"),
    _c("summary_markdown", "text", "the build's own summary"),
    _c("properties", "json", "output properties"),
    _c("source", "text", "log, or the builds file it was read from"),
    *of_build(),
    _c("odd", "int", "impossible durations and times of it and its steps, which statistics leave out"),
    *PLACE,
)

STEPS: Final = (
    _c("build_id", "text", "of the build"),
    _c("index", "int", "position in the build, from 0"),
    _c("name", "text", "full name: a nested step's begins with its parent's"),
    _c("parent", "text", "name of the step around it"),
    _c("status", "text", "in version 2's words"),
    _c("started_at", "time", "Buildbucket's clock"),
    _c("ended_at", "time", "Buildbucket's clock"),
    _d("duration_s", difference("ended_at", "started_at")),
    _c("summary_markdown", "text", "the step's own summary"),
    *PLACE,
)
