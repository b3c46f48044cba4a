"""Why invocations and builds failed: a hand-made fleet, normal errors, the command."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from commands import LOGS

import logparse as lp
from logparse.analysis import failures, near_timeout
from logparse.analysis.failures import CAUSES, FAILURES, NEAR, normal_error
from logparse.batches.arrow import frame
from logparse.columns import TABLES

START = datetime(2020, 11, 17, 4, tzinfo=UTC)


def runs(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table of invocations that failed, an hour apart, each for an hour."""
    made = []
    for number, row in enumerate(rows):
        common = {
            "invocation_id": str(number),
            "created_at": START + timedelta(hours=number),
            "status": "FAILED",
            "run_s": 3_600.0,
            "builder_id": "p/ci/b",
            "bot_id": "one",
        }
        made.append({**common, **row})
    return frame(made, TABLES["invocations"])


def builds(*rows: dict[str, Any]) -> pd.DataFrame:
    made = [
        {"build_id": str(n), "created_at": START, "builder_id": "p/ci/b", **row} for n, row in enumerate(rows)
    ]
    return frame(made, TABLES["builds"])


def causes(found: pd.DataFrame) -> list[tuple[str, str | None, int]]:
    return [
        (row["cause"], None if pd.isna(row["detail"]) else row["detail"], row["failed"])
        for row in found.to_dict("records")
    ]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"status": "OVERRUN"}, ("overrun", None)),
        ({"status": "ABORTED", "aborted_by": "user:a", "build_status": "CANCELED"}, ("aborted", "user:a")),
        ({"infra_reason": "no_bot_in_time", "build_status": "INFRA_FAILURE"}, ("no_bot_in_time", None)),
        ({"infra_reason": "execution_timeout", "build_status": "FAILURE"}, ("execution_timeout", None)),
        (
            {"infra_reason": "canceled", "build_status": "CANCELED", "canceled_by": "user:b"},
            ("canceled", "user:b"),
        ),
        ({"build_status": "CANCELED"}, ("canceled", None)),
        ({"build_status": "INFRA_FAILURE", "error": "no disk 12"}, ("infrastructure", "no disk #")),
        ({"infra_reason": "other", "build_status": "FAILURE"}, ("infrastructure", None)),
        ({"build_status": "FAILURE", "error": "3 tests failed"}, ("build", "# tests failed")),
        ({"error": "context deadline exceeded"}, ("launch", "context deadline exceeded")),
        ({}, ("unknown", None)),
    ],
)
def test_causes(row: dict[str, Any], cause: tuple[str, str | None]) -> None:
    assert causes(failures(runs(row), pd.DataFrame())) == [(*cause, 1)]
    assert cause[0] in CAUSES


def test_alike_failures_are_counted_together() -> None:
    data = runs(
        {
            "build_status": "FAILURE",
            "error": "step 3 failed in 12.5s",
            "bot_id": "one",
            "build_url": "https://b/0",
        },
        {
            "build_status": "FAILURE",
            "error": "step 14 failed in 2s",
            "bot_id": "two",
            "build_url": "https://b/1",
        },
        {"status": "SUCCEEDED"},
        {"error": "rpc failed", "run_s": None, "bot_id": None},
        {"build_status": "FAILURE", "error": "step 5 failed in 1s", "builder_id": "p/ci/c", "run_s": 1e12},
    )
    found = failures(data, pd.DataFrame())
    assert [*found.columns] == [column.name for column in FAILURES]
    assert causes(found) == [("build", "step # failed in #", 3), ("launch", "rpc failed", 1)]
    first = found.iloc[0]
    # The impossible duration of the last one is left out.
    assert (first["share"], first["bot_hours"], first["builders"], first["bots"]) == (0.75, 2.0, 2, 2)
    assert first["first_seen"] == pd.Timestamp(START)
    assert first["last_seen"] == pd.Timestamp(START + timedelta(hours=4))
    assert first["example"] == "4"
    assert found.iloc[1]["bot_hours"] == 0.0


def test_builds_without_an_invocation_count_once() -> None:
    data = runs({"build_id": "0", "build_status": "FAILURE", "error": "x"})
    alone = builds(
        {"status": "FAILURE", "error": "x", "invocation_id": None},
        {"status": "FAILURE", "error": "x", "run_s": 1_800.0, "url": "https://b/1"},
        {"status": "CANCELED", "infra_reason": "canceled", "canceled_by": "user:a"},
        {"status": "SUCCESS"},
        {"status": "FAILURE", "invocation_id": "9"},
    )
    found = failures(data, alone)
    assert causes(found) == [("build", "x", 2), ("canceled", "user:a", 1)]
    assert found.iloc[0]["bot_hours"] == 1.5


def test_normal_errors() -> None:
    assert normal_error("rpc 0xdeadbeef at 10.0.0.1:443 took 1.5s") == "rpc # at #:# took #"
    assert normal_error("commit 65604f9d2198c16e03b36e59ceddd2ff814aacf8\nis  bad") == "commit # is bad"
    # Names that hold digits stay.
    assert normal_error("win10 and linux-x64 failed") == "win10 and linux-x64 failed"
    assert normal_error(None) is None
    assert normal_error("x" * 300) == "x" * 99 + "…"


def test_near_their_timeout() -> None:
    found = near_timeout(
        builds(
            {"run_s": 90.0, "execution_timeout_s": 100.0, "timeout_used": 0.9, "url": "https://b/0"},
            {"run_s": 10.0, "execution_timeout_s": 100.0, "timeout_used": 0.1},
            {"run_s": 80.0, "execution_timeout_s": 100.0, "timeout_used": 0.8, "builder_id": "p/ci/other"},
            {"run_s": 50.0},
        )
    )
    assert [*found.columns] == [column.name for column in NEAR]
    assert found.to_dict("records") == [
        {
            "builder_id": "p/ci/b",
            "builds": 2,
            "near": 1,
            "timeout_used_max": 0.9,
            "execution_timeout_s": 100.0,
            "example": "https://b/0",
        }
    ]


def test_no_failures_and_another_table() -> None:
    assert failures(pd.DataFrame(), pd.DataFrame()).empty
    assert near_timeout(pd.DataFrame()).empty
    with pytest.raises(lp.UsageError):
        failures(builds(), builds())


def test_the_command(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    data = lp.load(LOGS / "v1-2020-11")
    expected = failures(data.invocations, data.builds)
    done = cli("failures", LOGS / "v1-2020-11")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{int(expected['failed'].sum())} of {len(data.invocations)} runs failed")
    assert max(map(len, lines)) <= 80
    rows = csv.DictReader(io.StringIO(cli("failures", LOGS / "v1-2020-11", "--format", "csv").out))
    assert [(row["cause"], int(row["failed"])) for row in rows] == [
        (row["cause"], row["failed"]) for row in expected.to_dict("records")
    ]
    states = data.invocations["status"].isin(["FAILED", "ABORTED", "OVERRUN"])
    assert int(expected["failed"].sum()) == int(states.sum())
