"""The given logs as lists of entries, read without logparse: lines are split at clocks, and that is all.

Tests edit such a list in a way that the scheduler's engine could have written, and compare what
logparse reads with what the truth file and the edit say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import logparse as lp
from logparse.errors import InputError

LOGS: Final = Path(__file__).parent.parent / "data" / "logs"
DAY_MS: Final = 86_400_000
MARKER: Final = "--- the log has been cut here ---"
#: The engine keeps no more of a log.
SIZE_LIMIT: Final = 200_000

_ENTRY: Final = re.compile(r"\[(\d\d):(\d\d):(\d\d)\.(\d{3})\] ")
_STARTING: Final = re.compile(r"Starting the invocation \(attempt (\d+)\)(?:\n\[[\d:.]*)?\Z")
_FINISHED: Final = re.compile(r"Invocation finished in (\S+) with status (\w+)\Z")
_RARE: Final = re.compile(r"will be retried\n\[[\d:.]+\] Received PubSub notification")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS_NS: Final = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 10**9, "ms": 10**6, "µs": 1000, "ns": 1}


@dataclass(frozen=True)
class Piece:
    """One entry: its clock in milliseconds since 1970, and its text with all further lines.

    A cut marker has no clock; the lines after it are its text.
    """

    at: int | None
    text: str

    @property
    def attempt(self) -> int | None:
        """The attempt's number, where the entry starts one."""
        found = _STARTING.match(self.text) if self.text.startswith("Starting ") else None
        return int(found[1]) if found else None

    @property
    def is_cut(self) -> bool:
        return self.text.startswith(MARKER)

    def starts(self, *texts: str) -> bool:
        return self.text.startswith(texts)

    def moved(self, ms: int) -> Piece:
        return self if self.at is None else Piece(self.at + ms, self.text)

    def with_id(self, old: str, new: str) -> Piece:
        """Return the entry of an invocation that has another id."""
        return Piece(self.at, self.text.replace(old, new)) if old in self.text else self

    @property
    def rendered(self) -> str:
        """The entry as the log has it."""
        return self.text if self.at is None else f"[{clock(self.at)}] {self.text}"


@dataclass(frozen=True)
class Truth:
    """What is right for a log.

    Parameters
    ----------
    status, invocation_id, started_ns, duration_ns:
        Of the invocation. The id is None where the text does not name it, the duration where no finish is in it.
    timer_polls, notifications:
        The answered checks of each source; None where the log is trimmed.
    unanswered_polls, unanswered_notifications:
        The checks that ended in a fatal error.
    build:
        Id and times of creation, start and end, each None where the log does not show it.
    trimmed:
        Whether the log is cut.
    codes:
        The findings that the log may have.
    attempts_open, entries_open, forged_open:
        Whether the attempts, the list of entries, or the number of suspicious lines is not settled.
    """

    status: str | None
    invocation_id: str | None
    started_ns: int
    duration_ns: int | None
    timer_polls: int | None
    notifications: int | None
    unanswered_polls: int = 0
    unanswered_notifications: int = 0
    build: dict[str, str | None] | None = None
    trimmed: bool = False
    codes: frozenset[str] = frozenset()
    attempts_open: bool = False
    entries_open: bool = False
    forged_open: bool = False


@dataclass(frozen=True)
class Log:
    """A log as entries, with its truth. `head` is the triage block in front of it."""

    name: str
    head: str
    pieces: tuple[Piece, ...]
    truth: Truth
    ending: str = "\n"

    @cached_property
    def text(self) -> str:
        return self.head + "\n".join([piece.rendered for piece in self.pieces]) + self.ending

    @property
    def size(self) -> int:
        return len(self.text.encode())

    def of(self, pieces: Iterable[Piece], **truth: Any) -> Log:
        """Return the log with other entries, and the truth with these values."""
        return replace(self, pieces=tuple(pieces), truth=replace(self.truth, **truth))

    def index(self, *texts: str, after: int = 0) -> int | None:
        """Return the index of the first entry that starts with one of the texts."""
        return next((i for i, p in enumerate(self.pieces) if i >= after and p.starts(*texts)), None)

    def indices(self, *texts: str) -> list[int]:
        return [i for i, p in enumerate(self.pieces) if p.starts(*texts)]


