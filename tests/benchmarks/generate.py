"""Write realistic invocation pages of both dialects, with the truth about them as JSON lines.

A page of the v1 dialect follows the real page of a build of PDFium, a log of the v2 dialect follows
an engine log of June 2021. Texts come from these two; ids, times and results are generated. The same
seed gives the same pages. ``python generate.py 1000 pages/`` writes ``pages/*.txt`` and
``pages.truth.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from models import LOGS, load_model

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Where the ids of invocations and of builds begin to count, in milliseconds since 1970.
_INVOCATION_EPOCH: Final = 1_420_070_400_000
_BUILD_EPOCH: Final = 1_262_304_000_000
_MS_MASK: Final = (1 << 43) - 1
#: When the first page of a dialect begins, in milliseconds since 1970.
_FIRST: Final = {"v1": 1_604_188_800_000, "v2": 1_622_505_600_000}
_FAILURES: Final = 0.1
_BOTS: Final = 200
_BUILDERS: Final = {
    "v1": (
        "win_xfa_component",
        "win_xfa",
        "linux",
        "linux_asan",
        "mac",
        "android_32",
        "win_skia",
        "linux_msan",
    ),
    "v2": (
        "core.arm64",
        "core.arm64-asan",
        "core.x64",
        "core.x64-asan",
        "host",
        "bringup.x64",
        "zbi",
        "docs",
    ),
}
_PROJECTS: Final = {"v1": "pdfium", "v2": "fuchsia"}
# Ids of both kinds have 19 digits in these years.
_ID: Final = re.compile(r"(?<!\d)[89]\d{18}(?!\d)")
Truth = dict[str, Any]


def make_id(ms: int, epoch: int, suffix: int) -> str:
    """Return the id of what was created at a time in milliseconds since 1970; suffix is 0 to 65535."""
    return str(((~(ms - epoch) & _MS_MASK) << 20) | (suffix << 4))


def go_duration(us: int) -> str:
    """Return microseconds of at least one second as Go prints a duration: 21m2.491646s."""
    whole, rest = divmod(us, 60_000_000)
    hours, minutes = divmod(whole, 60)
    seconds = f"{rest // 1_000_000}.{rest % 1_000_000:06}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def rfc3339(us: int) -> str:
    """Return microseconds since 1970 as 2021-07-10T03:02:44.303272Z."""
    at = _EPOCH + timedelta(microseconds=us)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{us % 1_000_000:06}Z"


def clock(ms: int) -> str:
    """Return the clock of an entry at a time in milliseconds since 1970: [03:02:44.303]."""
    seconds, ms = divmod(ms, 1000)
    minutes, second = divmod(seconds % 86_400, 60)
    hour, minute = divmod(minutes, 60)
    return f"[{hour:02}:{minute:02}:{second:02}.{ms:03}]"


def rough_duration(seconds: int) -> str:
    """Return a duration as the head of a page gives it: 21 minutes."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{seconds} seconds"


@dataclass
class Times:
    """When what happened to an invocation and its build.

    Clocks of the log are in milliseconds since 1970, times of the build in microseconds.
    """

    created: int
    launched: int
    prepared: int
    answered: int
    build_created: int
    build_started: int
    build_ended: int
    start_notice: int
    finish_notice: int

    @classmethod
    def draw(cls, rnd: random.Random, created: int) -> Times:
        """Draw the times of an invocation that was created at a time in milliseconds since 1970."""
        launched = created + rnd.randrange(300, 3000)
        prepared = launched + rnd.randrange(20, 90)
        build_created = prepared * 1000 + rnd.randrange(100_000, 400_000)
        answered = build_created // 1000 + rnd.randrange(200, 2000)
        # Median 4.5 seconds and 11 minutes. A build starts after the scheduler knows of it.
        pending = max(int(rnd.lognormvariate(1.5, 1.2) * 1e6), 2_100_000)
        started = build_created + pending
        ended = started + max(int(rnd.lognormvariate(6.5, 0.8) * 1e6), 5_000_000)
        start_notice = started // 1000 + rnd.randrange(500, 3000)
        finish_notice = ended // 1000 + rnd.randrange(500, 1500)
        return cls(
            created, launched, prepared, answered, build_created, started, ended, start_notice, finish_notice
        )


