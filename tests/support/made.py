"""Tables of invocations and builds with values made for the purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from logparse.batches.arrow import frame
from logparse.columns import TABLES

NOON = datetime(2020, 11, 17, 12, tzinfo=UTC)


def hours(n: float) -> datetime:
    return NOON + timedelta(hours=n)


def invocations(*rows: dict[str, Any]) -> pd.DataFrame:
    return frame(({"source": "x.log", **row} for row in rows), TABLES["invocations"])


def builds(*rows: dict[str, Any]) -> pd.DataFrame:
    return frame(rows, TABLES["builds"])


def one(data: pd.DataFrame) -> dict[str, Any]:
    (row,) = data.to_dict("records")
    return {str(k): v for k, v in row.items()}


def run(seconds: float | None, **more: Any) -> dict[str, Any]:
    return {
        "invocation_id": str(seconds),
        "job_id": "p/j",
        "status": "SUCCEEDED",
        "run_s": seconds,
        "created_at": NOON,
        "finished_at": hours(1),
        **more,
    }
