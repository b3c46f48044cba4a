"""Variances that are moderated over a fleet, Student's t, and the correction for many tests.

The moderation is that of limma: the variances of series are draws from a scaled inverse chi-square
distribution, which is fitted to all of them. The variance that counts for a series is the mean of its own and
the fleet's, weighted by their degrees of freedom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.arrays import array
from logparse.analysis.regression import LEAST_VARIANCE
from logparse.lazy import numpy as np
from logparse.lazy import scipy_special as special

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Fewer variances than these are not moderated.
_LEAST_SERIES: Final = 3
#: Variances below this share of their median are set to it before the fit, as limma does.
_LEAST_SHARE: Final = 1e-5


class Prior(NamedTuple):
    """The distribution of the variances of a fleet.

    Attributes
    ----------
    variance, freedom:
        The variance that all series have in common, and the degrees of freedom that it counts for: 0 where
        each series counts for itself, infinite where all have the same.
    total:
        The degrees of freedom of all series together, which is the most that one can have.
    """

    variance: float
    freedom: float
    total: float


NO_PRIOR: Final = Prior(1.0, 0.0, float("inf"))


def fit_prior(variances: NDArray[Any], freedom: NDArray[Any]) -> Prior:
    """Return the distribution of variances, from the mean and the variance of their logarithms.

    Parameters
    ----------
    variances, freedom:
        The variance of each series and its degrees of freedom.
    """
    if len(variances) < _LEAST_SERIES:
        return NO_PRIOR
    least = max(LEAST_VARIANCE, _LEAST_SHARE * float(np.median(variances)))
    half, total = freedom / 2, float(freedom.sum())
    logs = np.log(np.maximum(variances, least)) - special.digamma(half) + np.log(half)
    mean = float(logs.mean())
    spread = float(logs.var(ddof=1) - special.polygamma(1, half).mean())
    if spread <= 0:
        return Prior(float(np.exp(mean)), float("inf"), total)
    prior = 2 * trigamma_inverse(spread)
    shared = mean + float(special.digamma(prior / 2) - np.log(prior / 2))
    return Prior(float(np.exp(shared)), prior, total)


def trigamma_inverse(value: float) -> float:
    """Return the number of which the trigamma function is `value`, by Newton's method."""
    found = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, found))
        step = trigamma * (1.0 - trigamma / value) / float(special.polygamma(2, found))
        found += step
        if abs(step) < 1e-12 * found:
            break
    return found


def moderated(
    variances: NDArray[Any], freedom: NDArray[Any], prior: Prior
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the variance that counts for each series, and its degrees of freedom: at most the total."""
    if np.isinf(prior.freedom):
        return np.full(variances.shape, prior.variance), np.full(variances.shape, prior.total)
    together = prior.freedom + freedom
    posterior = (prior.freedom * prior.variance + freedom * variances) / together
    return array(np.maximum(posterior, LEAST_VARIANCE)), array(np.minimum(together, prior.total))


def p_values(statistics: NDArray[Any], freedom: NDArray[Any]) -> NDArray[Any]:
    """Return the two-sided p-values of Student's t."""
    return array(np.minimum(2.0 * special.stdtr(freedom, -np.abs(statistics)), 1.0))


def t_quantile(share: float, freedom: NDArray[Any]) -> NDArray[Any]:
    """Return the quantile of Student's t."""
    return array(special.stdtrit(freedom, share))


def adjusted(p: NDArray[Any]) -> NDArray[Any]:
    """Return Benjamini and Hochberg's q-values of p-values. NaN is not a test and stays."""
    made = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    number = len(order)
    if number:
        raw = p[order] * number / np.arange(1, number + 1)
        made[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return array(made)
