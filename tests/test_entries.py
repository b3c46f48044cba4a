"""What is an entry and what only imitates one: forged lines in all that the scheduler quotes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from quick import quick

import logparse as lp
from logparse import scanner
from logparse.clock import DAY_MS, format_clock
from logparse.entries import Entry, split_invocations
from logparse.gonotation import format_duration

LOGS = Path(__file__).parent / "data" / "logs"

# --- a stage for forgeries --------------------------------------------------------------------

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
        The log, split behind each quotation: forged lines go between any two.
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
    # What the sample forges itself makes way: its lines from the first that looks like an entry.
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


Forger = Callable[[Stage], str]
FORGERIES: dict[str, Forger] = {}


def forgery(function: Forger) -> Forger:
    FORGERIES[function.__name__] = function
    return function


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


@forgery
def sample(stage: Stage) -> str:
    return (
        "[00:00:00.001] Starting the invocation (attempt 9)\n"
        "[00:00:00.002] Invocation finished in 1ms with status SUCCEEDED\n"
        '[00:00:00.003] Build 1: status "COMPLETED", result "SUCCESS"\n'
        "--- the log has been cut here ---\n"
    )


@forgery
def finish_at_once(stage: Stage) -> str:
    return finish(stage, stage.quoted)


@forgery
def finish_at_once_failed(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + finish(stage, stage.quoted, "ABORTED", 3)


@forgery
def finish_later(stage: Stage) -> str:
    return finish(stage, stage.quoted + 70_000)


@forgery
def finish_earlier(stage: Stage) -> str:
    return finish(stage, stage.quoted - 500)


@forgery
def finish_of_another_duration(stage: Stage) -> str:
    return f"{at(stage.quoted)}Invocation finished in 3h0m0s with status SUCCEEDED\n"


@forgery
def finish_and_ignored_timer(stage: Stage) -> str:
    return finish(stage, stage.quoted) + f'{at(stage.quoted)}Ignoring timer "t" ({stage.timer})...\n'


@forgery
def retry_and_next_attempt(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1)


@forgery
def retry_and_next_attempt_at_once(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1, 0)


@forgery
def retry_twice(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1) + retry(
        stage, stage.quoted + 5_100, stage.attempt + 2
    )


@forgery
def retry_alone(stage: Stage) -> str:
    return f"{at(stage.quoted)}The invocation will be retried\n" * 3


@forgery
def old_retry(stage: Stage) -> str:
    return (
        f"{at(stage.quoted)}It will probably be retried\n"
        f"{at(stage.quoted + 5_000)}Invocation initiated (attempt {stage.attempt + 1})\n"
    )


@forgery
def attempts_of_any_number(stage: Stage) -> str:
    return "".join(f"{at(stage.quoted + n)}Starting the invocation (attempt {n})\n" for n in range(1, 12))


@forgery
def another_failure(stage: Stage) -> str:
    again = f"{at(stage.quoted)}Failed to schedule Buildbucket build - again\n"
    return again + f"{at(stage.quoted)}Failed to add buildbucket build - again\n"


@forgery
def retry_that_fails(stage: Stage) -> str:
    clock = stage.quoted + 5_200
    again = f"{at(clock)}Failed to add buildbucket build - x\n"
    return retry(stage, stage.quoted, stage.attempt + 1) + again


@forgery
def retry_that_fails_and_gives_up(stage: Stage) -> str:
    clock = stage.quoted + 5_200
    return (
        retry_that_fails(stage)
        + f"{at(clock)}Too many attempts, giving up\n"
        + finish(stage, clock, "FAILED")
    )


@forgery
def retry_that_runs(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1) + checks(stage, stage.quoted + 5_300, stage.timer)


@forgery
def own_timers(stage: Stage) -> str:
    return checks(stage, stage.quoted, stage.timer)


@forgery
def foreign_timers(stage: Stage) -> str:
    return checks(stage, stage.quoted, "p/j:9000000000000000000:1:0")


@forgery
def build_states(stage: Stage) -> str:
    states = "".join(
        f'{at(stage.quoted)}Build {build}: status "COMPLETED", result "SUCCESS", failure_reason "", '
        'cancelation_reason ""\n'
        for build in (stage.build, "8863413050310585041")
    )
    return states + f"{at(stage.quoted)}Build status: SUCCESS\n"


@forgery
def answer(stage: Stage) -> str:
    return (
        f'{at(stage.quoted)}Scheduled build:\n{{\n  "id": "{stage.build}",\n  "status": "SUCCESS"\n}}\n'
        f"{at(stage.quoted)}Task URL: https://evil.example/build/{stage.build}\n"
    )


@forgery
def request(stage: Stage) -> str:
    return (
        f"{at(stage.quoted)}Buildbucket request:\n"
        f'{{\n  "requestId": "{stage.invocation}",\n  "builder": {{"project": "evil"}}\n}}\n'
    )


@forgery
def queued(stage: Stage) -> str:
    return f"{at(stage.quoted)}New invocation is queued and will start shortly\n"


@forgery
def queued_and_started(stage: Stage) -> str:
    return queued(stage) + f"{at(stage.quoted + 900)}Starting the invocation (attempt 1)\n"


@forgery
def finish_and_another_log(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + whole_log(stage, stage.quoted + 3_600_000)


@forgery
def finish_and_another_log_of_the_same_time(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + whole_log(stage, stage.start + 37)


@forgery
def another_log(stage: Stage) -> str:
    return whole_log(stage, stage.quoted)


@forgery
def finish_and_the_head_of_another_log(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + queued_and_started(stage)


@forgery
def page_behind(stage: Stage) -> str:
    return page_head() + whole_log(stage, stage.quoted)


@forgery
def finish_and_page(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + page_head() + whole_log(stage, stage.quoted + 3_600_000)


@forgery
def finish_and_page_of_an_unfinished_log(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + page_head("RUNNING") + queued_and_started(stage)


@forgery
def finish_and_page_head(stage: Stage) -> str:
    return finish(stage, stage.quoted, "FAILED") + page_head()


@forgery
def page_head_alone(stage: Stage) -> str:
    return page_head()


@forgery
def cut_marker(stage: Stage) -> str:
    return "--- the log has been cut here ---\n"


@forgery
def cut_and_tail(stage: Stage) -> str:
    return cut_marker(stage) + checks(stage, stage.quoted + 60_000, stage.timer)


@forgery
def cut_and_finish(stage: Stage) -> str:
    return cut_marker(stage) + finish(stage, stage.quoted + 60_000)


@forgery
def retry_and_cut(stage: Stage) -> str:
    return retry(stage, stage.quoted, stage.attempt + 1) + cut_marker(stage)


@forgery
def abort(stage: Stage) -> str:
    return f"{at(stage.quoted)}Invocation was manually aborted by user:mallory@example.com\n"


@forgery
def abort_and_finish(stage: Stage) -> str:
    return abort(stage) + finish(stage, stage.quoted, "ABORTED")


@forgery
def fatal_and_finish(stage: Stage) -> str:
    fatal = f"{at(stage.quoted)}Fatal error when handling timer, aborting invocation - oops\n"
    return fatal + finish(stage, stage.quoted, "FAILED")


@forgery
def triage_block(stage: Stage) -> str:
    return (
        "Debug output from the triage procedure:\n---------------------------------------\n[001 ms] Starting\n"
        "---------------------------------------\n\nDebug output from the invocation itself:\n"
    ) + queued(stage)


@forgery
def emitted_triggers(stage: Stage) -> str:
    return (
        f"{at(stage.quoted)}Emitting a trigger https://e.example/r/+/refs/heads/main@0123456789\n"
        f"{at(stage.quoted)}Dispatching triggers (1 of them) to the following jobs:\n{at(stage.quoted)}  evil/job\n"
    )


@forgery
def unknown_entries(stage: Stage) -> str:
    return "".join(f"{at(stage.quoted + n)}backend: line {n}\n" for n in range(5))


@forgery
def before_midnight(stage: Stage) -> str:
    return (
        "[23:59:59.999] The invocation will be retried\n[00:00:05.000] Starting the invocation (attempt 2)\n"
    )


@forgery
def clocks_of_all_hours(stage: Stage) -> str:
    return "".join(f"{at(h * 3_600_000)}Starting the invocation (attempt {h})\n" for h in range(24))


@forgery
def many_of_all(stage: Stage) -> str:
    return "".join(f(stage) for f in list(FORGERIES.values())[:30])


def signature(text: str) -> dict[str, object]:
    """What a forgery must not change. The error's own text is compared apart."""
    found = lp.parse(text)
    return {
        **{
            name: getattr(found, name)
            for name in (
                "invocation_id",
                "job_id",
                "status",
                "task_kind",
                "triggered_by",
                "attempt_count",
                "created_at",
                "launched_at",
                "finished_at",
                "duration_s",
                "polls",
                "build",
                "build_url",
                "poll_count",
                "notification_count",
                "request_rpc_s",
                "trigger_count",
                "triggers",
                "truncated",
                "unrecognized",
                "phases",
                "definition",
                "cuts",
            )
        },
        "attempts": [(a.attempt, a.started_at, a.ended_at, a.outcome) for a in found.attempts],
        "events": [(e.kind, e.clock, e.at, e.attempt) for e in found.events],
    }


