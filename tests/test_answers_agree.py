"""Answers against SQL on the given logs and builds, and on a simulated week: failures, stability, timeouts."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest
from commands import LOGS

import logparse as lp
from logparse.analysis import daily, failures, near_timeout, stability

Tables = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module", params=["given", "simulated"])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Return invocations and builds."""
    if request.param == "given":
        data = lp.load([LOGS / "v1-2020-11", LOGS.parent / "builds"])
        return data.invocations, data.builds
    folder = tmp_path_factory.mktemp("simulated") / "week"
    lp.simulate(
        invocations=1_500, days=7, seed=5, into=folder, tables_only=True, plant=["flaky-builder"], jobs=1
    )
    return lp.read_tables(folder / "truth", "invocations"), lp.read_tables(folder / "truth", "builds")


def asked(query: str, tables: Tables) -> pd.DataFrame:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name, table in zip(("invocations", "builds"), tables, strict=True):
        connection.register(name, table)
    return connection.execute(query).df()


def agree(found: pd.DataFrame, wanted: pd.DataFrame, keys: list[str]) -> None:
    """Compare each column of the query with the answer's, by the keys."""
    assert len(found) == len(wanted) > 0
    ours, right = (
        frame.sort_values(keys, na_position="first").reset_index(drop=True) for frame in (found, wanted)
    )
    for name in right.columns:
        if name in keys or str(right[name].dtype) in ("object", "str", "string"):
            left = [None if pd.isna(value) else value for value in ours[name]]
            assert left == [None if pd.isna(value) else value for value in right[name]], name
        elif "datetime" in str(right[name].dtype):
            seconds: Any = (ours[name] - right[name].dt.tz_convert("UTC")).dt.total_seconds()
            assert (ours[name].isna() == right[name].isna()).all()
            assert seconds.dropna().abs().max() in (0.0, pytest.approx(0.0)) or seconds.dropna().empty
        else:
            assert ours[name].to_numpy(float) == pytest.approx(
                right[name].to_numpy(float), rel=1e-9, abs=1e-9, nan_ok=True
            ), name


def test_failures_by_cause(tables: Tables) -> None:
    """Causes are found here from their definitions, without what normalised errors add."""
    wanted = asked(
        """
        with units as (
          select status, build_status, infra_reason, error, aborted_by, run_s, builder_id, bot_id, created_at
          from invocations
          union all
          select case status when 'SUCCESS' then 'SUCCEEDED' when 'CANCELED' then 'ABORTED' when 'STARTED'
                 then 'RUNNING' when 'SCHEDULED' then 'RUNNING' else 'FAILED' end, status, infra_reason, error,
                 null, run_s, builder_id, bot_id, created_at
          from builds where invocation_id is null and build_id not in (
            select build_id from invocations where build_id is not null)
        ), failed as (
          select *, case
            when status = 'OVERRUN' then 'overrun'
            when aborted_by is not null then 'aborted'
            when infra_reason in ('no_bot_in_time', 'execution_timeout') then infra_reason
            when infra_reason = 'canceled' or build_status = 'CANCELED' then 'canceled'
            when infra_reason is not null or build_status = 'INFRA_FAILURE' then 'infrastructure'
            when build_status = 'FAILURE' then 'build'
            when build_status is null and error is not null then 'launch'
            else 'unknown' end as cause
          from units where status in ('FAILED', 'ABORTED', 'OVERRUN')
        )
        select cause, count(*) as failed, count(*) / sum(count(*)) over () as share,
               coalesce(sum(run_s), 0) / 3600 as bot_hours, min(created_at) as first_seen,
               max(created_at) as last_seen
        from failed group by cause
        """,
        tables,
    )
    found = failures(*tables).groupby("cause")
    sums = found[["failed", "share", "bot_hours"]].sum()
    sums = sums.assign(first_seen=found["first_seen"].min(), last_seen=found["last_seen"].max()).reset_index()
    agree(sums, wanted, ["cause"])


def test_near_their_timeout(tables: Tables) -> None:
    query = """
        select builder_id, count(*) as builds, count(*) filter (timeout_used > 0.8) as near,
               max(timeout_used) as timeout_used_max, min(execution_timeout_s) as execution_timeout_s,
               arg_max(coalesce(url, build_id), (timeout_used, build_id)) as example
        from (select *, run_s / execution_timeout_s as timeout_used from builds)
        where builder_id is not null and timeout_used is not null group by 1 having near > 0
        """
    query = query.replace("(select *,", "(select * exclude (timeout_used),")
    wanted = asked(query, tables)
    found = near_timeout(tables[1])
    if wanted.empty:
        assert found.empty
    else:
        agree(found, wanted, ["builder_id"])


def test_days_of_builders(tables: Tables) -> None:
    wanted = asked(
        """
        with timed as (
          select *, created_at::date as day, floor(epoch(started_at - created_at)) / 60 as pending,
                 floor(epoch(completed_at - started_at)) / 60 as build
          from builds where builder_id is not null and created_at is not null
        )
        select builder_id, day::text as day, count(*) as builds, avg((status = 'FAILURE')::int) as fail_rate,
               avg((status = 'INFRA_FAILURE')::int) as infra_fail_rate,
               coalesce(quantile_cont(pending, 0.5), 0) as pending_p50_mins,
               coalesce(quantile_cont(pending, 0.95), 0) as pending_p95_mins,
               quantile_cont(build, 0.5) as build_p50_mins, quantile_cont(build, 0.95) as build_p95_mins
        from timed group by builder_id, day
        """,
        tables,
    )
    found = daily(tables[1])
    agree(found.assign(day=found["day"].astype(str)), wanted, ["builder_id", "day"])


def test_stability(tables: Tables) -> None:
    wanted = asked(
        """
        with ended as (
          select *, status <> 'SUCCESS' as red,
                 row_number() over (partition by builder_id order by completed_at, created_at) as place
          from builds where status in ('SUCCESS', 'FAILURE', 'INFRA_FAILURE') and builder_id is not null
          and completed_at is not null
        ), spans as (
          select *, coalesce(max(case when not red then place end) over (
            partition by builder_id order by place rows between unbounded preceding and 1 preceding), 0) as green
          from ended
        ), periods as (
          -- A success ends a period of failures where the last success is not the build just before it.
          select s.builder_id, epoch(s.completed_at - f.completed_at) as red_s from spans s
          join ended f on f.builder_id = s.builder_id and f.place = s.green + 1
          where not s.red and s.green < s.place - 1
        ), ends as (
          select builder_id, count(*) as builds, count(*) filter (red) as failures,
                 max(place) - coalesce(max(place) filter (not red), 0) as consecutive_failures
          from ended group by 1
        ), revisions as (
          select builder_id, count(*) as revisions, count(*) filter (low <> high) as flaky_revisions from (
            select builder_id, revision, min(red::int) as low, max(red::int) as high from ended
            where revision is not null group by all having count(*) > 1) group by 1
        )
        select e.*, (
            select f.completed_at from ended f where f.builder_id = e.builder_id
            and f.place = e.builds - e.consecutive_failures + 1) as red_since,
          coalesce((select count(*) from periods p where p.builder_id = e.builder_id), 0) as red_periods,
          (select median(red_s) from periods p where p.builder_id = e.builder_id) as time_to_green_p50_s,
          coalesce(r.revisions, 0) as revisions, coalesce(r.flaky_revisions, 0) as flaky_revisions
        from ends e left join revisions r using (builder_id)
        """,
        tables,
    )
    agree(stability(tables[1]), wanted, ["builder_id"])
