"""Facts that a replay of a log finds. They point at entries.

A fact holds the index of the entry that shows it, never a time. Times are looked up in the
`Timeline` once all days are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from logparse.buildbucket import Request
from logparse.engine.kinds import PARTS
from logparse.records import Build, Finding, Trigger
from logparse.values.days import Stamp
from logparse.values.ids import TimerId


class Due(NamedTuple):
    """When a timer is due: so many microseconds after the entry that scheduled it."""

    entry: int
    after_us: int


class Wait(NamedTuple):
    """A timer that was handled: the entries that scheduled and handled it, and the time asked for."""

    scheduled: int
    handled: int
    after_us: int


class Seen(NamedTuple):
    """A build's status, in version 2's words, as an entry shows it. News came with a notification."""

    entry: int
    build_id: str
    status: str
    is_news: bool


class Exchange(NamedTuple):
    """A question to Buildbucket and its answer, both entries, and Buildbucket's clock between them."""

    asked: int
    answered: int
    clock_us: int


@dataclass(slots=True)
class AttemptFacts:
    """One attempt to launch: its number, None for an impossible one, and where it begins and ends."""

    attempt: int | None
    started: int
    ended: int | None = None
    outcome: str | None = None
    error: str | None = None


@dataclass(slots=True)
class PollFacts:
    """One status check."""

    source: str | None
    handled: int | None
    timer_id: str | None = None
    due: Due | None = None
    answered: int | None = None
    status: str | None = None
    changed: bool | None = None
    is_answered: bool = False
    behind_cut: bool = False


@dataclass(slots=True)
class CutFacts:
    """A cut: the entries with a clock on both sides of it, and the mutations that timers name there."""

    line: int
    before: int | None
    after: int | None = None
    mutation_before: int | None = None
    mutation_after: int | None = None


@dataclass(slots=True)
class Facts:
    """All that a walk found."""

    attempts: list[AttemptFacts] = field(default_factory=list)
    launch_unseen: bool = False
    """Whether a launch is shown whose beginning is not."""
    polls: list[PollFacts] = field(default_factory=list)
    cuts: list[CutFacts] = field(default_factory=list)
    timers: dict[str, Due] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    timer_lines: dict[str, int] = field(default_factory=dict)
    timer_ids: list[TimerId] = field(default_factory=list)
    request: Request | None = None
    request_rpc: tuple[int, int] | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    build: Build | None = None
    task_url: str | None = None
    parts: dict[str, Any] = field(default_factory=dict)
    """Records of jobs, by the fields of `Invocation` that `logparse.engine.kinds.JOB_KINDS` names."""
    triggered_by: str | None = None
    outgoing: list[Trigger] = field(default_factory=list)
    finish: int | None = None
    finish_status: str | None = None
    duration_s: float | None = None
    launched: bool = False
    retrying: bool = False
    launched_at: int | None = None
    """The entry that first shows something running."""
    writers: set[str] = field(default_factory=set)
    attempt_of: list[int | None] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def part(self, name: str) -> Any:
        """Return the record of a part. It is made where nothing was known of it."""
        if name not in self.parts:
            self.parts[name] = PARTS[name]()
        return self.parts[name]
