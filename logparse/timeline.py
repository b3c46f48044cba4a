"""When each entry was written: days for clocks that have none.

Entries carry a time of day only. Their order tells how the clock ran on: a small step back is
another machine's clock and stays small, a large one is midnight. The invocation id tells the day,
else Buildbucket's own timestamps do, else the caller. The stated duration ties the two ends
together, which settles how many midnights passed where lines are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from logparse.clock import DAY_MS, DAY_US
from logparse.entries import Entry
from logparse.rules import LOG_CUT

#: The clocks of two machines never differed by more, and no step back by more was a clock's.
_STEP_BACK_MS: Final = 15 * 60 * 1000

#: Kinds with which an untrimmed log begins.
OPENINGS: Final = frozenset({"invocation_queued", "attempt_started"})


class Timeline:
    """Offsets of entries in microseconds since the midnight before the first one, and that midnight's date.

    Attributes
    ----------
    offsets:
        One for each entry; None for an entry without a clock.
    base_us:
        The first midnight in microseconds since 1970, or None while the day is not known.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.offsets = list(_unwrap(entries))
        self.base_us: int | None = None
        self._entries = entries
        self.first = next((i for i, offset in enumerate(self.offsets) if offset is not None), None)

    @property
    def has_head(self) -> bool:
        """Whether the log begins where the invocation did."""
        return self.first is not None and self._entries[self.first].kind in OPENINGS

    @property
    def first_offset(self) -> int | None:
        """Offset of the first entry with a clock."""
        return None if self.first is None else self.offsets[self.first]

    def at_us(self, offset: int | None) -> int | None:
        """Return an offset as microseconds since 1970."""
        return None if offset is None or self.base_us is None else self.base_us + offset

    def offset_of(self, us: int | None) -> int | None:
        """Return microseconds since 1970 as an offset."""
        return None if us is None or self.base_us is None else us - self.base_us

    def date_by_creation(self, created_us: int, finish: tuple[int, int] | None) -> None:
        """Set the day by when the invocation was created, and mend the midnights that lost lines hid.

        Parameters
        ----------
        created_us:
            From the invocation id.
        finish:
            Index of the finish entry and the stated duration in microseconds, if it finished.
        """
        first = self.first_offset
        if first is None:
            return
        if self.has_head:
            self.base_us = _nearest_midnight(created_us - first)
        elif finish is None:
            self.base_us = -(-(created_us - _STEP_BACK_MS * 1000 - first) // DAY_US) * DAY_US
        if finish is None:
            return
        index, duration_us = finish
        end = self.offsets[index]
        if end is None:
            return
        by_finish = _nearest_midnight(created_us + duration_us - end)
        if self.base_us is None:
            self.base_us = by_finish
        elif by_finish > self.base_us:
            self._insert_days((by_finish - self.base_us) // DAY_US, index)

    def date_by_anchors(self, anchors: Iterable[tuple[int, int]]) -> None:
        """Set the day by the first of `anchors`: an offset, and about when it was in µs since 1970."""
        for offset, us in anchors:
            self.base_us = _nearest_midnight(us - offset)
            return

    def _insert_days(self, days: int, until: int) -> None:
        """Let `days` more midnights pass in the gap that lost lines most likely left."""
        known = [(i, o) for i, o in enumerate(self.offsets[: until + 1]) if o is not None]
        gaps = [(after - before, j) for (_, before), (j, after) in pairwise(known)]
        if not gaps:
            return
        behind_cuts = [gap for gap in gaps if self._entries[gap[1] - 1].kind == LOG_CUT]
        _, at = max(behind_cuts or gaps)
        for index in range(at, len(self.offsets)):
            offset = self.offsets[index]
            if offset is not None:
                self.offsets[index] = offset + days * DAY_US


def _unwrap(entries: Iterable[Entry]) -> Iterable[int | None]:
    last: int | None = None
    for entry in entries:
        if entry.clock_ms is None or entry.shape != "entry":
            yield None
            continue
        if last is None:
            last = entry.clock_ms
        else:
            step = (entry.clock_ms - last) % DAY_MS
            last += step - DAY_MS if step >= DAY_MS - _STEP_BACK_MS else step
        yield last * 1000


def _nearest_midnight(us: int) -> int:
    return (us + DAY_US // 2) // DAY_US * DAY_US
