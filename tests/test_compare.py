"""Comparisons of two sides: changes that are planted, days that lack, odd inputs, percentiles by SQL."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from commands import LOGS
from dayruns import day, drawn_runs, runs_of_day, table
from drawn import FIRST_DAY

import logparse as lp
from logparse.analysis import compare, split_at
from logparse.analysis.compare import COMPARE, VERDICTS
from logparse.analysis.daymedians import DEFAULT_METRICS, METRICS, whole_days
from logparse.columns import TABLES
from logparse.errors import UsageError

BEFORE, AFTER = range(14), range(14, 28)


def sides(rows: list[dict[str, Any]], first: int = 14) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs before a day, and from it on."""
    made = table(rows)
    is_after = made["created_at"] >= day(first)
    return made[~is_after], made[is_after]


def row_of(answer: pd.DataFrame, builder: str | None, metric: str = "run_s") -> dict[str, Any]:
    """Return the row of a builder, or of the fleet."""
    is_wanted = answer["builder_id"].isna() if builder is None else answer["builder_id"] == builder
    (row,) = answer[is_wanted & (answer["metric"] == metric)].astype(object).to_dict("records")
    return {
        str(name): None if value is None or value is pd.NA or value != value else value
        for name, value in row.items()
    }


def fleet(number: int, **factors: Any) -> list[dict[str, Any]]:
    """Return runs of builders b0, b1, … on 28 days; of some the durations change."""
    return [
        row
        for place in range(number)
        for row in drawn_runs(f"b{place}", range(28), factors.get(f"b{place}", lambda _: 1.0))
    ]


def test_a_slower_and_a_faster_builder_among_others() -> None:
    answer = compare(
        *sides(fleet(12, b3=lambda d: 1.3 if d >= 14 else 1.0, b7=lambda d: 0.7 if d >= 14 else 1.0)),
        metrics=["run_s"],
    )
    assert [*answer.columns] == [column.name for column in COMPARE]
    verdicts = dict(zip(answer["builder_id"].fillna("fleet"), answer["verdict"], strict=True))
    changed = {"b3": "regression", "b7": "improvement"}
    assert verdicts == {"fleet": "no difference"} | {
        f"b{n}": changed.get(f"b{n}", "no difference") for n in range(12)
    }
    assert answer["builder_id"].tolist()[1:3] == ["b3", "b7"]
    slow = row_of(answer, "b3")
    assert slow["change_low"] < 0.3 < slow["change_high"]
    assert slow["before_days"] == slow["after_days"] == 14
    assert slow["before_runs"] == slow["after_runs"] == 14 * 9
    assert slow["fleet_is_taken_out"] is True
    assert slow["note"] is None


def test_a_change_of_all_builders_is_that_of_the_fleet_alone() -> None:
    slower = dict.fromkeys([f"b{n}" for n in range(12)], lambda d: 1.3 if d >= 14 else 1.0)
    answer = compare(*sides(fleet(12, **slower)), metrics=["run_s"])
    all_together = row_of(answer, None)
    assert (all_together["scope"], all_together["verdict"]) == ("fleet", "regression")
    assert all_together["change"] == pytest.approx(0.3, abs=0.05)
    assert set(answer["verdict"][1:]) == {"no difference"}
    assert answer["change"][1:].abs().max() < 0.1


def test_a_few_builders_are_not_a_fleet_whose_change_is_taken_out() -> None:
    answer = compare(
        *sides(fleet(2, b0=lambda d: 1.3 if d >= 14 else 1.0, b1=lambda d: 1.3 if d >= 14 else 1.0)),
        metrics=["run_s"],
    )
    assert row_of(answer, "b0")["verdict"] == row_of(answer, "b1")["verdict"] == "regression"
    assert row_of(answer, "b0")["fleet_is_taken_out"] is False
    alone = compare(*sides(fleet(1, b0=lambda d: 1.3 if d >= 14 else 1.0)), metrics=["run_s"])
    assert alone["verdict"].tolist() == ["regression"]
    assert alone["scope"].tolist() == ["builder"]


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (range(14), range(14, 28), "regression"),
        (range(1, 14), range(14, 28), "too few days"),
        (range(7, 14), range(14, 28), "too few days"),
        (range(14), range(14, 27), "too few days"),
        # Monday to Friday: two weeks are ten days.
        ([d for d in range(14) if d % 7 < 5], [d for d in range(14, 28) if d % 7 < 5], "regression"),
        # Nine days of fourteen.
        ([0, 1, 2, 3, 4, 5, 6, 7, 13], range(14, 28), "too few days"),
    ],
)
def test_two_weeks_a_side_and_ten_days_with_runs(before: Any, after: Any, verdict: str) -> None:
    rows = drawn_runs("b", before) + drawn_runs("b", after, lambda _: 1.5)
    row = row_of(compare(*sides(rows), metrics=["run_s"]), "b")
    assert row["verdict"] == verdict
    assert row["change"] == pytest.approx(0.5, abs=0.15)
    assert row["change_low"] < row["change"] < row["change_high"]
    assert (row["q"] is None) == (row["smallest_change"] is None) == (verdict == "too few days")


