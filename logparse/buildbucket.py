"""Buildbucket's and Swarming's JSON, in both dialects, as records.

Whatever a payload holds, reading it does not fail: a field of another type than usual counts as
missing, but for numbers that stand as strings and the other way round, which are read either way.
Version 1 spoke of microseconds since 1970 (``*_ts``) and of JSON inside JSON; version 2 (since
March 2021) speaks protobuf JSON. An outcome of version 1 is told in version 2's words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from logparse.clock import parse_rfc3339, seconds, to_datetime
from logparse.records import Bot, Build, Commit, Step, SwarmingTask, Trigger

Json = dict[str, Any]

_DECODER: Final = json.JSONDecoder()
#: An escape in JSON; of a surrogate pair both, and half a pair is named.
_ESCAPE_RE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
#: Version 1 failed a build for these reasons without a fault of what was built.
_INFRA_REASONS: Final = frozenset({"INFRA_FAILURE", "BUILDBUCKET_FAILURE", "INVALID_BUILD_DEFINITION"})


#: Deeper JSON is not read: what reads it again, as `repr` does, would meet Python's limit at some depth.
MAX_NESTING: Final = 200
_TOO_DEEP: Final = f"JSON nested deeper than {MAX_NESTING} levels"


class Payload(NamedTuple):
    """A decoded payload: the object, or None with the reason, and the text behind it."""

    value: Json | None
    error: str | None = None
    tail: str = ""


class Request(NamedTuple):
    """What the scheduler asked Buildbucket for. Triggers are None where the request does not tell."""

    invocation_id: str | None = None
    job_id: str | None = None
    project: str | None = None
    bucket: str | None = None
    builder: str | None = None
    commit: Commit | None = None
    triggers: list[Trigger] | None = None
    tags: tuple[str, ...] = ()


def without_halves(text: str) -> str:
    """Return JSON with U+FFFD for half a surrogate pair, which no output could encode. Offsets stay."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _ESCAPE_RE.sub(lambda m: m[0] if m["half"] is None else r"\ufffd", text)


def is_too_deep(value: Any, text: str) -> bool:
    """Whether a value, decoded from `text`, nests deeper than `MAX_NESTING` levels."""
    if not isinstance(value, (dict, list)) or text.count("{") + text.count("[") <= MAX_NESTING:
        return False
    level = [value]
    for _ in range(MAX_NESTING):
        children = chain.from_iterable(v.values() if isinstance(v, dict) else v for v in level)
        level = [v for v in children if isinstance(v, (dict, list))]
        if not level:
            return False
    return True


def decode_payload(text: str) -> Payload:
    """Return the JSON object that `text` begins with. Never raises: a broken payload has its error."""
    try:
        value = msgspec.json.decode(text)
        tail = ""
    except (ValueError, RecursionError):
        start = len(text) - len(text.lstrip())
        try:
            value, end = _DECODER.raw_decode(without_halves(text), start)
        except ValueError as error:
            return Payload(None, f"not JSON: {error}".split(" (char")[0])
        except RecursionError:
            return Payload(None, _TOO_DEEP)
        tail = text[end:].strip("\n")
    if is_too_deep(value, text):
        return Payload(None, _TOO_DEEP)
    if not isinstance(value, dict):
        return Payload(None, "JSON, but no object")
    return Payload(value, None, tail)


# --- fields of any type -----------------------------------------------------------------------


