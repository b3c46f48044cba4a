"""Logs that the engine could have written too: edits of the given logs, each with its truth.

A kind of variation is a function from a given log to its variations. It yields nothing where it does not
apply. Where attempts are added the invocation is made older, so that the build's own times stay true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from attempts import (
    FINISHED,
    MOST_ATTEMPTS,
    RETRIED,
    STARTING,
    bounds,
    chosen,
    failed_attempt,
    failing,
    failure,
    older,
    renumbered,
    room,
    starting,
    whole,
    with_attempts,
)
from engine_logs import MARKER, SIZE_LIMIT, Log, Piece, finish, restate
from trimming import trimmed_as_saved

#: Findings that may be about sequences that the engine writes seldom.
RARE: Final = frozenset({"attempt-skipped", "reading-ambiguous"})
#: Logs of all dialects and kinds of jobs whose variations are read every day. The others are slow.
SAMPLE = (
    "v1-2020-11/custom_mode1",
    "v1-2020-11/fatal_http403",
    "v2-2021-06/retry_lost",
    "v2-2021-06/retrying_unfinished",
    "v2-2026-08/urlfetch_200_text",
)


@dataclass(frozen=True)
class Variation:
    """A variation: what was edited, and the log."""

    label: str
    log: Log


Kind = Callable[[Log], Iterator[Variation]]
KINDS: Final[dict[str, Kind]] = {}


def kind(function: Kind) -> Kind:
    KINDS[function.__name__] = function
    return function


# --- the kinds ----------------------------------------------------------------------------------


@kind
def notification_while_retrying(log: Log) -> Iterator[Variation]:
    """The build of an earlier, lost request reports while the invocation waits for its next attempt."""
    hosts = [(f"retry {n}", log, i) for n, i in enumerate(log.indices(RETRIED), 1)]
    hosts = [hosts[i] for i in chosen(range(len(hosts)))] if whole(log) else []
    for count in (1, 3):
        added = failing(log, count)
        if added and whole(log):
            hosts.append((f"added {count}", added, added.indices(RETRIED)[count - 1]))
    for label, host, index in hosts:
        for ms in (-7, 0, 3, 60_000, 4 * 3_600_000):
            yield Variation(f"{label}, {ms} ms", _killed(host, index, ms))


def _killed(log: Log, retry: int, ms: int) -> Log:
    at = (log.pieces[retry].at or 0) + ms
    last, duration = finish(at, log.truth.started_ns, "FAILED", 464_032)
    fatal = (
        "Fatal error when handling PubSub notification, aborting invocation - "
        'unexpected invocation status "RETRYING", expecting "RUNNING"'
    )
    asked = "Received PubSub notification, asking Buildbucket for the build status"
    pieces = [*log.pieces[: retry + 1], Piece(at, asked), Piece(at, fatal), last]
    text = "\n".join(p.rendered for p in pieces)
    truth = replace(
        log.truth,
        status="FAILED",
        duration_ns=duration,
        invocation_id=log.truth.invocation_id if (log.truth.invocation_id or "-") in text else None,
        timer_polls=0,
        notifications=0,
        unanswered_polls=0,
        unanswered_notifications=1,
        build=None,
        codes=log.truth.codes | RARE,
    )
    return replace(log, pieces=tuple(pieces), truth=truth)


@kind
def number_skipped(log: Log) -> Iterator[Variation]:
    """An execution failed before it could save its first entry."""
    attempts = bounds(log)
    if room(log) > 0:
        for number in chosen(list(attempts)):
            yield _rare(f"{number} is skipped", log, renumbered(log.pieces, 1, number))
    if room(log) > 4 and attempts:
        yield _rare("four are skipped at the last", log, renumbered(log.pieces, 4, max(attempts)))
    for number in chosen(list(attempts)[1:-1]) if whole(log) else []:
        begin, end = attempts[number]
        yield _rare(f"{number} is missing", log, [*log.pieces[:begin], *log.pieces[end:]])
    for count in (1, 2, 20):
        added = failing(log, count) if room(log) > count else None
        if added:
            numbers = list(bounds(added))
            for number in chosen([n for n in numbers if 1 < n <= count + 1]):
                pieces = renumbered(added.pieces, 1, number)
                yield _rare(f"{number} is skipped after {count} more", added, pieces)


def _rare(label: str, log: Log, pieces: Sequence[Piece], **truth: object) -> Variation:
    return Variation(label, log.of(pieces, codes=log.truth.codes | RARE, **truth))


@kind
def number_repeated(log: Log) -> Iterator[Variation]:
    """An attempt is delivered twice: it starts again at once or later, or it fails and starts again."""
    for host in filter(None, (log, failing(log, 2))):
        extra = "" if host is log else " after 2 more"
        for number, (begin, end) in bounds(host).items():
            if number not in chosen(list(bounds(host))):
                continue
            for ms in (0, 35, 500):
                again = [*host.pieces[:begin], host.pieces[begin].moved(-ms), *host.pieces[begin:]]
                yield _rare(f"{number} starts twice, {ms} ms{extra}", host, again)
            if host.pieces[end - 1].starts(RETRIED) and end < len(host.pieces):
                yield _rare(f"{number} fails twice{extra}", *_failed_twice(host, begin, end))


def _failed_twice(log: Log, begin: int, end: int) -> tuple[Log, list[Piece]]:
    ms = (log.pieces[end].at or 0) - (log.pieces[begin].at or 0)
    attempt = log.pieces[begin].attempt or 0
    aged = older(log, ms)
    first = log.index(STARTING) or 0
    before = [*aged.pieces[:first], *(p.moved(-ms) for p in aged.pieces[first:begin])]
    twice = [p.moved(-ms) for p in aged.pieces[begin:end]]
    assert twice[0].attempt == attempt
    return aged, [*before, *twice, *aged.pieces[begin:]]


@kind
def launch_lost(log: Log) -> Iterator[Variation]:
    """The save at the end of an attempt failed: the next one starts right after the start."""
    attempts = bounds(log)
    for number in chosen(list(attempts)[:-1]) if whole(log) else []:
        begin, end = attempts[number]
        yield _rare(f"{number} is lost", log, [*log.pieces[: begin + 1], *log.pieces[end:]])
    for count in (1, 5, 49):
        if log.index(f"{STARTING}1)") is None or count > room(log):
            continue
        lost = with_attempts(log, [([starting(0, 1)], 600_000 + n) for n in range(count)])
        if lost:
            yield _rare(f"{count} lost before", lost, lost.pieces)
        added = failing(log, count)
        if added and count > 1:
            starts = bounds(added)
            begin, end = starts[count]
            yield _rare(
                f"the last of {count} more is lost", added, [*added.pieces[: begin + 1], *added.pieces[end:]]
            )


@kind
def many_attempts(log: Log) -> Iterator[Variation]:
    """From 2 to 50 attempts fail, and the stated duration is off the clock by up to 2 ms."""
    for count in (2, 3, 10, 25, 46, 47, 48, 49):
        added = failing(log, count)
        if added:
            for ms in (0, 1, 2) if count in (2, 25, 47, 49) else (1,):
                yield Variation(f"{count} failed, {ms} ms", _finished_off(added, ms))


def _finished_off(log: Log, ms: int) -> Log:
    if log.truth.duration_ns is None:
        return log
    duration = log.truth.duration_ns + ms * 10**6
    last = log.indices(FINISHED)[-1]
    pieces = [*log.pieces[:last], restate(log.pieces[last], duration), *log.pieces[last + 1 :]]
    return log.of(pieces, duration_ns=duration)


@kind
def given_up(log: Log) -> Iterator[Variation]:
    """At execution 50 the failure is final, at execution 51 nothing is tried any more."""
    added = failing(log, room(log)) if whole(log) else None
    last = max(bounds(log), default=0)
    if added is None or room(log) < MOST_ATTEMPTS - 1 or not last:
        return
    begin, end = bounds(added)[MOST_ATTEMPTS - 1]
    retry, at = end - 1, (added.pieces[end].at or 0)
    failed = [p.moved(at - (added.pieces[begin].at or 0)) for p in added.pieces[begin + 1 : retry]]
    fiftieth = starting(at, MOST_ATTEMPTS)
    later = at + 601_000
    over = Piece(later, "Too many attempts, giving up")
    head = added.pieces[:end]
    yield _ended("all 50 fail", added, [*head, fiftieth, *failed])
    yield _ended("50 is lost, 51 gives up", added, [*head, fiftieth, over], RARE)
    yield _ended("50 is missing, 51 gives up", added, [*head, over], RARE)


def _ended(label: str, log: Log, pieces: Sequence[Piece], codes: frozenset[str] = frozenset()) -> Variation:
    last, duration = finish(pieces[-1].at or 0, log.truth.started_ns, "FAILED", 7_000)
    truth = replace(
        log.truth,
        status="FAILED",
        duration_ns=duration,
        timer_polls=0,
        notifications=0,
        unanswered_polls=0,
        unanswered_notifications=0,
        build=None,
        codes=log.truth.codes | codes,
    )
    return Variation(label, replace(log, pieces=(*pieces, last), truth=truth))


@kind
def long_waits(log: Log) -> Iterator[Variation]:
    """Hours or days pass before the next attempt."""
    attempt = failed_attempt(log)
    if attempt is None or not room(log):
        return
    for hours in (1, 11, 23, 25, 47, 75):
        waited = with_attempts(log, [(attempt, hours * 3_600_000 + 17)])
        if waited and (log.truth.trimmed or waited.size <= SIZE_LIMIT):
            yield Variation(f"{hours} h", waited)
    waited = with_attempts(log, [(attempt, h * 3_600_000) for h in (2, 13, 9)]) if room(log) > 2 else None
    if waited and waited.size <= SIZE_LIMIT:
        yield Variation("2 h, 13 h, 9 h", waited)


@kind
def clocks_of_other_machines(log: Log) -> Iterator[Variation]:
    """Each handler runs on a machine of its own, whose clock is off by up to 20 ms."""
    groups = _handlers(log)
    if not groups:
        return
    for ms in (-20, 20):
        for index in chosen(range(len(groups))):
            yield Variation(f"handler {index}, {ms} ms", _shifted(log, groups, {index: ms}))
    yield Variation("all by turns", _shifted(log, groups, {i: 20 - 40 * (i % 2) for i in range(len(groups))}))
    yield Variation("all late", _shifted(log, groups, dict.fromkeys(range(len(groups)), 20)))
    yield Variation(
        "all of many sizes", _shifted(log, groups, {i: i * 7 % 41 - 20 for i in range(len(groups))})
    )


def _handlers(log: Log) -> list[range]:
    """Return the entries of each handler after the first entries: they are written by one machine."""
    texts = (
        STARTING,
        "Handling timer",
        "Received PubSub",
        "Invocation is manually",
        "Invocation was manually",
        MARKER,
    )
    starts = log.indices(*texts)
    ends = [*starts[1:], len(log.pieces)][: len(starts)]
    return [range(s, e) for s, e in zip(starts, ends, strict=True)]


def _shifted(log: Log, groups: Sequence[range], offsets: dict[int, int]) -> Log:
    pieces = list(log.pieces)
    duration = log.truth.duration_ns
    for index, ms in offsets.items():
        for i in groups[index]:
            pieces[i] = pieces[i].moved(ms)
            if pieces[i].starts(FINISHED) and duration is not None and i == log.indices(FINISHED)[-1]:
                duration += ms * 10**6
                pieces[i] = restate(pieces[i], duration)
    return log.of(pieces, duration_ns=duration)


# --- trimmed logs -------------------------------------------------------------------------------

#: Bodies of errors: the number of lines, their length, and how many attempts. Each log gets half of them.
_BODIES: Final = {
    "long": (70, 104, 49),
    "middle": (24, 140, 44),
    "short": (9, 460, 49),
    "thin": (95, 60, 44),
    "line": (1, 5_200, 49),
    "huge": (1, 70_000, 9),
}


@kind
def trimmed(log: Log) -> Iterator[Variation]:
    """The log passes the engine's limit, many times, and the engine cuts it after each save."""
    cause = failure(log)
    if cause is None or not whole(log) or room(log) < MOST_ATTEMPTS - 1:
        return
    cause = cause.partition(" - ")[0] + " - googleapi: got HTTP response code 503 with body: "
    # Since 2026 the lines of an error are joined to one.
    joint = " " if log.name.startswith("v2-2026") else "\n"
    half = len(log.name) % 2
    for number, (name, (count, width, attempts)) in enumerate(_BODIES.items()):
        if number % 2 != half:
            continue
        body = joint.join(["<html>", *(f"<p>{'x' * width}</p>" for _ in range(count)), "</html>"])
        fat = failing(log, attempts, error=cause + body)
        cut = trimmed_as_saved(fat) if fat and fat.size > SIZE_LIMIT else None
        if cut:
            yield Variation(f"{attempts} {name} errors", cut)
        if fat and cut and name in ("long", "middle"):
            for ms in (-7, 60_000):
                killed = trimmed_as_saved(_killed(fat, fat.indices(RETRIED)[attempts - 1], ms))
                if killed:
                    yield Variation(f"{attempts} {name} errors and a notification, {ms} ms", killed)
