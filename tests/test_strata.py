"""Comparisons within strata, held to brute force and to exact probabilities."""

from __future__ import annotations

import itertools
import math
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logparse.analysis.moderation import adjusted
from logparse.analysis.strata import (
    Excess,
    at_least,
    day_variance,
    excess_of,
    medians_of_others,
    place_of_limit,
    rank_scores,
    two_sided,
)

#: Runs: a value, a stratum, a bot, a day.
RUNS = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 2), st.integers(0, 3), st.integers(0, 2)),
    min_size=1,
    max_size=25,
)
Runs = list[tuple[int, int, int, int]]


def column(runs: Runs, number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([run[number] for run in runs], dtype=np.int64)


@given(RUNS)
def test_ranks_are_those_of_counting(runs: Runs) -> None:
    found = rank_scores(column(runs, 0).astype(float), column(runs, 1))
    for (value, stratum, *_), score in zip(runs, found, strict=True):
        values = [v for v, s, *_ in runs if s == stratum]
        rank = sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
        assert score == pytest.approx((rank - (len(values) + 1) / 2) / (len(values) + 1), abs=1e-12)


@given(RUNS)
def test_medians_of_others_are_those_of_the_others(runs: Runs) -> None:
    found = medians_of_others(column(runs, 0).astype(float), column(runs, 1), column(runs, 2))
    for (_, group, bot, _), mine in zip(runs, found, strict=True):
        others = [value for value, g, b, _ in runs if g == group and b != bot]
        if others:
            assert mine == median(others)
        else:
            assert math.isnan(mine)


@given(RUNS)
def test_the_variance_of_days_is_that_of_sums(runs: Runs) -> None:
    found = day_variance(column(runs, 0).astype(float), column(runs, 3), column(runs, 2), 4)
    for bot in range(4):
        days = sorted({day for _, _, b, day in runs if b == bot})
        sums = [sum(v for v, _, b, d in runs if b == bot and d == day) for day in days]
        wanted = (
            sum((t - fmean(sums)) ** 2 for t in sums) * len(sums) / max(len(sums) - 1, 1) if sums else 0.0
        )
        assert found[bot] == pytest.approx(wanted, abs=1e-9)


@given(RUNS)
def test_the_excess_is_the_sum_less_its_expectation(runs: Runs) -> None:
    found = excess_of(column(runs, 0).astype(float), column(runs, 1), column(runs, 2), 4)
    means = {s: fmean(v for v, t, *_ in runs if t == s) for _, s, *_ in runs}
    for bot in range(4):
        assert found.excess[bot] == pytest.approx(
            sum(v - means[s] for v, s, b, _ in runs if b == bot), abs=1e-9
        )


def test_the_variance_is_that_of_all_ways_to_draw() -> None:
    """Two of the five runs of a stratum are of bot 0, and one of the three of another."""
    first, second = [1.0, 2.0, 4.0, 4.0, 9.0], [3.0, 5.0, 8.0]
    sums = [sum(pair) + other for pair in itertools.combinations(first, 2) for other in second]
    found = excess_of(
        np.array([*first, *second]), np.array([0] * 5 + [1] * 3), np.array([0, 0, 1, 1, 1, 0, 1, 1]), 2
    )
    assert found.variance[0] == pytest.approx(fmean((t - fmean(sums)) ** 2 for t in sums), rel=1e-12)
    assert found.excess[0] == pytest.approx(1 + 2 + 3 - fmean(sums))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=3))
def test_the_bound_is_not_below_the_exact_probability(strata: list[tuple[int, int, int]]) -> None:
    """Each stratum: builds of the bot, builds of others, failures. All ways to place failures are counted."""
    strata = [(own, others, min(failed, own + others)) for own, others, failed in strata]
    excess = variance = 0.0
    chances = {0: 1.0}
    for own, others, failed in strata:
        size = own + others
        ways = {k: math.comb(own, k) * math.comb(others, failed - k) for k in range(min(own, failed) + 1)}
        total = math.comb(size, failed)
        chances = {
            done + k: sum(c * ways[j] / total for d, c in chances.items() for j in ways if d + j == done + k)
            for done in chances
            for k in ways
        }
        excess -= own * failed / size
        if size > 1:
            variance += own * others * failed * (size - failed) / (size * size * (size - 1))
    for seen in chances:
        exact = sum(chance for number, chance in chances.items() if number >= seen)
        (bound,) = at_least(Excess(np.array([seen + excess]), np.array([variance])))
        assert math.isnan(bound) if variance == 0 else bound >= exact - 1e-12


def test_probabilities_by_hand() -> None:
    found = two_sided(Excess(np.array([1.959963984540054, -1.0, 0.0]), np.array([1.0, 0.25, 0.0])))
    assert found[:2] == pytest.approx([0.05, 0.04550026389635842])
    assert math.isnan(found[2])
    # V = 1, t = 2: exp(−(3 ln 3 − 2)).
    assert at_least(Excess(np.array([2.0, -1.0]), np.array([1.0, 1.0]))) == pytest.approx(
        [math.exp(2) / 27, 1.0]
    )


@given(st.lists(st.one_of(st.just(math.nan), st.floats(0, 1)), max_size=12))
def test_the_correction_is_that_of_the_definition(chances: list[float]) -> None:
    known = sorted(chance for chance in chances if not math.isnan(chance))
    for mine, chance in zip(adjusted(np.array(chances)), chances, strict=True):
        if math.isnan(chance):
            assert math.isnan(mine)
        else:
            wanted = min(c * len(known) / (i + 1) for i, c in enumerate(known) if c >= chance)
            assert mine == pytest.approx(min(wanted, 1.0), abs=1e-12)


@pytest.mark.parametrize("number", range(1, 80))
def test_the_interval_of_a_median_covers_95_percent(number: int) -> None:
    below = [sum(math.comb(number, i) for i in range(k + 1)) / 2**number for k in range(number)]
    allowed = [k for k in range((number + 1) // 2) if below[k] <= 0.025]
    assert place_of_limit(number) == (allowed[-1] if allowed else None)
