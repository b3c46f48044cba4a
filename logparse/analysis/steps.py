"""The step between two sides of day medians, for many builders at once: the inner form of `compare`.

The change that the whole fleet shares is taken out of each builder, day by day and from side to side, and is
judged as a change of its own. docs/statistics.md has the method and how it was validated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.arrays import array
from logparse.analysis.moderation import fit_prior, moderated, p_values
from logparse.analysis.regression import (
    LEAST_VARIANCE,
    Correlation,
    Series,
    correlation,
    fitted,
    is_estimable,
    weekdays,
    whitened,
)
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A shared change is taken out where at least so many builders show it.
LEAST_FLEET: Final = 10
#: Fewer changes have no median that most of them share.
_LEAST_MEDIAN: Final = 3
NO_CORRELATION: Final = Correlation(0.0, 0.0)


class Calendar(NamedTuple):
    """The days of both sides, those before first.

    Attributes
    ----------
    days:
        Numbers since 1 January 1970.
    is_after:
        The side of each day.
    """

    days: NDArray[Any]
    is_after: NDArray[Any]

    def part(self, rows: NDArray[Any]) -> Calendar:
        """Return some of the days."""
        return Calendar(self.days[rows], self.is_after[rows])

    @property
    def gaps(self) -> NDArray[Any]:
        """The days from each row to the next. Sides of the same time do not correlate."""
        gaps = np.abs(np.diff(self.days)).astype(float)
        before, after = self.days[~self.is_after], self.days[self.is_after]
        if len(before) and len(after) and before.max() >= after.min() and after.max() >= before.min():
            gaps[len(before) - 1] = np.inf
        return array(gaps)

    def design(self, *, by_weekday: bool) -> NDArray[Any]:
        """Return a term for each weekday, or one for all, and the step."""
        others = weekdays(self.days) if by_weekday else np.ones((len(self.days), 1))
        return array(np.column_stack([others, self.is_after.astype(float)]))


class FleetStep(NamedTuple):
    """The change that all builders share, on the scaled level, with its standard error."""

    change: float
    error: float
    freedom: float
    p: float
    is_taken_out: bool


class Steps(NamedTuple):
    """The steps of series. Levels and changes are scaled; a value that cannot be computed is NaN.

    Attributes
    ----------
    change:
        Without the change that the fleet shares, where that is taken out.
    error, freedom, p:
        The standard error, its degrees of freedom, and the p-value of no change.
    level:
        The level before, averaged over the days of both sides.
    is_comparable:
        Whether a weekday is on both sides, and errors can be estimated.
    fleet:
        None where fewer than three series are comparable.
    correlation:
        Of the errors of a day with those of the next.
    """

    change: NDArray[Any]
    error: NDArray[Any]
    freedom: NDArray[Any]
    p: NDArray[Any]
    level: NDArray[Any]
    is_comparable: NDArray[Any]
    fleet: FleetStep | None
    correlation: Correlation


class _Group(NamedTuple):
    """Series that have the same days: their columns and rows in the table, and their design."""

    columns: NDArray[Any]
    rows: NDArray[Any]
    series: Series


def steps(medians: NDArray[Any], calendar: Calendar) -> Steps:
    """Return the step of each series.

    Parameters
    ----------
    medians:
        Days × series, scaled; NaN where a day has no value.
    """
    comparable, others = _groups(medians, calendar)
    is_large = sum(len(group.columns) for group in comparable) >= LEAST_FLEET
    shared = _shared_days(comparable, medians.shape, LEAST_FLEET if is_large else 1)
    if is_large:
        comparable = [_without(group, shared) for group in comparable]
    found = correlation([group.series for group in comparable]) if comparable else NO_CORRELATION
    made = _Estimates.unknown(medians.shape[1])
    for group in comparable:
        made.enter(group, found.upper)
    which = made.is_known.copy()
    fleet = _fleet(made.change[which], shared, calendar, found, is_large=is_large)
    if fleet is not None and is_large:
        made.change[which] -= np.median(made.change[which])
    made.moderate(which)
    for group in others:
        made.enter(group, 0.0)
    error = np.sqrt(made.variance * made.factor)
    p = p_values(made.change / error, made.freedom)
    return Steps(made.change, error, made.freedom, p, made.level, which, fleet, found)


class _Estimates(NamedTuple):
    """The estimates of all series: the change, the level before, and the variance of the change's errors."""

    change: NDArray[Any]
    level: NDArray[Any]
    variance: NDArray[Any]
    factor: NDArray[Any]
    freedom: NDArray[Any]

    @classmethod
    def unknown(cls, number: int) -> _Estimates:
        """Return estimates of which none is known."""
        return cls(*(np.full(number, np.nan) for _ in range(5)))

    @property
    def is_known(self) -> NDArray[Any]:
        """The series with a variance."""
        return array(~np.isnan(self.variance))

    def enter(self, group: _Group, rho: float) -> None:
        """Write the estimates of a group."""
        series, columns = group.series, group.columns
        fit = fitted(series, rho)
        self.change[columns] = fit.terms[-1]
        self.level[columns] = (series.design[:, :-1] @ fit.terms[:-1]).mean(axis=0)
        if series.freedom > 0:
            self.variance[columns] = np.maximum(fit.squares / series.freedom, LEAST_VARIANCE)
            self.factor[columns] = fit.factor
            self.freedom[columns] = series.freedom

    def moderate(self, which: NDArray[Any]) -> None:
        """Moderate the variances of some series."""
        variance, freedom = self.variance[which], self.freedom[which]
        prior = fit_prior(variance, freedom)
        self.variance[which], self.freedom[which] = moderated(variance, freedom, prior)


