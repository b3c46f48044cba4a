"""Readers of one JSON value: each returns a typed value, or None (or nothing) where it is of another type.

Protobuf's JSON may write a 64-bit number as a string or as a number, an enum by name or by number, and
the default of a field or nothing. Zero, the empty string and the zero times of protobuf, Go and POSIX mean
that a field is not set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from logparse.buildbucket.payloads import Json, decode_payload
from logparse.columns.derive import derived
from logparse.records import Commit, Step
from logparse.values.clock import parse_rfc3339, seconds, to_datetime

#: Buildbucket's status numbers.
STATUSES: Final = {
    1: "SCHEDULED",
    2: "STARTED",
    12: "SUCCESS",
    20: "FAILURE",
    36: "INFRA_FAILURE",
    68: "CANCELED",
}
_ONLY_TEXT: Final = {str}
#: An enum of three values: `UNSET` is 0.
_TRINARY: Final = {"YES": True, "1": True, "NO": False, "2": False}
#: Year 1 is the zero time of Go. The last day of the year 9999 is not used, so that any zone can show a time.
_YEAR_2_US: Final = -62_104_060_800_000_000
_LAST_US: Final = 253_402_214_400_000_000
#: The digits of the microseconds from 1970 to 2001 … 2286.
_MICROS_DIGITS: Final = 16
#: A number with fewer digits has at most 64 bits.
_MOST_DIGITS: Final = 19
#: Protobuf's longest duration is 12 digits of seconds.
_DURATION_RE: Final = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s?")
#: How tags begin that name a commit.
_COMMIT_TAGS: Final = ("gitiles_ref:", "buildset:commit/gitiles/")
_DIMENSION_RE: Final = re.compile(r"(?:\d++:)?([^:]++):(.+)", re.DOTALL)


def object_of(value: Any, *keys: str) -> Json:
    """Return the object that `keys` lead to, one after another; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def inner(value: Any) -> Json:
    """Return an object, also one that is written as JSON inside a string."""
    return (decode_payload(value).value or {}) if isinstance(value, str) else object_of(value)


def list_of(value: Any) -> list[Any]:
    """Return a list; an empty one for a value of another type."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
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


def first(*values: str | None) -> str | None:
    """Return the first text that is known and not empty."""
    for value in values:
        if value:
            return value
    return None


def stripped(value: Any) -> str | None:
    """Return a string without blanks around it."""
    return value.strip() or None if isinstance(value, str) else None


def one_line(value: Any) -> str | None:
    """Return the first line of a string that is not blank."""
    return next(iter(value.strip().splitlines()), "").strip() or None if isinstance(value, str) else None


def integer(value: Any) -> int | None:
    """Return a whole number of at most 64 bits, written as a number or as text."""
    written = text(value)
    if written is None or not written.removeprefix("-").isascii() or not written.removeprefix("-").isdigit():
        return None
    # No column holds more than 64 bits.
    return int(written) if len(written) <= 20 and -(2**63) <= int(written) < 2**63 else None


def last_number(value: Any) -> int | None:
    """Return a number, or the one after the last slash of an address."""
    return integer(value.rpartition("/")[2]) if isinstance(value, str) else integer(value)


def time_us(value: Any) -> int | None:
    """Return a time in microseconds since 1970; None for a zero time.

    The time is written as microseconds, in RFC 3339, as BigQuery writes it (``2024-03-05 10:00:00 UTC``), or
    as protobuf's ``{"seconds": …, "nanos": …}``.
    """
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < _MOST_DIGITS:
        us: int | None = int(value)
    elif isinstance(value, dict):
        us = _seconds_and_nanos_us(value)
    elif isinstance(value, str) and "-" in value[1:]:
        us = parse_rfc3339(value.removesuffix(" UTC"))
    else:
        us = integer(value)
    return us if us and _YEAR_2_US <= us <= _LAST_US else None


def _seconds_and_nanos_us(value: Json) -> int | None:
    whole, nanos = integer(value.get("seconds", 0)), integer(value.get("nanos", 0))
    if whole is None or nanos is None or not 0 <= nanos < 10**9:
        return None
    return whole * 1_000_000 + nanos // 1000


def times_us(written: Sequence[Any]) -> list[int | None]:
    """Return the same as `time_us` for many values."""
    if all(map(_is_micros, written)):
        return list(map(int, written))
    return [None if one is None else time_us(one) for one in written]


def _is_micros(value: Any) -> bool:
    """Whether a value is a text of as many digits as microseconds since 1970 have in this century."""
    return isinstance(value, str) and len(value) == _MICROS_DIGITS and value.isdecimal() and value.isascii()


def moment(value: Any) -> Any:
    """Return a time as an aware datetime; None for a zero time. See `time_us`."""
    return to_datetime(time_us(value))


def duration_s(value: Any) -> float | None:
    """Return a duration in seconds, written as ``"21600s"``, ``"1.5s"`` or a number; None for zero."""
    if isinstance(value, dict):
        return seconds(_seconds_and_nanos_us(value) or None)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if 0 < abs(value) < 10**12 else None
    found = _DURATION_RE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    # Decimal text to float once, so that 1.1 is 1.1.
    return float(f"{sign}{whole}.{fraction or 0}") or None


def status(value: Any) -> str | None:
    """Return a status of version 2 by name; a number that is not a status stays as text."""
    number = integer(value)
    if number is not None:
        return STATUSES.get(number, str(number)) if number else None
    return None if value == "STATUS_UNSPECIFIED" else text(value)


def trinary(value: Any) -> bool | None:
    """Return protobuf's `Trinary`: True for YES, False for NO, None for UNSET."""
    return value if isinstance(value, bool) else _TRINARY.get(text(value) or "")


