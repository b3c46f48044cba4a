"""From facts to the record: who, which build, and what a page adds to its log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import logparse as lp
from logparse.engine.invocation import id_in_name
from logparse.joining.merge import merge_builds
from logparse.records.buildnames import as_logged

ID = "9028843112359765808"
OTHER_ID = "9028843112359765809"


def log(*lines: str) -> str:
    return "".join(f"[{line[:12]}] {line[13:]}\n" if line[2:3] == ":" else f"{line}\n" for line in lines)


START = (
    "04:33:59.106 New invocation is queued and will start shortly",
    "04:34:00.203 Starting the invocation (attempt 1)",
)


def request(**more: Any) -> str:
    value = {
        "requestId": ID,
        "builder": {"project": "pdfium", "bucket": "ci", "builder": "win"},
        "tags": [
            {"key": "scheduler_invocation_id", "value": ID},
            {"key": "scheduler_job_id", "value": "pdfium/win (dbg)(1)"},
        ],
    }
    return json.dumps({**value, **more}, indent=2)


def page(body: str, **header: str) -> str:
    head = "".join(f"{name.replace('_', ' ')}: {value}\n" for name, value in header.items())
    return f"{head}\n{body}\nDebug log (UTC)\n\n" + log(*START)


# --- who --------------------------------------------------------------------------------------


def test_the_id_stands_in_the_request_first() -> None:
    text = log(
        *START,
        "04:34:01.000 Buildbucket request:",
        request(),
        f'04:34:02.000 Scheduling timer "t" (p/other:{OTHER_ID}:2:0) after 1m0s',
    )
    found = lp.parse(text)
    assert (found.invocation_id, found.id_from, found.job_id) == (ID, "request", "pdfium/win (dbg)(1)")
    assert (found.project, found.job) == ("pdfium", "win (dbg)(1)")
    assert "ids-disagree" in {f.code for f in found.findings}


def test_the_id_of_a_timer() -> None:
    found = lp.parse(log(*START, f'04:34:02.000 Scheduling timer "t" (p/a: b:1:{ID}:2:0) after 1m0s'))
    # Taken apart from the right: what is left is the job's.
    assert (found.invocation_id, found.id_from, found.job_id) == (ID, "timer", "p/a: b:1")
    assert found.findings == []


def test_the_id_of_a_noop_jobs_triggers() -> None:
    found = lp.parse(log(*START, f"04:34:02.000 Emitting a trigger noop:{ID}:0"))
    assert (found.invocation_id, found.id_from, found.job_id) == (ID, "trigger", None)
    for other in ("noop:1:0", f"{ID}:0", f"noop:{ID}", f"https://x/{ID}"):
        assert lp.parse(log(*START, f"04:34:02.000 Emitting a trigger {other}")).invocation_id is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"win-{ID}.txt", ID),
        (f"{ID}", ID),
        (f"{OTHER_ID}-{ID}.log", OTHER_ID),
        (f"{ID}0.txt", None),
        ("8863413050.txt", None),
        ("9223372036854775807.txt", None),
        ("", None),
    ],
)
def test_ids_in_names(name: str, expected: str | None) -> None:
    if name.startswith("9223372036854775807"):
        # All ones: 2015-01-01, the first instant of all.
        assert id_in_name(name) in (None, "9223372036854775807")
    else:
        assert id_in_name(name) == expected


def test_who_triggered_it() -> None:
    entry = "04:33:59.106 Triggered by user:log@example.com"
    assert lp.parse(log(START[0], entry)).triggered_by == "user:log@example.com"
    for shown, expected in (
        ("-", None),
        ("page@example.com", "user:page@example.com"),
        ("project:chromium", "project:chromium"),
        ("anonymous:anonymous", "anonymous:anonymous"),
    ):
        assert lp.parse(page("", Status="RUNNING", Triggered_by=shown)).triggered_by == expected


# --- what the page adds -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("definition", "kind", "bucket", "builder"),
    [
        ('buildbucket: <\n  bucket: "b"\n  builder: "w"\n>', "buildbucket", "b", "w"),
        ('buildbucket {\n  bucket: "b"\n  builder: "w"\n}', "buildbucket", "b", "w"),
        ('gitiles: <\n  repo: "https://x"\n  refs: "a"\n  refs: "b"\n>', "gitiles", None, None),
        ("noop: <\n>", "noop", None, None),
        ('url_fetch: <\n  url: "u"\n>', "url_fetch", None, None),
        ('swarming: <\n  server: "s"\n>', "swarming", None, None),
        ('swarming_task: <\n  server: "s"\n>', "swarming", None, None),
        ("frobnicate: <\n  x: 1\n>", None, None, None),
        ("this is no definition <", None, None, None),
    ],
)
def test_the_definition_tells_the_kind(
    definition: str, kind: str | None, bucket: str | None, builder: str | None
) -> None:
    found = lp.parse(page(f"Definition (rev abc)\n\n{definition}\n", Status="RUNNING", Triggered_by="-"))
    assert (found.task_kind, found.bucket, found.builder) == (kind, bucket, builder)
    assert found.definition_revision == "abc"
    assert ("definition-unreadable" in {f.code for f in found.findings}) == ("no definition" in definition)


def test_the_request_is_better_than_the_definition() -> None:
    text = page(
        'Definition (rev abc)\n\nbuildbucket: <\n  bucket: "old"\n  builder: "old"\n>\n', Status="RUNNING"
    )
    found = lp.parse(text + log("04:34:01.000 Buildbucket request:", request()))
    assert (found.bucket, found.builder) == ("ci", "win")


def test_the_pages_lists() -> None:
    found = lp.parse(
        page(
            "Incoming triggers\n\n  • one <https://x.example/1> (44 minutes ago by a@b.c)\n  • two\n\n"
            'Incoming properties\n\n{\n  "revision": "abc",\n  "repository": "https://x",\n  "branch": "r"\n}\n\n'
            "Incoming tags\n\n  • a:b:c\n  • d:e\n",
            Status="RUNNING",
            Triggered_by="-",
        )
    )
    assert [(t.direction, t.title, t.url, t.emitted_by) for t in found.triggers] == [
        ("incoming", "one", "https://x.example/1", "user:a@b.c"),
        ("incoming", "two", None, None),
    ]
    assert (found.trigger_count, found.tags) == (2, ["a:b:c", "d:e"])
    assert found.commit == lp.Commit(repository="https://x", ref="r", revision="abc")
    assert found.properties["revision"] == "abc"


def test_an_empty_list_of_triggers_tells_nothing() -> None:
    """It can be empty even where the request carries triggers."""
    properties = {"$recipe_engine/scheduler": {"triggers": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}}
    text = page("Incoming triggers\n\n", Status="RUNNING", Triggered_by="-")
    assert lp.parse(text).trigger_count is None
    found = lp.parse(text + log("04:34:01.000 Buildbucket request:", request(properties=properties)))
    assert found.trigger_count == 3
    assert lp.parse(log(*START, "04:34:01.000 Buildbucket request:", request())).trigger_count is None
    properties["$recipe_engine/scheduler"]["triggers"] = []
    found = lp.parse(log(*START, "04:34:01.000 Buildbucket request:", request(properties=properties)))
    assert found.trigger_count == 0


def test_outgoing_triggers_have_their_titles_from_the_page() -> None:
    text = page("Outgoing triggers\n\n  • the commit <https://x/+/abc>\n", Status="RUNNING", Triggered_by="-")
    found = lp.parse(text + log("04:34:01.000 Emitting a trigger https://x/+/refs/heads/main@0123456789"))
    (trigger,) = found.triggers
    assert (trigger.title, trigger.url, trigger.revision) == ("the commit", "https://x/+/abc", "0123456789")


def test_the_status_of_the_header_is_the_second_best() -> None:
    assert lp.parse(page("", Status="RETRYING")).status == "RETRYING"
    finished = page("", Status="FAILED") + log(
        "04:34:01.000 Invocation finished in 1.911s with status SUCCEEDED"
    )
    found = lp.parse(finished)
    assert found.status == "SUCCEEDED"
    assert "header-mismatch" in {f.code for f in found.findings}


# --- times ------------------------------------------------------------------------------------


def test_finished_is_created_plus_the_stated_duration() -> None:
    """Not the finish entry's clock: that has milliseconds only. 04:33:59.089 + 2.0004567894 s."""
    text = log(
        *START,
        f'04:34:00.300 Scheduling timer "t" (p/j:{ID}:2:0) after 1m0s',
        "04:34:01.089 Invocation finished in 2.000456789s with status SUCCEEDED",
    )
    found = lp.parse(text)
    assert found.created_at == datetime(2020, 11, 17, 4, 33, 59, 89000, tzinfo=UTC)
    assert found.finished_at == found.created_at + timedelta(seconds=2.000457)
    assert found.duration_s == 2.000456789


