"""The real page of 2020 against METRICS: every value, through the record and through the tables."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import logparse as lp
from logparse.columns import TABLES

PAGE = Path(__file__).parent / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"
INVOCATION_ID = "9028843112359765808"
BUILD_ID = "8863413050310585040"
REVISION = "65604f9d2198c16e03b36e59ceddd2ff814aacf8"
REPOSITORY = "https://pdfium.googlesource.com/pdfium.git"


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2020-11-17T{clock}+00:00")


# METRICS' column "the real page", and what its definitions give from the page's own lines.
TEXTS = {
    "invocation_id": INVOCATION_ID,
    "job_id": "pdfium/win_xfa_component",
    "project": "pdfium",
    "job": "win_xfa_component",
    "task_kind": "buildbucket",
    "status": "SUCCEEDED",
    "triggered_by": None,
    "build_id": BUILD_ID,
    "bucket": "luci.pdfium.ci",
    "builder": "win_xfa_component",
    "build_url": f"https://ci.chromium.org/b/{BUILD_ID}",
    "build_status": "SUCCESS",
    "bot_id": "luci-flex-ci-win10-2-8q8g",
    "swarming_task_id": "4fed4cb11ed18c10",
    "repository": REPOSITORY,
    "ref": "refs/heads/master",
    "revision": REVISION,
    "id_from": "request",
    # From the build's tag swarming_tag:os:Windows.
    "requested_os": "Windows",
    "builder_id": "pdfium/ci/win_xfa_component",
    "origin": "log",
    "aborted_by": None,
}
COUNTS = {
    "attempts": 1,
    "build_number": 2079,
    "trigger_count": 2,
    "poll_count": 20,
    "poll_unchanged": 20,
    "notification_count": 2,
    "unrecognized": 0,
    "suspicious": 0,
    # Line 32 of the file is the first entry.
    "source_line": 32,
    "cut_polls_max": None,
    "odd": 0,
    "repeats": 0,
}
TIMES = {
    "created_at": at("04:33:59.089"),
    "launched_at": at("04:34:00.203"),
    "finished_at": at("04:55:01.580646"),
    "build_created_at": at("04:34:00.426630"),
    "build_started_at": at("04:34:04.749921"),
    "build_completed_at": at("04:55:00.591893"),
}
SECONDS = {
    "duration_s": 1262.491646275,
    "scheduler_wait_s": 1.114,
    "launch_s": 0.223630,
    "pending_s": 4.323291,
    "run_s": 1255.841972,
    "finish_lag_s": 0.988753,
    "queue_latency_s": 5.660921,
    # scheduler_wait_s + launch_s.
    "launch_wait_s": 1.337630,
    "overhead_s": 6.649674,
    "request_rpc_s": 1.883,
    "poll_rpc_s": 8.798,
    "poll_rpc_max_s": 3.893,
    "start_notify_lag_s": 2.222079,
    "finish_notify_lag_s": 0.844107,
    "clock_offset_min_s": -0.013494,
    "clock_offset_max_s": 0.125103,
}
#: METRICS states these in fewer digits: 8.798 / 1255.841972, and the mean over 20 checks (below).
RATIOS = {"poll_overhead_ratio": 0.0070057, "poll_lateness_mean_s": 0.1091}
#: A build of 2020 that succeeded: nothing went wrong, and no log of that time states timeouts.
NULL = {
    *("cut_s", "error", "requested_pool", "requested_dimensions", "infra_reason", "scheduling_timeout_s"),
    *("execution_timeout_s", "timeout_used", "setup_s", "parent_build_id", "canceled_by", "cancel_reason"),
    "critical",
}
JSONS = {"tags", "input_properties"}

#: When the 20 timers were handled and answered, read off the page: seconds behind 04:34:00, in milliseconds.
#: Each check was due one minute behind the answer before it (the first: behind the build's scheduling, 2.132).
HANDLED = [
    62158, 122362, 182685, 243074, 303352, 363731, 424446, 484768, 545278, 605622,
    665872, 726503, 786743, 846955, 907095, 967370, 1028203, 1088292, 1148507, 1212434,
]  # fmt: skip
ANSWERED = [
    62352, 122666, 182875, 243218, 303563, 364299, 424526, 485076, 545564, 605751,
    666153, 726623, 786932, 847072, 907214, 968109, 1028298, 1088443, 1152400, 1213114,
]  # fmt: skip
#: When the timer of the next check was set. Once 2 ms behind the answer (04:47:06.934), else with it.
SCHEDULED = [2132, *(a + 2 if a == 786932 else a for a in ANSWERED[:-1])]
MUTATIONS = [2, *range(4, 23)]


@pytest.fixture(scope="module")
def page() -> lp.Invocation:
    return lp.parse(PAGE)


@pytest.fixture(scope="module")
def tables() -> lp.Dataset:
    return lp.load(PAGE)


def test_the_expected_values_name_every_column() -> None:
    named = [*TEXTS, *COUNTS, *TIMES, *SECONDS, *RATIOS, *NULL, *JSONS, "truncated", "source"]
    assert sorted(named) == sorted(c.name for c in TABLES["invocations"])


def test_the_row(tables: lp.Dataset) -> None:
    (row,) = tables.invocations.to_dict("records")
    assert {name: None if pd.isna(row[name]) else row[name] for name in TEXTS} == TEXTS
    assert {name: None if pd.isna(row[name]) else row[name] for name in COUNTS} == COUNTS
    assert {name: row[name] for name in TIMES} == TIMES
    for name, expected in SECONDS.items():
        assert row[name] == pytest.approx(expected, rel=0, abs=1e-6), name
    assert row["poll_overhead_ratio"] == pytest.approx(8.798 / 1255.841972, abs=1e-9)
    assert row["poll_overhead_ratio"] == pytest.approx(RATIOS["poll_overhead_ratio"], abs=5e-8)
    assert row["poll_lateness_mean_s"] == pytest.approx(RATIOS["poll_lateness_mean_s"], abs=5e-5)
    assert [name for name in NULL if not pd.isna(row[name])] == []
    tags, given = json.loads(row["tags"]), json.loads(row["input_properties"])
    # The answer's tags: the request's seven, and those that Buildbucket and Swarming added.
    assert (len(tags), tags[0]) == (15, "build_address:luci.pdfium.ci/win_xfa_component/2079")
    assert sorted(given) == ["$recipe_engine/scheduler", "branch", "repository", "revision"]
    assert given["revision"] == REVISION
    assert bool(row["truncated"]) is False
    assert row["source"] == str(PAGE)


def test_durations_are_exact_to_the_digits_stated(page: lp.Invocation) -> None:
    assert page.duration_s == 1262.491646275
    assert page.scheduler_wait_s == 1.114
    assert page.poll_rpc_s == 8.798
    assert page.request_rpc_s == 1.883


def test_the_record(page: lp.Invocation) -> None:
    build = page.build
    assert build is not None
    assert page.bot is not None
    assert page.commit is not None
    assert (page.invocation_id, page.job_id, page.status) == (
        INVOCATION_ID,
        "pdfium/win_xfa_component",
        "SUCCEEDED",
    )
    assert (page.attempt_count, page.triggered_by) == (1, None)
    assert (build.id, build.number, build.status) == (BUILD_ID, 2079, "SUCCESS")
    assert (build.project, build.bucket, build.builder) == ("pdfium", "luci.pdfium.ci", "win_xfa_component")
    assert (page.bot.id, build.swarming_task_id) == ("luci-flex-ci-win10-2-8q8g", "4fed4cb11ed18c10")
    assert page.commit == lp.Commit(repository=REPOSITORY, ref="refs/heads/master", revision=REVISION)
    assert build.created_at == TIMES["build_created_at"]
    assert build.started_at == TIMES["build_started_at"]
    assert build.completed_at == TIMES["build_completed_at"]
    assert build.updated_at == at("04:55:01.105585")
    assert build.created_by == "project:pdfium"
    assert page.created_at == TIMES["created_at"]
    assert page.launched_at == TIMES["launched_at"]
    assert page.finished_at == TIMES["finished_at"]
    assert page.definition_revision == "3ae3b2a221e5e411607942c41a47c1699f734145"
    assert page.properties == {"branch": "refs/heads/master", "repository": REPOSITORY, "revision": REVISION}
    assert page.tags[1:4] == [
        f"scheduler_invocation_id:{INVOCATION_ID}",
        "scheduler_job_id:pdfium/win_xfa_component",
        "user_agent:luci-scheduler",
    ]
    assert page.findings == []
    assert page.cuts == []


def test_the_phases_add_up_to_the_duration(page: lp.Invocation) -> None:
    phases = page.phases
    assert list(phases) == ["scheduler_wait_s", "launch_s", "pending_s", "run_s", "finish_lag_s"]
    # 1.114 + 0.22363 + 4.323291 + 1255.841972 + 0.988753 = 1262.491646
    assert sum(v for v in phases.values() if v is not None) == pytest.approx(1262.491646275, rel=0, abs=1e-6)
    assert page.queue_latency_s == pytest.approx(1.114 + 0.22363 + 4.323291, rel=0, abs=1e-6)
    assert page.overhead_s == pytest.approx(1262.491646275 - 1255.841972, rel=0, abs=1e-6)


def test_the_bounds_of_the_clock(page: lp.Invocation) -> None:
    """Two exchanges state utcnow_ts: 04:34:02.118506 within 00.249…02.132, 04:55:01.561103 within 01.436…01.580.

    At the answers Buildbucket is 2.118506 − 2.132 = −0.013494 and 1.561103 − 1.580 = −0.018897 off: the larger
    is the lower bound. At the requests it is 1.869506 and 1.561103 − 1.436 = 0.125103: the smaller is the upper.
    """
    assert page.clock_offset_min_s == -0.013494
    assert page.clock_offset_max_s == 0.125103


def test_the_checks(page: lp.Invocation, tables: lp.Dataset) -> None:
    base = at("04:34:00")
    assert Counter(p.source for p in page.polls) == {"timer": 20, "pubsub": 2}
    assert [p.source for p in page.polls] == ["pubsub", *["timer"] * 20, "pubsub"]
    timed = [p for p in page.polls if p.source == "timer"]
    for poll, handled, answered, scheduled, mutation in zip(
        timed, HANDLED, ANSWERED, SCHEDULED, MUTATIONS, strict=True
    ):
        assert poll.timer_id == f"pdfium/win_xfa_component:{INVOCATION_ID}:{mutation}:0"
        assert poll.handled_at == base + timedelta(milliseconds=handled)
        assert poll.answered_at == base + timedelta(milliseconds=answered)
        assert poll.due_at == base + timedelta(milliseconds=scheduled + 60_000)
        assert poll.lateness_s == pytest.approx((handled - scheduled - 60_000) / 1000, rel=0, abs=1e-9)
        assert poll.rpc_s == pytest.approx((answered - handled) / 1000, rel=0, abs=1e-9)
        assert (poll.status, poll.changed, poll.answered) == ("STARTED", False, True)
    lateness = [p.lateness_s for p in timed if p.lateness_s is not None]
    assert (min(lateness), max(lateness)) == (-0.006, 0.350)
    assert page.poll_lateness_mean_s == pytest.approx(sum(lateness) / 20, abs=1e-9)
    assert sum(ANSWERED) - sum(HANDLED) == 8798
    assert max(a - h for a, h in zip(ANSWERED, HANDLED, strict=True)) == 3893
    first, last = page.polls[0], page.polls[-1]
    assert (first.handled_at, first.answered_at) == (at("04:34:06.972"), at("04:34:07.043"))
    assert (first.status, first.changed, first.due_at, first.lateness_s) == ("STARTED", True, None, None)
    assert (last.handled_at, last.answered_at) == (at("04:55:01.436"), at("04:55:01.580"))
    assert (last.status, last.changed, last.timer_id) == ("SUCCESS", True, None)

    frame = tables.polls
    assert list(frame["seq"]) == list(range(1, 23))
    assert frame["source"].value_counts().to_dict() == {"timer": 20, "pubsub": 2}
    assert frame["lateness_s"].min() == -0.006
    assert frame["lateness_s"].max() == 0.350
    assert frame["lateness_s"].count() == 20
    assert frame.loc[frame["source"] == "timer", "rpc_s"].sum() == pytest.approx(8.798, abs=1e-9)
    assert set(frame["invocation_id"]) == {INVOCATION_ID}


def test_the_attempt(page: lp.Invocation, tables: lp.Dataset) -> None:
    """Launched with the answer of 04:34:02.132, 1.929 s behind its start."""
    (attempt,) = page.attempts
    assert attempt == lp.Attempt(
        attempt=1,
        started_at=at("04:34:00.203"),
        ended_at=at("04:34:02.132"),
        duration_s=1.929,
        outcome="launched",
    )
    (row,) = tables.attempts.to_dict("records")
    assert (row["attempt"], row["outcome"], row["duration_s"]) == (1, "launched", 1.929)
    assert pd.isna(row["error"])


def test_the_events(page: lp.Invocation, tables: lp.Dataset) -> None:
    """Lines of the page that begin with a clock are its entries: all are known, and none is left out."""
    lines = PAGE.read_text(encoding="utf-8").split("\n")
    entries = [(n, line) for n, line in enumerate(lines, 1) if line.startswith("[0")]
    assert len(entries) == 94
    assert entries[0][0] == 32
    assert [(e.line, f"[{e.clock}] {e.text}".partition("\n")[0]) for e in page.events] == entries
    assert Counter(e.kind for e in page.events) == {
        "invocation_queued": 1,
        "attempt_started": 1,
        "topic_requested": 1,
        "topic_ready": 1,
        "build_requested": 1,
        "build_answered": 1,
        "task_url": 1,
        "timer_scheduled": 21,
        "timer_handled": 20,
        "timer_tick": 20,
        "notification_received": 2,
        "build_status": 22,
        "build_fetched": 1,
        "invocation_finished": 1,
    }
    frame = tables.events
    assert list(frame["at"]) == [at(line[1:13]) for _, line in entries]
    assert list(frame["text"]) == [line[15:] for _, line in entries]
    assert list(frame["seq"]) == list(range(1, len(entries) + 1))
    assert frame["offset_s"].iloc[-1] == pytest.approx(1262.474, abs=1e-9)
    assert frame["attempt"].isna().sum() == 1
    finish = json.loads(frame["fields"].iloc[-1])
    assert finish == {"duration_s": 1262.491646275, "status": "SUCCEEDED"}


def test_the_build_and_its_bot(tables: lp.Dataset) -> None:
    (row,) = tables.builds.to_dict("records")
    assert (row["build_id"], row["invocation_id"], row["build_number"]) == (BUILD_ID, INVOCATION_ID, 2079)
    assert (row["status"], row["bot_id"]) == ("SUCCESS", "luci-flex-ci-win10-2-8q8g")
    assert row["pending_s"] == pytest.approx(4.323291, rel=0, abs=1e-6)
    assert row["run_s"] == pytest.approx(1255.841972, rel=0, abs=1e-6)
    # The bot's dimensions as the page's last answer quotes them.
    answer = PAGE.read_text(encoding="utf-8").rpartition("Buildbucket build:\n")[2].rpartition("\n[")[0]
    details = json.loads(json.loads(answer)["build"]["result_details_json"])
    dimensions = details["swarming"]["bot_dimensions"]
    assert json.loads(row["dimensions"]) == dimensions
    assert row["pool"] == dimensions["pool"][0]
    assert row["os"] in dimensions["os"]
    assert len(row["os"]) == max(map(len, dimensions["os"]))
    assert row["cores"] == int(max(dimensions["cores"], key=len))
    (bot,) = tables.bots.to_dict("records")
    assert (bot["bot_id"], bot["invocations"], bot["succeeded"], bot["failed"]) == (row["bot_id"], 1, 1, 0)
    assert bot["success_rate"] == 1.0
    assert bot["busy_s"] == pytest.approx(1255.841972, abs=1e-6)
    # One run is too few for a utilization.
    assert pd.isna(bot["utilization"])
    assert (bot["pool"], bot["os"], bot["cores"]) == (row["pool"], row["os"], row["cores"])


def test_the_triggers(tables: lp.Dataset) -> None:
    frame = tables.triggers
    assert list(frame["direction"]) == ["incoming", "incoming"]
    first = "314d66411216253e6f3b70fa2da30adf9e7d6643"
    assert list(frame["revision"]) == [first, REVISION]
    assert list(frame["title"]) == [first, REVISION]
    assert list(frame["id"]) == [f"{REPOSITORY}/+/refs/heads/master@{r}" for r in (first, REVISION)]
    assert list(frame["url"]) == [f"{REPOSITORY}/+/{r}" for r in (first, REVISION)]
    assert set(frame["ref"]) == {"refs/heads/master"}
    assert set(frame["repository"]) == {REPOSITORY}


def test_the_types_of_all_tables(tables: lp.Dataset) -> None:
    types = {
        "text": "str",
        "json": "str",
        "int": "Int64",
        "float": "float64",
        "bool": "boolean",
        "time": "datetime64[us, UTC]",
    }
    for name, columns in TABLES.items():
        frame = tables.table(name)
        assert list(frame.columns) == [c.name for c in columns], name
        for column in columns:
            assert str(frame[column.name].dtype) == types[column.type], (name, column.name)


def test_the_same_page_in_every_guise(page: lp.Invocation) -> None:
    """As text, as bytes, as a path's text, by either engine: the same record but for where it was read."""
    from logparse import grammar

    text = PAGE.read_text(encoding="utf-8")
    others: list[Any] = [
        lp.parse(text),
        lp.parse(text.encode()),
        lp.parse(str(PAGE)),
        lp.parse(PAGE, engine=grammar),
    ]
    for other in others:
        for name in page.__struct_fields__:
            if name not in ("source", "findings"):
                assert getattr(other, name) == getattr(page, name), name
    assert page.created_at is not None
    assert page.created_at.tzinfo is UTC
