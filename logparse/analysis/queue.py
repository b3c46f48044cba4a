"""The queue over time: how many builds wait for a bot, how long, and how many run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.arrays import array
from logparse.analysis.units import known_builds
from logparse.batches.arrow import frame
from logparse.columns.column import Column
from logparse.columns.column import plain as _c
from logparse.errors import UsageError, nearest
from logparse.lazy import numpy as np
from logparse.records.odd import MOST_S
from logparse.tables.keys import with_keys
from logparse.tables.owners import Owners

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd

#: The keys that builds are grouped by, and the columns of the table `builds` that give their values, of
#: which the first known one counts.
KEYS: Final = {
    "all": (),
    "builder": ("builder_id",),
    "pool": ("requested_pool", "pool"),
    "project": ("project",),
    "owner": ("owner",),
}
_TIMES: Final = ("created_at", "started_at", "completed_at")
NEEDED: Final = (*_TIMES, "updated_at", "bot_id", "scheduling_timeout_s", "execution_timeout_s")
#: Buildbucket's defaults of the longest time that a build can wait, and that it can run.
_MOST_WAIT_S: Final = 6 * 3_600.0
_MOST_RUN_S: Final = 3 * 3_600.0
_US: Final = 1_000_000
#: The most buckets of one group: hours of a hundred years.
_MOST_BUCKETS: Final = 900_000
#: The most buckets of all spans of one group.
_MOST_SPREAD: Final = 50_000_000

#: The columns of the result, after that of the key.
QUEUE: Final = (
    _c("time", "time", "beginning of the bucket, UTC"),
    _c("arrived", "int", "builds that were created in it"),
    _c("started", "int", "builds that started in it"),
    _c("completed", "int", "builds that ended in it"),
    _c("waiting_mean", "float", "builds that waited for a bot, on average over the bucket"),
    _c("waiting_max", "int", "most builds that waited at once"),
    _c("oldest_wait_s", "float", "longest time that a build had waited at a moment of the bucket"),
    _c("running_mean", "float", "builds that ran, on average over the bucket"),
    _c("running_max", "int", "most builds that ran at once"),
    _c("bots", "int", "bots that ran a build in it"),
)


def columns_of(by: str) -> tuple[Column, ...]:
    """Return the columns of `queue` for a key."""
    first, *rest = QUEUE
    return (first, *([] if by == "all" else [_c(by, "text", f"{by} of the builds")]), *rest)


def queue(
    builds: pd.DataFrame, by: str = "builder", *, bucket_s: float = 3_600.0, owners: Owners | None = None
) -> pd.DataFrame:
    """Return how many builds waited and ran, for each group and bucket of time.

    A build waits from its creation to its start, or to its end where it never started. It runs from its
    start to its end. One that has not ended waits or runs to the latest time in the table, but no longer than
    its timeout (6 hours of waiting and 3 hours of running where it names none: Buildbucket's defaults). A
    mean is the time that builds waited within the bucket, over the bucket's length; the first and the last
    bucket are whole buckets too. Times are exact to the microsecond. Builds without a creation time or
    without a value of the key are left out, and so are odd times (`logparse.records.odd`).

    Parameters
    ----------
    builds:
        The table `builds`.
    by:
        ``builder``, ``pool`` (that the build asked for, else its bot's), ``project``, ``owner`` or ``all``.
    bucket_s:
        Length of the buckets in seconds. They are counted from midnight of 1 January 1970, UTC.

    owners:
        The teams that own builders, for the key ``owner``.

    Returns
    -------
    DataFrame
        With the columns of `columns_of`, sorted by time and group. A bucket in which nothing arrived, waited,
        ran or ended has no row.

    Raises
    ------
    UsageError
        For another key, a bucket that is not from a second to a year, or another table.
    """
    if by not in KEYS:
        raise UsageError(f"{by!r} is not a key of queues", remedy=nearest(by, KEYS))
    width = round(bucket_s * _US)
    if not _US <= width <= 366 * 86_400 * _US:
        raise UsageError(f"a bucket of {bucket_s:g} s is not possible", remedy="use 1 s to 366 days")
    keys = ("builder_id",) if by == "owner" else KEYS[by]
    data = known_builds(builds, "analysis.queue", (*NEEDED, *keys), ["created_at"])
    data = with_keys(data, [by], owners=owners)
    last = _last_us(data)
    parts = [_of_group(group, width, last, name, by) for name, group in _groups(data, by)]
    columns = columns_of(by)
    if not parts:
        return frame((), columns)
    made = pd.concat(parts, ignore_index=True).sort_values(["time", *([] if by == "all" else [by])])
    whole = {column.name: "Int64" for column in columns if column.type == "int"}
    return made[[column.name for column in columns]].astype(whole).reset_index(drop=True)


def _groups(data: pd.DataFrame, by: str) -> Iterator[tuple[Any, pd.DataFrame]]:
    if by == "all":
        if len(data):
            yield None, data
        return
    first, *others = KEYS[by]
    value = data[first]
    for other in others:
        value = value.fillna(data[other])
    yield from data.groupby(value, sort=True)


def _us(times: pd.Series[Any]) -> NDArray[Any]:
    """Return times as microseconds since 1970; null is 0."""
    known = times.fillna(pd.Timestamp(0, tz="UTC")).to_numpy("datetime64[us]")
    return array(known.astype(np.int64))


def _limit_us(seconds: pd.Series[Any], default_s: float) -> NDArray[Any]:
    """Return timeouts in microseconds; where one is not known or odd, the default."""
    known = seconds.where(seconds.between(0, MOST_S)).fillna(default_s).to_numpy(float)
    return array(np.rint(known * _US).astype(np.int64))


def _last_us(data: pd.DataFrame) -> int:
    """Return the latest time in the table."""
    latest = [data[name].max() for name in (*_TIMES, "updated_at")]
    known = [at for at in latest if not pd.isna(at)]
    return int(_us(pd.Series(known)).max()) if known else 0


def _moments(data: pd.DataFrame) -> tuple[NDArray[Any], ...]:
    """Return the times of builds in microseconds, and whether the start and the end are known."""
    known = (data[column].notna().to_numpy() for column in ("started_at", "completed_at"))
    return (*(_us(data[column]) for column in _TIMES), *known)


def _ends(data: pd.DataFrame, last: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return when each build stopped waiting, and when it stopped running or waiting for good."""
    created, started, completed, has_started, has_ended = _moments(data)
    waits_to = np.minimum(last, created + _limit_us(data["scheduling_timeout_s"], _MOST_WAIT_S))
    runs_to = np.minimum(last, started + _limit_us(data["execution_timeout_s"], _MOST_RUN_S))
    end = np.where(has_ended, completed, np.where(has_started, runs_to, waits_to))
    return np.where(has_started, started, end), end


def spans(builds: pd.DataFrame) -> pd.DataFrame:
    """Return for each build how long it waited and ran, as `queue` counts both.

    Parameters
    ----------
    builds:
        The table `builds`.

    Returns
    -------
    DataFrame
        With the index of `builds`, without those that have no creation time; ``waiting_s`` and
        ``running_s`` are seconds from the creation and from the start. A build that has not ended waits or
        runs to the latest time in the table, within its timeout. ``running_s`` is null without a start.

    Raises
    ------
    UsageError
        Where `builds` is another table.
    """
    data = known_builds(builds, "analysis.queue.spans", NEEDED, ["created_at"])
    created, started, _, has_started, _ = _moments(data)
    waited, end = _ends(data, _last_us(data))
    running = np.where(has_started, (end - started) / _US, np.nan)
    return pd.DataFrame({"waiting_s": (waited - created) / _US, "running_s": running}, index=data.index)


def _of_group(data: pd.DataFrame, width: int, last: int, name: Any, by: str) -> pd.DataFrame:
    """Return the rows of one group. `last` is when the table ends."""
    created, started, completed, has_started, has_ended = _moments(data)
    waited, end = _ends(data, last)
    first = int(created.min()) // width
    number = int(max(created.max(), waited.max(), end.max())) // width - first + 1
    if number > _MOST_BUCKETS:
        raise UsageError(f"there would be {number} buckets for one {by}", remedy="use longer buckets")
    origin = first * width
    waiting = _Spans(created - origin, waited - origin, width, number)
    running = _Spans(started[has_started] - origin, end[has_started] - origin, width, number)
    columns = {
        "arrived": _count(created - origin, width, number),
        "started": _count(started[has_started] - origin, width, number),
        "completed": _count(completed[has_ended] - origin, width, number),
        "waiting_mean": waiting.total() / width,
        "waiting_max": waiting.most(),
        "oldest_wait_s": waiting.oldest() / _US,
        "running_mean": running.total() / width,
        "running_max": running.most(),
        "bots": running.distinct(data["bot_id"][has_started]),
    }
    begins = (origin + np.arange(number) * width).astype("datetime64[us]")
    made = pd.DataFrame({"time": pd.Series(begins).dt.tz_localize("UTC"), **columns})
    made["oldest_wait_s"] = made["oldest_wait_s"].where(made["waiting_max"] > 0)
    is_empty = (made[["arrived", "started", "completed", "waiting_max", "running_max"]] == 0).all(axis=1)
    return made[~is_empty].assign(**({} if by == "all" else {by: name}))


def _count(times: NDArray[Any], width: int, number: int) -> NDArray[Any]:
    return array(np.bincount(times // width, minlength=number))


class _Spans:
    """Spans of time from `start` to before `end`, in microseconds, and buckets of a width.

    A span that ends before it starts, or at once, takes no time.
    """

    def __init__(self, start: NDArray[Any], end: NDArray[Any], width: int, number: int) -> None:
        self._is_one = end > start
        order = np.argsort(start[self._is_one], kind="stable")
        self._start, self._end = start[self._is_one][order], end[self._is_one][order]
        self._order = order
        self._width, self._number = width, number
        #: The first and the last bucket that a span is in.
        self._first, self._last = self._start // width, (self._end - 1) // width

    def total(self) -> NDArray[Any]:
        """Return the microseconds that spans take within each bucket."""
        width, number = self._width, self._number
        total = np.zeros(number + 1, dtype=np.int64)
        # A span counts as whole in its buckets, less what its ends leave out.
        np.add.at(total, self._first, width)
        np.add.at(total, self._last + 1, -width)
        total = np.cumsum(total)
        np.subtract.at(total, self._first, self._start - self._first * width)
        np.subtract.at(total, self._last, (self._last + 1) * width - self._end)
        return array(total[:number])

    def most(self) -> NDArray[Any]:
        """Return how many spans at most are open at once in each bucket."""
        times = np.concatenate([self._end, self._start])
        steps = np.repeat([-1, 1], len(self._start))
        order = np.argsort(times, kind="stable")
        times, now_open = times[order], np.cumsum(steps[order])
        # Only what is open after all that happens at one time counts.
        is_last = np.append(times[1:] != times[:-1], np.ones(min(len(times), 1), dtype=bool))
        times, now_open = times[is_last], now_open[is_last]
        before = np.searchsorted(times, np.arange(self._number) * self._width, side="right")
        most: NDArray[Any] = np.append(0, now_open)[before]
        np.maximum.at(most, times // self._width, now_open)
        return most

    def oldest(self) -> NDArray[Any]:
        """Return how long the oldest span had been open at most, in microseconds, in each bucket."""
        oldest = np.zeros(self._number, dtype=np.int64)
        np.maximum.at(oldest, self._last, self._end - self._start)
        # A span is open at the end of each of its buckets but the last one. Spans are in the order of their
        # starts, so that the first one that is open there is the oldest.
        covered = np.append(np.int64(0), np.maximum.accumulate(self._last))[:-1]
        begin = np.maximum(self._first, covered)
        which, bucket = _spread(begin, np.maximum(self._last - begin, 0))
        np.maximum.at(oldest, bucket, (bucket + 1) * self._width - self._start[which])
        return array(oldest)

    def distinct(self, names: pd.Series[Any]) -> NDArray[Any]:
        """Return how many names of spans are in each bucket. `names` has one for each span given."""
        codes = pd.factorize(names.to_numpy(dtype=object)[self._is_one])[0][self._order]
        which, bucket = _spread(self._first, self._last - self._first + 1)
        is_known = codes[which] >= 0
        pairs = np.unique(np.stack([bucket[is_known], codes[which][is_known]]), axis=1)
        return array(np.bincount(pairs[0], minlength=self._number))


def _spread(begin: NDArray[Any], length: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return for each of `length` buckets from `begin` on the index of its span, and the bucket.

    Raises
    ------
    UsageError
        Where these would be too many.
    """
    total = int(length.sum())
    if total > _MOST_SPREAD:
        raise UsageError(f"the spans are in {total} buckets", remedy="use longer buckets")
    which = np.repeat(np.arange(len(begin)), length)
    return which, begin[which] + np.arange(total) - np.repeat(np.cumsum(length) - length, length)
