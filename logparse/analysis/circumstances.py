"""Other changes around a day: of bots, their images and machines, and of the revision that was built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from logparse.columns.column import plain as _c
from logparse.lazy import numpy as np
from logparse.tables import taken

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: Columns of the table `builds` of which a new usual value is named.
FIELDS: Final = ("os", "cpu", "cores", "machine_type", "zone", "pool", "exe")
#: Days before and after the day.
AROUND: Final = 7
#: A value is new where its share of the runs grows by so much.
_LEAST_GAIN: Final = 0.5

#: The columns of `around`.
CIRCUMSTANCES: Final = (
    _c("new_bots", "int", "bots that ran in the 7 days from the day on, and not in the 7 days before"),
    _c("gone_bots", "int", "bots that ran in the 7 days before, and not from the day on"),
    _c("revision_before", "text", "revision that was built last before the day"),
    _c("revision_after", "text", "revision that was built first from the day on"),
    _c("also", "text", f"{', '.join(FIELDS)} of which another value became usual on the day"),
)


def with_fields(runs: pd.DataFrame, builds: pd.DataFrame | None) -> pd.DataFrame:
    """Return runs with the columns `FIELDS` of their builds; null where a build is not known.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    if builds is None:
        return runs.assign(**dict.fromkeys(FIELDS))
    checked = taken.checked(builds, "analysis.trends", "builds", ("build_id", *FIELDS))
    of_build = checked[checked["build_id"].notna()].drop_duplicates("build_id").set_index("build_id")
    return runs.join(of_build[list(FIELDS)], on="build_id")


def around(runs: pd.DataFrame, day: int) -> dict[str, Any]:
    """Return what changed from the 7 days before a day to the 7 days from it on.

    Parameters
    ----------
    runs:
        Of one builder, with the columns day, created_at, bot_id, revision and `FIELDS`.
    day:
        Days since 1 January 1970.

    Returns
    -------
    dict
        With the columns of `CIRCUMSTANCES`; null where nothing is known.
    """
    before = runs[(runs["day"] >= day - AROUND) & (runs["day"] < day)].sort_values("created_at")
    after = runs[(runs["day"] >= day) & (runs["day"] < day + AROUND)].sort_values("created_at")
    old, new = (set(side["bot_id"].dropna()) for side in (before, after))
    knows_bots = bool(old and new)
    changes = [_change(before[field], after[field]) for field in FIELDS]
    named = [f"{field} {change}" for field, change in zip(FIELDS, changes, strict=True) if change]
    return {
        "new_bots": len(new - old) if knows_bots else None,
        "gone_bots": len(old - new) if knows_bots else None,
        "revision_before": _at(before["revision"].dropna(), -1),
        "revision_after": _at(after["revision"].dropna(), 0),
        "also": "; ".join(named) or None,
    }


def _at(values: pd.Series[Any], place: int) -> str | None:
    return str(values.iloc[place]) if len(values) else None


def _change(before: pd.Series[Any], after: pd.Series[Any]) -> str | None:
    """Return ``old → new`` where the share of a value grew by half or more."""
    old, new = (side.dropna().astype(str).value_counts(normalize=True) for side in (before, after))
    if old.empty or new.empty:
        return None
    gain = new.sub(old, fill_value=0.0).sort_index()
    if float(gain.max()) < _LEAST_GAIN:
        return None
    return f"{gain.index[np.argmin(gain)]} → {gain.index[np.argmax(gain)]}"
