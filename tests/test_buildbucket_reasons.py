"""Why a build failed, and its backend."""

from __future__ import annotations

import pytest
from builds import build, row, v2

import logparse as lp
from logparse.buildbucket import FIELDS


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
