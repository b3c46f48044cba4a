"""The status checks of all plain pages of a buffer, as columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.bulk.order import Plain
from logparse.bulk.scan import (
    BEGINNINGS,
    HANDLED,
    NOTIFIED,
    SCHEDULED,
    STATUS,
    TICK,
    Entries,
    Pack,
)
from logparse.engine.replay import status_of
from logparse.language import scanner
from logparse.language.messages import Context
from logparse.records.odd import is_odd_duration
from logparse.values import gonotation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

_BY_LETTER: Final = {letter: text for text, letter in BEGINNINGS.items()}
TITLE: Final = b'"check-buildbucket-build-status" (%b:%b:'
_JOB_RE: Final = re.compile(r"[\w./()+@ -]+")
#: The rest of the text of a timer that is scheduled: its key, and how long it waits.
_TIMER_RE: Final = re.compile(rb"([0-9]{1,10}:[0-9]{1,10})\) after ([0-9a-z.\xc2\xb5]{1,40})")
#: So many texts are remembered. A page with a longer one is read alone.
_REMEMBERED: Final = 16_384
_LONGEST: Final = 300
_MOST_STATUSES: Final = 200
#: With a key it is not longer than `logparse.bulk.scan.PADDING`.
_LONGEST_TITLE: Final = 900
#: The fewest and the most bytes of a key and the bracket after it.
_SHORTEST_KEY: Final = 4
_LONGEST_KEY: Final = 22
#: A timer that is not possible, and a status text that is none.
_NONE: Final = -1


class _Timers(dict[bytes, int]):
    """The microseconds that a timer waits, by the rest of the text that schedules it."""

    def __missing__(self, text: bytes) -> int:
        if len(text) > _LONGEST:
            return _NONE
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = wait = _wait_us(text)
        return wait


def _wait_us(text: bytes) -> int:
    found = _TIMER_RE.fullmatch(text)
    try:
        wait_s = gonotation.parse_duration_s(found[2].decode()) if found else -1.0
    except ValueError:
        return _NONE
    return _NONE if is_odd_duration(wait_s) or wait_s < 0 else round(wait_s * 1e6)


class _Statuses(dict[bytes, int]):
    """The number of the status that a text states."""

    def __init__(self) -> None:
        super().__init__()
        #: The statuses by their numbers, in version 2's words.
        self.names: list[str | None] = [None]

    def __missing__(self, text: bytes) -> int:
        if len(text) > _LONGEST:
            return _NONE
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = number = self._number(text)
        return number

    def _number(self, text: bytes) -> int:
        # Texts of version 1 come without "Build" and the id.
        told = b"Build 1" + text if text.startswith(b": ") else text
        try:
            found = scanner.match(told.decode(), Context())
        except UnicodeDecodeError:
            return _NONE
        if found is None or found.message.kind != "build_status":
            return _NONE
        return self.of(status_of(found.fields))

    def of(self, status: str | None) -> int:
        """Return the number of a status."""
        if status not in self.names:
            if len(self.names) > _MOST_STATUSES:
                return _NONE
            self.names.append(status)
        return self.names.index(status)


_timers: Final = _Timers()
STATUSES: Final = _Statuses()


class About(NamedTuple):
    """The title, the build and its statuses that the texts of the checks of each page name.

    Attributes
    ----------
    titles:
        The beginning of its timers.
    builds:
        The id of its build.
    launched, built:
        The number of the status that the build had when it was launched, and when the page shows all of it.
    """

    titles: Sequence[bytes]
    builds: Sequence[str]
    launched: NDArray[np.int64]
    built: NDArray[np.int64]


class Checks(NamedTuple):
    """Status checks in order; arrays have a value a check. Times are offsets of the timelines.

    Attributes
    ----------
    owner:
        The row of the page.
    seq:
        Its place among the checks of the page, from 1.
    handled, answered, due:
        When it began, when its answer came, and when its timer was due. -1 where there is none.
    key_at, key_end:
        Where the key of its timer is in the buffer.
    status:
        The number of the status that it saw, 0 for none.
    changed:
        Whether that is new.
    is_timed, is_answered:
        Whether a timer started it, and whether an answer came.
    """

    owner: NDArray[np.int64]
    seq: NDArray[np.int64]
    handled: NDArray[np.int64]
    answered: NDArray[np.int64]
    due: NDArray[np.int64]
    key_at: NDArray[np.int64]
    key_end: NDArray[np.int64]
    status: NDArray[np.int64]
    changed: NDArray[np.bool_]
    is_timed: NDArray[np.bool_]
    is_answered: NDArray[np.bool_]


class Found(NamedTuple):
    """The checks of pages.

    Attributes
    ----------
    checks:
        Of all pages.
    left:
        When the timer of each page was due that nothing handled, -1 where there is none.
    odd:
        Whether each page must be read alone.
    """

    checks: Checks
    left: NDArray[np.int64]
    odd: NDArray[np.bool_]


class Timers(NamedTuple):
    """Timers that were handled, and `left` of `Found`; see `Checks`."""

    due: NDArray[np.int64]
    key_at: NDArray[np.int64]
    key_end: NDArray[np.int64]
    left: NDArray[np.int64]


def title_of(job: str, invocation_id: str) -> bytes | None:
    """Return how the titles of timers begin, None for a job with unusual characters or a very long name."""
    title = TITLE % (job.encode(), invocation_id.encode())
    return title if _JOB_RE.fullmatch(job) and len(title) <= _LONGEST_TITLE else None


def read_checks(pack: Pack, entries: Entries, plain: Plain, about: About) -> Found:
    """Return the checks of pages."""
    return _Reading(pack, entries, plain, about).read()


class _Reading:
    """Reads the checks of pages.

    Parameters
    ----------
    pack, entries, plain:
        The pages.
    about:
        What the texts of each page's checks are about.
    """

    def __init__(self, pack: Pack, entries: Entries, plain: Plain, about: About) -> None:
        self._pack = pack
        self._plain = plain
        self._about = about
        self._size = len(plain.page)
        self._us = entries.us
        counts = plain.after - plain.checks
        total = int(counts.sum())
        self._index = np.repeat(plain.checks - np.cumsum(counts) + counts, counts) + np.arange(total)
        self._owner = np.repeat(np.arange(self._size), counts)
        self._letter = entries.letter[self._index]
        self._text, self._end = entries.text[self._index], entries.end[self._index]
        self._at = entries.us[self._index]
        self._odd = np.zeros(self._size, dtype=bool)

    def read(self) -> Found:
        """Return the checks, the timers that were not handled, and the pages that are odd."""
        self._check_order()
        self._check_fixed()
        timers = self._timers()
        answered, seen = self._answers()
        letter = self._letter
        begun = np.flatnonzero((letter == HANDLED) | (letter == NOTIFIED))
        owner = self._owner[begun]
        count = len(begun)
        is_open = self._index[begun] >= self._plain.open[owner]
        times, status, is_answered = np.full(count, -1), np.zeros(count, dtype=np.int64), ~is_open
        times[is_answered], status[is_answered] = answered, seen
        # The entry that shows the whole build answers the check that is open.
        shown = np.flatnonzero(is_open & (self._plain.build[owner] >= 0))
        times[shown] = self._us[self._plain.build[owner[shown]]]
        status[shown] = self._about.built[owner[shown]]
        is_answered[shown] = True
        firsts = np.flatnonzero(np.diff(owner, prepend=-1))
        before = np.append(0, status[:-1])
        before[firsts] = self._about.launched[owner[firsts]]
        is_timed = letter[begun] == HANDLED
        of_timers = np.cumsum(is_timed) - 1
        starts = np.searchsorted(owner, np.arange(self._size))
        checks = Checks(
            owner=owner,
            seq=np.arange(count) - starts[owner] + 1,
            handled=self._at[begun],
            answered=times,
            due=np.where(is_timed, timers.due[of_timers], -1) if len(timers.due) else np.full(count, -1),
            key_at=timers.key_at[of_timers] if len(timers.due) else np.zeros(count, dtype=np.int64),
            key_end=timers.key_end[of_timers] if len(timers.due) else np.zeros(count, dtype=np.int64),
            status=status,
            changed=status != before,
            is_timed=is_timed,
            is_answered=is_answered,
        )
        return Found(checks, timers.left, self._odd)

    def _mark(self, places: NDArray[Any], is_odd: NDArray[np.bool_]) -> None:
        """Mark the pages of some entries as odd."""
        self._odd[self._owner[places[is_odd]]] = True

    def _check_order(self) -> None:
        """Mark pages in which a timer is not handled before the next one is scheduled."""
        timed = np.flatnonzero((self._letter == SCHEDULED) | (self._letter == HANDLED))
        is_handled, owner = self._letter[timed] == HANDLED, self._owner[timed]
        follows = np.zeros(len(timed), dtype=bool)
        follows[1:] = ~is_handled[:-1] & (owner[1:] == owner[:-1])
        self._mark(timed, is_handled != follows)

    def _check_fixed(self) -> None:
        """Mark pages in which an entry that is always the same is another one."""
        for value in (TICK, NOTIFIED):
            places = np.flatnonzero(self._letter == value)
            whole, begin = _BY_LETTER[value], self._text[places]
            is_whole = self._end[places] - begin == len(whole)
            self._mark(places, ~is_whole | ~self._pack.begins(begin, whole))
        for value in (SCHEDULED, HANDLED):
            places = np.flatnonzero(self._letter == value)
            self._mark(places, ~self._pack.begins(self._text[places], _BY_LETTER[value]))

    def _timers(self) -> Timers:
        pack, about = self._pack, self._about
        scheduled = np.flatnonzero(self._letter == SCHEDULED)
        owner = self._owner[scheduled]
        titles = self._text[scheduled] + len(_BY_LETTER[SCHEDULED])
        # One title of a page is compared with the ids of its request, the others with that title.
        first = self._compared(owner, titles, about.titles)
        sizes = np.array([len(title) for title in about.titles], dtype=np.int64)[owner]
        self._mark(scheduled, ~pack.same(titles, first[owner], sizes))
        rests = zip((titles + sizes).tolist(), self._end[scheduled].tolist(), strict=True)
        known, data = _timers, pack.data
        waits = np.array([known[data[begin:end]] for begin, end in rests], dtype=np.int64)
        self._mark(scheduled, waits < 0)
        due = self._at[scheduled] + waits
        return self._paired(scheduled, titles, sizes, due)

    def _compared(
        self, owner: NDArray[Any], places: NDArray[Any], texts: Sequence[bytes]
    ) -> NDArray[np.int64]:
        """Return the first place of each page. Mark pages in which the text of the page is not there."""
        first = np.zeros(self._size, dtype=np.int64)
        first[owner[::-1]] = places[::-1]
        rows, data = np.unique(owner).tolist(), self._pack.data
        begins = first.tolist()
        self._odd[[row for row in rows if not data.startswith(texts[row], begins[row])]] = True
        return first

    def _paired(
        self, scheduled: NDArray[Any], titles: NDArray[Any], sizes: NDArray[Any], due: NDArray[Any]
    ) -> Timers:
        """Return for each timer that was handled the one that was scheduled."""
        pack = self._pack
        handled = np.flatnonzero(self._letter == HANDLED)
        # In a page that is not odd, the timer was scheduled last.
        pair = np.searchsorted(scheduled, handled) - 1
        left = np.full(self._size, -1)
        is_left = np.ones(len(scheduled), dtype=bool)
        is_left[pair[pair >= 0]] = False
        left[self._owner[scheduled[is_left]]] = due[is_left]
        if not len(handled) or not len(scheduled):
            self._mark(handled, np.ones(len(handled), dtype=bool))
            nothing = np.zeros(len(handled), dtype=np.int64)
            return Timers(nothing, nothing, nothing, left)
        at = self._text[handled] + len(_BY_LETTER[HANDLED])
        keys = at + sizes[pair]
        length = self._end[handled] - keys
        is_odd = (pair < 0) | (length < _SHORTEST_KEY) | (length > _LONGEST_KEY)
        # The texts are the same up to the bracket after the key.
        compared = np.where(is_odd, 0, sizes[pair] + length)
        is_odd |= ~pack.same(at, titles[pair], compared)
        is_odd |= pack.bytes[self._end[handled] - 1] != ord(")")
        self._mark(handled, is_odd)
        return Timers(due[pair], keys, self._end[handled] - 1, left)

    def _answers(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return when answers came, and what they said."""
        pack, about = self._pack, self._about
        answers = np.flatnonzero(self._letter == STATUS)
        owner, begin = self._owner[answers], self._text[answers]
        # In version 1 answers name the build. The first one of a page is compared with the build, the others
        # with the first one. In version 2 nothing is compared.
        is_named = (self._plain.version == 1).tolist()
        names = [
            b"Build %b" % build.encode() if named else b""
            for build, named in zip(about.builds, is_named, strict=True)
        ]
        sizes = np.array([len(name) for name in names], dtype=np.int64)
        first = self._compared(owner, begin, names)
        self._mark(answers, ~pack.same(begin, first[owner], sizes[owner]))
        rests = zip((begin + sizes[owner]).tolist(), self._end[answers].tolist(), strict=True)
        known, data = STATUSES, pack.data
        seen = np.array([known[data[start:end]] for start, end in rests], dtype=np.int64)
        self._mark(answers, seen <= 0)
        return self._at[answers], seen
