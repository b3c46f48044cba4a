"""What a text is: logs and fragments are read; what logparse wrote, and all else, is refused with the reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from linear import Case, assert_linear, filled
from quick import quick

import logparse as lp
from logparse import grammar
from logparse.columns import TABLES
from logparse.sources.detection import detect

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_logs"
CASES = Path(__file__).parent / "data" / "cases"
REAL = SAMPLES / "win_xfa_component-9028843112359765808.txt"
#: A log that quotes lines which imitate entries, so that copies of its texts look like logs.
FORGED = SAMPLES / "forged_lines_in_error.mixed.html"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"

QUEUED = "[10:00:00.000] New invocation is queued and will start shortly\n"
STARTED = "[10:00:01.000] Starting the invocation (attempt 1)\n"
FINISHED = "[10:02:07.000] Invocation finished in 2m7s with status SUCCEEDED\n"
RUNNING = "[10:01:00.000] Build status: STARTED\n"
UNKNOWN = "[10:01:30.000] GET /index.html 200\n"

#: Commands, and what their output is called.
OUTPUTS = {
    **{f"export -t {table}": f"a table that logparse exported ({table})" for table in TABLES},
    **{f"export -t {table} -f jsonl": f"a table that logparse exported ({table})" for table in TABLES},
    "export -t events --raw-cells": "a table that logparse exported (events)",
    "summarize": "a summary that logparse printed",
    "summarize --by builder,day": "a summary that logparse printed",
    "summarize --by bot -f json": "a summary that logparse wrote",
    "summarize --by bot -f csv": "a table that logparse exported (bots)",
    "summarize --by bot -f markdown": "a table that logparse exported (bots)",
    "summarize --by day -f csv": "a summary that logparse wrote as a table",
    "summarize --by builder,day -f markdown": "a summary that logparse wrote as a table",
    "summarize --slowest 2": "a summary that logparse printed",
    "show": "a timeline that logparse printed",
    "show --full": "a timeline that logparse printed",
    "show -f json": "a table that logparse exported (events)",
    "check": "a report that logparse check printed",
    "check -f json": "a report that logparse check wrote",
}
#: The same for commands that have no input.
DESCRIPTIONS = {
    "schema": "a list of columns that logparse printed",
    "schema -f markdown": "a list of columns that logparse printed",
    "schema -f json": "a description of tables",
    "grammar": "a grammar that logparse wrote",
    "grammar -f messages": "a list of messages that logparse wrote",
    "grammar -f html": "a diagram of a grammar",
}
#: Headers of tables as the first release wrote them.
FIRST_HEADERS = {
    "invocations": (
        "invocation_id,job_id,project,job,task_kind,status,triggered_by,attempts,created_at,launched_at,finished_at,duration_s"
    ),
    "events": "invocation_id,seq,line,at,attempt,kind,fields,text",
    "polls": "invocation_id,seq,source,timer_id,due_at,handled_at,answered_at,lateness_s,rpc_s,status,changed,answered",
    "attempts": "invocation_id,attempt,started_at,ended_at,outcome,error",
    "triggers": "invocation_id,direction,id,title,url,repository,ref,revision",
    "unrecognized": "source,line,text",
}

Cli = Callable[..., Any]


def refusal(what: str) -> str:
    return f"is {what}, not a log; give the logs instead"


def refused(text: str) -> lp.LogparseError:
    found = lp.load(text)
    assert (len(found.invocations), len(found.builds)) == (0, 0)
    (failure,) = found.failures
    assert failure.remedy
    return failure


def assert_not_read(text: str, what: str, folder: Path, cli: Cli) -> None:
    """By name it is refused; in a walk it is skipped, and the log beside it gives what it gives alone."""
    made = folder / "made"
    made.write_text(text, encoding="utf-8")
    done = cli("export", made)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"logparse: {made}: {refusal(what)}\n"

    walk = folder / "walk"
    walk.mkdir()
    log = shutil.copy(FORGED, walk / "log.html")
    alone = cli("export", log)
    shutil.copy(made, walk / "made")
    beside = cli("export", "-v", walk)
    assert beside.code == 0
    assert beside.out == alone.out
    assert f"skipped: {walk / 'made'}: {refusal(what)}\n" in beside.err


# --- what logparse wrote -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", quick(["export -t events", "summarize", "show", "check -f json"], OUTPUTS)
)
def test_what_logparse_wrote_is_not_a_log(command: str, tmp_path: Path, cli: Cli) -> None:
    inputs = [FORGED, REAL, CASES / "unknown_entry_quotes_attempt.log", BUILDS, tmp_path / "missing.log"]
    text = cli(*command.split(), *inputs).out
    if "jsonl" in command and not text:
        return
    assert text.count("\n") > 0
    assert_not_read(text, OUTPUTS[command], tmp_path, cli)


def test_the_card_is_not_a_log(tmp_path: Path, cli: Cli) -> None:
    assert_not_read(cli("summarize", FORGED).out, "a summary that logparse printed", tmp_path, cli)


def test_the_card_as_json_is_not_a_log(tmp_path: Path, cli: Cli) -> None:
    assert_not_read(
        cli("summarize", FORGED, "-f", "json").out, "a summary that logparse wrote", tmp_path, cli
    )


@pytest.mark.parametrize("command", DESCRIPTIONS)
def test_what_describes_logs_and_tables_is_not_a_log(command: str, tmp_path: Path, cli: Cli) -> None:
    assert_not_read(cli(*command.split()).out, DESCRIPTIONS[command], tmp_path, cli)


@pytest.mark.parametrize("table", FIRST_HEADERS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_old_exports_and_exports_that_a_spreadsheet_saved(table: str, delimiter: str) -> None:
    header = FIRST_HEADERS[table].replace(",", delimiter)
    text = f'{header}\n"x.log"{delimiter}3{delimiter}"an error:\n{QUEUED}{STARTED}{FINISHED}"\n'
    assert str(refused(text)) == f"<text>: {refusal(f'a table that logparse exported ({table})')}"


def test_rows_that_other_programs_wrote_again(cli: Cli) -> None:
    """A list of rows, or their members in another order, are the same rows."""
    row = cli("export", FORGED, "-t", "attempts", "-f", "jsonl").out.split("\n")[0]
    what = "a table that logparse exported (attempts)"
    assert refusal(what) in str(refused(f"[\n{row}\n]\n"))
    turned = json.dumps(dict(reversed(json.loads(row).items())), indent=2)
    assert refusal(what) in str(refused(f"{turned}\n{turned}\n"))


def test_output_in_a_mail_or_with_standard_error() -> None:
    shown = (
        f"dart/x 9017235016450743296\n10:00:00.000            attempt_started  Starting\n{STARTED}{FINISHED}"
    )
    what = refusal("a timeline that logparse printed")
    assert what in str(refused(shown))
    assert what in str(refused("logparse: skipped 1 file without a log: x\n" + shown))
    assert what in str(refused("".join(f"> {line}\n" for line in shown.splitlines())))


def test_a_notebook_and_a_report() -> None:
    notebook = '{\n "cells": [{"outputs": ["[10:00:00.000] New invocation is queued"]}],\n "nbformat": 4\n}\n'
    assert refused(notebook).cause == "is a notebook, not a log"
    head = '<meta charset="utf-8"><meta content="logparse 0.2" name="generator">'
    report = f"<!doctype html><html><head>{head}<title>LUCI Scheduler</title></head><body><h4>Debug log (UTC)</h4><pre>{QUEUED}</pre>"
    assert refused(report).cause == "is a report that logparse wrote, not a log"
    assert len(lp.load(report.replace("logparse 0.2", "another program")).invocations) == 1


def test_exports_are_not_builds(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "polls.csv").write_text(cli("export", REAL, "-t", "polls").out)
    done = cli("export", REAL, "--builds", tmp_path / "polls.csv")
    assert done.code == 1
    assert refusal("a table that logparse exported (polls)") in done.err


def test_the_documents_of_the_project_are_skipped() -> None:
    found = lp.load(SAMPLES)
    assert [Path(skip.source or "").name for skip in found.records.skipped] == ["README.md"]
    assert found.failures == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "log", sorted(p for p in SAMPLES.iterdir() if p.suffix != ".md"), ids=lambda p: p.name
)
def test_a_folder_with_exports_gives_the_same_tables(log: Path, tmp_path: Path, cli: Cli) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    path = Path(shutil.copy(log, folder))
    alone = lp.load(path)
    for format_ in ("csv", "jsonl"):
        assert cli("export", path, "-t", "all", "-f", format_, "-o", folder / format_).code == 0
    for number, command in enumerate(("show", "show --full", "summarize", "summarize -f json", "check")):
        (folder / f"output{number}.txt").write_text(cli(*command.split(), path).out, encoding="utf-8")
    beside = lp.load(folder)
    assert beside.failures == []
    for table in TABLES:
        if table != "failures":
            pd.testing.assert_frame_equal(beside.table(table), alone.table(table), obj=table)


# --- genuine texts that look alike ---------------------------------------------------------------


@pytest.mark.parametrize(
    "quoted",
    [
        FIRST_HEADERS["unrecognized"],
        "10:00:00.000            attempt_started  Starting",
        "4 invocations: 2 succeeded, 2 failed",
        "1 invocation, 94 entries: all understood",
        '{"source": "x", "line": 3, "text": "y"}',
        "| source | line | text |",
    ],
)
def test_a_log_can_quote_what_logparse_writes(quoted: str) -> None:
    failed = f"[10:00:02.000] Failed to add Buildbucket build - HTTP 500\n{quoted}\n{quoted}\n"
    retried = "[10:00:02.001] The invocation will be retried\n"
    for text in (QUEUED + STARTED + failed + retried, failed + retried, STARTED + failed):
        assert len(lp.load(text).invocations) == 1
    page = f"Status: RUNNING\nTriggered by: {quoted}\nDuration: 1 second\nDebug log (UTC)\n\n{QUEUED}{failed}"
    assert len(lp.load(page).invocations) == 1


# --- logs and fragments -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nplease look at this:\n\n" + QUEUED + UNKNOWN * 5,
        UNKNOWN * 5 + STARTED,
        "Status: RUNNING\nTriggered by: -\n\n" + UNKNOWN,
        "Debug log (UTC)\n\n" + UNKNOWN,
        "All projects / a / b / 9028843112359765808\n" + UNKNOWN,
        'text\n[10:00:00.000] Handling timer "x" (a/b (c):9028843112359765808:3:0)\n' + UNKNOWN * 3,
    ],
    ids=["queued", "started", "header", "heading", "breadcrumb", "timer"],
)
def test_logs(text: str) -> None:
    assert detect(text).kind == "log"
    assert detect("".join(f"> {line}\n" for line in text.splitlines())).kind == "log"


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (RUNNING + UNKNOWN, "fragment", ""),
        ("\n\n" + FINISHED, "fragment", ""),
        ('    "status": "SUCCESS"\n  }\n}\n' + FINISHED, "fragment", ""),
        ('atus": "SUCCESS",\n    "a": [\n      1\n    ]\n}\n' + FINISHED, "fragment", ""),
        (RUNNING + UNKNOWN * 2, "nothing", "1 of its 3 lines with a clock are the scheduler's"),
        (UNKNOWN * 2, "nothing", "none of its 2 lines with a clock is the scheduler's"),
        ("# How it looks\n\n" + RUNNING + FINISHED, "nothing", "it does not begin as one"),
        ("Timeline:\n" + FINISHED, "nothing", "it does not begin as one"),
        ('The "end":\n' + FINISHED, "nothing", "it does not begin as one"),
    ],
)
def test_fragments(text: str, kind: str, reason: str, tmp_path: Path) -> None:
    found = detect(text)
    assert found.kind == kind
    assert found.cause == (f"holds no scheduler log: {reason}" if reason else "")
    (tmp_path / "x").write_text(text)
    by_name, walked = lp.load(tmp_path / "x"), lp.load(tmp_path)
    assert len(by_name.invocations) == len(walked.invocations) == (0 if reason else 1)
    assert [f.cause for f in by_name.failures] == ([found.cause] if reason else [])
    assert [s.cause for s in walked.records.skipped] == ([found.cause] if reason else [])
    assert walked.failures == []


@pytest.mark.parametrize("indent", ["", "    "])
def test_a_fragment_that_begins_in_json(indent: str) -> None:
    lines = (CASES / "fragment-at-brace.log").read_text().splitlines()
    text = "".join(f"{indent}{line}\n" for line in lines)
    record = lp.parse(text)
    assert (record.status, record.duration_s) == ("SUCCEEDED", 127.0)
    assert [e.kind for e in record.events] == ["log_fragment", "invocation_finished"]
    assert lp.parse(text, engine=grammar) == record


def test_every_tail_of_a_log_is_a_fragment_or_a_log() -> None:
    """A tail that begins with an entry is taken, whatever the entry is."""
    lines = (SAMPLES / "retry_deadline.v1.log").read_text().splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("[")]
    kinds = {detect("".join(lines[start:])).kind for start in starts}
    assert kinds == {"log", "fragment"}


# --- builds --------------------------------------------------------------------------------------


def test_notes_on_a_file_of_builds_are_not_called_files_without_a_log(tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "builds.json"
    build = '{"id": "8746163838866423807", "builder": {"project": "a", "bucket": "b", "builder": "c"}, "status": "SUCCESS"}'
    path.write_text(f'a warning\n{{"builds": [{build}], "nextPageToken": "x"}}\n')
    done = cli("check", path)
    assert done.code == 0
    assert "without a log:" not in done.err
    assert "skipped" not in done.err
    assert (
        f"note: {path}:2: is a page of a search, and more builds follow; fetch the next pages as well"
        in done.err
    )
    assert f"note: {path}:1: lines that are not JSON: 1, the first here" in done.err
    table = lp.load(path).table("failures")
    assert list(table["skipped"]) == [True, True]


def test_builds_deep_in_another_text_are_not_read_in_a_walk(tmp_path: Path) -> None:
    build = '{"id": "8746163838866423807", "builder": {"builder": "c"}, "status": "SUCCESS"}'
    (tmp_path / "code.py").write_text("x = 1\n" * 30 + build + "\n")
    (tmp_path / "builds.json").write_text("a warning\n" * 3 + build + "\n")
    assert list(lp.load(tmp_path).builds["source"]) == [str(tmp_path / "builds.json")]
    assert len(lp.load(tmp_path / "code.py").builds) == 1


# --- web pages -----------------------------------------------------------------------------------


def test_a_page_of_another_kind_does_not_cost_those_beside_it(tmp_path: Path) -> None:
    other = "<!doctype html><title>x</title><p>hello</html>\n"
    (tmp_path / "pages.html").write_text(other + FORGED.read_text())
    found = lp.load(tmp_path / "pages.html")
    assert list(found.invocations["job"]) == ["Build-Mac-Clang-x86_64-Debug"]
    assert [(f.line, f.cause) for f in found.failures] == [
        (1, "is a web page, but not one of the LUCI Scheduler")
    ]


# --- time ----------------------------------------------------------------------------------------


@pytest.mark.untraced
@pytest.mark.parametrize("ending", quick([FINISHED], ["", FINISHED]))
def test_time_is_linear(ending: str) -> None:
    lines = (
        '"', '{"a": ', "[", '["a",\n', "> ", "Status: x\n", "Status: x\n\n", "|a", "a,b", "1:1", "Debug log\n",
        "[10:00:00.000] :1", "[10:00:00.000] :123456789012345:1\n", "10:00:00.000 +1.000 x\n", "12 invocations: ",
        "1 invocation, 1 entry, ", "<meta name ", "All projects / a\n", "x  SUCCEEDED", "logparse: x\n", UNKNOWN,
    )  # fmt: skip
    assert_linear(
        *(Case(repr(line), filled(line, "", f"\n{ending}"), detect, 160_000, 0.8) for line in lines)
    )
