"""Instants as whole microseconds since 1970-01-01T00:00Z, so that differences are exact."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

DAY_MS: Final = 86_400_000
DAY_US: Final = 86_400_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: What a `datetime` can hold, less a day at each end.
_FIRST_US: Final = -62_135_510_400_000_000
_LAST_US: Final = 253_402_214_400_000_000

_USUAL_SIZE: Final = len("YYYY-MM-DDTHH:MM:SS.ffffffZ")
_RFC3339_RE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*+)?([Zz]|[+-]\d\d:?\d\d)?"
)


def to_datetime(us: int | None) -> datetime | None:
    """Return the instant as an aware datetime in UTC; None for None and for what no calendar holds."""
    if us is None or not _FIRST_US <= us <= _LAST_US:
        return None
    return EPOCH + timedelta(microseconds=us)


def from_datetime(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970."""
    since = moment - EPOCH
    # Several times as fast as a division of durations.
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def midnight_us(day: date) -> int:
    """Return the first instant of a day in UTC."""
    return (day - EPOCH.date()).days * DAY_US


def parse_rfc3339(text: str) -> int | None:
    """Return an RFC 3339 time, rounded to microseconds, or None for another text.

    A time without a zone is UTC, as in Swarming's JSON. A fraction of up to nine digits counts.
    """
    if len(text) == _USUAL_SIZE and text[10] == "T" and text[19] == "." and text[26] == "Z":
        # The usual form, which the standard library reads fast. It also reads weeks, which have a letter.
        try:
            return from_datetime(datetime.fromisoformat(text)) if text[5].isdecimal() else None
        except ValueError:
            return None
    found = _RFC3339_RE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    us = from_datetime(moment)
    if fraction:
        us += round(int(fraction.ljust(9, "0")) / 1000)
    if zone and zone not in "Zz":
        offset = int(zone[1:3]) * 60 + int(zone[-2:])
        us -= (offset if zone[0] == "+" else -offset) * 60_000_000
    return us


def seconds(us: int | None) -> float | None:
    """Return microseconds as seconds."""
    return None if us is None else us / 1e6


def format_clock(ms: int) -> str:
    """Return milliseconds since midnight as ``HH:MM:SS.mmm``."""
    total, milliseconds = divmod(ms, 1000)
    minutes, second = divmod(total, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}"