def test_a_weekend_effect_is_not_a_change() -> None:
    def factor(number: int) -> float:
        return 0.5 if number % 7 >= 5 else 1.0

    # Before: two weeks from Monday. After: three weeks without Saturdays and Sundays.
    rows = drawn_runs("b", BEFORE, factor) + drawn_runs("b", [d for d in range(14, 33) if d % 7 < 5], factor)
    row = row_of(compare(*sides(rows), metrics=["run_s"]), "b")
    assert row["verdict"] == "no difference"
    assert abs(row["change"]) < 0.1
    assert row["note"] == "no Sat, Sun after"


def test_sides_without_a_common_weekday_have_no_verdict() -> None:
    rows = drawn_runs("b", [d for d in range(56) if d % 7 < 2]) + drawn_runs(
        "b", [d for d in range(56, 112) if d % 7 > 3], lambda _: 2.0
    )
    row = row_of(compare(*sides(rows, 56), metrics=["run_s"]), "b")
    assert row["verdict"] == "too few days"
    assert row["note"] == "no Fri, Sat, Sun before; no Mon, Tue after"


@pytest.mark.parametrize(
    ("thresholds", "verdict"),
    [({}, "regression"), ({"least_share": 0.6}, "no difference"), ({"least_s": 400}, "no difference")],
)
def test_a_change_has_to_be_large_in_both_measures(thresholds: dict[str, Any], verdict: str) -> None:
    rows = drawn_runs("b", BEFORE) + drawn_runs("b", AFTER, lambda _: 1.5)
    row = row_of(compare(*sides(rows), metrics=["run_s"], **thresholds), "b")
    assert row["verdict"] == verdict
    assert row["q"] < 1e-6


def test_waits_of_zero_and_below_are_kept() -> None:
    rows = [row for d in BEFORE for row in runs_of_day("b", d, [0.0, -0.004 * (d % 3), 0.0], "pending_s")]
    rows += [row for d in AFTER for row in runs_of_day("b", d, [30.0, 31.0 + d % 2, 0.0], "pending_s")]
    row = row_of(compare(*sides(rows), metrics=["pending_s"]), "b", "pending_s")
    assert row["verdict"] == "regression"
    assert row["change_s"] == pytest.approx(30, abs=2)
    assert row["before_p50_s"] == 0.0
    # Two of three waits are longer than all before; 0 s after is as long as 0 s before, or longer than −0.004.
    assert 2 / 3 < row["after_is_longer"] < 1


def test_equal_days_have_no_change_and_no_error() -> None:
    rows = [row for d in range(28) for row in runs_of_day("b", d, [100.0])]
    row = row_of(compare(*sides(rows), metrics=["run_s"]), "b")
    assert (row["verdict"], row["change"], row["note"]) == ("no difference", pytest.approx(0), "1 run a day")
    doubled = [{**row, "run_s": 200.0} if row["created_at"] >= day(14) else row for row in rows]
    row = row_of(compare(*sides(doubled), metrics=["run_s"]), "b")
    assert row["verdict"] == "regression"
    assert row["change"] == pytest.approx(1, abs=1e-6)


def test_two_humps_whose_median_hardly_moves_are_seen_in_the_pairs() -> None:
    before = [row for d in BEFORE for row in runs_of_day("b", d, [10.0] * 5 + [11.0] + [100.0] * 5)]
    after = [row for d in AFTER for row in runs_of_day("b", d, [10.5] * 5 + [11.0] + [300.0] * 5)]
    row = row_of(compare(*sides(before + after), metrics=["run_s"]), "b")
    assert row["verdict"] == "no difference"
    assert (row["before_p50_s"], row["after_p50_s"]) == (11.0, 11.0)
    assert (row["before_p90_s"], row["after_p90_s"]) == (100.0, 300.0)
    # Of 121 pairs 5 × 5 + 6 + 5 × 11 are longer after, and that of the two medians is equal.
    assert row["after_is_longer"] == pytest.approx((5 * 5 + 5 + 5 * 11 + 0.5) / 121)