@dataclass
class Log:
    """The entries after the response, written in the order of time, and the counts of their polls.

    Attributes
    ----------
    lateness, rpc
        Of each poll of a timer, in milliseconds.
    finished
        When the scheduler knew the end of the build, in milliseconds since 1970.
    """

    dialect: str
    build_id: str
    timer: str
    rnd: random.Random
    lines: list[str] = field(default_factory=list)
    lateness: list[int] = field(default_factory=list)
    rpc: list[int] = field(default_factory=list)
    unchanged: int = 0
    notifications: int = 0
    mutation: int = 2
    seen: str = "SCHEDULED"
    finished: int = 0

    def add(self, ms: int, text: str) -> None:
        """Write an entry at a time in milliseconds since 1970."""
        self.lines.append(f"{clock(ms)} {text}\n")

    def schedule(self, ms: int) -> int:
        """Set the next timer; return when it is due."""
        # The scheduler of 2020 polled each minute; the one of 2021 drew two to ten minutes.
        delay = 60 if self.dialect == "v1" else self.rnd.randrange(105, 600)
        name = f'"check-buildbucket-build-status" ({self.timer}:{self.mutation}:0)'
        self.add(ms, f"Scheduling timer {name} after {delay // 60}m{delay % 60}s")
        self.handling = f"Handling timer {name}"
        return ms + delay * 1000

    def status(self, ms: int, status: str, result: str, reason: str) -> None:
        """Write the answer to a question for the build's status."""
        if self.dialect == "v1":
            fields = f'status "{status}", result "{result}", failure_reason "{reason}", cancelation_reason ""'
            self.add(ms, f"Build {self.build_id}: {fields}")
        elif status != "COMPLETED":
            self.add(ms, f"Build status: {status}")

    def ask(self, ms: int, times: Times, success: bool) -> int:
        """Write the answer to a question at a time; return when the answer came."""
        answered = ms + max(int(self.rnd.lognormvariate(-1.6, 0.6) * 1000), 1)
        us = ms * 1000
        if us >= times.build_ended:
            self.status(
                answered, "COMPLETED", *(("SUCCESS", "") if success else ("FAILURE", "BUILD_FAILURE"))
            )
            self.finished = answered
            return answered
        self.seen = "STARTED" if us >= times.build_started else "SCHEDULED"
        self.status(answered, self.seen, "", "")
        self.mutation += 1
        return answered

    def tick(self, due: int, handled: int, times: Times, success: bool) -> int:
        """Write a poll of a timer; return when the answer came."""
        before = self.seen
        self.add(handled, self.handling)
        if self.dialect == "v1":
            self.add(handled, "Timer tick, asking Buildbucket for the build status")
        answered = self.ask(handled, times, success)
        self.lateness.append(handled - due)
        self.rpc.append(answered - handled)
        self.unchanged += not self.finished and self.seen == before
        return answered

    def notify(self, ms: int, times: Times, success: bool) -> int:
        """Write a notification and its answer; return when the answer came."""
        self.add(ms, "Received PubSub notification, asking Buildbucket for the build status")
        self.notifications += 1
        return self.ask(ms, times, success)

    def run(self, times: Times, success: bool) -> None:
        """Write all entries from the first timer to the end of the build."""
        notices = [times.start_notice, times.finish_notice]
        last = times.answered
        due = self.schedule(last)
        while not self.finished:
            handled = max(due + int(self.rnd.triangular(-5, 300, 100)), last + 1)
            if notices and notices[0] < handled:
                last = self.notify(max(notices.pop(0), last + 1), times, success)
            else:
                last = self.tick(due, handled, times, success)
                if not self.finished:
                    due = self.schedule(last)


