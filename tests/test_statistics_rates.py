"""False verdicts on fleets without any change, and changes that are seen: a part of docs/statistics.md."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from validated import (
    PLANTED,
    SCENARIOS,
    SIDE,
    TREND_DAYS,
    Counted,
    Judge,
    Scenario,
    by_compare,
    by_trends,
    counted,
)

import logparse as lp
from logparse.analysis import compare, split_at, trends

METHODS = [
    pytest.param(by_compare, 2 * SIDE, SIDE, id="compare"),
    pytest.param(by_trends, TREND_DAYS, TREND_DAYS // 2, id="trends"),
]
FASTER, SLOWER, *_ = (planted.name for planted in PLANTED)


def check(found: Counted, most_false: int) -> None:
    assert found.false_any <= most_false
    assert found.seen[FASTER] >= 0.95 * found.fleets


@pytest.mark.parametrize(("judge", "days", "change"), METHODS)
def test_ten_fleets(judge: Judge, days: int, change: int) -> None:
    # The rate is below 0.03 in the table; 3 of 10 would have a chance of 1 in 400.
    found = counted(judge, days, change, Scenario(0.3, 0.5), range(200, 205))
    check(found, 1)
    independent = counted(judge, days, change, Scenario(0.0, 0.0), range(205, 210))
    check(independent, 1)
    assert independent.seen[SLOWER] == independent.fleets


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("judge", "days", "change"), METHODS)
def test_sixty_fleets_of_each_scenario(judge: Judge, days: int, change: int, scenario: Scenario) -> None:
    found = counted(judge, days, change, scenario, range(300, 360))
    # 5 % of 60.
    check(found, 3)
    if scenario.rho == 0:
        assert found.seen[SLOWER] >= 0.95 * found.fleets


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("plant", ["", "regression"])
def test_simulated_fleets(tmp_path: Path, seed: int, plant: str) -> None:
    # Another test shows that reading the pages gives these tables.
    made = lp.simulate(
        invocations=6_000,
        days=28,
        seed=seed,
        into=tmp_path / "fleet",
        plant=plant or (),
        jobs=1,
        tables_only=True,
    )
    tables = lp.read_tables(made.folder / "truth")
    check_simulated(tables["invocations"], tables["builds"], plant)


@pytest.mark.slow
def test_simulated_pages(tmp_path: Path) -> None:
    made = lp.simulate(
        invocations=3_000, days=28, seed=3, into=tmp_path / "fleet", plant="regression", jobs=1
    )
    data = lp.load(made.folder, jobs=1)
    check_simulated(data.invocations, data.builds, "regression")


def check_simulated(runs: pd.DataFrame, builds: pd.DataFrame, plant: str) -> None:
    """Check that of a simulated fleet only the planted change has a verdict, on its day or the next to it."""
    answer = compare(*split_at(runs, date(2021, 3, 15)))
    verdicts = answer[answer["verdict"].isin(["regression", "improvement"])]
    found = trends(runs, builds)
    wanted = [["example/ci/linux-rel", "run_s", "regression"]] if plant else []
    for changes in (verdicts, found):
        assert changes[["builder_id", "metric", "verdict"]].to_numpy().tolist() == wanted
    assert all(abs(day.day - 15) <= 1 for day in found["day"])
