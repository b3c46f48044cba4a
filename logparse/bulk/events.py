"""The entries of plain pages as rows of the table of events.

Texts of status checks differ in ids only. The scanner reads each such text once, with other ids in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.bulk.checks import TITLE
from logparse.bulk.scan import BEGINNINGS, CLOCK_SIZE, HANDLED, NOTIFIED, SCHEDULED, STATUS, TICK
from logparse.bulk.table import Invocations
from logparse.columns.derivations import Values
from logparse.language import scanner
from logparse.language.messages import Context
from logparse.tables.recordcolumns import json_text, without_payloads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

_REMEMBERED: Final = 8_192
_BEGINNING: Final = {letter: text for text, letter in BEGINNINGS.items()}
#: Ids in texts that are read once for all pages.
_JOB, _ID, _BUILD = "p/j", "9000000000000000000", "8000000000000000000"
_TITLE: Final = TITLE % (_JOB.encode(), _ID.encode())
_TIMER: Final = _TITLE.partition(b"(")[2].decode()
_DIGITS: Final = len("HH:MM:SS.mmm")


class Events(NamedTuple):
    """Columns of the table of events; all have a value an entry.

    Attributes
    ----------
    owners:
        The row of the invocation.
    kinds, kind:
        All kinds, and the number of each entry's.
    fields:
        JSON.
    lines:
        The first line of each entry.
    clocks:
        The bytes of each clock.
    """

    owners: NDArray[Any]
    seq: NDArray[Any]
    line: NDArray[Any]
    at: NDArray[Any]
    attempt: Values
    kinds: Sequence[str]
    kind: NDArray[Any]
    fields: Sequence[str]
    lines: Sequence[bytes]
    clocks: NDArray[Any]
    offset_s: NDArray[Any]


@lru_cache(maxsize=_REMEMBERED)
def _read(text: bytes) -> tuple[str, str]:
    """Return the kind of an entry, and its fields as JSON."""
    found = scanner.match(text.decode(), Context())
    assert found is not None
    return found.message.kind, json_text(without_payloads(found.fields))


@lru_cache(maxsize=_REMEMBERED)
def _after_id(beginning: bytes, rest: bytes, stands: str) -> tuple[str, str]:
    """Return the JSON of an entry's fields before an id and after it.

    Parameters
    ----------
    beginning, rest:
        The text, with `stands` in the place of the id.
    """
    before, _, after = _read(beginning + rest)[1].partition(stands)
    return before, after


def read_events(made: Invocations) -> Events:
    """Return the entries of plain pages."""
    reading, plain = made.reading, made.plain
    entries = reading.entries
    first = entries.first
    counts = np.diff(first)[plain.page]
    ends = np.cumsum(counts)
    index = np.repeat(first[plain.page] - ends + counts, counts) + np.arange(int(counts.sum()))
    owners = np.repeat(np.arange(made.size), counts)
    us, text = entries.us[index], entries.text[index]
    begins = ends - counts
    kinds, kind, fields, lines = _Texts(made, index, owners).read()
    places = (text - CLOCK_SIZE + 1)[:, None] + np.arange(_DIGITS)
    return Events(
        owners=owners,
        seq=np.arange(len(index)) - begins[owners] + 1,
        line=entries.line[index],
        at=us + made.base[owners],
        attempt=Values(np.ones(len(index), dtype=np.int64), index < plain.started[owners]),
        kinds=kinds,
        kind=kind,
        fields=fields,
        lines=lines,
        clocks=reading.pack.bytes[places],
        offset_s=(us - us[begins][owners]) / 1e6,
    )


class _Texts:
    """Reads the texts of entries."""

    def __init__(self, made: Invocations, index: NDArray[Any], owners: NDArray[Any]) -> None:
        entries = made.reading.entries
        self._made = made
        self._data = made.reading.pack.data
        self._owners = owners
        self._text, self._end = entries.text[index], entries.end[index]
        self._letter = entries.letter[index]
        self._is_one_line = entries.is_one_line[index]
        self._kinds: list[str] = []
        self._number = np.zeros(len(index), dtype=np.int64)
        self._fields = np.full(len(index), "{}", dtype=object)

    def read(self) -> tuple[list[str], NDArray[Any], list[str], list[bytes]]:
        """Return all kinds, the number of each entry's kind, its fields, and its first line."""
        data = self._data
        places = zip(self._text.tolist(), self._end.tolist(), strict=True)
        lines = [data[begin:end] for begin, end in places]
        for row in np.flatnonzero(~self._is_one_line).tolist():
            lines[row] = lines[row].partition(b"\n")[0]
        checks = np.zeros(len(lines), dtype=bool)
        for letter in (SCHEDULED, HANDLED, TICK, NOTIFIED, STATUS):
            rows = self._letter == letter
            if letter == STATUS:
                # In version 2 they do not name the build.
                rows &= self._made.plain.version[self._owners] == 1
            checks |= rows
            self._checks(letter, np.flatnonzero(rows), lines)
        for row in np.flatnonzero(~checks).tolist():
            line = lines[row]
            kind, self._fields[row] = _read(line if self._is_one_line[row] else line + b"\n{}")
            self._number[row] = self._of(kind)
        return self._kinds, self._number, self._fields.tolist(), lines

    def _of(self, kind: str) -> int:
        """Return the number of a kind."""
        if kind not in self._kinds:
            self._kinds.append(kind)
        return self._kinds.index(kind)

    def _checks(self, letter: int, rows: NDArray[Any], lines: Sequence[bytes]) -> None:
        """Read entries of status checks, which have one letter."""
        if not len(rows):
            return
        listed, owners = rows.tolist(), self._owners[rows].tolist()
        self._number[rows] = self._of(_read(lines[listed[0]])[0])
        beginning = _BEGINNING[letter]
        if letter in (SCHEDULED, HANDLED):
            ids = zip(self._made.jobs, self._made.ids, strict=True)
            timers = [f"{job}:{identifier}:" for job, identifier in ids]
            # The title has the ids and what is always the same around them.
            size = len(beginning) + len(_TITLE) - len(_TIMER)
            sizes = [size + len(timer.encode()) for timer in timers]
            self._fill(rows, beginning + _TITLE, _TIMER, timers, _rests(lines, listed, owners, sizes), owners)
        elif letter == STATUS:
            builds: list[str] = self._made.built["id"]
            sizes = [len(b"Build ") + len(build) for build in builds]
            rests = _rests(lines, listed, owners, sizes)
            self._fill(rows, b"Build %b" % _BUILD.encode(), _BUILD, builds, rests, owners)

    def _fill(
        self,
        rows: NDArray[Any],
        beginning: bytes,
        stands: str,
        names: Sequence[str],
        rests: Iterable[bytes],
        owners: Sequence[int],
    ) -> None:
        """Set the fields of entries whose texts have an id. Parameters are those of `_after_id`."""
        pieces = [_after_id(beginning, rest, stands) for rest in rests]
        self._fields[rows] = [
            before + names[owner] + after for (before, after), owner in zip(pieces, owners, strict=True)
        ]


def _rests(
    lines: Sequence[bytes], rows: Sequence[int], owners: Sequence[int], sizes: Sequence[int]
) -> list[bytes]:
    """Return what follows the ids in texts."""
    return [lines[row][sizes[owner] :] for row, owner in zip(rows, owners, strict=True)]
