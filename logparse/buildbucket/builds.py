"""Builds: from an object of either dialect to a record, by the field table."""

from __future__ import annotations

from typing import Any, Final

from logparse.buildbucket import values
from logparse.buildbucket.fields import FIELDS, Field, Parts, computed, is_default, places, spellings
from logparse.buildbucket.payloads import Json
from logparse.buildbucket.values import OfDimensions
from logparse.records import Bot, Build

_INNER_KEYS: Final = ("parameters_json", "result_details_json")
_FAILED: Final = frozenset({"FAILURE", "INFRA_FAILURE", "CANCELED"})
_SENTENCES: Final = {
    "no_bot_in_time": "no bot took the build before its scheduling timeout",
    "execution_timeout": "the build ran until its execution timeout",
}


class Dialect:
    """One column of the field table, made ready for reading.

    Each value is looked up once, however many fields can have it. Slots number the values: the paths of keys
    come first, each after the path that leads to it; then the values of tags.
    """

    def __init__(self, fields: tuple[Field, ...], version: int) -> None:
        self.version = version
        rows = [(field, places(field.v1 if version == 1 else field.v2)) for field in fields]
        paths = dict.fromkeys(path for _, among in rows for place in among for path in _prefixes(place.keys))
        self._slots: dict[Any, int] = {path: slot for slot, path in enumerate(paths)}
        self._paths = [(self._slots.get(path[:-1], -1), path[-1]) for path in paths]
        tags = dict.fromkeys(place for _, among in rows for place in among if place.kind.startswith("tag"))
        self._tags = list(tags)
        self._slots |= {place: slot for slot, place in enumerate(tags, len(paths))}
        self._rows = [
            (
                field.name,
                [(self._slots.get(place.keys or place, -1), place) for place in among],
                field.read,
                field.read.take if isinstance(field.read, OfDimensions) else None,
            )
            for field, among in rows
        ]
        self.keys = frozenset(key for path in paths if len(path) == 1 for key in path[0])

    def read(self, build: Json) -> dict[str, Any]:
        """Return the fields of a build that are known, by name."""
        parts = Parts(build, values.tags(build.get("tags")), self.version)
        slots = self._values(parts)
        dimensions: dict[int, dict[str, list[str]]] = {}
        found = {}
        for name, among, read, take in self._rows:
            for slot, place in among:
                value = slots[slot] if slot >= 0 else computed(parts, place)
                if value is None:
                    continue
                if take is None:
                    known = read(value)
                else:
                    if slot not in dimensions:
                        dimensions[slot] = values.dimensions(value)
                    known = take(dimensions[slot], value)
                if known is not None and known != [] and known != {}:
                    found[name] = known
                    break
        return found

    def _values(self, parts: Parts) -> list[Any]:
        """Return the value of each slot, None where there is none or one that means that it is not set."""
        found: list[Any] = []
        for parent, keys in self._paths:
            holder = parts.value if parent < 0 else found[parent]
            value = None
            if isinstance(holder, dict):
                for key in keys:
                    value = holder.get(key)
                    if value is not None:
                        break
            found.append(value)
        named = values.listed_by_key(parts.tags)
        for place in self._tags:
            listed = named.get(place.name)
            found.append(listed and (listed if place.kind == "tags" else listed[0]))
        return found if self.version == 1 else [None if is_default(value) else value for value in found]


def _prefixes(path: tuple[tuple[str, ...], ...]) -> list[tuple[tuple[str, ...], ...]]:
    """Return the paths that lead to a path, and the path."""
    return [path[: size + 1] for size in range(len(path))]