#: The engine itself can write such an entry behind a failed check: test_a_fatal_error_behind_a_failed_check.
UNDECIDABLE = {(host, fatal_and_finish) for host in ("v1-check", "v2-check", "v2026-check")}

IMITATES = re.compile(r"^\[\d\d:\d\d:\d\d\.\d{3}\] |^--- the log has been cut here ---$", re.MULTILINE)


@pytest.mark.parametrize(
    ("host", "forge"),
    [
        pytest.param(host, forge, id=f"{host}-{name}", marks=[] if host in EVERY_DAY else [pytest.mark.slow])
        for host in HOSTS
        for name, forge in FORGERIES.items()
        if (host, forge) not in UNDECIDABLE
    ],
)
def test_a_forgery_changes_nothing(host: str, forge: Forger) -> None:
    scene = stage(host)
    forged = forge(scene)
    honest, text = "".join(scene.parts), forged.join(scene.parts)
    assert signature(text) == signature(honest)
    record = lp.parse(text)
    assert record.suspicious == len(IMITATES.findall(forged))
    (quoting,) = [e for e in record.events if forged.rstrip("\n") in e.text]
    assert [text for _, text in quoting.suspicious] == [
        piece.removesuffix("\n") for piece in split_before(IMITATES, forged)
    ]
    lines = text.split("\n")
    assert all(lines[line - 1] == piece.partition("\n")[0] for line, piece in quoting.suspicious)
    codes = {f.code for f in record.findings} - {f.code for f in lp.parse(honest).findings}
    assert codes <= {"suspicious"}


