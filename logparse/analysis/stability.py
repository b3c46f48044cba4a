"""The stability of builders: failures in a row, how long it takes to become green, and flaky revisions."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.units import known_builds
from logparse.batches.arrow import frame
from logparse.columns.column import plain as _c

if TYPE_CHECKING:
    import pandas as pd

NEEDED: Final = ("builder_id", "status", "created_at", "completed_at", "revision")
_RED: Final = frozenset({"FAILURE", "INFRA_FAILURE"})
_GREEN: Final = "SUCCESS"

#: The columns of `stability`.
STABILITY: Final = (
    _c("builder_id", "text", "project/bucket/builder"),
    _c("builds", "int", "builds that ended SUCCESS, FAILURE or INFRA_FAILURE"),
    _c("failures", "int", "of these, those that did not end SUCCESS"),
    _c("consecutive_failures", "int", "failures since the last success"),
    _c("red_since", "time", "end of the first of these failures"),
    _c("red_periods", "int", "times that it turned red and became green again"),
    _c("time_to_green_p50_s", "float", "median time from the first failure's end to the next success's end"),
    _c("revisions", "int", "revisions that were built more than once"),
    _c("flaky_revisions", "int", "of these, revisions with both a success and a failure"),
)


def stability(builds: pd.DataFrame) -> pd.DataFrame:
    """Return how stable each builder is.

    Builds count in the order of their ends. Canceled ones, and those that have not ended, do not count.

    Parameters
    ----------
    builds:
        The table `builds`.

    Returns
    -------
    DataFrame
        With the columns of `STABILITY`, a row for each builder; those with most failures in a row come first.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    data = known_builds(builds, "analysis.stability", NEEDED, ["completed_at", "builder_id"])
    data = data[data["status"].isin([_GREEN, *_RED])]
    data = data.sort_values(["completed_at", "created_at"], kind="stable")
    rows = [_of_builder(builder, group) for builder, group in data.groupby("builder_id", sort=True)]
    rows.sort(key=lambda row: (-row["consecutive_failures"], -row["failures"], row["builder_id"]))
    return frame(rows, STABILITY)


def _of_builder(builder: Any, group: pd.DataFrame) -> dict[str, Any]:
    is_red = (group["status"] != _GREEN).tolist()
    ends = group["completed_at"].tolist()
    known = group[group["revision"].notna()]
    by_revision = (
        known.assign(green=known["status"] == _GREEN).groupby("revision")["green"].agg(["size", "mean"])
    )
    repeated = by_revision[by_revision["size"] > 1]
    row = {
        "builder_id": builder,
        "builds": len(group),
        "failures": sum(is_red),
        "revisions": len(repeated),
        "flaky_revisions": int(repeated["mean"].between(0, 1, inclusive="neither").sum()),
    }
    return {**row, **_periods(is_red, ends)}


def _periods(is_red: list[bool], ends: list[Any]) -> dict[str, Any]:
    """Return the columns about times between failures and successes."""
    lengths: list[float] = []
    in_row = 0
    since: Any = None
    for red, end in zip(is_red, ends, strict=True):
        if red:
            since = end if in_row == 0 else since
            in_row += 1
        elif in_row:
            in_row = 0
            lengths.append((end - since).total_seconds())
    return {
        "consecutive_failures": in_row,
        "red_since": since.to_pydatetime() if in_row else None,
        "red_periods": len(lengths),
        "time_to_green_p50_s": median(lengths) if lengths else None,
    }
