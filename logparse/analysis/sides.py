"""The runs of two sides that are compared, and their description: percentiles, counts, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.analysis.daymedians import LEAST_DAYS, Table, known, tabulated, whole_days
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
        by_builder = described(self.builder, self.is_after, seconds, len(self.names))
        return by_builder + described(np.zeros(len(seconds), dtype=int), self.is_after, seconds, 1)


def described(
    group: NDArray[Any], is_after: NDArray[Any], seconds: NDArray[Any], number: int
) -> list[dict[str, Any]]:
    """Return the percentiles and counts of runs on both sides, for each of a number of groups.

    ``after_is_longer`` counts pairs of a run before and one after; those of the same length count half.
    """
    runs = pd.DataFrame({"group": group, "side": is_after.astype(int), "seconds": seconds})
    has_value = runs[runs["seconds"].notna()]
    ranks = has_value.assign(rank=has_value.groupby("group")["seconds"].rank())
    groups = ranks.groupby(["group", "side"])
    index = pd.MultiIndex.from_product([range(number), (0, 1)])
    found = pd.DataFrame(
        {
            "p50": groups["seconds"].median(),
            "p90": groups["seconds"].quantile(0.9),
            "rank": groups["rank"].mean(),
            "runs": groups.size(),
            "all": runs.groupby(["group", "side"]).size(),
        }
    ).reindex(index)
    found[["runs", "all"]] = found[["runs", "all"]].fillna(0)
    cells = found.to_numpy(dtype=float).reshape(number, 2, 5).tolist()
    return [_row(before, after) for before, after in cells]


def _row(*sides: list[float]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, (p50, p90, _, runs, all_) in zip(_NAMES, sides, strict=True):
        row |= {f"{name}_p50_s": known(p50), f"{name}_p90_s": known(p90), f"{name}_runs": int(runs)}
        row[f"{name}_without"] = int(all_ - runs)
    (_, _, _, old, _), (_, _, rank, new, _) = sides
    # The mean rank of the runs after, less what they have among themselves.
    row["after_is_longer"] = (rank - (new + 1) / 2) / old if old and new else None
    return row


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
