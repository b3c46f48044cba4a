"""Every field of a build, in both dialects of Buildbucket."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from builds import DETAILS, PARAMETERS, V1, V2, at, build, row

import logparse as lp
from logparse.buildbucket import FIELDS, Field, values
from logparse.buildbucket.builds import Dialect

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
    "properties": DETAILS["properties"],
    "source": None,
    "error": "the task timed out",
    "tags": ["builder:probe-linux", "parent_buildbucket_id:8967400000000000001"],
    "input_properties": PARAMETERS["properties"],
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


def test_invocations_have_the_columns_of_their_build() -> None:
    from logparse.tables.rows import invocation_row

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
