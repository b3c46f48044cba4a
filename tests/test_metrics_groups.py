"""Statistics by group: keys, times, builds without an invocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from made import NOON, builds, hours, invocations, one, run
from quick import quick

from logparse.columns import TABLES
from logparse.errors import LogparseError
from logparse.metrics import GROUP_KEYS, group_by, group_table, totals, with_bots, with_builds
from logparse.values.builders import builder_id

# --- groups ------------------------------------------------------------------------------------


def test_groups_stand_in_order_of_their_size() -> None:
    data = invocations(*(run(1.0, job_id=j) for j in ("p/c", "p/b", "p/b", "p/a", "p/a", "p/d")))
    found = group_by(data, "job")
    assert list(found["job_id"]) == ["p/a", "p/b", "p/c", "p/d"]
    assert list(found["invocations"]) == [2, 2, 1, 1]


def test_what_belongs_to_no_group_is_left_out() -> None:
    data = invocations(run(1.0, bot_id="a"), run(2.0), run(4.0, bot_id="a"))
    row = one(group_by(data, "bot"))
    assert (row["bot_id"], row["invocations"], row["busy_s"]) == ("a", 2, 5.0)


def builder(project: str | None, bucket: str | None, name: str) -> dict[str, Any]:
    known = builder_id(project, bucket, name)
    return {"project": project, "bucket": bucket, "builder": name, "builder_id": known}


def test_builders_of_one_name_in_two_buckets_are_two() -> None:
    rows = [run(1.0, **builder("p", b, "linux")) for b in ("ci", "try", "ci")]
    rows.append(run(1.0, **builder(None, None, "linux")))
    found = group_by(invocations(*rows), "builder")
    assert dict(zip(found["builder_id"], found["invocations"], strict=True)) == {
        "p/ci/linux": 2,
        "p/try/linux": 1,
        "linux": 1,
    }


def test_a_builder_of_both_dialects_is_one_and_shows_the_newest_names() -> None:
    rows = [
        run(1.0, **builder("p", "ci", "linux"), created_at=hours(2)),
        run(2.0, **builder("p", "luci.p.ci", "linux"), created_at=hours(1)),
    ]
    for given in (rows, rows[::-1]):
        row = one(group_by(invocations(*given), "builder"))
        assert list(row)[:4] == ["builder_id", "project", "bucket", "builder"]
        assert [row[k] for k in ("builder_id", "project", "bucket", "builder", "invocations")] == [
            "p/ci/linux",
            "p",
            "ci",
            "linux",
            2,
        ]


def test_days_are_utc_days_of_the_creation() -> None:
    times = [
        NOON.replace(hour=23, minute=59, second=59, microsecond=999999),
        NOON.replace(day=18, hour=0),
        NOON,
        None,
    ]
    found = group_by(invocations(*(run(1.0, created_at=t) for t in times)), "day")
    assert dict(zip(found["day"], found["invocations"], strict=True)) == {"2020-11-17": 2, "2020-11-18": 1}


def test_by_status() -> None:
    found = group_by(invocations(run(1.0), run(1.0, status="FAILED"), run(3.0, status="FAILED")), "status")
    assert list(found["status"]) == ["FAILED", "SUCCEEDED"]
    assert list(found["busy_s"]) == [4.0, 1.0]


def test_totals() -> None:
    row = one(totals(invocations(run(1.0), run(3.0, job_id="p/other", status="FAILED"))))
    assert (row["invocations"], row["succeeded"], row["failed"], row["busy_s"], row["success_rate"]) == (
        2,
        1,
        1,
        4.0,
        0.5,
    )
    assert "all" not in row


@pytest.mark.parametrize("key", quick(["builder", "day"], GROUP_KEYS))
def test_no_invocations_no_groups(key: str) -> None:
    groups = group_by(with_bots(invocations(), builds()), key)
    assert len(groups) == 0
    assert list(GROUP_KEYS[key]) == list(groups.columns[: len(GROUP_KEYS[key])])


@pytest.mark.parametrize("table", ["bots", "builders", "jobs"])
@pytest.mark.parametrize(
    "rows", [(), (run(None),), (run(1.0, bot_id="b", builder="w", project="p", bucket="c"),)]
)
def test_tables_have_their_declared_columns_and_types(table: str, rows: tuple[dict[str, Any], ...]) -> None:
    types = {"text": "str", "int": "Int64", "float": "float64", "time": "datetime64[us, UTC]"}
    found = group_table(invocations(*rows), builds(), table)
    assert [(c, str(found[c].dtype)) for c in found.columns] == [
        (c.name, types[c.type]) for c in TABLES[table]
    ]


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [
        run(float(n), job_id=f"p/{n % 3}", bot_id=f"b{n % 4}", status=("SUCCEEDED", "FAILED")[n % 2])
        for n in range(24)
    ]
    for key in ("job", "bot", "status"):
        pd.testing.assert_frame_equal(
            group_by(invocations(*rows), key), group_by(invocations(*rows[::-1]), key)
        )


# --- builds without an invocation --------------------------------------------------------------


ALONE = {"build_id": "9", **builder("p", "ci", "w"), "bot_id": "b", "run_s": 50.0}


def test_builds_that_no_invocation_asked_for_count_as_builds() -> None:
    data = invocations(run(100.0, **builder("p", "ci", "w"), build_id="1", bot_id="b"))
    known = builds(
        {**ALONE, "build_id": "1", "invocation_id": "100.0", "run_s": 100.0},
        {**ALONE, "status": "INFRA_FAILURE", "created_at": hours(-1), "completed_at": hours(3)},
        {**ALONE, "build_id": "10", "status": "STARTED"},
    )
    row = one(group_table(data, known, "builders"))
    assert (row["invocations"], row["builds"], row["succeeded"], row["failed"], row["unfinished"]) == (
        1,
        3,
        1,
        1,
        1,
    )
    assert (row["busy_s"], row["first_seen"], row["last_seen"]) == (200.0, hours(-1), hours(3))
    # Jobs are the scheduler's: a build alone belongs to none.
    row = one(group_table(data, known, "jobs"))
    assert (row["invocations"], row["builds"], row["busy_s"]) == (1, 1, 100.0)


def test_a_build_in_an_invocation_is_not_alone() -> None:
    data = invocations(run(1.0, build_id="9", builder="w"))
    assert with_builds(data, builds({**ALONE})) is data


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("SUCCESS", "SUCCEEDED"),
        ("FAILURE", "FAILED"),
        ("INFRA_FAILURE", "FAILED"),
        ("CANCELED", "ABORTED"),
        ("SCHEDULED", "RUNNING"),
        (None, "RUNNING"),
    ],
)
def test_outcomes_of_builds_in_the_schedulers_words(status: str | None, expected: str) -> None:
    found = with_builds(invocations(), builds({**ALONE, "status": status}))
    assert list(found["status"]) == [expected]
    assert found["invocation_id"].isna().all()


def test_bots_have_their_dimensions() -> None:
    """Of each dimension the last one known, in the order in which the builds were made, not read."""
    data = invocations(run(1.0, bot_id="b", build_id="1"), run(1.0, bot_id="c", build_id="4"))
    known = builds(
        {
            "build_id": "2",
            "bot_id": "b",
            "created_at": hours(2),
            "os": "Ubuntu-20.04",
            "cores": None,
            "pool": "new",
        },
        {
            "build_id": "1",
            "bot_id": "b",
            "created_at": hours(1),
            "os": "Ubuntu-18.04",
            "cores": 8,
            "pool": "old",
        },
        {"build_id": "3", "bot_id": None, "os": "Mac"},
    )
    found = group_table(data, known, "bots").set_index("bot_id")
    assert (found.loc["b", "os"], found.loc["b", "cores"], found.loc["b", "pool"]) == (
        "Ubuntu-20.04",
        8,
        "new",
    )
    assert found.loc["c", ["os", "cores", "pool", "cpu", "machine_type", "zone"]].isna().all()


# --- keys --------------------------------------------------------------------------------------


def test_times_of_groups_are_those_of_a_zone_and_in_order() -> None:
    """2020-11-17 was a Tuesday of ISO's week 47; 23:30 in UTC is 08:30 of the next day in Tokyo."""
    data = invocations(
        run(1.0, created_at=datetime(2020, 11, 17, 23, 30, tzinfo=UTC)),
        run(2.0, created_at=datetime(2020, 11, 9, 5, tzinfo=UTC)),
        run(3.0, created_at=datetime(2020, 11, 17, 23, 59, tzinfo=UTC)),
    )
    assert list(group_by(data, "day")["day"]) == ["2020-11-09", "2020-11-17"]
    assert list(group_by(data, "day")["invocations"]) == [1, 2]
    assert list(group_by(data, "day", tz="Asia/Tokyo")["day"]) == ["2020-11-09", "2020-11-18"]
    assert list(group_by(data, "week")["week"]) == ["2020-W46", "2020-W47"]
    assert list(group_by(data, "weekday")["weekday"]) == ["1 Mon", "2 Tue"]
    assert list(group_by(data, "weekday", tz="Asia/Tokyo")["weekday"]) == ["1 Mon", "3 Wed"]
    assert list(group_by(data, "hour")["hour"]) == ["05:00", "23:00"]
    assert list(group_by(data, "hour", tz="Asia/Tokyo")["hour"]) == ["08:00", "14:00"]


