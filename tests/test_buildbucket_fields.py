"""The field table: one rich build of each dialect, every column, every spelling."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import logparse as lp
from logparse.buildbucket import FIELDS, Field, read_build, values
from logparse.buildbucket.builds import Dialect
from logparse.columns import TABLES
from logparse.tables import build_row

CASES = Path(__file__).parent / "data" / "cases"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def build(value: dict[str, Any]) -> lp.Build:
    found = read_build(value)
    assert found is not None
    return found


def row(value: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a build, its JSON decoded."""
    made = build_row(build(value), None)
    kinds = {c.name: c.type for c in TABLES["builds"]}
    return {n: json.loads(v) if kinds[n] == "json" and v is not None else v for n, v in made.items()}


V2: dict[str, Any] = {
    "id": "8746163838866423807",
    "builder": {"project": "acme", "bucket": "ci", "builder": "probe-linux"},
    "number": 5,
    "createdBy": "project:acme",
    "canceledBy": "user:dev@acme.example",
    "createTime": "2024-06-03T09:00:02.25Z",
    "startTime": "2024-06-03T09:00:05Z",
    "endTime": "2024-06-03T10:00:05Z",
    "updateTime": "2024-06-03T10:00:06Z",
    "status": "INFRA_FAILURE",
    "summaryMarkdown": "\n  **stopped** after an hour \nsecond line",
    "cancellationMarkdown": "no longer needed\n",
    "critical": "NO",
    "statusDetails": {"timeout": {}},
    "schedulingTimeout": "21600s",
    "executionTimeout": "3000.5s",
    "ancestorIds": ["8746163838866420001", "8746163838866420002"],
    "viewUrl": "https://ci.acme.example/b/8746163838866423807",
    "exe": {"cipdPackage": "acme/recipes"},
    "tags": [{"key": "scheduler_job_id", "value": "acme/probe"}, {"key": "a", "value": "b:c"}],
    "input": {
        "properties": {"recipe": "probe", "depth": 3},
        "gitilesCommit": {"host": "g.example", "project": "src", "id": "f" * 40, "ref": "refs/heads/main"},
        "experiments": ["luci.use_bbagent"],
    },
    "output": {"properties": {"got_revision": "f" * 40}},
    "infra": {
        "buildbucket": {
            "requestedDimensions": [{"key": "cores", "value": "16"}],
            "agent": {"output": {"totalDuration": "12.75s"}},
        },
        "swarming": {
            "taskId": "5e0f00aa",
            "taskDimensions": [
                {"key": "pool", "value": "acme.ci"},
                {"key": "os", "value": "Ubuntu"},
                {"key": "cores", "value": "16"},
            ],
            "botDimensions": [
                {"key": "id", "value": "vm-1"},
                {"key": "pool", "value": "acme.ci"},
                {"key": "os", "value": "Linux"},
                {"key": "os", "value": "Ubuntu-22.04"},
                {"key": "cpu", "value": "x86-64"},
                {"key": "cores", "value": "16"},
                {"key": "machine_type", "value": "n1"},
                {"key": "zone", "value": "us-a"},
            ],
        },
        "backend": {"config": {"priority": 30.0}},
    },
    "steps": [
        {"name": "a", "status": "SUCCESS", "startTime": "2024-06-03T09:00:06Z", "endTime": "2024-06-03T09:00:08Z"},
        {"name": "a|b", "status": "FAILURE", "summaryMarkdown": "x"},
    ],
}  # fmt: skip
V2_ROW: dict[str, Any] = {
    "build_id": "8746163838866423807",
    "invocation_id": None,
    "build_number": 5,
    "project": "acme",
    "bucket": "ci",
    "builder": "probe-linux",
    "status": "INFRA_FAILURE",
    "created_at": at("2024-06-03T09:00:02.250000"),
    "started_at": at("2024-06-03T09:00:05"),
    "completed_at": at("2024-06-03T10:00:05"),
    "updated_at": at("2024-06-03T10:00:06"),
    "pending_s": 2.75,
    "run_s": 3600.0,
    "bot_id": "vm-1",
    "swarming_task_id": "5e0f00aa",
    "pool": "acme.ci",
    "os": "Ubuntu-22.04",
    "cpu": "x86-64",
    "cores": 16,
    "machine_type": "n1",
    "zone": "us-a",
    "dimensions": {
        "id": ["vm-1"],
        "pool": ["acme.ci"],
        "os": ["Linux", "Ubuntu-22.04"],
        "cpu": ["x86-64"],
        "cores": ["16"],
        "machine_type": ["n1"],
        "zone": ["us-a"],
    },
    "repository": "https://g.example/src",
    "ref": "refs/heads/main",
    "revision": "f" * 40,
    "priority": 30,
    "experiments": ["luci.use_bbagent"],
    "exe": "acme/recipes",
    "created_by": "project:acme",
    "url": "https://ci.acme.example/b/8746163838866423807",
    "summary_markdown": "\n  **stopped** after an hour \nsecond line",
    "properties": {"got_revision": "f" * 40},
    "source": None,
    "error": "**stopped** after an hour",
    "tags": ["scheduler_job_id:acme/probe", "a:b:c"],
    "input_properties": {"recipe": "probe", "depth": 3},
    "requested_pool": "acme.ci",
    "requested_os": "Ubuntu",
    "requested_dimensions": {"cores": ["16"]},
    "infra_reason": "execution_timeout",
    "scheduling_timeout_s": 21600.0,
    "execution_timeout_s": 3000.5,
    # It ran longer than it was allowed to: 3600 / 3000.5.
    "timeout_used": 3600 / 3000.5,
    "setup_s": 12.75,
    "parent_build_id": "8746163838866420002",
    "canceled_by": "user:dev@acme.example",
    "cancel_reason": "no longer needed",
    "critical": False,
}

