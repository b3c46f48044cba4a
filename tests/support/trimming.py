"""The engine's cuts: what it keeps of a log that passes its limit, and where it cuts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from attempts import RETRIED, STARTING
from engine_logs import MARKER, SIZE_LIMIT, Log, Piece, attempts_shown, split


def saves(log: Log) -> Iterator[str]:
    """Yield the pieces of text that the engine saves at once."""
    batch: list[str] = []
    for piece in log.pieces:
        if batch and piece.starts(
            STARTING, "Handling timer", "Received PubSub", "Invocation was", "Invocation is"
        ):
            yield "".join(batch)
            batch = []
        batch.append(piece.rendered + "\n")
        if piece.attempt is not None:
            yield "".join(batch)
            batch = []
    yield "".join(batch)


def trim(log: bytes) -> bytes:
    """Return a log cut as the engine does: the head, a marker, about the last 100 lines; or its first bytes."""
    if len(log) <= SIZE_LIMIT:
        return log
    marker = MARKER.encode()
    end = len(log)
    for _ in range(100):
        if end <= 0:
            break
        # Of two line ends in a row the engine sees only one.
        end = log.rfind(b"\n", 0, end - 1)
    tail = log[end + 1 :]
    head = log[: max(log.rfind(b"\n", 0, max(SIZE_LIMIT - len(tail) - len(marker) - 1, 0)), 0)]
    if end <= 0 or not _has_lines(head, 50):
        return log[: SIZE_LIMIT - len(marker) - 2] + b"\n" + marker + b"\n"
    # Two markers in a row become one.
    while head.endswith(b"\n" + marker):
        head = head[: -len(marker) - 1]
    while tail.startswith(marker + b"\n"):
        tail = tail[len(marker) + 1 :]
    return head + b"\n" + marker + b"\n" + tail


def _has_lines(text: bytes, least: int) -> bool:
    """Whether a text has so many line ends. Counting them all takes longer."""
    at = -1
    return all((at := text.find(b"\n", at + 1)) >= 0 for _ in range(least))


def trimmed_as_saved(log: Log) -> Log | None:
    kept = b""
    for saved in saves(log):
        kept = trim(kept + saved.encode())
    text = kept.decode(errors="replace")
    if MARKER not in text:
        return None
    _, pieces = split(text, log.truth.started_ns // 10**6, trimmed=True)
    complete = pieces[-1].at is not None
    ended = complete and log.truth.duration_ns is not None
    truth = replace(
        log.truth,
        status=log.truth.status if ended else None,
        duration_ns=log.truth.duration_ns if ended else None,
        timer_polls=None,
        notifications=None,
        build=log.truth.build if _shows_launch(pieces) else None,
        trimmed=True,
        # An entry that is cut in mid-line can be of no known kind.
        codes=log.truth.codes | {"log-cut", "log-fragment"} | (set() if complete else {"unrecognized"}),
        attempts_open=not complete,
    )
    if log.truth.status in ("RETRYING", "RUNNING", "STARTING") and complete:
        truth = replace(truth, status=log.truth.status)
    return replace(log, pieces=tuple(pieces), truth=truth)


def _shows_launch(pieces: Sequence[Piece]) -> bool:
    last = max((i for i, p in enumerate(pieces) if p.is_cut), default=0)
    return any(p.starts("Buildbucket response:", "Scheduled build:") for p in pieces[last:])


def cut_places(log: Log) -> set[str]:
    """Return at which places the cuts of a log are."""
    found = {"several cuts"} if sum(p.is_cut for p in log.pieces) > 1 else set()
    for before, cut in pairwise(log.pieces):
        if not cut.is_cut:
            continue
        if before.starts("Failed to"):
            found.add("right after a quoted failure")
        if before.starts(RETRIED):
            found.add("right after a retry")
        lines = cut.text.split("\n")[1:]
        if not lines:
            found.add("tail at an entry")
        elif any(line.startswith("  ") for line in lines):
            found.add("tail inside JSON")
    if log.pieces[-1].is_cut:
        found.add("the end is cut off")
    if attempts_shown(log.pieces) is None:
        found.add("attempts unknown")
    return found
