"""The records of Buildbucket: a build, its commit, its bot and its steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from logparse.records.base import Record


class Commit(Record):
    """A commit in a Gitiles repository."""

    repository: str | None = None
    ref: str | None = None
    revision: str | None = None


class Bot(Record):
    """The Swarming bot that ran a build, with its dimensions, each a list of values, general to special."""

    id: str | None = None
    dimensions: dict[str, list[str]] = {}

    def dimension(self, key: str) -> str | None:
        """Return the most special value of a dimension: the longest, as ``Windows-10-15063`` of ``os``."""
        values = self.dimensions.get(key)
        return max(values, key=len) if values else None

    @property
    def pool(self) -> str | None:
        """The pool that the bot belongs to."""
        return self.dimension("pool")

    @property
    def os(self) -> str | None:
        """The operating system, as exactly as the bot states it."""
        return self.dimension("os")

    @property
    def cpu(self) -> str | None:
        """The processor, as exactly as the bot states it."""
        return self.dimension("cpu")

    @property
    def cores(self) -> int | None:
        """How many cores the bot has."""
        value = self.dimension("cores")
        return (
            int(value)
            if value is not None and value.isascii() and value.isdigit() and len(value) < 10
            else None
        )

    @property
    def machine_type(self) -> str | None:
        """The cloud's machine type."""
        return self.dimension("machine_type")

    @property
    def zone(self) -> str | None:
        """The cloud's zone."""
        return self.dimension("zone")


class Step(Record):
    """A step of a build. `parent` is the name of the step around it, `duration_s` is ended minus started."""

    index: int
    name: str
    parent: str | None = None
    status: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    summary_markdown: str | None = None


class Build(Record):
    """A Buildbucket build, from either dialect. `status` is in v2's words; times are Buildbucket's clock.

    `properties` are the output's. `source` is the file of builds that it was read from, and `source_line` the
    line there where it begins; both are None for a build that only a log contains. `version` is that of
    Buildbucket's API, 1 or 2. `origin` is ``log``, ``build`` (a file of builds) or ``both``, and `repeats`
    counts the other copies in files of builds.
    """

    id: str
    number: int | None = None
    project: str | None = None
    bucket: str | None = None
    builder: str | None = None
    url: str | None = None
    status: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: str | None = None
    bot: Bot | None = None
    swarming_task_id: str | None = None
    commit: Commit | None = None
    priority: int | None = None
    error: str | None = None
    infra_reason: str | None = None
    cancel_reason: str | None = None
    canceled_by: str | None = None
    critical: bool | None = None
    requested_pool: str | None = None
    requested_os: str | None = None
    requested_dimensions: dict[str, list[str]] = {}
    scheduling_timeout_s: float | None = None
    execution_timeout_s: float | None = None
    setup_s: float | None = None
    parent_build_id: str | None = None
    experiments: list[str] = []
    exe: str | None = None
    summary_markdown: str | None = None
    tags: list[str] = []
    properties: dict[str, Any] = {}
    input_properties: dict[str, Any] = {}
    steps: list[Step] = []
    version: int | None = None
    origin: str = "log"
    repeats: int = 0
    source: str | None = None
    source_line: int | None = None

    @property
    def final(self) -> bool:
        """Whether the build has ended."""
        return self.status not in (None, "SCHEDULED", "STARTED", "STATUS_UNSPECIFIED")
