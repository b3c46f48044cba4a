"""Ids that contain a time, and ids of timers, which contain other ids.

An invocation id is the bitwise complement of ``milliseconds << 20 | suffix``, where the milliseconds count
from 2015-01-01T00:00Z to the invocation's creation. A build id of 2017 or later is the same, counted from
2010-01-01T00:00Z. Both have 63 bits. A float cannot represent all of them exactly, so that they are text
everywhere in logparse.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

_MS_MASK: Final = (1 << 43) - 1
_INVOCATION_EPOCH_US: Final = 1_420_070_400_000_000  # 2015-01-01T00:00Z
_BUILD_EPOCH_US: Final = 1_262_304_000_000_000  # 2010-01-01T00:00Z
#: Times from the scheduler's first year to a far future. Ids of another kind give times outside of these.
_EARLIEST_US: Final = 1_420_070_400_000_000  # 2015-01-01
LATEST_US: Final = 2_524_608_000_000_000  # 2050-01-01
#: The most digits of a count, so that it fits in 64 bits.
_COUNT_DIGITS: Final = 18


class TimerId(NamedTuple):
    """The parts of ``project/job:invocation:mutation:number``. It is split from the right."""

    job_id: str
    invocation_id: str
    mutation: int
    number: int


def invocation_created_us(invocation_id: str) -> int | None:
    """Return when an invocation was created, in µs since 1970, or None if its id does not contain a time."""
    return _created_us(invocation_id, _INVOCATION_EPOCH_US)


def build_created_us(build_id: str) -> int | None:
    """Return when a build was created, in µs since 1970, or None if its id does not contain a time."""
    return _created_us(build_id, _BUILD_EPOCH_US)


def _created_us(identifier: str, epoch_us: int) -> int | None:
    if not (16 <= len(identifier) <= 19 and identifier.isascii() and identifier.isdigit()):
        return None
    number = int(identifier)
    if number >= 1 << 63:
        return None
    us = ((~number >> 20) & _MS_MASK) * 1000 + epoch_us
    return us if _EARLIEST_US <= us <= LATEST_US else None


def is_plausible_us(us: int) -> bool:
    """Whether a time in µs since 1970 is between 2010 and 2050: Buildbucket began in 2010."""
    return _BUILD_EPOCH_US <= us <= LATEST_US


@lru_cache(maxsize=256)
def parse_timer_id(text: str) -> TimerId | None:
    """Return the parts of a timer id, or None for another text. The job can have spaces and parentheses."""
    parts = text.rsplit(":", 3)
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) <= 20 for p in parts[1:]):
        return None
    if max(len(parts[2]), len(parts[3])) > _COUNT_DIGITS:
        return None
    return TimerId(parts[0], parts[1], int(parts[2]), int(parts[3]))


def split_job_id(job_id: str) -> tuple[str | None, str]:
    """Return project and job of ``project/job``. Without a slash the project is None."""
    project, slash, job = job_id.partition("/")
    return (project, job) if slash else (None, job_id)
