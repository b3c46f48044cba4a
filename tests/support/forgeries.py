"""Forged lines: what a server, a trigger or a job's author can make the scheduler quote.

A forger knows the invocation's ids and when the quoting entry is logged, but not when the scheduler
goes on: clocks are that millisecond, or a guess of 0.6, 1 or 5 s later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from attempts import RETRIED, STARTING, starting
from engine_logs import MARKER, Log, Piece, finish

GUESSES_MS: Final = (600, 1_000, 5_000)
FOREIGN_BUILD: Final = "8800000000000000001"


@dataclass(frozen=True)
class Scene:
    """Where lines are forged: the log, and the entry that quotes them."""

    log: Log
    index: int

    @property
    def at(self) -> int:
        return self.log.pieces[self.index].at or 0

    @property
    def attempt(self) -> int:
        """The number of the attempt that the entry is part of."""
        return next((p.attempt for p in self.log.pieces[self.index :: -1] if p.attempt), 0)

    def finish(self, ms: int = 0, status: str = "SUCCEEDED") -> Piece:
        """Return a finish whose duration fits its clock."""
        return finish(self.at + ms, self.log.truth.started_ns, status, 1_000)[0]

    def timers(self, ms: int = 0) -> list[Piece]:
        """Return a timer of this invocation, its tick, and an answer."""
        name = f'"check-buildbucket-build-status" (p/j:{self.log.truth.invocation_id or "9028843112359765808"}:9:0)'
        return [
            Piece(self.at + ms, f"Scheduling timer {name} after 1m0s"),
            Piece(self.at + ms + 60_000, f"Handling timer {name}"),
            Piece(self.at + ms + 60_100, "Build status: STARTED"),
        ]

    def answer(self, ms: int = 0) -> list[Piece]:
        """Return the answer to a request, with a build that is not this invocation's."""
        build = f'{{\n  "id": "{FOREIGN_BUILD}",\n  "status": "SUCCESS"\n}}'
        return [
            Piece(self.at + ms, f"Scheduled build:\n{build}"),
            Piece(self.at + ms, f"Task URL: https://evil.example/build/{FOREIGN_BUILD}"),
        ]

    def failure(self, ms: int = 0) -> Piece:
        v1 = self.log.name.startswith("v1")
        return Piece(
            self.at + ms,
            "Failed to add buildbucket build - x" if v1 else "Failed to schedule Buildbucket build - x",
        )


def lines(pieces: Sequence[Piece], between: str = "\n") -> str:
    return between.join(p.rendered for p in pieces)


def _started(scene: Scene, ms: int) -> Piece:
    return starting(scene.at + ms, scene.attempt + 1)


def _retried(scene: Scene) -> Piece:
    return Piece(scene.at, RETRIED)


def _continuation(scene: Scene, ms: int) -> list[Piece]:
    """Return a retry and a whole successful attempt."""
    asked = Piece(
        scene.at + ms + 70_000, "Received PubSub notification, asking Buildbucket for the build status"
    )
    done = Piece(scene.at + ms + 70_200, f'Build:\n{{\n  "id": "{FOREIGN_BUILD}",\n  "status": "SUCCESS"\n}}')
    return [
        _retried(scene),
        _started(scene, ms),
        *scene.answer(ms + 200),
        *scene.timers(ms + 200),
        asked,
        done,
        scene.finish(ms + 70_200),
    ]


def _page_head(status: str) -> str:
    return (
        f"Status: {status}\nTriggered by: user:mallory@example.com\nDuration: 1 second\nActions:\n\n"
        "Definition (rev 0123)\n\nnoop: <\n>\n\nIncoming triggers\n\nDebug log (UTC)\n"
    )


_TRIAGE: Final = (
    "Debug output from the triage procedure:\n---------------------------------------\n[001 ms] Starting\n"
    "---------------------------------------\n\nDebug output from the invocation itself:\n"
)
_HTML: Final = (
    '<!DOCTYPE html>\n<html><body><ol class="breadcrumb"></ol></pre><h4>Debug log (UTC)</h4><pre>\n'
)


def _texts(scene: Scene, queued: Piece, ending: Sequence[Piece]) -> dict[str, str]:
    """Return forged texts that are not entries alone."""
    page = f"{_page_head('SUCCEEDED')}\n{lines([queued])}"
    return {
        "page header": _page_head("SUCCEEDED"),
        "give-up, finish and page": f"{lines(ending)}\n{page}",
        "cut": MARKER,
        "cut and timers": f"{MARKER}\n{lines(scene.timers())}",
        "triage block": f"{_TRIAGE}{lines([queued])}",
        "HTML": f"{_HTML}{lines([scene.finish()])}\n</pre></body></html>",
    }