_PARAMETERS = {
    "builder_name": "probe-linux",
    "properties": {"branch": "refs/heads/main", "repository": "https://g.example/src", "revision": "e" * 40},
    "swarming": {
        "override_builder_cfg": {
            "dimensions": ["pool:acme.ci", "os:Ubuntu-14.04", "120:cores:8"],
            "priority": 25,
            "expiration_secs": 600,
            "execution_timeout_secs": "1200",
        }
    },
}
_DETAILS = {
    "properties": {"got_revision": "e" * 40, "buildnumber": 7.0},
    "error": {"message": "\nthe task timed out\n"},
    "ui": {"info": "not this"},
    "swarming": {
        "task_result": {
            "bot_id": "vm-7",
            "task_id": "38d0000000000010",
            "state": "TIMED_OUT",
            "bot_dimensions": [
                {"key": "id", "value": ["vm-7"]},
                {"key": "pool", "value": ["acme.ci"]},
                {"key": "os", "value": ["Linux", "Ubuntu-14.04"]},
                {"key": "cpu", "value": ["x86"]},
                {"key": "cores", "value": ["8"]},
                {"key": "machine_type", "value": ["n1"]},
                {"key": "zone", "value": ["us", "us-a"]},
            ],
        }
    },
}
V1: dict[str, Any] = {
    "id": "8967400000000000016",
    "project": "acme",
    "bucket": "luci.acme.ci",
    "status": "COMPLETED",
    "result": "CANCELED",
    "cancelation_reason": "TIMEOUT",
    "url": "https://ci.acme.example/b/8967400000000000016",
    "created_by": "user:dev@acme.example",
    "created_ts": "1506353897000000",
    "started_ts": "1506353899500000",
    "completed_ts": "1506354199500000",
    "updated_ts": "1506354200000000",
    "parameters_json": json.dumps(_PARAMETERS),
    "result_details_json": json.dumps(_DETAILS),
    "tags": ["builder:probe-linux", "parent_buildbucket_id:8967400000000000001"],
}
V1_ROW: dict[str, Any] = {
    "build_id": "8967400000000000016",
    "invocation_id": None,
    "build_number": 7,
    "project": "acme",
    "bucket": "luci.acme.ci",
    "builder": "probe-linux",
    "status": "INFRA_FAILURE",
    "created_at": at("2017-09-25T15:38:17"),
    "started_at": at("2017-09-25T15:38:19.500000"),
    "completed_at": at("2017-09-25T15:43:19.500000"),
    "updated_at": at("2017-09-25T15:43:20"),
    "pending_s": 2.5,
    "run_s": 300.0,
    "bot_id": "vm-7",
    "swarming_task_id": "38d0000000000010",
    "pool": "acme.ci",
    "os": "Ubuntu-14.04",
    "cpu": "x86",
    "cores": 8,
    "machine_type": "n1",
    "zone": "us-a",
    "dimensions": {
        "id": ["vm-7"],
        "pool": ["acme.ci"],
        "os": ["Linux", "Ubuntu-14.04"],
        "cpu": ["x86"],
        "cores": ["8"],
        "machine_type": ["n1"],
        "zone": ["us", "us-a"],
    },
    "repository": "https://g.example/src",
    "ref": "refs/heads/main",
    "revision": "e" * 40,
    "priority": 25,
    "experiments": [],
    "exe": None,
    "created_by": "user:dev@acme.example",
    "url": "https://ci.acme.example/b/8967400000000000016",
    "summary_markdown": None,
    "properties": _DETAILS["properties"],
    "source": None,
    "error": "the task timed out",
    "tags": ["builder:probe-linux", "parent_buildbucket_id:8967400000000000001"],
    "input_properties": _PARAMETERS["properties"],
    "requested_pool": "acme.ci",
    "requested_os": "Ubuntu-14.04",
    "requested_dimensions": {"pool": ["acme.ci"], "os": ["Ubuntu-14.04"], "cores": ["8"]},
    "infra_reason": "execution_timeout",
    "scheduling_timeout_s": 600.0,
    "execution_timeout_s": 1200.0,
    "timeout_used": 0.25,
    "setup_s": None,
    "parent_build_id": "8967400000000000001",
    "canceled_by": None,
    "cancel_reason": "TIMEOUT",
    "critical": None,
}


