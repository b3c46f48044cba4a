"""The field table: where each field of a build is, in both dialects of Buildbucket.

A field is one row of `FIELDS`. Version 1 of the API put JSON inside JSON and wrote times as microseconds
since 1970 (``*_ts``); version 2 (since March 2021) writes protobuf's JSON. An outcome of version 1 is given
in version 2's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from logparse.buildbucket import values
from logparse.buildbucket.payloads import Json
from logparse.records import Commit


class Parts(NamedTuple):
    """A build's object with the JSON inside its strings decoded, its tags, and the version of its dialect."""

    value: Json
    tags: list[str]
    version: int


class Field(NamedTuple):
    """One field of a build.

    Attributes
    ----------
    name:
        Attribute of `Build`; with a dot, of its bot.
    v1, v2:
        Places of the value in each dialect, separated by blanks. The first place counts where `read` returns
        a value. A place is a path of keys with dots between, or ``tag:NAME`` (value of the first tag of that
        name), ``tags:NAME`` (values of all its tags), or ``=NAME`` (computed by `COMPUTED`). A key is written
        in one spelling, and both spellings are read: ``createTime`` and ``create_time``.
    read:
        Returns the typed value, or None (or an empty one) where the JSON value is of another type.
    """

    name: str
    v1: str
    v2: str
    read: Callable[[Any], Any]


# --- values that depend on several fields -----------------------------------------------------

#: Version 1 failed a build for these reasons without a fault of the code that it built.
_INFRA_REASONS: Final = frozenset({"INFRA_FAILURE", "BUILDBUCKET_FAILURE", "INVALID_BUILD_DEFINITION"})
#: States of a Swarming task that explain why its build ended.
_TASK_STATES: Final = {
    "EXPIRED": "no_bot_in_time",
    "NO_RESOURCE": "no_bot_in_time",
    "TIMED_OUT": "execution_timeout",
}


def status_in_v2(
    status: str | None, result: str | None, failure: str | None, cancelation: str | None
) -> str | None:
    """Return version 1's status, result and reasons in version 2's words."""
    if status != "COMPLETED":
        return status or None
    if result == "FAILURE":
        return "INFRA_FAILURE" if failure in _INFRA_REASONS else "FAILURE"
    if result == "CANCELED":
        return "INFRA_FAILURE" if cancelation == "TIMEOUT" else "CANCELED"
    return result or None


def _v1_status(parts: Parts) -> str | None:
    keys = ("status", "result", "failure_reason", "cancelation_reason")
    return status_in_v2(*(values.text(parts.value.get(key)) for key in keys))


def _v1_state(parts: Parts) -> str | None:
    task = values.object_of(parts.value, "result_details_json", "swarming", "task_result")
    return _TASK_STATES.get(values.text(task.get("state")) or "")


def _v1_timeout(parts: Parts) -> str | None:
    """Return why version 1 stopped a build. It wrote TIMEOUT also for a build that never started."""
    if parts.value.get("cancelation_reason") != "TIMEOUT":
        return None
    return "no_bot_in_time" if values.time_us(parts.value.get("started_ts")) is None else "execution_timeout"


def _v1_commit(parts: Parts) -> Commit | None:
    return values.property_commit(values.object_of(parts.value, "parameters_json", "properties"), parts.tags)


def _v2_commit(parts: Parts) -> Commit | None:
    properties = values.object_of(parts.value, "input").get("properties")
    return values.property_commit(values.inner(properties), parts.tags)


def _v2_cancellation(parts: Parts) -> Any:
    """Return the reason to cancel, where that ended the build: a build can also end before it is canceled."""
    if values.status(parts.value.get("status")) != "CANCELED":
        return None
    written = (parts.value.get(key) for key in spellings("cancellationMarkdown"))
    return next((value for value in written if value is not None), None)


