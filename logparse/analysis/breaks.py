"""Change points of day medians, for many builders at once: the inner form of `trends`.

Each split of each of a fixed set of stretches of time is a test of a step, with 7 days at least on each side.
The smallest p-value of a series is multiplied by the number of its tests (Bonferroni), which corrects for the
search. docs/statistics.md has the method and how it was validated.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.moderation import NO_PRIOR, Prior, fit_prior, moderated, p_values
from logparse.analysis.regression import (
    LEAST_VARIANCE,
    Correlation,
    Series,
    correlation,
    fitted,
    typed,
    weekdays,
    whitened,
)
from logparse.analysis.steps import LEAST_FLEET, NO_CORRELATION, median_of_days, same_days
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The fewest days of a segment.
LEAST_SEGMENT: Final = 7
#: The days of a block: each has a level of its own where the variance and the correlation are estimated, so
#: that a change point does not make them larger.
_BLOCK: Final = 14
#: Each stretch is shorter than that of the level above by this factor, and overlaps the next one by half.
_SHORTER: Final = 2**-0.5


class Splits(NamedTuple):
    """The splits of a stretch of time, with the step at each of them.

    Attributes
    ----------
    at:
        The row of the first day after each split.
    change, error, freedom, p:
        Splits × series: the step on the scaled level, its standard error, degrees of freedom and p-value.
    """

    at: NDArray[Any]
    change: NDArray[Any]
    error: NDArray[Any]
    freedom: NDArray[Any]
    p: NDArray[Any]


class Fleet(NamedTuple):
    """How the errors of series behave: their correlation from day to day, and their variances."""

    rho: float
    prior: Prior


class Break(NamedTuple):
    """A change point of a series.

    Attributes
    ----------
    row:
        Of the first day with the new level.
    first, last:
        The rows of the first day of the segment before, and of the last day of the segment after.
    change, error, freedom:
        The step on the scaled level, its standard error, and its degrees of freedom.
    p:
        Corrected for the search within the series.
    """

    row: int
    first: int
    last: int
    change: float
    error: float
    freedom: float
    p: float


class Scanned(NamedTuple):
    """Series with the same days, and the tests of each stretch.

    Attributes
    ----------
    rows, columns:
        In the table of day medians.
    days, values:
        The days, and days × series.
    fleet:
        How the errors behave.
    p:
        The smallest p-value of each series, corrected for the search.
    """

    rows: NDArray[Any]
    columns: NDArray[Any]
    days: NDArray[Any]
    values: NDArray[Any]
    fleet: Fleet
    p: NDArray[Any]

    def breaks(self, number: int, limit: float) -> list[Break]:
        """Return the change points of a series, of which the corrected p-value is at most `limit`.

        The split with the smallest p-value of all stretches comes first. Then those of stretches without a
        change point that is known already. The size of each is that of the step between its neighbours.
        """
        tests = [
            (a, b, splits(self.days[a:b], self.values[a:b, [number]], self.fleet))
            for a, b in stretches(len(self.days))
        ]
        total = sum(len(test.at) for _, _, test in tests)
        best = sorted((float(test.p.min()), a, b, a + int(test.at[test.p.argmin()])) for a, b, test in tests)
        found: dict[int, float] = {}
        for p, a, b, row in best:
            is_free = not any(a + LEAST_SEGMENT <= other <= b - LEAST_SEGMENT for other in found)
            is_apart = all(abs(row - other) >= LEAST_SEGMENT for other in found)
            if p * total <= limit and is_free and is_apart:
                found[row] = min(p * total, 1.0)
        return list(self._sized(number, found))

    def _sized(self, number: int, found: dict[int, float]) -> Iterator[Break]:
        """Yield change points, in the order of time, with their sizes."""
        rows = sorted(found)
        for row, first, last in zip(rows, [0, *rows], [*rows[1:], len(self.days)], strict=False):
            test = splits(self.days[first:last], self.values[first:last, [number]], self.fleet)
            here = int(np.flatnonzero(test.at == row - first)[0])
            change, error, freedom = (float(part[here, 0]) for part in (test.change, test.error, test.freedom))
            yield Break(row, first, last - 1, change, error, freedom, found[row])


def scanned(medians: NDArray[Any], days: NDArray[Any]) -> tuple[list[Scanned], Scanned | None]:
    """Return the tests of all series, and those of the changes that all of them share.

    Series with fewer than 14 days are left out. The shared ones are None for fewer than two series. They are
    taken out of each series where ten have a value.

    Parameters
    ----------
    medians:
        Days × series, scaled; NaN where a day has no value.
    days:
        Numbers since 1 January 1970, ascending.
    """
    long = medians.copy()
    long[:, (~np.isnan(medians)).sum(axis=0) < 2 * LEAST_SEGMENT] = np.nan
    number = int((~np.isnan(long)).any(axis=0).sum())
    if number == 0:
        return [], None
    is_large = number >= LEAST_FLEET
    shared = _shared(long, days, LEAST_FLEET if is_large else 1)
    groups = list(same_days(long - np.nan_to_num(shared)[:, None] if is_large else long))
    blocks = [_blocks(days[rows], long[np.ix_(rows, columns)]) for rows, columns in groups]
    if is_large:
        blocks = [
            block._replace(values=block.values - np.nan_to_num(shared[rows])[:, None])
            for block, (rows, _) in zip(blocks, groups, strict=True)
        ]
    blocks = [block for block in blocks if block.freedom > 0]
    fleet = _fleet(blocks)
    made = [
        _scan(rows, columns, days[rows], long[np.ix_(rows, columns)], fleet) for rows, columns in groups
    ]
    return made, None