def test_without_an_id_the_first_entry_is_the_creation() -> None:
    text = log(*START, "04:34:01.106 Invocation finished in 2s with status SUCCEEDED")
    found = lp.parse(text, date=datetime(2020, 11, 17).date())
    assert found.created_at == datetime(2020, 11, 17, 4, 33, 59, 106000, tzinfo=UTC)
    assert found.scheduler_wait_s == 1.097
    assert found.finished_at == found.created_at + timedelta(seconds=2)


def test_differences_between_two_clocks_keep_their_sign() -> None:
    """Buildbucket's clock is half a second behind: the build was created before it was asked for."""
    build = {
        "id": "8863413050310585040",
        "createTime": "2020-11-17T04:33:59.703Z",
        "startTime": "2020-11-17T04:34:10Z",
        "endTime": "2020-11-17T04:34:21Z",
        "status": "SUCCESS",
    }
    found = lp.parse(
        log(
            *START,
            "04:34:00.204 Buildbucket request:",
            request(),
            "04:34:00.300 Scheduled build:",
            json.dumps({k: build[k] for k in ("id", "createTime")}),
            "04:34:20.000 Received PubSub notification, asking Buildbucket for the build status",
            "04:34:20.500 Build:",
            json.dumps(build),
            "04:34:20.500 Invocation finished in 21.411s with status SUCCEEDED",
        )
    )
    assert (found.scheduler_wait_s, found.launch_s, found.pending_s, found.run_s, found.finish_lag_s) == (
        1.114,
        -0.5,
        10.297,
        11.0,
        -0.5,
    )
    assert sum(v for v in found.phases.values() if v is not None) == pytest.approx(21.411, abs=1e-9)
    assert (found.finish_notify_lag_s, found.overhead_s, found.queue_latency_s) == (-1.0, 10.411, 10.911)
    (poll,) = found.polls
    assert (poll.source, poll.status, poll.changed, poll.rpc_s) == ("pubsub", "SUCCESS", True, 0.5)


