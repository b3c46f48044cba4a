"""Least squares over days: effects of weekdays and of a step, with errors that correlate from day to day.

Errors of days that are g days apart have the correlation ``rho ** g``. Days can be missing. All functions
take many series with the same days at once: arrays of days × series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.arrays import array
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Variances below this one (a standard deviation of 0.01 %) are rounding.
LEAST_VARIANCE: Final = 1e-8
#: The largest correlation, and the steps in which it is searched for first, in hundredths.
_MOST_RHO: Final = 99
_COARSE: Final = 9
#: A step whose own part of a design is smaller than this cannot be separated from the rest.
_LEAST_PART: Final = 1e-6


class Series(NamedTuple):
    """Series with the same design.

    Attributes
    ----------
    design:
        Days × terms; the last term is that of interest.
    values:
        Days × series.
    gaps:
        Days from each row to the next one; infinite where they do not correlate.
    """

    design: NDArray[Any]
    values: NDArray[Any]
    gaps: NDArray[Any]

    @property
    def freedom(self) -> int:
        """The degrees of freedom of the errors."""
        return int(self.design.shape[0] - self.design.shape[1])


class Fit(NamedTuple):
    """A fit of `Series`.

    Attributes
    ----------
    terms:
        Terms × series: the estimates.
    squares:
        Sums of the squared errors of each series.
    factor:
        The variance of the last term, over the variance of an error.
    log_size:
        The logarithm of the determinant of the whitened design's square.
    """

    terms: NDArray[Any]
    squares: NDArray[Any]
    factor: float
    log_size: float


class Correlation(NamedTuple):
    """The correlation of a day with the next: the estimate, and one standard error above it."""

    best: float
    upper: float


def weekdays(days: NDArray[Any]) -> NDArray[Any]:
    """Return a design with a term for each weekday that occurs. Days are numbers since 1 January 1970."""
    of_day = (days + 3) % 7
    present = np.flatnonzero(np.bincount(of_day, minlength=7))
    return array(of_day[:, None] == present).astype(float)


def is_estimable(design: NDArray[Any]) -> bool:
    """Whether the last term of a design is not a sum of the others."""
    if design.shape[0] < design.shape[1]:
        return False
    last = design[:, -1]
    others, _ = np.linalg.qr(design[:, :-1])
    rest = last - others @ (others.T @ last)
    return bool(rest @ rest > _LEAST_PART)


def whitened(rows: NDArray[Any], gaps: NDArray[Any], rho: float) -> NDArray[Any]:
    """Return rows of days, transformed so that their errors do not correlate and keep their variance."""
    if rho == 0.0:
        return rows
    near = (rho**gaps)[:, None]
    made = rows.copy()
    made[1:] = (rows[1:] - near * rows[:-1]) / np.sqrt(1.0 - near * near)
    return made


def fitted(series: Series, rho: float) -> Fit:
    """Return the generalized least squares of series for a correlation of days."""
    base, upper = np.linalg.qr(whitened(series.design, series.gaps, rho))
    values = whitened(series.values, series.gaps, rho)
    along = base.T @ values
    errors = values - base @ along
    size = float(2.0 * np.log(np.abs(np.diag(upper))).sum())
    terms = np.linalg.solve(upper, along)
    return Fit(terms, (errors * errors).sum(axis=0), float(upper[-1, -1] ** -2), size)


def likelihood(groups: Sequence[Series], rho: float) -> float:
    """Return the restricted log likelihood of a correlation, where each series has a variance of its own."""
    total = 0.0
    for series in groups:
        fit, freedom = fitted(series, rho), series.freedom
        squares = np.log(np.maximum(fit.squares, freedom * LEAST_VARIANCE)).sum()
        scale = np.log1p(-(rho ** (2.0 * series.gaps))).sum() if rho else 0.0
        total -= 0.5 * float(freedom * squares + (fit.log_size + scale) * series.values.shape[1])
    return total


def correlation(groups: Sequence[Series]) -> Correlation:
    """Return the correlation of days that all series have in common, in hundredths from 0 to 0.99.

    The estimate has the largest restricted likelihood. The upper one is the first above it of which the
    logarithm is lower by 0.5 or more, which is about one standard error above.
    """
    found: dict[int, float] = {}

    def at(hundredths: int) -> float:
        if hundredths not in found:
            found[hundredths] = likelihood(groups, hundredths / 100)
        return found[hundredths]

    coarse = max(range(0, _MOST_RHO + 1, _COARSE), key=at)
    best = max(range(max(coarse - _COARSE, 0), min(coarse + _COARSE, _MOST_RHO) + 1), key=at)
    low, high = best, _MOST_RHO
    while high - low > 1:
        middle = (low + high) // 2
        if at(middle) > at(best) - 0.5:
            low = middle
        else:
            high = middle
    return Correlation(best / 100, high / 100)
