"""Buildbucket's and Swarming's JSON in both dialects, with fields of any type and fields that are missing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import logparse as lp
from logparse.buildbucket import (
    answer_clock_us,
    answer_updated_us,
    decode_payload,
    read_build,
    read_request,
    read_swarming_task,
    status_in_v2,
)
from logparse.records import SwarmingTask
from logparse.values.clock import from_datetime, parse_rfc3339, to_datetime

BUILD = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def build(value: dict[str, Any]) -> lp.Build:
    found = read_build(value)
    assert found is not None
    return found


# --- payloads ---------------------------------------------------------------------------------


def test_a_payload_and_the_text_behind_it() -> None:
    assert decode_payload('{"a": 1}') == ({"a": 1}, None, "")
    assert decode_payload('\n {"a": 1}\n\nRight footer\n') == ({"a": 1}, None, "Right footer")
    assert decode_payload("{}") == ({}, None, "")


@pytest.mark.parametrize(
    "text", ["", " ", "{", '{"a": }', "nothing", '{"a": "\n', "{" * 100_000, "[" * 100_000]
)
def test_what_is_no_json_says_so(text: str) -> None:
    value, error, tail = decode_payload(text)
    assert (value, tail) == (None, "")
    assert error
    assert "\n" not in error


@pytest.mark.parametrize("text", ["[]", "1", "null", '"x"', "true"])
def test_json_that_is_no_object(text: str) -> None:
    assert decode_payload(text) == (None, "JSON, but no object", "")


@given(st.text())
def test_no_payload_raises(text: str) -> None:
    decode_payload(text)


# --- times ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-11-17T04:34:00.42663Z", "2020-11-17T04:34:00.426630"),
        ("2020-11-17T04:34:00Z", "2020-11-17T04:34:00"),
        ("2020-11-17t04:34:00z", "2020-11-17T04:34:00"),
        ("2020-11-17 04:34:00", "2020-11-17T04:34:00"),
        ("2020-11-17T04:34:00.123456789Z", "2020-11-17T04:34:00.123457"),
        ("2020-11-17T06:34:00+02:00", "2020-11-17T04:34:00"),
        ("2020-11-16T23:04:00-0530", "2020-11-17T04:34:00"),
        ("2020-02-29T00:00:00Z", "2020-02-29T00:00:00"),
    ],
)
def test_times(text: str, moment: str) -> None:
    assert to_datetime(parse_rfc3339(text)) == at(moment)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2021-02-29T00:00:00Z", "2020-13-01T00:00:00Z", "2020-11-17"]
)
def test_no_times(text: str) -> None:
    assert parse_rfc3339(text) is None


def test_times_out_of_any_calendar() -> None:
    assert to_datetime(None) is None
    assert to_datetime(10**20) is None
    assert to_datetime(-(10**20)) is None
    assert build({"id": "1", "created_ts": "9" * 19}).created_at is None


# --- outcomes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "result", "failure", "cancelation", "expected"),
    [
        ("SCHEDULED", "", "", "", "SCHEDULED"),
        ("STARTED", "", "", "", "STARTED"),
        ("COMPLETED", "SUCCESS", "", "", "SUCCESS"),
        ("COMPLETED", "FAILURE", "", "", "FAILURE"),
        ("COMPLETED", "FAILURE", "BUILD_FAILURE", "", "FAILURE"),
        ("COMPLETED", "FAILURE", "INFRA_FAILURE", "", "INFRA_FAILURE"),
        ("COMPLETED", "FAILURE", "BUILDBUCKET_FAILURE", "", "INFRA_FAILURE"),
        ("COMPLETED", "FAILURE", "INVALID_BUILD_DEFINITION", "", "INFRA_FAILURE"),
        ("COMPLETED", "CANCELED", "", "CANCELED_EXPLICITLY", "CANCELED"),
        ("COMPLETED", "CANCELED", "", "TIMEOUT", "INFRA_FAILURE"),
        ("COMPLETED", "", "", "", None),
        ("", "", "", "", None),
        (None, None, None, None, None),
    ],
)
def test_version_1_in_version_2s_words(
    status: str | None, result: str | None, failure: str | None, cancelation: str | None, expected: str | None
) -> None:
    assert status_in_v2(status, result, failure, cancelation) == expected


# --- builds -----------------------------------------------------------------------------------

V2: dict[str, Any] = {
    "id": "8849112233445566778",
    "builder": {"project": "chromium", "bucket": "ci", "builder": "linux-rel"},
    "number": 4711,
    "createdBy": "project:chromium",
    "createTime": "2021-06-01T10:00:00.5Z",
    "startTime": "2021-06-01T10:00:10.75Z",
    "endTime": "2021-06-01T10:30:10.75Z",
    "updateTime": "2021-06-01T10:30:11Z",
    "status": "SUCCESS",
    "viewUrl": "https://ci.chromium.org/b/8849112233445566778",
    "summaryMarkdown": "all **well**",
    "exe": {"cipdPackage": "infra/recipe_bundles/x", "cipdVersion": "refs/heads/main"},
    "input": {
        "properties": {"recipe": "chromium"},
        "gitilesCommit": {"host": "g.example", "project": "p/src", "id": "a" * 40, "ref": "refs/heads/main"},
        "experiments": ["luci.buildbucket.use_bbagent", "luci.non_production"],
    },
    "output": {"properties": {"got_revision": "a" * 40}},
    "infra": {
        "swarming": {
            "hostname": "chromium-swarm.appspot.com",
            "taskId": "53b8f7c2a1d0e010",
            "priority": 30,
            "botDimensions": [
                {"key": "id", "value": "vm-7"},
                {"key": "os", "value": "Linux"},
                {"key": "os", "value": "Ubuntu"},
                {"key": "os", "value": "Ubuntu-18.04"},
                {"key": "cores", "value": "16"},
                {"key": "cpu", "value": "x86"},
                {"key": "cpu", "value": "x86-64"},
                {"key": "pool", "value": "luci.chromium.ci"},
                {"key": "machine_type", "value": "n1-standard-16"},
                {"key": "zone", "value": "us"},
                {"key": "zone", "value": "us-central1-b"},
            ],
        }
    },
    "tags": [{"key": "builder", "value": "linux-rel"}, {"key": "a", "value": "b:c"}],
}


def test_a_build_of_version_2() -> None:
    found = build(V2)
    assert (found.id, found.number, found.status, found.final) == (
        "8849112233445566778",
        4711,
        "SUCCESS",
        True,
    )
    assert (found.project, found.bucket, found.builder) == ("chromium", "ci", "linux-rel")
    assert found.created_at == at("2021-06-01T10:00:00.500000")
    assert found.started_at == at("2021-06-01T10:00:10.750000")
    assert found.completed_at == at("2021-06-01T10:30:10.750000")
    assert found.updated_at == at("2021-06-01T10:30:11")
    assert (found.swarming_task_id, found.priority) == ("53b8f7c2a1d0e010", 30)
    assert (found.exe, found.summary_markdown) == ("infra/recipe_bundles/x", "all **well**")
    assert found.experiments == ["luci.buildbucket.use_bbagent", "luci.non_production"]
    assert found.tags == ["builder:linux-rel", "a:b:c"]
    assert found.properties == {"got_revision": "a" * 40}
    assert found.commit == lp.Commit(
        repository="https://g.example/p/src", ref="refs/heads/main", revision="a" * 40
    )
    bot = found.bot
    assert bot is not None
    assert (bot.id, bot.os, bot.cpu, bot.cores) == ("vm-7", "Ubuntu-18.04", "x86-64", 16)
    assert (bot.pool, bot.machine_type, bot.zone) == ("luci.chromium.ci", "n1-standard-16", "us-central1-b")
    assert bot.dimensions["os"] == ["Linux", "Ubuntu", "Ubuntu-18.04"]


def test_the_bot_of_a_task_backend() -> None:
    """Builds that ran through a task backend have their dimensions in its details, lists by key."""
    value = {key: V2[key] for key in ("id", "builder", "status")}
    value["infra"] = {
        "backend": {
            "task": {
                "id": {"id": "61c0ffee00000010", "target": "swarming://chromium-swarm"},
                "details": {"bot_dimensions": {"id": ["vm-8"], "cores": ["8"], "os": ["Mac", "Mac-13.2"]}},
            }
        }
    }
    found = build(value)
    assert found.bot == lp.Bot(
        id="vm-8", dimensions={"id": ["vm-8"], "cores": ["8"], "os": ["Mac", "Mac-13.2"]}
    )
    assert found.bot.os == "Mac-13.2"
    assert found.swarming_task_id == "61c0ffee00000010"


def test_numbers_as_texts_and_texts_as_numbers() -> None:
    value = {**V2, "id": 8849112233445566778, "number": "4711", "createTime": 1622541600500000}
    value["infra"] = {"swarming": {"priority": "30", "botDimensions": {"cores": [16], "id": 7}}}
    found = build(json.loads(json.dumps(value)))
    # 63 bits: a float would end in 6784.
    assert (found.id, found.number, found.priority) == ("8849112233445566778", 4711, 30)
    assert found.created_at == at("2021-06-01T10:00:00.500000")
    assert found.bot is not None
    assert (found.bot.cores, found.bot.id) == (16, "7")
    assert build({"id": "1", "number": 12.0}).number == 12


def test_version_1_numbers() -> None:
    details = {
        "properties": {"buildnumber": 49275.0, "bot_id": "vm-9"},
        "swarming": {"bot_dimensions": {"cores": ["4"]}},
    }
    found = build(
        {
            "build": {
                "id": 8863413050310585040,
                "status": "COMPLETED",
                "result": "SUCCESS",
                "created_ts": 1605587640426630,
                "result_details_json": json.dumps(details),
                "tags": ["build_address:luci.pdfium.ci/win/2079", "swarming_task_id:", "builder:win"],
            }
        }
    )
    assert (found.id, found.number, found.builder) == ("8863413050310585040", 49275, "win")
    assert found.swarming_task_id is None
    assert found.created_at == at("2020-11-17T04:34:00.426630")
    assert found.bot == lp.Bot(id="vm-9", dimensions={"cores": ["4"]})


ODD: list[Any] = [None, True, [], {}, "", "x", -1, 1.5, 10**30, [[]], [None], {"a": []}, "\x00"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_fields_of_another_type_count_as_missing(odd: Any) -> None:
    for key in V2:
        if key != "id":
            found = build({**V2, key: odd})
            assert found.id == V2["id"]
            assert found.status == ("SUCCESS" if key != "status" else found.status)
            for name in ("created_at", "started_at", "completed_at", "updated_at"):
                assert getattr(found, name) is None or isinstance(getattr(found, name), datetime)
    for part in ("swarming", "backend"):
        assert build({**V2, "infra": {part: odd}}).bot is None
    for key in ("parameters_json", "result_details_json", "tags", "created_ts"):
        assert build({"build": {"id": "1", key: odd}}).id == "1"


def test_no_build() -> None:
    nothing: list[dict[str, Any]] = [
        {},
        {"build": {}},
        {"error": {"reason": "x"}},
        {"build": {"id": ""}},
        {"id": None},
        {"build": []},
    ]
    assert [read_build(value) for value in nothing] == [None] * 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*V2, "build", "value", "key"]), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from([*V2, "build", "created_ts", "result_details_json", "steps"]), JSON))
def test_no_json_breaks_a_reader(value: dict[str, Any]) -> None:
    for reader in (read_build, read_request, answer_clock_us, answer_updated_us):
        reader(value)
    read_swarming_task(SwarmingTask(), value)


def test_answers_state_buildbuckets_clock() -> None:
    assert answer_clock_us({"build": {"utcnow_ts": "1605587642118506"}}) == 1605587642118506
    assert answer_clock_us(V2) is None
    assert answer_updated_us({"build": {"updated_ts": "5", "created_ts": "3"}}) == 5
    assert answer_updated_us(V2) == from_datetime(at("2021-06-01T10:30:10.750000"))
    assert answer_updated_us({}) is None


# --- requests ---------------------------------------------------------------------------------


def test_a_request_of_version_2() -> None:
    found = read_request(
        {
            "requestId": "9028843112359765808",
            "builder": {"project": "p", "bucket": "ci", "builder": "Win7 Tests (dbg)(1)"},
            "gitilesCommit": {"host": "h", "project": "x", "id": "f" * 40, "ref": "refs/heads/main"},
            "properties": {
                "$recipe_engine/scheduler": {
                    "triggers": [
                        {
                            "id": "t1",
                            "gitiles": {"repo": "https://h/x", "ref": "r", "revision": "e" * 40},
                            "url": "u",
                        },
                        "no trigger",
                        {"id": "t2", "title": "by hand", "webui": {}},
                    ]
                }
            },
            "tags": [{"key": "scheduler_job_id", "value": "p/Win7 Tests (dbg)(1)"}, {"key": "k"}, 5],
        }
    )
    assert (found.invocation_id, found.job_id) == ("9028843112359765808", "p/Win7 Tests (dbg)(1)")
    assert (found.project, found.bucket, found.builder) == ("p", "ci", "Win7 Tests (dbg)(1)")
    assert found.commit == lp.Commit(repository="https://h/x", ref="refs/heads/main", revision="f" * 40)
    assert found.triggers == [
        lp.Trigger(
            direction="incoming", id="t1", url="u", repository="https://h/x", ref="r", revision="e" * 40
        ),
        lp.Trigger(direction="incoming", id="t2", title="by hand"),
    ]
    assert found.tags == ("scheduler_job_id:p/Win7 Tests (dbg)(1)", "k:")


def test_a_request_that_tells_nothing() -> None:
    nothing: list[dict[str, Any]] = [{}, {"tags": None}, {"builder": []}, {"requestId": "not a number"}]
    for value in nothing:
        found = read_request(value)
        assert (found.invocation_id, found.job_id, found.commit, found.triggers) == (None, None, None, None)


def test_a_commit_of_buildset_tags() -> None:
    found = read_request(
        {
            "client_operation_id": "1",
            "parameters_json": "{}",
            "tags": [
                "buildset:commit/git/abc",
                "buildset:commit/gitiles/h.example/p/src/+/abc",
                "gitiles_ref:refs/x",
            ],
        }
    )
    assert found.commit == lp.Commit(repository="https://h.example/p/src", ref="refs/x", revision="abc")


# --- a real build -----------------------------------------------------------------------------


def test_the_real_build_of_2018() -> None:
    value = json.loads(BUILD.read_text(encoding="utf-8"))
    found = build(value)
    assert (found.id, found.project, found.bucket, found.builder) == (
        value["id"],
        value["builder"]["project"],
        value["builder"]["bucket"],
        value["builder"]["builder"],
    )
    assert found.status == value["status"]
    assert found.number == value.get("number")
    assert len(found.steps) == len(value["steps"])
    for index, (step, raw) in enumerate(zip(found.steps, value["steps"], strict=True)):
        assert (step.index, step.name, step.status) == (index, raw["name"], raw["status"])
        assert step.parent == (raw["name"].rpartition("|")[0] or None)
        assert step.started_at == to_datetime(parse_rfc3339(raw["startTime"]))
        assert step.ended_at == to_datetime(parse_rfc3339(raw["endTime"]))
        assert step.started_at is not None
        assert step.ended_at is not None
        assert step.duration_s == (step.ended_at - step.started_at).total_seconds()
    assert found.bot is not None
    dimensions = value["infra"]["swarming"]["botDimensions"]
    assert sum(map(len, found.bot.dimensions.values())) == len(dimensions)
    assert found.bot.id == next(d["value"] for d in dimensions if d["key"] == "id")
