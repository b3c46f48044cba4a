"""Fleets without any change, drawn as day medians, and changes that are planted in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: A Monday, as days since 1 January 1970.
FIRST_DAY = 18_687
#: Builds of a builder and day.
RUNS = 20
#: The standard deviation of a median of n values, over theirs and the root of n.
OF_MEDIAN = 1.2533


class Spread(NamedTuple):
    """Standard deviations of logarithms: of days, and of runs within a day."""

    day: float
    run: float


#: Two metrics that spread as run times, and two that spread as waits.
METRICS = (Spread(0.05, 0.15), Spread(0.05, 0.15), Spread(0.5, 0.5), Spread(0.5, 0.5))


def correlated(rng: np.random.Generator, days: int, number: int, rho: float) -> NDArray[Any]:
    """Return standard normal values, days × number, where each correlates with that of the next day."""
    drawn = rng.standard_normal((days, number))
    for day in range(1, days):
        drawn[day] = rho * drawn[day - 1] + np.sqrt(1 - rho * rho) * drawn[day]
    return drawn


def null_fleet(
    seed: int, days: int, rho: float, shared: float, *, builders: int = 100, pools: int = 5
) -> list[NDArray[Any]]:
    """Return the logarithms of day medians, days × builders, for each of `METRICS`.

    Parameters
    ----------
    rho:
        The correlation of a day's effect with that of the next day.
    shared:
        The share of the variance of a day's effect that all builders of a pool have in common.
    """
    rng = np.random.default_rng(seed)
    made = []
    for spread in METRICS:
        own = correlated(rng, days, builders, rho)
        pool = correlated(rng, days, pools, rho)[:, np.arange(builders) % pools]
        day = spread.day * (np.sqrt(1 - shared) * own + np.sqrt(shared) * pool)
        runs = spread.run * OF_MEDIAN / np.sqrt(RUNS) * rng.standard_normal((days, builders))
        weekday = rng.normal(0.0, 0.1, (7, builders))[np.arange(days) % 7]
        made.append(rng.normal(6.0, 1.0, builders) + weekday + day + runs)
    return made
