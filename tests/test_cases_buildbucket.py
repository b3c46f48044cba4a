"""Given cases of files of builds."""

from __future__ import annotations

import pandas as pd
import pytest
from build_files import CASES, load, problems

import logparse as lp


def case(name: str) -> lp.Dataset:
    data = load((CASES / f"{name}.json").read_text(encoding="utf-8") + "\n")
    return data


def by_id(data: lp.Dataset) -> pd.DataFrame:
    return data.builds.set_index("build_id")


def test_case_batch_response() -> None:
    data = case("batch-response")
    assert dict(by_id(data)["status"]) == {"8753000000000000001": "SUCCESS", "8753000000000000002": "FAILURE"}
    assert problems(data) == [(43, "holds a failed request (code 5: requested resource not found)")]


@pytest.mark.parametrize("name", ["snake-case", "v2-build-in-wrapper"])
def test_case_of_another_spelling(name: str) -> None:
    data = case(name)
    row = by_id(data).loc["8753000000000000001"]
    assert data.failures == []
    assert (row["project"], row["bucket"], row["builder"]) == ("acme", "ci", "probe-linux")
    assert row["created_at"] == pd.Timestamp("2024-03-05T10:00:00Z")
    assert (row["pending_s"], row["run_s"], row["bot_id"]) == (10.0, 300.0, "vm-acme-1")


def test_case_v1_bot_in_task_result() -> None:
    row = by_id(case("v1-bot-in-task-result")).loc["8967400000000000016"]
    assert (row["bot_id"], row["pool"], row["os"]) == ("vm-acme-7", "acme.ci", "Ubuntu-14.04")
    assert (row["cores"], row["zone"]) == (8, "us-central1-b")


def test_case_broken_in_array() -> None:
    data = case("broken-in-array")
    assert list(by_id(data).index) == [f"875300000000000000{n}" for n in (1, 3, 4)]
    assert problems(data) == [(39, "holds broken JSON (Expecting value in line 46)")]


def test_case_fields_without_builder() -> None:
    data = case("fields-without-builder")
    row = by_id(data).loc["8753000000000000002"]
    assert (len(data.builds), data.failures) == (2, [])
    assert row["run_s"] == 300.0
    assert pd.isna(row["builder"])


def test_case_unset_times() -> None:
    data = case("unset-times")
    builds = by_id(data)
    assert pd.isna(builds["started_at"].iloc[0])
    assert pd.isna(builds["completed_at"].iloc[1])
    assert builds["run_s"].dropna().to_dict() == {"8753000000000000004": 300.0}
    assert builds["pending_s"].dropna().to_dict() == {
        "8753000000000000002": 10.0,
        "8753000000000000004": 10.0,
    }