class Generator:
    """Makes pages one after the other.

    Parameters
    ----------
    seed
        The same seed gives the same pages.
    dialects
        The share of each dialect, for example ``{"v1": 0.5, "v2": 0.5}``.
    odd
        The share of pages that are engine logs with changed ids, from 0 to 1.
    """

    def __init__(self, seed: int = 7, dialects: Mapping[str, float] | None = None, odd: float = 0) -> None:
        self._rnd = random.Random(seed)
        self._shares = dict(dialects or {"v1": 1})
        self._odd = odd
        self._models = {dialect: load_model(dialect) for dialect in self._shares}
        self._given = sorted(LOGS.glob("*/*.log")) if odd else []
        self._created = {dialect: _FIRST[dialect] for dialect in self._shares}
        self._bots = [f"luci-flex-ci-win10-2-{n:04x}" for n in self._rnd.sample(range(65_536), _BOTS)]

    def pages(self, number: int) -> Iterator[tuple[str, Truth]]:
        """Give pages, each as its text and its truth."""
        dialects, shares = tuple(self._shares), tuple(self._shares.values())
        for n in range(number):
            odd = self._rnd.random() < self._odd
            yield self._given_page(n) if odd else self._page(self._rnd.choices(dialects, shares)[0], n)

    def _given_page(self, n: int) -> tuple[str, Truth]:
        path = self._rnd.choice(self._given)
        known = json.loads(path.with_suffix(".truth.json").read_text("utf-8"))

        def change(found: re.Match[str]) -> str:
            # Only the bits that do not count milliseconds: the ids still fit the times.
            old = int(found[0])
            suffix = ((old >> 4) + n + 1) & 0xFFFF
            return str(old & ~0xFFFF0 | suffix << 4)

        text = _ID.sub(change, path.read_bytes().decode("utf-8"))
        truth = {name: known[name] for name in ("invocation_id", "job_id", "status")}
        truth["invocation_id"] = _ID.sub(change, truth["invocation_id"])
        return text, {"model": f"{path.parent.name}/{path.name}", **truth}

    def _page(self, dialect: str, n: int) -> tuple[str, Truth]:
        rnd = self._rnd
        self._created[dialect] += rnd.randrange(1000, 60_000)
        times = Times.draw(rnd, self._created[dialect])
        values = {
            "invocation": make_id(times.created, _INVOCATION_EPOCH, rnd.randrange(65_536)),
            "build": make_id(times.build_created // 1000, _BUILD_EPOCH, rnd.randrange(65_536)),
            "builder": rnd.choice(_BUILDERS[dialect]),
            "bot": rnd.choice(self._bots),
            "task": f"{rnd.randrange(1 << 63):016x}",
            "number": str(1000 + n),
        }
        success = rnd.random() >= _FAILURES
        job = f"{_PROJECTS[dialect]}/{values['builder']}"
        log = Log(dialect, values["build"], f"{job}:{values['invocation']}", rnd)
        log.run(times, success)
        values |= _clocks(times, log) | _values(dialect, values["number"], times, log, success)
        duration = log.finished * 1000 + rnd.randrange(1000) - times.created * 1000
        finish = f"Invocation finished in {go_duration(duration)} with status {values['status']}\n"
        model = self._models[dialect]
        start = (model.head, model.before, model.response)
        text = [part.fill(values) for part in start] + log.lines + [model.build.fill(values)]
        text.append(f"{values['finished_clock']} {finish}")
        return "".join(text), _truth(dialect, job, values, times, log, duration)


def _clocks(times: Times, log: Log) -> dict[str, str]:
    """Return the clocks of the template's entries; the first entry comes some milliseconds after the id."""
    return {
        "queued_clock": clock(times.created + 17),
        "launched_clock": clock(times.launched),
        "prepared_clock": clock(times.prepared),
        "answered_clock": clock(times.answered),
        "finished_clock": clock(log.finished),
    }


def _values(dialect: str, number: str, times: Times, log: Log, success: bool) -> dict[str, str]:
    """Return the values of the slots for results and for the build's times."""
    result = "SUCCESS" if success else "FAILURE"
    if dialect == "v1":
        result = f'"result": "{result}"' + ("" if success else ',\n    "failure_reason": "BUILD_FAILURE"')
    else:
        result = f'"{result}"'
    build = {"created": times.build_created, "started": times.build_started, "completed": times.build_ended}
    write = str if dialect == "v1" else rfc3339
    return {
        "status": "SUCCEEDED" if success else "FAILED",
        "result": result,
        "minutes": rough_duration((log.finished - times.created) // 1000),
        "buildnumber": f'"buildnumber\\": {number}',
        "address": f"/{number}",
        "answered": str(times.answered * 1000 - 14_000),
        "changed": str(times.build_ended + 400_000),
        **{name: write(us) for name, us in build.items()},
    }


def _truth(dialect: str, job: str, values: Mapping[str, str], times: Times, log: Log, duration: int) -> Truth:
    """Return what the tables must hold about a page; the names are those of the columns."""
    polls = len(log.rpc)
    return {
        "model": dialect,
        "invocation_id": values["invocation"],
        "job_id": job,
        "builder": values["builder"],
        "build_id": values["build"],
        "build_number": int(values["number"]),
        "bot_id": values["bot"] if dialect == "v1" else None,
        "status": values["status"],
        "build_status": "SUCCESS" if values["status"] == "SUCCEEDED" else "FAILURE",
        "created_at": rfc3339(times.created * 1000),
        "launched_at": rfc3339(times.launched * 1000),
        "build_created_at": rfc3339(times.build_created),
        "build_started_at": rfc3339(times.build_started),
        "build_completed_at": rfc3339(times.build_ended),
        "finished_at": rfc3339(times.created * 1000 + duration),
        "duration_s": duration / 1e6,
        "pending_s": (times.build_started - times.build_created) / 1e6,
        "run_s": (times.build_ended - times.build_started) / 1e6,
        "request_rpc_s": (times.answered - times.prepared) / 1e3,
        "poll_count": polls,
        "poll_unchanged": log.unchanged,
        # A sum over no polls is 0; the largest of none is not known.
        "poll_rpc_s": sum(log.rpc) / 1e3,
        "poll_rpc_max_s": max(log.rpc) / 1e3 if polls else None,
        "poll_lateness_mean_s": sum(log.lateness) / polls / 1e3 if polls else None,
        "notification_count": log.notifications,
    }


def write_pages(
    folder: Path, number: int, seed: int = 7, v2: float = 0, odd: float = 0
) -> tuple[list[Path], int]:
    """Write pages into a new folder and their truth beside it; return the files and their bytes.

    Parameters
    ----------
    v2, odd
        The share of the v2 dialect, and of engine logs with changed ids, from 0 to 1.
    """
    folder.mkdir(parents=True)
    paths, size = list[Path](), 0
    shares = {name: share for name, share in (("v1", 1 - v2), ("v2", v2)) if share}
    with folder.with_suffix(".truth.jsonl").open("w", encoding="utf-8") as truths:
        for n, (text, truth) in enumerate(Generator(seed, shares, odd).pages(number)):
            path = folder / f"{n:07}-{truth['invocation_id']}.txt"
            size += path.write_bytes(text.encode())
            truths.write(json.dumps({"file": path.name, **truth}) + "\n")
            paths.append(path)
    return paths, size


def main() -> None:
    """Write pages as the command line asks."""
    parser = argparse.ArgumentParser(description="Write pages with their truth.")
    parser.add_argument("number", type=int)
    parser.add_argument("folder", type=Path, help="a new folder; the truth is written beside it")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--v2", type=float, default=0, metavar="SHARE", help="share of the v2 dialect")
    parser.add_argument("--odd", type=float, default=0, metavar="SHARE", help="share of engine logs")
    args = parser.parse_args()
    paths, size = write_pages(args.folder, args.number, args.seed, args.v2, args.odd)
    print(f"{len(paths):,} pages, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
