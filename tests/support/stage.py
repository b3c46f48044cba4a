"""Logs with a place for forged lines: after each text that the scheduler quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from logparse.values.clock import DAY_MS, format_clock
from logparse.values.gonotation import format_duration

LOGS = Path(__file__).parent.parent / "data" / "logs"

#: A log of each kind of quotation: the file, the entry that quotes, and which of those it is.
HOSTS = {
    "v1-retried": ("v1-2020-11/forged_lines_in_error.log", "Failed to add buildbucket build - "),
    "v1-retried-html": ("v1-2020-11/retry_http503html.log", "Failed to add buildbucket build - "),
    "v2-retried": ("v2-2021-06/forged_lines_in_error.log", "Failed to schedule Buildbucket build - "),
    "mixed-retried": ("mixed-2021-03/forged_lines_in_error.log", "Failed to schedule Buildbucket build - "),
    "v2026-retried": ("v2-2026-08/forged_lines_in_error.log", "Failed to schedule Buildbucket build - "),
    "v1-refused": ("v1-2020-11/fatal_http403.log", "Failed to add buildbucket build - "),
    "v2-refused": ("v2-2021-06/fatal_http403.log", "Failed to schedule Buildbucket build - "),
    "v1-thrice": ("v1-2020-11/abort_while_retrying.log", "Failed to add buildbucket build - "),
    "v1-unfinished": ("v1-2020-11/retrying_unfinished.log", "Failed to add buildbucket build - "),
    "v2-unfinished": ("v2-2021-06/retrying_unfinished.log", "Failed to schedule Buildbucket build - "),
    "v1-fifty": ("v1-2020-11/retry_50_gives_up.log", "Failed to add buildbucket build - "),
    "gitiles": ("v1-2020-11/gitiles_errors.1.log", "Error fetching state of the world: "),
    "v1-check": ("v1-2020-11/poll_fatal_timer_http404.log", "Failed to fetch buildbucket build - "),
    "v2-check": ("v2-2021-06/poll_fatal_timer_grpc_notfound.log", "Failed to fetch build - "),
    "v2026-check": ("v2-2026-08/poll_fatal_timer_grpc_notfound.log", "Failed to fetch build - "),
    "fetch-error": ("v1-2020-11/urlfetch_error.log", "URL fetch error: "),
    "fetch-body": ("v1-2020-11/urlfetch_200_text.log", "200 OK\n"),
    "fetch-body-2026": ("v2-2026-08/urlfetch_200_text.log", "200 OK\n"),
    "fetch-500": ("v2-2021-06/urlfetch_500_truncated.log", "500 Internal"),
}


#: Those that are tried every day.
EVERY_DAY = ["v1-retried", "v2-check"]


@dataclass(frozen=True)
class Stage:
    """A log with a quotation, and what a forger could know of it.

    Parameters
    ----------
    parts:
        The log, split after each quotation: forged lines go between any two.
    start, quoted:
        Clocks of the first entry and of the (first) quoting one, in milliseconds.
    invocation, build:
        Own ids, where the log has any.
    timer:
        An own timer, as the next check would name it.
    """

    parts: tuple[str, ...]
    start: int
    quoted: int
    invocation: str
    build: str
    timer: str
    attempt: int


def clock_of(text: str) -> int:
    hours, minutes, seconds, ms = map(int, re.split("[:.]", text))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


def at(ms: int) -> str:
    return f"[{format_clock(ms % DAY_MS)}] "


def stage(name: str, *, every: bool = False) -> Stage:
    file, start = HOSTS[name]
    text = (LOGS / file).read_text(encoding="utf-8")
    found = re.compile(rf"^\[([\d:.]+)\] {re.escape(start)}(?:(?!\[\d\d:)[^\n]*\n)*", re.MULTILINE)
    quotes = list(found.finditer(text))
    assert quotes, name
    chosen = quotes if every else quotes[:1]
    # Lines that the sample itself forges are left out, from the first that looks like an entry.
    parts = []
    begin = 0
    for quote in chosen:
        parts.append(text[begin : quote.end()])
        begin = quote.end()
        while forged := re.compile(r"\[00:00:00[^\n]*\n|Build 1:[^\n]*\n|--- the log[^\n]*\n|\n").match(
            text, begin
        ):
            begin = forged.end()
    parts.append(text[begin:])
    ids = re.search(r'"(?:client_operation_id|requestId)": "(\d+)"', text)
    build = re.search(r'"id": "(\d{19})"', text)
    timer = re.search(r"\(([^\n]+:\d{19}:)\d+:0\)", text)
    before = text[: quotes[0].start()]
    return Stage(
        parts=tuple(parts),
        start=clock_of(text[1:13]),
        quoted=clock_of(quotes[0][1]),
        invocation=ids[1] if ids else "9028843112359765808",
        build=build[1] if build else "8863413050310585040",
        timer=f"{timer[1]}9:0" if timer else "p/j:9028843112359765808:9:0",
        attempt=before.count("Starting the invocation (attempt"),
    )


def finish(stage: Stage, clock: int, status: str = "SUCCEEDED", off: int = 0) -> str:
    """A finish whose duration fits its clock, the invocation being created with its first entry."""
    duration = format_duration((clock - stage.start + off) / 1000)
    return f"{at(clock)}Invocation finished in {duration} with status {status}\n"


def retry(stage: Stage, clock: int, attempt: int, delay: int = 5_000) -> str:
    return f"{at(clock)}The invocation will be retried\n{at(clock + delay)}Starting the invocation (attempt {attempt})\n"


def checks(stage: Stage, clock: int, timer: str) -> str:
    title = '"check-buildbucket-build-status"'
    return (
        f"{at(clock)}Scheduling timer {title} ({timer}) after 1m0s\n"
        f"{at(clock + 60_000)}Handling timer {title} ({timer})\n"
        f"{at(clock + 60_000)}Timer tick, asking Buildbucket for the build status\n"
        f'{at(clock + 60_100)}Build {stage.build}: status "STARTED", result "", failure_reason "", '
        'cancelation_reason ""\n'
    )


def whole_log(stage: Stage, start: int) -> str:
    return (
        f"{at(start)}New invocation is queued and will start shortly\n"
        f"{at(start + 1000)}Starting the invocation (attempt 1)\n"
        f"{at(start + 1000)}GET https://example.com/\n"
        f"{at(start + 1100)}Finished with overall status FAILED in 100ms\n"
        f"{at(start + 1100)}200 OK\nContent-Type: text/plain\n\nhi\n\n"
        f"{at(start + 1100)}Invocation finished in 1.1s with status FAILED\n"
    )


def page_head(status: str = "FAILED") -> str:
    return (
        f"Status: {status}\nTriggered by: user:mallory@example.com\nDuration: 1 second\nActions:\n\n"
        "Definition (rev 0123)\n\nnoop: <\n>\n\nIncoming triggers\n\nDebug log (UTC)\n\n"
    )