class Computed(NamedTuple):
    """A value that depends on several fields.

    Attributes
    ----------
    paths:
        The places that `compute` reads beside the tags, separated by blanks.
    compute:
        Returns the value.
    needs_first:
        Whether there is a value only where the first of the paths has one.
    """

    paths: str
    compute: Callable[[Parts], Any]
    needs_first: bool = False


COMPUTED: Final = {
    "v1_status": Computed("status result failure_reason cancelation_reason", _v1_status, needs_first=True),
    "v1_state": Computed("result_details_json.swarming.task_result.state", _v1_state, needs_first=True),
    "v1_timeout": Computed("cancelation_reason started_ts", _v1_timeout, needs_first=True),
    "v1_commit": Computed("parameters_json.properties", _v1_commit),
    "v2_commit": Computed("input.properties", _v2_commit),
    "v2_cancellation": Computed("status cancellationMarkdown", _v2_cancellation, needs_first=True),
}


def _commit(value: Any) -> Commit | None:
    return value if isinstance(value, Commit) else values.gitiles_commit(value)


def _reason(value: Any) -> str | None:
    """Return the word for a `StatusDetails`, of which an empty object says all; a word stays."""
    if isinstance(value, str):
        return value
    details = values.object_of(value)
    if any(isinstance(details.get(key), dict) for key in ("resourceExhaustion", "resource_exhaustion")):
        return "no_bot_in_time"
    return "execution_timeout" if isinstance(details.get("timeout"), dict) else None


# --- the table --------------------------------------------------------------------------------

_PROPERTIES: Final = "result_details_json.properties"
_V1_BOT: Final = "result_details_json.swarming.bot_dimensions"
_V1_TASK: Final = "result_details_json.swarming.task_result"
_V1_TASK_BOT: Final = f"{_V1_BOT} {_V1_TASK}.bot_dimensions"
_V1_CONFIG: Final = "parameters_json.swarming.override_builder_cfg"
_V1_ASKED: Final = f"{_V1_CONFIG}.dimensions tags:swarming_dimension"
_V1_ERROR: Final = "result_details_json.error.message result_details_json.ui.info"
_V2_BOT: Final = "infra.swarming.botDimensions infra.backend.task.details.bot_dimensions"
_V2_ASKED: Final = (
    "infra.buildbucket.requestedDimensions infra.swarming.taskDimensions infra.backend.taskDimensions"
)
_V2_DETAILS: Final = "statusDetails output.statusDetails infra.backend.task.statusDetails"
_V2_SUMMARY: Final = "summaryMarkdown output.summaryMarkdown infra.backend.task.summaryMarkdown"
_PARENT: Final = "tag:parent_buildbucket_id"