def _object(value: Any, *keys: str) -> Json:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _inner(value: Any) -> Json:
    """Return JSON that stands as a string inside of JSON."""
    return (decode_payload(value).value or {}) if isinstance(value, str) else _object(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    """Return a string or number as text; a float only where it is whole and exact."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return None


def _int(value: Any) -> int | None:
    text = _text(value)
    if text is None or not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        return None
    # No column holds more than 64 bits.
    return int(text) if len(text) <= 20 and -(2**63) <= int(text) < 2**63 else None


def _time_us(value: Any) -> int | None:
    """Return a time in microseconds since 1970, from ``*_ts`` of version 1 or RFC 3339."""
    if isinstance(value, str) and "-" in value[1:]:
        return parse_rfc3339(value)
    return _int(value) or None


def _first(*values: str | None) -> str | None:
    return next((v for v in values if v), None)


# --- requests ---------------------------------------------------------------------------------


def read_request(value: Json) -> Request:
    """Return what a request of either dialect says."""
    v1 = "parameters_json" in value or "client_operation_id" in value
    tags = _tags(value.get("tags"))
    named = dict(tag.partition(":")[::2] for tag in reversed(tags))
    if v1:
        parameters = _inner(value.get("parameters_json"))
        properties = _object(parameters, "properties")
        project, bucket = None, _text(value.get("bucket"))
        builder = _first(_text(parameters.get("builder_name")), named.get("builder"))
        operation = _text(value.get("client_operation_id"))
        commit = None
    else:
        properties = _object(value, "properties")
        target = _object(value, "builder")
        project, bucket, builder = (_text(target.get(key)) for key in ("project", "bucket", "builder"))
        operation = _text(value.get("requestId"))
        commit = _gitiles_commit(value.get("gitilesCommit"))
    return Request(
        invocation_id=_first(named.get("scheduler_invocation_id"), _invocation_of(operation)),
        job_id=named.get("scheduler_job_id") or None,
        project=project,
        bucket=bucket,
        builder=builder,
        commit=commit or _property_commit(properties, tags),
        triggers=_request_triggers(properties),
        tags=tags,
    )


def _invocation_of(operation: str | None) -> str | None:
    return operation if operation and operation.isascii() and operation.isdigit() else None


def _tags(value: Any) -> tuple[str, ...]:
    tags = []
    for tag in _list(value):
        if isinstance(tag, str):
            tags.append(tag)
        elif isinstance(tag, dict):
            tags.append(f"{_text(tag.get('key')) or ''}:{_text(tag.get('value')) or ''}")
    return tuple(tags)


def _gitiles_commit(value: Any) -> Commit | None:
    commit = _object(value)
    host, project = _text(commit.get("host")), _text(commit.get("project"))
    revision, ref = _text(commit.get("id")), _text(commit.get("ref"))
    if not (revision or ref or project):
        return None
    repository = f"https://{host}/{project}" if host and project else None
    return Commit(repository=repository, ref=ref, revision=revision)


def _property_commit(properties: Json, tags: tuple[str, ...]) -> Commit | None:
    """Return the commit that properties or buildset tags name."""
    repository, revision = _text(properties.get("repository")), _text(properties.get("revision"))
    ref = _text(properties.get("branch"))
    for tag in tags:
        key, _, tag_value = tag.partition(":")
        if key == "gitiles_ref":
            ref = ref or tag_value
        elif key == "buildset" and tag_value.startswith("commit/gitiles/"):
            path, plus, tag_revision = tag_value.removeprefix("commit/gitiles/").partition("/+/")
            if plus:
                repository = repository or f"https://{path}"
                revision = revision or tag_revision
    if not (repository or revision):
        return None
    return Commit(repository=repository, ref=ref, revision=revision)


def _request_triggers(properties: Json) -> list[Trigger] | None:
    listed = _object(properties, "$recipe_engine/scheduler").get("triggers")
    if not isinstance(listed, list):
        return None
    triggers = []
    for item in listed:
        if isinstance(item, dict):
            gitiles = _object(item, "gitiles")
            triggers.append(
                Trigger(
                    direction="incoming",
                    id=_text(item.get("id")),
                    title=_text(item.get("title")),
                    url=_text(item.get("url")),
                    repository=_text(gitiles.get("repo")),
                    ref=_text(gitiles.get("ref")),
                    revision=_text(gitiles.get("revision")),
                )
            )
    return triggers


# --- builds -----------------------------------------------------------------------------------


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


def read_build(value: Json) -> Build | None:
    """Return the build that an answer of either dialect holds; None where it holds none with an id.

    Version 1 wraps a build as ``{"build": …}``.
    """
    inner = _object(value, "build")
    build = inner or value
    if inner or any(key in build for key in ("created_ts", "parameters_json", "result_details_json")):
        return _build_v1(build)
    return _build_v2(build)


def answer_clock_us(value: Json) -> int | None:
    """Return Buildbucket's clock when it answered (``utcnow_ts``, version 1 only), in µs since 1970."""
    return _time_us((_object(value, "build") or value).get("utcnow_ts"))


def answer_updated_us(value: Json) -> int | None:
    """Return the latest time that an answer states, in µs since 1970."""
    build = _object(value, "build") or value
    keys = ("utcnow_ts", "updated_ts", "completed_ts", "created_ts", "endTime", "updateTime", "createTime")
    return next((us for us in (_time_us(build.get(key)) for key in keys) if us is not None), None)


def _build_v1(build: Json) -> Build | None:
    build_id = _text(build.get("id"))
    if build_id is None:
        return None
    parameters = _inner(build.get("parameters_json"))
    details = _inner(build.get("result_details_json"))
    properties = _object(details, "properties")
    tags = _tags(build.get("tags"))
    named = dict(tag.partition(":")[::2] for tag in reversed(tags))
    address = named.get("build_address", "").rpartition("/")[2]
    dimensions = _dimensions(_object(details, "swarming").get("bot_dimensions"))
    bot_id = _first(_text(properties.get("bot_id")), *dimensions.get("id", ())[:1])
    return Build(
        id=build_id,
        number=_int(properties.get("buildnumber")) if "buildnumber" in properties else _int(address),
        project=_text(build.get("project")),
        bucket=_text(build.get("bucket")),
        builder=_first(_text(parameters.get("builder_name")), named.get("builder")),
        url=_text(build.get("url")),
        status=status_in_v2(
            _text(build.get("status")),
            _text(build.get("result")),
            _text(build.get("failure_reason")),
            _text(build.get("cancelation_reason")),
        ),
        created_at=to_datetime(_time_us(build.get("created_ts"))),
        started_at=to_datetime(_time_us(build.get("started_ts"))),
        completed_at=to_datetime(_time_us(build.get("completed_ts"))),
        updated_at=to_datetime(_time_us(build.get("updated_ts"))),
        created_by=_text(build.get("created_by")),
        bot=Bot(id=bot_id, dimensions=dimensions) if bot_id or dimensions else None,
        swarming_task_id=named.get("swarming_task_id") or None,
        commit=_property_commit(_object(parameters, "properties"), tags),
        tags=list(tags),
        properties=properties,
    )


def _build_v2(build: Json) -> Build | None:
    build_id = _text(build.get("id"))
    if build_id is None:
        return None
    builder = _object(build, "builder")
    swarming = _object(build, "infra", "swarming")
    task = _object(build, "infra", "backend", "task")
    dimensions = _dimensions(swarming.get("botDimensions")) or _dimensions(
        _object(task, "details").get("bot_dimensions")
    )
    properties = _object(build, "output", "properties")
    bot_id = _first(*dimensions.get("id", ())[:1], _text(properties.get("bot_id")))
    source = _object(build, "input")
    return Build(
        id=build_id,
        number=_int(build.get("number")),
        project=_text(builder.get("project")),
        bucket=_text(builder.get("bucket")),
        builder=_text(builder.get("builder")),
        url=_text(build.get("viewUrl")),
        status=_text(build.get("status")),
        created_at=to_datetime(_time_us(build.get("createTime"))),
        started_at=to_datetime(_time_us(build.get("startTime"))),
        completed_at=to_datetime(_time_us(build.get("endTime"))),
        updated_at=to_datetime(_time_us(build.get("updateTime"))),
        created_by=_text(build.get("createdBy")),
        bot=Bot(id=bot_id, dimensions=dimensions) if bot_id or dimensions else None,
        swarming_task_id=_first(_text(swarming.get("taskId")), _text(_object(task, "id").get("id"))),
        commit=_gitiles_commit(source.get("gitilesCommit"))
        or _gitiles_commit(_object(build, "output").get("gitilesCommit"))
        or _property_commit(_object(source, "properties"), _tags(build.get("tags"))),
        priority=_int(swarming.get("priority")),
        experiments=[e for e in _list(source.get("experiments")) if isinstance(e, str)],
        exe=_text(_object(build, "exe").get("cipdPackage")),
        summary_markdown=_text(build.get("summaryMarkdown")),
        tags=list(_tags(build.get("tags"))),
        properties=properties,
        steps=list(_steps(_list(build.get("steps")))),
    )


def _dimensions(value: Any) -> dict[str, list[str]]:
    """Return dimensions, written as an object of lists or as a list of key and value, as lists by key."""
    dimensions: dict[str, list[str]] = {}
    if isinstance(value, dict):
        for key, values in value.items():
            texts = [text for text in map(_text, values if isinstance(values, list) else [values]) if text]
            if texts:
                dimensions[key] = texts
    for item in _list(value):
        if isinstance(item, dict):
            key, text = _text(item.get("key")), _text(item.get("value"))
            listed = [t for t in map(_text, _list(item.get("value"))) if t]
            if key and (text or listed):
                dimensions.setdefault(key, []).extend([text] if text else listed)
    return dimensions


def _steps(values: list[Any]) -> Iterator[Step]:
    """Yield steps. Buildbucket names a nested step by its parent's name, ``|`` and its own."""
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            continue
        name = _text(value.get("name")) or ""
        started, ended = _time_us(value.get("startTime")), _time_us(value.get("endTime"))
        yield Step(
            index=index,
            name=name,
            parent=name.rpartition("|")[0] or None,
            status=_text(value.get("status")),
            started_at=to_datetime(started),
            ended_at=to_datetime(ended),
            duration_s=seconds(ended - started) if started is not None and ended is not None else None,
            summary_markdown=_text(value.get("summaryMarkdown")),
        )


# --- Swarming tasks (until 2017) --------------------------------------------------------------


def read_swarming_task(task: SwarmingTask, value: Json) -> None:
    """Take over into `task` what a Swarming response or status says."""
    result = _object(value, "task_result") or value
    request = _object(value, "request") or value
    task.id = _first(_text(value.get("task_id")), _text(result.get("task_id")), task.id)
    task.name = _first(_text(result.get("name")), _text(request.get("name")), task.name)
    task.state = _first(_text(result.get("state")), task.state)
    dimensions = _dimensions(result.get("bot_dimensions"))
    bot_id = _text(result.get("bot_id"))
    if bot_id or dimensions:
        task.bot = Bot(id=bot_id or _first(*dimensions.get("id", ())[:1]), dimensions=dimensions)
    for name in ("created", "started", "completed"):
        moment = to_datetime(_time_us(result.get(f"{name}_ts")))
        if moment is not None:
            setattr(task, f"{name}_at", moment)
