"""Statistics of invocations: percentiles, success, utilization."""

from __future__ import annotations

import pandas as pd
import pytest
from made import NOON, builds, hours, invocations, one, run

from logparse.metrics import group_by, group_table

# --- statistics --------------------------------------------------------------------------------


def test_percentiles_interpolate_linearly() -> None:
    """Of 10, 20, 30, 40 the p-th percentile stands at 3 p / 100: the 50th at 1.5, which is 25; the 90th at 2.7."""
    row = one(group_by(invocations(*(run(s) for s in (40.0, 10.0, 30.0, 20.0))), "job"))
    assert row["run_mean_s"] == 25.0
    assert row["run_p50_s"] == 25.0
    assert row["run_p75_s"] == pytest.approx(32.5)
    assert row["run_p90_s"] == pytest.approx(37.0)
    assert row["run_p95_s"] == pytest.approx(38.5)
    assert row["run_p99_s"] == pytest.approx(39.7)
    assert row["run_max_s"] == 40.0


def test_one_value_is_every_percentile() -> None:
    row = one(group_by(invocations(run(7.5)), "job"))
    assert {row[f"run_{p}_s"] for p in ("mean", "p50", "p75", "p90", "p95", "p99", "max")} == {7.5}


def test_latencies_have_the_same_statistics() -> None:
    rows = [run(1.0, queue_latency_s=s) for s in (2.0, 4.0, 12.0)]
    row = one(group_by(invocations(*rows), "job"))
    assert (row["queue_latency_mean_s"], row["queue_latency_p50_s"], row["queue_latency_max_s"]) == (
        6.0,
        4.0,
        12.0,
    )
    # Of three values the 75th percentile stands half way between the second and the third.
    assert row["queue_latency_p75_s"] == 8.0


def test_nulls_count_nowhere() -> None:
    row = one(group_by(invocations(run(10.0), run(None), run(20.0), run(None)), "job"))
    assert (row["invocations"], row["run_mean_s"], row["run_p50_s"], row["busy_s"]) == (4, 15.0, 15.0, 30.0)


def test_a_group_without_values_has_nulls_not_zeros() -> None:
    row = one(group_table(invocations(run(None)), builds(), "jobs"))
    for name in (
        "busy_s",
        "utilization",
        "run_mean_s",
        "run_p50_s",
        "run_max_s",
        "queue_latency_p99_s",
        "poll_count",
        "poll_rpc_s",
    ):
        assert pd.isna(row[name]), name
    assert (row["invocations"], row["succeeded"], row["builds"]) == (1, 1, 0)


# --- success -----------------------------------------------------------------------------------


def test_success_rate() -> None:
    """3 succeeded, 1 failed, 1 overran: 3 of 5. What was aborted or has not ended does not count."""
    statuses = ["SUCCEEDED"] * 3 + [
        "FAILED",
        "OVERRUN",
        "ABORTED",
        "ABORTED",
        "RUNNING",
        "STARTING",
        "RETRYING",
        None,
    ]
    row = one(group_by(invocations(*(run(1.0, status=s) for s in statuses)), "job"))
    assert (row["invocations"], row["succeeded"], row["failed"], row["aborted"], row["unfinished"]) == (
        11,
        3,
        2,
        2,
        4,
    )
    assert row["success_rate"] == pytest.approx(0.6)


@pytest.mark.parametrize("statuses", [["ABORTED"], ["RUNNING", None]])
def test_no_rate_where_nothing_was_decided(statuses: list[str | None]) -> None:
    row = one(group_by(invocations(*(run(1.0, status=s) for s in statuses)), "job"))
    assert pd.isna(row["success_rate"])
    assert (row["succeeded"], row["failed"]) == (0, 0)


# --- busy --------------------------------------------------------------------------------------


def test_utilization() -> None:
    """Ten runs of 3 h between 12:00 and, 60 h later, 0:00: half of the time."""
    rows = [run(10800.0, created_at=hours(6 * n), finished_at=hours(6 * n + 3)) for n in range(9)]
    rows.append(run(10800.0, created_at=hours(54), finished_at=hours(60)))
    row = one(group_by(invocations(*rows), "job"))
    assert (row["busy_s"], row["utilization"]) == (108000.0, 0.5)
    assert (row["first_seen"], row["last_seen"]) == (hours(0), hours(60))


@pytest.mark.parametrize(("runs", "span_h", "known"), [(10, 24, True), (9, 24, False), (10, 23.9, False)])
def test_few_runs_and_short_spans_have_no_utilization(runs: int, span_h: float, known: bool) -> None:
    rows = [run(360.0, finished_at=hours(span_h)) for _ in range(runs)]
    # One that has not ended has no run to count.
    rows.append(run(None, status="RUNNING", finished_at=None))
    row = one(group_by(invocations(*rows), "job"))
    assert row["busy_s"] == 360.0 * runs
    assert row["utilization"] == pytest.approx(3600 / 86400) if known else pd.isna(row["utilization"])


def test_what_has_not_finished_was_last_seen_when_it_was_created() -> None:
    rows = [run(600.0), run(None, status="RUNNING", created_at=hours(5), finished_at=None)]
    row = one(group_by(invocations(*rows), "job"))
    assert row["last_seen"] == hours(5)


def test_an_invocation_that_only_a_build_shows_was_last_seen_when_that_ended() -> None:
    known = {"finished_at": None, "build_completed_at": hours(3)}
    row = one(group_by(invocations(run(600.0, origin="build", **known)), "job"))
    assert row["last_seen"] == hours(3)
    row = one(group_by(invocations(run(600.0, origin="both", **known)), "job"))
    assert row["last_seen"] == NOON


def test_no_utilization_without_a_span() -> None:
    for at in (None, NOON):
        row = one(group_by(invocations(run(5.0, created_at=at, finished_at=at)), "job"))
        assert pd.isna(row["utilization"])
        assert row["busy_s"] == 5.0


def test_polls_are_summed() -> None:
    rows = [
        run(1.0, poll_count=20, poll_rpc_s=8.5),
        run(1.0, poll_count=None, poll_rpc_s=None),
        run(1.0, poll_count=2, poll_rpc_s=0.25),
    ]
    row = one(group_by(invocations(*rows), "job"))
    assert (row["poll_count"], row["poll_rpc_s"]) == (22, 8.75)
