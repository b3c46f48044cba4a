"""The rows that answers are made of: builds with known values, and invocations with builds in one table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from logparse.columns import TABLES
from logparse.records.odd import without_odd
from logparse.tables import taken
from logparse.tables.keys import GROUP_KEYS, TIME_KEYS
from logparse.tables.lookup import is_among, looked_up
from logparse.values.statuses import OF_ENDED_BUILD

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: Columns that only builds have: the dimensions of their bots.
_OF_BOTS: Final = ("pool", "os", "machine_type", "zone")
#: The columns that are keys to group by, and the pool that a build asks for: one without a bot has only that.
_GROUPED: Final = (
    "requested_pool",
    *dict.fromkeys(column for key, (column,) in GROUP_KEYS.items() if key not in TIME_KEYS),
)
#: The columns of a build that have the meaning of a column of an invocation with another name.
_AS_INVOCATION: Final = {
    "status": "build_status",
    "started_at": "build_started_at",
    "completed_at": "build_completed_at",
    "url": "build_url",
}
_KNOWN: Final = frozenset(column.name for column in TABLES["builds"])


def known_builds(
    builds: pd.DataFrame, function: str, needed: Iterable[str], known: Iterable[str]
) -> pd.DataFrame:
    """Return the columns `needed` of the builds in which all of `known` are known and none of these is odd.

    Parameters
    ----------
    function:
        The function that an error names.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    names = list(dict.fromkeys(needed))
    data = without_odd(taken.checked(builds, function, "builds", names)[names])
    return data[data[list(known)].notna().all(axis=1)]


def unit_columns(columns: Iterable[str]) -> dict[str, list[str]]:
    """Return the columns of the tables `invocations` and `builds` that `units` needs for `columns`."""
    of_rows = [name for name in _GROUPED if name not in _OF_BOTS]
    needed = list(dict.fromkeys(["invocation_id", "build_id", "status", "created_at", *of_rows, *columns]))
    shared = {name for name in needed if name in _KNOWN} | set(_AS_INVOCATION)
    return {"invocations": needed, "builds": sorted({*shared, "build_id", "invocation_id", *_OF_BOTS})}


def units(
    invocations: pd.DataFrame, builds: pd.DataFrame, columns: Iterable[str], function: str
) -> pd.DataFrame:
    """Return invocations, and builds that none of them asked for, with `columns` and those to group by.

    Parameters
    ----------
    columns:
        Of the table `invocations`. A build without an invocation has null where builds have nothing of the
        same meaning.
    function:
        The function that an error names.

    Raises
    ------
    UsageError
        Where `invocations` or `builds` is not that table.
    """
    needed, wanted = unit_columns(columns).values()
    data = taken.checked(invocations, function, "invocations", needed)[needed]
    known = taken.checked(builds, function, "builds", wanted)[wanted]
    dimensions = looked_up(data["build_id"], known[["build_id", *_OF_BOTS]], "build_id")
    data = data.assign(**{name: dimensions[name] for name in _OF_BOTS})
    alone = known[known["invocation_id"].isna()]
    alone = alone[~is_among(alone["build_id"], data["build_id"])]
    if not alone.empty:
        rows = alone.rename(columns=_AS_INVOCATION)
        status = rows["build_status"].map(OF_ENDED_BUILD).fillna("RUNNING")
        rows = rows.assign(status=status, build_created_at=rows["created_at"])
        data = pd.concat([data, rows[[name for name in data.columns if name in rows]]], ignore_index=True)
    return data.assign(pool=data["requested_pool"].fillna(data["pool"]))