@pytest.mark.parametrize("host", ["v1-check", "v2-check", "v2026-check"])
def test_a_fatal_error_behind_a_failed_check(host: str) -> None:
    """It may be the engine's own and is shown as an entry, but changes nothing else; the finish is the true one."""
    scene = stage(host)
    ours, true = signature(fatal_and_finish(scene).join(scene.parts)), signature("".join(scene.parts))
    events, true_events = ours.pop("events"), true.pop("events")
    assert ours == true
    assert isinstance(events, list)
    assert [e for e in events if e[0] != "timer_fatal"] == true_events


def split_before(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    starts = [m.start() for m in pattern.finditer(text)]
    if not starts:
        return
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text[begin:end]


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.parametrize("host", quick(["v2-unfinished"], ["v1-thrice", "v1-unfinished", "v2-unfinished"]))
def test_the_same_forgery_in_every_attempt_changes_nothing(host: str, forge: Forger) -> None:
    """A server that always answers the same: the forged lines fit the first attempt, and stand in all."""
    scene = stage(host, every=True)
    assert len(scene.parts) > 2
    forged = forge(scene)
    assert signature(forged.join(scene.parts)) == signature("".join(scene.parts))
    assert lp.parse(forged.join(scene.parts)).suspicious == len(IMITATES.findall(forged)) * (
        len(scene.parts) - 1
    )


@pytest.mark.parametrize(
    "host", ["v1-retried", "v2-retried", "v1-refused", "gitiles", "fetch-body", "v1-check"]
)
@pytest.mark.parametrize("shift", quick([59_990], [0, 59_990, 86_400_000 // 2]))
def test_a_forgery_near_midnight_changes_nothing(host: str, shift: int) -> None:
    """The whole log moved so that the quotation stands right before midnight, and the end behind it."""
    scene = stage(host)
    moved = DAY_MS - 1 - scene.quoted - shift

    def move(text: str) -> str:
        return re.sub(r"(?m)^\[([\d:.]{12})\] ", lambda m: at(clock_of(m[1]) + moved), text)

    honest = move("".join(scene.parts))
    expected = [e.clock for e in lp.parse(honest).events]
    for forge in FORGERIES.values():
        if (host, forge) in UNDECIDABLE:
            continue
        forged = move(forge(scene))
        found = lp.parse(forged.join(map(move, scene.parts)))
        assert [e.clock for e in found.events] == expected, forge
        assert found.suspicious == len(IMITATES.findall(forged)), forge


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_body_with_its_length_is_the_body(forge: Forger) -> None:
    """Content-Length tells where a body ends, so that even a perfect forgery is one."""
    scene = stage("fetch-body")
    body = forge(scene)
    length = f"Content-Length: {len(body.encode())}\n"
    start, end = scene.parts
    start = start.replace("200 OK\n", "200 OK\n" + length).partition("\n\n")[0] + "\n\n"
    record = lp.parse(f"{start}{body}\n{end.lstrip()}")
    assert record.suspicious == len(IMITATES.findall(body))
    assert (record.status, record.attempt_count) == ("SUCCEEDED", 1)
    assert record.url_fetch is not None
    assert record.url_fetch.body == body


def test_a_finish_within_the_stated_length_is_quoted_even_where_nothing_follows() -> None:
    """Two finishes alike: the first stands within the stated length, so the second is the scheduler's."""
    log = (
        "[10:00:00.000] New invocation is queued and will start shortly\n"
        "[10:00:01.000] Starting the invocation (attempt 1)\n"
        "[10:00:01.000] GET https://example.com/\n"
        "[10:00:02.000] Finished with overall status SUCCEEDED in 1s\n"
        "[10:00:02.000] 200 OK\nContent-Length: 64\n\n{}"
        "[10:00:02.000] Invocation finished in 2s with status SUCCEEDED\n"
    )
    body = "[10:00:02.000] Invocation finished in 2s with status SUCCEEDED\n\n"
    assert len(body) == 64
    record = lp.parse(log.format(body))
    assert [line for line, _ in record.events[-2].suspicious] == [8]
    assert record.events[-1].line == 10
    assert record.events[-1].kind == "invocation_finished"


# --- rules by hand ----------------------------------------------------------------------------


def entries(text: str) -> list[list[Entry]]:
    return list(split_invocations(scanner.split_log(text), scanner.match))


def kinds(text: str) -> list[list[str | None]]:
    return [[e.kind for e in found] for found in entries(text)]


def log(*lines: str) -> str:
    return "".join(f"[{line[:12]}] {line[13:]}\n" for line in lines)


QUEUED = "10:00:00.000 New invocation is queued and will start shortly"
STARTED = "10:00:01.000 Starting the invocation (attempt 1)"
REQUEST_FAILED = "10:00:02.000 Failed to schedule Buildbucket build - rpc error"
RETRIED = "10:00:02.000 The invocation will be retried"
SECOND = "10:00:07.000 Starting the invocation (attempt 2)"
FAILED_2S = "10:00:02.000 Invocation finished in 2s with status FAILED"


def test_no_blocks_no_entries() -> None:
    assert kinds("") == []


def test_an_honest_log_is_read_as_it_stands() -> None:
    assert kinds(log(QUEUED, STARTED, REQUEST_FAILED, RETRIED, SECOND)) == [
        ["invocation_queued", "attempt_started", "build_request_failed", "attempt_retried", "attempt_started"]
    ]
    assert kinds(log(QUEUED, STARTED, REQUEST_FAILED, FAILED_2S)) == [
        ["invocation_queued", "attempt_started", "build_request_failed", "invocation_finished"]
    ]


def test_logs_one_after_another() -> None:
    one = log(QUEUED, STARTED, REQUEST_FAILED, FAILED_2S)
    expected = ["invocation_queued", "attempt_started", "build_request_failed", "invocation_finished"]
    assert kinds(one * 3) == [expected] * 3


def test_logs_one_after_another_that_did_not_finish() -> None:
    assert kinds(log(QUEUED, STARTED) * 2 + log(QUEUED)) == [
        ["invocation_queued", "attempt_started"],
        ["invocation_queued", "attempt_started"],
        ["invocation_queued"],
    ]


def test_daily_fetches_one_after_another_are_many() -> None:
    """Bodies without a length, the clock of every day alike but for some milliseconds."""
    days = "".join(
        log(
            f"03:00:00.{ms:03d} New invocation is queued and will start shortly",
            f"03:00:01.{ms:03d} Starting the invocation (attempt 1)",
            f"03:00:01.{ms:03d} GET https://example.com/cron",
            f"03:00:01.{ms + 90:03d} Finished with overall status SUCCEEDED in 90ms",
            f"03:00:01.{ms + 90:03d} 200 OK\nDate: x\n\nok\n",
            f"03:00:01.{ms + 90:03d} Invocation finished in 1.09s with status SUCCEEDED",
        )
        for ms in (12, 7, 40, 3, 12, 55, 21)
    )
    assert [len(found) for found in entries(days)] == [6] * 7
    assert [len(e.suspicious) for found in entries(days) for e in found] == [0] * 42


def test_an_attempt_1_begins_an_invocation_where_the_one_before_finished() -> None:
    """Before October 2017 no entry said that an invocation was queued."""
    one = log("10:00:01.000 Invocation initiated (attempt 1)", "10:00:02.000 Running noop task") + log(
        "10:00:03.000 Invocation finished in 2s with status SUCCEEDED"
    )
    assert kinds(one * 2) == [["attempt_started", "noop_started", "invocation_finished"]] * 2


def test_only_ignored_timers_follow_the_finish() -> None:
    ignored = '10:00:03.000 Ignoring timer "t" (p/j:9028843112359765808:1:0)...'
    late = "10:00:04.000 Build status: STARTED"
    (found,) = entries(log(QUEUED, STARTED, REQUEST_FAILED, FAILED_2S, ignored, late))
    assert [e.kind for e in found][-2:] == ["invocation_finished", "timer_ignored"]
    assert found[-1].suspicious == [(6, "[10:00:04.000] Build status: STARTED")]


def test_a_damaged_log_is_read_as_it_stands() -> None:
    """Lines are missing: rules are broken, but nothing is quoted, so every entry stays one."""
    text = log(
        QUEUED,
        "10:00:09.000 Starting the invocation (attempt 3)",
        "10:00:10.000 Build status: STARTED",
        '10:05:00.000 Handling timer "t" (p/j:1:1:0)',
        '10:04:00.000 Handling timer "t" (p/j:2:1:0)',
        "10:04:01.000 Starting the invocation (attempt 3)",
        "10:04:02.000 Buildbucket request:\n{}",
        "10:04:03.000 The invocation will be retried",
        "10:04:04.000 what is this",
        "10:04:05.000 Invocation finished in 7h0m0s with status SUCCEEDED",
    )
    (found,) = entries(text)
    assert len(found) == 10
    assert [e.suspicious for e in found] == [[]] * 10


def test_a_lost_retry_line_behind_an_error() -> None:
    topic = '10:00:07.000 Preparing PubSub topic for "https://cr-buildbucket.appspot.com"'
    (found,) = entries(
        log(QUEUED, STARTED, REQUEST_FAILED, SECOND, topic, "10:00:07.100 Buildbucket request:\n{}")
    )
    assert [e.kind for e in found][3:] == ["attempt_started", "topic_requested", "build_requested"]


def test_an_unknown_entry_does_not_swallow_what_is_plausible() -> None:
    custom = "10:00:01.000 custom: launching with mode 1"
    timer = '10:00:01.000 Scheduling timer "one" (p/j:9015206902693344160:1:0) after 1m0s'
    done = "10:00:01.000 Invocation finished in 1s with status SUCCEEDED"
    (found,) = entries(log(QUEUED, STARTED, custom, custom, timer, done))
    assert [e.kind for e in found] == [
        "invocation_queued",
        "attempt_started",
        None,
        None,
        "timer_scheduled",
        "invocation_finished",
    ]


def test_an_unknown_entry_keeps_what_is_not_plausible() -> None:
    custom = "10:00:01.000 custom: output of the task"
    forged = "10:00:01.000 Starting the invocation (attempt 7)"
    done = "10:00:01.000 Invocation finished in 1s with status SUCCEEDED"
    (found,) = entries(log(QUEUED, STARTED, custom, forged, done))
    assert [(e.kind, len(e.suspicious)) for e in found][2:] == [(None, 1), ("invocation_finished", 0)]


def test_a_cut_is_one_in_a_log_that_is_long_enough() -> None:
    head = log(QUEUED, STARTED, "10:00:01.000 Buildbucket request:\n{" + '"x": "y",\n' * 20_000 + "}")
    tail = log('18:00:00.000 Handling timer "t" (p/j:9015206902693344160:400:0)')
    (found,) = entries(
        head + '{"lost":\n--- the log has been cut here ---\n  "tail": "of a body"\n}\n' + tail
    )
    assert [e.kind for e in found][-2:] == ["log_cut", "timer_handled"]
    assert found[-2].text == '--- the log has been cut here ---\n  "tail": "of a body"\n}'


def test_a_true_cut_behind_an_error() -> None:
    """Twenty attempts are lost: the tail fits the error before it in no way."""
    filler = '"x": "y",\n' * 20_000
    text = log(QUEUED, STARTED, f"10:00:01.500 Buildbucket request:\n{{{filler}}}", REQUEST_FAILED)
    text += "<html>half a bo\n--- the log has been cut here ---\ndy</html>\n"
    text += log(
        "13:00:00.000 The invocation will be retried", "13:10:00.000 Starting the invocation (attempt 23)"
    )
    (found,) = entries(text)
    assert [e.kind for e in found][-3:] == ["log_cut", "attempt_retried", "attempt_started"]


def test_a_quoted_marker_in_a_long_log_is_no_cut() -> None:
    filler = '"x": "y",\n' * 20_000
    text = log(QUEUED, STARTED, f"10:00:01.500 Buildbucket request:\n{{{filler}}}", REQUEST_FAILED)
    text += "--- the log has been cut here ---\n" + log(RETRIED, SECOND)
    (found,) = entries(text)
    assert [e.kind for e in found][-3:] == ["build_request_failed", "attempt_retried", "attempt_started"]
    assert len(found[-3].suspicious) == 1


def test_text_without_a_clock_before_the_first_entry() -> None:
    (found,) = entries('  "tail": 1\n}\n' + log('10:00:00.000 Handling timer "t" (p/j:1:1:0)'))
    assert [e.kind for e in found] == ["log_fragment", "timer_handled"]


def test_an_error_of_a_thousand_forged_lines_takes_linear_time() -> None:
    """Readings are kept by what they lead to, so that a hostile body cannot multiply them."""
    import time

    lines = [
        f"10:00:02.{n % 1000:03d} {text}"
        for n in range(1500)
        for text in (f"Starting the invocation (attempt {n})", "Failed to fetch build - x", "unknown")
    ]
    text = log(QUEUED, STARTED, REQUEST_FAILED, *lines, RETRIED, SECOND)
    begun = time.process_time()
    (found,) = entries(text)
    assert time.process_time() - begun < 30
    assert [e.kind for e in found][-3:] == ["build_request_failed", "attempt_retried", "attempt_started"]


def all_entries(found: Iterable[list[Entry]]) -> list[Entry]:
    return [e for entries in found for e in entries]


@pytest.mark.parametrize("path", sorted(LOGS.glob("*/*.log")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_line_is_lost(path: Path) -> None:
    """The entries' texts, with their clocks, are the log again."""
    page = scanner.parse_page(path.read_text(encoding="utf-8"))
    found = all_entries(split_invocations(page.blocks, scanner.match))
    raw = [
        f"[{format_clock(e.clock_ms)}] {e.text}"
        for e in found
        if e.shape == "entry" and e.clock_ms is not None
    ]
    blocks = "\n".join(
        f"[{format_clock(b.clock_ms)}] {b.text}" if b.shape == "entry" and b.clock_ms is not None else b.text
        for b in page.blocks
        if b.shape != "triage"
    )
    cuts = [e.text for e in found if e.shape in ("cut", "text")]
    assert sorted("\n".join(raw + cuts).split("\n")) == sorted(blocks.split("\n"))


# --- forgeries at random ----------------------------------------------------------------------

LINES: list[Callable[[Stage, int], str]] = [
    lambda s, c: f"{at(c)}The invocation will be retried\n",
    lambda s, c: f"{at(c)}Starting the invocation (attempt 1)\n",
    lambda s, c: f"{at(c)}Starting the invocation (attempt {s.attempt + 1})\n",
    lambda s, c: f"{at(c)}Starting the invocation (attempt {s.attempt + 2})\n",
    lambda s, c: finish(s, c),
    lambda s, c: finish(s, c, "FAILED"),
    lambda s, c: f"{at(c)}New invocation is queued and will start shortly\n",
    lambda s, c: f"{at(c)}Failed to add buildbucket build - q\n",
    lambda s, c: f"{at(c)}Error fetching state of the world: q\n",
    lambda s, c: f"{at(c)}Failed to fetch build - q\n",
    lambda s, c: checks(s, c, s.timer),
    lambda s, c: f"{at(c)}Build status: SUCCESS\n",
    lambda s, c: f"{at(c)}Task URL: https://evil.example/b/1\n",
    lambda s, c: f"{at(c)}Invocation was manually aborted by user:mallory@example.com\n",
    lambda s, c: f"{at(c)}Too many attempts, giving up\n",
    lambda s, c: f"{at(c)}GET https://e.example\n{at(c)}Finished with overall status SUCCEEDED in 1ms\n",
    lambda s, c: f"{at(c)}200 OK\nA: b\n\n",
    lambda s, c: f"{at(c)}backend says\n",
    lambda s, c: "--- the log has been cut here ---\n",
    lambda s, c: "some text\n\n",
    lambda s, c: answer(s),
    lambda s, c: request(s),
]


@pytest.mark.parametrize("host", quick(EVERY_DAY, [host for host in HOSTS if host != "v1-fifty"]))
def test_forgeries_at_random_change_nothing(host: str) -> None:
    """Lines in any order, at the millisecond of the quotation, a bit later, or a minute later."""
    chance = random.Random(host)
    scene = stage(host)
    honest = signature("".join(scene.parts))
    for _ in range(60):
        clock, forged = scene.quoted, ""
        for _ in range(chance.randint(1, 7)):
            clock += chance.choice([0, 0, 0, 1, 50, 5_000, 60_000])
            forged += chance.choice(LINES)(scene, clock)
        assert signature(forged.join(scene.parts)) == honest, forged


@pytest.mark.parametrize("name", ["retry_http503html.log", "abort_while_retrying.log", "urlfetch_forged.log"])
def test_copies_of_one_log_are_as_many(name: str) -> None:
    """An error of one copy could be followed by the retry of another: at the very same time, but not at once."""
    text = (LOGS / "v1-2020-11" / name).read_text(encoding="utf-8")
    (one,) = entries(text)
    found = entries(text * 20)
    assert [[e.kind for e in copy] for copy in found] == [[e.kind for e in one]] * 20
