"""Change points of day medians, for many builders at once: the inner form of `trends`.

Each split of each of a fixed set of stretches of time is a test of a step, with 7 days at least on each side.
The smallest p-value of a series is multiplied by the number of its tests (Bonferroni), which corrects for the
search. docs/statistics.md has the method and how it was validated.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.arrays import array
from logparse.analysis.moderation import NO_PRIOR, Prior, fit_prior, moderated, p_values
from logparse.analysis.regression import (
    LEAST_VARIANCE,
    Series,
    correlation,
    fitted,
    weekdays,
    whitened,
)
from logparse.analysis.steps import LEAST_FLEET, median_of_days, same_days
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The fewest days of a segment.
LEAST_SEGMENT: Final = 7
#: A split of which the own part is smaller than this cannot be separated from weekdays.
_LEAST_PART: Final = 1e-6
#: The days of a block: each has a level of its own where the variance and the correlation are estimated, so
#: that a change point does not make them larger.
_BLOCK: Final = 14
#: The corrected p-value of an obvious step.
_OBVIOUS: Final = 1e-6
#: Each stretch is shorter than that of the level above by this factor, and overlaps the next one by half.
_SHORTER: Final = 2**-0.5


class Splits(NamedTuple):
    """The splits of a stretch of time, with the step at each of them.

    Attributes
    ----------
    at:
        The row of the first day after each split.
    change, error:
        Splits × series: the step on the scaled level, and its standard error.
    freedom:
        The degrees of freedom of all of them.
    """

    at: NDArray[Any]
    change: NDArray[Any]
    error: NDArray[Any]
    freedom: float

    def best(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return for each series the index of the best split, and its p-value."""
        statistics = np.abs(self.change / self.error)
        return array(statistics.argmax(axis=0)), p_values(statistics.max(axis=0), np.array(self.freedom))


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
    """Series with the same days.

    Attributes
    ----------
    columns:
        In the table of day medians.
    days, values:
        The days, and days × series.
    fleet:
        How the errors behave.
    """

    columns: NDArray[Any]
    days: NDArray[Any]
    values: NDArray[Any]
    fleet: Fleet

    @property
    def tests(self) -> int:
        """The number of tests of a series."""
        return number_of_tests(len(self.days))

    def p_values(self) -> NDArray[Any]:
        """Return the smallest p-value of each series, corrected for the search."""
        found = [
            splits(self.days[a:b], self.values[a:b], self.fleet).best()[1]
            for a, b in stretches(len(self.days))
        ]
        return array(np.minimum(np.min(found, axis=0) * self.tests, 1.0))

    def breaks(self, number: int, limit: float) -> list[Break]:
        """Return the change points of a series, of which the corrected p-value is at most `limit`.

        The smallest p-value gives the first one. The segments before and after it are searched in the same
        way. Then each is moved to the best split between its neighbours.
        """
        found: dict[int, float] = {}
        segments = [(0, len(self.days))]
        while segments:
            first, last = segments.pop()
            p, row = min(self._best(number, first, last), default=(1.0, 0))
            if p <= limit:
                found[row] = p
                segments += [(first, row), (row, last)]
        return list(self._sized(number, found))

    def _best(self, number: int, first: int, last: int) -> Iterator[tuple[float, int]]:
        """Yield the smallest corrected p-value of each stretch within a segment, and its row."""
        for a, b in stretches(last - first):
            test = splits(
                self.days[first + a : first + b], self._part(number, first + a, first + b), self.fleet
            )
            (here,), (p,) = test.best()
            yield min(float(p) * self.tests, 1.0), first + a + int(test.at[here])

    def _part(self, number: int, first: int, last: int) -> NDArray[Any]:
        return self.values[first:last, [number]]

    def _sized(self, number: int, found: dict[int, float]) -> Iterator[Break]:
        """Yield change points in the order of time, with their sizes."""
        rows = sorted(found)
        first = 0
        for place, row in enumerate(rows):
            last = rows[place + 1] if place + 1 < len(rows) else len(self.days)
            test = splits(self.days[first:last], self._part(number, first, last), self.fleet)
            (here,), _ = test.best()
            change, error = float(test.change[here, 0]), float(test.error[here, 0])
            moved = first + int(test.at[here])
            yield Break(moved, first, last - 1, change, error, test.freedom, found[row])
            first = moved


class Search(NamedTuple):
    """All series of a metric, ready to be searched.

    Attributes
    ----------
    groups:
        Series with the same days, together. The change that all share is taken out of them.
    shared:
        That change, as one series; None for fewer than ten series, of which nothing is taken out.
    level:
        The median of the series' medians.
    """

    groups: list[Scanned]
    shared: Scanned | None
    level: float


def search(medians: NDArray[Any], days: NDArray[Any]) -> Search:
    """Return the series that can be searched. Those with fewer than 14 days are left out.

    Steps that are obvious are taken out where the shared change and the errors are estimated, so that they do
    not make them larger.

    Parameters
    ----------
    medians:
        Days × series, scaled; NaN where a day has no value.
    days:
        Numbers since 1 January 1970, ascending.
    """
    long = medians.copy()
    long[:, (~np.isnan(medians)).sum(axis=0) < 2 * LEAST_SEGMENT] = np.nan
    is_large = int((~np.isnan(long)).any(axis=0).sum()) >= LEAST_FLEET
    cleaned = long - _shared(long, days) if is_large else long
    own = _obvious(cleaned, days)
    shared = _shared(long - own, days) if is_large else np.zeros((len(days), 1))
    cleaned = long - shared
    fleet = _errors(cleaned - own, days)
    groups = [
        Scanned(columns, days[rows], cleaned[np.ix_(rows, columns)], fleet)
        for rows, columns in same_days(cleaned)
    ]
    levels = [np.median(group.values, axis=0) for group in groups]
    level = float(np.median(np.concatenate(levels))) if levels else 0.0
    return Search(groups, _of_all(shared, days, fleet.rho) if is_large else None, level)


