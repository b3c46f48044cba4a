"""``logparse summarize``: cards, the overview, and the same as data."""

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
from logparse.columns import TABLES

LOGS = Path(__file__).parent / "data" / "logs"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"
REAL = "win_xfa_component-9028843112359765808.txt"
#: An invocation of every kind and every end.
CARDS = [
    "v1-2020-11/fatal_nobuild.log",
    "v1-2020-11/retry_50_gives_up.log",
    "v1-2020-11/retrying_unfinished.log",
    "v1-2020-11/abort_running.html",
    "v1-2020-11/poll_fatal_timer_http404.log",
    "v1-2020-11/unfinished_queued.html",
    "v1-2020-11/unfinished_running.html",
    "v1-2020-11/noop_0ms.log",
    "v1-2020-11/gitiles_unresolved.html",
    "v1-2020-11/gitiles_updates.1.html",
    "v1-2020-11/urlfetch_200_text.log",
    "v1-2020-11/urlfetch_error.log",
    "v1-2020-11/long_10h_trimmed.html",
    "v2-2021-06/fatal_http403.log",
    "v2-2026-08/success_html_user.html",
]

pytestmark = pytest.mark.usefixtures("_at_the_logs")


@pytest.fixture
def _at_the_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of sources in the output are then the same everywhere."""
    monkeypatch.chdir(LOGS)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_the_real_page(
    width: int, cli: Callable[..., Any], golden: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = cli("summarize", REAL)
    assert (done.code, done.err) == (0, "")
    assert max(map(len, done.out.splitlines())) <= width
    golden(f"cli/summarize-real-{width}.txt", done.out)


def test_the_numbers_of_the_real_page(cli: Callable[..., Any]) -> None:
    """As METRICS and the page itself have them."""
    text = " ".join(cli("summarize", REAL).out.split())
    assert text.startswith(
        "pdfium/win_xfa_component SUCCEEDED in 21m 02.492s invocation 9028843112359765808 "
    )
    for phase in ("scheduler wait 1.114 s 0.1%", "launch 0.224 s 0.0%", "pending 4.323 s 0.3%"):
        assert phase in text
    assert "run 20m 55.842s 99.5%" in text
    assert "finish lag 0.989 s 0.1%" in text
    assert "queue latency 5.661 s from" in text
    assert "overhead 6.650 s besides" in text
    assert "20 checks, 20 showed nothing new; cost 8.798 s (0.70% of the run), slowest 3.893 s;" in text
    assert "late by 0.109 s on average (-0.006 s to 0.350 s)" in text
    assert "notifications 2; the start was seen after 2.222 s, the end after 0.844 s" in text
    assert "build 8863413050310585040 #2079 SUCCESS" in text


@pytest.mark.parametrize("name", CARDS)
def test_cards(name: str, cli: Callable[..., Any], golden: Callable[..., None]) -> None:
    done = cli("summarize", name)
    assert (done.code, done.err) == (0, "")
    folder, _, rest = name.partition("/")
    golden(f"cli/card-{folder[:2]}-{rest}.txt", done.out)


def test_what_has_not_ended_has_no_shares(cli: Callable[..., Any]) -> None:
    for name in ("v1-2020-11/unfinished_running.html", "v1-2020-11/retrying_unfinished.log"):
        out = cli("summarize", name).out
        assert "scheduler wait" in out
        assert "%" not in out
        assert "▏" not in out


def test_a_card_tells_why_it_ended(cli: Callable[..., Any]) -> None:
    told = {
        "v1-2020-11/poll_fatal_timer_http404.log": "googleapi: Error 404: Not Found: build not found",
        "v1-2020-11/abort_running.log": "aborted by     user:admin@example.com",
        "v1-2020-11/fatal_nobuild.log": "Buildbucket response is not valid, missing 'build'",
        "v1-2020-11/retry_50_gives_up.log": "50 to launch, all failed; the last with: googleapi: Error 500",
    }
    for name, words in told.items():
        assert words in cli("summarize", name).out
    # Once is enough.
    assert cli("summarize", "v1-2020-11/gitiles_unresolved.html").out.count("2 unresolved refs") == 1


@pytest.mark.parametrize("by", quick(["builder"], ["builder", "bot", "job", "status", "day"]))
def test_overview(by: str, cli: Callable[..., Any], golden: Callable[..., None]) -> None:
    done = cli("summarize", "v2-2021-06", "--by", by)
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 100
    golden(f"cli/overview-{by}.txt", done.out)


def headings(text: str) -> list[str]:
    table = text.split("\n\n")[1]
    return [part.strip() for part in table.splitlines()[0].split("  ") if part.strip()]


@pytest.mark.slow
def test_columns_drop_from_the_end(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    counts, every = [], list[str]()
    for width in (200, 120, 80, 40):
        monkeypatch.setenv("COLUMNS", str(width))
        out = cli("summarize", "v1-2020-11", "--by", "bot").out
        assert max(map(len, out.splitlines())) <= width
        shown = headings(out)
        every = every or shown
        assert shown == every[: len(shown)]
        counts.append(len(shown))
    assert every[:4] == ["bot", "runs", "ok", "failed"]
    assert every[-1] == "poll cost"
    assert counts == sorted(counts, reverse=True)
    assert 3 <= counts[-1] < counts[0]


@pytest.mark.slow
def test_days_are_in_order(cli: Callable[..., Any]) -> None:
    for format_ in ("json", "csv"):
        out = cli("summarize", "v1-2020-11", "--by", "day", "--format", format_).out
        rows = json.loads(out)["groups"] if format_ == "json" else list(csv.DictReader(io.StringIO(out)))
        days = [row["day"] for row in rows]
        assert days == sorted(days)
        assert len(days) > 20


@pytest.mark.slow
def test_what_is_in_no_group_is_counted(cli: Callable[..., Any]) -> None:
    for folder, words in (("v1-2020-11", " not in the table"), ("v2-2021-06", "")):
        out = cli("summarize", folder, "--by", "bot").out
        left = int(lp.load(folder).invocations["bot_id"].isna().sum())
        assert left > 1
        assert out.endswith(f"\n{left} invocations without a known bot{words}\n")


def test_builds_without_a_log(cli: Callable[..., Any]) -> None:
    done = cli("summarize", REAL, "--builds", BUILDS, "--by", "bot")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("1 invocation and 1 build: 2 succeeded\n")
    assert "1 build from Buildbucket without a log\n" in done.out
    assert headings(done.out)[:3] == ["bot", "runs", "builds"]
    assert "without a known bot" not in done.out


def test_triage_logs_alone(tmp_path: Path, cli: Callable[..., Any]) -> None:
    log = tmp_path / "triage.log"
    log.write_text("[000 ms] Starting\n[001 ms] Triaging \n[002 ms] Done\n")
    done = cli("summarize", log)
    assert (done.code, done.out) == (0, "no invocations\n1 triage log besides\n")


# --- data -------------------------------------------------------------------------------------


def test_json_of_one_has_the_names_of_the_contract(cli: Callable[..., Any]) -> None:
    result = json.loads(cli("summarize", REAL, "--format", "json").out)
    assert list(result) == ["invocation", "failures"]
    row = result["invocation"]
    assert list(row) == [c.name for c in TABLES["invocations"]]
    assert row["invocation_id"] == "9028843112359765808"
    assert row["scheduler_wait_s"] == 1.114
    assert row["launch_s"] == 0.22363
    assert row["pending_s"] == 4.323291
    assert row["run_s"] == 1255.841972
    assert row["finish_lag_s"] == 0.988753
    assert row["queue_latency_s"] == 5.660921
    assert row["overhead_s"] == pytest.approx(6.649674, abs=1e-6)
    assert (row["poll_count"], row["poll_rpc_s"], row["poll_rpc_max_s"]) == (20, 8.798, 3.893)
    assert row["created_at"] == "2020-11-17T04:33:59.089000Z"
    assert row["truncated"] is False
    assert row["triggered_by"] is None


def test_unknown_is_null_or_empty_and_never_0(cli: Callable[..., Any]) -> None:
    name = "v1-2020-11/long_10h_trimmed.html"
    row = json.loads(cli("summarize", name, "--format", "json").out)["invocation"]
    (line,) = csv.DictReader(io.StringIO(cli("summarize", name, "--format", "csv").out))
    for column in ("poll_count", "poll_unchanged", "poll_rpc_s", "notification_count"):
        assert row[column] is None
        assert line[column] == ""
    group = json.loads(cli("summarize", name, "--format", "json", "--by", "job").out)["groups"][0]
    assert group["poll_count"] is None
    assert group["poll_rpc_s"] is None
    assert group["success_rate"] == 1.0


def test_floats_are_floats(cli: Callable[..., Any]) -> None:
    out = cli("summarize", "v1-2020-11/noop_0ms.log", "--format", "json").out
    assert '"poll_rpc_s": 0.0,' in out
    assert ",0,0,0.0,," in cli("summarize", "v1-2020-11/noop_0ms.log", "--format", "csv").out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "keys"), [("builder", ["builder_id", "project", "bucket", "builder"]), ("day", ["day"])]
)
def test_groups_as_json_and_csv(by: str, keys: list[str], cli: Callable[..., Any]) -> None:
    result = json.loads(cli("summarize", "v2-2021-06", "--by", by, "--format", "json").out)
    assert list(result) == ["totals", "by", "groups", "failures"]
    assert result["by"] == by
    statistics = [c.name for c in TABLES["builders"]][4:]
    assert list(result["totals"]) == statistics
    lines = list(
        csv.DictReader(io.StringIO(cli("summarize", "v2-2021-06", "--by", by, "--format", "csv").out))
    )
    assert len(lines) == len(result["groups"])
    for row, line in zip(result["groups"], lines, strict=True):
        assert list(row) == list(line) == [*keys, *statistics]
        for name, value in row.items():
            told = "" if value is None else value if isinstance(value, str) else repr(value)
            assert line[name] == told
    assert sum(row["invocations"] for row in result["groups"]) <= result["totals"]["invocations"]


def test_failures_are_in_the_json(cli: Callable[..., Any]) -> None:
    done = cli("summarize", "missing", REAL, "--format", "json")
    assert done.code == 1
    result = json.loads(done.out)
    assert result["failures"] == [
        {"source": "missing", "cause": "does not exist", "remedy": "check the path"}
    ]
    assert "invocation" in result
    alone = cli("summarize", "missing", "--format", "json")
    assert alone.code == 1
    assert json.loads(alone.out)["totals"] is None


@pytest.mark.slow
def test_markdown(cli: Callable[..., Any]) -> None:
    out = cli("summarize", "v2-2021-06", "--by", "status", "--format", "markdown").out
    head, rule, *rows = out.splitlines()
    assert head.startswith("| status | invocations | succeeded |")
    assert set(rule) <= set("|- ")
    assert all(row.count("|") == head.count("|") == rule.count("|") for row in rows)
    assert len(rows) == len(
        json.loads(cli("summarize", "v2-2021-06", "--by", "status", "-f", "json").out)["groups"]
    )
