"""The keys that invocations can be grouped by: columns, and parts of the time of their creation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from logparse.batches.arrow import text_type
from logparse.columns.column import Column
from logparse.errors import UsageError, nearest
from logparse.tables.owners import Owners

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

#: What the command line groups by, and the columns that this is.
GROUP_KEYS: Final = {
    "builder": ("builder_id",),
    "bot": ("bot_id",),
    "job": ("job_id",),
    "status": ("status",),
    "day": ("day",),
    "project": ("project",),
    "task_kind": ("task_kind",),
    "pool": ("pool",),
    "os": ("os",),
    "machine_type": ("machine_type",),
    "zone": ("zone",),
    "hour": ("hour",),
    "weekday": ("weekday",),
    "week": ("week",),
}
#: All keys, with the one that is made of the builder and the owners of builders.
KEYS: Final = {**GROUP_KEYS, "owner": ("owner",)}
#: Keys that are made of the creation's time, and how they are written. They sort as text.
TIME_KEYS: Final = {"day": "%Y-%m-%d", "week": "%G-W%V", "weekday": "%u", "hour": "%H:00"}
_WEEKDAYS: Final = ("1 Mon", "2 Tue", "3 Wed", "4 Thu", "5 Fri", "6 Sat", "7 Sun")


def checked_keys(by: object) -> list[str]:
    """Return the keys to group by, each once, or raise an error that names the choices."""
    given = [by] if isinstance(by, str) or not isinstance(by, Iterable) else list(by)
    names: dict[str, None] = {}
    for name in given:
        if not isinstance(name, str) or name not in KEYS:
            raise UsageError(f"{name!r} is not a key to group by", remedy=nearest(name, KEYS))
        names[name] = None
    if not names:
        raise UsageError("no key to group by", remedy=nearest(None, KEYS))
    return list(names)


def key_columns(by: object) -> list[Column]:
    """Return the columns that the keys to group by have in an answer."""
    return [Column(KEYS[name][0], "text", f"the group's {name}") for name in checked_keys(by)]


def rows_with(data: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the rows that have a value of each key."""
    for name in names:
        (column,) = KEYS[name]
        if column not in data:
            raise UsageError(
                f"the invocations have no column {column!r}", remedy="add it with metrics.with_bots"
            )
        data = data[data[column].notna()]
    return data


def with_keys(
    data: pd.DataFrame, names: Sequence[str], tz: str = "UTC", owners: Owners | None = None
) -> pd.DataFrame:
    """Return the frame with a column for each of `names` that is made of others.

    Parameters
    ----------
    tz:
        The time zone of days, weeks and hours.
    owners:
        The teams that own builders.

    Raises
    ------
    UsageError
        For a time zone that is not known, or for the key ``owner`` without owners.
    """
    if "owner" in names:
        if not owners:
            raise UsageError(
                "no owners of builders are known", remedy="name them in logparse.toml, under [owners]"
            )
        data = data.assign(owner=owners.column(data["builder_id"]))
    return _with_times(data, [name for name in names if name in TIME_KEYS], tz)


def _with_times(data: pd.DataFrame, wanted: Sequence[str], tz: str) -> pd.DataFrame:
    if not wanted:
        return data
    try:
        if not isinstance(tz, str):
            raise ValueError(tz)
        local = data["created_at"].dt.tz_convert(tz)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"{tz!r} is not a time zone", remedy="name one as Europe/Berlin or UTC") from error
    # Times are written once for each hour, of which there are few.
    places, hours = pd.factorize(local.dt.tz_localize(None).dt.floor("h"))
    made = {}
    for name in wanted:
        texts = [_written(hour, name) for hour in hours]
        column = pd.array([*texts, None], dtype=text_type())
        made[name] = pd.Series(column[places], index=data.index)
    return data.assign(**made)


def _written(hour: pd.Timestamp, name: str) -> str:
    return _WEEKDAYS[hour.weekday()] if name == "weekday" else hour.strftime(TIME_KEYS[name])
