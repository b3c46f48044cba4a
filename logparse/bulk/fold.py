"""From the entries of one page to the facts of its invocation.

Only pages are read here of which each block is an entry, because no entry can quote text from outside. The
few entries that are not of status checks go through `logparse.walk`, as those of a page that is read alone.
Status checks, which are most of a log, are folded into columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from logparse import gonotation, scanner
from logparse.buildbucket import read_build, read_launched
from logparse.bulk.checks import Checks
from logparse.bulk.scan import HANDLED, NOTIFIED, OTHER, SCHEDULED, STATUS, TICK, Entries, Pack
from logparse.clock import DAY_US
from logparse.entries import Entry
from logparse.facts import Due, PollFacts
from logparse.ids import TimerId, parse_timer_id
from logparse.kinds import KINDS, OWN_INVOCATIONS, with_trait
from logparse.meanings import CONTEXTS
from logparse.messages import MESSAGES, Context
from logparse.odd import is_odd_duration
from logparse.records import Build
from logparse.replay import status_of
from logparse.syntax import Match
from logparse.walk import Walker

#: The order of the entries of a page, a letter an entry: others, status checks that are answered, a check
#: that no letter answers, others.
_ORDER_RE: Final = re.compile(rb"(c+)(S?(?:HT?BS?|NBS?)*+)((?:HT?|N)?+)(c*)")
#: The timers of a page: each is handled before the next one is scheduled.
_TIMERS_RE: Final = re.compile(rb"(?:SH)*S?")
_NO_TIMERS: Final = bytes((TICK, NOTIFIED, STATUS))
#: Keys of timers, ``mutation:number``, with blanks between them.
_KEYS_RE: Final = re.compile(rb"[0-9]{1,10}:[0-9]{1,10}(?: [0-9]{1,10}:[0-9]{1,10})*+")
_JOB_RE: Final = re.compile(r"[\w./-]+")
#: The kind of each letter. An entry of such a kind in another format is read alone.
_LETTERED: Final = {
    SCHEDULED: "timer_scheduled",
    HANDLED: "timer_handled",
    TICK: "timer_tick",
    NOTIFIED: "notification_received",
    STATUS: "build_status",
}
#: The whole text of entries that are always the same, and who writes it.
_FIXED: Final = {
    message.format.encode(): message.writer
    for message in MESSAGES
    if message.kind in (_LETTERED[TICK], _LETTERED[NOTIFIED]) and not message.fields
}
_LETTER_KINDS: Final = frozenset(_LETTERED.values())
_BEGINS: Final = with_trait("begins")
#: What can follow status checks: the build, the end, and kinds that change nothing.
_AFTER_CHECKS: Final = frozenset(
    {"build_fetched", "invocation_finished"}
    | {row.name for row in KINDS.values() if not (row.effects or row.leads_to or row.quoted or row.status)}
)
_NOT_AFTER: Final = frozenset(KINDS) - _AFTER_CHECKS
#: Kinds that cannot come before status checks, because they belong to checks or to the end.
_NOT_BEFORE: Final = frozenset({"build_fetched", "invocation_finished", "timer_ignored", "task_state"})
#: How entries begin that show the whole build.
_BUILDS: Final = tuple(m.prefix.encode() for m in MESSAGES if m.kind == "build_fetched")
_SCHEDULING: Final = b"Scheduling timer "
_HANDLING: Final = b"Handling timer "
#: So many texts are remembered, none longer than `_SHORT`.
_REMEMBERED: Final = 4_096
_SHORT: Final = 200


class NotPlain(Exception):
    """A page must be read alone: its entries are not those that are read here."""


class Folded(NamedTuple):
    """A page that has been folded.

    Attributes
    ----------
    walker:
        After all entries. Its facts have the last status check only.
    entries:
        Those that are not of status checks, and the last one.
    us:
        The offset of each entry of the page.
    checks:
        All status checks.
    timer:
        The part of the timers' ids before their keys.
    whole:
        Returns all entries, and for each the attempt that is under way.
    """

    walker: Walker
    entries: list[Entry]
    us: list[int]
    checks: Checks
    timer: str
    whole: Callable[[], tuple[list[Entry], list[int | None]]]


class Folder:
    """Folds the pages of a buffer, one at a time."""

    def __init__(self, pack: Pack, entries: Entries) -> None:
        self.data = pack.data
        self.entries = entries
        self._known: dict[tuple[bytes, str | None, frozenset[str]], Match | None] = {}
        self._statuses: dict[bytes, tuple[str | None, str]] = {}
        self.waits: dict[bytes, int] = {}

    def fold(self, first: int, end: int) -> Folded:
        """Return the page whose entries are those from `first` to `end`.

        Raises
        ------
        NotPlain
            Where the page must be read alone.
        """
        entries = self.entries
        letters = entries.letter[first:end].tobytes()
        order = _ORDER_RE.fullmatch(letters)
        if order is None:
            raise NotPlain
        timers = letters[order.end(1) : order.end(3)].translate(None, _NO_TIMERS)
        if _TIMERS_RE.fullmatch(timers) is None:
            raise NotPlain
        return _Page(self, letters, first, end).folded(order.end(1), order.end(2), order.end(3))

    def match(self, text: bytes, previous: str | None, writers: frozenset[str]) -> Match:
        """Return the message that the whole of a text is.

        Raises
        ------
        NotPlain
            Where it is none, or one that can quote text from outside.
        """
        key = text, previous if previous in CONTEXTS else None, writers & CONTEXTS
        found = self._known.get(key)
        if found is None:
            found = scanner.match(text.decode(), Context(previous, writers))
            if found is None or found.message.outside:
                raise NotPlain
            if len(text) < _SHORT:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[key] = found
        return found

    def status(self, text: bytes, build_id: bytes) -> tuple[str | None, str]:
        """Return the status that the answer to a check states, in version 2's words, and who wrote it.

        Raises
        ------
        NotPlain
            Where the text is not such an answer, or is about another build.
        """
        # Many pages have the same text after the id.
        told = text.removeprefix(b"Build %b: " % build_id)
        if told not in self._statuses:
            found = scanner.match((b"Build 1: " + told if told is not text else text).decode(), Context())
            if found is None or found.message.kind != _LETTERED[STATUS]:
                raise NotPlain
            if told is text and "build_id" in found.fields:
                raise NotPlain
            self._statuses[told] = status_of(found.fields), found.message.writer
        return self._statuses[told]

    def wait_us(self, text: bytes) -> int:
        """Return the microseconds that a timer is to wait.

        Raises
        ------
        NotPlain
            Where the text is not a possible duration.
        """
        if text not in self.waits:
            try:
                wait_s = gonotation.parse_duration_s(text.decode())
            except ValueError:
                raise NotPlain from None
            if is_odd_duration(wait_s):
                raise NotPlain
            self.waits[text] = round(wait_s * 1e6)
        return self.waits[text]


class _Page:
    """Folds one page."""

    def __init__(self, folder: Folder, letters: bytes, first: int, end: int) -> None:
        self._folder = folder
        self._data = folder.data
        self._letters = letters
        entries = folder.entries
        self._us: list[int] = entries.us[first:end].tolist()
        self._begins: list[int] = entries.text[first:end].tolist()
        self._ends: list[int] = entries.end[first:end].tolist()
        self._lines: list[int] = entries.line[first:end].tolist()
        self._is_shown = self._shows_build(letters)
        self._walker = Walker(read_launched if self._is_shown else read_build)
        self._kept: list[Entry] = []
        self._previous: str | None = None
        self._writers = frozenset[str]()
        self._checks = Checks()
        self._wrote: set[str] = set()
        self._keys: list[bytes] = []
        self._id: TimerId | None = None
        self._same = b""

    def folded(self, before: int, answered: int, after: int) -> Folded:
        """Return the page.

        Parameters
        ----------
        before, answered, after:
            The entries at which its checks begin, at which one without an answer begins, and after them.
        """
        facts = self._walker.facts
        for index in range(before):
            self._other(index, _NOT_BEFORE if after > before else frozenset())
        if after > before:
            self._fold(before, answered, after)
        for index in range(after, len(self._letters)):
            self._other(index, _NOT_AFTER)
        self._walker.close_poll()
        self._walker.close_payload()
        if self._is_shown and facts.build is self._walker.launched:
            # The build that was to be read whole cannot be read.
            raise NotPlain
        if after > answered and facts.polls[-1].answered is not None:
            last = facts.polls[-1]
            self._checks.answered[-1], self._checks.status[-1] = self._us[last.answered or 0], last.status
            self._checks.changed[-1] = last.changed
        if self._letters[-1] != OTHER:
            self._kept.append(self._entry(len(self._letters) - 1, _LETTERED[self._letters[-1]]))
        timer = "" if self._id is None else self._timer_id(b"")
        return Folded(self._walker, self._kept, self._us, self._checks, timer, self._whole)

    def _whole(self) -> tuple[list[Entry], list[int | None]]:
        """Return all entries, and for each the attempt that is under way."""
        entries: list[Entry] = []
        attempts: list[int | None] = []
        others = zip(self._kept, self._walker.facts.attempt_of, strict=False)
        attempt: int | None = None
        for index, letter in enumerate(self._letters):
            if letter == OTHER:
                entry, attempt = next(others)
            else:
                found = self._folder.match(self._text(index), None, frozenset())
                entry = self._entry(index, found.message.kind)
                entry.fields, entry.writer = found.fields, found.message.writer
            entries.append(entry)
            attempts.append(attempt)
        return entries, attempts

    def _shows_build(self, letters: bytes) -> bool:
        """Whether an entry near the end shows the whole build."""
        near = range(max(len(letters) - 2, 0), len(letters))
        return any(self._text(index).startswith(_BUILDS) for index in near)

    # --- entries that are not of status checks ------------------------------------------------

    def _text(self, index: int) -> bytes:
        return self._data[self._begins[index] : self._ends[index]]

    def _entry(self, index: int, kind: str) -> Entry:
        clock_ms = self._us[index] % DAY_US // 1000
        return Entry("entry", self._lines[index], clock_ms, self._text(index).decode(), kind)

    def _other(self, index: int, forbidden: frozenset[str]) -> None:
        found = self._folder.match(self._text(index), self._previous, self._writers)
        message = found.message
        kind = message.kind
        if kind in forbidden or kind in _LETTER_KINDS or (kind in _BEGINS) != (index == 0):
            raise NotPlain
        if kind == "invocation_finished" and index != len(self._letters) - 1:
            raise NotPlain
        if kind == "attempt_started" and message.since < OWN_INVOCATIONS:
            raise NotPlain
        entry = self._entry(index, kind)
        entry.fields, entry.writer = found.fields, message.writer
        self._walker.step(index, entry)
        self._kept.append(entry)
        self._previous, self._writers = kind, self._writers | {message.writer}

    # --- status checks ------------------------------------------------------------------------

    def _fold(self, first: int, answered: int, end: int) -> None:
        """Fold the entries of status checks. From `answered` on they are of a check without an answer."""
        build = self._walker.facts.build
        if build is None or not self._walker.facts.launched:
            raise NotPlain
        self._find_timers(first, end)
        known, build_id = self._walker.status, build.id.encode()
        checks, us = self._checks, self._us
        scheduling, handling = _SCHEDULING + self._same, _HANDLING + self._same
        fixed, waits, status_of_text = _FIXED, self._folder.waits, self._folder.status
        at, key, wait_us = 0, b"", 0
        for index in range(first, end):
            letter = self._letters[index]
            text = self._data[self._begins[index] : self._ends[index]]
            if letter == STATUS:
                status, writer = status_of_text(text, build_id)
                self._wrote.add(writer)
                checks.answer(us[index], status, known)
                known = status
            elif letter == SCHEDULED:
                key, after, wait = text.removeprefix(scheduling).partition(b") after ")
                if not after or not text.startswith(scheduling):
                    raise NotPlain
                wait_us = waits[wait] if wait in waits else self._folder.wait_us(wait)
                at = index
                self._keys.append(key)
            elif letter == HANDLED:
                if not key or text != b"%b%b)" % (handling, key):
                    raise NotPlain
                checks.begin(index, us[index], us[at] + wait_us, key)
            elif text not in fixed:
                raise NotPlain
            else:
                self._wrote.add(fixed[text])
                if letter == NOTIFIED:
                    checks.begin(index, us[index], None, None)
        self._note(build, known, is_answered=answered == end)
        if self._letters.rfind(SCHEDULED) > self._letters.rfind(HANDLED):
            self._note_timer(Due(at, wait_us), key)

    def _find_timers(self, first: int, end: int) -> None:
        """Find what is the same in all timers of the page: the title and the ids of job and invocation."""
        index = next((i for i in range(first, end) if self._letters[i] in (SCHEDULED, HANDLED)), None)
        if index is None:
            return
        text = self._text(index)
        fields = self._folder.match(text, None, frozenset()).fields
        self._id = parse_timer_id(str(fields.get("timer_id", "")))
        if self._id is None or not _JOB_RE.fullmatch(self._id.job_id):
            raise NotPlain
        if not str(fields["title"]).startswith("check-"):
            raise NotPlain
        ids = f"({self._id.job_id}:{self._id.invocation_id}:".encode()
        same, found, _ = text.partition(ids)
        self._same = same.removeprefix(_SCHEDULING).removeprefix(_HANDLING) + found

    def _note_timer(self, due: Due, key: bytes) -> None:
        """Note the last timer, which was not handled."""
        facts = self._walker.facts
        timer_id = self._timer_id(key)
        facts.timers[timer_id] = due
        facts.timer_lines[timer_id] = self._lines[due.entry]

    def _timer_id(self, key: bytes) -> str:
        assert self._id is not None
        return f"{self._id.job_id}:{self._id.invocation_id}:{key.decode()}"

    def _note(self, build: Build, status: str | None, *, is_answered: bool) -> None:
        """Note in the walker what the entries after the checks depend on."""
        facts, checks = self._walker.facts, self._checks
        if self._keys and _KEYS_RE.fullmatch(b" ".join(self._keys)) is None:
            raise NotPlain
        facts.writers |= self._wrote
        if self._id is not None:
            facts.timer_ids.append(self._id)
        self._walker.status = status
        for seen, answered in zip(checks.status, checks.answered, strict=True):
            if answered is not None and not build.final:
                build.status = seen
        self._previous = None
        if not checks.handled:
            return
        last = PollFacts("pubsub" if checks.key[-1] is None else "timer", checks.entry[-1])
        if is_answered:
            last.status, last.is_answered = checks.status[-1], True
            latest = checks.entry[checks.handled.index(max(checks.handled))]
            facts.polls += [PollFacts(None, latest), last]
        else:
            self._walker.keep_open(last)
