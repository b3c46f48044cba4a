"""Who fails: groups by hand, against SQL, and the command with a time zone and excluded times."""

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
from logparse.analysis import failure_groups, failures
from logparse.analysis.failuregroups import columns_of
from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.output.words import sparkline

START = datetime(2020, 11, 17, 4, tzinfo=UTC)
NO_BUILDS = frame((), TABLES["builds"])


def runs(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table of invocations that succeeded, an hour apart, each for half an hour."""
    made = []
    for number, row in enumerate(rows):
        created = START + timedelta(hours=number)
        common = {
            "invocation_id": str(number),
            "created_at": created,
            "finished_at": created + timedelta(minutes=30),
            "status": "SUCCEEDED",
            "run_s": 1_800.0,
            "builder_id": "p/ci/b",
            "bot_id": "one",
        }
        made.append({**common, **row})
    return frame(made, TABLES["invocations"])


def one(found: pd.DataFrame) -> dict[str, Any]:
    (row,) = found.to_dict("records")
    return {str(name): value for name, value in row.items()}


FAILED: dict[str, Any] = {"status": "FAILED", "build_status": "FAILURE"}


def test_groups_by_hand() -> None:
    data = runs(
        {},
        {**FAILED, "bot_id": "two"},
        {**FAILED, "bot_id": "two", "infra_reason": "execution_timeout"},
        {**FAILED, "bot_id": "two", "build_url": "https://ci.example.com/b/3"},
        {"bot_id": "two"},
        {"status": "ABORTED", "aborted_by": "user:a", "run_s": None},
        # These two have not ended, and have no bot.
        {"status": "RUNNING"},
        {"bot_id": None},
    )
    found = failure_groups(data, NO_BUILDS, "bot")
    assert [*found.columns] == [column.name for column in columns_of("bot")]
    two, first = (row for row in found.to_dict("records"))
    assert (two["bot_id"], two["runs"], two["failed"], two["share"], two["bot_hours"]) == (
        "two",
        4,
        3,
        0.75,
        1.5,
    )
    assert (two["cause"], two["cause_failed"]) == ("build", 2)
    assert (two["last_failed"], two["example"]) == (START + timedelta(hours=3), "https://ci.example.com/b/3")
    assert (first["bot_id"], first["runs"], first["failed"], first["cause"]) == ("one", 2, 1, "aborted")
    assert first["bot_hours"] == 0.0


def test_what_retries_cost() -> None:
    data = runs(
        {"attempts": 1, "launch_s": 2.0},
        {"attempts": 3, "launch_s": 50.0},
        {"attempts": 2, "launch_s": None},
        {"attempts": None, "launch_s": 7.0},
    )
    row = one(failure_groups(data, NO_BUILDS))
    assert (row["retried"], row["retry_wait_s"]) == (2, 50.0)


def test_reruns_are_runs_of_a_commit_after_a_failure() -> None:
    commit = {"revision": "aa", "repository": "r"}
    data = runs(
        {**commit},
        {**commit, **FAILED},
        {**commit, "run_s": 3_600.0},
        {**commit, **FAILED},
        {"revision": "bb", "repository": "r"},
        {**commit, "builder_id": "p/ci/other"},
        {"revision": None},
        # It was created before the failure ended.
        {**commit, "created_at": START + timedelta(minutes=70)},
    )
    found = failure_groups(data, NO_BUILDS).set_index("builder_id")
    assert (found.loc["p/ci/b", "reruns"], found.loc["p/ci/b", "rerun_hours"]) == (2, 1.5)
    assert found.loc["p/ci/other", "reruns"] == 0


def test_builds_without_a_log_count() -> None:
    builds = frame(
        [
            {"build_id": "1", "status": "INFRA_FAILURE", "requested_pool": "asked", "created_at": START},
            {"build_id": "2", "status": "SUCCESS", "pool": "bots", "created_at": START},
            {"build_id": "3", "status": "STARTED", "pool": "bots", "created_at": START},
        ],
        TABLES["builds"],
    )
    found = failure_groups(runs(), builds, "pool").to_dict("records")
    assert [(row["pool"], row["runs"], row["failed"]) for row in found] == [("asked", 1, 1), ("bots", 1, 0)]
    assert found[0]["example"] == "1"


def test_hours_are_those_of_the_zone() -> None:
    found = failure_groups(runs({}, FAILED), NO_BUILDS, "hour", tz="Asia/Tokyo")
    assert list(zip(found["hour"], found["failed"], strict=True)) == [("13:00", 0), ("14:00", 1)]


def test_nothing_and_wrong_arguments() -> None:
    for empty in (pd.DataFrame(), runs(), runs({"status": "RUNNING"})):
        found = failure_groups(empty, NO_BUILDS, "bot")
        assert found.empty
        assert [*found.columns] == [column.name for column in columns_of("bot")]
    with pytest.raises(lp.UsageError, match="'bott' is not a key"):
        failure_groups(runs(), NO_BUILDS, "bott")


# --- an independent computation -----------------------------------------------------------------

_SQL = """
with units as (
  select builder_id, created_at, coalesce(finished_at, build_completed_at, created_at) as ended, status, run_s,
         attempts, launch_s, revision, repository
  from invocations
  union all
  select builder_id, created_at, coalesce(completed_at, created_at),
         case status when 'SUCCESS' then 'SUCCEEDED' when 'CANCELED' then 'ABORTED' when 'STARTED' then 'RUNNING'
         when 'SCHEDULED' then 'RUNNING' else 'FAILED' end, run_s, null, null, revision, repository
  from builds where invocation_id is null and build_id not in (
    select build_id from invocations where build_id is not null)
), ended as (
  select *, status <> 'SUCCEEDED' as failed from units where status in ('SUCCEEDED', 'FAILED', 'ABORTED', 'OVERRUN')
), placed as (
  select *, revision is not null and exists (
    select 1 from ended e where e.failed and e.builder_id = ended.builder_id and e.revision = ended.revision
    and e.repository is not distinct from ended.repository and ended.created_at > e.ended) as rerun
  from ended
)
select builder_id, count(*) as runs, count(*) filter (failed) as failed, avg(failed::int) as share,
       coalesce(sum(run_s) filter (failed), 0) / 3600 as bot_hours, count(*) filter (attempts > 1) as retried,
       coalesce(sum(launch_s) filter (attempts > 1), 0) as retry_wait_s, count(*) filter (rerun) as reruns,
       coalesce(sum(run_s) filter (rerun), 0) / 3600 as rerun_hours
from placed where builder_id is not null group by all order by builder_id
"""


def agree(invocations: pd.DataFrame, builds: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.register("invocations", invocations)
    connection.register("builds", builds)
    wanted = connection.execute(_SQL).df()
    found = failure_groups(invocations, builds).sort_values("builder_id")
    assert list(found["builder_id"]) == list(wanted["builder_id"])
    for name in wanted.columns[1:]:
        left, right = found[name].to_numpy(float), wanted[name].to_numpy(float)
        assert left == pytest.approx(right, rel=1e-9, abs=1e-9)


def test_the_given_logs_agree_with_sql_and_with_the_causes() -> None:
    data = lp.load([LOGS / "v1-2020-11", LOGS.parent / "builds"])
    agree(data.invocations, data.builds)
    causes = failures(data.invocations, data.builds)
    every = failure_groups(data.invocations, data.builds, "status")
    assert every["failed"].sum() == causes["failed"].sum()
    assert every["bot_hours"].sum() == pytest.approx(causes["bot_hours"].sum(), abs=1e-9)


def test_a_simulated_week_agrees_with_sql(tmp_path: Path) -> None:
    lp.simulate(invocations=1_500, days=7, seed=3, into=tmp_path / "week", tables_only=True, jobs=1)
    tables = [lp.read_tables(tmp_path / "week" / "truth", name) for name in ("invocations", "builds")]
    agree(*tables)


# --- the command --------------------------------------------------------------------------------


def test_the_command(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = cli("failures", LOGS / "v1-2020-11", "--by", "builder,hour", "--top", "3")
    assert done.code == 0
    lines = done.out.splitlines()
    assert "runs failed" in lines[0]
    assert "launched again, which took" in lines[1]
    assert lines[3].split()[:4] == ["builder", "hour", "runs", "failed"]
    assert max(map(len, lines)) <= 80
    assert "▁" not in done.out
    assert any(line.endswith("without a known builder and hour") for line in lines)


def test_the_hours_of_a_zone_in_files(cli: Callable[..., Any]) -> None:
    done = cli("failures", REAL, "--by", "hour", "--tz", "Asia/Tokyo", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(done.out))
    assert (row["hour"], row["runs"], row["failed"], row["cause"]) == ("13:00", "1", "0", "")


def test_a_wrong_key_or_zone(cli: Callable[..., Any]) -> None:
    assert cli("failures", REAL, "--by", "bots").code == 2
    assert cli("failures", REAL, "--by", "cause,bot").code == 2
    assert cli("failures", REAL, "--tz", "Mars/Phobos").code == 2


def test_printed_times_are_those_of_the_zone_and_files_have_utc(cli: Callable[..., Any]) -> None:
    done = cli("queue", REAL, "--tz", "Asia/Tokyo")
    assert "time (Asia/Tokyo)" in done.out
    assert "2020-11-17 13:00" in done.out
    done = cli("queue", REAL, "--tz", "Asia/Tokyo", "--format", "json")
    assert json.loads(done.out)["time"] == "2020-11-17T04:00:00.000000Z"


@pytest.mark.parametrize(
    ("spans", "left"),
    [
        (["2020-11-17..2020-11-18"], 0),
        (["2020-11-16..2020-11-17"], 1),
        (["2020-11-17T04:33..2020-11-17T04:34"], 0),
        # The invocation was created at 04:33:59.089. The end is not included.
        (["2020-11-17T04:00..2020-11-17T04:33:59.089"], 1),
        (["2020-11-17T05:33+01:00..2020-11-17T05:34+01:00"], 0),
        (["2019-01-01..2019-01-02", "2020-11-17T04:33..2020-11-17T04:34"], 0),
        (["-2d..-1d"], 1),
    ],
)
def test_excluded_times(spans: list[str], left: int, cli: Callable[..., Any]) -> None:
    done = cli("queue", REAL, "--format", "json", *(f"--exclude-time={span}" for span in spans))
    assert done.code == 0
    assert len(done.out.splitlines()) == left
    assert f"--exclude-time left out {1 - left} of 1 invocations and builds" in done.err


@pytest.mark.parametrize("span", ["2020-11-17", "yesterday..today", "2020-11-18..2020-11-17", "..", "a'..b"])
def test_wrong_spans(span: str, cli: Callable[..., Any]) -> None:
    done = cli("queue", REAL, f"--exclude-time={span}")
    assert (done.code, "Traceback" in done.err) == (2, False)


def test_excluded_times_and_a_filter(cli: Callable[..., Any]) -> None:
    span = "--exclude-time=2020-01-01..2020-07-01"
    done = cli("export", LOGS / "v1-2020-11", "--where", "status=FAILED", span, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    data = lp.load(LOGS / "v1-2020-11").where("status=FAILED").invocations
    kept = data[~data["created_at"].between("2020-01-01", "2020-06-30T23:59:59.999999+00:00")]
    assert sorted(row["invocation_id"] for row in rows) == sorted(kept["invocation_id"].fillna(""))
    assert f"left out {len(data) - len(kept)} of {len(data)}" in done.err


def test_bars() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([None, 0.0, float("nan"), 2.0, 1.0, -1.0]) == " ▁ █▅▁"
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""
