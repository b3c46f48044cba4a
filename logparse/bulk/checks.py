"""The status checks of one page, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from logparse.derive import aggregated_columns, derived_columns
from logparse.measures import Polled, poll_of
from logparse.records import Build, Poll


@dataclass(slots=True)
class Checks:
    """Status checks in order; lists have a value a check. Times are offsets of the timeline.

    Attributes
    ----------
    handled, answered:
        When each began, and when its answer came.
    entry:
        The index of the entry with which each began.
    due, key:
        When its timer was due, and the timer's key; None for a check that PubSub started.
    status, changed:
        What it saw, and whether that is new.
    """

    entry: list[int] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    answered: list[int | None] = field(default_factory=list)
    due: list[int | None] = field(default_factory=list)
    key: list[bytes | None] = field(default_factory=list)
    status: list[str | None] = field(default_factory=list)
    changed: list[bool | None] = field(default_factory=list)

    def begin(self, entry: int, at: int, due: int | None, key: bytes | None) -> None:
        """Add a check that is not answered yet."""
        self.entry.append(entry)
        self.handled.append(at)
        self.due.append(due)
        self.key.append(key)
        self.answered.append(None)
        self.status.append(None)
        self.changed.append(None)

    def answer(self, at: int, status: str | None, before: str | None) -> None:
        """Answer the last check. `before` is the status known before it."""
        self.answered[-1] = at
        self.status[-1] = status
        self.changed[-1] = status != before

    def is_early(self, most_us: int) -> bool:
        """Whether a timer was handled earlier than due by more than `most_us` microseconds."""
        return any(
            due is not None and due - at > most_us for due, at in zip(self.due, self.handled, strict=True)
        )

    def polled(self, build: Build | None, timer: str, base_us: int | None) -> Polled:
        """Return the measures of the checks and what makes their records.

        Parameters
        ----------
        build:
            The last that is known of the build.
        timer:
            The part of the timers' ids before their keys.
        base_us:
            Of the timeline.
        """
        end = build.status if build is not None and build.final else None
        return Polled(
            partial(_polls, self, timer, base_us),
            aggregated_columns("invocations", "polls", self._columns()),
            self._seen("STARTED"),
            None if end is None else self._seen(end),
        )

    def _columns(self) -> dict[str, Sequence[Any]]:
        times: dict[str, Sequence[Any]] = {
            "due_at": self.due,
            "handled_at": self.handled,
            "answered_at": self.answered,
        }
        return {
            **derived_columns("polls", times),
            "source": [_source(key) for key in self.key],
            "answered": [at is not None for at in self.answered],
            "changed": self.changed,
        }

    def _seen(self, status: str) -> int | None:
        """Return when the first check began that saw a status."""
        return self.handled[self.status.index(status)] if status in self.status else None


def _source(key: bytes | None) -> str:
    return "pubsub" if key is None else "timer"


def _polls(checks: Checks, timer: str, base_us: int | None) -> list[Poll]:
    """Return the records of checks. Parameters are those of `Checks.polled`."""
    columns = (checks.due, checks.handled, checks.answered, checks.key, checks.status, checks.changed)
    return [
        poll_of(
            {"due_at": due, "handled_at": handled, "answered_at": answered},
            base_us,
            seq=seq,
            source=_source(key),
            timer_id=None if key is None else f"{timer}{key.decode()}",
            status=status,
            changed=changed,
            answered=answered is not None,
        )
        for seq, (due, handled, answered, key, status, changed) in enumerate(zip(*columns, strict=True), 1)
    ]
