"""Output on terminals: colours, widths, and text of logs that must not repaint them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quick import quick

from logparse.output.terminal import Escaped

LOGS = Path(__file__).parent / "data" / "logs"
CASES = Path(__file__).parent / "data" / "cases"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"

Terminal = Callable[..., tuple[int, str]]


def visible(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_is_never_overrun(columns: int, on_terminal: Terminal) -> None:
    commands: list[list[str | Path]] = [
        ["summarize", REAL],
        ["summarize", LOGS / "mixed-2021-03", "--by", "builder"],
        ["show", REAL],
    ]
    for args in commands:
        code, text = on_terminal(*args, columns=columns)
        assert code == 0
        *_, body = visible(text).split("counted once: ")
        lines = [line for line in body.split("\n") if "reading" not in line]
        assert max(map(len, lines[1:])) <= columns, args
        assert "\x1b[" in text


def test_a_terminal_gets_colours_a_spinner_and_one_line_an_entry(on_terminal: Terminal) -> None:
    code, text = on_terminal("show", REAL, columns=80)
    assert code == 0
    assert "reading" in text
    assert "\x1b[36m" in text
    assert "…" in text
    # The spinner, job and id, the day, and the entries.
    assert visible(text).count("\n") == 1 + 1 + 1 + 94


def test_no_color_and_dumb_terminals(on_terminal: Terminal) -> None:
    _, text = on_terminal("summarize", REAL, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38)[0-9;]*m", text)
    assert "SUCCEEDED" in text
    code, text = on_terminal("summarize", REAL, TERM="dumb")
    assert code == 0
    assert "\x1b[3" not in text
    assert "SUCCEEDED" in text


@pytest.mark.slow
def test_columns_win_over_the_terminal(on_terminal: Terminal) -> None:
    _, text = on_terminal("summarize", LOGS / "mixed-2021-03", "--by", "status", columns=150, COLUMNS="60")
    body = visible(text).split("counted once: ")[-1].split("\n")[1:]
    assert 40 < max(map(len, body)) <= 60


# --- hostile text -----------------------------------------------------------------------------


def test_a_log_cannot_repaint_the_terminal(tmp_path: Path, cli: Callable[..., Any]) -> None:
    text = REAL.read_text("utf-8").replace("pdfium/win_xfa_component:", "pdfium/\x1b[2Jwin\x9b31m:")
    text = text.replace("SUCCEEDED", "SUCC\x1b]0;title\x07")
    text = text.replace("[04:34:00.203] ", "[04:34:00.203] \x1b[31mred\r\u202e ", 1)
    folder = tmp_path / "evil\x1b[31m\r\nname"
    folder.mkdir()
    path = folder / "log.txt"
    path.write_text(text, "utf-8", newline="")
    (folder / "notes\x1b[2J").write_text("milk\n")
    for args in (
        ["summarize", path],
        ["summarize", folder],
        ["summarize", path, REAL, "--by", "job"],
        ["summarize", path, "-f", "json"],
        ["summarize", path, "-f", "markdown"],
        ["show", path],
        ["show", path, "--full"],
        ["show", path, "-f", "json"],
        ["check", path, "--strict"],
        ["check", folder, "-v"],
        ["check", folder / "missing\x1b[31m"],
        ["export", path, "--table", "all", "-o", path],
    ):
        done = cli(*args)
        assert done.out or done.err
        for shown in (done.out, done.err):
            odd = {c for c in shown if not c.isprintable() and c != "\n"}
            assert not odd, (args, odd)


TITLE = "\x1b]0;PWNED\x07\x1b[2Jx"


def odd(text: str) -> set[str]:
    return {c for c in text if not c.isprintable() and c != "\n"}


def hostile(folder: Path) -> Path:
    """A log with characters in a trigger's title that write a terminal's title, clear it, and turn text around."""
    log = folder / "hostile.log"
    text = (CASES / "csv_escapes_on_terminal.log").read_text("utf-8")
    log.write_text(text.replace("x\n[10:00:03", "x\u202e\x9b31m\U000e0041\n[10:00:03"), "utf-8")
    assert odd(log.read_text("utf-8")) == set("\x1b\x07\u202e\x9b\U000e0041")
    return log


@pytest.mark.parametrize(
    "args",
    quick(
        [["export", "--table", "triggers"], ["check", "--format", "json"]],
        [
            ["export", "--table", "triggers"],
            ["export", "--table", "events"],
            ["export", "--table", "triggers", "--raw-cells"],
            ["export", "--table", "triggers", "-f", "jsonl"],
            ["export", "--table", "triggers", "-o", "/dev/stderr"],
            ["export", "--table", "triggers", "-o", "/dev/stdout"],
            ["show", "--format", "json"],
            ["check", "--format", "json"],
            ["summarize", "--format", "csv"],
            ["summarize", "--format", "json"],
            ["summarize", "--format", "markdown"],
        ],
        " ".join,
    ),
)
def test_data_cannot_repaint_a_terminal(args: list[str], tmp_path: Path, on_terminal: Terminal) -> None:
    code, text = on_terminal(args[0], hostile(tmp_path), *args[1:])
    assert code == 0
    # The spinner's own codes are not of the log.
    assert not odd(re.sub(r"\x1b\[(?:[0-9;]*m|\?25[lh]|2K|1A)|\r", "", text))
    if "triggers" in args:
        assert "\\u001b]0;PWNED\\u0007\\u001b[2Jx\\u202e\\u009b31m\\udb40\\udc41" in text


def test_json_on_a_terminal_means_the_same(tmp_path: Path, on_terminal: Terminal) -> None:
    _, text = on_terminal("export", hostile(tmp_path), "--table", "triggers", "-f", "jsonl")
    (line,) = [line for line in visible(text).split("\n") if line.startswith("{")]
    assert json.loads(line)["id"] == TITLE + "\u202e\x9b31m\U000e0041"


def test_pipes_and_files_get_data_as_it_is(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "triggers.csv"
    piped = cli("export", hostile(tmp_path), "--table", "triggers").out
    assert cli("export", hostile(tmp_path), "--table", "triggers", "-o", path).code == 0
    for text in (piped, path.read_bytes().decode()):
        (row,) = csv.DictReader(io.StringIO(text, newline=""))
        assert row["id"] == TITLE + "\u202e\x9b31m\U000e0041"


def test_escapes_are_those_of_json() -> None:
    out = io.StringIO()
    Escaped(out).write("é\n\t\x1b\u202e\U000e0041\ud800 \u00a0")
    assert out.getvalue() == "é\n\\u0009\\u001b\\u202e\\udb40\\udc41\\ud800 \\u00a0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "columns", "term"),
    [
        ("builder", 40, "dumb"),
        ("builder", 80, "xterm-256color"),
        ("job,day", 40, "xterm-256color"),
        ("job,day", 80, "dumb"),
    ],
)
def test_no_number_is_cut(
    term: str, columns: int, by: str, on_terminal: Terminal, cli: Callable[..., Any]
) -> None:
    args = ["summarize", LOGS / "v2-2021-06", "--by", by]
    code, text = on_terminal(*args, columns=columns, TERM=term)
    assert code == 0
    shown = visible(text)
    lines = shown[shown.index(" invocations: ") :].rstrip("\n").split("\n")
    assert max(map(len, lines)) <= columns
    header = next(number for number, line in enumerate(lines) if line.startswith(by.split(",")[0] + " "))
    table = lines[header + 2 : lines.index("", header)]
    groups = json.loads(cli(*args, "--format", "json").out)["groups"]
    # A row a group: nothing is folded.
    assert len(table) == len(groups)
    start = lines[header].index("runs") + len("runs")
    assert [int(line[:start].split()[-1]) for line in table] == [row["invocations"] for row in groups]
    below = " ".join(lines[lines.index("", header) :])
    assert (f"left out at {columns} columns: " in below) == ("poll cost" not in lines[header])


@pytest.mark.slow
def test_ascii_terminals_are_not_overrun(on_terminal: Terminal) -> None:
    for args in (["summarize", LOGS / "v2-2021-06"], ["show", REAL]):
        code, text = on_terminal(*args, columns=60, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
        assert code == 0
        assert visible(text).isascii()
        body = visible(text).split("counted once: ")[-1].split("\n")[1:]
        assert max(map(len, body)) <= 60
