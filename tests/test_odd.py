"""Odd values: kept where they stand, named by a finding, and out of every statistic."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import logparse as lp
from logparse import metrics, plots
from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.records.odd import MOST_S, is_lost_number, is_odd_duration, odd_values, without_odd

mpl.use("agg")

CASES = Path(__file__).parent / "data" / "cases"
HUGE = CASES / "huge_numbers.log"
NOON = datetime(2020, 5, 1, 12, tzinfo=UTC)
YEAR_S = 365.25 * 86_400


@pytest.mark.parametrize(
    ("seconds", "odd"),
    [
        (None, False),
        (0.0, False),
        (-1.0, False),
        (-1.000001, True),
        (-YEAR_S, True),
        (10 * YEAR_S, False),
        (10 * YEAR_S + 1, True),
        (3.6e20, True),
    ],
)
def test_durations(seconds: float | None, odd: bool) -> None:
    assert is_odd_duration(seconds) == odd


def build(**times: Any) -> lp.Build:
    return lp.Build(id="1", **times)


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (build(created_at=NOON, started_at=NOON, completed_at=NOON), []),
        (build(created_at=NOON, started_at=NOON - timedelta(milliseconds=900)), []),
        (build(created_at=NOON, started_at=NOON - timedelta(seconds=2)), ["pending_s"]),
        (build(started_at=NOON, completed_at=NOON - timedelta(days=365)), ["run_s"]),
        (build(started_at=NOON, completed_at=NOON + timedelta(days=4000)), ["run_s"]),
        (build(updated_at=datetime(2009, 12, 31, tzinfo=UTC)), ["updated_at"]),
        (build(updated_at=datetime(2010, 1, 1, tzinfo=UTC)), []),
        (
            lp.Build(id="1", steps=[lp.Step(index=3, name="x", duration_s=-5.0, started_at=NOON)]),
            ["step 3 duration_s"],
        ),
    ],
)
def test_odd_values_of_a_build(record: lp.Build, names: list[str]) -> None:
    assert [odd.name for odd in odd_values(record)] == names


def test_a_number_that_no_column_holds() -> None:
    assert is_lost_number(build(), {"number": 2**63})
    assert is_lost_number(build(), {"build": {"number": str(10**30)}})
    assert is_lost_number(lp.Build(id="1", properties={"buildnumber": 1e40}), {})
    assert not is_lost_number(build(), {"number": 5})
    assert not is_lost_number(build(), {})
    assert not is_lost_number(lp.Build(id="1", number=7), {"number": 7})


# --- the cases --------------------------------------------------------------------------------


def test_huge_numbers_are_kept_and_named() -> None:
    """Created 2020, started 6026, ended 2020; 99999999999999999 hours; attempt 999999999999999999."""
    found = lp.parse(HUGE)
    assert found.duration_s == 99999999999999999 * 3600.0
    assert found.run_s is not None
    assert found.run_s < -4000 * YEAR_S
    assert found.attempt_count is None
    messages = " | ".join(f.message for f in found.findings if f.code == "odd-value")
    assert "run_s is impossible" in messages
    assert "the build ends before it starts" in messages
    assert "pending_s is impossible" in messages
    assert "duration_s is impossible" in messages
    assert "999999999999999999 is not a possible number of an attempt" in messages
    assert lp.load(HUGE).invocations["odd"].tolist() == [3]


def test_a_build_that_ends_before_it_starts(cli: Callable[..., Any]) -> None:
    path = CASES / "build_ends_before_it_starts.json"
    done = cli("check", path)
    assert "run_s is impossible: -31536000 s, the build ends before it starts" in done.out
    assert "nothing contradicts" not in done.out
    assert done.code == 0
    told = json.loads(cli("summarize", path, "--format", "json", "--by", "bot").out)
    assert (told["totals"]["odd"], told["totals"]["busy_s"], told["totals"]["run_max_s"]) == (1, None, None)
    assert "1 impossible value left out" in cli("summarize", path).out


def test_no_command_fails_on_huge_numbers(cli: Callable[..., Any], tmp_path: Path) -> None:
    assert "nothing contradicts" not in cli("check", HUGE).out
    assert "3 impossible values" in cli("summarize", HUGE).out
    for arguments in (["show", HUGE], ["summarize", HUGE, "--by", "day"], ["summarize", HUGE, HUGE]):
        assert cli(*arguments).code == 0
    assert cli("export", HUGE, "--table", "all", "-o", tmp_path / "out").code == 0


# --- statistics -------------------------------------------------------------------------------


def row(name: str, run_s: float | None, **more: Any) -> dict[str, Any]:
    known = {"invocation_id": name, "job_id": "p/j", "status": "SUCCEEDED", "source": "x.log", "run_s": run_s}
    return {**known, "created_at": NOON, "finished_at": NOON + timedelta(hours=1), "odd": 0, **more}


def test_odd_values_are_out_of_statistics_and_their_rows_still_count() -> None:
    """Runs of 100 s and 300 s, one of −1 year and one of 4,000 years: the mean is 200 s."""
    rows = [
        row("1", 100.0, queue_latency_s=5.0),
        row("2", 300.0, queue_latency_s=-3.0),
        row("3", -YEAR_S, status="FAILED", odd=1),
        row(
            "4", 4000 * YEAR_S, queue_latency_s=4000 * YEAR_S, odd=2, finished_at=NOON + timedelta(days=9000)
        ),
    ]
    data = frame(rows, TABLES["invocations"])
    (found,) = metrics.group_by(data, "job").to_dict("records")
    assert (found["invocations"], found["succeeded"], found["failed"], found["odd"]) == (4, 3, 1, 3)
    assert (found["busy_s"], found["run_mean_s"], found["run_p50_s"], found["run_max_s"]) == (
        400,
        200,
        200,
        300,
    )
    # A queue latency between two machines' clocks can be a little negative.
    assert (found["queue_latency_mean_s"], found["queue_latency_max_s"]) == (1.0, 5.0)
    assert found["last_seen"] == NOON + timedelta(hours=1)
    assert data["run_s"].tolist() == [100.0, 300.0, -YEAR_S, 4000 * YEAR_S]


def test_a_time_before_buildbucket_is_never_the_first_seen() -> None:
    rows = [row("1", 1.0), row("2", 1.0, created_at=datetime(1999, 1, 1, tzinfo=UTC), odd=1)]
    (found,) = metrics.totals(frame(rows, TABLES["invocations"])).to_dict("records")
    assert (found["first_seen"], found["odd"], found["invocations"]) == (NOON, 1, 2)


def test_frames_without_odd_values_are_equal() -> None:
    data = frame([row("1", 100.0), row("2", None)], TABLES["invocations"])
    assert without_odd(data).equals(data)
    assert MOST_S == 10 * YEAR_S


def test_charts_leave_odd_values_out() -> None:
    rows = [row("1", 100.0, duration_s=200.0), row("2", 4000 * YEAR_S, duration_s=4000 * YEAR_S, odd=2)]
    data = frame(rows, TABLES["invocations"])
    assert plots.latency_distribution(data, metric="run_s", by="job").get_xlim()[1] < 1000
    assert plots.phase_breakdown(data).get_xlim()[1] < 1000
    plots.phases(lp.parse(HUGE))