V1: Final = Dialect(FIELDS, 1)
V2: Final = Dialect(FIELDS, 2)
_SHARED: Final = frozenset({"status", "result", "project", "bucket", "url"})
#: Keys that only one version has. Version 2 has no `bucket` of its own, but other objects have.
_V2_KEYS: Final = V2.keys - V1.keys - _SHARED
V1_KEYS: Final = (V1.keys - V2.keys - _SHARED) | {"result", "status_changed_ts", "utcnow_ts"}
_V1_HINTS: Final = frozenset({"project", "bucket", "url"})
_ALL_KEYS: Final = (V1.keys | V2.keys | V1_KEYS) - {"id"}
#: Keys that no other kind of object has beside an id.
_SURE_KEYS: Final = frozenset(
    {
        *("created_ts", "started_ts", "completed_ts", "parameters_json", "result_details_json", "infra"),
        *spellings("createTime"),
    }
)
_BUILD_ID_DIGITS: Final = range(16, 20)


def build_in(value: Json) -> Json:
    """Return the build that an object wraps as ``{"build": …}``, as notifications do, else the object."""
    return values.object_of(value, "build") or value


def is_v1(build: Json) -> bool:
    """Return whether a build is of version 1: its own keys show it, not the object that wraps it."""
    if any(key in build for key in V1_KEYS) or values.text(build.get("status")) == "COMPLETED":
        return True
    if any(key in build for key in _V2_KEYS):
        return False
    tags = values.list_of(build.get("tags"))
    return any(isinstance(tag, str) for tag in tags) or any(key in build for key in _V1_HINTS)


def is_build(value: Json) -> bool:
    """Return whether an object of a file is a build: it has an id, and what only builds have.

    An object with an id of 16 to 19 digits needs one more key of a build. With another id it needs a builder,
    or a key that no other kind of object has.
    """
    wrapped = build_in(value)
    build_id = values.text(wrapped.get("id"))
    if build_id is None:
        return False
    if wrapped is not value or isinstance(wrapped.get("builder"), dict):
        return True
    if not (build_id.isascii() and build_id.isdigit()):
        return False
    if any(key in wrapped for key in _SURE_KEYS):
        return True
    return len(build_id) in _BUILD_ID_DIGITS and any(key in wrapped for key in _ALL_KEYS)


def read_build(value: Json) -> Build | None:
    """Return the build that an answer of either dialect holds; None where it holds none with an id.

    Reading does not fail, whatever the object holds: a value of another type than expected counts as missing.
    """
    build = build_in(value)
    dialect = V1 if is_v1(build) else V2
    if dialect is V1:
        build = {**build, **{key: values.inner(build.get(key)) for key in _INNER_KEYS}}
    found = dialect.read(build)
    if "id" not in found:
        return None
    bot_id, dimensions = found.pop("bot.id", None), found.pop("bot.dimensions", {})
    if bot_id or dimensions:
        found["bot"] = Bot(id=bot_id, dimensions=dimensions)
    made = Build(**found, version=dialect.version)
    made.error, made.infra_reason = explained(made.status, made.error, made.infra_reason)
    return made


def explained(
    status: str | None, error: str | None, infra_reason: str | None
) -> tuple[str | None, str | None]:
    """Return the error and the reason of a build's end.

    They are kept only where the build failed. Reasons that nothing names are named.
    """
    if status not in _FAILED:
        return None, None
    error = error or _SENTENCES.get(infra_reason or "")
    if infra_reason is None and status != "FAILURE":
        infra_reason = "canceled" if status == "CANCELED" else "other"
    return error, infra_reason


def answer_clock_us(value: Json) -> int | None:
    """Return Buildbucket's clock when it answered (``utcnow_ts``, version 1 only), in µs since 1970."""
    return values.time_us(build_in(value).get("utcnow_ts"))


def answer_updated_us(value: Json) -> int | None:
    """Return the latest time that an answer states, in µs since 1970."""
    build = build_in(value)
    keys = ("utcnow_ts", "updated_ts", "completed_ts", "created_ts", "endTime", "updateTime", "createTime")
    return next((us for us in (values.time_us(build.get(key)) for key in keys) if us is not None), None)
