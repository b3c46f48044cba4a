"""Comparisons within strata: runs of one kind, among which only the bot differs.

Arrays have a value for each run. Strata and bots are numbered from 0.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.arrays import array
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SURE: Final = 0.95


class Excess(NamedTuple):
    """Sums of a bot's scores over all strata: one value for each bot.

    Attributes
    ----------
    excess:
        Sum of the scores, less the sum that is expected where bots do not differ.
    variance:
        Of that sum, where bots do not differ.
    """

    excess: NDArray[Any]
    variance: NDArray[Any]


def rank_scores(values: NDArray[Any], strata: NDArray[Any]) -> NDArray[Any]:
    """Return the rank of each value in its stratum, between −½ for the least and ½ for the largest.

    The rank r of n is (r − (n + 1) / 2) / (n + 1). Equal values share the mean of their ranks.
    """
    order = np.lexsort((values, strata))
    ordered, group = values[order], strata[order]
    size, first = _runs_of(_changes(group))
    tied, tie = _runs_of(_changes(group) | _changes(ordered))
    place = np.repeat(tie + (tied - 1) / 2, tied) - np.repeat(first, size)
    number = np.repeat(size, size)
    scores = np.empty(len(values))
    scores[order] = (place - (number - 1) / 2) / (number + 1)
    return array(scores)


def excess_of(scores: NDArray[Any], strata: NDArray[Any], bots: NDArray[Any], number: int) -> Excess:
    """Return for each of `number` bots how far its scores are from those of its strata.

    Where bots do not differ, the runs of a bot in a stratum are drawn from the stratum's runs. So the sum of
    k of n scores has the expectation k × mean and the variance k (n − k) / n × s², where s² is the variance
    of the stratum's scores with the divisor n − 1. Strata are independent: both are summed over them.
    """
    sizes = np.bincount(strata)
    means = np.bincount(strata, scores) / np.maximum(sizes, 1)
    squares = np.bincount(strata, (scores - means[strata]) ** 2) / np.maximum(sizes - 1, 1)
    pairs, counts = np.unique(strata * np.int64(number) + bots, return_counts=True)
    stratum, bot = pairs // number, pairs % number
    variances = counts * (sizes[stratum] - counts) / sizes[stratum] * squares[stratum]
    return Excess(
        array(np.bincount(bots, scores - means[strata], minlength=number)),
        array(np.bincount(bot, variances, minlength=number)),
    )


def day_variance(scores: NDArray[Any], days: NDArray[Any], bots: NDArray[Any], number: int) -> NDArray[Any]:
    """Return the variance of each bot's sum of scores as the sums of its days show it.

    It is D / (D − 1) × Σ (T − mean T)² over the sums T of its D days, and 0 for a single day. It is larger
    than that of `excess_of` where a bot has good and bad days.
    """
    first = days.min(initial=0)
    span = np.int64(days.max(initial=0) - first + 1)
    pairs, which = np.unique(bots * span + (days - first), return_inverse=True)
    of = pairs // span
    sums = np.bincount(which, scores, minlength=len(pairs))
    many = np.bincount(of, minlength=number)
    means = np.bincount(of, sums, minlength=number) / np.maximum(many, 1)
    squares = np.bincount(of, (sums - means[of]) ** 2, minlength=number)
    return array(squares * many / np.maximum(many - 1, 1))


def medians_of_others(values: NDArray[Any], groups: NDArray[Any], bots: NDArray[Any]) -> NDArray[Any]:
    """Return for each run the median of its group's runs on other bots, NaN where there are none."""
    order = np.lexsort((values, groups))
    ordered, group = values[order], groups[order]
    size, first = _runs_of(_changes(group))
    number = max(len(values), int(bots.max(initial=0))) + 1
    pairs, pair = np.unique(group * np.int64(number) + bots[order], return_inverse=True)
    start = np.repeat(first, size)
    by_pair = np.argsort(pair, kind="stable")
    own, own_first = _runs_of(_changes(pair[by_pair]))
    # How many runs of others come before each of a bot's own runs in the order of its group.
    before = by_pair - start[by_pair] - (np.arange(len(values)) - np.repeat(own_first, own))
    keys = np.repeat(np.arange(len(pairs)), own) * np.int64(number) + before
    base = start[by_pair[own_first]]
    others = np.repeat(size, size)[by_pair[own_first]] - own
    found = np.full(len(pairs), np.nan)
    known = np.flatnonzero(others)
    middle = [
        _of_others(ordered, keys, number, known, base[known], own_first[known], place[known])
        for place in ((others - 1) // 2, others // 2)
    ]
    found[known] = (middle[0] + middle[1]) / 2
    medians = np.empty(len(values))
    medians[order] = found[pair]
    return array(medians)


def _of_others(
    ordered: NDArray[Any],
    keys: NDArray[Any],
    number: int,
    pairs: NDArray[Any],
    base: NDArray[Any],
    own_first: NDArray[Any],
    place: NDArray[Any],
) -> NDArray[Any]:
    """Return the value at a place among the runs of others, for pairs of a group and a bot."""
    skipped = np.searchsorted(keys, pairs * np.int64(number) + place, side="right") - own_first
    return array(ordered[base + place + skipped])


def two_sided(test: Excess) -> NDArray[Any]:
    """Return how likely an excess at least as large is, either way, by the normal distribution.

    It is NaN where the variance is 0.
    """
    known = test.variance > 0
    ratio = test.excess[known] / np.sqrt(2 * test.variance[known])
    found = np.full(len(known), np.nan)
    found[known] = [math.erfc(abs(value)) for value in ratio.tolist()]
    return array(found)


def at_least(test: Excess) -> NDArray[Any]:
    """Return an upper bound for how likely such an excess of failures is: Bennett's inequality.

    The number of failures of a bot in a stratum is distributed as a sum of independent numbers 0 or 1, so
    that P(excess ≥ t) ≤ exp(−V h(t / V)) with h(u) = (1 + u) ln(1 + u) − u and V the variance. This holds
    for few failures too, where a normal distribution does not. It is NaN where the variance is 0.
    """
    known = test.variance > 0
    variance = test.variance[known]
    share = np.maximum(test.excess[known], 0) / variance
    found = np.full(len(known), np.nan)
    found[known] = np.exp(-variance * ((1 + share) * np.log1p(share) - share))
    return array(found)


@cache
def place_of_limit(number: int) -> int | None:
    """Return the place, from 0, of the lower limit of the 95 % interval of a median among sorted values.

    It is the largest k with P(B < k + 1) ≤ 2.5 %, where B is binomial with `number` trials and ½: the median
    is below the value at place k with at most that probability. It is None under 6 values.
    """
    most, below, chance = (1 - _SURE) / 2, 0.0, -1
    for k in range(number // 2 + 1):
        below += math.exp(
            math.lgamma(number + 1) - math.lgamma(k + 1) - math.lgamma(number - k + 1) - number * math.log(2)
        )
        if below > most:
            break
        chance = k
    return None if chance < 0 else chance


def _changes(sorted_values: NDArray[Any]) -> NDArray[Any]:
    """Return where a value differs from the one before. The first one does."""
    return array(
        np.append(np.ones(min(len(sorted_values), 1), bool), sorted_values[1:] != sorted_values[:-1])
    )


def _runs_of(changes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return how long each run of equal values is, and where it begins."""
    first = np.flatnonzero(changes)
    return np.diff(np.append(first, len(changes))), first
