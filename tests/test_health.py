"""The health of builders: a hand-made fleet with known outcomes, files of specifications, the command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import logparse as lp
from logparse.analysis import daily, health, read_specs, stability
from logparse.analysis.health import HEALTH, business_days
from logparse.analysis.specs import DEFAULT_SPECS
from logparse.batches.arrow import frame
from logparse.columns import TABLES

#: A Wednesday. The seven business days before it are 9 to 17 November without the weekend of the 14th.
TODAY = date(2020, 11, 18)
DAYS = [date(2020, 11, day) for day in (17, 16, 13, 12, 11, 10, 9)]


def of_day(
    day: date,
    builder: str = "chromium/ci/b",
    *,
    good: int = 10,
    bad: int = 0,
    infra: int = 0,
    pending_s: float | None = 60,
    run_s: float = 600,
) -> list[dict[str, Any]]:
    """Return builds of a builder that were created on a day, one a minute."""
    project, bucket, name = builder.split("/")
    rows = []
    statuses = ["SUCCESS"] * good + ["FAILURE"] * bad + ["INFRA_FAILURE"] * infra
    for number, status in enumerate(statuses):
        created = datetime(day.year, day.month, day.day, 1, number % 60, tzinfo=UTC)
        started = None if pending_s is None else created + timedelta(seconds=pending_s)
        rows.append(
            {
                "build_id": f"{builder}{day}{number}",
                "builder_id": builder,
                "project": project,
                "bucket": bucket,
                "builder": name,
                "status": status,
                "created_at": created,
                "started_at": started,
                "completed_at": (started or created) + timedelta(seconds=run_s),
            }
        )
    return rows


def table(*days: list[dict[str, Any]]) -> pd.DataFrame:
    return frame([row for day in days for row in day], TABLES["builds"])


def judged(builds: pd.DataFrame, problem: str = "Unhealthy", **more: Any) -> dict[str, Any]:
    """Return the one judgement of a problem."""
    rows = health(builds, today=TODAY, **more).to_dict("records")
    (row,) = (row for row in rows if row["problem"] == problem)
    return {str(name): value for name, value in row.items()}


def test_business_days() -> None:
    assert business_days(TODAY, 7) == DAYS
    assert business_days(date(2020, 11, 15), 1) == [date(2020, 11, 13)]


def test_metrics_of_a_day_by_hand() -> None:
    builds = table(
        of_day(DAYS[0], good=2, bad=1, infra=1, pending_s=90.9, run_s=600.9),
        of_day(DAYS[1], good=3, pending_s=None),
    )
    monday, tuesday = daily(builds).to_dict("records")
    assert (tuesday["day"], tuesday["builds"]) == (DAYS[0], 4)
    assert (tuesday["fail_rate"], tuesday["infra_fail_rate"]) == (0.25, 0.25)
    # 90.9 and 600.9 s are cut to whole seconds.
    assert (tuesday["pending_p50_mins"], tuesday["build_p95_mins"]) == (1.5, 10.0)
    # No build of that day started.
    assert monday["pending_p50_mins"] == 0.0
    assert pd.isna(monday["build_p50_mins"])


def test_a_builder_is_unhealthy_where_every_day_is_bad() -> None:
    row = judged(table(*(of_day(day, good=7, bad=3) for day in DAYS)))
    assert row["unhealthy"]
    assert (row["days"], row["bad_days"], row["period_days"], row["days_left"]) == (7, 7, 7, 0)
    assert (row["metric"], row["value"], row["threshold"], row["metric_bad_days"]) == (
        "fail_rate",
        0.3,
        0.2,
        7,
    )


def test_one_good_day_counts_until_it_leaves_the_period() -> None:
    days = [of_day(day, good=7, bad=3) for day in DAYS]
    days[2] = of_day(DAYS[2])
    row = judged(table(*days))
    assert not row["unhealthy"]
    # The good day is the third last one. After five more business days it is out of the last seven.
    assert (row["bad_days"], row["days_left"]) == (6, 5)


def test_days_can_be_bad_by_different_metrics() -> None:
    rows = [of_day(day, good=9, infra=1) for day in DAYS[:3]]
    rows += [of_day(day, pending_s=1_300) for day in DAYS[3:]]
    row = judged(table(*rows))
    assert row["unhealthy"]
    assert (row["metric"], row["metric_bad_days"], row["threshold"]) == ("pending_p50_mins", 4, 20.0)


def test_a_value_at_its_threshold_is_not_over_it_but_near() -> None:
    row = judged(table(*(of_day(day, good=8, bad=2) for day in DAYS)))
    assert (row["bad_days"], row["near"]) == (0, True)
    row = judged(table(*(of_day(day, good=9, bad=1) for day in DAYS)))
    assert not row["near"]


def test_weekends_days_without_builds_and_today_do_not_count() -> None:
    saturday, before = date(2020, 11, 14), date(2020, 11, 6)
    builds = table(
        of_day(DAYS[1], good=7, bad=3),
        of_day(saturday),
        of_day(TODAY),
        of_day(before),
        of_day(TODAY + timedelta(1)),
    )
    row = judged(builds)
    assert (row["unhealthy"], row["days"]) == (True, 1)


def test_the_day_of_the_last_build_is_left_out_by_default() -> None:
    made = health(table(of_day(DAYS[1], good=7, bad=3), of_day(DAYS[0])))
    assert list(made["days"]) == [1, 1]
    assert health(table(of_day(DAYS[0]))).empty


def test_other_projects_have_longer_periods_and_waits() -> None:
    builds = table(*(of_day(day, "v8/ci/b", pending_s=1_300) for day in DAYS))
    row = judged(builds)
    assert (row["period_days"], row["bad_days"]) == (14, 0)
    assert judged(table(*(of_day(day, "v8/ci/b", pending_s=3_700) for day in DAYS)))["unhealthy"]


def test_low_value() -> None:
    row = judged(table(*(of_day(day, good=0, bad=3) for day in DAYS)), "Low Value")
    assert (row["unhealthy"], row["score"], row["period_days"]) == (True, 1, 90)


def test_the_worst_come_first() -> None:
    days = [of_day(day, "chromium/ci/good") for day in DAYS]
    days += [of_day(day, "chromium/ci/bad", good=5, bad=5) for day in DAYS]
    days += [of_day(day, "chromium/ci/soon", good=7, bad=3) for day in DAYS[:6]]
    days += [of_day(DAYS[6], "chromium/ci/soon")]
    made = health(table(*days), today=TODAY)
    assert [*made.columns] == [column.name for column in HEALTH]
    assert list(made["builder_id"][:3]) == ["chromium/ci/bad", "chromium/ci/soon", "chromium/ci/good"]


def test_odd_times_and_no_builds() -> None:
    for empty in (pd.DataFrame(), table()):
        assert [*health(empty).columns] == [column.name for column in HEALTH]
        assert health(empty).empty
        assert stability(empty).empty
    odd = of_day(DAYS[0])
    for build in odd:
        build["completed_at"] = datetime(1990, 1, 1, tzinfo=UTC)
    assert pd.isna(daily(table(odd))["build_p50_mins"][0])
    with pytest.raises(lp.UsageError):
        health(table().drop(columns="status"))


# --- files of specifications --------------------------------------------------------------------

SPECS = {
    "_default_specs": [
        {"name": "Unhealthy", "score": 4, "period_days": 2, "thresholds": {"fail_rate": {"average": 0.5}}}
    ],
    "specs": {
        "ci": {
            "slow": {
                "problem_specs": [
                    {
                        "name": "Unhealthy",
                        "score": 9,
                        "period_days": 3,
                        "thresholds": {"fail_rate": {"average": "_default"}, "build_time": {"p95_mins": 5}},
                    },
                    {"name": "Unhealthy", "thresholds": {"_default": "_default"}},
                ],
                "contact_team_email": "team@example.com",
            }
        }
    },
}


def test_a_file_of_specifications(tmp_path: Path) -> None:
    path = tmp_path / "specs.json"
    path.write_text(json.dumps(SPECS), encoding="utf-8")
    specs = read_specs(path)
    own, same = specs.of("chromium", "luci.chromium.ci", "slow")
    assert own.thresholds == {"fail_rate": 0.5, "build_p95_mins": 5.0}
    assert (own.score, own.period_days, own.contact) == (9, 3, "team@example.com")
    assert (same.thresholds, same.score, same.period_days) == ({"fail_rate": 0.5}, 4, 2)
    (other,) = specs.of("chromium", "ci", "other")
    assert (other.period_days, other.thresholds, other.contact) == (2, {"fail_rate": 0.5}, None)
    builds = table(*(of_day(day, "chromium/ci/slow", good=9, bad=1) for day in DAYS))
    row = health(builds, specs=specs, today=TODAY).to_dict("records")[0]
    assert (row["unhealthy"], row["metric"], row["value"], row["contact"]) == (
        True,
        "build_p95_mins",
        10.0,
        "team@example.com",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "the file is not an object"),
        ('{"spec": {}}', "unknown key 'spec'"),
        ('{"_default_specs": {}}', "_default_specs is not a list"),
        ('{"_default_specs": [{}]}', "without a name"),
        ('{"_default_specs": [{"name": "x", "score": 1}]}', "period_days of _default_specs, x"),
        (
            '{"_default_specs": [{"name": "x", "score": 1, "period_days": 7, "thresholds": {"a": {"b": 1}}}]}',
            "a.b of _default_specs, x",
        ),
        (
            '{"_default_specs": [{"name": "Unhealthy", "thresholds": {"fail_rate": {"average": "many"}}}]}',
            "is not a number",
        ),
    ],
)
def test_wrong_files_are_named_with_the_place(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "specs.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(lp.InputError, match=r"specifications|JSON") as error:
        read_specs(path)
    assert said in str(error.value)


def test_a_file_that_does_not_exist() -> None:
    with pytest.raises(lp.InputError, match="cannot be read"):
        read_specs("/no/such/file.json")


# --- stability ----------------------------------------------------------------------------------


def test_stability_by_hand() -> None:
    rows = []
    for number, (status, revision) in enumerate(
        [
            ("SUCCESS", "a"),
            ("FAILURE", "b"),
            ("INFRA_FAILURE", "b"),
            ("CANCELED", "b"),
            ("SUCCESS", "b"),
            ("SUCCESS", "c"),
            ("FAILURE", "c"),
            ("SUCCESS", "d"),
            ("FAILURE", "e"),
            ("FAILURE", "e"),
        ]
    ):
        (row,) = of_day(DAYS[0], good=1)
        for name in ("created_at", "started_at", "completed_at"):
            row[name] += timedelta(minutes=10 * number)
        rows.append({**row, "build_id": str(number), "status": status, "revision": revision})
    (found,) = stability(table(rows)).to_dict("records")
    assert (found["builds"], found["failures"], found["consecutive_failures"]) == (9, 5, 2)
    # Red from the end of build 1 to that of build 4, and from 6 to 7: 30 and 10 minutes.
    assert (found["red_periods"], found["time_to_green_p50_s"]) == (2, 1_200.0)
    assert found["red_since"] == rows[8]["completed_at"]
    # Revisions b, c and e were built more than once; e never succeeded.
    assert (found["revisions"], found["flaky_revisions"]) == (3, 2)


# --- the command --------------------------------------------------------------------------------


def saved(path: Path, builds: list[dict[str, Any]]) -> Path:
    """Save builds as Buildbucket prints them."""
    lines = []
    for number, build in enumerate(builds):
        times = {
            key: build[name].isoformat().replace("+00:00", "Z")
            for key, name in (
                ("createTime", "created_at"),
                ("startTime", "started_at"),
                ("endTime", "completed_at"),
            )
        }
        builder = {name: build[name] for name in ("project", "bucket", "builder")}
        lines.append(
            json.dumps(
                {
                    "id": str(8_863_413_050_310_500_000 + number),
                    "builder": builder,
                    "status": build["status"],
                    **times,
                }
            )
        )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_command(cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    bad = [build for day in DAYS for build in of_day(day, good=7, bad=3)]
    path = saved(tmp_path / "builds.json", bad)
    done = cli("health", path, "--today", TODAY.isoformat())
    assert done.code == 0
    assert done.out.splitlines()[0] == "1 builder, 1 problem"
    assert done.out.splitlines()[4].split()[2:] == ["yes", "7", "of", "7", "0", "fail", "0.3", "/", "0.2"]
    assert max(map(len, done.out.splitlines())) <= 80
    crossed = cli("health", path, "--today", TODAY.isoformat(), "--fail-on", "unhealthy", "--format", "csv")
    assert crossed.code == 4
    rows = list(csv.DictReader(io.StringIO(crossed.out)))
    assert [(row["problem"], row["unhealthy"]) for row in rows] == [
        ("Unhealthy", "true"),
        ("Low Value", "false"),
    ]
    good = saved(tmp_path / "good.json", [build for day in DAYS for build in of_day(day)])
    assert cli("health", good, "--today", TODAY.isoformat(), "--fail-on", "unhealthy").code == 0


def test_a_wrong_file_of_specifications(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "specs.json"
    path.write_text("{}]", encoding="utf-8")
    done = cli("health", tmp_path, "--spec", path)
    assert done.code == 1
    assert "is not JSON" in done.err
    assert DEFAULT_SPECS.of(None, None, None)
