"""Reading many files at once: those that hold one page or log of the common form.

A page is read here where its result is the same as that of `logparse.reading`, which reads all others. It is
the text of a page or a log of one invocation, none of its entries can quote text from outside, and nothing in
it makes the day of an entry doubtful.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final

from logparse import scanner
from logparse.bulk.fold import Folded, Folder, NotPlain
from logparse.bulk.scan import CUT, STATUS_NAME, Pack, find_entries
from logparse.checks import check_invocation
from logparse.clock import DAY_US
from logparse.entries import Entry
from logparse.errors import InputError
from logparse.ids import invocation_created_us, is_plausible_us
from logparse.invocation import fill_in, find_id, make_events
from logparse.merge import Content, Copy
from logparse.odd import is_odd_duration
from logparse.ours import made_by_logparse
from logparse.reading import read_parts
from logparse.records import Build, Event, Invocation
from logparse.sources import Found, open_found
from logparse.syntax import LOG_HEADING_RE, Page
from logparse.timeline import STEP_BACK_US, Timeline

#: Larger files are read alone. A log in them may be longer than one that the engine keeps.
MAX_FILE: Final = 900_000
#: How the files begin that are read here: as a page or as a log.
_BEGIN_RE: Final = re.compile(rb"\s*(?:Status:|All projects|\[[0-9]|(?:#+ )?Debug log)")
#: A time in a page's head that looks like that of an entry.
_STAMP_RE: Final = re.compile(r"\[(?:[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}|[0-9]{3,12}.ms)\]")
#: Spaces that copies of texts have for others, and the mark of UTF-8.
_HARD: Final = tuple("\u00a0\u2007\u202f\ufeff")
#: So much of a log shows whether logparse wrote it.
_LEAD: Final = 2_000
_NO_PAGE: Final = Page.of_log(())


def read_pages(files: Sequence[Found], max_bytes: int) -> list[Copy | None]:
    """Return the invocation of each file, None for a file that must be read alone.

    Parameters
    ----------
    files:
        Regular files.
    max_bytes:
        Larger files are read alone.
    """
    texts = [_content(file, min(max_bytes, MAX_FILE)) for file in files]
    pages = _Pages(files, texts)
    return [pages.copy(number) for number in range(len(files))]


def _content(file: Found, max_bytes: int) -> bytes:
    """Return the content of a file, empty where it must be read alone."""
    assert file.path is not None
    try:
        opened = os.open(file.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return b""
    try:
        pieces = [os.read(opened, max_bytes + 1)]
        # A network's files can come in parts.
        while len(pieces[-1]) and sum(map(len, pieces)) <= max_bytes:
            pieces.append(os.read(opened, max_bytes + 1))
    except OSError:
        return b""
    finally:
        os.close(opened)
    data = b"".join(pieces)
    return data if len(data) <= max_bytes and _BEGIN_RE.match(data) else b""


class _Pages:
    """The pages of files."""

    def __init__(self, files: Sequence[Found], texts: Sequence[bytes]) -> None:
        self._files = files
        self._sizes = [len(text) for text in texts]
        self._pack = Pack(texts)
        self._entries = find_entries(self._pack)
        self._odd = self._pack.odd() | self._entries.odd_files()
        self._wide = self._pack.wide()
        self._marks = self._pack.marks()
        self._first: list[int] = self._entries.first.tolist()
        self._folder = Folder(self._pack, self._entries)

    def copy(self, number: int) -> Copy | None:
        """Return the invocation of a file, None where the file must be read alone."""
        first, end = self._first[number], self._first[number + 1]
        if first == end or number in self._odd:
            return None
        try:
            page = self._page(number, int(self._entries.begin[first]))
            return _copy(page, self._folder.fold(first, end), end - first, self._files[number])
        except NotPlain:
            return None

    def events(self, number: int, base_us: int) -> list[Event] | None:
        """Return the events of a file that `copy` has read, None where it must be read alone.

        Parameters
        ----------
        base_us:
            Of the timeline.
        """
        first, end = self._first[number], self._first[number + 1]
        if first == end or number in self._odd:
            return None
        try:
            folded = self._folder.fold(first, end)
        except NotPlain:
            return None
        entries, attempts = folded.whole()
        return make_events(entries, 0, Timeline.of_offsets(folded.us, base_us, entries[0]), attempts)

    def _page(self, number: int, log_at: int) -> Page:
        """Return the page of a file without its log, which begins at an offset of the buffer."""
        start, marks = self._pack.starts[number], self._marks[number]
        if CUT in marks or any(len(places) > 1 or places[0] > log_at for places in marks.values()):
            raise NotPlain
        if number in self._wide:
            self._check_wide(start, start + self._sizes[number])
        head = self._pack.data[start:log_at].decode()
        if made_by_logparse(head or self._pack.data[log_at : log_at + _LEAD].decode("utf-8", "replace")):
            raise NotPlain
        if not head:
            return Page.of_log(())
        heading = LOG_HEADING_RE.search(head)
        if heading is None or head[heading.end() :].strip(" \t\n") or _STAMP_RE.search(head):
            raise NotPlain
        if STATUS_NAME not in marks and head[: heading.start()].strip():
            raise NotPlain
        return scanner.parse_page(head, heading.start())

    def _check_wide(self, start: int, end: int) -> None:
        try:
            text = self._pack.data[start:end].decode()
        except UnicodeDecodeError:
            raise NotPlain from None
        if any(hard in text for hard in _HARD):
            raise NotPlain


def _copy(page: Page, folded: Folded, size: int, file: Found) -> Copy:
    """Return the invocation of a page. `size` is the number of its entries."""
    facts = folded.walker.facts
    assert file.path is not None
    invocation_id, id_from = find_id(page, facts, file.path.name)
    created_us = invocation_created_us(invocation_id) if invocation_id else None
    if created_us is None or facts.findings or any(entry.tail for entry in folded.entries):
        raise NotPlain
    base_us = _midnight_us(folded, created_us)
    timeline = Timeline.of_offsets(folded.us, base_us, folded.entries[0])
    record = Invocation(invocation_id=invocation_id, id_from=id_from, source=file.name)
    record.source_line = folded.entries[0].line
    polled = folded.checks.polled(facts.build, folded.timer, base_us)
    fill_in(record, page, folded.entries, facts, timeline, created_us, polled)
    content = Reread(file)
    record.put_off(events=partial(_events, file, size, base_us))
    record.findings = check_invocation(record, facts, page, timeline, folded.entries, 0)
    is_page = page._replace(preamble="") != _NO_PAGE
    return Copy(record, is_page, size, content)


def _midnight_us(folded: Folded, created_us: int) -> int:
    """Return the midnight before the first entry, in microseconds since 1970.

    The id of the invocation says when it was created. Where all that `logparse.dating` weighs agrees with
    that day, it is the day of all entries.

    Raises
    ------
    NotPlain
        Where something does not agree.
    """
    us, facts = folded.us, folded.walker.facts
    day = _nearest_day(us[0], created_us)
    latest: dict[int, int] = {}
    for stamp in facts.stamps:
        if not is_plausible_us(stamp.us):
            continue
        if not stamp.exact:
            latest[stamp.entry] = max(stamp.us, latest.get(stamp.entry, stamp.us))
        elif _nearest_day(us[stamp.entry], stamp.us) != day:
            raise NotPlain
    if any(us[entry] + day * DAY_US + STEP_BACK_US < at for entry, at in latest.items()):
        raise NotPlain
    if folded.checks.is_early(STEP_BACK_US):
        raise NotPlain
    if facts.finish is not None and facts.duration_s is not None and not is_odd_duration(facts.duration_s):
        apart = round(facts.duration_s * 1e6) - (us[facts.finish] + day * DAY_US - created_us)
        if (apart + DAY_US // 2) // DAY_US > 0:
            raise NotPlain
    return day * DAY_US


def _nearest_day(offset: int, us: int) -> int:
    """Return the day since 1970 on which an offset is nearest to a time."""
    return (us - offset + DAY_US // 2) // DAY_US


class Reread:
    """The content of a file that is read again when it is needed. See `logparse.merge.Content`."""

    def __init__(self, file: Found) -> None:
        self._file = file

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return self._content().digest

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries of the log."""
        return self._content().entries

    def again(self, stored: Build | None, known_id: tuple[str, str] | None) -> Invocation:
        """Return the record anew."""
        return self._content().again(stored, known_id)

    def _content(self) -> Content:
        return self._copy().content

    def _copy(self) -> Copy:
        return _read_alone(self._file)


def _events(file: Found, size: int, base_us: int) -> list[Event]:
    """Return the events of a file, which is read again.

    Parameters
    ----------
    size:
        Their number.
    base_us:
        Of their timeline.

    Raises
    ------
    InputError
        Where the file has changed since.
    """
    found = _Pages([file], [_content(file, MAX_FILE)]).events(0, base_us)
    return found if found is not None and len(found) == size else _read_alone(file).record.events


@lru_cache(maxsize=1)
def _read_alone(file: Found) -> Copy:
    """Return the invocation of a file, read as files are read alone.

    Raises
    ------
    InputError
        Where the file has changed since, so that it does not hold one invocation.
    """
    source = open_found(file, max_bytes=MAX_FILE)
    try:
        found = [] if isinstance(source, InputError) else read_parts(source)
    except InputError:
        found = []
    if len(found) == 1 and isinstance(found[0], Copy):
        return found[0]
    raise InputError(
        "has changed while it was read", source=file.name, remedy="read it again when nothing writes to it"
    )
