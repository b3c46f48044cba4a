"""Odd values: durations and times that no genuine record has.

Clocks of two machines differ, so a small negative duration is genuine. A run that ends a year
before it begins is not. Odd values stay in their columns, and each gets a finding. They are left
out of sums, means and percentiles, which one of them would spoil.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.columns.derive import build_durations
from logparse.records import Build, Invocation, Step

if TYPE_CHECKING:
    import pandas as pd

LEAST_S: Final = -1.0
MOST_S: Final = 10 * 365.25 * 86_400
EARLIEST: Final = datetime(2010, 1, 1, tzinfo=UTC)
#: The engine gives up at its 51st execution.
MOST_ATTEMPTS: Final = 51

_DURATIONS: Final = ("duration_s", "pending_s", "run_s")
_NEGATIVE: Final = {
    "duration_s": "it would end before it begins",
    "pending_s": "the build starts before it is created",
    "run_s": "the build ends before it starts",
}
#: Columns that are computed from the same times as durations that can be odd, and those durations.
_DERIVED: Final = {
    "finish_lag_s": (),
    "launch_s": (),
    "launch_wait_s": (),
    "overhead_s": ("duration_s", "run_s"),
    "queue_latency_s": ("pending_s",),
    "scheduler_wait_s": (),
}

#: Times whose difference is a duration that can be odd.
_SPANS: Final = (
    ("created_at", "finished_at"),
    ("created_at", "completed_at"),
    ("created_at", "build_completed_at"),
    ("build_started_at", "build_completed_at"),
    ("started_at", "completed_at"),
    ("started_at", "ended_at"),
)


class OddValue(NamedTuple):
    """An odd value: its name, and a sentence that says why it is odd."""

    name: str
    message: str


def is_odd_duration(value: float | None) -> bool:
    """Whether a duration in seconds is below −1 s or above 10 years."""
    return value is not None and not LEAST_S <= value <= MOST_S


def is_odd_time(moment: datetime | None) -> bool:
    """Whether a time is before 2010."""
    return moment is not None and moment < EARLIEST


def attempt_number(value: Any) -> int | None:
    """Return the number of a launch attempt, or None for what is not a number from 1 to 51."""
    return value if isinstance(value, int) and 1 <= value <= MOST_ATTEMPTS else None


def is_lost_number(build: Build, payload: dict[str, Any]) -> bool:
    """Whether a payload gives its build a number that 64 bits cannot hold, so that the build has none."""
    inner = payload.get("build")
    stated = (inner if isinstance(inner, dict) else payload).get("number")
    stated = build.properties.get("buildnumber") if stated is None else stated
    if build.number is not None or isinstance(stated, bool):
        return False
    if isinstance(stated, str):
        return stated.removeprefix("-").isdigit() and len(stated) >= len(str(2**63))
    return isinstance(stated, (int, float)) and not -(2**63) <= stated < 2**63


def odd_values(record: Invocation | Build) -> list[OddValue]:
    """Return the odd values of an invocation, or of a build and its steps, in the order of their columns.

    The values of an invocation include its build's times and durations, but not the build's steps.
    """
    return list(_of_invocation(record) if isinstance(record, Invocation) else _of_build(record))


def _of_invocation(record: Invocation) -> Iterator[OddValue]:
    for name in ("created_at", "launched_at", "finished_at"):
        yield from _time(name, getattr(record, name))
    if record.build is not None:
        for name in ("created_at", "started_at", "completed_at"):
            yield from _time(f"build_{name}", getattr(record.build, name))
    for name in _DURATIONS:
        yield from _duration(name, getattr(record, name))


def _of_build(build: Build) -> Iterator[OddValue]:
    for name in ("created_at", "started_at", "completed_at", "updated_at"):
        yield from _time(name, getattr(build, name))
    for name, value in build_durations(build).items():
        yield from _duration(name, value)
    for step in build.steps:
        yield from _of_step(step)


def _of_step(step: Step) -> Iterator[OddValue]:
    name = f"step {step.index}"
    yield from _time(f"{name} started_at", step.started_at)
    yield from _time(f"{name} ended_at", step.ended_at)
    yield from _duration(f"{name} duration_s", step.duration_s)


def _duration(name: str, value: float | None) -> Iterator[OddValue]:
    if value is None or not is_odd_duration(value):
        return
    why = _NEGATIVE.get(name, "it ends before it starts") if value < 0 else "it is longer than 10 years"
    yield OddValue(name, f"{name} is impossible: {value:.9g} s, {why}")


def _time(name: str, moment: datetime | None) -> Iterator[OddValue]:
    if moment is not None and is_odd_time(moment):
        yield OddValue(name, f"{name} is impossible: {moment.date().isoformat()}, before Buildbucket began")


def without_odd(data: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with null for every odd value, and for what is computed from one.

    Parameters
    ----------
    data:
        With columns of the tables `invocations`, `builds` or `steps`: times in columns that end in
        ``_at``, seconds in ``duration_s``, ``pending_s``, ``run_s`` and those computed from them. An end
        more than 10 years from its beginning is left out like the duration between them.
    """
    cleaned = data.copy(deep=False)
    for name in data.columns:
        if str(name).endswith("_at"):
            cleaned[name] = data[name].mask(data[name] < EARLIEST)
    for name in _DURATIONS:
        if name in data:
            cleaned[name] = data[name].where(data[name].between(LEAST_S, MOST_S))
    for name, durations in _DERIVED.items():
        if name in data:
            # What is computed from several clocks can be genuinely below −1 s, but not with an odd duration.
            is_odd = data[name] < -MOST_S
            for duration in durations:
                if duration in data:
                    is_odd |= (data[name] < LEAST_S) & data[duration].notna() & cleaned[duration].isna()
            cleaned[name] = data[name].where((data[name] <= MOST_S) & ~is_odd)
    for start, end in _SPANS:
        if start in data and end in data:
            length = (cleaned[end] - cleaned[start]).dt.total_seconds()
            cleaned[end] = cleaned[end].mask(~length.between(LEAST_S, MOST_S) & length.notna())
    return cleaned
