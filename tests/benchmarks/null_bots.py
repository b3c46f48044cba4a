"""How often `outliers` names a bot of a fleet in which no bot differs, and how often it finds one that does.

``python tests/benchmarks/null_bots.py [fleets]`` prints a table in Markdown. Fleets are drawn from the seeds
0, 1, 2, …: 100 builders in 5 pools of 40 bots, 28 days. The logarithm of a run varies by 0.15 within a day,
and by 0.05 from day to day; half of the latter is common to the builders of a pool, and days can be
correlated with the day before.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for a call by path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from logparse.analysis import outliers
from logparse.columns import TABLES

_DAY_SD = 0.05
_RUN_SD = 0.15
_START = pd.Timestamp("2026-08-03", tz="UTC")
_TEXTS = frozenset(column.name for column in TABLES["builds"] if column.type == "text")
#: The bot that is slow where one is.
SLOW = "pool0-bot00"


@dataclass(frozen=True)
class Fleet:
    """The values that fleets are drawn with.

    Attributes
    ----------
    correlation:
        Of a day's effect with that of the day before.
    builds:
        Builds of a builder a day, on average.
    presence:
        Days on which a bot runs builds, in a row; None for all.
    bad_days:
        Standard deviation of what a bot adds to the logarithm of all its runs of a day.
    slow:
        The factor by which one bot's runs are longer, which then has 30 runs.
    """

    correlation: float = 0.3
    builds: float = 4.0
    presence: int | None = None
    bad_days: float = 0.0
    slow: float | None = None
    builders: int = 100
    pools: int = 5
    bots: int = 40
    days: int = 28


FLEETS = {
    "no bot differs, days independent": Fleet(correlation=0.0),
    "no bot differs, days correlated (0.3)": Fleet(),
    "the same, 1 build a day": Fleet(builds=1.0),
    "the same, 20 builds a day on 8 bots": Fleet(builds=20.0, bots=8, builders=50),
    "the same, each bot there for a week only": Fleet(presence=7),
    "the same, bots have good and bad days (5 %)": Fleet(bad_days=0.05),
    "a bot ×1.5 with 30 runs among 40": Fleet(slow=1.5),
    "the slow bot, 1 build of a builder a day": Fleet(slow=1.5, builds=1.0),
}


def drawn(fleet: Fleet, seed: int) -> pd.DataFrame:
    """Return the table `builds` of a fleet, with the columns that `outliers` needs."""
    draw = np.random.default_rng(seed)
    pool = np.arange(fleet.builders) % fleet.pools
    common, own = _days(draw, fleet, fleet.pools)[pool], _days(draw, fleet, fleet.builders)
    effect = _DAY_SD * np.sqrt(0.5) * (common + own)
    many = draw.poisson(fleet.builds, size=effect.shape)
    builder, day = (np.repeat(index.ravel(), many.ravel()) for index in np.indices(effect.shape))
    bot = _bots(draw, fleet, day)
    log_run = np.log(1_000) + effect[builder, day] + draw.normal(0, _RUN_SD, len(day))
    log_run += (
        draw.normal(0, 1, (fleet.pools, fleet.bots, fleet.days))[pool[builder], bot, day] * fleet.bad_days
    )
    kept = np.ones(len(day), dtype=bool)
    if fleet.slow is not None:
        mine = draw.permutation(np.flatnonzero((pool[builder] == 0) & (bot == 0)))
        log_run[mine] += np.log(fleet.slow)
        kept[mine[30:]] = False
    times = _START + pd.to_timedelta(day * 86_400 + draw.integers(0, 86_400, len(day)), unit="s")
    made = pd.DataFrame(
        {
            "builder_id": [f"p/ci/{number}" for number in builder],
            "bot_id": [f"pool{a}-bot{b:02}" for a, b in zip(pool[builder], bot, strict=True)],
            "created_at": times.as_unit("us"),
            "run_s": np.exp(log_run),
        }
    )[kept].reset_index(drop=True)
    fixed = {"status": "SUCCESS", "machine_type": "n1-standard-8", "pool": "p", "url": None, "cpu": None}
    made = made.assign(build_id=made.index.astype(str), cores=pd.array([None] * len(made), "Int64"), **fixed)
    return made.astype({name: "str" for name in made.columns if name in _TEXTS})


def _days(draw: np.random.Generator, fleet: Fleet, number: int) -> NDArray[Any]:
    """Return effects of days with a standard deviation of 1, each correlated with the one before."""
    made = draw.normal(size=(number, fleet.days))
    for day in range(1, fleet.days):
        made[:, day] *= np.sqrt(1 - fleet.correlation**2)
        made[:, day] += fleet.correlation * made[:, day - 1]
    return made


def _bots(draw: np.random.Generator, fleet: Fleet, day: NDArray[Any]) -> NDArray[Any]:
    """Return the number of each run's bot within its pool, one that runs builds on that day."""
    if fleet.presence is None:
        return draw.integers(0, fleet.bots, len(day))
    first = draw.permutation(fleet.bots) * fleet.days // fleet.bots
    tried = draw.integers(0, fleet.bots, (len(day), 64))
    is_there = (day[:, None] - first[tried]) % fleet.days < fleet.presence
    chosen: NDArray[Any] = tried[np.arange(len(day)), is_there.argmax(axis=1)]
    return chosen


def named(fleet: Fleet, seed: int) -> bool:
    """Return whether a bot of a fleet is named; in one with a slow bot, whether that is named first."""
    found = outliers(drawn(fleet, seed))
    if fleet.slow is None:
        return not found["verdict"].isin(["~", "too few runs"]).all()
    return (found["bot_id"].iloc[0], found["verdict"].iloc[0]) == (SLOW, "slow")


def any_change(fleet: Fleet, seed: int) -> bool:
    """Return whether a corrected probability of a fleet is below 1 %, whatever the size of the difference."""
    return bool((outliers(drawn(fleet, seed), least_change=0.0)["verdict"].isin(["slow", "fast"])).any())


def main(arguments: Sequence[str]) -> None:
    """Print a row for each kind of fleet."""
    fleets = int(arguments[0]) if arguments else 200
    print(f"| fleets (seeds 0 to {fleets - 1}) | named | also those that differ by under 10 % |")
    print("| --- | --- | --- |")
    for meaning, fleet in FLEETS.items():
        share = np.mean([named(fleet, seed) for seed in range(fleets)])
        least = "" if fleet.slow else f"{np.mean([any_change(fleet, s) for s in range(fleets)]):.1%}"
        print(f"| {meaning} | {share:.1%} | {least} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
