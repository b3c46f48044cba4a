"""Groups of ``summarize``: keys, order, the first ones, the slowest; and formats by the name of the file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quick import quick

import logparse as lp

LOGS = Path(__file__).parent / "data" / "logs"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
V1 = LOGS / "v1-2020-11"

Cli = Callable[..., Any]


def groups(cli: Cli, *args: str | Path) -> list[dict[str, Any]]:
    done = cli("summarize", *args, "--format", "json")
    assert done.code == 0
    listed: list[dict[str, Any]] = json.loads(done.out)["groups"]
    return listed


KEYS: dict[str, dict[str, str]] = {
    "project": {"project": "pdfium"},
    "task_kind": {"task_kind": "buildbucket"},
    "week": {"week": "2020-W47"},
    "weekday": {"weekday": "2 Tue"},
    "hour": {"hour": "04:00"},
    "os": {"os": "Windows-10-15063"},
    "machine_type": {"machine_type": "n1-standard-8"},
    "zone": {"zone": "us-west1-c"},
    "bot,day": {"bot_id": "luci-flex-ci-win10-2-8q8g", "day": "2020-11-17"},
}


@pytest.mark.parametrize("by", quick(["week", "bot,day"], KEYS))
def test_keys(by: str, cli: Cli) -> None:
    names = KEYS[by]
    (group,) = groups(cli, REAL, "--by", by)
    assert {name: group[name] for name in names} == names
    assert group["invocations"] == 1
    shown = cli("summarize", REAL, "--by", by).out
    assert all(name in shown for name in names.values())


def test_pools(cli: Cli) -> None:
    (group,) = groups(cli, "--builds", BUILDS, "--by", "pool")
    assert (group["pool"], group["builds"]) == ("luci.chromium.ci", 1)


def test_zones(cli: Cli) -> None:
    """04:33 in UTC on 17 November was 20:33 of the day before in Los Angeles."""
    (group,) = groups(cli, REAL, "--by", "day,hour", "--tz", "America/Los_Angeles")
    assert (group["day"], group["hour"]) == ("2020-11-16", "20:00")
    shown = cli("summarize", REAL, "--by", "day", "--tz", "America/Los_Angeles").out
    assert shown.endswith("\ndays and hours are those of America/Los_Angeles\n")
    done = cli("summarize", REAL, "--tz", "Mars/Olympus")
    assert done.code == 2
    assert "'Mars/Olympus' is not a time zone; write it as Europe/Berlin" in done.err


@pytest.mark.parametrize("by", ["color", "bot,color", "bot,,day", ""])
def test_an_unknown_key_names_the_choices(by: str, cli: Cli) -> None:
    done = cli("summarize", REAL, "--by", by)
    assert done.code == 2
    assert "'builder', 'bot', 'job', 'status', 'day', 'week'" in " ".join(done.err.split())


@pytest.mark.slow
def test_rows_add_up(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = cli("summarize", V1, "--by", "job").out.splitlines()
    header = next(number for number, line in enumerate(lines) if line.startswith("job  "))
    assert lines[header].split()[:6] == ["job", "runs", "ok", "failed", "aborted", "unfinished"]
    start = lines[header].index("runs") - 2
    rows = [line[start:].split()[:5] for line in lines[header + 2 : lines.index("", header)]]
    assert len(rows) > 5
    for row in rows:
        runs, *parts = map(int, row)
        assert runs == sum(parts)


@pytest.mark.slow
def test_sorted_and_the_first(cli: Cli) -> None:
    by_size = groups(cli, V1, "--by", "bot", "--sort", "run_max_s")
    known = [group["run_max_s"] for group in by_size if group["run_max_s"] is not None]
    assert known == sorted(known, reverse=True)
    assert len(known) > 3
    assert all(group["run_max_s"] is None for group in by_size[len(known) :])
    assert groups(cli, V1, "--by", "bot", "--sort", "run_max_s", "--top", "2") == by_size[:2]
    shown = cli("summarize", V1, "--by", "bot", "--top", "2").out
    assert f"\n2 of {len(by_size)} groups (--top 2)\n" in shown
    # What is not shown is not unknown.
    left = int(lp.load(V1).invocations["bot_id"].isna().sum())
    assert f"{left} invocations without a known bot not in the table" in shown
    assert "'invocations', 'succeeded'" in " ".join(cli("summarize", V1, "--sort", "size").err.split())
    assert cli("summarize", V1, "--top", "0").code == 2


@pytest.mark.slow
def test_the_slowest(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = lp.load(V1).invocations
    found = json.loads(cli("summarize", V1, "--slowest", "3", "--format", "json").out)["slowest"]
    for metric in ("run_s", "queue_latency_s"):
        rows = [row for row in found if row["slowest_by"] == metric]
        assert [row["rank"] for row in rows] == [1, 2, 3]
        assert [row[metric] for row in rows] == sorted(frame[metric].dropna(), reverse=True)[:3]
        assert all(row["build_url"].startswith("https://") for row in rows)
    lines = list(csv.DictReader(io.StringIO(cli("summarize", V1, "--slowest", "3", "-f", "csv").out)))
    assert [line["build_url"] for line in lines] == [row["build_url"] for row in found]
    for width in (60, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = cli("summarize", V1, "--slowest", "3").out
        assert "\n3 slowest runs\n" in shown
        assert "\n3 longest waits\n" in shown
        assert max(map(len, shown.splitlines())) <= width
        for row in found:
            assert row["build_url"] in shown


def test_the_slowest_of_builds_alone(cli: Cli) -> None:
    shown = cli("summarize", "--builds", BUILDS, "--slowest", "5")
    assert (shown.code, shown.err) == (0, "")
    assert "\n1 slowest run\n" in shown.out
    assert "longest" not in shown.out


@pytest.mark.parametrize("command", ["summarize", "export", "check", "show"])
def test_builds_alone(command: str, cli: Cli) -> None:
    assert cli(command, "--builds", BUILDS).code == 0
    done = cli(command)
    assert done.code == 2
    assert done.err.startswith(f"Usage: logparse {command} ")
    assert "Missing argument 'FILE...'" in done.err


# --- formats by name --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "name", "begins"),
    [
        (["export", REAL, "-t", "polls"], "x.csv", "invocation_id,seq,"),
        (["export", REAL, "-t", "polls"], "x.jsonl", '{"invocation_id": "9028843112359765808"'),
        (["export", REAL, "-t", "polls"], "X.NDJSON", '{"invocation_id": "9028843112359765808"'),
        (["export", REAL, "-t", "polls"], "x.dat", "invocation_id,seq,"),
        (["export", REAL, "-t", "polls", "-f", "jsonl"], "x.jsonl", '{"invocation_id"'),
        (["summarize", REAL], "x.json", '{\n  "invocation": {'),
        (["summarize", REAL], "x.md", "| invocation_id |"),
        (["summarize", REAL], "x.csv", "invocation_id,"),
        (["summarize", REAL], "x.txt", "pdfium/win_xfa_component"),
        (["grammar"], "g.ebnf", "log = "),
        (["grammar"], "g.txt", "log = "),
    ],
)
def test_the_name_decides_the_format(
    args: list[Any], name: str, begins: str, tmp_path: Path, cli: Cli
) -> None:
    assert cli(*args, "-o", tmp_path / name) == (0, "", "")
    text = (tmp_path / name).read_text("utf-8")
    assert text.startswith(begins) or (
        begins == "log = " and "\nlog = " in f"\n{text}" and "<svg" not in text
    )


@pytest.mark.parametrize(
    ("args", "name", "said"),
    [
        (["export", REAL, "-f", "csv"], "x.jsonl", "'x.jsonl' is a name for jsonl, but --format is csv."),
        (
            ["export", REAL],
            "x.json",
            "'x.json' is a name for json, and this command writes csv or jsonl or parquet.",
        ),
        (
            ["export", REAL],
            "x.csv.gz",
            "'x.csv.gz' is a name for gzip, and this command writes csv or jsonl or parquet.",
        ),
        (["export", REAL], "x.xlsx", "'x.xlsx' is a name for xlsx"),
        (
            ["export", REAL, "-f", "csv"],
            "x.parquet",
            "'x.parquet' is a name for parquet, but --format is csv.",
        ),
        (["summarize", REAL], "x.parquet", "'x.parquet' is a name for parquet"),
        (
            ["summarize", REAL, "-f", "table"],
            "x.json",
            "'x.json' is a name for json, but --format is table.",
        ),
        (["summarize", REAL], "x.jsonl", "and this command writes table or json or csv or markdown."),
        (["grammar", "-f", "html"], "g.ebnf", "'g.ebnf' is a name for ebnf, but --format is html."),
        (["schema"], "s.csv", "'s.csv' is a name for csv"),
    ],
)
def test_a_name_that_contradicts_the_format(
    args: list[Any], name: str, said: str, tmp_path: Path, cli: Cli
) -> None:
    done = cli(*args, "-o", tmp_path / name)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not list(tmp_path.iterdir())