def strings(value: Any) -> list[str]:
    """Return the strings of a list."""
    return [item for item in list_of(value) if isinstance(item, str)]


def last_id(value: Any) -> str | None:
    """Return an id, or the last one of a list."""
    return text(value[-1]) if isinstance(value, list) and value else text(value)


def tags(value: Any) -> list[str]:
    """Return tags as ``key:value``; version 2 writes an object for each."""
    listed = []
    for tag in list_of(value):
        if isinstance(tag, str):
            listed.append(tag)
        elif isinstance(tag, dict):
            listed.append(f"{text(tag.get('key')) or ''}:{text(tag.get('value')) or ''}")
    return listed


def by_key(listed: Iterable[str]) -> dict[str, str]:
    """Return the value of the first tag of each key."""
    named: dict[str, str] = {}
    for tag in listed:
        key, _, value = tag.partition(":")
        if key not in named:
            named[key] = value
    return named


def listed_by_key(listed: Iterable[str], keys: Set[str] | None = None) -> dict[str, list[str]]:
    """Return the values of the tags of each key, or of each of some keys."""
    named: dict[str, list[str]] = {}
    for tag in listed:
        key, colon, value = tag.partition(":")
        if colon and (keys is None or key in keys):
            if key in named:
                named[key].append(value)
            else:
                named[key] = [value]
    return named


def dimensions(value: Any) -> dict[str, list[str]]:
    """Return dimensions as lists of values by key.

    They are written as an object, as a list of objects with key and value (or a list of values), or as a list
    of ``key:value``, which version 1 may begin with an expiration in seconds.
    """
    found: dict[str, list[str]] = {}
    if isinstance(value, list) and set(map(type, value)) == _ONLY_TEXT:
        for named, one in map(_split_dimension, value):
            if named:
                found.setdefault(named, []).append(one)
        return found
    for key, values in _written_dimensions(value):
        written = values if isinstance(values, list) else [values]
        if key and key not in found and set(map(type, written)) == _ONLY_TEXT and "" not in written:
            found[key] = written
            continue
        texts = [t for t in (item if isinstance(item, str) else text(item) for item in written) if t]
        if key and texts:
            found.setdefault(key, []).extend(texts)
    return found