def test_the_first_days_of_a_year_can_be_in_the_last_week_before() -> None:
    data = invocations(run(1.0, created_at=datetime(2021, 1, 1, tzinfo=UTC)))
    assert list(group_by(data, "week")["week"]) == ["2020-W53"]


def test_groups_of_two_keys() -> None:
    data = invocations(
        run(1.0, bot_id="b", created_at=NOON + timedelta(days=1)),
        run(2.0, bot_id="a"),
        run(3.0, bot_id="b"),
        run(4.0, bot_id="b"),
        run(5.0),
    )
    groups = group_by(data, ["bot", "day"])
    assert groups[["bot_id", "day", "invocations", "run_max_s"]].values.tolist() == [
        ["a", "2020-11-17", 1, 2.0],
        ["b", "2020-11-17", 2, 4.0],
        ["b", "2020-11-18", 1, 1.0],
    ]
    busiest = group_by(data, ["bot", "job"])
    assert busiest[["bot_id", "job_id", "invocations"]].values.tolist() == [["b", "p/j", 3], ["a", "p/j", 1]]
    assert group_by(data, ["bot", "bot"]).equals(group_by(data, "bot"))


@pytest.mark.parametrize("key", ["color", "", "Bot", "bot,day"])
def test_an_unknown_key_names_the_choices(key: str) -> None:
    with pytest.raises(
        LogparseError, match="is not a key to group by; choose from builder, bot, job, status"
    ):
        group_by(invocations(), key)


