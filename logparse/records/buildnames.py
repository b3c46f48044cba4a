"""Names that a build's record gives: its builder, its invocation, and the names that a log gives for it."""

from __future__ import annotations

from copy import copy
from typing import Final

from logparse.records import Build
from logparse.values.builders import builder_id
from logparse.values.ids import invocation_created_us, split_job_id

_JOB_TAG: Final = "scheduler_job_id:"


def as_logged(build: Build, logged: Build) -> Build:
    """Return a build with the bucket and the URL that a log names: dashboards group by them."""
    named = copy(build)
    named.bucket, named.url = logged.bucket or build.bucket, logged.url or build.url
    return named


def own_builder_id(build: Build) -> str | None:
    """Return the name of a build's builder. Where version 1 names no project, its tags may name the job's."""
    tag = next((tag for tag in build.tags if tag.startswith(_JOB_TAG)), _JOB_TAG)
    job_project = split_job_id(tag.removeprefix(_JOB_TAG))[0] if build.version == 1 else None
    return builder_id(build.project, build.bucket, build.builder, job_project=job_project)


def scheduler_tags(build: Build) -> tuple[str | None, str | None]:
    """Return the invocation id and the job that a build's tags name. Ids without a time are left out."""
    named: dict[str, str] = {}
    for tag in build.tags:
        key, _, value = tag.partition(":")
        named.setdefault(key, value)
    invocation_id = named.get("scheduler_invocation_id", "")
    if invocation_created_us(invocation_id) is None:
        return None, None
    return invocation_id, named.get("scheduler_job_id") or None