def test_runs_without_a_value_are_counted_and_odd_values_left_out() -> None:
    rows = drawn_runs("b", BEFORE) + drawn_runs("b", AFTER)
    rows += runs_of_day("b", 3, [None, None, -86_400.0]) + runs_of_day("b", 20, [None, 1e12])
    row = row_of(compare(*sides(rows), metrics=["run_s"]), "b")
    assert (row["before_without"], row["after_without"]) == (3, 2)
    assert row["before_runs"] == row["after_runs"] == 14 * 9
    assert row["before_p90_s"] < 2_000


def test_a_builder_of_one_side_has_no_change() -> None:
    rows = drawn_runs("old", BEFORE) + drawn_runs("new", AFTER) + drawn_runs("b", range(28))
    answer = compare(*sides(rows), metrics=["run_s"])
    for name, lacking in (("old", "after"), ("new", "before")):
        row = row_of(answer, name)
        assert row["verdict"] == "too few days"
        assert row[f"{lacking}_runs"] == 0
        assert [row[key] for key in ("change", "p", "q", "after_is_longer", f"{lacking}_p50_s")] == [None] * 5


def test_sides_of_the_same_days_can_be_compared() -> None:
    slow = drawn_runs("b", BEFORE, lambda _: 1.5, seed=1)
    row = row_of(compare(table(drawn_runs("b", BEFORE)), table(slow), metrics=["run_s"]), "b")
    assert row["verdict"] == "regression"


def test_the_other_way_around_the_change_is_undone() -> None:
    before, after = sides(fleet(12, b3=lambda d: 1.3 if d >= 14 else 1.0))
    there, back = compare(before, after), compare(after, before)
    forth, undone = row_of(there, "b3"), row_of(back, "b3")
    assert (forth["verdict"], undone["verdict"]) == ("regression", "improvement")
    assert forth["p"] == pytest.approx(undone["p"], rel=1e-6)
    assert undone["after_is_longer"] == pytest.approx(1 - forth["after_is_longer"])


def test_the_order_of_rows_does_not_matter() -> None:
    before, after = sides(fleet(11, b3=lambda d: 1.3 if d >= 14 else 1.0))
    mixed = compare(before.sample(frac=1, random_state=1), after.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(mixed, compare(before, after), rtol=1e-9)


def test_empty_tables() -> None:
    empty = table([])
    assert compare(empty, empty).empty
    assert compare(pd.DataFrame(), table(drawn_runs("b", AFTER)), metrics=["run_s"])["verdict"].tolist() == [
        "too few days"
    ]
    assert [part.empty for part in split_at(empty, date(2021, 3, 1))] == [True, True]


def test_wrong_arguments() -> None:
    good = table(drawn_runs("b", range(2)))
    with pytest.raises(UsageError, match=r"'run' is not a metric to compare; .*did you mean 'run_s'"):
        compare(good, good, metrics=["run"])
    with pytest.raises(UsageError, match="no metric"):
        compare(good, good, metrics=[])
    with pytest.raises(UsageError, match=r"analysis\.compare\(\) takes the table invocations"):
        compare(good, "march/")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="lacks builder_id"):
        compare(good.drop(columns="builder_id"), good)


def test_metrics_are_columns_and_verdicts_are_named() -> None:
    names = {column.name for column in TABLES["invocations"] if column.type == "float"}
    assert set(METRICS) <= names
    assert DEFAULT_METRICS == ("run_s", "pending_s", "queue_latency_s", "finish_lag_s")
    assert [*VERDICTS] == ["regression", "improvement", "no difference", "too few days"]


@pytest.mark.parametrize(
    ("at", "days", "window", "wanted"),
    [
        (20, 60, None, (6, 19, 20, 33)),
        (14, 28, None, (0, 13, 14, 27)),
        # A side has less than two weeks: one week each. Less than one: all.
        (13, 28, None, (6, 12, 13, 19)),
        (3, 28, None, (0, 2, 3, 27)),
        (20, 60, 5, (15, 19, 20, 24)),
        (20, 60, 40, (0, 19, 20, 59)),
    ],
)
def test_sides_of_one_table(
    at: int, days: int, window: int | None, wanted: tuple[int, int, int, int]
) -> None:
    before, after = split_at(table(drawn_runs("b", range(days))), day(at).date(), window_days=window)
    found = [
        edge for side in (before, after) for edge in (side["created_at"].min(), side["created_at"].max())
    ]
    assert [(moment.floor("D") - day(0)).days for moment in found] == [*wanted]


