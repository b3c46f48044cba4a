"""The days of a log's entries, from all that its text says about them.

What settles a day, in this order: the invocation id and Buildbucket's timestamps; the stated
duration; the times that timers were asked for; the number of status checks that a cut took out. Where
these leave a choice, days are hidden where lines are missing, else in the widest gap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple

from logparse.engine.entries import Entry
from logparse.engine.facts import CutFacts, Facts, Seen, Wait
from logparse.engine.kinds import LOG_CUT, LOG_FRAGMENT
from logparse.engine.timeline import STEP_BACK_US, Timeline, clock_step
from logparse.records.odd import is_odd_duration
from logparse.values.clock import DAY_US, from_datetime, midnight_us
from logparse.values.days import Bound, common_day, settle
from logparse.values.ids import build_created_us, is_plausible_us

#: What it costs to break evidence: each kind outweighs all choices of gaps.
_UNIT: Final = 10_000 * DAY_US
_BY_ID: Final = 8 * _UNIT
_BY_STAMP: Final = 4 * _UNIT
_BY_DURATION: Final = 3 * _UNIT
_BY_STATUS: Final = 2 * _UNIT
_BY_TIMER: Final = 2 * _UNIT
_BY_NEWS: Final = _UNIT
_BY_CHECKS: Final = _UNIT

#: A gap that nothing explains costs less than a short one, or one of which a timer explains the length.
_UNEXPLAINED: Final = 2 * DAY_US
_EXPLAINED: Final = 4 * DAY_US
_SHORT_US: Final = 60 * 1_000_000
#: A timer that is handled later than this was held up.
_ON_TIME_US: Final = 60 * 1_000_000
#: More days than these are hidden only where the stated duration says so.
_MOST_HIDDEN: Final = 30
#: Timers are handled in turn, so that mending one can show that the next was early. The same holds for cuts.
_ROUNDS: Final = 4


def date_entries(
    timeline: Timeline, entries: Sequence[Entry], facts: Facts, created_us: int | None, day: date | None
) -> None:
    """Set the day of every entry.

    Parameters
    ----------
    timeline, entries, facts:
        Of one invocation.
    created_us:
        When it was created by its id, in microseconds since 1970.
    day:
        The day of the first entry, used where nothing in the text shows it.

    Where nothing shows the day, the timeline's `base_us` stays None, but days that gaps hide are
    added all the same.
    """
    if timeline.first is not None:
        _Dating(timeline, entries, facts, created_us).run(day)


class _Interval(NamedTuple):
    """The mean time from one status check to the next, and how far it can be off, in microseconds."""

    mean_us: int
    error_us: int


class _Dating:
    """Evidence about the entries with a clock, which are the points.

    Where the log has lost its head, the creation of the invocation is a point before all of them.
    """

    def __init__(
        self, timeline: Timeline, entries: Sequence[Entry], facts: Facts, created_us: int | None
    ) -> None:
        self._timeline = timeline
        self._entries = entries
        self._facts = facts
        self._created_us = created_us
        points = [(i, offset) for i, offset in enumerate(timeline.offsets) if offset is not None]
        self._is_headless = created_us is not None and not timeline.has_head
        if self._is_headless and created_us is not None:
            first = points[0][1]
            points.insert(0, (-1, first - clock_step(created_us, first)))
        self._indices = [index for index, _ in points]
        self._offsets = [offset for _, offset in points]
        self._point = {index: point for point, index in enumerate(self._indices)}

    def run(self, day: date | None) -> None:
        stamps = list(self._stamps())
        if not stamps and self._created_us is None:
            stamps = list(self._by_build_id())
        finish = self._finish()
        created_us, known = self._created_us, True
        start: Bound | None = None
        if created_us is not None:
            start = self._on_day(0, self._nearest(0, created_us), _BY_ID)
        elif not stamps:
            known = day is not None
            start = self._on_day(0, midnight_us(day) // DAY_US if day is not None else 0, _BY_ID)
        days = self._search(start, stamps, finish)
        first = 1 if self._is_headless else 0
        self._timeline.hide(
            {index: d - days[first] for index, d in zip(self._indices[first:], days[first:], strict=True)}
        )
        self._timeline.base_us = days[first] * DAY_US if known else None

    def _search(self, start: Bound | None, stamps: list[Bound], finish: tuple[int, int] | None) -> list[int]:
        """Return the most likely day of each point."""
        if start is not None:
            return self._days([start], stamps, finish)[1]
        hidden = finish[1] if finish is not None else 0
        # The earliest and the latest entry with a timestamp: days are hidden before, between or after them.
        ordered = sorted(stamps, key=lambda bound: bound.point)
        named = {b.first for b in ordered[:1] + ordered[-1:] if b.first is not None}
        starts = sorted({first - more for first in named for more in {0, hidden}})
        if finish is None or not starts:
            return self._days([], stamps, None)[1]
        found = (self._days([self._on_day(0, first, _BY_DURATION)], stamps, finish) for first in starts)
        return min(found, key=lambda result: result[0])[1]

    def _days(
        self, start: list[Bound], stamps: list[Bound], finish: tuple[int, int] | None
    ) -> tuple[int, list[int]]:
        """Return what the most likely days cost and the days, once the first one is given."""
        bounds = [*start, *stamps]
        if start and start[0].first is not None:
            hidden = max(finish[1] if finish is not None else 0, _MOST_HIDDEN)
            bounds = [b for b in bounds if b.first is None or b.first <= start[0].first + hidden + 1]
            if finish is not None:
                bounds.append(self._on_day(finish[0], start[0].first + finish[1], _BY_DURATION))
        timers: list[Bound] = []
        cost, days = self._settled(bounds)
        for _ in range(_ROUNDS):
            early = [bound for wait in self._facts.waits for bound in self._early(wait, days)]
            early += [bound for cut in self._facts.cuts for bound in self._short(cut, days)]
            if not early:
                break
            timers += early
            cost, days = self._settled(bounds + timers)
        return cost, days

    def _settled(self, bounds: list[Bound]) -> tuple[int, list[int]]:
        common = common_day(bounds)
        if common is not None:
            return 0, [common] * len(self._offsets)
        return settle(self._gap_costs, [*bounds, *self._statuses])

    # --- evidence ---------------------------------------------------------------------------------

    def _on_day(self, point: int, day: int, weight: int) -> Bound:
        return Bound(point, day, day, weight)

    def _nearest(self, point: int, us: int) -> int:
        """Return the day on which a point is nearest to a time."""
        return (us - self._offsets[point] + DAY_US // 2) // DAY_US

    def _first_after(self, point: int, us: int) -> int:
        """Return the first day on which a point is not before a time."""
        return -((self._offsets[point] - us + STEP_BACK_US) // DAY_US)

    def _last_before(self, point: int, us: int) -> int:
        """Return the last day on which a point is not after a time."""
        return (us + STEP_BACK_US - self._offsets[point]) // DAY_US

    def _stamps(self) -> Iterator[Bound]:
        """Yield what Buildbucket's timestamps say. An entry is as late as the last time that it states."""
        latest: dict[int, int] = {}
        for stamp in self._facts.stamps:
            point = self._point[stamp.entry]
            if not is_plausible_us(stamp.us):
                continue
            if stamp.exact:
                yield self._on_day(point, self._nearest(point, stamp.us), _BY_STAMP)
            else:
                latest[point] = max(stamp.us, latest.get(point, stamp.us))
        for point, us in latest.items():
            yield Bound(point, self._first_after(point, us), None, _BY_STAMP)

    def _by_build_id(self) -> Iterator[Bound]:
        """Yield when the build was created by its id. What it launched was logged later."""
        build = self._facts.build
        created = build_created_us(build.id) if build is not None else None
        index = self._facts.launched_at if self._facts.attempts else None
        if created is not None:
            point = 0 if index is None else self._point[index]
            yield Bound(point, self._first_after(point, created), None, _BY_STAMP)

    def _finish(self) -> tuple[int, int] | None:
        """Return the point of the finish, and how many days the stated duration hides up to there."""
        index, stated = self._facts.finish, self._facts.duration_s
        if index is None or stated is None or is_odd_duration(stated):
            return None
        if self._created_us is None and not self._timeline.has_head:
            return None
        point = self._point[index]
        start = self._offsets[0]
        if self._created_us is not None:
            # The creation is some time before the first entry.
            start = self._created_us - self._nearest(0, self._created_us) * DAY_US
        apart = round(stated * 1e6) - (self._offsets[point] - start)
        hidden = (apart + DAY_US // 2) // DAY_US
        return point, max(hidden, 0)

    @cached_property
    def _statuses(self) -> list[Bound]:
        return [bound for seen in self._facts.seen for bound in self._status(seen)]

    def _status(self, seen: Seen) -> Iterator[Bound]:
        """Yield what a status says: a build has that status from one of its times to another.

        A notification comes soon after the status has changed.
        """
        build, point = self._facts.build, self._point[seen.entry]
        if build is None or build.id != seen.build_id:
            return
        times = [build.created_at, build.started_at or build.completed_at, build.completed_at]
        created, started, ended = (None if t is None else from_datetime(t) for t in times)
        first, last = {"SCHEDULED": (created, started), "STARTED": (started, ended)}.get(
            seen.status, (ended, None)
        )
        if first is not None and is_plausible_us(first):
            yield Bound(point, self._first_after(point, first), None, _BY_STATUS)
            if seen.is_news:
                yield self._on_day(point, self._nearest(point, first), _BY_NEWS)
        if last is not None and is_plausible_us(last):
            yield Bound(point, None, self._last_before(point, last), _BY_STATUS)

    def _early(self, wait: Wait, days: Sequence[int]) -> Iterator[Bound]:
        """Yield a bound where a timer would have been handled before it was due."""
        start, end = self._point[wait.scheduled], self._point[wait.handled]
        due = self._offsets[start] + days[start] * DAY_US + wait.after_us
        if not is_odd_duration(wait.after_us / 1e6):
            first = self._first_after(end, due)
            if days[end] < first:
                yield Bound(end, first, None, _BY_TIMER)

    def _short(self, cut: CutFacts, days: Sequence[int]) -> Iterator[Bound]:
        """Yield a bound where more checks are lost in a cut than fit into its time.

        Each check schedules a timer for the next one, and the ids of timers number them.
        """
        interval = self._interval
        if interval is None or cut.before is None or cut.after is None:
            return
        if cut.mutation_before is None or cut.mutation_after is None:
            return
        checks = cut.mutation_after - cut.mutation_before
        start, end = self._point[cut.before], self._point[cut.after]
        time = self._offsets[end] - self._offsets[start] + (days[end] - days[start]) * DAY_US
        hidden = (checks * interval.mean_us - time + DAY_US // 2) // DAY_US
        if 0 < hidden <= _MOST_HIDDEN and checks * interval.error_us < DAY_US // 2:
            yield Bound(end, days[end] + hidden, None, _BY_CHECKS)

    @cached_property
    def _interval(self) -> _Interval | None:
        """Return the time from one check to the next, as the timers that the log shows were asked for."""
        delays = [
            due.after_us for due in self._facts.timers.values() if not is_odd_duration(due.after_us / 1e6)
        ]
        if not delays:
            return None
        # Version 2 draws each delay at random, so that few of them show its mean badly.
        error = 3 * (max(delays) - min(delays)) / math.sqrt(12 * len(delays))
        return _Interval(sum(delays) // len(delays), math.ceil(error))

    # --- gaps -------------------------------------------------------------------------------------

    @cached_property
    def _gap_costs(self) -> list[int]:
        """Return for each point what it costs to hide days in the gap before it."""
        changes = [0] * (len(self._offsets) + 1)
        for wait in self._facts.waits:
            start, end = self._point[wait.scheduled], self._point[wait.handled]
            late = self._offsets[end] - self._offsets[start] - wait.after_us
            if -STEP_BACK_US <= late <= _ON_TIME_US:
                changes[start + 1] += 1
                changes[end + 1] -= 1
        on_time = list(accumulate(changes))
        costs = [0]
        for point in range(1, len(self._offsets)):
            width = self._offsets[point] - self._offsets[point - 1]
            kind = _EXPLAINED if on_time[point] or width < _SHORT_US else _UNEXPLAINED
            costs.append(DAY_US - width + (0 if self._is_lost(point) else kind))
        return costs

    def _is_lost(self, point: int) -> bool:
        """Whether lines are missing in the gap before a point."""
        if self._is_headless and point == 1:
            return True
        between = self._entries[self._indices[point - 1] + 1 : self._indices[point]]
        return any(entry.kind in (LOG_CUT, LOG_FRAGMENT) for entry in between)
