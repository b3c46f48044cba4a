"""Logs written by hand, entry by entry."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

DAY = date(2016, 3, 1)

#: As the scheduler makes it at 2016-03-01T10:00:00: the complement of the milliseconds since 2015, 20 bits shifted.
CREATED_MS = (datetime(2016, 3, 1, 10, tzinfo=UTC) - datetime(2015, 1, 1, tzinfo=UTC)) // timedelta(
    milliseconds=1
)
INVOCATION = str(~(CREATED_MS << 20) & (1 << 63) - 1)


def at(clock: str, day: str = "2016-03-01") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


def log(*lines: str) -> str:
    """Join lines that begin with a clock; the others go on with the one before."""
    return "".join(f"[{line[:12]}] {line[13:]}\n" if line[2:3] == ":" else f"{line}\n" for line in lines)


def payload(value: Any) -> str:
    return json.dumps(value, indent=2)


V2_REQUEST = payload(
    {
        "requestId": INVOCATION,
        "builder": {"project": "p", "bucket": "ci", "builder": "b"},
        "tags": [
            {"key": "scheduler_invocation_id", "value": INVOCATION},
            {"key": "scheduler_job_id", "value": "p/j"},
        ],
    }
)


def attempt(number: int, clock: str, error: str | None = "rpc error") -> list[str]:
    lines = [
        f"{clock}.000 Starting the invocation (attempt {number})",
        f"{clock}.100 Buildbucket request:",
        V2_REQUEST,
    ]
    return [*lines, *([f"{clock}.500 Failed to schedule Buildbucket build - {error}"] if error else [])]
