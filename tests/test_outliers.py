"""Bots that differ: a fleet by hand, an independent computation in SQL, null fleets, the command."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from commands import LOGS, REAL
from null_bots import SLOW, Fleet, drawn, named

import logparse as lp
from logparse.analysis import outliers
from logparse.analysis.outliers import OUTLIERS
from logparse.batches.arrow import frame
from logparse.columns import TABLES

START = datetime(2026, 8, 3, 4, tzinfo=UTC)


def builds(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a table of builds that succeeded on one builder; ``day`` is counted from `START`, a Monday."""
    made = []
    for number, row in enumerate(rows):
        common = {"builder_id": "p/ci/b", "status": "SUCCESS", "url": f"https://ci.example.com/b/{number}"}
        created = START + timedelta(days=row.pop("day", 0), minutes=number)
        made.append({**common, "build_id": str(number), "created_at": created, **row})
    return frame(made, TABLES["builds"])


def row_of(found: pd.DataFrame, bot: str) -> dict[str, Any]:
    (row,) = found[found["bot_id"] == bot].to_dict("records")
    return {str(name): value for name, value in row.items()}


def fleet(slow: float = 2.0, days: int = 10, **more: Any) -> pd.DataFrame:
    """Return builds of four bots, two a day each. The runs of `odd` take `slow` times as long."""
    return builds(
        *(
            {"day": day, "bot_id": bot, "run_s": (slow if bot == "odd" else 1.0) * (100 + number), **more}
            for day in range(days)
            for number, bot in enumerate(["a", "b", "c", "odd"] * 2)
        )
    )


def test_a_small_fleet_by_hand() -> None:
    found = outliers(
        builds(
            {"bot_id": "one", "run_s": 300.0},
            {"bot_id": "one", "run_s": 100.0, "day": 1},
            {"bot_id": "two", "run_s": 100.0},
            {"bot_id": "two", "run_s": 200.0, "day": 1},
            {"bot_id": "two", "run_s": 9.0, "status": "INFRA_FAILURE", "day": 1},
            {"bot_id": "two", "run_s": 1.0, "status": "CANCELED"},
            # The next week has no peer.
            {"bot_id": "two", "run_s": 500.0, "day": 7},
        )
    )
    assert [*found.columns] == [column.name for column in OUTLIERS]
    one, two = row_of(found, "one"), row_of(found, "two")
    assert (one["builds"], one["busy_s"], one["success_rate"]) == (2, 400.0, 1.0)
    assert (two["builds"], two["busy_s"], two["success_rate"]) == (4, 810.0, 0.75)
    # The median of the other's runs of the week is 150 s and 200 s.
    assert (one["compared"], one["days"], one["run_ratio"]) == (2, 2, pytest.approx((2 + 100 / 150) / 2))
    assert (two["compared"], two["days"], two["run_ratio"]) == (2, 2, pytest.approx((0.5 + 1) / 2))
    # One of the five builds of the week failed; each day has under four.
    assert (two["infra_failures"], two["infra_expected"]) == (1, pytest.approx(3 / 5))
    assert one["infra_expected"] == pytest.approx(2 / 5)
    assert {one["verdict"], two["verdict"]} == {"too few runs"}
    assert pd.isna(one["run_p_value"])
    assert pd.isna(one["run_ratio_low"])


def test_a_slow_and_a_fast_bot_are_named_first_with_their_builds() -> None:
    first = outliers(fleet()).iloc[0]
    assert (first["bot_id"], first["verdict"], first["compared"], first["days"]) == ("odd", "slow", 20, 10)
    # Its runs take 206 and 214 s, those of the others 100, 101, 102, 104, 105 and 106 s.
    assert first["run_ratio"] == pytest.approx((206 / 103 + 214 / 103) / 2)
    assert first["run_ratio_low"] == first["run_ratio_high"] == first["run_ratio"]
    assert first["run_q_value"] >= first["run_p_value"]
    # The longest runs: the eighth of a day, of the first three days.
    assert first["evidence"].split(" ") == [f"https://ci.example.com/b/{8 * day + 7}" for day in range(3)]
    fast = outliers(fleet(slow=0.5)).iloc[0]
    assert (fast["bot_id"], fast["verdict"]) == ("odd", "fast")


