"""Replaying logs of every time by hand: 2015 to 2026, and logs that were trimmed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import logparse as lp

DAY = date(2016, 3, 1)
#: As the scheduler makes it at 2016-03-01T10:00:00: the complement of the milliseconds since 2015, 20 bits shifted.
CREATED_MS = (datetime(2016, 3, 1, 10, tzinfo=UTC) - datetime(2015, 1, 1, tzinfo=UTC)) // timedelta(
    milliseconds=1
)
INVOCATION = str(~(CREATED_MS << 20) & (1 << 63) - 1)
MARKER = "--- the log has been cut here ---\n"


def at(clock: str, day: str = "2016-03-01") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


def log(*lines: str) -> str:
    """Join lines that begin with a clock; the others go on with the one before."""
    return "".join(f"[{line[:12]}] {line[13:]}\n" if line[2:3] == ":" else f"{line}\n" for line in lines)


def payload(value: Any) -> str:
    return json.dumps(value, indent=2)


# --- 2015 -------------------------------------------------------------------------------------


def test_noop_of_2015() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated",
            "10:00:00.100 Running noop task",
            "10:00:00.300 Invocation finished in 310ms with status SUCCEEDED",
        ),
        date=date(2015, 12, 1),
    )
    assert (found.task_kind, found.status, found.duration_s, found.attempt_count) == (
        "noop",
        "SUCCEEDED",
        0.31,
        1,
    )
    assert found.created_at == found.launched_at == at("10:00:00.000", "2015-12-01")
    (attempt,) = found.attempts
    assert (attempt.attempt, attempt.outcome) == (1, "succeeded")
    assert (found.poll_count, found.unrecognized, found.suspicious) == (0, 0, 0)


def test_url_fetch_of_2015() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated",
            "10:00:00.100 GET https://example.com/cron",
            "10:00:01.100 Success!",
            "10:00:01.200 Invocation finished in 1.2s with status SUCCEEDED",
        )
    )
    assert (found.task_kind, found.status, found.unrecognized) == ("url_fetch", "SUCCEEDED", 0)
    assert found.url_fetch == lp.UrlFetch(method="GET", url="https://example.com/cron", outcome="SUCCEEDED")


def test_a_task_that_failed_to_run_in_2015() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated",
            "10:00:00.100 GET https://example.com/cron",
            "10:00:05.100 URL fetch error: deadline exceeded",
            "10:00:05.100 Failed to run the task: deadline exceeded",
            "10:00:05.200 Invocation finished in 5.2s with status FAILED",
        )
    )
    assert (found.status, found.suspicious) == ("FAILED", 0)
    assert found.attempts[0].error == "deadline exceeded"
    assert found.attempts[0].outcome == "failed"


def test_an_invocation_that_a_newer_one_superseded() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:00.100 Running noop task",
            "11:00:00.100 New invocation is starting (9151314442816847873), marking this one as failed.",
            "11:00:00.200 Invocation finished in 1h0m0.2s with status FAILED",
        ),
        date=DAY,
    )
    assert (found.status, found.duration_s, found.attempt_count) == ("FAILED", 3600.2, 1)
    assert found.events[2].kind == "invocation_superseded"
    assert found.events[2].fields == {"by_invocation_id": "9151314442816847873"}


def test_an_overrun() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 New invocation should be starting now, but previous one is still running: 9151314442816847873",
            "10:00:00.001 Total overruns thus far: 3",
            "10:00:00.002 Invocation finished in 2ms with status OVERRUN",
        ),
        date=DAY,
    )
    assert (found.status, found.duration_s) == ("OVERRUN", 0.002)
    assert [e.fields for e in found.events][:2] == [
        {"running_invocation_id": "9151314442816847873"},
        {"overruns": 3},
    ]
    assert (found.attempts, found.unrecognized) == ([], 0)
    (row,) = lp.load(
        log(
            "10:00:00.000 New invocation should be starting now, but previous one is still starting",
            "10:00:00.002 Invocation finished in 2ms with status OVERRUN",
        )
    ).invocations.to_dict("records")
    assert row["status"] == "OVERRUN"


# --- Buildbucket of 2016 ----------------------------------------------------------------------

REQUEST_2016 = payload(
    {
        "bucket": "master.tryserver",
        "client_operation_id": INVOCATION,
        "parameters_json": json.dumps({"builder_name": "linux", "properties": {"revision": "HEAD"}}),
        "pubsub_callback": {"auth_token": "...", "topic": "projects/x/topics/y"},
        "tags": ["builder:linux", f"scheduler_invocation_id:{INVOCATION}", "scheduler_job_id:infra/linux"],
    }
)
# 2016-03-01T10:00:02.500000Z and a minute later, in microseconds since 1970.
CREATED_TS = 1_456_826_402_500_000
ANSWER_2016 = payload(
    {
        "build": {
            "bucket": "master.tryserver",
            "created_ts": str(CREATED_TS),
            "id": "9020000000000000000",
            "status": "SCHEDULED",
            "utcnow_ts": str(CREATED_TS + 100_000),
        }
    }
)
BUILD_2016 = (
    'Build 9020000000000000000: status "{}", result "{}", failure_reason "{}", cancelation_reason "{}"'
)


def test_buildbucket_of_2016_without_timers() -> None:
    """Before October 2016 only PubSub told, in words of its own, and no answer repeated the build."""
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            '10:00:01.000 Preparing PubSub topic for "https://cr-buildbucket.appspot.com"',
            '10:00:01.500 PubSub topic is "projects/x/topics/y"',
            "10:00:02.000 Buildbucket request:",
            REQUEST_2016,
            "10:00:03.000 Buildbucket response:",
            ANSWER_2016,
            "10:00:03.000 Task URL: ",
            "10:01:00.000 Received PubSub notification, asking Buildbucket for the task status",
            "10:01:00.250 " + BUILD_2016.format("STARTED", "", "", ""),
            "10:05:00.000 Received PubSub notification, asking Buildbucket for the task status",
            "10:05:00.500 " + BUILD_2016.format("COMPLETED", "FAILURE", "INFRA_FAILURE", ""),
            "10:05:00.500 Invocation finished in 5m0.5s with status FAILED",
        ),
        date=DAY,
    )
    assert (found.status, found.task_kind, found.job_id, found.duration_s) == (
        "FAILED",
        "buildbucket",
        "infra/linux",
        300.5,
    )
    assert found.build is not None
    # In version 2's words; without the last answer nothing tells when it ran.
    assert (found.build.status, found.build.created_at) == ("INFRA_FAILURE", at("10:00:02.500"))
    assert (found.build.started_at, found.build.completed_at, found.run_s) == (None, None, None)
    assert (found.bucket, found.builder, found.build_url) == ("master.tryserver", "linux", None)
    assert [(p.source, p.status, p.changed, p.rpc_s) for p in found.polls] == [
        ("pubsub", "STARTED", True, 0.25),
        ("pubsub", "INFRA_FAILURE", True, 0.5),
    ]
    assert (found.poll_count, found.notification_count, found.request_rpc_s) == (0, 2, 1.0)
    # utcnow 02.600 between the request at 02.000 and the answer at 03.000.
    assert (found.clock_offset_min_s, found.clock_offset_max_s) == (-0.4, 0.6)
    assert (found.unrecognized, found.suspicious) == (0, 0)


def test_buildbucket_of_2016_with_timers_without_ids() -> None:
    """From September 2016 timers had titles only, and until November 2017 no entry said that one was handled."""
    title = '"check-buildbucket-build-status"'
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:02.000 Buildbucket request:",
            REQUEST_2016,
            "10:00:03.000 Buildbucket response:",
            ANSWER_2016,
            "10:00:03.000 Task URL: https://build/1",
            f"10:00:03.000 Scheduling timer {title} after 1m0s",
            "10:01:03.010 Timer tick, asking Buildbucket for the build status",
            "10:01:03.200 " + BUILD_2016.format("SCHEDULED", "", "", ""),
            f"10:01:03.200 Scheduling timer {title} after 1m0s",
            "10:02:03.240 Timer tick, asking Buildbucket for the build status",
            "10:02:03.300 " + BUILD_2016.format("STARTED", "", "", ""),
            f"10:02:03.300 Scheduling timer {title} after 1m0s",
            "10:03:00.000 Received PubSub notification, asking Buildbucket for the build status",
            "10:03:00.100 " + BUILD_2016.format("COMPLETED", "CANCELED", "", "TIMEOUT"),
            "10:03:00.100 Buildbucket build:",
            payload(
                {
                    "build": {
                        "id": "9020000000000000000",
                        "status": "COMPLETED",
                        "result": "CANCELED",
                        "cancelation_reason": "TIMEOUT",
                        "created_ts": CREATED_TS,
                        "started_ts": str(CREATED_TS + 60_000_000),
                        "completed_ts": str(CREATED_TS + 175_000_000),
                    }
                }
            ),
            "10:03:00.100 Invocation finished in 3m0.1s with status FAILED",
            "10:03:03.300 Ignoring timer check-buildbucket-build-status...",
        ),
        date=DAY,
    )
    assert [(p.source, p.status, p.changed, p.rpc_s, p.timer_id) for p in found.polls] == [
        ("timer", "SCHEDULED", False, 0.19, None),
        ("timer", "STARTED", True, 0.06, None),
        ("pubsub", "INFRA_FAILURE", True, 0.1, None),
    ]
    assert (found.poll_count, found.poll_unchanged, found.poll_rpc_s, found.poll_rpc_max_s) == (
        2,
        1,
        0.25,
        0.19,
    )
    assert found.build is not None
    assert (found.build.status, found.run_s, found.pending_s) == ("INFRA_FAILURE", 115.0, 60.0)
    # Started at 10:01:02.5; the first check that saw it began at 10:02:03.240. Ended at 10:02:57.5, seen from 10:03.
    assert (found.start_notify_lag_s, found.finish_notify_lag_s) == (60.74, 2.5)
    assert found.findings == []


def test_a_request_that_version_1_refused() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:02.000 Buildbucket request:",
            REQUEST_2016,
            '10:00:02.700 Buildbucket returned error "INVALID_INPUT": bucket "x" not found',
            "10:00:02.700 Buildbucket response:",
            payload({"error": {"reason": "INVALID_INPUT", "message": "no"}}),
            "10:00:02.700 Invocation finished in 2.7s with status FAILED",
        ),
        date=DAY,
    )
    assert (found.build, found.status, found.request_rpc_s, found.suspicious) == (None, "FAILED", 0.7, 0)
    (attempt,) = found.attempts
    assert (attempt.outcome, attempt.error) == ("failed", 'bucket "x" not found')


# --- Swarming, to 2017 ------------------------------------------------------------------------


def test_swarming_of_2016() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:00.000 Manually triggered by user:alice@example.com",
            '10:00:01.000 Preparing PubSub topic for "https://swarming.example.com"',
            '10:00:01.500 PubSub topic is "projects/x/topics/y"',
            "10:00:02.000 Swarming task request:",
            payload({"name": "scheduler:infra/cron", "priority": "200", "tags": ["a:b"]}),
            "10:00:03.500 Swarming response:",
            payload({"task_id": "2db2b1cd15b60210", "request": {"name": "scheduler:infra/cron"}}),
            "10:00:03.500 Task URL: https://swarming.example.com/user/task/2db2b1cd15b60210",
            '10:00:03.500 Scheduling timer "check-swarming-task-status" after 1m0s',
            "10:01:03.600 Timer tick, asking swarming for the task status",
            "10:01:03.900 Swarming task status:",
            payload({"state": "RUNNING", "bot_id": "vm1"}),
            '10:01:03.900 The task is in state "RUNNING" (failure: false, internalFailure: false)',
            "10:02:00.000 Received PubSub notification, asking swarming for the task status",
            "10:02:00.400 Swarming task status:",
            payload(
                {
                    "state": "COMPLETED",
                    "bot_id": "vm1-m9",
                    "bot_dimensions": [
                        {"key": "os", "value": ["Linux", "Ubuntu", "Ubuntu-14.04"]},
                        {"key": "pool", "value": ["Default"]},
                        {"key": "cores", "value": ["8"]},
                    ],
                    "created_ts": "2016-03-01T10:00:03.000001",
                    "started_ts": "2016-03-01T10:00:20",
                    "completed_ts": "2016-03-01T10:01:58.5",
                    "exit_code": "0",
                }
            ),
            '10:02:00.400 The task is in state "COMPLETED" (failure: false, internalFailure: false)',
            "10:02:00.400 Invocation finished in 2m0.4s with status SUCCEEDED",
        ),
        date=DAY,
    )
    assert (found.task_kind, found.status, found.triggered_by) == (
        "swarming",
        "SUCCEEDED",
        "user:alice@example.com",
    )
    task = found.swarming_task
    assert task is not None
    assert (task.id, task.name, task.state) == ("2db2b1cd15b60210", "scheduler:infra/cron", "COMPLETED")
    assert (task.failure, task.internal_failure, task.deduplicated) == (False, False, False)
    assert task.created_at == at("10:00:03.000001")
    assert (task.started_at, task.completed_at) == (at("10:00:20"), at("10:01:58.500"))
    assert found.bot is not None
    assert (found.bot.id, found.bot.os, found.bot.pool, found.bot.cores) == (
        "vm1-m9",
        "Ubuntu-14.04",
        "Default",
        8,
    )
    assert found.build is None
    assert found.build_url == "https://swarming.example.com/user/task/2db2b1cd15b60210"
    assert (found.request_rpc_s, found.poll_count, found.notification_count) == (1.5, 1, 1)
    assert [(p.source, p.status, p.rpc_s) for p in found.polls] == [
        ("timer", "RUNNING", 0.3),
        ("pubsub", "COMPLETED", 0.4),
    ]
    assert (found.attempts[0].outcome, found.unrecognized, found.findings) == ("launched", 0, [])


def test_a_deduplicated_swarming_task() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:02.000 Swarming task request:",
            "{}",
            "10:00:03.500 Swarming response:",
            payload({"task_id": "abc0"}),
            "10:00:03.500 Task request was deduplicated",
            '10:00:03.500 The task is in state "COMPLETED" (failure: true, internalFailure: false)',
            "10:00:03.500 Invocation finished in 3.5s with status FAILED",
        )
    )
    task = found.swarming_task
    assert task is not None
    assert (task.id, task.deduplicated, task.failure, task.state) == ("abc0", True, True, "COMPLETED")
    assert found.polls == []


def test_a_swarming_request_that_failed_and_was_retried() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:02.000 Swarming task request:",
            "{}",
            "10:00:03.500 Failed to trigger the task - googleapi: Error 500",
            "10:00:03.500 It will probably be retried",
            "10:00:10.000 Invocation initiated (attempt 2)",
            "10:00:10.000 Swarming task request:",
            "{}",
            "10:00:10.250 Swarming response:",
            payload({"task_id": "abc0"}),
        ),
        date=DAY,
    )
    assert (found.status, found.attempt_count, found.request_rpc_s) == ("RUNNING", 2, 0.25)
    assert [(a.outcome, a.error) for a in found.attempts] == [
        ("retried", "googleapi: Error 500"),
        ("launched", None),
    ]


# --- gitiles ----------------------------------------------------------------------------------


def test_gitiles_of_2016() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 Invocation initiated (attempt 1)",
            "10:00:01.000 Trigger build for commit 0123456789abcdef",
            "10:00:02.000 Invocation finished in 2s with status SUCCEEDED",
        )
    )
    assert (found.task_kind, found.status, found.unrecognized) == ("gitiles", "SUCCEEDED", 0)


def test_gitiles_of_2017() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 New invocation initialized",
            "10:00:01.000 Starting the invocation (attempt 1)",
            "10:00:01.000 Repo: https://r.example/x, Refs: [refs/heads/master refs/heads/stable]",
            "10:00:01.500 Ref refs/heads/master is new: aaaaaaa",
            "10:00:01.600 Ref refs/heads/stable updated: bbbbbbb => ccccccc",
            "10:00:01.700 Ref refs/heads/old deleted",
            "10:00:01.800 2 refs changed",
            "10:00:01.900 Emitting a trigger https://r.example/x/+/refs/heads/master@aaaaaaa",
            "10:00:01.900 Emitting a trigger https://r.example/x/+/refs/heads/stable@ccccccc",
            "10:00:01.900 Dispatching triggers (2 of them) to the following jobs:",
            "10:00:01.900   infra/a job (dbg)",
            "10:00:01.900   infra/b",
            "10:00:01.950 Saved 2 known refs",
            "10:00:02.000 Invocation finished in 2s with status SUCCEEDED",
        ),
        date=date(2017, 11, 1),
    )
    assert (found.task_kind, found.unrecognized, found.status) == ("gitiles", 0, "SUCCEEDED")
    watched = found.gitiles
    assert watched is not None
    assert (watched.repository, watched.refs) == (
        "https://r.example/x",
        ["refs/heads/master", "refs/heads/stable"],
    )
    assert (watched.changed_refs, watched.deleted_refs) == (
        ["refs/heads/master", "refs/heads/stable"],
        ["refs/heads/old"],
    )
    assert (watched.triggered_jobs, watched.emitted_triggers, watched.saved_refs) == (
        ["infra/a job (dbg)", "infra/b"],
        2,
        2,
    )
    assert [(t.direction, t.repository, t.ref, t.revision) for t in found.triggers] == [
        ("outgoing", "https://r.example/x", "refs/heads/master", "aaaaaaa"),
        ("outgoing", "https://r.example/x", "refs/heads/stable", "ccccccc"),
    ]


# --- retries and ends -------------------------------------------------------------------------

V2_REQUEST = payload(
    {
        "requestId": INVOCATION,
        "builder": {"project": "p", "bucket": "ci", "builder": "b"},
        "tags": [
            {"key": "scheduler_invocation_id", "value": INVOCATION},
            {"key": "scheduler_job_id", "value": "p/j"},
        ],
    }
)


def attempt(number: int, clock: str, error: str | None = "rpc error") -> list[str]:
    lines = [
        f"{clock}.000 Starting the invocation (attempt {number})",
        f"{clock}.100 Buildbucket request:",
        V2_REQUEST,
    ]
    return [*lines, *([f"{clock}.500 Failed to schedule Buildbucket build - {error}"] if error else [])]


def test_attempts() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 New invocation is queued and will start shortly",
            *attempt(1, "10:00:01"),
            "10:00:01.500 The invocation will be retried",
            *attempt(2, "10:00:06", "second\nline"),
            "10:00:06.500 The invocation will be retried",
            *attempt(3, "10:00:20"),
            "10:00:20.500 Invocation finished in 20.5s with status FAILED",
        ),
        date=DAY,
    )
    assert [(a.attempt, a.outcome, a.error, a.duration_s) for a in found.attempts] == [
        (1, "retried", "rpc error", 0.5),
        (2, "retried", "second\nline", 0.5),
        (3, "failed", "rpc error", 0.5),
    ]
    assert (found.status, found.attempt_count, found.build, found.request_rpc_s) == ("FAILED", 3, None, None)
    assert [e.attempt for e in found.events] == [None, *[1] * 4, *[2] * 4, *[3] * 4]


@pytest.mark.parametrize(
    ("lines", "status", "attempts"),
    [
        ([], "STARTING", 0),
        (attempt(1, "10:00:01", None), "STARTING", 1),
        (attempt(1, "10:00:01"), "STARTING", 1),
        ([*attempt(1, "10:00:01"), "10:00:01.500 The invocation will be retried"], "RETRYING", 1),
        (
            [
                *attempt(1, "10:00:01"),
                "10:00:01.500 The invocation will be retried",
                *attempt(2, "10:00:06", None),
            ],
            "RETRYING",
            2,
        ),
        ([*attempt(1, "10:00:01", None), "10:00:02.000 Scheduled build:", '{"id": "7"}'], "RUNNING", 1),
    ],
)
def test_the_status_of_what_has_not_ended(lines: list[str], status: str, attempts: int) -> None:
    found = lp.parse(log("10:00:00.000 New invocation is queued and will start shortly", *lines))
    assert (found.status, found.attempt_count) == (status, attempts)
    assert (found.duration_s, found.finished_at) == (None, None)


QUEUED = "10:00:00.000 New invocation is queued and will start shortly"
ANSWERED = ["10:20:02.000 Scheduled build:", '{"id": "7"}']
FAILED = "10:30:00.000 Invocation finished in 30m0s with status FAILED"


@pytest.mark.parametrize(
    ("lines", "attempts"),
    [
        ([QUEUED, *attempt(1, "10:00:01"), "10:00:01.500 The invocation will be retried"], 1),
        ([QUEUED, FAILED], 0),
        # A launch whose beginning the log does not show: an unknown entry is in its place.
        ([QUEUED, "10:00:01.000 Starting it somehow", *ANSWERED], None),
        ([QUEUED, *attempt(1, "10:00:01"), "10:00:01.500 The invocation will be retried", *ANSWERED], None),
        # What a lost head does not show.
        (ANSWERED, None),
        (["10:20:02.000 The invocation will be retried"], None),
        (["10:20:02.000 The invocation will be retried", *attempt(8, "10:20:10", None), *ANSWERED], 8),
        # An attempt can be missing, or come twice.
        ([QUEUED, *attempt(1, "10:00:01", None), *attempt(3, "10:00:09", None), *ANSWERED], 3),
        ([QUEUED, *attempt(2, "10:00:01", None), *attempt(2, "10:00:09", None), *ANSWERED], 2),
    ],
)  # fmt: skip
def test_the_highest_attempt_that_the_log_shows(lines: list[str], attempts: int | None) -> None:
    found = lp.parse(log(*lines))
    assert found.attempt_count == attempts


@pytest.mark.parametrize(
    ("behind", "attempts"),
    [
        (log(*attempt(49, "13:00:00"), "13:00:01.000 The invocation will be retried"), 49),
        (log(*ANSWERED), None),
        (log("14:00:00.000 The invocation will be retried"), None),
        (log("14:00:00.000 Invocation finished in 4h0m0s with status FAILED"), None),
        ("", 1),
    ],
)
def test_attempts_behind_a_cut(behind: str, attempts: int | None) -> None:
    """Attempt 1 fails in the head. What the cut took is not known, until the next beginning."""
    head = log(QUEUED, *attempt(1, "10:00:01", "x" * 190_000), "10:00:02.000 The invocation will be retried")
    found = lp.parse(head + MARKER + behind)
    assert (len(found.cuts), found.attempt_count) == (1, attempts)


@pytest.mark.parametrize("number", ["0", "-1", "52", "999999999999999999"])
def test_an_impossible_attempt_has_no_number(number: str) -> None:
    found = lp.parse(log(QUEUED, f"10:00:01.000 Starting the invocation (attempt {number})", *ANSWERED))
    (finding,) = (f for f in found.findings if f.code == "odd-value")
    assert (finding.line, finding.message) == (2, f"{number} is not a possible number of an attempt")
    assert found.attempt_count is None
    assert [(a.attempt, a.outcome) for a in found.attempts] == [(None, "launched")]
    assert {e.attempt for e in found.events} == {None}


@pytest.mark.parametrize("number", [1, 50, 51])
def test_a_possible_attempt_keeps_its_number(number: int) -> None:
    found = lp.parse(log(QUEUED, *attempt(number, "10:00:01", None), *ANSWERED))
    assert (found.attempt_count, "odd-value" in {f.code for f in found.findings}) == (number, False)


def test_an_abort() -> None:
    for words in (
        "Invocation is manually aborted by user:a@b.c",
        'Invocation is manually aborted by "user:a@b.c"',
        "Invocation was manually aborted by user:a@b.c",
    ):
        found = lp.parse(
            log(
                "10:00:00.000 New invocation is queued and will start shortly",
                *attempt(1, "10:00:01"),
                "10:00:01.500 The invocation will be retried",
                f"10:00:03.000 {words}",
                "10:00:03.000 Invocation finished in 3s with status ABORTED",
            )
        )
        assert (found.status, found.attempt_count, found.suspicious) == ("ABORTED", 1, 0)
        assert found.events[-2].fields == {"aborted_by": "user:a@b.c"}


def test_a_check_that_failed_is_not_answered() -> None:
    timer = f'"check-buildbucket-build-status" (p/j:{INVOCATION}:2:0)'
    found = lp.parse(
        log(
            "10:00:00.000 New invocation is queued and will start shortly",
            *attempt(1, "10:00:01", None),
            "10:00:02.000 Scheduled build:",
            '{"id": "7"}',
            f"10:00:02.000 Scheduling timer {timer} after 1m0s",
            f"10:01:02.100 Handling timer {timer}",
            "10:01:03.000 Failed to fetch build - rpc error: NotFound",
            "10:01:03.000 Invocation finished in 1m3s with status FAILED",
        ),
        date=DAY,
    )
    (poll,) = found.polls
    assert (poll.source, poll.answered, poll.rpc_s, poll.status, poll.changed) == (
        "timer",
        False,
        None,
        None,
        None,
    )
    assert (poll.lateness_s, found.poll_count, found.poll_unchanged) == (0.1, 0, 0)


# --- trimmed logs -----------------------------------------------------------------------------


def long_log(checks: range, *, invocation: str = INVOCATION) -> list[str]:
    """Blocks of checks every minute, each long enough for a log of a few hundred to be trimmed."""
    start = datetime(2016, 3, 1, 10, 0, 2, tzinfo=UTC)
    lines = []
    for n in checks:
        due = (start + timedelta(minutes=n)).strftime("%H:%M:%S.000")
        timer = f'"check-buildbucket-build-status" (p/j:{invocation}:{{}}:0)'
        lines.append(f"{due} Handling timer {timer.format(n + 1)}")
        lines.append(f"{due[:-3]}100 Build status: STARTED")
        lines.append(f"{due[:-3]}100 Scheduling timer {timer.format(n + 2)} after 1m0s")
    return lines


HEAD = [
    "10:00:00.000 New invocation is queued and will start shortly",
    *attempt(1, "10:00:01", None),
    # A payload this long makes it a log that the scheduler trims.
    "10:00:02.000 Scheduled build:",
    '{"id": "7",\n'
    + '"filler": "0123456789012345678901234567890123456789",\n' * 3000
    + '"status": "SCHEDULED"}',
]


def test_a_log_cut_between_entries() -> None:
    """Checks 1 to 9 and 301 to 310 are left; the cut took 291 checks at most and 4 hours 52 minutes."""
    text = log(*HEAD, *long_log(range(1, 10))) + MARKER + log(*long_log(range(301, 311)))
    found = lp.parse(text, date=DAY)
    assert found.truncated
    (cut,) = found.cuts
    # The last timer before the cut was set by mutation 11 − 1 of 10:09:02.100, the first behind it is 302.
    assert cut.lost_s == pytest.approx(292 * 60 - 0.1, abs=1e-9)
    assert cut.lost_polls_max == 302 - 11
    assert len(found.polls) == 19
    # A count of checks is no count where checks were cut out.
    assert (found.poll_count, found.poll_rpc_s, found.poll_unchanged, found.notification_count) == (None,) * 4
    assert (found.attempt_count, found.status) == (1, "RUNNING")
    assert {f.code for f in found.findings} == {"log-cut"}


def test_a_log_cut_inside_of_a_payload() -> None:
    """The tail begins within the last answer; what is left of it is part of the cut."""
    text = log(*HEAD, *long_log(range(1, 10))) + "[10:10:02.000] Build:\n{\n"
    text += MARKER + '  "status": "SUCCESS"\n}\n'
    text += log("14:59:59.000 Invocation finished in 4h59m59s with status SUCCEEDED")
    found = lp.parse(text, date=DAY)
    assert (found.truncated, found.status, found.duration_s) == (True, "SUCCEEDED", 17999.0)
    assert [e.kind for e in found.events][-3:] == ["build_fetched", "log_cut", "invocation_finished"]
    assert found.events[-2].text == MARKER + '  "status": "SUCCESS"\n}'
    # Half a payload is none, and the build's end is not guessed. The payload was whole when it was written.
    assert {f.code for f in found.findings} == {"log-cut"}
    assert found.build is not None
    assert (found.build.id, found.build.completed_at) == ("7", None)


def test_a_log_cut_at_its_end_has_no_finish() -> None:
    """200,000 bytes exactly, the marker last, though the invocation did finish: its status is not known."""
    found = lp.parse(log(*HEAD, *long_log(range(1, 10))) + MARKER, date=DAY)
    assert (found.truncated, found.status, found.finished_at, found.duration_s) == (True, None, None, None)
    # A page around it knows.
    page = "Status: SUCCEEDED\nTriggered by: -\nDuration: 5 hours\n\nDebug log (UTC)\n\n"
    assert lp.parse(page + log(*HEAD) + MARKER, date=DAY).status == "SUCCEEDED"


def test_a_log_cut_many_times() -> None:
    pieces = [log(*long_log(range(n, n + 5))) for n in range(1, 500, 50)]
    found = lp.parse(log(*HEAD) + MARKER.join(pieces), date=DAY)
    assert len(found.cuts) == 9
    assert {c.lost_polls_max for c in found.cuts} == {45}
    assert len(found.polls) == 50


def test_a_cut_that_took_the_attempts() -> None:
    """Attempt 1 is in the head, attempt 40 in the tail: 40 were begun, of which two are known."""
    filler = "x" * 190_000
    text = log(
        "10:00:00.000 New invocation is queued and will start shortly",
        *attempt(1, "10:00:01", filler),
        "10:00:01.500 The invocation will be retried",
    )
    text += MARKER + log(*attempt(40, "13:00:00", None), "13:00:01.000 Scheduled build:", '{"id": "7"}')
    found = lp.parse(text, date=DAY)
    assert found.attempt_count == 40
    assert [a.attempt for a in found.attempts] == [1, 40]
    assert "attempt-skipped" not in {f.code for f in found.findings}


def test_a_lost_head_is_no_launch() -> None:
    found = lp.parse('  "x": 1\n}\n' + log(*long_log(range(5, 9))), date=DAY)
    assert [e.kind for e in found.events[:2]] == ["log_fragment", "timer_handled"]
    assert (found.attempt_count, found.launched_at, found.invocation_id) == (None, None, INVOCATION)
    assert (found.status, found.job_id, found.created_at) == ("RUNNING", "p/j", at("10:00:00"))
    assert [f.code for f in found.findings] == ["log-fragment"]
