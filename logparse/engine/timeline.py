"""When each entry was written: one line of time for clocks that have no date.

Entries carry a time of day only. Their order shows how the clock ran on: a small step back is
another machine's clock and stays small, a large one is midnight. `logparse.engine.dating` adds the days
that a gap hides, and sets the date. All times of an invocation are looked up here afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from logparse.engine.entries import Entry
from logparse.values.clock import DAY_US

#: The clocks of two machines never differed by more, and no step back by more was a clock's.
STEP_BACK_US: Final = 15 * 60 * 1_000_000

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
    first:
        Index of the first entry with a clock, or None.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.offsets: list[int | None] = list(_unwrap(entries))
        self.base_us: int | None = None
        self.first = next((i for i, offset in enumerate(self.offsets) if offset is not None), None)
        self.has_head = self.first is not None and entries[self.first].kind in OPENINGS
        """Whether the log begins where the invocation did."""

    @property
    def first_offset(self) -> int | None:
        """Offset of the first entry with a clock."""
        return self.offset(self.first)

    def offset(self, index: int | None) -> int | None:
        """Return the offset of an entry by its index."""
        return None if index is None else self.offsets[index]

    def between(self, start: int | None, end: int | None) -> int | None:
        """Return the microseconds from one entry to another, both by index."""
        before, after = self.offset(start), self.offset(end)
        return None if before is None or after is None else after - before

    def at_us(self, offset: int | None) -> int | None:
        """Return an offset as microseconds since 1970."""
        return None if offset is None or self.base_us is None else self.base_us + offset

    def offset_of(self, us: int | None) -> int | None:
        """Return microseconds since 1970 as an offset."""
        return None if us is None or self.base_us is None else us - self.base_us

    def hide(self, days: Mapping[int, int]) -> None:
        """Move each entry on by a number of days.

        Parameters
        ----------
        days:
            By index of the entry. An entry without a number moves as far as the one before it.
        """
        moved = 0
        for index, offset in enumerate(self.offsets):
            moved = days.get(index, moved)
            if offset is not None:
                self.offsets[index] = offset + moved * DAY_US


def _unwrap(entries: Iterable[Entry]) -> Iterable[int | None]:
    last: int | None = None
    for entry in entries:
        if entry.clock_ms is None or entry.shape != "entry":
            yield None
            continue
        last = entry.clock_ms * 1000 if last is None else last + clock_step(last, entry.clock_ms * 1000)
        yield last


def clock_step(before_us: int, after_us: int) -> int:
    """Return the least time from one clock to the next: forward within a day, or a small step back."""
    step = (after_us - before_us) % DAY_US
    return step - DAY_US if step >= DAY_US - STEP_BACK_US else step
