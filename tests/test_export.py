"""Cells, lines and files."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from logparse.batches.batch import batches_of
from logparse.columns import Column
from logparse.errors import LogparseError
from logparse.output.cells import json_line, unguarded
from logparse.output.files import whole_file
from logparse.output.writers import WRITERS

TEXT = Column("text", "text", "")
FLOAT = Column("float_s", "float", "")
JSON = Column("json", "json", "")
COLUMNS = [TEXT, FLOAT, Column("int", "int", ""), Column("bool", "bool", ""), Column("at", "time", ""), JSON]

TEXTS = [
    "plain",
    "a,b",
    'a "quoted" b',
    "two\nlines",
    "carriage\rreturn",
    "both\r\nends",
    "naïve 𝄞 機械",
    " spaces ",
    "'quote",
    "NA",
    "1e5",
    "0123",
]


def written(format_: str, rows: list[dict[str, Any]], columns: list[Column]) -> str:
    out = io.StringIO()
    WRITERS[format_](batches_of(rows, columns), columns, out)
    return out.getvalue()


@pytest.mark.parametrize("text", TEXTS)
def test_csv_and_jsonl_keep_texts(text: str) -> None:
    rows: list[dict[str, Any]] = [{"text": text, "float_s": 1.5}, {"text": text, "float_s": None}]
    shown = written("csv", rows, [TEXT, FLOAT])
    shown_text = "''quote" if text == "'quote" else text
    assert list(csv.reader(io.StringIO(shown, newline=""))) == [
        ["text", "float_s"],
        [shown_text, "1.5"],
        [shown_text, ""],
    ]
    lines = written("jsonl", rows, [TEXT, FLOAT]).splitlines()
    assert [json.loads(line) for line in lines] == rows


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x","y")'),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\ufe66" + "1"),
        *(" =1", "\u00a0=1", " \u00a0 +1", "\u3000-1", "\ufeff=1", "\u200b@x", "\x1b=1"),
        *("'=1", "'quote", "''", "\ttext", "\n"),
    ],
)
def test_no_text_is_a_formula(text: str) -> None:
    shown = written("csv", [{"text": text, "float_s": -1.5}], [TEXT, FLOAT])
    (_, (cell, number)) = csv.reader(io.StringIO(shown, newline=""))
    assert cell == "'" + text
    assert number == "-1.5"
    assert unguarded(cell) == text
    raw = written("raw csv", [{"text": text, "float_s": -0.006}], [TEXT, FLOAT])
    assert list(csv.reader(io.StringIO(raw, newline="")))[1] == [text, "-0.006"]
    assert json.loads(written("jsonl", [{"text": text}], [TEXT]))["text"] == text


def test_every_type() -> None:
    at = datetime(2020, 11, 17, 4, 33, 59, 89000, UTC)
    known = {"text": "x\0y", "float_s": 1, "int": -3, "bool": False, "at": at, "json": '{"a":[1,null]}'}
    shown = written("csv", [known, {}], COLUMNS)
    assert shown.splitlines()[1:] == [
        'x␀y,1.0,-3,false,2020-11-17T04:33:59.089000Z,"{""a"":[1,null]}"',
        ",,,,,",
    ]
    first, second = (json.loads(line) for line in written("jsonl", [known, {}], COLUMNS).splitlines())
    assert first == {**known, "at": "2020-11-17T04:33:59.089000Z", "json": {"a": [1, None]}}
    assert set(second.values()) == {None}
    assert list(second) == [c.name for c in COLUMNS]


def test_jsonl_is_a_line_a_row_that_repaints_nothing() -> None:
    text = "\x1b[2J\x7f\x9b31m\u2028\u2029\r\n"
    shown = written("jsonl", [{"text": text}], [TEXT])
    assert len(shown.splitlines()) == 1
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert json.loads(shown)["text"] == text
    assert json_line("é𝄞", ascii_only=True) == '"\\u00e9\\ud834\\udd1e"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\\\|b"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("&lt;", "&amp;lt;"),
        ("[x](javascript:y)", "\\[x\\](javascript:y)"),
        ("`code` *bold* ~~gone~~", "\\`code\\` \\*bold\\* \\~\\~gone\\~\\~"),
        ("win_xfa_component", "win_xfa_component"),
        ("_sloped_ __bold__", "\\_sloped\\_ \\_\\_bold\\_\\_"),
        ("two\nlines\r\nthree\rfour", "two lines three four"),
        ("\x1b[2J", "\\\\x1b\\[2J"),
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    lines = written("markdown", [{"text": text, "float_s": -1.0}, {}], [TEXT, FLOAT]).splitlines()
    assert lines == ["| text | float_s |", "| --- | --- |", f"| {shown} | -1.0 |", "|  |  |"]


@pytest.mark.parametrize("text", ["plain", "a=1", "x-1", ".-1", "é=1", "", "  ", "(=1)"])
def test_other_text_is_not_guarded(text: str) -> None:
    shown = written("csv", [{"text": text, "float_s": None}], [TEXT, FLOAT])
    assert list(csv.reader(io.StringIO(shown, newline="")))[1] == [text, ""]


def test_an_empty_text_is_quoted_and_null_is_not() -> None:
    assert written("csv", [{"text": "", "float_s": None}, {}], [TEXT, FLOAT]).split("\n")[1:] == [
        '"",',
        ",",
        "",
    ]


# --- files ------------------------------------------------------------------------------------


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with whole_file(path) as out:
        out.write("half")
        assert not path.exists()
    assert path.read_text() == "half"
    with pytest.raises(ZeroDivisionError), whole_file(path, force=True) as out:
        out.write(f"broken {1 / 0}")
    assert path.read_text() == "half"
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_gets_the_permissions_that_files_get(tmp_path: Path) -> None:
    path = tmp_path / "out"
    before = os.umask(0o027)
    try:
        with whole_file(path):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    with whole_file(path, force=True):
        pass
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")

    def refused(path: Path, **more: bool) -> str:
        with pytest.raises(LogparseError) as caught, whole_file(path, **more):
            pass
        assert caught.value.source == str(path)
        return caught.value.cause

    assert refused(tmp_path, force=True) == "is a directory"
    assert refused(tmp_path / "file") == "exists already"
    assert refused(tmp_path / "no" / "file") == "is in no directory that exists"
    assert refused(tmp_path / "file" / "file") == "is in no directory that exists"
    assert refused(tmp_path / ("x" * 300)) == "cannot be written (File name too long)"

    def denied(*_: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    assert refused(tmp_path / "new") == "cannot be written (Permission denied)"
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with whole_file(link, force=True) as out:
        out.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_pipes_and_devices_are_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    with whole_file(pipe) as out:
        out.write("through")
    reader.join(10)
    assert got == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with whole_file(Path(os.devnull)) as out:
        out.write("gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_half_a_surrogate_pair_does_not_fail(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with whole_file(path) as out:
        out.write(json_line({"x": "\ud800"}))
    assert json.loads(path.read_text("utf-8")) == {"x": "\ud800"}
