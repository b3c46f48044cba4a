"""Logs and builds of one invocation, and rows to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

import logparse as lp

DATA = Path(__file__).parent.parent / "data"
LOGS, CASES = DATA / "logs", DATA / "cases"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
MONDAY, TUESDAY = (CASES / f"same-build-twice.{day}.json" for day in ("1-monday", "2-tuesday"))
LOG, BUILDS = (CASES / f"builds-file-older-than-log.{end}" for end in ("log", "builds.json"))

#: An id of 2024-06-03T09:00:00Z.
ID = "8911593901609975807"
CREATED = "2024-06-03T09:00:0{}.000000Z"


def one(data: pd.DataFrame) -> dict[str, Any]:
    (row,) = data.to_dict("records")
    return {str(k): None if v is pd.NA or v is pd.NaT or v != v else v for k, v in row.items()}


def codes(data: lp.Dataset) -> list[str]:
    return sorted(data.table("findings")["code"])


def v2(age: int, **more: Any) -> dict[str, Any]:
    """A build of acme/ci/b that the scheduler started for the invocation `ID`."""
    return {
        "id": str(8746163838866423807 - age),
        "builder": {"project": "acme", "bucket": "ci", "builder": "b"},
        "status": "SUCCESS",
        "createTime": CREATED.format(2),
        "startTime": CREATED.format(5),
        "endTime": CREATED.format(9),
        "tags": [
            {"key": "scheduler_invocation_id", "value": ID},
            {"key": "scheduler_job_id", "value": "acme/job"},
        ],
        **more,
    }


def text(*builds: dict[str, Any]) -> bytes:
    return "".join(json.dumps(build) + "\n" for build in builds).encode()


def queued(*lines: str) -> str:
    """A log without an id that begins at 09:00."""
    first = "[09:00:00.000] New invocation is queued and will start shortly\n"
    return first + "".join(f"{line}\n" for line in lines)


RUNNING = "[09:00:01.000] Starting the invocation (attempt 1)"
TIMER = f'[09:00:03.000] Handling timer "t" (acme/job:{ID}:2:0)'
DONE = "[09:00:05.000] Invocation finished in 5s with status SUCCEEDED"
