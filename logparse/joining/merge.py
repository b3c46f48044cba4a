"""One thing counts once: which of several records of one thing counts, and what the others add.

All functions are pure, and their results do not depend on the order of what they are given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import PurePath
from typing import Any, Final, Protocol

import msgspec

from logparse.columns.derive import derived, times_of
from logparse.engine.entries import Entry
from logparse.records import Bot, Build, Finding, Invocation
from logparse.values.clock import from_datetime

FINISHED: Final = frozenset({"SUCCEEDED", "FAILED", "OVERRUN", "ABORTED"})
#: What a build's record says about itself and not about the build.
_BOOKKEEPING: Final = frozenset({"id", "source", "source_line", "origin", "repeats", "version"})
_EMPTY: Final[tuple[Any, ...]] = (None, [], {})
#: Clocks and roundings differ by less.
_SLACK: Final = timedelta(milliseconds=10)


# --- builds -----------------------------------------------------------------------------------


def newest_first(builds: Iterable[Build]) -> list[Build]:
    """Return records of one build, the one that counts first.

    A final one counts before one that is not, then the one with the later update, then the one with
    more known fields, then the one whose text has the smaller SHA-256.
    """
    return sorted(builds, key=_age)


def _age(build: Build) -> tuple[bool, int, int, str, tuple[str, int, str]]:
    updated = -1 if build.updated_at is None else from_datetime(build.updated_at)
    known = sum(getattr(build, name) not in _EMPTY for name in build.__struct_fields__)
    known -= sum(getattr(build, name) not in _EMPTY for name in _BOOKKEEPING)
    return not build.final, -updated, -known, _digest(build), place_of(build)


def place_of(record: Build | Invocation) -> tuple[str, int, str]:
    """Return where a record was read, to sort by: the folder says least, so that it comes last."""
    source = record.source or ""
    return PurePath(source).name, record.source_line or 0, source


def _digest(build: Build) -> str:
    fields = msgspec.to_builtins(build)
    told = {name: value for name, value in fields.items() if name not in _BOOKKEEPING}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def merge_builds(builds: Sequence[Build]) -> Build:
    """Return one record of a build: what the first of `newest_first` has, filled from the others.

    Steps are taken whole from the first that has any.
    """
    if len(builds) == 1:
        return builds[0]
    leader, *others = newest_first(builds)
    merged = copy(leader)
    for other in others:
        for name in merged.__struct_fields__:
            if getattr(merged, name) in _EMPTY and name != "source_line":
                setattr(merged, name, getattr(other, name))
                if name == "source":
                    merged.source_line = other.source_line
        merged.bot = _merge_bots(merged.bot, other.bot)
    return merged


def _merge_bots(bot: Bot | None, other: Bot | None) -> Bot | None:
    """Return a bot with dimensions, where another record of the same bot has them."""
    if bot is None or other is None or bot.dimensions or bot.id not in (None, other.id):
        return bot
    return Bot(id=other.id, dimensions=other.dimensions)


def build_findings(builds: Sequence[Build]) -> Iterator[Finding]:
    """Yield a finding for each value of a build that cannot change and that its records give differently."""
    if len(builds) < 2:
        return
    leader, *others = newest_first(builds)
    told: set[str] = set()
    for other in others:
        pairs: list[tuple[str, Any, Any]] = [
            ("number", leader.number, other.number),
            ("bot", leader.bot and leader.bot.id, other.bot and other.bot.id),
            ("created", leader.created_at, other.created_at),
            ("started", leader.started_at, other.started_at),
        ]
        if leader.final and other.final:
            pairs.append(("status", leader.status, other.status))
            pairs.append(("end", leader.completed_at, other.completed_at))
        for name, ours, theirs in pairs:
            if name not in told and _differ(ours, theirs):
                told.add(name)
                yield _disagreement(f"build {leader.id}: {name}", (ours, leader), (theirs, other))


def _disagreement(
    what: str, ours: tuple[Any, Build | Invocation], theirs: tuple[Any, Build | Invocation]
) -> Finding:
    (value, leader), (another, other) = ours, theirs
    message = f"{what} is {_text(value)}{_at(leader)}, {_text(another)}{_at(other)}"
    return Finding(code="copies-disagree", message=message, source=leader.source, line=leader.source_line)


def _differ(ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return False
    if isinstance(ours, datetime) and isinstance(theirs, datetime):
        return abs(ours - theirs) > _SLACK
    return bool(ours != theirs)


def _text(value: Any) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _at(record: Build | Invocation) -> str:
    if record.source is None:
        return " in the log"
    return f" in {record.source}" + (f":{record.source_line}" if record.source_line else "")


# --- copies of an invocation ------------------------------------------------------------------


class Content(Protocol):
    """The content of an input that shows an invocation."""

    @property
    def digest(self) -> str:
        """SHA-256 of the input's text, hexadecimal."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The entries of its log."""

    def again(self, stored: Build | None, known_id: tuple[str, str] | None) -> Invocation:
        """Return the record anew.

        Parameters
        ----------
        stored:
            The invocation's build as all inputs show it.
        known_id:
            Its id, and the place where that was read.
        """


