"""The entries of plain pages as rows of the table of events.

Texts of status checks differ in ids only. The scanner reads each such text once, with other ids in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.batches.arrow import Array
from logparse.batches.arrowarrays import constant, from_numbers, from_places, from_texts, joined
from logparse.bulk.checks import TITLE
from logparse.bulk.scan import BEGINNINGS, CLOCK_SIZE, HANDLED, NOTIFIED, SCHEDULED, STATUS, TICK
from logparse.bulk.table import Invocations
from logparse.columns.derivations import Values
from logparse.language import scanner
from logparse.language.messages import Context
from logparse.lazy import pyarrow as pa
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
    lines, clocks:
        The first line and the clock of each entry.
    """

    owners: NDArray[Any]
    seq: NDArray[Any]
    line: NDArray[Any]
    at: NDArray[Any]
    attempt: Values
    kinds: Sequence[str]
    kind: NDArray[Any]
    fields: Array
    lines: Array
    clocks: Array
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
    kinds, kind, fields = _Texts(made, index, owners).read()
    clocks = text - CLOCK_SIZE + 1
    return Events(
        owners=owners,
        seq=np.arange(len(index)) - begins[owners] + 1,
        line=entries.line[index],
        at=us + made.base[owners],
        attempt=Values(np.ones(len(index), dtype=np.int64), index < plain.started[owners]),
        kinds=kinds,
        kind=kind,
        fields=fields,
        lines=from_places(reading.pack.data, text, entries.first_end[index]),
        clocks=from_places(reading.pack.data, clocks, clocks + _DIGITS),
        offset_s=(us - us[begins][owners]) / 1e6,
    )


class _Texts:
    """Reads the texts of entries. The JSON of their fields is put together group by group."""

    def __init__(self, made: Invocations, index: NDArray[Any], owners: NDArray[Any]) -> None:
        entries = made.reading.entries
        self._made = made
        self._data = made.reading.pack.data
        self._owners = owners
        self._text, self._end = entries.text[index], entries.first_end[index]
        self._letter = entries.letter[index]
        self._is_one_line = entries.is_one_line[index]
        self._kinds: list[str] = []
        self._number = np.zeros(len(index), dtype=np.int64)
        #: The rows of each group, and their fields.
        self._groups: list[tuple[NDArray[Any], Array]] = []

    def read(self) -> tuple[list[str], NDArray[Any], Array]:
        """Return all kinds, the number of each entry's kind, and its fields."""
        is_check = np.zeros(len(self._text), dtype=bool)
        for letter in (SCHEDULED, HANDLED, TICK, NOTIFIED, STATUS):
            rows = self._letter == letter
            if letter == STATUS:
                # In version 2 they do not name the build.
                rows &= self._made.plain.version[self._owners] == 1
            if rows.any():
                is_check |= rows
                self._checks(letter, np.flatnonzero(rows))
        self._others(np.flatnonzero(~is_check))
        order = np.argsort(np.concatenate([rows for rows, _ in self._groups]), kind="stable")
        fields = pa.concat_arrays([fields for _, fields in self._groups])
        return self._kinds, self._number, fields.take(from_numbers(order, pa.int64()))

    def _of(self, kind: str) -> int:
        """Return the number of a kind."""
        if kind not in self._kinds:
            self._kinds.append(kind)
        return self._kinds.index(kind)

    def _others(self, rows: NDArray[Any]) -> None:
        """Read entries that are not status checks."""
        data = self._data
        places = zip(
            self._text[rows].tolist(), self._end[rows].tolist(), self._is_one_line[rows].tolist(), strict=True
        )
        found = [
            _read(data[begin:end] if is_whole else data[begin:end] + b"\n{}")
            for begin, end, is_whole in places
        ]
        self._number[rows] = [self._of(kind) for kind, _ in found]
        self._groups.append((rows, from_texts([fields for _, fields in found])))

    def _checks(self, letter: int, rows: NDArray[Any]) -> None:
        """Read entries of status checks, which have one letter."""
        first = int(rows[0])
        kind, fields = _read(self._data[int(self._text[first]) : int(self._end[first])])
        self._number[rows] = self._of(kind)
        beginning = _BEGINNING[letter]
        if letter in (SCHEDULED, HANDLED):
            ids = zip(self._made.jobs, self._made.ids, strict=True)
            timers = [f"{job}:{identifier}:" for job, identifier in ids]
            # The title has the ids and what is always the same around them.
            size = len(beginning) + len(_TITLE) - len(_TIMER)
            self._named(rows, beginning + _TITLE, _TIMER, timers, size)
        elif letter == STATUS:
            self._named(rows, b"Build %b" % _BUILD.encode(), _BUILD, self._made.built["id"], len(b"Build "))
        else:
            self._groups.append((rows, constant(fields, pa.string(), len(rows))))

    def _named(
        self, rows: NDArray[Any], beginning: bytes, stands: str, names: Sequence[str], size: int
    ) -> None:
        """Read entries whose texts have an id of their invocation.

        Parameters
        ----------
        beginning, stands:
            As in `_after_id`.
        names:
            The id of each invocation.
        size:
            The bytes of a text before the id.
        """
        owners = self._owners[rows]
        sizes = np.array([size + len(name.encode()) for name in names], dtype=np.int64)
        begins, ends = (self._text[rows] + sizes[owners]).tolist(), self._end[rows].tolist()
        data = self._data
        rests = [data[begin:end] for begin, end in zip(begins, ends, strict=True)]
        numbers = {rest: number for number, rest in enumerate(dict.fromkeys(rests))}
        pieces = [_after_id(beginning, rest, stands) for rest in numbers]
        which = from_numbers(np.array([numbers[rest] for rest in rests], dtype=np.int64), pa.int64())
        before, after = (from_texts([piece[side] for piece in pieces]).take(which) for side in (0, 1))
        ids = from_texts(names).take(from_numbers(owners, pa.int64()))
        self._groups.append((rows, joined(before, ids, after)))