@pytest.mark.parametrize(("value", "expected"), [(V2, V2_ROW), (V1, V1_ROW), ({"build": V1}, V1_ROW)])
def test_every_column(value: dict[str, Any], expected: dict[str, Any]) -> None:
    found = row(value)
    assert {name: found[name] for name in expected} == expected


def test_the_table_fills_every_field_of_the_record() -> None:
    filled = {field.name.partition(".")[0] for field in FIELDS}
    assert filled == set(lp.Build.__struct_fields__) - {
        *("source", "source_line", "version", "origin", "repeats"),
    }


def test_the_steps() -> None:
    first, second = build(V2).steps
    assert (first.name, first.status, first.duration_s) == ("a", "SUCCESS", 2.0)
    assert (second.parent, second.status, second.summary_markdown) == ("a", "FAILURE", "x")


def test_a_field_is_one_row() -> None:
    """A new row reads both dialects, in both spellings, at any depth."""
    grace = Field("grace_s", "parameters_json.grace_secs", "infra.agentInfo.gracePeriod", values.duration_s)
    v1, v2 = Dialect((*FIELDS, grace), 1), Dialect((*FIELDS, grace), 2)
    assert v1.read({"id": "1", "parameters_json": {"grace_secs": 30}})["grace_s"] == 30.0
    assert v2.read({"id": "1", "infra": {"agentInfo": {"gracePeriod": "1.5s"}}})["grace_s"] == 1.5
    assert v2.read({"id": "1", "infra": {"agent_info": {"grace_period": "1.5s"}}})["grace_s"] == 1.5


# --- spellings --------------------------------------------------------------------------------

STATUS_NUMBERS = {"SUCCESS": 12, "FAILURE": 20, "INFRA_FAILURE": 36}
#: Objects whose keys the build's owner chose: protobuf does not spell them.
FREE = {"properties"}


def snake(key: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)


def respelled(value: Any, spell: Any, numbers: bool, strings: bool) -> Any:
    """Return a build of version 2 as another protobuf writer would write it."""
    if isinstance(value, list):
        return [respelled(v, spell, numbers, strings) for v in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, inner in value.items():
        made = inner if key in FREE else respelled(inner, spell, numbers, strings)
        if numbers and key == "status":
            made = STATUS_NUMBERS[inner]
        elif numbers and key == "critical":
            made = 2
        elif key in ("id", "number") and str(inner).isdigit():
            made = str(inner) if strings else int(inner)
        out[spell(key)] = made
    return out


@given(st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["bare", "wrapped", "large"]))
def test_spellings_give_equal_records(snakes: bool, numbers: bool, strings: bool, wrap: str) -> None:
    value = respelled(V2, snake if snakes else str, numbers, strings)
    if wrap != "bare":
        value = {"build": value, **({"buildLargeFields": "eJwDAAAAAAE="} if wrap == "large" else {})}
    assert build(json.loads(json.dumps(value))) == build(V2)


