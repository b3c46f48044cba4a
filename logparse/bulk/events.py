"""The entries of plain pages as rows of the table of events.

Texts of checks differ in ids only. The scanner reads each such text once, with other ids in it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from logparse import scanner
from logparse.bulk.checks import TITLE
from logparse.bulk.scan import (
    ANSWER_1,
    ANSWER_2,
    BUILD_1,
    BUILD_2,
    CLOCK_SIZE,
    HANDLED,
    REQUEST,
    SCHEDULED,
    STATUS,
)
from logparse.bulk.table import Invocations
from logparse.derivations import Values
from logparse.messages import Context
from logparse.recordcolumns import json_text, without_payloads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

_SHOWN: Final = (REQUEST, ANSWER_1, ANSWER_2, BUILD_1, BUILD_2)
_REMEMBERED: Final = 65_536
#: Ids in texts that are read once for all pages.
_JOB, _ID, _BUILD = "p/j", "9000000000000000000", "8000000000000000000"
_TIMER: Final = (TITLE % (_JOB.encode(), _ID.encode())).partition(b"(")[2].decode()


@lru_cache(maxsize=_REMEMBERED)
def _read(text: bytes) -> tuple[str, str]:
    """Return the kind of an entry, and its fields as JSON."""
    found = scanner.match(text.decode(), Context())
    assert found is not None
    return found.message.kind, json_text(without_payloads(found.fields))


@lru_cache(maxsize=_REMEMBERED)
def _read_timer(beginning: bytes, rest: bytes) -> tuple[str, list[str]]:
    """Return the kind of an entry about a timer, and its fields as JSON, in the pieces around the ids."""
    kind, fields = _read(beginning + TITLE % (_JOB.encode(), _ID.encode()) + rest)
    return kind, fields.split(_TIMER, 1)


@lru_cache(maxsize=_REMEMBERED)
def _read_status(rest: bytes) -> tuple[str, list[str]]:
    """Return the same for the answer to a check."""
    kind, fields = _read(b"Build %b%b" % (_BUILD.encode(), rest))
    return kind, fields.split(_BUILD, 1)


def event_rows(made: Invocations) -> dict[str, Any]:
    """Return the columns of the table of events that differ from row to row of an invocation."""
    reading, plain = made.reading, made.plain
    entries, data = reading.entries, reading.pack.data
    first = entries.first
    counts = np.diff(first)[plain.page]
    index = np.repeat(first[plain.page] - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    owners = np.repeat(np.arange(made.size), counts)
    us = entries.us[index]
    text, end = entries.text[index], entries.end[index]
    letters = entries.letter[index]
    kinds, fields, lines = _texts(made, owners, text, end, letters)
    seq = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    starts = text - CLOCK_SIZE + 1
    return {
        "owners": owners,
        "seq": seq,
        "line": entries.line[index],
        "at": us + made.base[owners],
        "attempt": Values(np.ones(len(index), dtype=np.int64), index < plain.started[owners]),
        "kind": kinds,
        "fields": fields,
        "text": lines,
        "clock": [data[begin : begin + 12].decode() for begin in starts.tolist()],
        "offset_s": (us - us[np.cumsum(counts) - counts][owners]) / 1e6,
        "suspicious": 0,
    }


def _texts(
    made: Invocations, owners: NDArray[Any], text: NDArray[Any], end: NDArray[Any], letters: NDArray[Any]
) -> tuple[list[str], list[str], list[str]]:
    """Return the kind of each entry, its fields as JSON, and its first line."""
    data = made.reading.pack.data
    titles = [TITLE % (job.encode(), one.encode()) for job, one in zip(made.jobs, made.ids, strict=True)]
    timers = [title.partition(b"(")[2].decode() for title in titles]
    builds: list[str] = made.built["id"]
    versions: list[int] = made.plain.version.tolist()
    kinds: list[str] = []
    fields: list[str] = []
    lines: list[str] = []
    places = zip(owners.tolist(), text.tolist(), end.tolist(), letters.tolist(), strict=True)
    for owner, begin, stop, letter in places:
        if letter in _SHOWN:
            line = data[begin : data.index(b"\n", begin)]
            kind, shown = _read(line + b"\n{}")
        else:
            line = data[begin:stop]
            if letter in _TIMERS:
                beginning = _TIMERS[letter]
                rest = line[len(beginning) + len(titles[owner]) :]
                kind, pieces = _read_timer(beginning, rest)
                shown = timers[owner].join(pieces)
            elif letter == STATUS and versions[owner] == 1:
                kind, pieces = _read_status(line[len(builds[owner]) + 6 :])
                shown = builds[owner].join(pieces)
            else:
                kind, shown = _read(line)
        kinds.append(kind)
        fields.append(shown)
        lines.append(line.decode())
    return kinds, fields, lines


_TIMERS: Final = {SCHEDULED: b"Scheduling timer ", HANDLED: b"Handling timer "}
