"""Records of a build are joined, and builds alone make invocations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from joined import (
    BUILDS,
    CASES,
    CREATED,
    DONE,
    ID,
    LOG,
    MONDAY,
    RUNNING,
    TIMER,
    TUESDAY,
    codes,
    one,
    queued,
    text,
    v2,
)

import logparse as lp

# --- one build, several records ----------------------------------------------------------------


@pytest.mark.parametrize("order", [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_the_newer_record_of_a_build_counts(order: Sequence[Path]) -> None:
    for data in (
        lp.load(*order),
        lp.load(builds=order),
        lp.load(order[0], builds=[order[1]]),
        lp.load(order[1], builds=[order[0]]),
    ):
        row = one(data.builds)
        assert (row["status"], row["run_s"], row["repeats"], row["origin"]) == ("SUCCESS", 300.0, 1, "build")
        (group,) = data.builders.to_dict("records")
        assert (group["succeeded"], group["busy_s"], group["builds"]) == (1, 300.0, 1)
        assert codes(data) == []


def test_an_old_builds_file_adds_to_a_log_and_takes_nothing_from_it() -> None:
    alone = one(lp.load(LOG).invocations)
    assert (alone["bot_id"], alone["origin"]) == (None, "log")
    for data in (lp.load(LOG, BUILDS), lp.load(BUILDS, LOG), lp.load(LOG, builds=[BUILDS])):
        row = one(data.invocations)
        assert (row["build_status"], row["bot_id"], row["status"]) == ("SUCCESS", "vm-acme-9", "SUCCEEDED")
        assert (row["run_s"], row["finish_notify_lag_s"], row["launch_wait_s"]) == (120.0, 0.0, 2.0)
        assert row["build_completed_at"] == alone["build_completed_at"]
        assert (row["origin"], row["repeats"]) == ("both", 0)
        assert data.records.builds == []
        assert one(data.builds)["origin"] == "both"


def test_records_of_a_build_fill_each_other() -> None:
    steps = [{"name": "s", "status": "SUCCESS"}]
    old = v2(0, tags=[], updateTime=CREATED.format(3), steps=steps, number=7, status="STARTED", endTime=None)
    bot = {"swarming": {"botDimensions": [{"key": "id", "value": "vm"}]}}
    middle = v2(0, tags=[], updateTime=CREATED.format(4), infra=bot, status="STARTED", endTime=None)
    final = v2(0, tags=[], startTime=None)
    for given in permutations([old, middle, final]):
        data = lp.load(*(text(build) for build in given))
        row = one(data.builds)
        assert (row["status"], row["build_number"], row["bot_id"], row["run_s"]) == ("SUCCESS", 7, "vm", 4.0)
        assert (row["repeats"], list(data.steps["name"]), codes(data)) == (2, ["s"], [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": 8}, "number is 7"),
        ({"createTime": CREATED.format(1)}, "created is 2024-06-03T09:00:02Z"),
        ({"startTime": CREATED.format(4)}, "started is 2024-06-03T09:00:05Z"),
        ({"status": "FAILURE"}, "status is SUCCESS"),
        ({"endTime": CREATED.format(8)}, "end is 2024-06-03T09:00:09Z"),
        # What can change is no contradiction, and what one of them does not know.
        ({"status": "STARTED", "endTime": None}, None),
        ({"number": None}, None),
        ({"createTime": "2024-06-03T09:00:02.000001Z"}, None),
        ({"summaryMarkdown": "other"}, None),
    ],
)
def test_records_that_disagree_are_named(change: dict[str, Any], said: str | None) -> None:
    newer = v2(0, tags=[], number=7, updateTime=CREATED.format(9))
    data = lp.load(text(newer, {**newer, "updateTime": CREATED.format(8), **change}))
    assert len(data.builds) == 1
    found = data.table("findings").to_dict("records")
    assert [f["code"] for f in found] == ["copies-disagree"] * bool(said)
    if said:
        assert said in found[0]["message"]
        assert (found[0]["source"], found[0]["line"]) == ("<text>", 1)


def test_a_log_and_a_build_that_disagree_are_named() -> None:
    build = json.loads(BUILDS.read_text()) | {"number": 6}
    data = lp.load(LOG, text(build))
    (found,) = data.table("findings").to_dict("records")
    assert (found["code"], found["invocation_id"], found["source"]) == ("copies-disagree", ID, str(LOG))
    assert f"number is 5 in {LOG}, 6 in <text>:1" in found["message"]
    assert one(data.invocations)["build_number"] == 5


def test_the_double_with_an_impossible_run() -> None:
    data = lp.load(CASES / "build_ends_before_it_starts.json")
    assert (len(data.builds), one(data.builds)["repeats"]) == (1, 1)
    assert codes(data) == ["copies-disagree", "copies-disagree", "odd-value"]
    row = one(data.builders)
    assert (row["busy_s"], row["run_max_s"], row["succeeded"]) == (None, None, 1)


# --- invocations that only builds show ---------------------------------------------------------


def test_a_build_with_the_schedulers_tags_makes_an_invocation() -> None:
    """By hand: created at 09:00:00 by the id, the build at :02, started at :05, ended at :09."""
    given = text(v2(1, number=3, infra={"swarming": {"botDimensions": [{"key": "id", "value": "vm"}]}}))
    for data in (lp.load(given), lp.load(builds=[given])):
        row = one(data.invocations)
        created = pd.Timestamp("2024-06-03T09:00:00Z")
        assert (row["invocation_id"], row["id_from"], row["created_at"]) == (ID, "tag", created)
        assert (row["job_id"], row["project"], row["job"]) == ("acme/job", "acme", "job")
        assert (row["status"], row["task_kind"], row["origin"]) == ("SUCCEEDED", "buildbucket", "build")
        assert (row["launch_wait_s"], row["pending_s"], row["run_s"], row["queue_latency_s"]) == (2, 3, 4, 5)
        assert (row["bot_id"], row["builder_id"], row["build_number"]) == ("vm", "acme/ci/b", 3)
        assert (row["source"], row["source_line"], row["repeats"]) == ("<text>", 1, 0)
        unknown = [
            *("scheduler_wait_s", "launch_s", "finished_at", "duration_s", "attempts", "trigger_count"),
            *(
                "poll_count",
                "poll_unchanged",
                "poll_rpc_s",
                "notification_count",
                "unrecognized",
                "truncated",
            ),
        ]
        assert {name for name in unknown if row[name] is not None} == set()
        build = one(data.builds)
        assert (build["invocation_id"], build["source_file"], build["source_line"]) == (ID, "<text>", 1)
        assert (one(data.bots)["invocations"], one(data.jobs)["job_id"]) == (1, "acme/job")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("SUCCESS", "SUCCEEDED"),
        ("FAILURE", "FAILED"),
        ("INFRA_FAILURE", "FAILED"),
        ("CANCELED", "ABORTED"),
        ("SCHEDULED", "RUNNING"),
        ("STARTED", "RUNNING"),
    ],
)
def test_the_status_of_an_invocation_by_its_build(status: str, expected: str) -> None:
    assert one(lp.load(text(v2(1, status=status))).invocations)["status"] == expected


def test_a_canceled_build_of_version_1_is_a_failed_invocation() -> None:
    build = {
        "id": "8746163838866423806",
        "bucket": "luci.acme.ci",
        "status": "COMPLETED",
        "result": "CANCELED",
        "cancelation_reason": "CANCELED_EXPLICITLY",
        "created_ts": "1717405202000000",
        "parameters_json": json.dumps({"builder_name": "b"}),
        "tags": [f"scheduler_invocation_id:{ID}", "scheduler_job_id:acme/job"],
    }
    row = one(lp.load(text(build)).invocations)
    assert (row["status"], row["build_status"], row["builder_id"]) == ("FAILED", "CANCELED", "acme/ci/b")
    assert (row["launch_wait_s"], row["queue_latency_s"]) == (2.0, None)


def test_of_builds_with_the_same_tags_the_earliest_has_the_invocation() -> None:
    """A retry from the page copies all tags of the first build."""
    first, retry = (
        v2(2),
        v2(1, createTime="2024-06-03T15:00:00Z", startTime="2024-06-03T15:00:01Z", endTime=None),
    )
    for given in ((first, retry), (retry, first)):
        data = lp.load(text(*given))
        row = one(data.invocations)
        assert (row["build_id"], row["queue_latency_s"]) == (first["id"], 5.0)
        known = data.builds.set_index("build_id")["invocation_id"]
        assert known[first["id"]] == ID
        assert pd.isna(known[retry["id"]])
        (found,) = data.table("findings").to_dict("records")
        assert found["code"] == "tag-copied"
        assert found["line"] == given.index(retry) + 1
        assert f"build {retry['id']} has the tags of invocation {ID}" in found["message"]


@pytest.mark.parametrize(
    ("created", "is_its"), [("2024-06-04T09:00:00Z", True), ("2024-06-04T09:00:01Z", False)]
)
def test_a_build_of_a_day_later_has_copied_its_tags(created: str, is_its: bool) -> None:
    data = lp.load(text(v2(1, createTime=created, startTime=None, endTime=None)))
    assert (len(data.invocations), codes(data)) == ((1, []) if is_its else (0, ["tag-copied"]))
    assert len(data.builds) == 1


def test_the_build_that_a_log_names_is_its_build() -> None:
    logged = json.loads(BUILDS.read_text())
    tags = [
        {"key": "scheduler_invocation_id", "value": ID},
        {"key": "scheduler_job_id", "value": "acme/probe-linux"},
    ]
    earlier = v2(5, createTime=CREATED.format(1), tags=tags)
    for given in ((LOG, text(earlier)), (text(earlier), LOG)):
        data = lp.load(*given)
        row = one(data.invocations)
        assert (row["build_id"], row["origin"]) == (logged["id"], "log")
        assert codes(data) == ["tag-copied"]
        assert logged["id"] in data.table("findings")["message"][0]
        assert pd.isna(data.builds.set_index("build_id")["invocation_id"][earlier["id"]])


def test_a_log_that_names_no_build_has_the_one_that_names_it() -> None:
    log = queued(RUNNING, TIMER, DONE)
    for given in ((log, text(v2(1), v2(2))), (text(v2(2), v2(1)), log)):
        data = lp.load(*given)
        row = one(data.invocations)
        assert (row["build_id"], row["origin"], row["status"]) == (v2(2)["id"], "both", "SUCCEEDED")
        assert (row["launch_s"], row["pending_s"], row["run_s"], row["launch_wait_s"]) == (1.0, 3.0, 4.0, 2.0)
        assert codes(data) == ["tag-copied"]


def test_a_build_of_another_job_with_the_same_id_is_another_invocation() -> None:
    other = v2(1)
    other["tags"] = [other["tags"][0], {"key": "scheduler_job_id", "value": "acme/other"}]
    data = lp.load(LOG, text(other))
    assert sorted(data.invocations["job_id"]) == ["acme/other", "acme/probe-linux"]
    assert codes(data) == []


@pytest.mark.parametrize("value", ["", "1", "x", "99999999999999999999", "8" * 19 + " "])
def test_a_tag_that_is_not_an_id_makes_no_invocation(value: str) -> None:
    data = lp.load(text(v2(1, tags=[{"key": "scheduler_invocation_id", "value": value}])))
    assert (len(data.invocations), len(data.builds), codes(data)) == (0, 1, [])