@lru_cache(1 << 17)
def clock(ms: int) -> str:
    seconds, ms = divmod(ms % DAY_MS, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"


def parse_duration(text: str) -> int:
    """Return Go's ``1h2m3.5s`` in nanoseconds."""
    total = 0
    for number, unit in re.findall(r"([\d.]+)(h|ms|m|µs|ns|s)", text):
        whole, _, fraction = number.partition(".")
        factor = _UNITS_NS[unit]
        total += int(whole) * factor + int(fraction.ljust(9, "0") or 0) * factor // 10**9
    return total


def print_duration(ns: int) -> str:
    """Return nanoseconds as Go prints them."""
    if ns < 10**9:
        unit, factor = next((u, _UNITS_NS[u]) for u in ("ms", "µs", "ns") if ns >= _UNITS_NS[u] or u == "ns")
        return _decimal(ns, factor) + unit if ns else "0s"
    minutes, ns = divmod(ns, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    seconds = _decimal(ns, 10**9) + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def _decimal(value: int, factor: int) -> str:
    whole, rest = divmod(value, factor)
    digits = str(rest).rjust(len(str(factor)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def finish(at: int, started_ns: int, status: str, ns: int = 0) -> tuple[Piece, int]:
    """Return the finish entry at that clock and its duration. `ns` are below the clock's milliseconds."""
    duration = at * 10**6 + ns - started_ns
    return Piece(at, f"Invocation finished in {print_duration(duration)} with status {status}"), duration


def restate(piece: Piece, duration_ns: int) -> Piece:
    """Return a finish entry with another duration."""
    return replace(
        piece, text=re.sub(r"(?<=finished in )\S+", lambda _: print_duration(duration_ns), piece.text)
    )


# --- reading ------------------------------------------------------------------------------------


def names() -> list[str]:
    """Return the names of all given logs, as ``folder/name``."""
    return sorted(f"{p.parent.name}/{p.name.removesuffix('.log')}" for p in LOGS.glob("*/*.log"))


def read(name: str) -> Log:
    """Return a given log."""
    raw: dict[str, Any] = json.loads((LOGS / f"{name}.truth.json").read_text(encoding="utf-8"))
    text = (LOGS / f"{name}.log").read_bytes().decode()
    forged = "forged" in name
    started_ns = _nanoseconds(raw["started"])
    head, pieces = split(text, started_ns // 10**6, forged=forged, trimmed=raw["trimmed"])
    ends = [m for p in pieces if (m := _FINISHED.match(p.text))]
    trimmed = raw["trimmed"]
    failed_check = raw["scenario"].startswith("poll_fatal")
    fatal_pubsub = any(p.starts("Fatal error when handling PubSub") for p in pieces)
    unanswered = int(failed_check), int(fatal_pubsub)
    codes = {"no-date"} if raw["invocation_id"] not in text else set()
    codes |= {"log-cut"} if trimmed else set()
    codes |= {"unrecognized"} if "custom_mode1" in name else set()
    finished = raw["true_finish_line_in_log"]
    truth = Truth(
        status=raw["status"] if finished or "finished" not in raw else None,
        invocation_id=raw["invocation_id"] if raw["invocation_id"] in text else None,
        started_ns=started_ns,
        duration_ns=parse_duration(ends[-1][1]) if finished else None,
        timer_polls=None if trimmed else raw["timer_polls_applied"] - unanswered[0],
        notifications=None if trimmed else raw["pubsub_applied"] - unanswered[1],
        unanswered_polls=unanswered[0],
        unanswered_notifications=unanswered[1],
        build=_build(raw, text),
        trimmed=trimmed,
        codes=frozenset(codes),
    )
    return Log(name, head, tuple(pieces), truth)


def _build(raw: dict[str, Any], text: str) -> dict[str, str | None] | None:
    if "build_id" not in raw or raw["build_id"] not in text:
        return None
    # An abort ends the build unseen. A build that had ended before it was asked for is in the answer.
    ended = raw["build_terminal_in_log"] and "manually aborted by" not in text
    ended = ended or raw["scenario"].startswith("already_completed")
    return {
        "id": raw["build_id"],
        "created_at": raw["build_created"],
        "completed_at": raw["build_ended"] if ended else None,
    }


def imitates(line: str) -> bool:
    """Whether a line looks like the beginning of an entry, or like a cut."""
    return line == MARKER or _ENTRY.match(line) is not None


def split(
    text: str, started_ms: int, *, forged: bool = False, trimmed: bool = False
) -> tuple[str, list[Piece]]:
    """Return the triage block and the entries of a log.

    Lines of the given logs that imitate entries have a clock in the first ten seconds of a day.
    """
    head: list[str] = []
    found: list[tuple[int | None, list[str]]] = []
    at = started_ms
    for line in text.removesuffix("\n").split("\n"):
        stamp = _ENTRY.match(line)
        if stamp and not (forged and line.startswith("[00:00:0")):
            hours, minutes, seconds, ms = map(int, stamp.groups())
            step = (((hours * 60 + minutes) * 60 + seconds) * 1000 + ms - at) % DAY_MS
            at += step - DAY_MS if step > DAY_MS - 900_000 else step
            found.append((at, [line[15:]]))
        elif trimmed and line == MARKER:
            found.append((None, [line]))
        elif found:
            found[-1][1].append(line)
        else:
            head.append(line + "\n")
    return "".join(head), [Piece(at, "\n".join(lines)) for at, lines in found]


def _nanoseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1) * 1000


# --- comparing ----------------------------------------------------------------------------------


def attempts_shown(pieces: Sequence[Piece]) -> int | None:
    """Return the highest attempt number; None where a launch is seen without its beginning, 0 where none is seen.

    A cut in a launch or between launches hides how many more there were, until the next one starts.
    """
    numbers = [p.attempt for p in pieces if p.attempt is not None]
    known, running = bool(numbers) or not any(p.is_cut for p in pieces), False
    for piece in pieces:
        if piece.attempt is not None:
            known, running = True, False
        elif piece.starts("Task URL", "Scheduling timer", "Build status", "Handling timer"):
            running = True
        elif piece.is_cut and not running:
            known = False
    return (max(numbers, default=0)) if known else None


def forged_lines(log: Log) -> int:
    """Return how many lines of the entries only imitate one."""
    return sum(imitates(line) for p in log.pieces if not p.is_cut for line in p.text.split("\n")[1:])


def misread(log: Log, text: str | None = None, *, first_line: int = 1) -> list[str]:
    """Return what logparse reads otherwise than it is, one line a field.

    Parameters
    ----------
    log:
        The entries and the truth.
    text:
        What to read, if it is more than the log's text.
    first_line:
        Where in it the log begins.
    """
    try:
        found = lp.parse(log.text if text is None else text)
    except InputError as error:
        return [f"not one invocation: {str(error)[:150]}"]
    return [
        f"{name}: {ours!r}, not {right!r}"
        for name, right, ours in _compare(log, found, first_line)
        if ours != right
    ]


def _compare(log: Log, found: lp.Invocation, first_line: int) -> Iterator[tuple[str, object, object]]:
    truth = log.truth
    yield "status", truth.status, found.status
    if not truth.attempts_open:
        yield "attempts", attempts_shown(log.pieces), found.attempt_count
        numbers = {p.attempt for p in log.pieces} - {None}
        yield "attempt rows", numbers, {a.attempt for a in found.attempts} - {None}
    yield "duration", truth.duration_ns, _nearest(found.duration_s, truth.duration_ns)
    yield "invocation", truth.invocation_id, found.invocation_id
    quoted, allowed = forged_lines(log), set(truth.codes)
    if not truth.forged_open:
        yield "suspicious", quoted, found.suspicious
    allowed |= {"suspicious"} if quoted else set()
    if _RARE.search(log.text):
        # An error that the log quotes could hold the same lines; the reader is told so where that is near.
        allowed |= {"reading-ambiguous"}
    yield "findings", set(), {f.code for f in found.findings} - allowed
    yield from _compare_times(log, found)
    yield from _compare_checks(truth, found)
    if not truth.entries_open:
        yield from _compare_entries(log, found, first_line)
    yield "truncated", truth.trimmed, found.truncated
    if truth.build is not None and found.build is not None:
        for name, value in truth.build.items():
            ours = getattr(found.build, name)
            yield f"build {name}", value and (value if name == "id" else datetime.fromisoformat(value)), ours
    elif not truth.trimmed:
        yield "build", truth.build and truth.build["id"], found.build and found.build.id


def _nearest(seconds: float | None, ns: int | None) -> int | None:
    """Return seconds in nanoseconds: those that are right, where the float is as near to them as floats are."""
    if seconds is None:
        return None
    return ns if ns is not None and abs(seconds - ns / 10**9) < 2e-9 else round(seconds * 10**9)


def _compare_times(log: Log, found: lp.Invocation) -> Iterator[tuple[str, object, object]]:
    truth = log.truth
    if truth.invocation_id is None:
        yield "created_at", None, found.created_at
        return
    started = _EPOCH + timedelta(milliseconds=truth.started_ns // 10**6)
    yield "created_at", started, found.created_at
    if truth.duration_ns is not None and found.finished_at is not None:
        right = truth.started_ns + truth.duration_ns
        off = right - (found.finished_at - _EPOCH) // timedelta(microseconds=1) * 1000
        yield "finished_at", 0, 0 if 0 <= off <= 1_001_000 else off
    first = next((p.at for p in log.pieces if p.attempt is not None), None)
    if first is not None:
        yield "launched_at", _EPOCH + timedelta(milliseconds=first), found.launched_at


def _compare_checks(truth: Truth, found: lp.Invocation) -> Iterator[tuple[str, object, object]]:
    yield "poll_count", truth.timer_polls, found.poll_count
    yield "notification_count", truth.notifications, found.notification_count
    if truth.timer_polls is not None and truth.notifications is not None:
        rows = {s: [p.answered for p in found.polls if p.source == s] for s in ("timer", "pubsub")}
        yield "timer rows", truth.timer_polls + truth.unanswered_polls, len(rows["timer"])
        yield "pubsub rows", truth.notifications + truth.unanswered_notifications, len(rows["pubsub"])


def _compare_entries(log: Log, found: lp.Invocation, line: int) -> Iterator[tuple[str, object, object]]:
    entries, cuts = [], []
    line += log.head.count("\n")
    for piece in log.pieces:
        if piece.at is not None:
            entries.append((line, clock(piece.at)))
        elif piece.is_cut:
            cuts.append(line)
        line += piece.text.count("\n") + 1
    ours = [(e.line, e.clock) for e in found.events if e.clock and len(e.clock) == 12 and e.clock[2] == ":"]
    yield "entries", len(entries), len(ours)
    yield "entries missing", [], sorted(set(entries) - set(ours))[:2]
    yield "entries too many", [], sorted(set(ours) - set(entries))[:2]
    yield "cuts", cuts, [c.line for c in found.cuts]
