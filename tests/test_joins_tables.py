"""Groups and tables of joined records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from joined import BUILDS, CASES, LOG, LOGS, PAGE, text, v2

import logparse as lp
from logparse.engine.checks import CODES


def test_groups_count_alike_by_every_way() -> None:
    """One build has no bot and none has an invocation."""
    data = lp.load(CASES / "by-bot-left-out.json", text(v2(1)), PAGE)
    for key, table in (("bot", "bots"), ("builder", "builders"), ("job", "jobs")):
        grouped = lp.metrics.group_by(data.invocations, key, builds=data.builds)
        shared = list(grouped.columns)
        expected = data.table(table)[shared]
        pd.testing.assert_frame_equal(grouped, expected, check_dtype=False)
    units = lp.metrics.with_builds(data.invocations, data.builds)
    # Without a bot are the invocation of a build, and one build of its own.
    assert lp.metrics.left_out(units, "bot") == (1, 1)
    assert lp.metrics.left_out(units, "day") == (0, 1)
    assert lp.metrics.left_out(units, "builder") == (0, 0)


@pytest.mark.parametrize("by", ["bot", "day"])
def test_what_no_group_has_is_said(by: str, cli: Callable[..., Any]) -> None:
    done = cli("summarize", CASES / "by-bot-left-out.json", "--by", by)
    assert done.out.startswith("3 builds: 2 succeeded, 1 unfinished\n")
    assert f"1 build without a known {by} not in the table\n" in done.out
    assert "without a log" not in done.out


def test_source_and_line_are_a_key_of_invocations() -> None:
    both = f"{PAGE.read_text('utf-8')}\n{(LOGS / 'v1-2020-11' / 'midnight.log').read_text('utf-8')}"
    data = lp.load(both, BUILDS, LOG)
    key = ["source", "source_line"]
    assert not data.invocations.duplicated(key).any()
    known = data.invocations.set_index(key)["invocation_id"]
    for name in ("events", "polls", "attempts", "triggers", "builds", "steps", "unrecognized"):
        table = data.table(name)
        assert {"source_file", "source_line"} <= set(table.columns)
        if "invocation_id" in table:
            for row in table[table["invocation_id"].notna()].to_dict("records"):
                assert known[row["source_file"], row["source_line"]] == row["invocation_id"]


def test_failures_have_a_table(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "x.json").write_bytes(text(v2(1)) + b"{" + text(v2(2)))
    (tmp_path / "notes.txt").write_text("nothing\n")
    data = lp.load(tmp_path, tmp_path / "missing")
    found = data.table("failures")
    assert list(found.columns) == ["source", "reason", "remedy", "skipped", "line"]
    told = {(Path(r["source"]).name, r["skipped"]) for r in found.to_dict("records")}
    assert {("missing", False), ("notes.txt", True), ("x.json", False)} <= told
    assert isinstance(data.failures, list)
    report = json.loads(cli("check", tmp_path, "--format", "json").out)
    assert [f["reason"] for f in report["failures"]] == [
        f.cause for f in data.failures if "missing" not in str(f)
    ]
    assert all(f["cause"] == f["reason"] for f in report["failures"])
    assert [Path(f["source"]).name for f in report["skipped"]] == ["notes.txt"]
    lines = cli("export", tmp_path, "--table", "failures").out.splitlines()
    assert lines[0] == "source,reason,remedy,skipped,line"


def test_findings_have_a_table(cli: Callable[..., Any]) -> None:
    data = lp.load(CASES / "build_ends_before_it_starts.json")
    assert set(data.findings["code"]) <= set(CODES)
    done = cli("export", CASES / "build_ends_before_it_starts.json", "--table", "findings")
    assert done.out.startswith("source,line,code,message,invocation_id\n")
    assert done.out.count("\n") == 1 + len(data.findings)
