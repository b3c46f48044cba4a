"""The speed of bots: their runs compared with those of their peers on the same builders and days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.arrays import array
from logparse.analysis.strata import (
    Excess,
    day_variance,
    excess_of,
    medians_of_others,
    place_of_limit,
    rank_scores,
    two_sided,
)
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd

#: The fewest runs and days by which a bot's speed is judged.
LEAST_RUNS: Final = 10
LEAST_DAYS: Final = 3
#: A builder's day with fewer runs is not a stratum of its own.
_FEW_OF_DAY: Final = 4


def strata_of(builds: pd.DataFrame) -> NDArray[Any]:
    """Return the stratum of each build: the builder's day, or its week for days with few builds."""
    days, weeks = (builds[name].to_numpy(np.int64) for name in ("day_of_builder", "week_of_builder"))
    is_few = np.bincount(days)[days] < _FEW_OF_DAY if len(days) else np.zeros(0, dtype=bool)
    return array(np.unique(np.where(is_few, -1 - weeks, days), return_inverse=True)[1])


def compared(placed: pd.DataFrame) -> pd.DataFrame:
    """Return the successful runs, each with its ratio to its peers' median; it is null without peers."""
    runs = placed[placed["succeeded"] & (placed["run_s"] > 0)]
    bots, weeks = runs["bot"].to_numpy(np.int64), runs["week_of_builder"].to_numpy(np.int64)
    return runs.assign(ratio=runs["run_s"] / medians_of_others(runs["run_s"].to_numpy(float), weeks, bots))


def speeds(runs: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return a row for each of `number` bots: the columns of `outliers` about the speed of its runs."""
    known = runs[runs["ratio"].notna()]
    by_bot = known.groupby(["bot", "day"])["ratio"].median().groupby(level=0)
    days = by_bot.size().reindex(range(number), fill_value=0).to_numpy()
    many = np.bincount(known["bot"], minlength=number)
    limits = [_limits(values) for _, values in by_bot]
    low, high = (pd.Series(side, index=by_bot.size().index, dtype=float) for side in _sides(limits))
    is_enough = (many >= LEAST_RUNS) & (days >= LEAST_DAYS)
    columns = {
        "compared": many,
        "days": days,
        "run_ratio": by_bot.median().reindex(range(number)),
        "run_ratio_low": low.reindex(range(number)),
        "run_ratio_high": high.reindex(range(number)),
        "run_p_value": np.where(is_enough, two_sided(_ranked(runs, number)), np.nan),
    }
    return pd.DataFrame(columns)


def _sides(limits: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [low for low, _ in limits], [high for _, high in limits]


def _ranked(runs: pd.DataFrame, number: int) -> Excess:
    strata, bots = strata_of(runs), runs["bot"].to_numpy()
    scores = rank_scores(runs["run_s"].to_numpy(float), strata)
    test = excess_of(scores, strata, bots, number)
    shown = day_variance(scores, runs["day"].to_numpy(), bots, number)
    # A bot whose runs have no peers on any day is not tested.
    return test._replace(variance=np.where(test.variance > 0, np.maximum(test.variance, shown), 0.0))


def _limits(values: pd.Series[Any]) -> tuple[float, float]:
    """Return the limits of the 95 % interval of a median."""
    place = place_of_limit(len(values))
    ordered = values.sort_values().tolist()
    return (np.nan, np.nan) if place is None else (ordered[place], ordered[-1 - place])
