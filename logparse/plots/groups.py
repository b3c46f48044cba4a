"""Groups of invocations, and their names as all charts have them."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from logparse.errors import UsageError, choices
from logparse.metrics import GROUP_KEYS
from logparse.plots import inputs

#: Groups that are times of creation, in UTC, with their formats. They are drawn in order of time.
TIMES: Final = {"day": "%Y-%m-%d", "hour": "%Y-%m-%d %H:00", "week": "%G-W%V", "weekday": "%u %a"}


def check(data: pd.DataFrame, by: object, chart: str) -> None:
    """Check that a frame can be grouped by a key.

    Raises
    ------
    UsageError
        If it is not a key, or the frame lacks its column. The error names the choices.
    """
    name = f"plots.{chart}()"
    if not isinstance(by, str) or by not in GROUP_KEYS:
        raise UsageError(f"{name} does not group by {by!r}", remedy=f"choose by={choices(GROUP_KEYS)}")
    needed = ("created_at",) if by in TIMES else () if by == "builder" else GROUP_KEYS[by]
    missing = [column for column in needed if column not in data.columns]
    if missing:
        usable = [key for key, columns in GROUP_KEYS.items() if set(columns) <= set(data.columns)]
        remedy = f"choose by={choices(usable)}" if usable else "pass the table invocations"
        raise UsageError(f"{name} needs the column {missing[0]} to group by {by}", remedy=remedy)


def names(data: pd.DataFrame, by: str, chart: str) -> pd.Series[Any]:
    """Return the name of each row's group, null where unknown."""
    if by in TIMES:
        times: pd.Series[Any] = inputs.times(data, "created_at", chart)
        written: pd.Series[Any] = times.dt.strftime(TIMES[by])
        return written.astype("string")
    if by == "builder":
        return inputs.builder_names(data)
    parts = data[list(GROUP_KEYS[by])].astype("string")
    named = ["/".join(part for part in row if not pd.isna(part)) for row in parts.to_numpy()]
    return pd.Series(named, index=data.index, dtype="string").where(parts.iloc[:, -1].notna())


def nameless(by: str) -> str:
    """Return the words for rows without a group, for notes."""
    return "undated" if by in TIMES else f"without a known {by}"