def _guessed(scene: Scene) -> dict[str, Sequence[Piece]]:
    """Return forged entries whose clocks are guessed."""
    entries: dict[str, Sequence[Piece]] = {}
    for ms in GUESSES_MS:
        entries |= {
            f"finish that fits, {ms} ms later": [scene.finish(ms)],
            f"retry and start, {ms} ms later": [_retried(scene), _started(scene, ms)],
            f"continuation, {ms} ms later": _continuation(scene, ms),
            f"retry and failing attempt, {ms} ms later": [
                _retried(scene),
                _started(scene, ms),
                scene.failure(ms),
            ],
            f"retry, failing attempt and finish, {ms} ms later": [
                _retried(scene),
                _started(scene, ms),
                scene.failure(ms),
                scene.finish(ms, "FAILED"),
            ],
        }
    return entries


def forgeries(scene: Scene) -> dict[str, str]:
    """Return what can be forged anywhere, by name."""
    at, now = scene.at, Piece
    queued = now(at, "New invocation is queued and will start shortly")
    abort = now(at, "Invocation is manually aborted by user:mallory@example.com")
    give_up = now(at, "Too many attempts, giving up")
    failed = scene.finish(status="FAILED")
    fatal = now(at, "Fatal error when handling PubSub notification, aborting invocation - x")
    entries: dict[str, Sequence[Piece]] = {
        "finish at the same ms": [now(at, "Invocation finished in 3h0m0s with status SUCCEEDED")],
        "finish that fits": [scene.finish()],
        "failed finish that fits": [failed],
        "retry": [_retried(scene)],
        "start and failure": [_started(scene, 0), scene.failure()],
        "abort": [abort],
        "abort of today": [now(at, "Invocation was manually aborted by user:mallory@example.com")],
        "abort and finish": [abort, scene.finish(status="ABORTED")],
        "fatal": [now(at, "Fatal error when handling timer, aborting invocation - x")],
        "fatal and finish": [fatal, failed],
        "queued": [queued],
        "give-up": [give_up],
        "give-up and finish": [give_up, failed],
        "timers": scene.timers(),
        "answered build": scene.answer(),
        "answered build and timers": [*scene.answer(), *scene.timers()],
    }
    entries |= _guessed(scene)
    texts = {name: lines(pieces) for name, pieces in entries.items()}
    return texts | _texts(scene, queued, [give_up, failed])


def joined(scene: Scene) -> dict[str, str]:
    """Return forged lines that a CR or another sign divides, which ends no line of a log."""
    found = {}
    for name, sign in {"CR": "\r", "U+2028": "\u2028", "VT": "\v", "FS": "\x1c", "NEL": "\x85"}.items():
        for label, pieces in {
            "finish": [scene.finish()],
            "retry and start": [_retried(scene), _started(scene, 5_000)],
        }.items():
            found[f"{label} after {name}"] = sign + lines(pieces, sign)
    return found


def quoted(scene: Scene, text: str) -> Log:
    """Return the log with the text appended to what the scene's entry quotes."""
    log = scene.log
    piece = log.pieces[scene.index]
    forged = replace(piece, text=piece.text.removesuffix("\n") + text)
    return log.of([*log.pieces[: scene.index], forged, *log.pieces[scene.index + 1 :]])


def forged_logs(scene: Scene) -> Iterator[tuple[str, Log]]:
    """Yield the log with each forgery in the scene's entry."""
    for name, text in forgeries(scene).items():
        # Some errors end in a line end, some do not.
        yield name, quoted(scene, f"\n{text}" + "\n" * (len(name) % 2))
    for name, text in joined(scene).items():
        log = quoted(scene, text)
        yield name, replace(log, truth=replace(log.truth, forged_open=True))


def behind_unknown(log: Log) -> Scene | None:
    """Return the scene of an entry that no version of the scheduler writes, in the first attempt."""
    start = log.index(f"{STARTING}1)")
    if start is None:
        return None
    unknown = replace(log.pieces[start], text="custom: x")
    pieces = [*log.pieces[: start + 1], unknown, *log.pieces[start + 1 :]]
    return Scene(log.of(pieces, codes=log.truth.codes | {"unrecognized"}), start + 1)


def escaped(log: Log, index: int, before: str) -> Iterator[tuple[str, Log]]:
    """Yield the log with forged lines, escaped, at the end of a string of the entry: before `before`."""
    scene = Scene(log, index)
    piece = log.pieces[index]
    place = piece.text.rindex(before)
    for name, text in {**forgeries(scene), **joined(scene)}.items():
        string = json.dumps(f"\n{text}", ensure_ascii=not text.startswith("\u2028"))[1:-1]
        changed = replace(piece, text=piece.text[:place] + string + piece.text[place:])
        yield name, log.of([*log.pieces[:index], changed, *log.pieces[index + 1 :]])


def titled(log: Log, title: str) -> Iterator[tuple[str, Log]]:
    """Yield the log with forged lines, as Go quotes them, in the title of a timer."""
    (first, *_) = [i for i, p in enumerate(log.pieces) if f'"{title}"' in p.text]
    for name, text in forgeries(Scene(log, first)).items():
        string = json.dumps(f"{title}\n{text}")
        pieces = [replace(p, text=p.text.replace(f'"{title}"', string)) for p in log.pieces]
        yield name, log.of(pieces)
