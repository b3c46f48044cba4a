"""The number of days between entries whose clocks show only the time of day.

The clocks of two neighbours give the least time between them. Whole days more can have passed between any
two. Evidence about single entries limits the days on which they can have been written. The most likely days
are those that contradict the least evidence. Among these, the days that are added are between as few pairs
of entries as possible, and between the most likely pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

#: At most so many days are compared.
_MOST_DAYS: Final = 32


class Stamp(NamedTuple):
    """A time of Buildbucket's clock that an entry carries.

    Parameters
    ----------
    entry:
        Index of the entry.
    us:
        The time in microseconds since 1970.
    exact:
        Whether the entry was written within minutes of it. Otherwise it was written at that time or later.
    """

    entry: int
    us: int
    exact: bool


class Bound(NamedTuple):
    """Evidence about the day of one point.

    Parameters
    ----------
    point:
        Its position among the points.
    first, last:
        First and last day that the evidence allows, or None where it does not limit that side.
    weight:
        The cost of a day that the evidence does not allow.
    """

    point: int
    first: int | None
    last: int | None
    weight: int

    def allows(self, day: int) -> bool:
        """Whether the evidence allows a day."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def common_day(bounds: Sequence[Bound]) -> int | None:
    """Return the first day that all bounds allow, whatever their point, or None where there is none."""
    first = max((b.first for b in bounds if b.first is not None), default=None)
    last = min((b.last for b in bounds if b.last is not None), default=None)
    if first is None or last is None:
        return first if last is None else last
    return first if first <= last else None


def settle(gap_costs: Sequence[int], bounds: Sequence[Bound]) -> tuple[int, list[int]]:
    """Return the cost of the most likely days, and the day of each point.

    Parameters
    ----------
    gap_costs:
        One for each point: the cost of days that passed between the point before and this one. The first
        is not used.
    bounds:
        The evidence. At least one side of one bound must be limited.

    The day of a point is never before that of the point before it.
    """
    days = _candidates(bounds)
    by_point: dict[int, list[Bound]] = {}
    for bound in bounds:
        by_point.setdefault(bound.point, []).append(bound)
    costs = [0] * len(days)
    steps: list[tuple[int, list[int]]] = []
    before = -1
    for point in sorted(by_point):
        # Between two points with evidence, the days that passed are added in the cheapest gap.
        gap = min(range(max(before + 1, 1), point + 1), key=gap_costs.__getitem__, default=0)
        origin = list(range(len(days)))
        if before >= 0:
            costs = _step(costs, origin, gap_costs[gap])
        for bound in by_point[point]:
            costs = [c if bound.allows(day) else c + bound.weight for c, day in zip(costs, days, strict=True)]
        steps.append((gap, origin))
        before = point
    at = min(range(len(days)), key=costs.__getitem__)
    total, chosen = costs[at], [days[at]] * len(gap_costs)
    for gap, origin in reversed(steps):
        if origin[at] != at:
            at = origin[at]
            chosen[:gap] = [days[at]] * gap
    return total, chosen


def _candidates(bounds: Sequence[Bound]) -> list[int]:
    """Return the days that some evidence names. If they are too many, those with the greatest weights."""
    weights: dict[int, int] = {}
    for bound in bounds:
        for day in {bound.first, bound.last}:
            if day is not None:
                weights[day] = weights.get(day, 0) + bound.weight
    heaviest = sorted(weights, key=lambda day: (-weights[day], day))
    return sorted(heaviest[:_MOST_DAYS])


def _step(costs: Sequence[int], origin: list[int], gap_cost: int) -> list[int]:
    """Return the least cost of each day after a gap, and set in `origin` the day before the gap."""
    result = []
    lowest = 0
    for at, cost in enumerate(costs):
        if at and costs[lowest] + gap_cost < cost:
            origin[at] = lowest
            cost = costs[lowest] + gap_cost
        result.append(cost)
        if costs[at] < costs[lowest]:
            lowest = at
    return result