def test_what_is_not_known_is_null() -> None:
    found = lp.parse(log(*START))
    for name in (
        "build",
        "run_s",
        "launch_s",
        "pending_s",
        "finish_lag_s",
        "overhead_s",
        "request_rpc_s",
        "bot",
    ):
        assert getattr(found, name) is None, name
    assert (found.poll_lateness_mean_s, found.poll_rpc_max_s, found.poll_overhead_ratio) == (None, None, None)


# --- builds -----------------------------------------------------------------------------------


def test_a_joined_build_has_the_best_of_both() -> None:
    logged = lp.Build(id="1", number=7, bucket="luci.p.ci", url="https://log", status="STARTED", tags=["a:b"])
    stored = lp.Build(id="1", bucket="ci", builder="w", status="SUCCESS", priority=30, source="builds.json")
    joined = as_logged(merge_builds([stored, logged]), logged)
    assert joined == lp.Build(
        id="1",
        number=7,
        bucket="luci.p.ci",
        builder="w",
        url="https://log",
        status="SUCCESS",
        tags=["a:b"],
        priority=30,
        source="builds.json",
    )
    assert stored.bucket == "ci"
    assert logged.status == "STARTED"


def test_a_retry_that_is_answered_with_an_earlier_build() -> None:
    """The second request gets the build that the first, lost one made: launch_s is short, and may be negative."""
    found = lp.parse(
        log(
            *START,
            "04:34:00.300 Buildbucket request:",
            request(),
            "04:34:10.300 Failed to schedule Buildbucket build - rpc error: DeadlineExceeded",
            "04:34:10.300 The invocation will be retried",
            "04:34:15.300 Starting the invocation (attempt 2)",
            "04:34:15.300 Buildbucket request:",
            request(),
            "04:34:15.500 Scheduled build:",
            json.dumps(
                {"id": "8863413050310585040", "createTime": "2020-11-17T04:34:00.5Z", "status": "STARTED"}
            ),
            "04:34:15.500 Task URL: https://cr-buildbucket.appspot.com/build/8863413050310585040",
        )
    )
    # Behind the first start, which is when the launch began.
    assert (found.launch_s, found.request_rpc_s, found.attempt_count) == (0.297, 0.2, 2)
    assert found.launched_at == datetime(2020, 11, 17, 4, 34, 0, 203000, tzinfo=UTC)