def _shared(medians: NDArray[Any], days: NDArray[Any]) -> NDArray[Any]:
    """Return the median over series of how far each day is from the series' mean of its weekday.

    It is 0 on days on which fewer than ten series have a value.
    """
    off = medians.copy()
    of_day = (days + 3) % 7
    for weekday in np.unique(of_day):
        chosen = medians[of_day == weekday]
        has_values = (~np.isnan(chosen)).any(axis=0)
        off[np.ix_(of_day == weekday, has_values)] -= np.nanmean(chosen[:, has_values], axis=0)
    return array(np.nan_to_num(median_of_days(off, LEAST_FLEET))[:, None])


def _obvious(medians: NDArray[Any], days: NDArray[Any]) -> NDArray[Any]:
    """Return the sums of the steps of series that would be nearly certain if days did not correlate."""
    own = np.zeros_like(medians)
    for rows, columns in same_days(medians):
        group = Scanned(columns, days[rows], medians[np.ix_(rows, columns)], Fleet(0.0, NO_PRIOR))
        for number in np.flatnonzero(group.p_values() <= _OBVIOUS):
            for step in group.breaks(int(number), _OBVIOUS):
                own[rows[step.row :], columns[number]] += step.change
    return array(own)


def _of_all(shared: NDArray[Any], days: NDArray[Any], rho: float) -> Scanned | None:
    """Return the shared change as a series, whose errors correlate at least as those of the others."""
    rows = np.flatnonzero(shared[:, 0])
    if len(rows) < 2 * LEAST_SEGMENT:
        return None
    values, days = shared[rows], days[rows]
    own = _errors(values - _obvious(values, days), days)
    return Scanned(np.array([0]), days, values, Fleet(max(rho, own.rho), NO_PRIOR))


def _errors(medians: NDArray[Any], days: NDArray[Any]) -> Fleet:
    """Return the correlation of days, one standard error above the estimate, and the variances' distribution.

    Each block of two weeks has a level of its own, so that a slow change does not count as errors.
    """
    parts = [(days[rows], medians[np.ix_(rows, columns)]) for rows, columns in same_days(medians)]
    known = [series for series in (_blocks(*part) for part in parts) if series is not None]
    if not known:
        return Fleet(0.0, NO_PRIOR)
    rho = correlation(known).upper
    fits = [fitted(series, rho) for series in known]
    variances = np.concatenate(
        [fit.squares / series.freedom for fit, series in zip(fits, known, strict=True)]
    )
    freedom = np.repeat([float(series.freedom) for series in known], [s.values.shape[1] for s in known])
    return Fleet(rho, fit_prior(variances, freedom))


def _blocks(days: NDArray[Any], values: NDArray[Any]) -> Series | None:
    """Return series with a level for each block, None where days are too few for that."""
    number = max((int(days[-1] - days[0]) + 1) // _BLOCK, 1)
    block = np.minimum((days - days[0]) // _BLOCK, number - 1)
    levels = (block[:, None] == np.unique(block)[1:]).astype(float)
    design = np.column_stack([weekdays(days), levels])
    series = Series(design, values, np.diff(days).astype(float))
    is_sound = series.freedom > 0 and np.linalg.matrix_rank(design) == design.shape[1]
    return series if is_sound else None


@lru_cache(maxsize=1_000)
def stretches(number: int) -> tuple[tuple[int, int], ...]:
    """Return stretches of a number of days: all of them, and shorter ones that overlap by half.

    None is shorter than two segments. Short ones find a change that is soon undone.
    """
    least = 2 * LEAST_SEGMENT
    if number < least:
        return ()
    made = {(0, number): None}
    length = number * _SHORTER
    while round(length) >= least:
        width = round(length)
        count = -(-2 * (number - width) // width) + 1
        for begin in np.linspace(0, number - width, count).round().astype(int).tolist():
            made[(begin, begin + width)] = None
        length *= _SHORTER
    return tuple(made)


@lru_cache(maxsize=1_000)
def number_of_tests(number: int) -> int:
    """Return the number of splits of all stretches of a number of days."""
    return sum(b - a - 2 * LEAST_SEGMENT + 1 for a, b in stretches(number))


def splits(days: NDArray[Any], values: NDArray[Any], fleet: Fleet) -> Splits:
    """Return the step at each split of a stretch of 14 days or more, for weekdays of their own levels."""
    number = len(days)
    gaps = np.diff(days).astype(float)
    at = np.arange(LEAST_SEGMENT, number - LEAST_SEGMENT + 1)
    base, _ = np.linalg.qr(whitened(weekdays(days), gaps, fleet.rho))
    steps = whitened((np.arange(number)[:, None] >= at).astype(float), gaps, fleet.rho)
    steps = steps - base @ (base.T @ steps)
    errors = whitened(values, gaps, fleet.rho)
    errors = errors - base @ (base.T @ errors)
    size = (steps * steps).sum(axis=0)[:, None]
    # A split that weekdays explain has no change, and an error.
    size = np.where(size > _LEAST_PART, size, np.inf)
    along = steps.T @ errors
    freedom = float(max(number - base.shape[1] - 1, 1))
    squares = (errors * errors).sum(axis=0) - along * along / size
    variance = np.maximum(squares / freedom, LEAST_VARIANCE)
    moderate, degrees = moderated(variance, np.array(freedom), fleet.prior)
    error = np.sqrt(moderate / np.where(np.isinf(size), 1.0, size))
    return Splits(at, along / size, error, float(degrees.flat[0]))
