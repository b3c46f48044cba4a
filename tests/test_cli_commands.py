"""``logparse show``, ``check`` and ``grammar``."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logparse.engine.checks import CODES
from logparse.language.messages import MESSAGES
from logparse.language.syntax import Page

LOGS = Path(__file__).parent / "data" / "logs"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"


# --- show -------------------------------------------------------------------------------------


def test_show(cli: Callable[..., Any], golden: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(LOGS)
    golden("cli/show-noop.txt", cli("show", "v1-2020-11/noop_0ms.log").out)
    golden("cli/show-nobuild.txt", cli("show", "v1-2020-11/fatal_nobuild.log").out)
    golden("cli/show-midnight.txt", cli("show", "mixed-2021-03/newyear.log").out)


def test_show_full(cli: Callable[..., Any]) -> None:
    brief, full = (
        cli("show", LOGS / "v1-2020-11" / "fatal_nobuild.log", *more).out for more in ([], ["--full"])
    )
    assert '  "client_operation_id": "9055605488819723344",\n' in full
    assert "client_operation_id" not in brief
    assert "Buildbucket response:  (+1 line)\n" in brief
    assert " lines)\n" in brief
    assert "(+" not in full


def test_show_several(cli: Callable[..., Any]) -> None:
    out = cli("show", LOGS / "v1-2020-11" / "noop_0ms.log", REAL).out
    second, first = out.split("\n\n")
    # One that nothing dates comes last.
    assert first.startswith(f"unknown job {LOGS}")
    assert second.startswith("pdfium/win_xfa_component 9028843112359765808\n2020-11-17\n")


def test_the_grammar_reads_logs_where_it_is_asked_for(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from logparse import grammar

    pages: list[str] = []
    parse = grammar.parse_page

    def counted(text: str, log_at: int | None = None) -> Page:
        pages.append(text)
        return parse(text, log_at)

    monkeypatch.setattr(grammar, "parse_page", counted)
    log = LOGS / "v1-2020-11" / "noop_0ms.log"
    usual = cli("export", log, "--table", "events")
    assert usual.out.count("\n") > 3
    assert pages == []
    assert cli("export", log, "--table", "events", "--engine", "grammar") == usual
    assert len(pages) == 1
    assert "Invalid value for '--engine'" in cli("export", log, "--engine", "regex").err


def test_what_is_piped_on_is_whole(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, cli("show", REAL).out.splitlines())) > 120


def test_show_json(cli: Callable[..., Any]) -> None:
    rows = [json.loads(line) for line in cli("show", REAL, "--format", "json").out.splitlines()]
    assert len(rows) == 94
    assert rows[0]["kind"] == "invocation_queued"
    assert rows[-1]["fields"] == {"duration": 1262.491646275, "status": "SUCCEEDED"} or rows[-1]["fields"]


# --- check ------------------------------------------------------------------------------------


def test_a_clean_log_is_one_line(cli: Callable[..., Any]) -> None:
    said = "1 invocation, 94 entries: all understood, nothing contradicts\n"
    assert cli("check", REAL) == (0, said, "")


def test_check(cli: Callable[..., Any], golden: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(LOGS)
    names = [
        "v1-2020-11/custom_mode1.log",
        "v1-2020-11/long_10h_trimmed.log",
        "v1-2020-11/urlfetch_forged.log",
    ]
    done = cli("check", *names)
    assert (done.code, done.err) == (0, "")
    golden("cli/check.txt", done.out)


def test_check_json(cli: Callable[..., Any]) -> None:
    report = json.loads(
        cli("check", LOGS / "v1-2020-11" / "custom_mode1.log", REAL, "missing", "-f", "json").out
    )
    assert report["invocations"] == 2
    assert report["entries"] == report["understood"] + report["unknown"]
    assert report["unknown"] == report["codes"]["unrecognized"] == 1
    (finding,) = [f for f in report["findings"] if f["code"] == "unrecognized"]
    assert finding["line"] == 3
    assert finding["source"].endswith("custom_mode1.log")
    assert [f["source"] for f in report["failures"]] == ["missing"]
    assert set(report["codes"]) <= set(CODES)


def test_check_says_nothing_is_fine_only_where_something_was_read(cli: Callable[..., Any]) -> None:
    done = cli("check", "missing")
    assert done == (1, "", "logparse: missing: does not exist; check the path\n")


# --- grammar ----------------------------------------------------------------------------------


def test_ebnf(cli: Callable[..., Any]) -> None:
    out = cli("grammar").out
    assert out == cli("grammar", "--format", "ebnf").out
    for name in ("log", "entry", "trigger", "invocation finished"):
        assert f"\n{name} = " in f"\n{out}", name
    # Every production ends.
    assert out.count(" = ") <= out.count(";") + 5


def test_messages(cli: Callable[..., Any]) -> None:
    out = cli("grammar", "--format", "messages").out
    for message in MESSAGES:
        assert message.format.replace("\n", "\\n") in out
    assert len(out.splitlines()) == 3 * len(MESSAGES)


def test_diagrams(cli: Callable[..., Any], tmp_path: Path) -> None:
    pytest.importorskip("railroad")
    path = tmp_path / "grammar.html"
    done = cli("grammar", "-o", path)
    assert (done.code, done.out) == (0, "")
    page = path.read_text("utf-8")
    assert page.lstrip().lower().startswith("<!doctype html>") or "<html" in page[:500]
    assert page.count("<svg") >= 10
    assert page.count("<svg") == page.count("</svg>")


def test_diagrams_without_their_packages(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("railroad") is not None:
        monkeypatch.setitem(__import__("sys").modules, "pyparsing.diagram", None)
    done = cli("grammar", "-o", tmp_path / "grammar.html")
    assert done.code == 1
    assert done.err == (
        "logparse: railroad diagrams need two more packages; pip install 'logparse[diagrams]'\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_show_lists_the_steps_of_a_build(cli: Callable[..., Any]) -> None:
    """28 steps; the first began at 01:02:28.569713 and took 0.312114 s; a nested one is indented."""
    builds = LOGS.parent / "builds" / "linux-rel-8927206632544641856.json"
    lines = cli("show", builds).out.splitlines()
    assert lines[:3] == ["chromium/ci/linux-rel SUCCESS", "build 8927206632544641856, 28 steps", "2018-12-14"]
    assert len(lines) == 3 + 28
    assert lines[3] == "01:02:28.569     0.31 s SUCCESS       setup_build"
    assert lines[7].endswith(" SUCCESS         ensure_goma.ensure_installed")
    rows = [json.loads(line) for line in cli("show", builds, "--format", "json").out.splitlines()]
    assert [row["index"] for row in rows] == list(range(28))
    assert rows[0]["duration_s"] == 0.312114


def test_show_lists_the_steps_below_the_log_that_asked_for_the_build(
    tmp_path: Path, cli: Callable[..., Any]
) -> None:
    log = LOGS / "v2-2021-06" / "success_pubsub_0.log"
    step = {
        "name": "a|b",
        "status": "FAILURE",
        "startTime": "2021-05-03T01:00:00Z",
        "endTime": "2021-05-03T01:01:30Z",
    }
    build = {"id": "8850722130543548832", "builder": {"builder": "x"}, "steps": [{"name": "a"}, step]}
    (tmp_path / "builds.json").write_text(json.dumps(build))
    lines = cli("show", log, "--builds", tmp_path / "builds.json").out.splitlines()
    assert lines[-4:-2] == ["build 8850722130543548832, 2 steps", f"{'':12} {'–':>10} {'?':13} a"]
    assert lines[-2:] == ["2021-05-03", "01:00:00.000     1m 30s FAILURE         b"]
    assert sum("invocation_finished" in line for line in lines) == 1