#: Every field of a build, one a row.
FIELDS: Final = (
    Field("id", "id", "id", values.text),
    Field("number", f"{_PROPERTIES}.buildnumber tag:build_address", "number", values.last_number),
    Field("project", "project", "builder.project", values.text),
    Field("bucket", "bucket", "builder.bucket", values.text),
    Field("builder", "parameters_json.builder_name tag:builder", "builder.builder", values.text),
    Field("url", "url", "viewUrl", values.text),
    Field("status", "=v1_status", "status", values.status),
    Field("created_at", "created_ts", "createTime", values.moment),
    Field("started_at", "started_ts", "startTime", values.moment),
    Field("completed_at", "completed_ts", "endTime", values.moment),
    Field("updated_at", "updated_ts", "updateTime", values.moment),
    Field("created_by", "created_by", "createdBy", values.text),
    Field("canceled_by", "canceled_by", "canceledBy", values.text),
    Field("cancel_reason", "cancelation_reason", "cancellationMarkdown", values.stripped),
    Field("infra_reason", "=v1_state =v1_timeout", _V2_DETAILS, _reason),
    Field(
        "error",
        f"{_V1_ERROR} failure_reason cancelation_reason",
        f"=v2_cancellation {_V2_SUMMARY}",
        values.one_line,
    ),
    Field("critical", "", "critical", values.trinary),
    Field(
        "bot.id",
        f"{_PROPERTIES}.bot_id {_V1_TASK}.bot_id {_V1_TASK_BOT}",
        f"{_V2_BOT} output.properties.bot_id",
        values.bot_id,
    ),
    Field("bot.dimensions", _V1_TASK_BOT, _V2_BOT, values.all_dimensions),
    Field(
        "swarming_task_id",
        f"tag:swarming_task_id {_V1_TASK}.task_id",
        "infra.swarming.taskId infra.backend.task.id.id",
        values.text,
    ),
    Field("commit", "=v1_commit", "input.gitilesCommit output.gitilesCommit =v2_commit", _commit),
    Field(
        "priority",
        f"{_V1_CONFIG}.priority",
        "infra.swarming.priority infra.backend.config.priority",
        values.integer,
    ),
    Field("requested_dimensions", _V1_ASKED, _V2_ASKED, values.all_dimensions),
    Field("requested_pool", f"{_V1_ASKED} tags:swarming_tag", _V2_ASKED, values.pool),
    Field("requested_os", f"{_V1_ASKED} tags:swarming_tag", _V2_ASKED, values.os),
    Field("scheduling_timeout_s", f"{_V1_CONFIG}.expiration_secs", "schedulingTimeout", values.duration_s),
    Field(
        "execution_timeout_s", f"{_V1_CONFIG}.execution_timeout_secs", "executionTimeout", values.duration_s
    ),
    Field("setup_s", "", "infra.buildbucket.agent.output.totalDuration", values.duration_s),
    Field("parent_build_id", _PARENT, f"ancestorIds {_PARENT}", values.last_id),
    Field("experiments", "", "input.experiments", values.strings),
    Field("exe", "", "exe.cipdPackage", values.text),
    Field("summary_markdown", "", "summaryMarkdown", values.text),
    Field("tags", "tags", "tags", values.tags),
    Field("input_properties", "parameters_json.properties", "input.properties", values.inner),
    Field("properties", _PROPERTIES, "output.properties", values.inner),
    Field("steps", "", "steps", values.steps),
)


# --- paths ------------------------------------------------------------------------------------


class Place(NamedTuple):
    """A place of a value: its kind (``=``, ``tag``, ``tags`` or none), its name, and its keys' spellings."""

    kind: str
    name: str
    keys: tuple[tuple[str, ...], ...]


#: Protobuf's JSON may write the default of a field that is not set. Version 1 did not: 0 is its first build.
_DEFAULTS: Final[tuple[Any, ...]] = ("", "0", 0, [], {})
_WORD_RE: Final = re.compile(r"_([a-z0-9])")
_UPPER_RE: Final = re.compile(r"[A-Z]")


def spellings(key: str) -> tuple[str, ...]:
    """Return a key as written, and in the other spelling of protobuf's JSON where that differs."""
    camel = _WORD_RE.sub(lambda m: m[1].upper(), key)
    snake = _UPPER_RE.sub(lambda m: f"_{m[0].lower()}", key)
    return tuple(dict.fromkeys((key, camel, snake)))


def places(written: str) -> tuple[Place, ...]:
    """Return the places of a column `v1` or `v2` of the table."""
    made = []
    for path in written.split():
        kind, colon, name = path.partition(":")
        if path.startswith("="):
            made.append(Place("=", path[1:], ()))
        elif colon:
            made.append(Place(kind, name, ()))
        else:
            made.append(Place("", path, tuple(spellings(key) for key in path.split("."))))
    return tuple(made)


def computed(parts: Parts, place: Place) -> Any:
    """Return the value at a place of the kind ``=``, None where it is not known or not set."""
    value = COMPUTED[place.name].compute(parts)
    return None if parts.version == 2 and is_default(value) else value


def is_default(value: Any) -> bool:
    """Return whether a value of version 2 is a default, which means that the field is not set."""
    return value is not False and value in _DEFAULTS