def _fleet(
    changes: NDArray[Any], shared: NDArray[Any], calendar: Calendar, found: Correlation, *, is_large: bool
) -> FleetStep | None:
    """Return the median of the changes, and its error.

    The variance of a day's shared error is the sum of their squares over the degrees of freedom. They are not
    fitted again: a median of errors has the part that a fit would take out.
    """
    rows = np.flatnonzero(~np.isnan(shared))
    days = calendar.part(rows)
    design = days.design(by_weekday=True)
    if len(changes) < _LEAST_MEDIAN or design.shape[0] <= design.shape[1] or not is_estimable(design):
        return None
    series = Series(design, shared[rows][:, None], days.gaps)
    rho = max(found.upper, correlation([series]).best)
    errors = whitened(series.values, series.gaps, rho)
    variance = max(float((errors * errors).sum()) / series.freedom, LEAST_VARIANCE)
    change, error = float(np.median(changes)), float(np.sqrt(variance * fitted(series, rho).factor))
    p = float(p_values(np.array([change / error]), np.array([series.freedom]))[0])
    return FleetStep(change, error, series.freedom, p, is_large)


def _groups(medians: NDArray[Any], calendar: Calendar) -> tuple[list[_Group], list[_Group]]:
    """Return the series that weekdays are modelled for, and those with too few days for that."""
    comparable: list[_Group] = []
    others: list[_Group] = []
    for rows, columns in same_days(medians):
        days = calendar.part(rows)
        values = medians[np.ix_(rows, columns)]
        design = days.design(by_weekday=True)
        is_whole = is_estimable(design) and design.shape[0] > design.shape[1]
        if not is_whole:
            design = days.design(by_weekday=False)
        if is_estimable(design):
            group = _Group(columns, rows, Series(design, values, days.gaps))
            (comparable if is_whole else others).append(group)
    return comparable, others


def same_days(medians: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield the rows and the columns of series that have values on the same days."""
    if not medians.size:
        return
    masks, which = np.unique(~np.isnan(medians.T), axis=0, return_inverse=True)
    for number, mask in enumerate(masks):
        if mask.any():
            yield np.flatnonzero(mask), np.flatnonzero(which.reshape(-1) == number)


def _shared_days(groups: list[_Group], shape: tuple[int, ...], least: int) -> NDArray[Any]:
    """Return the median of the errors of all series on each day; NaN where fewer than `least` have one."""
    errors = np.full(shape, np.nan)
    for group in groups:
        terms = fitted(group.series, 0.0).terms
        errors[np.ix_(group.rows, group.columns)] = group.series.values - group.series.design @ terms
    return median_of_days(errors, least)


def median_of_days(values: NDArray[Any], least: int) -> NDArray[Any]:
    """Return the median of each row of days × series, NaN where fewer than `least` are known."""
    made = np.full(values.shape[0], np.nan)
    enough = (~np.isnan(values)).sum(axis=1) >= least
    if enough.any():
        made[enough] = np.nanmedian(values[enough], axis=1)
    return array(made)


def _without(group: _Group, shared: NDArray[Any]) -> _Group:
    """Return a group without the errors that the fleet shares on each day."""
    values = group.series.values - np.nan_to_num(shared[group.rows])[:, None]
    return group._replace(series=group.series._replace(values=values))
