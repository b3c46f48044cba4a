"""The runs of two sides that are compared, and their description: percentiles, counts, notes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.daymedians import LEAST_DAYS, Table, tabulated, whole_days
from logparse.analysis.steps import Calendar
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd

#: A builder with fewer runs on its median day than this has a note.
FEW_RUNS: Final = 3
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMES: Final = ("before", "after")
#: Values below each one, and values below it or equal.
_ENDS: Final = ("left", "right")


class Sides(NamedTuple):
    """The runs of both sides, those before first.

    Attributes
    ----------
    runs:
        With the columns of metrics.
    names:
        Of the builders.
    builder, row:
        The index of the builder, and that of the day in `calendar`, of each run.
    is_after:
        The side of each run.
    has_weeks:
        Whether both sides have two weeks.
    """

    runs: pd.DataFrame
    names: list[str]
    builder: NDArray[Any]
    row: NDArray[Any]
    is_after: NDArray[Any]
    calendar: Calendar
    has_weeks: bool

    @classmethod
    def of(cls, before: pd.DataFrame, after: pd.DataFrame) -> Sides:
        """Return the runs of both sides together."""
        runs = pd.concat([before, after], ignore_index=True)
        builder, names = pd.factorize(runs["builder_id"], sort=True)
        old, of_old = np.unique(before["day"].to_numpy(), return_inverse=True)
        new, of_new = np.unique(after["day"].to_numpy(), return_inverse=True)
        days = np.concatenate([old, new])
        return cls(
            runs,
            [str(name) for name in names],
            builder,
            np.concatenate([of_old, of_new + len(old)]),
            np.arange(len(runs)) >= len(before),
            Calendar(days, np.arange(len(days)) >= len(old)),
            all(whole_days(side, days) >= LEAST_DAYS for side in (old, new)),
        )

    def seconds(self, metric: str) -> NDArray[Any]:
        """Return the value of each run, NaN where it is not known."""
        values: NDArray[Any] = self.runs[metric].to_numpy(dtype=float, na_value=np.nan)
        return values

    def table(self, metric: str) -> Table:
        """Return the day medians of a metric."""
        shape = (len(self.calendar.days), len(self.names))
        return tabulated(self.row, self.builder, self.seconds(metric), shape)

    def described(self, metric: str) -> list[dict[str, Any]]:
        """Return percentiles and counts of each builder, and at last those of all runs."""
        seconds = self.seconds(metric)
        order = np.argsort(self.builder, kind="stable")
        bounds = np.searchsorted(self.builder[order], np.arange(len(self.names) + 1))
        groups = [order[first:last] for first, last in pairwise(bounds)]
        return [described(seconds[group], self.is_after[group]) for group in groups] + [
            described(seconds, self.is_after)
        ]


def described(seconds: NDArray[Any], is_after: NDArray[Any]) -> dict[str, Any]:
    """Return the percentiles and counts of runs on both sides.

    ``after_is_longer`` counts pairs of a run before and one after; those of the same length count half.
    """
    row: dict[str, Any] = {}
    sides = []
    for name, side in zip(_NAMES, (seconds[~is_after], seconds[is_after]), strict=True):
        values = np.sort(side[~np.isnan(side)])
        p50, p90 = np.quantile(values, (0.5, 0.9)).tolist() if len(values) else (None, None)
        row |= {f"{name}_p50_s": p50, f"{name}_p90_s": p90, f"{name}_runs": len(values)}
        row[f"{name}_without"] = len(side) - len(values)
        sides.append(values)
    old, new = sides
    pairs = len(old) * len(new)
    below = sum(int(np.searchsorted(old, new, side).sum()) for side in _ENDS)
    return {**row, "after_is_longer": below / 2 / pairs if pairs else None}


def note_of(runs: NDArray[Any], calendar: Calendar) -> str | None:
    """Return why the comparison of a builder can mislead.

    Parameters
    ----------
    runs:
        Its number of values on each day.
    """
    has = runs > 0
    if not has.any():
        return None
    of_day = (calendar.days + 3) % len(_WEEKDAYS)
    found = []
    sides = [set(of_day[has & side].tolist()) for side in (~calendar.is_after, calendar.is_after)]
    for name, own, other in zip(_NAMES, sides, sides[::-1], strict=True):
        lacking = sorted(other - own)
        if lacking and own:
            found.append(f"no {', '.join(_WEEKDAYS[day] for day in lacking)} {name}")
    usual = float(np.median(runs[has]))
    if usual < FEW_RUNS:
        found.append(f"{usual:g} runs a day" if usual != 1 else "1 run a day")
    return "; ".join(found) or None
