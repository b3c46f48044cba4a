"""The commands compare and trends, on files of builds and on logs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import REAL
from dayruns import day, drawn_runs

from logparse.analysis.compare import COMPARE
from logparse.analysis.trends import TRENDS

#: A builder whose name is longer than a table has room for, and one that does not change.
SLOWER, SAME = "a-builder-with-a-name-of-many-words-linux-rel", "same"
DAYS = 28


def written(path: Path, days: Iterable[int], factor: float = 1.0) -> Path:
    """Save builds of two builders as Buildbucket prints them; from day 14 on the first is slower."""
    lines = []
    for builder in (SLOWER, SAME):
        slower = factor if builder == SLOWER else 1.0
        runs = drawn_runs(builder, days, partial(level, slower), runs=3)
        lines += [json.dumps(build(builder, place, run)) for place, run in enumerate(runs)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def level(factor: float, number: int) -> float:
    return factor if number >= 14 else 1.0


def build(builder: str, place: int, run: dict[str, Any]) -> dict[str, Any]:
    def text(moment: datetime) -> str:
        return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")

    started = run["created_at"] + timedelta(seconds=20)
    number = (run["created_at"] - day(0)).days * 100 + place % 3 + (50 if builder == SAME else 0)
    return {
        "id": str(8_863_413_050_310_500_000 + number),
        "builder": {"project": "p", "bucket": "ci", "builder": builder},
        "status": "SUCCESS",
        "createTime": text(run["created_at"]),
        "startTime": text(started),
        "endTime": text(started + timedelta(seconds=run["run_s"])),
        "infra": {"swarming": {"botDimensions": [{"key": "id", "value": f"bot-{place % 2}"}]}},
    }


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    return written(tmp_path / "march.json", range(14), 1.5), written(
        tmp_path / "april.json", range(14, DAYS), 1.5
    )


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


Cli = Callable[..., Any]


def test_two_sides_as_a_table(cli: Cli, both: tuple[Path, Path]) -> None:
    done = cli("compare", *both, "--fail-on", "regression")
    assert done.code == 4
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:2] == [
        "before: 2021-03-01 to 2021-03-14, 84 runs",
        "after: 2021-03-15 to 2021-03-28, 84 runs",
    ]
    # Run and pending time of two builders; the queue's latency is not known.
    assert lines[2] == "2 builders: 1 regression, 0 improvements in 4 comparisons"
    (slower,) = (line for line in lines if "regression " in line and "run" in line)
    assert slower.split()[0] == "p/ci/a-buil…ds-linux-rel"
    assert slower.split()[1:5] == ["run", "+51", "[+40", "+64]"]
    assert done.err == ""


def test_both_ways_to_name_the_sides_give_the_same(cli: Cli, both: tuple[Path, Path]) -> None:
    two = cli("compare", *both, "--format", "csv")
    one = cli("compare", *both, "--at", "2021-03-15", "--format", "csv")
    assert (two.code, one.code) == (0, 0)
    assert two.out == one.out
    rows = list(csv.DictReader(io.StringIO(one.out)))
    assert [*rows[0]] == [column.name for column in COMPARE]
    (slower,) = (row for row in rows if row["verdict"] == "regression")
    assert (slower["builder_id"], slower["metric"]) == (f"p/ci/{SLOWER}", "run_s")
    assert slower["before_days"] == "14"
    assert {row["before_p50_s"] for row in rows if row["metric"] == "pending_s"} == {"20.0"}


@pytest.mark.parametrize("format_", ["json", "markdown", "csv"])
def test_formats_have_all_rows(cli: Cli, both: tuple[Path, Path], format_: str, tmp_path: Path) -> None:
    printed = cli("compare", *both, "--format", format_, "--top", "1").out
    assert printed.count("run_s") == 2
    if format_ == "json":
        rows = [json.loads(line) for line in printed.splitlines()]
        assert rows[0]["builder_id"] == f"p/ci/{SLOWER}"
        assert {row["verdict"] for row in rows} == {"regression", "no difference"}
    suffix = {"markdown": "md"}.get(format_, format_)
    assert cli("compare", *both, "-f", format_, "-o", tmp_path / f"out.{suffix}").code == 0
    assert (tmp_path / f"out.{suffix}").read_text(encoding="utf-8") == printed


def test_options_choose_what_counts(cli: Cli, both: tuple[Path, Path]) -> None:
    def verdicts(*options: str) -> dict[str, str]:
        out = cli("compare", *both, "--format", "csv", "--metric", "run_s", *options).out
        return {row["builder_id"]: row["verdict"] for row in csv.DictReader(io.StringIO(out))}

    changed, same = f"p/ci/{SLOWER}", f"p/ci/{SAME}"
    assert verdicts() == {changed: "regression", same: "no difference"}
    assert verdicts("--min-percent", "90")[changed] == "no difference"
    assert verdicts("--min-seconds", "1000")[changed] == "no difference"
    assert verdicts("--where", f"builder={SAME}") == {same: "no difference"}


def test_a_few_days_are_said_to_be_few(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "builds.json", range(8, 20), 1.5)
    done = cli("compare", path, "--at", "2021-03-15", "--metric", "run_s", "--fail-on", "regression")
    assert done.code == 0
    assert "too few days for a verdict" in done.err
    assert done.out.count("too few days") == 2
    asked = cli("compare", path, "--at", "2021-03-15", "--window", "3d", "-f", "csv", "--metric", "run_s")
    assert {row["before_days"] for row in csv.DictReader(io.StringIO(asked.out))} == {"3"}


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ((), "Missing argument"),
        (("a.json",), "name two inputs, BEFORE and AFTER"),
        (("a", "b", "c"), "name two inputs, BEFORE and AFTER"),
        (("a", "b", "--builds", "c"), "name two inputs, BEFORE and AFTER"),
        (("a", "b", "--window", "7d"), "--window needs --at"),
        (("a", "--at", "2021-03-15", "--window", "36h"), "not a number of whole days"),
        (("a", "--at", "15 March"), "not a day"),
        (("a", "b", "--metric", "run"), "did you mean 'run_s'"),
        (("a", "b", "--min-percent", "-1"), "--min-percent"),
    ],
)
def test_wrong_usage(cli: Cli, arguments: tuple[str, ...], cause: str) -> None:
    done = cli("compare", *arguments)
    assert done.code == 2
    assert cause in done.err


def test_sides_that_cannot_be_compared(cli: Cli, tmp_path: Path, both: tuple[Path, Path]) -> None:
    done = cli("compare", both[0], tmp_path / "missing.json")
    assert done.code == 1
    assert "missing.json" in done.err
    assert done.out == ""
    late = cli("compare", both[0], "--at", "2022-01-01")
    assert late.code == 0
    assert "nothing that was read is after" in late.err
    same = cli("compare", REAL, REAL, "--metric", "run_s")
    assert same.code == 0
    assert "1 invocation on both sides" in same.err
    assert "pdfium/ci/win_xfa_component" in same.out


def test_trends(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path / "builds.json", range(DAYS), 1.5)
    done = cli("trends", path, "--fail-on", "regression")
    assert done.code == 4
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "1 regression, 0 improvements in 28 days"
    (line,) = (line for line in lines if "p/ci/" in line)
    assert "2021-03-15" in line
    rows = list(csv.DictReader(io.StringIO(cli("trends", path, "-f", "csv").out)))
    assert [*rows[0]] == [column.name for column in TRENDS]
    assert [(row["day"], row["new_bots"], row["gone_bots"]) for row in rows] == [
        ("2021-03-15T00:00:00.000000Z", "0", "0")
    ]


def test_trends_of_a_few_days(cli: Cli) -> None:
    done = cli("trends", REAL, "--fail-on", "regression")
    assert done.code == 0
    assert "1 day with runs, and a change needs 14" in done.err
    assert done.out == "0 regressions, 0 improvements in 1 day\n"
