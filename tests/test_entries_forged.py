"""Forged entries in quoted text change nothing in what is read."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest
from entry_lists import entries
from forgers import FORGERIES, Forger, answer, fatal_and_finish, request
from quick import quick
from stage import EVERY_DAY, HOSTS, LOGS, Stage, at, checks, clock_of, finish, stage

import logparse as lp
from logparse.values.clock import DAY_MS

# --- forgeries by name -------------------------------------------------------------------------


def signature(text: str) -> dict[str, object]:
    return signature_of(lp.parse(text))


@lru_cache(16)
def honest_signature(text: str) -> tuple[dict[str, object], frozenset[str]]:
    """Return the signature of a log without forged lines, and the codes of its findings."""
    found = lp.parse(text)
    return signature_of(found), frozenset(f.code for f in found.findings)


def signature_of(found: lp.Invocation) -> dict[str, object]:
    """Return the facts that a forgery must not change. The error's own text is compared apart."""
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
    text = forged.join(scene.parts)
    honest, honest_codes = honest_signature("".join(scene.parts))
    record = lp.parse(text)
    assert signature_of(record) == honest
    assert record.suspicious == len(IMITATES.findall(forged))
    (quoting,) = [e for e in record.events if forged.rstrip("\n") in e.text]
    assert [text for _, text in quoting.suspicious] == [
        piece.removesuffix("\n") for piece in split_before(IMITATES, forged)
    ]
    lines = text.split("\n")
    assert all(lines[line - 1] == piece.partition("\n")[0] for line, piece in quoting.suspicious)
    assert {f.code for f in record.findings} - honest_codes <= {"suspicious"}


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
    record = lp.parse(forged.join(scene.parts))
    assert signature_of(record) == honest_signature("".join(scene.parts))[0]
    assert record.suspicious == len(IMITATES.findall(forged)) * (len(scene.parts) - 1)


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


# --- forgeries at random -----------------------------------------------------------------------


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


ROUNDS = 40


@pytest.mark.parametrize("host", quick(EVERY_DAY, [host for host in HOSTS if host != "v1-fifty"]))
def test_forgeries_at_random_change_nothing(host: str) -> None:
    """Lines in any order, at the millisecond of the quotation, a bit later, or a minute later."""
    chance = random.Random(host)
    scene = stage(host)
    honest = signature("".join(scene.parts))
    for _ in range(ROUNDS):
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
