"""The records of what jobs of other kinds than Buildbucket's did."""

from __future__ import annotations

from datetime import datetime

from logparse.records.base import Record
from logparse.records.builds import Bot


class Gitiles(Record):
    """The observations of a gitiles job: the watched repository and refs, changes, triggered jobs, errors."""

    repository: str | None = None
    refs: list[str] = []
    known_refs: int | None = None
    fetched_refs: int | None = None
    saved_refs: int | None = None
    changed_refs: list[str] = []
    deleted_refs: list[str] = []
    unresolved_refs: list[str] = []
    triggered_jobs: list[str] = []
    emitted_triggers: int = 0
    errors: list[str] = []


class Noop(Record):
    """The work of a noop job: how long it slept, and how many triggers it received."""

    sleep_s: float | None = None
    received_triggers: int | None = None


class UrlFetch(Record):
    """The request and the response of a url_fetch job. `duration_s` is the time of the fetch alone."""

    method: str | None = None
    url: str | None = None
    outcome: str | None = None
    duration_s: float | None = None
    status_code: int | None = None
    reason: str | None = None
    headers: dict[str, str] = {}
    body: str | None = None
    error: str | None = None


class SwarmingTask(Record):
    """The Swarming task of a swarming job (until 2017)."""

    id: str | None = None
    name: str | None = None
    state: str | None = None
    failure: bool | None = None
    internal_failure: bool | None = None
    deduplicated: bool = False
    bot: Bot | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
