"""Change points: days that are planted, what else changed then, series that are too short."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from dayruns import day, drawn_runs, table

from logparse.analysis import trends
from logparse.analysis.trends import TRENDS
from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.errors import UsageError


def fleet(number: int, **factors: Any) -> list[dict[str, Any]]:
    """Return runs of builders b0, b1, … on 42 days; of some the durations change."""
    return [
        row
        for place in range(number)
        for row in drawn_runs(f"b{place}", range(42), factors.get(f"b{place}", lambda _: 1.0))
    ]


def changes(rows: list[dict[str, Any]], **more: Any) -> list[tuple[Any, str, int]]:
    """Return the builder, the verdict and the day of each change."""
    answer = trends(table(rows), metrics=["run_s"], **more)
    builders = [name if isinstance(name, str) else None for name in answer["builder_id"].tolist()]
    days = [(moment - day(0)).days for moment in answer["day"]]
    return list(zip(builders, answer["verdict"], days, strict=True))


def test_a_step_of_one_builder_among_others() -> None:
    rows = fleet(12, b3=lambda d: 1.3 if d >= 24 else 1.0)
    answer = trends(table(rows), metrics=["run_s"])
    assert [*answer.columns] == [column.name for column in TRENDS]
    (row,) = answer.to_dict("records")
    assert (row["scope"], row["builder_id"], row["metric"]) == ("builder", "b3", "run_s")
    assert (row["verdict"], row["day"], row["before_days"], row["after_days"]) == (
        "regression",
        day(24),
        24,
        18,
    )
    assert row["change_low"] < 0.3 < row["change_high"]
    own = table(rows).query("builder_id == 'b3'")
    by_day = own.groupby(own["created_at"].dt.floor("D"))["run_s"].median()
    assert row["before_p50_s"] == pytest.approx(by_day[by_day.index < day(24)].median(), rel=1e-3)
    assert row["after_p50_s"] == pytest.approx(by_day[by_day.index >= day(24)].median(), rel=1e-3)
    assert row["p"] <= row["q"] <= 0.01
    assert row["fleet_is_taken_out"]


def test_a_step_that_is_undone_and_two_steps_upward() -> None:
    rows = fleet(
        3,
        b0=lambda d: 1.4 if 14 <= d < 24 else 1.0,
        b1=lambda d: 1.0 if d < 12 else 1.4 if d < 30 else 2.0,
    )
    assert sorted(changes(rows)) == [
        ("b0", "improvement", 24),
        ("b0", "regression", 14),
        ("b1", "regression", 12),
        ("b1", "regression", 30),
    ]


def test_a_step_of_all_builders_is_that_of_the_fleet() -> None:
    slower = dict.fromkeys([f"b{n}" for n in range(12)], lambda d: 1.3 if d >= 21 else 1.0)
    rows = fleet(12, **slower)
    assert changes(rows) == [(None, "regression", 21)]
    (row,) = trends(table(rows), metrics=["run_s"]).to_dict("records")
    assert row["scope"] == "fleet"
    assert row["change"] == pytest.approx(0.3, abs=0.05)
    # The usual level is 600 s.
    assert row["change_s"] == pytest.approx(180, abs=30)


def test_builders_that_do_not_change_when_others_do() -> None:
    # A third of the builders: the median of all shows a part of their change.
    slower = dict.fromkeys(["b0", "b1", "b2", "b3", "b4"], lambda d: 1.4 if d >= 21 else 1.0)
    found = sorted(changes(fleet(16, **slower)))
    assert [(name, verdict) for name, verdict, _ in found] == [(name, "regression") for name in slower]
    assert all(abs(number - 21) <= 1 for _, _, number in found)


def test_no_change() -> None:
    assert changes(fleet(12)) == []
    # A weekend effect is not a change.
    weekend = dict.fromkeys([f"b{n}" for n in range(12)], lambda d: 0.4 if d % 7 >= 5 else 1.0)
    assert changes(fleet(12, **weekend)) == []


@pytest.mark.parametrize(("last", "found"), [(21, True), (20, True), (13, False)])
def test_seven_days_on_each_side(last: int, found: bool) -> None:
    rows = drawn_runs("b", range(last), lambda d: 2.0 if d >= last - 7 else 1.0)
    assert changes(rows) == ([("b", "regression", last - 7)] if found else [])


def test_six_days_at_the_end_are_too_few_for_a_day_of_their_own() -> None:
    rows = drawn_runs("b", range(28), lambda d: 1.5 if d >= 22 else 1.0)
    assert all(number <= 21 for _, _, number in changes(rows))


def test_days_without_runs_do_not_matter() -> None:
    days = [d for d in range(70) if d % 7 < 5 and d not in (16, 17)]
    rows = drawn_runs("b", days, lambda d: 1.4 if d >= 35 else 1.0) + drawn_runs("c", range(0, 70, 5))
    assert changes(rows) == [("b", "regression", 35)]


@pytest.mark.parametrize("thresholds", [{"least_share": 0.5}, {"least_s": 400}])
def test_small_changes_are_left_out(thresholds: dict[str, Any]) -> None:
    rows = fleet(3, b0=lambda d: 1.3 if d >= 21 else 1.0)
    assert changes(rows) == [("b0", "regression", 21)]
    assert changes(rows, **thresholds) == []


def test_what_else_changed() -> None:
    rows = drawn_runs("b", range(28), lambda d: 1.5 if d >= 14 else 1.0)
    builds = []
    for place, run in enumerate(rows):
        is_after = run["created_at"] >= day(14)
        run |= {
            "build_id": str(place),
            "bot_id": f"{'new' if is_after else 'old'}-{place % 3}" if place % 3 else "both",
            "revision": f"r{place}",
        }
        builds.append(
            {
                "build_id": str(place),
                "os": "Ubuntu-22.04" if is_after and place % 4 else "Ubuntu-20.04",
                "cores": 8,
                "zone": f"z{place % 2}",
            }
        )
    last_before = max(place for place, run in enumerate(rows) if run["created_at"] < day(14))
    (row,) = trends(table(rows), frame(builds, TABLES["builds"]), metrics=["run_s"]).to_dict("records")
    assert (row["new_bots"], row["gone_bots"]) == (2, 2)
    assert (row["revision_before"], row["revision_after"]) == (f"r{last_before}", f"r{last_before + 1}")
    assert row["also"] == "os Ubuntu-20.04 → Ubuntu-22.04"
    (alone,) = trends(table(rows), metrics=["run_s"]).to_dict("records")
    assert alone["new_bots"] == 2
    assert not isinstance(alone["also"], str)


def test_empty_tables_and_wrong_arguments() -> None:
    assert trends(table([])).empty
    assert trends(pd.DataFrame()).empty
    good = table(drawn_runs("b", range(2)))
    assert trends(good).empty
    with pytest.raises(UsageError, match="not a metric"):
        trends(good, metrics=["duration"])
    with pytest.raises(UsageError, match="lacks revision"):
        trends(good.drop(columns="revision"))


def test_a_year_of_many_changes() -> None:
    levels = np.cumprod([1.0, 1.3, 0.8, 1.5, 0.7, 1.3, 1.3, 0.6])
    rows = drawn_runs("b", range(365), lambda d: float(levels[min(d // 45, 7)]), runs=3)
    found = sorted(number for _, _, number in changes(rows))
    assert len(found) == 7
    np.testing.assert_allclose(found, [45 * number for number in range(1, 8)], atol=2)