def test_slow_bots_do_not_make_their_peers_look_fast() -> None:
    """Two of six bots are slow, and one is fast."""
    factors = {"a": 1.0, "b": 1.0, "c": 1.0, "slow": 1.8, "slower": 2.5, "fast": 0.6}
    rows = [
        {"day": day, "bot_id": bot, "run_s": factor * (1_000 + (7 * day + 11 * number + 5 * turn) % 40)}
        for day in range(14)
        for turn in range(2)
        for number, (bot, factor) in enumerate(factors.items())
    ]
    found = outliers(builds(*rows)).set_index("bot_id")
    assert dict(found["verdict"]) == {
        **dict.fromkeys("abc", "~"),
        "slow": "slow",
        "slower": "slow",
        "fast": "fast",
    }
    # Without the three, a typical run of each of the others is as long as that of its peers.
    assert found.loc[list("abc"), "run_ratio"].tolist() == pytest.approx([1.0] * 3, abs=0.02)


def test_a_small_difference_is_not_named() -> None:
    found = outliers(fleet(slow=1.05))
    assert set(found["verdict"]) == {"~"}
    assert found["evidence"].isna().all()
    assert row_of(found, "odd")["run_q_value"] < 0.01
    assert outliers(fleet(slow=1.05), least_change=0.02)["verdict"].iloc[0] == "slow"


def test_few_runs_are_said_to_be_few() -> None:
    for few in (fleet(days=4), fleet(days=2)):
        found = outliers(few)
        assert set(found["verdict"]) == {"too few runs"}
        assert row_of(found, "odd")["run_ratio"] > 1.9


def test_a_bot_whose_infrastructure_fails() -> None:
    data = fleet(slow=1.0)
    fails = (data["bot_id"] == "odd") & data["created_at"].dt.day.isin(range(3, 12))
    found = outliers(data.assign(status=data["status"].mask(fails, "INFRA_FAILURE")))
    first = found.iloc[0]
    assert (first["bot_id"], first["verdict"], first["infra_failures"]) == ("odd", "failing", 18)
    # On each of nine days two of eight builds failed, and a bot has two.
    assert first["infra_expected"] == pytest.approx(9 * 2 * 2 / 8)
    assert first["evidence"].split(" ")[0] == "https://ci.example.com/b/71"


def test_a_bad_day_of_all_bots_is_not_one_bot() -> None:
    data = fleet(slow=1.0)
    is_bad = data["created_at"].dt.day == 5
    bad = data.assign(status=data["status"].mask(is_bad, "INFRA_FAILURE"), run_s=data["run_s"] * 1.0)
    assert set(outliers(bad)["verdict"]) == {"~"}


def test_machine_types_are_not_compared() -> None:
    data = fleet()
    types = data["bot_id"].map({"odd": "small"}).fillna("large")
    apart = outliers(data.assign(machine_type=types.astype(data["machine_type"].dtype)))
    assert row_of(apart, "odd")["compared"] == 0
    assert row_of(apart, "odd")["verdict"] == "too few runs"
    by_cores = data.assign(
        cpu=pd.Series("x86-64", data.index, dtype=data["cpu"].dtype),
        cores=(data["bot_id"] == "odd").map({True: 4, False: 8}).astype("Int64"),
    )
    assert row_of(outliers(by_cores), "odd")["machine_type"] == "x86-64, 4 cores"
    assert row_of(outliers(by_cores), "odd")["compared"] == 0


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "file:///etc/passwd", "https://a b"])
def test_only_addresses_of_the_web_are_evidence(url: str | None) -> None:
    assert outliers(fleet(url=url)).iloc[0]["evidence"] == "7 15 23"


def test_odd_values_and_unknown_ones_are_left_out() -> None:
    data = fleet()
    strange = builds(
        {"bot_id": "odd", "run_s": -5.0},
        {"bot_id": "odd", "run_s": 1e12},
        {"bot_id": "odd", "run_s": 0.0},
        {"bot_id": "odd", "run_s": 7.0, "builder_id": None},
        {"bot_id": "odd", "run_s": 7.0, "created_at": None},
        {"bot_id": None, "run_s": 7.0},
    )
    both, alone = (row_of(outliers(d), "odd") for d in (pd.concat([data, strange]), data))
    same = ("run_ratio", "compared", "days", "run_p_value", "evidence")
    assert [both[name] for name in same] == [alone[name] for name in same]
    assert both["busy_s"] == alone["busy_s"] + 14.0


def test_no_builds_and_another_table() -> None:
    for empty in (pd.DataFrame(), builds(), builds({"bot_id": None})):
        assert outliers(empty).empty
        assert [*outliers(empty).columns] == [column.name for column in OUTLIERS]
    with pytest.raises(lp.UsageError, match="builds"):
        outliers(lp.load(REAL).polls)


# --- an independent computation -----------------------------------------------------------------

