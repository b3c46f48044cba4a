"""Logs of 2015, of Swarming jobs and of gitiles jobs, replayed."""

from __future__ import annotations

from datetime import date

from walked import DAY, at, log, payload

import logparse as lp

# --- 2015 --------------------------------------------------------------------------------------


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


# --- Swarming, to 2017 -------------------------------------------------------------------------


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


# --- gitiles -----------------------------------------------------------------------------------


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