def test_the_wrapper_does_not_decide_the_dialect() -> None:
    assert build({"build": V2}) == build(V2)
    assert build(V1) == build({"build": V1})
    sparse = {
        "id": "8967400000000000016",
        "bucket": "luci.acme.ci",
        "status": "SCHEDULED",
        "tags": ["builder:x"],
    }
    assert (build(sparse).bucket, build(sparse).builder, build(sparse).status) == (
        "luci.acme.ci",
        "x",
        "SCHEDULED",
    )


@pytest.mark.parametrize(
    ("written", "status"),
    [(1, "SCHEDULED"), (2, "STARTED"), (12, "SUCCESS"), ("20", "FAILURE"), (36, "INFRA_FAILURE"),
     (68, "CANCELED"), ("CANCELED", "CANCELED"), (0, None), ("STATUS_UNSPECIFIED", None), (99, "99")],
)  # fmt: skip
def test_statuses(written: Any, status: str | None) -> None:
    assert build({"id": "1", "status": written}).status == status
    assert build({"id": "1", "steps": [{"status": written}]}).steps[0].status == status


@pytest.mark.parametrize(
    ("written", "critical"),
    [("YES", True), (1, True), ("NO", False), (2, False), ("UNSET", None), (0, None), (False, False)],
)
def test_critical(written: Any, critical: bool | None) -> None:
    assert build({"id": "1", "critical": written}).critical is critical


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("21600s", 21600.0), ("1.5s", 1.5), ("0.000000001s", 1e-9), (30, 30.0), ("600", 600.0), ("0s", None), (0, None),
     ({"seconds": "90", "nanos": 500_000_000}, 90.5), ("6h", None), ("1" * 5_000 + "s", None), (True, None), ([], None)],
)  # fmt: skip
def test_durations(written: Any, seconds: float | None) -> None:
    assert build({"id": "1", "executionTimeout": written}).execution_timeout_s == seconds


@pytest.mark.parametrize(
    "zero", ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z", "0001-01-01T00:00:00Z", "0001-12-31T00:00:00Z",
             "0", 0, "", "-62135596800000000", {"seconds": "0"}, {}]
)  # fmt: skip
def test_zero_times_are_unset(zero: Any) -> None:
    times = {"createTime": zero, "startTime": zero, "endTime": zero, "updateTime": zero}
    step = {"name": "a", "startTime": zero, "endTime": "2024-06-03T09:00:05Z"}
    for found in (
        build({"id": "1", **times, "steps": [step]}),
        build({"id": "1", "created_ts": zero, "started_ts": zero, "completed_ts": zero, "updated_ts": zero}),
    ):
        assert (found.created_at, found.started_at, found.completed_at, found.updated_at) == (None,) * 4
        assert [(s.started_at, s.duration_s) for s in found.steps] in ([], [(None, None)])


@pytest.mark.parametrize(
    "written", ["2024-06-03 09:00:05 UTC", "2024-06-03 09:00:05+00:00", {"seconds": 1717405205}]
)
def test_times_of_other_writers(written: Any) -> None:
    assert build({"id": "1", "start_time": written}).started_at == at("2024-06-03T09:00:05")


# --- why a build failed -----------------------------------------------------------------------


