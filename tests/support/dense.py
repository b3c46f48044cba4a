"""The method of comparisons a second time, with dense matrices and scipy's distributions: slow and short."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats


def covariance(days: NDArray[Any], rho: float, side: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return the correlation of errors of days; sides, where given, do not correlate."""
    apart = np.abs(days[:, None] - days[None, :]).astype(float)
    made = rho**apart
    if side is not None:
        made = made * (side[:, None] == side[None, :])
    return np.array(made)


def least_squares(
    design: NDArray[Any], values: NDArray[Any], cov: NDArray[Any]
) -> tuple[NDArray[Any], float, NDArray[Any]]:
    """Return the terms, the variance of an error and the terms' covariance over it, for one series."""
    inverse = np.linalg.inv(cov)
    size = np.linalg.inv(design.T @ inverse @ design)
    terms = size @ design.T @ inverse @ values
    errors = values - design @ terms
    return terms, float(errors @ inverse @ errors) / (len(values) - design.shape[1]), size


def restricted(design: NDArray[Any], values: NDArray[Any], cov: NDArray[Any]) -> float:
    """Return the restricted log likelihood of days × series, each with its best variance, less a constant."""
    freedom = len(values) - design.shape[1]
    total = 0.0
    for column in values.T:
        _, variance, size = least_squares(design, column, cov)
        total -= freedom * np.log(variance * freedom) / 2
        total -= (np.linalg.slogdet(cov)[1] - np.linalg.slogdet(size)[1]) / 2
    return float(total)


def best_correlation(design: NDArray[Any], values: NDArray[Any], days: NDArray[Any]) -> tuple[float, float]:
    """Return the best of all hundredths, and the first above it that is less likely by 0.5."""
    found = [restricted(design, values, covariance(days, number / 100)) for number in range(100)]
    best = int(np.argmax(found))
    above = [number for number in range(best + 1, 100) if found[number] <= found[best] - 0.5]
    return best / 100, (above or [99])[0] / 100


def prior_of(variances: NDArray[Any], freedom: float) -> tuple[float, float]:
    """Return limma's prior variance and degrees of freedom, for variances with the same of their own."""
    logs = np.log(variances) - special.digamma(freedom / 2) + np.log(freedom / 2)
    spread = logs.var(ddof=1) - special.polygamma(1, freedom / 2)
    if spread <= 0:
        return float(np.exp(logs.mean())), np.inf
    half = optimize.brentq(lambda x: special.polygamma(1, x) - spread, 1e-3, 1e9, xtol=1e-14, rtol=1e-14)
    return float(np.exp(logs.mean() + special.digamma(half) - np.log(half))), 2 * half


def p_of(change: NDArray[Any], error: NDArray[Any], freedom: NDArray[Any]) -> NDArray[Any]:
    """Return two-sided p-values."""
    return np.array(2 * stats.t.sf(np.abs(change / error), freedom))


def q_of(p: NDArray[Any]) -> NDArray[Any]:
    """Return Benjamini and Hochberg's q-values."""
    return np.array(stats.false_discovery_control(p, method="bh"))


def weekday_terms(days: NDArray[Any]) -> NDArray[Any]:
    """Return a term for each weekday."""
    named = [np.datetime64(int(day), "D").astype(object).weekday() for day in days]
    return np.array([[float(name == weekday) for weekday in sorted(set(named))] for name in named])
