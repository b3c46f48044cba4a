"""False verdicts on fleets without any change, and changes that are seen: a part of docs/statistics.md."""

from __future__ import annotations

from pathlib import Path

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
def test_simulated_pages(tmp_path: Path, seed: int, plant: str) -> None:
    made = lp.simulate(
        invocations=1_000, days=28, seed=seed, into=tmp_path / "fleet", plant=plant or (), jobs=1
    )
    data = lp.load(made.folder, jobs=1)
    runs = data.invocations
    answer = compare(*split_at(runs, data.invocations["created_at"].min().date().replace(day=15)))
    slower = answer[answer["verdict"] == "regression"]
    found = trends(runs, data.builds)
    if not plant:
        assert not answer["verdict"].isin(["regression", "improvement"]).any()
        assert found.empty
        return
    assert slower[["builder_id", "metric"]].to_numpy().tolist() == [["example/ci/linux-rel", "run_s"]]
    (row,) = found.to_dict("records")
    assert (row["builder_id"], row["metric"], row["verdict"]) == (
        "example/ci/linux-rel",
        "run_s",
        "regression",
    )
    assert abs(row["day"].day - 15) <= 1
