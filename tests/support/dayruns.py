"""Tables of invocations of builders that run on every day, with durations drawn or given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from logparse.batches.arrow import frame
from logparse.columns import TABLES

#: A Monday.
MONDAY = datetime(2021, 3, 1, tzinfo=UTC)
Row = dict[str, Any]


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as the table of invocations."""
    return frame(list(rows), TABLES["invocations"])


def day(number: int) -> datetime:
    """Return a day, counted from the Monday."""
    return MONDAY + timedelta(days=number)


def runs_of_day(
    builder: str, number: int, seconds: Sequence[float | None], metric: str = "run_s"
) -> list[Row]:
    """Return a run for each duration, an hour apart."""
    return [
        {
            "invocation_id": f"{builder}-{number}-{place}",
            "builder_id": builder,
            "created_at": day(number) + timedelta(hours=place),
            metric: value,
        }
        for place, value in enumerate(seconds)
    ]


def drawn_runs(
    builder: str,
    days: Iterable[int],
    factor: Callable[[int], float] = lambda _: 1.0,
    *,
    seed: int = 0,
    median_s: float = 600.0,
    metric: str = "run_s",
    runs: int = 9,
) -> list[Row]:
    """Return runs whose day medians spread by 5 %, times a factor that depends on the day."""
    rng = np.random.default_rng([seed, *builder.encode()])
    made: list[Row] = []
    for number in days:
        level = median_s * factor(number) * np.exp(rng.normal(0, 0.05))
        made += runs_of_day(builder, number, (level * np.exp(rng.normal(0, 0.15, runs))).tolist(), metric)
    return made