_SQL = """
with runs as (
  select *, created_at::date as day, date_trunc('week', created_at) as week,
         coalesce(machine_type, cpu || coalesce(', ' || cores || ' cores', ''), '') as machine
  from builds where bot_id is not null
), ended as (select * from runs where status in ('SUCCESS', 'FAILURE', 'INFRA_FAILURE')),
sized as (
  select *, count(*) over (partition by builder_id, machine, day) < 4 as few
  from ended where builder_id is not null and created_at is not null
), placed as (
  select *, avg((status = 'INFRA_FAILURE')::int) over (
    partition by builder_id, machine, few, case when few then week else day end) as rate
  from sized
), good as (select * from placed where status = 'SUCCESS' and run_s > 0),
compared as (
  select bot_id, day, run_s / (
    select median(o.run_s) from good o where o.builder_id = g.builder_id and o.machine = g.machine
    and o.week = g.week and o.bot_id <> g.bot_id) as ratio
  from good g
), days as (
  select bot_id, count(*) as runs, median(ratio) as ratio from compared where ratio is not null
  group by bot_id, day
), speeds as (select bot_id, sum(runs) as compared, count(*) as days, median(ratio) as run_ratio from days group by 1),
rates as (select bot_id, sum(rate) as infra_expected from placed group by 1),
counts as (
  select bot_id, sum(run_s) as busy_s from runs group by 1
), ends as (
  select bot_id, count(*) as builds, avg((status = 'SUCCESS')::int) as success_rate,
         count(*) filter (status = 'INFRA_FAILURE') as infra_failures
  from ended group by 1
)
select bot_id, coalesce(builds, 0) as builds, coalesce(busy_s, 0) as busy_s, success_rate,
       coalesce(infra_failures, 0) as infra_failures, coalesce(infra_expected, 0) as infra_expected,
       coalesce(compared, 0) as compared, coalesce(days, 0) as days, run_ratio
from counts left join ends using (bot_id) left join rates using (bot_id) left join speeds using (bot_id)
"""


def probabilities(data: pd.DataFrame) -> dict[str, float]:
    """Return `run_p_value` of each bot by loops over runs, whatever the number of runs."""
    good = data[(data["status"] == "SUCCESS") & (data["run_s"] > 0) & data["bot_id"].notna()]
    by_day: dict[Any, list[Any]] = defaultdict(list)
    every: list[Any] = [*good.itertuples()]
    for run in every:
        by_day[(run.builder_id, run.machine_type, run.created_at.date())].append(run)
    strata: dict[Any, list[Any]] = defaultdict(list)
    for (builder, machine, day), runs in by_day.items():
        strata[(builder, machine, day if len(runs) >= 4 else day.isocalendar()[:2])] += runs
    sums: dict[str, dict[Any, float]] = defaultdict(lambda: defaultdict(float))
    variances: dict[str, float] = defaultdict(float)
    for runs in strata.values():
        size = len(runs)
        scores = [
            (sum(o.run_s < r.run_s for o in runs) + (sum(o.run_s == r.run_s for o in runs) - size) / 2)
            / (size + 1)
            for r in runs
        ]
        spread = sum(score**2 for score in scores) / max(size - 1, 1)
        for run, score in zip(runs, scores, strict=True):
            sums[run.bot_id][run.created_at.date()] += score
        for bot in {run.bot_id for run in runs}:
            own = sum(run.bot_id == bot for run in runs)
            variances[bot] += own * (size - own) / size * spread
    found = {}
    for bot, days in sums.items():
        mean, many = sum(days.values()) / len(days), len(days)
        shown = sum((t - mean) ** 2 for t in days.values()) * many / max(many - 1, 1)
        if variances[bot] > 1e-12:
            found[bot] = math.erfc(abs(sum(days.values())) / math.sqrt(2 * max(variances[bot], shown)))
    return found


def agree(data: pd.DataFrame) -> None:
    found = outliers(data).set_index("bot_id").sort_index()
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("builds", data.drop(columns=["dimensions", "properties", "tags"]))
    wanted = connection.execute(_SQL).df().set_index("bot_id").sort_index()
    assert list(found.index) == list(wanted.index)
    for name in wanted.columns:
        ours = found[name].astype(float)
        assert ours.to_numpy() == pytest.approx(
            wanted[name].astype(float).to_numpy(), rel=1e-9, abs=1e-9, nan_ok=True
        )
    chances = probabilities(data)
    for bot, ours in found["run_p_value"].dropna().items():
        assert ours == pytest.approx(chances[str(bot)], rel=1e-9, abs=1e-300)


def test_the_given_logs_and_builds_agree_with_sql() -> None:
    agree(lp.load([LOGS, LOGS.parent / "builds"]).builds)


def a_week(folder: Path, *plant: str) -> pd.DataFrame:
    lp.simulate(invocations=1_500, days=7, seed=3, into=folder, tables_only=True, plant=plant, jobs=1)
    return lp.read_tables(folder / "truth", "builds")


