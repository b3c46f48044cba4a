"""Comparisons and trends, held to the same method with dense matrices and scipy's distributions."""

from __future__ import annotations

from typing import Any

import dense
import numpy as np
import pytest
from drawn import FIRST_DAY, null_fleet
from numpy.typing import NDArray
from scipy import stats

from logparse.analysis.breaks import LEAST_SEGMENT, search, splits, stretches
from logparse.analysis.daymedians import scaled, seconds_of, sized
from logparse.analysis.moderation import adjusted, fit_prior, trigamma_inverse
from logparse.analysis.regression import Series, correlation, fitted, likelihood
from logparse.analysis.steps import Calendar, steps

DAYS = FIRST_DAY + np.arange(28)
IS_AFTER = np.arange(28) >= 14
CALENDAR = Calendar(DAYS, IS_AFTER)


def agree(made: Any, wanted: Any, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(made, wanted, rtol=tolerance, atol=1e-12)


def design_of(days: NDArray[Any], is_after: NDArray[Any]) -> NDArray[Any]:
    return np.column_stack([dense.weekday_terms(days), is_after.astype(float)])


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_least_squares_and_their_likelihood_with_missing_days(rho: float) -> None:
    kept = np.delete(np.arange(28), [3, 4, 11, 20])
    days = CALENDAR.part(kept)
    values = null_fleet(1, 28, 0.3, 0.0, builders=5)[0][kept]
    series = Series(days.design(by_weekday=True), values, days.gaps)
    made = fitted(series, rho)
    design, cov = design_of(days.days, days.is_after), dense.covariance(days.days, rho)
    assert series.design.shape == design.shape
    for number, column in enumerate(values.T):
        terms, variance, size = dense.least_squares(design, column, cov)
        agree(made.terms[:, number], terms)
        agree(made.squares[number] / series.freedom, variance)
        agree(made.factor, size[-1, -1])
    agree(likelihood([series], rho), dense.restricted(design, values, cov))


def test_sides_of_the_same_days_do_not_correlate() -> None:
    days = np.concatenate([DAYS[:14], DAYS[:14]])
    calendar = Calendar(days, IS_AFTER)
    values = null_fleet(2, 28, 0.0, 0.0, builders=2)[0]
    made = fitted(Series(calendar.design(by_weekday=True), values, calendar.gaps), 0.4)
    cov = dense.covariance(days, 0.4, IS_AFTER)
    for number, column in enumerate(values.T):
        terms, *_ = dense.least_squares(design_of(days, IS_AFTER), column, cov)
        agree(made.terms[:, number], terms)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_the_correlation_is_the_likeliest_of_all_hundredths(rho: float) -> None:
    values = null_fleet(3, 28, rho, 0.0, builders=20)[2]
    series = Series(CALENDAR.design(by_weekday=True), values, CALENDAR.gaps)
    assert correlation([series]) == dense.best_correlation(design_of(DAYS, IS_AFTER), values, DAYS)


def test_the_prior_of_variances_is_that_of_limma() -> None:
    rng = np.random.default_rng(4)
    spread = 0.01 / stats.chi2.ppf(rng.uniform(size=400), 6) * 6
    variances = spread * rng.chisquare(20, 400) / 20
    made = fit_prior(variances, np.full(400, 20.0))
    variance, freedom = dense.prior_of(variances, 20.0)
    agree([made.variance, made.freedom], [variance, freedom])
    # The truth is 6 degrees of freedom and a variance of 0.01.
    assert 4 < made.freedom < 9
    assert 0.008 < made.variance < 0.012
    assert fit_prior(np.full(5, 0.02), np.full(5, 20.0)).freedom == np.inf


@pytest.mark.parametrize("value", [1e-6, 0.1, 1.0, 50.0])
def test_the_inverse_of_trigamma(value: float) -> None:
    from scipy.special import polygamma

    assert float(polygamma(1, trigamma_inverse(value))) == pytest.approx(value, rel=1e-9)


def test_q_values_by_hand_and_by_scipy() -> None:
    # 0.01 × 4 / 1, 0.02 × 4 / 2, and 0.9 is both the third of four and below the fourth.
    made = adjusted(np.array([0.02, np.nan, 0.9, 0.01, 0.9]))
    agree(made, [0.04, np.nan, 0.9, 0.04, 0.9])
    drawn = np.random.default_rng(5).uniform(size=300) ** 3
    agree(adjusted(drawn), dense.q_of(drawn))
    assert adjusted(np.array([])).size == 0


def compared(values: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the steps of days × series without missing days, by dense matrices."""
    design = design_of(DAYS, IS_AFTER)
    unit = np.eye(len(DAYS))
    plain = np.array([dense.least_squares(design, column, unit)[0] for column in values.T])
    shared = np.median(values - design @ plain.T, axis=1)
    cleaned = values - shared[:, None]
    best, upper = dense.best_correlation(design, cleaned, DAYS)
    cov = dense.covariance(DAYS, upper)
    fits = [dense.least_squares(design, column, cov) for column in cleaned.T]
    changes = np.array([terms[-1] for terms, _, _ in fits])
    variances = np.array([variance for _, variance, _ in fits])
    factor, freedom = fits[0][2][-1, -1], len(DAYS) - design.shape[1]
    prior, prior_freedom = dense.prior_of(variances, freedom)
    posterior = np.full(len(variances), prior)
    if np.isfinite(prior_freedom):
        posterior = (prior_freedom * prior + freedom * variances) / (prior_freedom + freedom)
    error, degrees = np.sqrt(posterior * factor), min(prior_freedom + freedom, freedom * len(changes))
    own = changes - np.median(changes)
    fleet_rho = max(upper, dense.best_correlation(design, shared[:, None], DAYS)[0])
    fleet_cov = dense.covariance(DAYS, fleet_rho)
    fleet_variance = shared @ np.linalg.inv(fleet_cov) @ shared / freedom
    fleet_error = np.sqrt(fleet_variance * dense.least_squares(design, shared, fleet_cov)[2][-1, -1])
    return {
        "change": own,
        "error": error,
        "p": dense.p_of(own, error, np.full(len(own), degrees)),
        "fleet": np.array([np.median(changes), fleet_error]),
        "fleet_p": dense.p_of(np.median(changes), fleet_error, np.array([freedom])),
        "rho": np.array([best, upper]),
    }


@pytest.mark.parametrize(("seed", "metric"), [(0, 0), (1, 2), (2, 3)])
def test_steps_of_a_fleet(seed: int, metric: int) -> None:
    values = null_fleet(seed, 28, 0.3, 0.5, builders=30)[metric]
    values[14:, 3] += 2.0
    made, wanted = steps(values, CALENDAR), compared(values)
    agree([*made.correlation], wanted["rho"])
    for name in ("change", "error", "p"):
        agree(getattr(made, name), wanted[name])
    assert made.fleet is not None
    agree([made.fleet.change, made.fleet.error], wanted["fleet"])
    agree([made.fleet.p], wanted["fleet_p"])
    assert made.p.argmin() == 3


def test_splits_of_a_stretch() -> None:
    values = null_fleet(6, 40, 0.3, 0.0, builders=12)[1]
    values[25:, 0] += 0.3
    days = FIRST_DAY + np.arange(40)
    found = search(values, days)
    (group,) = found.groups
    rho, prior = group.fleet
    best = np.ones(12)
    tests = 0
    for first, last in stretches(40):
        made = splits(days[first:last], group.values[first:last], group.fleet)
        for place, row in enumerate(made.at):
            tests += 1
            part = days[first:last]
            design = design_of(part, np.arange(last - first) >= row)
            cov = dense.covariance(part, rho)
            freedom = last - first - design.shape[1]
            for number in (0, 5):
                terms, variance, size = dense.least_squares(design, group.values[first:last, number], cov)
                moderate = prior.variance
                if np.isfinite(prior.freedom):
                    own = freedom * variance
                    moderate = (prior.freedom * prior.variance + own) / (prior.freedom + freedom)
                error = np.sqrt(moderate * size[-1, -1])
                degrees = min(prior.freedom + freedom, prior.total)
                agree(made.change[place, number], terms[-1])
                agree(made.error[place, number], error)
                p = dense.p_of(terms[-1], error, np.array([degrees]))[0]
                agree(made.freedom, degrees)
                best[number] = min(best[number], p)
    assert tests == group.tests
    corrected = np.minimum(best[[0, 5]] * tests, 1.0)
    agree(group.p_values()[[0, 5]], corrected)
    (change,) = group.breaks(0, 1e-4)
    assert (change.row, change.first, change.last) == (25, 0, 39)
    agree(change.p, corrected[0], 1e-6)


def test_stretches_are_long_enough_and_cover_all_days() -> None:
    assert stretches(13) == ()
    assert stretches(14) == ((0, 14),)
    for number in (20, 60, 365):
        made = stretches(number)
        assert made[0] == (0, number)
        assert all(a >= 0 and b <= number and b - a >= 2 * LEAST_SEGMENT for a, b in made)
        short = [(a, b) for a, b in made if b - a == min(b - a for a, b in made)]
        assert {day for a, b in short for day in range(a, b)} == set(range(number))


def test_sizes_by_hand() -> None:
    # The level is log(1 + 100 s), the change makes it log(1 + 121 s), so 21 % and 21 s more.
    level, change = np.log(101.0), np.log(122.0) - np.log(101.0)
    made = sized(*(np.array([value]) for value in (level, change, 0.01, 20.0)))
    half = stats.t.ppf(0.975, 20) * 0.01
    wanted = {
        "change": 0.21,
        "change_low": (122 * np.exp(-half) - 1) / 100 - 1,
        "change_high": (122 * np.exp(half) - 1) / 100 - 1,
        "change_s": 21.0,
    }
    for name, value in wanted.items():
        agree(made[name], [value])
    assert np.isnan(sized(*(np.array([value]) for value in (0.0, 1.0, 0.1, 5.0)))["change"][0])


@pytest.mark.parametrize("seconds", [-5.5, -0.006, 0.0, 0.3, 260_000.0])
def test_scaled_seconds_can_be_turned_back(seconds: float) -> None:
    assert float(seconds_of(scaled(seconds))) == pytest.approx(seconds, rel=1e-12)
    assert float(scaled(seconds)) == -float(scaled(-seconds))
