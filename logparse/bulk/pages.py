"""Reading many files at once: those that hold one plain page, as columns."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from logparse.buildbucket.builds import V1_KEYS
from logparse.buildbucket.fields import FIELDS
from logparse.bulk.heads import Head, is_utf8, read_head
from logparse.bulk.order import find_plain, triggered_by
from logparse.bulk.payloads import Typed
from logparse.bulk.requests import Asked, read_asked
from logparse.bulk.scan import (
    ANSWER_1,
    ANSWER_2,
    BEGINNINGS,
    BUILD_1,
    BUILD_2,
    CLOCK_SIZE,
    FINISH,
    REQUEST,
    URL,
    Pack,
    find_entries,
)
from logparse.sources import Found
from logparse.values import gonotation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    from logparse.lazy import numpy as np

#: Larger files are read alone. A log in them may be longer than one that the engine keeps.
MAX_FILE: Final = 900_000
_FIRST_READ: Final = 1 << 16
#: How the files begin that are read here: as a page or as a log.
_BEGIN_RE: Final = re.compile(rb"\s*(?:Status:|All projects|\[[0-9]|(?:#+ )?Debug log)")
_FINISH_RE: Final = re.compile(rb"([0-9a-z.\xc2\xb5]{1,60}) with status ([A-Z]{1,30})")
_URL_RE: Final = re.compile(rb"https?://[\w./:?=&%~+#,;@-]+")
_SIZES: Final = {letter: len(text) for text, letter in BEGINNINGS.items()}
_OF_ANSWERS: Final = ("id", "number", "status", "created_at")
V1: Final = Typed(FIELDS, 1, ("id", "created_ts", "utcnow_ts"), ("number",))
V2: Final = Typed(FIELDS, 2, ("id", "createTime"), sorted(V1_KEYS | {"build"}))
#: All that counts in an answer of version 1 where the page shows the whole build later.
BRIEF: Final = Typed(
    [row._replace(v1=row.v1.partition(" ")[0]) for row in FIELDS if row.name in _OF_ANSWERS],
    1,
    ("id", "created_ts", "utcnow_ts"),
    ("number",),
)


def _decoder(typed: Typed) -> Callable[[memoryview], Any]:
    """Return what decodes the JSON of a build, which version 1 puts into another object."""
    if typed.version == 2:
        return msgspec.json.Decoder(typed.struct).decode
    wrapped: Any = msgspec.defstruct("Wrapped", [("build", typed.struct)], frozen=True, gc=False)
    decode = msgspec.json.Decoder(wrapped).decode
    return lambda text: decode(text).build


_decode: Final = {1: _decoder(V1), 2: _decoder(V2)}
_decode_brief: Final = {1: _decoder(BRIEF), 2: _decode[2]}
_ANSWERS: Final = {1: ANSWER_1, 2: ANSWER_2}
_BUILDS: Final = {1: BUILD_1, 2: BUILD_2}


def content(file: Found, max_bytes: int) -> bytes:
    """Return the content of a file, empty where it must be read alone."""
    assert file.path is not None
    try:
        opened = os.open(file.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return b""
    try:
        # A read allocates as much as it may get, so that a small one comes first.
        first = min(_FIRST_READ if file.size is None else file.size + 1, max_bytes + 1)
        data = os.read(opened, first)
        if len(data) >= first:
            pieces = [data]
            while len(pieces[-1]) and sum(map(len, pieces)) <= max_bytes:
                pieces.append(os.read(opened, max_bytes + 1))
            data = b"".join(pieces)
    except OSError:
        return b""
    finally:
        os.close(opened)
    return data if len(data) <= max_bytes and _BEGIN_RE.match(data) else b""


class Place(NamedTuple):
    """The attributes of `Plain` of one page."""

    page: int
    triggered: int
    started: int
    request: int
    answer: int
    url: int
    checks: int
    open: int
    after: int
    build: int
    finish: int
    version: int


class Page(NamedTuple):
    """The parts of one page that are read by itself.

    Attributes
    ----------
    head:
        What is above the log, with the identity that the log names as the one that triggered it.
    asked:
        The request.
    launched, built:
        The build as the answer shows it, and as the page shows it last. The first is of `BRIEF` where version
        1 shows both.
    url:
        Of the build.
    status, duration_s:
        Of the finish; None where there is none.
    """

    head: Head
    asked: Asked
    launched: Any
    built: Any
    url: str
    status: str | None
    duration_s: float | None


class Reading:
    """The plain pages of a buffer.

    Attributes
    ----------
    pack, entries:
        All pages and their entries.
    plain, pages:
        Those that are plain.
    """

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.entries = find_entries(pack)
        plain = find_plain(pack, self.entries)
        self._starts: list[int] = pack.starts.tolist()
        self._ends: list[int] = pack.ends.tolist()
        self._first: list[int] = self.entries.first.tolist()
        self._view = memoryview(pack.data)
        self._wide = self._wide_logs()
        self._text: list[int] = self.entries.text.tolist()
        self._end: list[int] = self.entries.end.tolist()
        self.pages: list[Page] = []
        kept: list[int] = []
        columns = (column.tolist() for column in plain)
        for row, place in enumerate(map(Place._make, zip(*columns, strict=True))):
            page = self._page(place)
            if page is not None:
                kept.append(row)
                self.pages.append(page)
        self.plain = plain.chosen(np.array(kept, dtype=np.int64))

    def _wide_logs(self) -> set[int]:
        """Return the pages with bytes in their logs that are not ASCII."""
        if not len(self.entries.text):
            return set()
        last = np.searchsorted(self.entries.text, self.pack.wide, side="right") - 1
        pages = np.searchsorted(self.entries.first, last, side="right") - 1
        # A byte before the first entry of its file is in a head.
        return set(pages[(last >= 0) & (self.pack.wide < self.pack.ends[pages])].tolist())

    def _head(self, place: Place) -> Head | None:
        """Return the head of a page, None where the page must be read alone."""
        data, page = self.pack.data, place.page
        log_at = self._text[self._first[page]] - CLOCK_SIZE
        if page in self._wide and not is_utf8(data[log_at : self._ends[page]]):
            return None
        head = read_head(data[self._starts[page] : log_at])
        if head is not None and place.triggered >= 0:
            named = triggered_by(data[self._text[place.triggered] : self._end[place.triggered]])
            head = head._replace(triggered_by=named or head.triggered_by)
        return head

    def _page(self, place: Place) -> Page | None:
        """Return what a page shows, None where it must be read alone."""
        head, finish = self._head(place), self._finish(place.finish)
        url = _URL_RE.fullmatch(self.pack.data, self._text[place.url] + _SIZES[URL], self._end[place.url])
        if head is None or finish is None or url is None:
            return None
        version = place.version
        try:
            asked = read_asked(self._json(place.request, REQUEST), version)
            answer = self._json(place.answer, _ANSWERS[version])
            if place.build >= 0:
                launched = _decode_brief[version](answer)
                built = _decode[version](self._json(place.build, _BUILDS[version]))
            else:
                launched = built = _decode[version](answer)
        except (ValueError, RecursionError):
            return None
        return Page(head, asked, launched, built, url[0].decode(), *finish)

    def _json(self, entry: int, letter: int) -> memoryview:
        """Return the JSON of an entry."""
        return self._view[self._text[entry] + _SIZES[letter] : self._end[entry]]

    def _finish(self, entry: int) -> tuple[str | None, float | None] | None:
        """Return the status and the duration of the finish, None where they are unusual."""
        if entry < 0:
            return None, None
        found = _FINISH_RE.fullmatch(self.pack.data, self._text[entry] + _SIZES[FINISH], self._end[entry])
        if found is None:
            return None
        try:
            return found[2].decode(), gonotation.parse_duration_s(found[1].decode())
        except ValueError:
            return None

    def without(self, odd: NDArray[np.bool_]) -> Reading:
        """Return the reading without some of its pages."""
        found = copy(self)
        kept = np.flatnonzero(~odd)
        found.pages = [self.pages[row] for row in kept.tolist()]
        found.plain = self.plain.chosen(kept)
        return found
