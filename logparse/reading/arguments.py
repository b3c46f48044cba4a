"""The arguments that `parse`, `parse_many` and `load` share, checked: each wrong one is a `UsageError`."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias, TypeVar

from logparse.errors import UsageError, choices
from logparse.language import scanner
from logparse.language.syntax import Engine

Day: TypeAlias = date | str
EngineName: TypeAlias = Literal["scanner", "grammar"]

_Choice = TypeVar("_Choice")
_ENGINES: Final = ("scanner", "grammar")


def day_of(given: Day | None) -> date | None:
    """Return a day that was given as a date, a datetime (its day in UTC) or text like 2020-11-17."""
    if given is None:
        return None
    day: object = given
    try:
        if isinstance(given, str):
            day = date.fromisoformat(given.strip())
        elif isinstance(given, datetime):
            day = (given if given.tzinfo is None else given.astimezone(UTC)).date()
    except (ValueError, OverflowError):
        day = None
    # Only pandas' missing time differs from itself.
    if isinstance(day, date) and day == day:
        return day
    raise UsageError(f"date={given!r} is not a day", remedy='write it as date="2020-11-17"')


def engine_of(given: Engine | EngineName) -> Engine:
    """Return the module that reads texts, from its name or itself."""
    if given == "scanner":
        return scanner
    if given == "grammar":
        from logparse import grammar

        return grammar
    if not isinstance(given, str) and all(hasattr(given, name) for name in ("parse_page", "match")):
        return given
    raise UsageError(
        f"engine={given!r} is not known", remedy=f"choose {choices(repr(name) for name in _ENGINES)}"
    )


def limit_of(given: int) -> int:
    """Return the most bytes that an input may have."""
    try:
        limit = operator.index(given)
    except TypeError:
        limit = 0
    if limit < 1 or isinstance(given, bool):
        raise UsageError(
            f"max_bytes={given!r} is not a number of bytes", remedy="pass a whole number above 0"
        )
    return limit


def jobs_of(given: int | None) -> int:
    """Return how many processes read at once: by default as many as there are processors to use."""
    if given is None:
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:
            return os.cpu_count() or 1
    try:
        jobs = operator.index(given)
    except TypeError:
        jobs = 0
    if jobs < 1 or isinstance(given, bool):
        raise UsageError(f"jobs={given!r} is not a number of processes", remedy="pass a whole number above 0")
    return jobs


def choice_of(name: str, given: _Choice, known: Sequence[_Choice]) -> _Choice:
    """Return the value of an argument that has few values."""
    if not isinstance(given, str) or given not in known:
        raise UsageError(
            f"{name}={given!r} is not known", remedy=f"choose {choices(repr(value) for value in known)}"
        )
    return given