def test_a_key_of_bots_says_how_to_get_it() -> None:
    with pytest.raises(LogparseError, match=r"no column 'pool'; add it with metrics.with_bots"):
        group_by(invocations(run(1.0)), "pool")
    with pytest.raises(LogparseError, match="no key to group by"):
        group_by(invocations(), [])
    with pytest.raises(LogparseError, match="'Mars/Olympus' is not a time zone"):
        group_by(invocations(run(1.0)), "day", tz="Mars/Olympus")


def test_pools_come_from_the_builds() -> None:
    asked = invocations(run(1.0, build_id="1"), run(2.0, build_id="2"), run(3.0, build_id="1"), run(4.0))
    known = builds({"build_id": "1", "pool": "p", "cores": 8}, {"build_id": "2"})
    data = with_bots(asked, known)
    assert data["pool"].fillna("-").tolist() == ["p", "-", "p", "-"]
    assert data["cores"].fillna(0).tolist() == [8, 0, 8, 0]
    assert group_by(data, "pool")[["pool", "invocations", "busy_s"]].values.tolist() == [["p", 2, 4.0]]


def test_sums_have_no_noise_of_floats() -> None:
    """0.1 + 0.2 + 0.3 is 0.6000000000000001 in floats, and its mean 0.20000000000000004."""
    row = one(group_by(invocations(run(0.1), run(0.2), run(0.3)), "job"))
    assert (row["busy_s"], row["run_mean_s"]) == (0.6, 0.2)
