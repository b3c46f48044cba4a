"""The requests of plain pages, decoded into typed structures."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from logparse.buildbucket import Request, values
from logparse.buildbucket.requests import request_of
from logparse.bulk.payloads import Tag
from logparse.records import Trigger

Text: TypeAlias = str | None


class _Gitiles(msgspec.Struct, frozen=True, gc=False):
    repo: Text = None
    ref: Text = None
    revision: Text = None


_NO_GITILES: Final = _Gitiles()


class AskedTrigger(msgspec.Struct, frozen=True, gc=False):
    """A trigger of a request."""

    id: Text = None
    title: Text = None
    url: Text = None
    gitiles: _Gitiles = _NO_GITILES

    def record(self) -> Trigger:
        """Return the trigger as a record."""
        return Trigger(
            direction="incoming",
            id=self.id or None,
            title=self.title or None,
            url=self.url or None,
            repository=self.gitiles.repo or None,
            ref=self.gitiles.ref or None,
            revision=self.gitiles.revision or None,
        )


class _Scheduler(msgspec.Struct, frozen=True, gc=False):
    triggers: list[AskedTrigger] | None = None


_NO_SCHEDULER: Final = _Scheduler()


class _Properties(msgspec.Struct, frozen=True, gc=False, rename={"scheduler": "$recipe_engine/scheduler"}):
    repository: Text = None
    branch: Text = None
    revision: Text = None
    scheduler: _Scheduler = _NO_SCHEDULER


_NO_PROPERTIES: Final = _Properties()


class _Parameters(msgspec.Struct, frozen=True, gc=False):
    builder_name: Text = None
    properties: _Properties = _NO_PROPERTIES


class _Request1(msgspec.Struct, frozen=True, gc=False):
    client_operation_id: str
    parameters_json: str
    tags: list[str]
    bucket: Text = None


class _Builder(msgspec.Struct, frozen=True, gc=False):
    project: Text = None
    bucket: Text = None
    builder: Text = None


_NO_BUILDER: Final = _Builder()
_NO_JSON: Final = msgspec.Raw(b"null")


class _Request2(msgspec.Struct, frozen=True, gc=False):
    requestId: str
    tags: list[Tag]
    builder: _Builder = _NO_BUILDER
    gitilesCommit: msgspec.Raw = _NO_JSON
    properties: _Properties = _NO_PROPERTIES
    parameters_json: msgspec.UnsetType = msgspec.UNSET
    client_operation_id: msgspec.UnsetType = msgspec.UNSET


_decode_1: Final = msgspec.json.Decoder(_Request1).decode
_decode_2: Final = msgspec.json.Decoder(_Request2).decode
_decode_parameters: Final = msgspec.json.Decoder(_Parameters).decode


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A request, without the records of its triggers, and its triggers."""

    request: Request
    triggers: list[AskedTrigger] | None


def read_asked(text: Any, version: int) -> Asked:
    """Return a request of a dialect.

    Raises
    ------
    ValueError
        Where it has another form than most.
    """
    named: tuple[str | None, str | None, str | None]
    if version == 1:
        one = _decode_1(text)
        parameters = _decode_parameters(one.parameters_json)
        properties, tags, operation = parameters.properties, one.tags, one.client_operation_id or None
        named = None, one.bucket or None, parameters.builder_name or None
        commit = None
    else:
        two = _decode_2(text)
        properties, operation = two.properties, two.requestId or None
        tags = [f"{tag.key}:{tag.value}" for tag in two.tags]
        target = two.builder
        named = target.project or None, target.bucket or None, target.builder or None
        commit = values.gitiles_commit(msgspec.json.decode(two.gitilesCommit))
    commit = commit or values.commit_of(
        properties.repository or None, properties.branch or None, properties.revision or None, tags
    )
    return Asked(request_of(version, named, operation, commit, None, tags), properties.scheduler.triggers)
