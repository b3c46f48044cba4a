"""Durations in words, and the choice of the scale that shows them all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

#: A logarithmic scale is used where the largest value is over this many times the lower quartile.
SPREAD: Final = 50
#: The most decades of a scale, so that one value near zero leaves enough space for the others.
_DECADES: Final = 6
_YEAR_S: Final = 365.25 * 86400
_DAY_S: Final = 86400.0

Scale: TypeAlias = Literal["linear", "log", "symlog"]


class Unit(NamedTuple):
    """A unit of time: its symbol, and its length in seconds."""

    symbol: str
    seconds: float


UNITS: Final = (
    Unit("ms", 0.001),
    Unit("s", 1.0),
    Unit("min", 60.0),
    Unit("h", 3600.0),
    Unit("d", _DAY_S),
)
_BY_SYMBOL: Final = {unit.symbol: unit for unit in UNITS}
#: Round durations in seconds for the ticks of a logarithmic scale: few, and more for a narrow range.
COARSE: Final = tuple(
    count * _BY_SYMBOL[symbol].seconds
    for symbol, counts in (
        ("ms", (0.001, 0.01, 0.1, 1, 10, 100)),
        ("s", (1, 10)),
        ("min", (1, 10)),
        ("h", (1, 10)),
        ("d", (1, 10, 100, 1000)),
    )
    for count in counts
)
DENSE: Final = tuple(
    count * _BY_SYMBOL[symbol].seconds
    for symbol, counts in (
        ("ms", (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        ("s", (1, 2, 5, 10, 20, 30)),
        ("min", (1, 2, 5, 10, 20, 30)),
        ("h", (1, 2, 5, 12)),
        ("d", (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
    )
    for count in counts
)


def axis_unit(largest_s: float) -> Unit:
    """Return the unit for an axis whose largest value, without its sign, is `largest_s` seconds."""
    for unit, below in zip(UNITS, (1.0, 120.0, 7200.0, 2 * _DAY_S), strict=False):
        if 0 < largest_s < below or (largest_s == 0 and unit.symbol == "s"):
            return unit
    return UNITS[-1]


def own_unit(seconds: float) -> Unit:
    """Return the largest unit that is not longer than the duration; ``ms`` for the shortest."""
    fitting = [unit for unit in UNITS if unit.seconds <= abs(seconds) * (1 + 1e-9)]
    return fitting[-1] if fitting else UNITS[0]


def said(seconds: float, unit: Unit | None = None) -> str:
    """Return a duration with four digits, in the given unit or in the usual one for its size."""
    unit = unit or axis_unit(abs(seconds))
    value = abs(seconds) / unit.seconds
    digits = f"{value:,.0f}" if 1000 <= value < 1e7 else f"{value:.4g}"
    return f"{'−' if seconds < 0 else ''}{digits} {unit.symbol}"


def tick(seconds: float) -> str:
    """Return a round duration as the tick of a logarithmic scale: ``10 min``, ``−2 s``, ``0``."""
    if seconds == 0:
        return "0"
    unit = own_unit(seconds)
    return f"{'−' if seconds < 0 else ''}{abs(seconds) / unit.seconds:,.4g} {unit.symbol}"


def share(seconds: float, whole_s: float | None, unit: Unit | None = None) -> str:
    """Return a duration, with its share of the whole if the whole is known."""
    if not whole_s:
        return said(seconds, unit)
    return f"{said(seconds, unit)} ({f'{seconds / whole_s:.2%}'.replace('-', '−')})"


def gap(seconds: float) -> str:
    """Return a long time, rounded: ``3 years``, ``5 months``, ``12 days``, ``7 hours``."""
    for length, word in ((_YEAR_S, "year"), (_YEAR_S / 12, "month"), (_DAY_S, "day"), (3600.0, "hour")):
        count = round(seconds / length)
        if seconds >= 2 * length or (word == "hour"):
            return f"{count:,} {word}{'' if count == 1 else 's'}"
    raise AssertionError("the loop ends with the hour")


def scale_for(values_s: Sequence[float], *, from_zero: bool) -> Scale:
    """Return the scale that shows all values: logarithmic if the largest is far above the others.

    Parameters
    ----------
    values_s:
        The values, in seconds.
    from_zero:
        Whether bars or stems start at zero, which a plain logarithmic scale does not have.
    """
    sizes = sorted(abs(value) for value in values_s if value)
    if not sizes or sizes[-1] <= SPREAD * sizes[(len(sizes) - 1) // 4]:
        return "linear"
    return "symlog" if from_zero or min(values_s) <= 0 else "log"


def linear_part(values_s: Sequence[float]) -> float:
    """Return the largest value, in seconds, up to which a logarithmic scale is linear around zero."""
    sizes = [abs(value) for value in values_s if value]
    return float(10.0 ** math.floor(math.log10(max(min(sizes), max(sizes) / 10**_DECADES))))
