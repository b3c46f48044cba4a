"""Logs of Buildbucket jobs of 2016, replayed."""

from __future__ import annotations

import json

from walked import DAY, INVOCATION, at, log, payload

import logparse as lp

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
