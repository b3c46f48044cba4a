"""The rows of a report: invocations, and builds without one, with the facts that the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from logparse import metrics
from logparse.analysis.failures import cause_of
from logparse.analysis.queue import spans
from logparse.lazy import numpy as np
from logparse.records.odd import without_odd
from logparse.tables.plainframes import plain_rows

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: Columns of a build without an invocation, and the columns of the table `builds` that have them.
_OF_BUILD: Final = {
    "build_number": "build_number",
    "build_status": "status",
    "build_created_at": "created_at",
    "build_started_at": "started_at",
    "build_completed_at": "completed_at",
    "build_url": "url",
    "pending_s": "pending_s",
    **{
        name: name
        for name in (
            *("requested_pool", "error", "infra_reason", "canceled_by", "origin", "repeats", "timeout_used"),
            *("source_file", "source_line", "tags"),
        )
    },
}
_FAILED: Final = ("FAILED", "ABORTED", "OVERRUN")
_OF_CAUSE: Final = ("status", "build_status", "infra_reason", "error", "aborted_by", "canceled_by")


def units(invocations: pd.DataFrame, builds: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a report in the order of their creation.

    Parameters
    ----------
    invocations, builds:
        The tables of these names.

    Returns
    -------
    DataFrame
        With the columns of the table `invocations`, odd values and those computed from them null, those of
        `metrics.with_bots`, and ``seen_at``: the last time of the row; ``cause`` and ``detail`` of a failure
        (see `logparse.analysis.failures`); ``is_lone``: whether the row is a build without an invocation;
        ``is_build``: whether the row is the one of its build; ``waiting_s`` and ``running_s`` of the build
        (see `logparse.analysis.queue.spans`), null for other rows; ``source_file``. The column ``pool`` has
        the pool that the build asked for, else its bot's.

    Raises
    ------
    UsageError
        Where an argument is another table.
    """
    made = metrics.with_bots(metrics.with_builds(invocations, builds), builds)
    number = len(invocations)
    made = made.reset_index(drop=True).assign(source_file=made["source"].to_numpy())
    made["is_lone"] = made.index >= number
    known = builds[builds["build_id"].notna()].drop_duplicates("build_id").set_index("build_id")
    for name, of in _OF_BUILD.items():
        made[name] = made[name].where(~made["is_lone"], _looked_up(known[of], made["build_id"]))
    made["pool"] = made["requested_pool"].fillna(made["pool"])
    made = metrics.with_last_times(without_odd(made))
    made = _with_causes(made)
    made = _with_spans(made, builds, number)
    return made.sort_values(["created_at", "invocation_id", "build_id"], kind="stable").reset_index(drop=True)


def _looked_up(values: pd.Series[Any], keys: pd.Series[Any]) -> pd.Series[Any]:
    """Return for each key the value that has it as its index, null where none has."""
    found: pd.Series[Any] = values.reindex(keys.to_numpy(dtype=object))
    return found.set_axis(keys.index)


def _with_causes(made: pd.DataFrame) -> pd.DataFrame:
    failed = made.loc[made["status"].isin(_FAILED), list(_OF_CAUSE)]
    found = [cause_of(row) for row in plain_rows(failed)]
    for place, name in enumerate(("cause", "detail")):
        values = pd.Series([pair[place] for pair in found], index=failed.index, dtype=object)
        made[name] = values.reindex(made.index)
    return made


def _with_spans(made: pd.DataFrame, builds: pd.DataFrame, number: int) -> pd.DataFrame:
    """Add the columns ``is_build``, ``waiting_s`` and ``running_s``."""
    owners: dict[Any, Any] = dict(zip(builds["build_id"], builds["invocation_id"].fillna(""), strict=True))
    asked = made["invocation_id"].fillna("")
    own = [
        build in owners and owners[build] == invocation
        for build, invocation in zip(made["build_id"], asked, strict=True)
    ]
    # Two copies of an invocation can be kept. A build counts once.
    first = ~made["build_id"].duplicated()
    made["is_build"] = np.array(own, dtype=bool) & (first | (made.index >= number))
    lengths = spans(builds).assign(build_id=builds["build_id"])
    lengths = lengths[lengths["build_id"].notna()].drop_duplicates("build_id").set_index("build_id")
    for name in ("waiting_s", "running_s"):
        made[name] = _looked_up(lengths[name], made["build_id"]).where(made["is_build"])
    return made
