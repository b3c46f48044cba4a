"""How often `compare` and `trends` are wrong on fleets without any change, and how often they see a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from drawn import FIRST_DAY, null_fleet
from numpy.typing import NDArray

from logparse.analysis.breaks import search
from logparse.analysis.daymedians import LEAST_Q, LEAST_S, LEAST_SHARE, is_large, scaled, sized
from logparse.analysis.moderation import adjusted
from logparse.analysis.steps import Calendar, Steps, steps

SIDE = 14
TREND_DAYS = 60


class Scenario(NamedTuple):
    """Days that correlate with the next by `rho`, and the share of their effect that a pool has in common."""

    rho: float
    shared: float


SCENARIOS = (Scenario(0.0, 0.0), Scenario(0.0, 0.5), Scenario(0.3, 0.0), Scenario(0.3, 0.5))


class Planted(NamedTuple):
    """A change of the first builder: its name, the metric, and the factor of its durations."""

    name: str
    metric: int
    factor: float


PLANTED = (Planted("run time +20 %", 0, 1.2), Planted("queue ×4", 2, 4.0), Planted("queue ×2.5", 2, 2.5))


class Counted(NamedTuple):
    """Of a number of fleets: those with a false verdict on a builder, on the fleet; changes that were seen."""

    fleets: int
    false_builders: int
    false_fleet: int
    false_any: int
    seen: dict[str, int]


#: p-values of all series of a metric, that of the fleet, and whether a series has a change that is large.
Judged = tuple[NDArray[Any], float, Callable[[int], bool]]
Judge = Callable[[NDArray[Any]], Judged]


def by_compare(logs: NDArray[Any]) -> Judged:
    """Judge day medians of 14 days before and 14 after, given as logarithms of seconds."""
    days = np.arange(len(logs))
    found = steps(scaled(np.exp(logs)), Calendar(FIRST_DAY + days, days >= SIDE))
    assert found.fleet is not None

    def large(number: int) -> bool:
        return _is_large(found, number)

    return found.p, found.fleet.p, large


def _is_large(found: Steps, number: int) -> bool:
    sizes = sized(*(part[[number]] for part in (found.level, found.change, found.error, found.freedom)))
    return is_large({name: float(values[0]) for name, values in sizes.items()}, LEAST_SHARE, LEAST_S)


def by_trends(logs: NDArray[Any]) -> Judged:
    """Judge day medians by the smallest p-values, corrected for the search."""
    found = search(scaled(np.exp(logs)), FIRST_DAY + np.arange(len(logs)))
    (group,) = found.groups
    assert found.shared is not None
    return group.p_values(), float(found.shared.p_values()[0]), lambda _: True


def counted(judge: Judge, days: int, change: int, scenario: Scenario, seeds: Iterable[int]) -> Counted:
    """Count false verdicts on null fleets, and how often each of `PLANTED` is seen in them.

    A verdict on a fleet without change is false whatever its size. A planted change is seen where it has a
    verdict, with its size.

    Parameters
    ----------
    change:
        The index of the first day with the planted change.
    """
    false = []
    seen: dict[str, list[bool]] = {planted.name: [] for planted in PLANTED}
    for seed in seeds:
        logs = null_fleet(seed, days, *scenario)
        judged = [judge(values) for values in logs]
        builders = bool((adjusted(np.concatenate([p for p, _, _ in judged])) <= LEAST_Q).any())
        fleet = bool((adjusted(np.array([p for _, p, _ in judged])) <= LEAST_Q).any())
        false.append((builders, fleet, builders or fleet))
        for planted in PLANTED:
            seen[planted.name].append(_sees(judge, logs, judged, change, planted))
    of_builders, of_fleet, of_any = (sum(column) for column in zip(*false, strict=True))
    return Counted(
        len(false), of_builders, of_fleet, of_any, {name: sum(values) for name, values in seen.items()}
    )


def _sees(
    judge: Judge, logs: Sequence[NDArray[Any]], judged: Sequence[Judged], change: int, planted: Planted
) -> bool:
    changed = logs[planted.metric].copy()
    changed[change:, 0] += np.log(planted.factor)
    p, _, large = judge(changed)
    all_p = [p if number == planted.metric else other for number, (other, _, _) in enumerate(judged)]
    q = adjusted(np.concatenate(all_p))
    return bool(q[planted.metric * len(p)] <= LEAST_Q) and large(0)
