"""Phases of invocations by group: by hand, against SQL, and the command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from commands import LOGS, REAL

import logparse as lp
from logparse.analysis import phases
from logparse.analysis.phases import PHASES, columns_of
from logparse.batches.arrow import frame
from logparse.columns import TABLES

#: A Tuesday.
START = datetime(2020, 11, 17, 23, 30, tzinfo=UTC)
NO_BUILDS = frame((), TABLES["builds"])


def invocations(*rows: dict[str, Any]) -> pd.DataFrame:
    made = []
    for number, row in enumerate(rows):
        common = {
            "invocation_id": str(number),
            "created_at": START,
            "builder_id": "p/ci/b",
            "status": "SUCCEEDED",
        }
        made.append({**common, **row})
    return frame(made, TABLES["invocations"])


def ran(pending: float, run: float, **more: Any) -> dict[str, Any]:
    """Return an invocation that waited 1 s for its launch, 2 s in it, and ended 3 s after its build."""
    created = START + timedelta(seconds=3)
    started = created + timedelta(seconds=pending)
    times = {"build_created_at": created, "build_started_at": started}
    times["build_completed_at"] = started + timedelta(seconds=run)
    lengths = {"scheduler_wait_s": 1.0, "launch_s": 2.0, "launch_wait_s": 3.0, "finish_lag_s": 3.0}
    return {"build_id": f"{pending}-{run}", **times, **lengths, "pending_s": pending, "run_s": run, **more}


def by_phase(found: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {
        row["phase"]: {str(name): value for name, value in row.items()} for row in found.to_dict("records")
    }


def test_two_runs_by_hand() -> None:
    found = phases(invocations(ran(10.0, 40.0), ran(20.0, 120.0)), NO_BUILDS)
    assert [*found.columns] == [column.name for column in columns_of("builder")]
    assert list(found["phase"]) == ["scheduler_wait", "launch", "pending", "run", "finish_lag"]
    rows = by_phase(found)
    # 2 + 4 + 30 + 160 + 6 = 202 s in all.
    assert [rows[name]["total_s"] for name in rows] == [2.0, 4.0, 30.0, 160.0, 6.0]
    assert rows["run"]["share"] == pytest.approx(160 / 202)
    assert found["share"].sum() == pytest.approx(1.0)
    assert (rows["pending"]["mean_s"], rows["pending"]["p50_s"], rows["pending"]["p90_s"]) == (
        15.0,
        15.0,
        19.0,
    )
    assert (rows["pending"]["max_s"], rows["pending"]["known"], rows["pending"]["invocations"]) == (
        20.0,
        2,
        2,
    )
    assert (rows["run"]["p75_s"], rows["run"]["p99_s"]) == (100.0, pytest.approx(119.2))


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        ({"status": "FAILED", "error": "launch failed"}, "never_started"),
        ({"status": "OVERRUN"}, "never_started"),
        (
            {
                "status": "FAILED",
                "build_id": "1",
                "build_status": "INFRA_FAILURE",
                "infra_reason": "no_bot_in_time",
            },
            "never_started",
        ),
        (
            {
                "status": "FAILED",
                "build_id": "1",
                "build_status": "INFRA_FAILURE",
                "build_completed_at": START,
            },
            "never_started",
        ),
        ({"status": "ABORTED"}, "canceled_before"),
        (
            {"status": "FAILED", "build_id": "1", "build_status": "CANCELED", "build_completed_at": START},
            "canceled_before",
        ),
        ({"status": "RUNNING", "build_id": "1", "build_status": "SCHEDULED"}, "still_waiting"),
        ({"status": "STARTING"}, "still_waiting"),
        ({"status": "RETRYING"}, "still_waiting"),
        # It is not known that these have no start.
        ({"status": "RUNNING", "build_id": "1", "build_status": "STARTED"}, None),
        ({"status": "FAILED", "build_id": "1", "build_status": "FAILURE"}, None),
        ({"status": "ABORTED", "build_id": "1", "build_status": "CANCELED"}, None),
        ({"status": "SUCCEEDED"}, None),
        (ran(1.0, 2.0, status="FAILED"), None),
        (ran(1.0, 2.0, status="ABORTED", build_status="CANCELED"), None),
    ],
)
def test_what_never_started_is_counted_beside(row: dict[str, Any], counted: str | None) -> None:
    found = phases(invocations(ran(10.0, 40.0), row), NO_BUILDS)
    for name in ("never_started", "canceled_before", "still_waiting"):
        assert set(found[name]) == {int(name == counted)}
    alone = phases(invocations(row), NO_BUILDS)
    assert len(alone) == (1 if "pending_s" not in row else 5)


def test_builds_without_a_log_count() -> None:
    rows: list[dict[str, Any]] = [
        {"build_id": "1", "status": "SUCCESS", "pending_s": 5.0, "run_s": 10.0, "pool": "bots"},
        {"build_id": "2", "status": "INFRA_FAILURE", "completed_at": START, "requested_pool": "asked"},
        {"build_id": "3", "status": "CANCELED", "completed_at": START, "requested_pool": "asked"},
        {"build_id": "4", "status": "SCHEDULED", "requested_pool": "asked"},
        # The build of an invocation counts with that.
        {
            "build_id": "10.0-40.0",
            "status": "SUCCESS",
            "pending_s": 10.0,
            "requested_pool": "other",
            "pool": "bots",
        },
    ]
    builds = frame([{"created_at": START, "builder_id": "p/ci/b", **row} for row in rows], TABLES["builds"])
    data = invocations(ran(10.0, 40.0))
    (pending,) = (row for row in phases(data, builds).to_dict("records") if row["phase"] == "pending")
    assert (pending["invocations"], pending["known"], pending["total_s"]) == (5, 2, 15.0)
    assert (pending["never_started"], pending["canceled_before"], pending["still_waiting"]) == (1, 1, 1)
    pools = phases(data, builds, "pool").drop_duplicates("pool").set_index("pool")["invocations"]
    assert dict(pools) == {"bots": 2, "asked": 3}


def test_launch_wait_is_for_what_only_a_build_shows() -> None:
    row = {**ran(10.0, 40.0), "scheduler_wait_s": None, "launch_s": None}
    assert list(phases(invocations(row), NO_BUILDS)["phase"]) == [
        "launch_wait",
        "pending",
        "run",
        "finish_lag",
    ]


def test_times_are_those_of_the_zone_and_in_order() -> None:
    data = invocations(ran(1.0, 9.0), ran(2.0, 2.0, created_at=START - timedelta(hours=30)))
    assert list(phases(data, NO_BUILDS, "weekday")["weekday"].unique()) == ["1 Mon", "2 Tue"]
    found = phases(data, NO_BUILDS, ["weekday", "hour"], tz="Asia/Tokyo")
    assert list(zip(found["weekday"], found["hour"], strict=True))[:: len(found) - 1] == [
        ("2 Tue", "02:00"),
        ("3 Wed", "08:00"),
    ]


def test_odd_lengths_are_left_out() -> None:
    rows = by_phase(phases(invocations(ran(10.0, 40.0), {**ran(20.0, 1.0), "run_s": -5.0}), NO_BUILDS))
    assert (rows["run"]["known"], rows["run"]["total_s"], rows["pending"]["known"]) == (1, 40.0, 2)


def test_nothing_and_wrong_arguments() -> None:
    for empty in (pd.DataFrame(), invocations(), invocations({"builder_id": None})):
        assert phases(empty, NO_BUILDS).empty
        assert [*phases(empty, NO_BUILDS).columns] == [column.name for column in columns_of("builder")]
    with pytest.raises(lp.UsageError, match="bulder"):
        phases(invocations(), NO_BUILDS, "bulder")
    with pytest.raises(lp.UsageError, match="time zone"):
        phases(invocations(), NO_BUILDS, "hour", tz="Mars")
    with pytest.raises(lp.UsageError, match="invocations"):
        phases(NO_BUILDS, NO_BUILDS)


# --- an independent computation -----------------------------------------------------------------


def agree(invocations: pd.DataFrame, builds: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("invocations", invocations)
    connection.register("builds", builds)
    columns = ", ".join(PHASES.values())
    connection.execute(f"""
        create table units as
        select coalesce(i.requested_pool, b.pool) as pool, strftime(i.created_at, '%H:00') as hour,
               {
        columns.replace(
            "launch_wait_s",
            '''case when scheduler_wait_s is null or launch_s is null
               then launch_wait_s end as launch_wait_s''',
        )
        .replace("pending_s", "i.pending_s")
        .replace("run_s", "i.run_s")
    }
        from invocations i left join builds b using (build_id)
        union all by name
        select coalesce(requested_pool, pool) as pool, strftime(created_at, '%H:00') as hour, pending_s, run_s
        from builds where invocation_id is null and build_id not in (
          select build_id from invocations where build_id is not null)
    """)
    found = phases(invocations, builds, ["pool", "hour"])
    assert len(found)
    for name, column in PHASES.items():
        wanted = connection.execute(f"""
            select pool, hour, count(*) as invocations, count({column}) as known, sum({column}) as total_s,
                   avg({column}) as mean_s, max({column}) as max_s,
                   {", ".join(f"quantile_cont({column}, {p / 100}) as p{p}_s" for p in (50, 75, 90, 95, 99))}
            from units where pool is not null and hour is not null group by all having known > 0 order by all
        """).df()
        ours = found[found["phase"] == name].sort_values(["pool", "hour"])
        assert list(ours["pool"]) == list(wanted["pool"])
        assert list(ours["hour"]) == list(wanted["hour"])
        for statistic in wanted.columns[2:]:
            left, right = ours[statistic].to_numpy(float), wanted[statistic].to_numpy(float)
            assert left == pytest.approx(right, rel=1e-9, abs=1e-9)


def test_the_given_logs_agree_with_sql() -> None:
    data = lp.load([LOGS / "v1-2020-11", LOGS / "v2-2021-06", LOGS.parent / "builds"])
    agree(data.invocations, data.builds)


def test_a_simulated_week_agrees_with_sql(tmp_path: Path) -> None:
    lp.simulate(invocations=1_500, days=7, seed=3, into=tmp_path / "week", tables_only=True, jobs=1)
    tables = [lp.read_tables(tmp_path / "week" / "truth", name) for name in ("invocations", "builds")]
    agree(*tables)


# --- the command --------------------------------------------------------------------------------


def test_the_command(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = cli("summarize", REAL, "--phases")
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    # 1.114 + 0.224 + 4.323 + 1255.842 + 0.989 s.
    assert ["pdfium/ci/win_xfa_component", "0.1%", "0.0%", "0.3%", "99.5%", "0.1%", "1"] in lines
    assert max(map(len, done.out.splitlines())) <= 80
    done = cli("summarize", REAL, "--phases", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["phase"] for row in rows] == ["scheduler_wait", "launch", "pending", "run", "finish_lag"]
    assert (rows[3]["total_s"], rows[3]["p99_s"]) == ("1255.841972", "1255.841972")
    done = cli("summarize", REAL, "--phases", "--by", "hour", "--tz", "Asia/Tokyo", "--format", "json")
    assert {row["hour"] for row in json.loads(done.out)["phases"]} == {"13:00"}


def test_many_logs_at_80_columns(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = cli("summarize", LOGS / "v1-2020-11", "--phases", "--by", "builder,weekday", "--top", "2")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "not in the percentiles:" in done.out
    assert "(--top 2)" in done.out
    assert "without a known builder and weekday" in done.out


def test_options_that_do_not_go_together(cli: Callable[..., Any]) -> None:
    done = cli("summarize", REAL, "--phases", "--slowest", "3")
    assert (done.code, "--phases" in done.err) == (2, True)