@dataclass(frozen=True, slots=True)
class Copy:
    """An invocation as one input shows it.

    Attributes
    ----------
    record:
        Of the input alone.
    is_page:
        Whether the input has more of the page than the log.
    size:
        The number of entries of its log.
    content:
        Of the input.
    """

    record: Invocation
    is_page: bool
    size: int
    content: Content

    @property
    def rank(self) -> tuple[bool, bool, int, bool, str, tuple[str, int, str]]:
        """The key by which copies of one invocation are sorted. The first copy counts."""
        record = self.record
        return (
            record.status not in FINISHED,
            bool(record.suspicious),
            -self.size,
            not self.is_page,
            self.content.digest,
            place_of(record),
        )

    def __reduce__(self) -> Any:
        # A list that is not made yet is not made for another process either.
        parts = self.record.made_fields(), self.record.put_off_fields
        return _restored, (*parts, self.is_page, self.size, self.content)


def _restored(
    fields: dict[str, Any], put_off: dict[str, Any], is_page: bool, size: int, content: Content
) -> Copy:
    record = Invocation(**fields)
    if put_off:
        record.put_off(**put_off)
    return Copy(record, is_page, size, content)


#: What the copy that counts has of its own log, whatever the others have.
_OWN: Final = frozenset(
    {
        *("events", "polls", "attempts", "cuts", "findings", "truncated", "unrecognized", "suspicious"),
        *("build", "builder_id", "origin", "repeats", "source", "source_line"),
    }
)
#: Counts over the whole log. Those of a log that was saved too early are not the invocation's.
_WHOLE: Final = frozenset(
    {
        *("attempt_count", "notification_count", "poll_count", "poll_unchanged", "poll_rpc_s"),
        *("poll_rpc_max_s", "poll_overhead_ratio", "poll_lateness_mean_s"),
    }
)


#: Durations that copies of an invocation can know, and that others of their times give.
_PHASES: Final = (
    *("scheduler_wait_s", "launch_s", "launch_wait_s", "pending_s", "run_s", "finish_lag_s"),
    *("queue_latency_s", "duration_s", "overhead_s"),
)


def fill(record: Invocation, others: Iterable[Invocation]) -> None:
    """Fill what `record` does not know from other copies, the first that knows it.

    Events, polls and attempts stay its own. Counts over the whole log come from finished copies only.
    """
    for other in others:
        left = _OWN if other.status in FINISHED else _OWN | _WHOLE
        for name in record.__struct_fields__:
            if name not in left and getattr(record, name) in _EMPTY:
                setattr(record, name, getattr(other, name))
        ours, theirs = record.builder_id, other.builder_id
        if theirs is not None and (ours is None or theirs.endswith(f"/{ours}")):
            record.builder_id = theirs
    complete(record)


def complete(record: Invocation) -> None:
    """Compute the phases that are not known from the times that are."""
    known = times_of(record, "created_at", "launched_at", "finished_at")
    known |= times_of(record.build, "created_at", "started_at", "completed_at", prefix="build_")
    known |= {name: getattr(record, name) for name in _PHASES}
    for name, value in derived("invocations", known).items():
        if value is not None:
            setattr(record, name, value)


def invocation_findings(records: Sequence[Invocation]) -> Iterator[Finding]:
    """Yield a finding where finished copies of an invocation, the one that counts first, end differently."""
    leader, *others = records
    for other in others:
        if leader.status not in FINISHED or other.status not in FINISHED:
            continue
        pairs = (
            ("status", leader.status, other.status),
            ("end", leader.finished_at, other.finished_at),
        )
        for name, ours, theirs in pairs:
            if _differ(ours, theirs):
                finding = _disagreement(f"the invocation's {name}", (ours, leader), (theirs, other))
                finding.invocation_id = leader.invocation_id
                yield finding
                return