def test_a_simulated_week_agrees_with_sql_and_names_no_bot(tmp_path: Path) -> None:
    data = a_week(tmp_path / "week")
    agree(data)
    assert set(outliers(data)["verdict"]) <= {"~", "too few runs"}


def test_a_planted_slow_bot_is_named_and_not_compared_with_others(tmp_path: Path) -> None:
    """Its six peers would look fast beside it."""
    data = a_week(tmp_path / "week", "slow-bot")
    found = outliers(data)
    assert (found["bot_id"].iloc[0], found["verdict"].iloc[0]) == ("linux-001", "slow")
    assert set(found["verdict"].iloc[1:]) <= {"~", "too few runs"}
    others = outliers(data[data["bot_id"] != "linux-001"]).set_index("bot_id")
    both = found.set_index("bot_id").loc[others.index]
    for name in ("compared", "days", "run_ratio", "run_ratio_low", "run_ratio_high", "run_p_value"):
        assert both[name].to_numpy(float) == pytest.approx(
            others[name].to_numpy(float), rel=1e-12, nan_ok=True
        )


@pytest.mark.slow
@pytest.mark.parametrize("plant", [(), ("slow-bot",)], ids=["plain", "planted"])
@pytest.mark.parametrize("seed", range(3, 8))
def test_a_simulated_fleet_of_a_week(tmp_path: Path, seed: int, plant: tuple[str, ...]) -> None:
    """The whole way from the simulator: of five plain fleets none has a named bot, of five planted all."""
    made = lp.simulate(invocations=1_500, days=7, seed=seed, into=tmp_path / "week", plant=plant, jobs=1)
    found = outliers(lp.load(made.folder, jobs=1).builds)
    named_ = found.loc[~found["verdict"].isin(["~", "too few runs"]), "bot_id"].tolist()
    assert named_ == (["linux-001"] if plant else [])


# --- fleets in which no bot differs, and a slow one ----------------------------------------------


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_a_fleet_in_which_no_bot_differs(correlation: float) -> None:
    assert not any(named(Fleet(correlation=correlation), seed) for seed in range(2))


def test_a_slow_bot_with_30_runs_among_40_is_named_first() -> None:
    assert all(named(Fleet(slow=1.5), seed) for seed in range(2))
    runs = drawn(Fleet(slow=1.5), 0)
    assert (runs["bot_id"] == SLOW).sum() == 30


@pytest.mark.slow
def test_null_fleets_and_slow_bots() -> None:
    """Of fleets in which no bot differs at most 1 in 20 names one; 15 fleets each, with other seeds."""
    for fleet in (
        Fleet(correlation=0.0),
        Fleet(),
        Fleet(builds=1.0),
        Fleet(presence=7),
        Fleet(bad_days=0.05),
    ):
        assert sum(named(fleet, seed) for seed in range(1_000, 1_015)) <= 1
    assert sum(named(Fleet(slow=1.5), seed) for seed in range(1_000, 1_015)) >= 14


# --- the command --------------------------------------------------------------------------------


def test_the_command(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = cli("outliers", LOGS / "v1-2020-11")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].endswith("with too few runs")
    assert lines[2].split()[:3] == ["bot", "verdict", "speed"]
    assert max(map(len, lines)) <= 80
    done = cli("outliers", LOGS / "v1-2020-11", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["bot_id"] for row in rows] == list(outliers(lp.load(LOGS / "v1-2020-11").builds)["bot_id"])
    done = cli("outliers", REAL, "--format", "json")
    (row,) = map(json.loads, done.out.splitlines())
    assert (row["bot_id"], row["busy_s"]) == ("luci-flex-ci-win10-2-8q8g", 1255.841972)


def test_the_command_names_builds(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = []
    for row in fleet().to_dict("records"):
        ended = row["created_at"] + timedelta(seconds=row["run_s"])
        lines.append(
            {
                "id": f"88{row['build_id']:0>17}",
                "builder": {"project": "p", "bucket": "ci", "builder": "b"},
                "status": "SUCCESS",
                "createTime": row["created_at"].isoformat(),
                "startTime": row["created_at"].isoformat(),
                "endTime": ended.isoformat(),
                "infra": {"swarming": {"botDimensions": [{"key": "id", "value": row["bot_id"]}]}},
            }
        )
    path = tmp_path / "builds.json"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = cli("outliers", path)
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == "4 bots: 1 named"
    assert "odd, slow:" in done.out
    assert (
        f"https://cr-buildbucket.appspot.com/build/{lines[7]['id']}" in done.out
        or str(lines[7]["id"]) in done.out
    )