def test_whole_days_count_idle_weekdays_at_their_end() -> None:
    # FIRST_DAY is a Monday.
    week = np.array([0, 1, 2, 3, 4, 7, 8, 9, 10, 11]) + FIRST_DAY
    assert np.datetime64(FIRST_DAY, "D").astype(object).weekday() == 0
    assert whole_days(week, week) == 14
    assert whole_days(week, np.append(week, FIRST_DAY + 20)) == 13
    assert whole_days(week[:0], week) == 0


@pytest.mark.slow
def test_the_smallest_change_is_seen_in_four_of_five_cases() -> None:
    seen = []
    for seed in range(40):
        plain = [drawn_runs("b", range(28), seed=seed), drawn_runs("c", range(28), seed=seed)]
        null = row_of(compare(*sides([*plain[0], *plain[1]]), metrics=["run_s"]), "b")
        factor = 1 + null["smallest_change"]
        slower = [
            {**row, "run_s": row["run_s"] * factor} if row["created_at"] >= day(14) else row
            for row in plain[0]
        ]
        seen.append(
            row_of(compare(*sides([*slower, *plain[1]]), metrics=["run_s"]), "b")["verdict"] == "regression"
        )
    # 0.8 with a standard error of 0.06.
    assert 0.6 <= np.mean(seen) <= 0.95


def by_sql(before: pd.DataFrame, after: pd.DataFrame, metric: str) -> dict[str, tuple[Any, ...]]:
    """Return percentiles and counts of each builder, by DuckDB."""
    connection = duckdb.connect()
    connection.register("old", before[["builder_id", metric]])
    connection.register("new", after[["builder_id", metric]])
    query = f"""
        SELECT builder_id, count(o), count(n), quantile_cont(o, 0.5), quantile_cont(n, 0.5),
            quantile_cont(o, 0.9), quantile_cont(n, 0.9), count(*) FILTER (is_old) - count(o),
            count(*) FILTER (NOT is_old) - count(n)
        FROM (SELECT builder_id, {metric} AS o, NULL::DOUBLE AS n, true AS is_old FROM old
            UNION ALL SELECT builder_id, NULL, {metric}, false FROM new)
        WHERE builder_id IS NOT NULL GROUP BY builder_id"""
    return {row[0]: row[1:] for row in connection.execute(query).fetchall()}


def check_with_sql(before: pd.DataFrame, after: pd.DataFrame) -> int:
    """Compare the description of each row with SQL and with a loop over pairs; return the number of rows."""
    answer = compare(before, after)
    checked = 0
    for metric in DEFAULT_METRICS:
        wanted = by_sql(before, after, metric)
        for row in answer[(answer["metric"] == metric) & (answer["scope"] == "builder")].to_dict("records"):
            named = (
                "before_runs",
                "after_runs",
                "before_p50_s",
                "after_p50_s",
                "before_p90_s",
                "after_p90_s",
            )
            made = [row[name] for name in (*named, "before_without", "after_without")]
            sql = [np.nan if value is None else value for value in wanted[str(row["builder_id"])]]
            np.testing.assert_allclose(np.array(made, dtype=float), np.array(sql, dtype=float), rtol=1e-9)
            old, new = (
                side.loc[side["builder_id"] == row["builder_id"], metric].dropna().tolist()
                for side in (before, after)
            )
            pairs = [(b > a) + (b == a) / 2 for a, b in product(old, new)]
            assert row["after_is_longer"] == pytest.approx(
                np.mean(pairs) if pairs else np.nan, rel=1e-9, nan_ok=True
            )
            checked += 1
    return checked


def test_percentiles_counts_and_pairs_of_the_given_logs_by_sql() -> None:
    invocations = lp.load(LOGS).invocations
    half = invocations["created_at"].median()
    is_after = invocations["created_at"] >= half
    assert check_with_sql(invocations[~is_after], invocations[is_after]) > 5


def test_percentiles_counts_and_pairs_of_a_simulated_week_by_sql(tmp_path: Any) -> None:
    made = lp.simulate(invocations=700, days=7, seed=5, into=tmp_path / "week", tables_only=True, jobs=1)
    invocations = lp.read_tables(made.folder / "truth", "invocations")
    is_after = invocations["created_at"] >= pd.Timestamp("2021-03-04", tz="UTC")
    assert check_with_sql(invocations[~is_after], invocations[is_after]) > 20
