"""Random numbers that are the same on every Python and every machine.

Python promises the same numbers for a seed only for `random.Random.random`, so that nothing else of it is
used. The mathematical functions of the system's library differ in the last digit between machines, so that
the exponential function and the logarithm are computed here by additions, multiplications and divisions,
which are exact to the last digit everywhere. Times are rounded to whole microseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from itertools import accumulate
from math import frexp, ldexp, sqrt
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")

_LN2: Final = 0.6931471805599453
#: A `Spread` is a table of so many parts of equal probability.
_PARTS: Final = 1024
#: Coefficients of Acklam's rational approximation of the normal distribution's quantiles.
_CENTRE: Final = (
    (-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
     2.506628277459239),
    (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0),
)  # fmt: skip
_TAIL: Final = (
    (-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
     2.938163982698783),
    (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0),
)  # fmt: skip
_TAIL_BEGINS: Final = 0.02425


def exp(x: float) -> float:
    """Return e to the power `x`, the same on every machine."""
    power = int(x / _LN2 + (0.5 if x >= 0 else -0.5))
    rest, total = x - power * _LN2, 1.0
    for n in range(14, 0, -1):
        total = 1.0 + rest * total / n
    return ldexp(total, power)


def log(x: float) -> float:
    """Return the natural logarithm of a positive number, the same on every machine."""
    part, power = frexp(x)
    if part < 0.7071067811865476:
        part, power = part * 2, power - 1
    z = (part - 1) / (part + 1)
    square, total = z * z, 0.0
    for n in range(25, 0, -2):
        total = total * square + 1 / n
    return 2 * z * total + power * _LN2


def quantile(p: float) -> float:
    """Return the quantile of the standard normal distribution for a probability, to nine digits."""
    if p < _TAIL_BEGINS:
        q = sqrt(-2 * log(p))
        return _ratio(_TAIL, q)
    if p > 1 - _TAIL_BEGINS:
        return -quantile(1 - p)
    q = p - 0.5
    return q * _ratio(_CENTRE, q * q)


def _ratio(of: tuple[tuple[float, ...], tuple[float, ...]], x: float) -> float:
    above, below = 0.0, 0.0
    for coefficient in of[0]:
        above = above * x + coefficient
    for coefficient in of[1]:
        below = below * x + coefficient
    return above / below


@cache
def _quantiles() -> tuple[float, ...]:
    """Return the normal quantiles of the knots of a `Spread`. The first and the last are not infinite."""
    least = 1 / (8 * _PARTS)
    return tuple(quantile(min(max(n / _PARTS, least), 1 - least)) for n in range(_PARTS + 1))


class Spread:
    """A lognormal distribution of durations, in whole microseconds.

    Between 1,025 quantiles it is a line. The longest duration is the one that 1 of 8,192 exceeds.

    Parameters
    ----------
    median_s:
        Half of the durations are shorter. In seconds.
    sigma:
        The standard deviation of the durations' logarithm.
    """

    def __init__(self, median_s: float, sigma: float) -> None:
        self._knots = [int(median_s * 1e6 * exp(sigma * z) + 0.5) for z in _quantiles()]

    def at(self, u: float) -> int:
        """Return the duration that a share `u` of all durations does not exceed, in microseconds."""
        place = u * _PARTS
        part = int(place)
        before = self._knots[part]
        return before + int((self._knots[part + 1] - before) * (place - part))

    def mean_us(self) -> int:
        """Return the mean duration in microseconds."""
        whole = 2 * sum(self._knots) - self._knots[0] - self._knots[-1]
        return whole // (2 * _PARTS)


class Draws:
    """A stream of random numbers.

    Parameters
    ----------
    seed, stream:
        Streams of other names, or of other seeds, are independent.
    """

    __slots__ = ("random",)

    def __init__(self, seed: int, *stream: str | int) -> None:
        digest = sha256("/".join(map(str, (seed, *stream))).encode()).digest()
        self.random = Random(int.from_bytes(digest, "big")).random
        """Returns the next number, from 0 up to and without 1."""

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to and without `limit`."""
        return int(self.random() * limit)

    def between(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        return least + int(self.random() * (most - least + 1))

    def happens(self, rate: float) -> bool:
        """Return whether something of that probability happens."""
        return self.random() < rate

    def of(self, spread: Spread) -> int:
        """Return a duration in microseconds."""
        return spread.at(self.random())

    def digits(self, count: int) -> str:
        """Return `count` hexadecimal digits, at most 13."""
        return f"{int(self.random() * 16**count):0{count}x}"


class Weights:
    """A choice among things that are drawn as often as their weights say.

    Parameters
    ----------
    weights:
        Whole numbers, one for each thing.
    """

    def __init__(self, weights: Iterable[int]) -> None:
        self._sums: Sequence[int] = list(accumulate(weights))

    def at(self, u: float) -> int:
        """Return the index of the thing at a share `u` of all weights."""
        return bisect_right(self._sums, int(u * self._sums[-1]))
