"""Attempts to launch: added to a log, renumbered, found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine_logs import SIZE_LIMIT, Log, Piece, restate

MOST_ATTEMPTS: Final = 50
STARTING: Final = "Starting the invocation (attempt "
RETRIED: Final = "The invocation will be retried"
FINISHED: Final = "Invocation finished in "
QUEUED: Final = "New invocation is queued"


def starting(at: int | None, number: int) -> Piece:
    return Piece(at, f"{STARTING}{number})")


def renumbered(pieces: Sequence[Piece], by: int, first: int = 1) -> list[Piece]:
    """Return the entries with attempts from the number `first` on renumbered."""
    return [p if (n := p.attempt) is None or n < first else starting(p.at, n + by) for p in pieces]


def gap_ms(number: int) -> int:
    """Return how long the engine waits after a failed attempt of that number: twice as long each time."""
    return min(5_000 << min(number - 1, 10), 600_000) + 37 * number % 41


def failure(log: Log) -> str | None:
    """Return a failure of the request that the engine tries again, as logs of that time have it."""
    if log.index("Buildbucket request:") is None:
        return None
    if log.name.startswith("v1"):
        return "Failed to add buildbucket build - googleapi: Error 503: The service is currently unavailable., backendError"
    return "Failed to schedule Buildbucket build - rpc error: code = Internal desc = Internal Server Error"


def failed_attempt(log: Log, error: str | None = None) -> list[Piece] | None:
    """Return a failed attempt as the log's first one would be: from its start, at 0, to the retry."""
    text, start = error or failure(log), log.index(f"{STARTING}1)")
    if text is None or start is None:
        return None
    asked = log.index("Buildbucket request:", after=start)
    if asked is None:
        return None
    begun = log.pieces[start].at or 0
    pieces = [p.moved(-begun) for p in log.pieces[start : asked + 1]]
    if None in [p.at for p in pieces]:
        return None
    failed = (pieces[-1].at or 0) + 244
    return [*pieces, Piece(failed, text), Piece(failed, RETRIED)]


def older(log: Log, ms: int) -> Log:
    """Return the log of an invocation that was created earlier: the entries before the first attempt move."""
    start = log.index(STARTING) or 0
    old_id = log.truth.invocation_id
    new_id = old_id and str(int(old_id) + (ms << 20))
    pieces = [p.moved(-ms) if i < start else p for i, p in enumerate(log.pieces)]
    duration = log.truth.duration_ns
    if duration is not None:
        duration += ms * 10**6
        last = log.indices(FINISHED)[-1]
        pieces[last] = restate(pieces[last], duration)
    if old_id and new_id:
        pieces = [p.with_id(old_id, new_id) for p in pieces]
    return log.of(
        pieces,
        invocation_id=new_id,
        started_ns=log.truth.started_ns - ms * 10**6,
        duration_ns=duration,
    )


def with_attempts(log: Log, attempts: Sequence[tuple[Sequence[Piece], int]]) -> Log | None:
    """Return the log with failed attempts before the first, each with the time to wait after it."""
    start = log.index(f"{STARTING}1)")
    if start is None:
        return None
    at = log.pieces[start].at or 0
    lengths = [(pieces[-1].at or 0) + wait for pieces, wait in attempts]
    aged = older(log, sum(lengths))
    at -= sum(lengths)
    added: list[Piece] = []
    for number, ((pieces, _), length) in enumerate(zip(attempts, lengths, strict=True), 1):
        added += [starting(at, number), *(p.moved(at) for p in pieces[1:])]
        at += length
    new_id = aged.truth.invocation_id
    if new_id and log.truth.invocation_id:
        added = [p.with_id(log.truth.invocation_id, new_id) for p in added]
    rest = renumbered(aged.pieces[start:], len(attempts))
    return aged.of([*aged.pieces[:start], *added, *rest])


def failing(log: Log, count: int, *, error: str | None = None) -> Log | None:
    """Return the log with so many failed attempts before its first one, if its size allows."""
    attempt = failed_attempt(log, error)
    if attempt is None or count > room(log):
        return None
    found = with_attempts(log, [(attempt, gap_ms(n)) for n in range(1, count + 1)])
    return found if found and (error or found.size <= SIZE_LIMIT) else None


def room(log: Log) -> int:
    """Return how many attempts more an invocation can have."""
    return MOST_ATTEMPTS - max((p.attempt or 0 for p in log.pieces), default=0)


def whole(log: Log) -> bool:
    return not log.truth.trimmed


def chosen(numbers: Sequence[int]) -> list[int]:
    """Return the first, the middle and the last."""
    return sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]}) if numbers else []


def bounds(log: Log) -> dict[int, tuple[int, int]]:
    """Return of each attempt where it starts and where the next one does."""
    starts = [i for i, p in enumerate(log.pieces) if p.attempt is not None]
    ends = [*starts[1:], len(log.pieces)][: len(starts)]
    return {log.pieces[s].attempt or 0: (s, e) for s, e in zip(starts, ends, strict=True)}