def v2(status: str, **more: Any) -> tuple[str | None, str | None]:
    found = build({"id": "1", "status": status, **more})
    return found.infra_reason, found.error


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (v2("INFRA_FAILURE", statusDetails={"resourceExhaustion": {}, "timeout": {}}),
         ("no_bot_in_time", "no bot took the build before its scheduling timeout")),
        (v2("INFRA_FAILURE", status_details={"resource_exhaustion": {}}, summaryMarkdown="no bot"),
         ("no_bot_in_time", "no bot")),
        (v2("FAILURE", statusDetails={"timeout": {}}), ("execution_timeout", "the build ran until its execution timeout")),
        (v2("FAILURE", summaryMarkdown="\n\n 1 test failed \nmore"), (None, "1 test failed")),
        (v2("CANCELED", cancellationMarkdown="not needed", summaryMarkdown="1 test failed"), ("canceled", "not needed")),
        (v2("INFRA_FAILURE", cancellationMarkdown="not needed", summaryMarkdown="bot died"), ("other", "bot died")),
        (v2("INFRA_FAILURE"), ("other", None)),
        (v2("SUCCESS", summaryMarkdown="fine", statusDetails={"timeout": {}}), (None, None)),
        (v2("STARTED", summaryMarkdown="step 3 of 4"), (None, None)),
    ],
)  # fmt: skip
def test_reasons(found: tuple[str | None, str | None], expected: tuple[str | None, str | None]) -> None:
    assert found == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # Version 1 wrote TIMEOUT where the build expired before it started.
        ({"result": "CANCELED", "cancelation_reason": "TIMEOUT"}, ("no_bot_in_time", "TIMEOUT")),
        ({"result": "CANCELED", "cancelation_reason": "TIMEOUT", "started_ts": "1506353899500000"}, ("execution_timeout", "TIMEOUT")),
        ({"result": "CANCELED", "cancelation_reason": "CANCELED_EXPLICITLY"}, ("canceled", "CANCELED_EXPLICITLY")),
        ({"result": "FAILURE", "failure_reason": "INFRA_FAILURE"}, ("other", "INFRA_FAILURE")),
        ({"result": "FAILURE", "failure_reason": "BUILD_FAILURE",
          "result_details_json": '{"ui": {"info": "2 tests failed\\n"}}'}, (None, "2 tests failed")),
        ({"result": "SUCCESS", "result_details_json": '{"ui": {"info": "fine"}}'}, (None, None)),
    ],
)  # fmt: skip
def test_reasons_of_version_1(fields: dict[str, str], expected: tuple[str | None, str | None]) -> None:
    found = build({"id": "1", "status": "COMPLETED", **fields})
    assert (found.infra_reason, found.error) == expected


def test_the_dimensions_that_swarming_tagged() -> None:
    tags = ["swarming_dimension:os:Windows-7", "swarming_dimension:pool:Chrome", "swarming_tag:os:not this"]
    found = build({"id": "1", "created_ts": "1", "tags": tags})
    assert found.requested_dimensions == {"os": ["Windows-7"], "pool": ["Chrome"]}
    assert (found.requested_os, found.requested_pool) == ("Windows-7", "Chrome")


def test_the_backend_of_newer_builds() -> None:
    infra = {
        "backend": {
            "config": {"priority": 40},
            "task": {
                "id": {"id": "61c0", "target": "swarming://x"},
                "details": {"bot_dimensions": {"id": ["vm-8"]}},
            },
            "taskDimensions": [{"key": "pool", "value": "p"}],
        }
    }
    found = build({"id": "1", "infra": infra})
    assert (found.priority, found.swarming_task_id, found.requested_pool) == (40, "61c0", "p")
    assert found.bot == lp.Bot(id="vm-8", dimensions={"id": ["vm-8"]})
    infra["swarming"] = {"priority": 30, "taskId": "5e0f"}
    assert (
        build({"id": "1", "infra": infra}).priority,
        build({"id": "1", "infra": infra}).swarming_task_id,
    ) == (30, "5e0f")


def test_what_is_unknown_is_null() -> None:
    found = row({"id": "1"})
    new = [f.name for f in FIELDS if f.name in found]
    known = {name: found[name] for name in new if found[name] is not None}
    assert known == {"experiments": [], "properties": {}}
    assert build({"id": "1", "number": 0, "infra": {"swarming": {"priority": 0}}}).number is None
    assert (
        build(
            {"id": "1", "created_ts": "1", "result_details_json": '{"properties": {"buildnumber": 0}}'}
        ).number
        == 0
    )


def test_invocations_have_the_columns_of_their_build() -> None:
    from logparse.tables import invocation_row

    invocation = lp.Invocation(build=build(V2), run_s=1500.25)
    found = invocation_row(invocation)
    shared = [
        *("error", "tags", "input_properties", "requested_pool", "requested_os", "requested_dimensions"),
        *("infra_reason", "scheduling_timeout_s", "execution_timeout_s", "timeout_used", "setup_s"),
        *("parent_build_id", "canceled_by", "cancel_reason", "critical"),
    ]
    for name in shared:
        expected = 0.5 if name == "timeout_used" else V2_ROW[name]
        value = (
            msgspec.json.decode(found[name])
            if name in ("tags", "input_properties", "requested_dimensions")
            else found[name]
        )
        assert value == expected, name
    assert all(invocation_row(lp.Invocation())[name] is None for name in shared)