def _written_dimensions(value: Any) -> Iterator[tuple[str | None, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    for item in list_of(value):
        if isinstance(item, dict):
            yield text(item.get("key")), item.get("value")
        elif isinstance(item, str):
            yield _split_dimension(item)


@lru_cache(maxsize=4_096)
def _split_dimension(item: str) -> tuple[str, str]:
    """Return the key and the value of ``key:value``, empty texts for another text."""
    found = _DIMENSION_RE.fullmatch(item)
    return (found[1], found[2]) if found else ("", "")


@dataclass(frozen=True, slots=True)
class OfDimensions:
    """A reader of dimensions.

    Attributes
    ----------
    take:
        Returns the typed value of `dimensions` of a JSON value, and of that value.
    """

    take: Callable[[dict[str, list[str]], Any], Any]

    def __call__(self, value: Any) -> Any:
        """Return the typed value of a JSON value."""
        return self.take(dimensions(value), value)


#: Returns all dimensions.
all_dimensions: Final = OfDimensions(lambda found, _: found)
#: Returns the pool.
pool: Final = OfDimensions(lambda found, _: most_exact(found.get("pool")))
#: Returns the operating system.
os: Final = OfDimensions(lambda found, _: most_exact(found.get("os")))


def most_exact(values: list[str] | None) -> str | None:
    """Return the most exact of a dimension's values, which is the longest."""
    return max(values, key=len) if values else None


def _bot_id(found: dict[str, list[str]], value: Any) -> str | None:
    return next(iter(found.get("id", ())), None) if isinstance(value, (dict, list)) else text(value)


#: Returns a bot's id, written alone or among its dimensions.
bot_id: Final = OfDimensions(_bot_id)


def gitiles_commit(value: Any) -> Commit | None:
    """Return a commit from a `GitilesCommit`."""
    commit = object_of(value)
    host, project = text(commit.get("host")), text(commit.get("project"))
    revision, ref = text(commit.get("id")), text(commit.get("ref"))
    if not (revision or ref or project):
        return None
    repository = f"https://{host}/{project}" if host and project else None
    return Commit(repository=repository, ref=ref, revision=revision)


def property_commit(properties: Json, listed: Iterable[str]) -> Commit | None:
    """Return the commit that properties or the tags `buildset` and `gitiles_ref` name."""
    repository, revision = text(properties.get("repository")), text(properties.get("revision"))
    ref = text(properties.get("branch"))
    return commit_of(repository, ref, revision, listed)


def commit_of(
    repository: str | None, ref: str | None, revision: str | None, listed: Iterable[str]
) -> Commit | None:
    """Return the commit that is known, with what the tags `buildset` and `gitiles_ref` add to it."""
    for tag in listed:
        if not tag.startswith(_COMMIT_TAGS):
            continue
        key, _, tag_value = tag.partition(":")
        if key == "gitiles_ref":
            ref = ref or tag_value
        else:
            path, plus, tag_revision = tag_value.removeprefix("commit/gitiles/").partition("/+/")
            if plus:
                repository = repository or f"https://{path}"
                revision = revision or tag_revision
    if not (repository or revision):
        return None
    return Commit(repository=repository, ref=ref, revision=revision)


def steps(value: Any) -> list[Step]:
    """Return steps. Buildbucket names a nested step by its parent's name, ``|`` and its own."""
    return list(_steps(list_of(value)))


def _steps(values: list[Any]) -> Iterator[Step]:
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            continue
        name = text(value.get("name")) or ""
        started = time_us(value.get("startTime", value.get("start_time")))
        ended = time_us(value.get("endTime", value.get("end_time")))
        yield Step(
            index=index,
            name=name,
            parent=name.rpartition("|")[0] or None,
            status=status(value.get("status")),
            started_at=to_datetime(started),
            ended_at=to_datetime(ended),
            **derived("steps", {"started_at": started, "ended_at": ended}),
            summary_markdown=text(value.get("summaryMarkdown", value.get("summary_markdown"))),
        )
