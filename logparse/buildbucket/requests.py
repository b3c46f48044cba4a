"""Requests: what the scheduler asked Buildbucket for, in both dialects."""

from __future__ import annotations

from typing import NamedTuple

from logparse.buildbucket import values
from logparse.buildbucket.payloads import Json
from logparse.records import Commit, Trigger


class Request(NamedTuple):
    """A request for a build. Triggers are None where the request does not list them."""

    invocation_id: str | None = None
    job_id: str | None = None
    project: str | None = None
    bucket: str | None = None
    builder: str | None = None
    commit: Commit | None = None
    triggers: list[Trigger] | None = None
    tags: tuple[str, ...] = ()


def read_request(value: Json) -> Request:
    """Return what a request of either dialect says."""
    v1 = "parameters_json" in value or "client_operation_id" in value
    tags = values.tags(value.get("tags"))
    named: tuple[str | None, str | None, str | None]
    if v1:
        parameters = values.inner(value.get("parameters_json"))
        properties = values.object_of(parameters, "properties")
        named = None, values.text(value.get("bucket")), values.text(parameters.get("builder_name"))
        operation = values.text(value.get("client_operation_id"))
        commit = None
    else:
        properties = values.object_of(value, "properties")
        target = values.object_of(value, "builder")
        project, bucket, builder = (values.text(target.get(key)) for key in ("project", "bucket", "builder"))
        named = project, bucket, builder
        operation = values.text(value.get("requestId"))
        commit = values.gitiles_commit(value.get("gitilesCommit"))
    return request_of(
        1 if v1 else 2,
        named,
        operation,
        commit or values.property_commit(properties, tags),
        _request_triggers(properties),
        tags,
    )


def request_of(
    version: int,
    named: tuple[str | None, str | None, str | None],
    operation: str | None,
    commit: Commit | None,
    triggers: list[Trigger] | None,
    tags: list[str],
) -> Request:
    """Return a request of a dialect. Its tags add what its fields do not say.

    Parameters
    ----------
    version:
        Of the dialect.
    named:
        Project, bucket and builder.
    operation:
        The id of the request.
    commit, triggers, tags:
        As in `Request`.
    """
    tagged = values.by_key(tags)
    project, bucket, builder = named
    if version == 1:
        builder = builder or tagged.get("builder") or None
    return Request(
        tagged.get("scheduler_invocation_id") or _invocation_of(operation),
        tagged.get("scheduler_job_id") or None,
        project,
        bucket,
        builder,
        commit,
        triggers,
        tuple(tags),
    )


def _invocation_of(operation: str | None) -> str | None:
    return operation if operation and operation.isascii() and operation.isdigit() else None


def _request_triggers(properties: Json) -> list[Trigger] | None:
    listed = values.object_of(properties, "$recipe_engine/scheduler").get("triggers")
    if not isinstance(listed, list):
        return None
    triggers = []
    for item in listed:
        if isinstance(item, dict):
            gitiles = values.object_of(item, "gitiles")
            triggers.append(
                Trigger(
                    direction="incoming",
                    id=values.text(item.get("id")),
                    title=values.text(item.get("title")),
                    url=values.text(item.get("url")),
                    repository=values.text(gitiles.get("repo")),
                    ref=values.text(gitiles.get("ref")),
                    revision=values.text(gitiles.get("revision")),
                )
            )
    return triggers
