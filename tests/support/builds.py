"""A build in each dialect of Buildbucket, and its row of the table."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import logparse as lp
from logparse.buildbucket import read_build
from logparse.columns import TABLES
from logparse.tables.rows import build_row


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

PARAMETERS = {
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
DETAILS = {
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
    "parameters_json": json.dumps(PARAMETERS),
    "result_details_json": json.dumps(DETAILS),
    "tags": ["builder:probe-linux", "parent_buildbucket_id:8967400000000000001"],
}


def v2(status: str, **more: Any) -> tuple[str | None, str | None]:
    found = build({"id": "1", "status": status, **more})
    return found.infra_reason, found.error
