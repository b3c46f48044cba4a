"""The command line and its inputs: those that are not logs, several, damaged ones."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import REAL, UNKNOWN_ENTRY, process

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20
JOB_PAGE = (
    "State: SCHEDULED\nSchedule: with 10s interval\nNext run: in a second\n\nInvocations\n1 SUCCEEDED\n"
)


@pytest.mark.parametrize("command", ["summarize", "export", "show", "check"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"\n \n", "holds only blank lines"),
        (PNG, "is binary data (PNG image), not a log page"),
        (b"hello\n", "holds no scheduler log"),
        (JOB_PAGE.encode(), "is a job's page, not an invocation's"),
        (b"<!doctype html><title>x</title><p>hello", "is a web page, but not one of the LUCI Scheduler"),
        (b'{"id": ', "holds broken JSON"),
        (b"[1, 2", "holds no scheduler log"),
        (b"\x1f\x8b\x08\x00broken", "gzip data"),
    ],
)
def test_what_is_no_log(
    command: str, content: bytes | None, said: str, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    path = tmp_path / "input"
    if content is not None:
        path.write_bytes(content)
    done = cli(command, path)
    assert done.code == 1
    assert done.err.startswith(f"logparse: {path}:")
    assert said in done.err
    # What is wrong, and what to do, in one line; and no table without rows.
    assert "; " in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""


@pytest.mark.parametrize("command", ["summarize", "export", "show", "check"])
def test_a_directory_without_logs(command: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert "directory holds no files" in cli(command, tmp_path).err
    (tmp_path / "notes").write_text("milk\n")
    (tmp_path / "image").write_bytes(PNG)
    done = cli(command, tmp_path)
    assert done.code == 1
    assert "skipped 2 files without a log" in done.err
    assert done.err.endswith(
        "logparse: no input holds a scheduler log; name a saved page, a log, or a directory of them\n"
    )
    assert done.out == ""


def test_skipped_files_are_counted_or_named(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "log").write_bytes(REAL.read_bytes())
    for number in range(5):
        (tmp_path / f"notes{number}").write_text("milk\n")
    brief = cli("check", tmp_path)
    assert brief.code == 0
    assert re.fullmatch(
        r"logparse: skipped 5 files without a log: \S+notes0, \S+notes1, \S+notes2 and 2 more \(-v names all\)\n",
        brief.err,
    )
    whole = cli("check", tmp_path, "-v")
    assert whole.err.count("logparse: skipped: ") == 5
    assert "holds no scheduler log" in whole.err


def test_several_files_where_some_are_bad(tmp_path: Path, cli: Callable[..., Any]) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(PNG)
    done = cli("export", "missing", REAL, image, "--table", "invocations")
    assert done.code == 1
    assert done.out.count("\n") == 2
    assert "9028843112359765808,pdfium/win_xfa_component," in done.out
    assert [line.split(": ")[1] for line in done.err.splitlines()] == ["missing", str(image)]


@pytest.mark.parametrize("command", ["summarize", "export", "show", "check"])
def test_strict(command: str, cli: Callable[..., Any]) -> None:
    assert cli(command, REAL, "--strict").code == 0
    assert cli(command, UNKNOWN_ENTRY).code == 0
    done = cli(command, UNKNOWN_ENTRY, "--strict")
    assert done.code == 3
    assert done.err == "logparse: 1 place not understood; `logparse check` names them\n"
    assert done.out == cli(command, UNKNOWN_ENTRY).out
    # A failure wins.
    assert cli(command, UNKNOWN_ENTRY, "missing", "--strict").code == 1


def test_an_invocation_read_twice_is_said(tmp_path: Path, cli: Callable[..., Any]) -> None:
    done = cli("summarize", REAL, REAL)
    told = "logparse: read more than once, and counted {}: invocation 9028843112359765808\n"
    assert (done.code, done.err) == (0, told.format("once"))
    assert done.out.startswith("pdfium/win_xfa_component  SUCCEEDED")
    done = cli("summarize", REAL, REAL, "--keep-duplicates")
    assert (done.code, done.err) == (0, told.format("each time"))
    assert done.out.startswith("2 invocations: ")


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_standard_input_and_compressed_files(
    compress: Callable[[bytes], bytes], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    data = compress(REAL.read_bytes())
    from_stdin = cli("export", "-", "--table", "polls", stdin=data)
    path = tmp_path / "log.compressed"
    path.write_bytes(data)
    from_file = cli("export", path, "--table", "polls")
    assert (from_stdin.code, from_file.code) == (0, 0)
    # Only the name of the source differs.
    assert from_stdin.out.replace("<stdin>", str(path)) == from_file.out
    assert from_file.out.count("\n") == 23


def test_empty_standard_input(cli: Callable[..., Any]) -> None:
    assert cli("summarize", "-") == (1, "", "logparse: <stdin>: is empty; fetch the page again\n")


def test_a_bomb_is_refused(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(40_000_000).replace(b"\0", b"x")))
    done = cli("summarize", path, "--max-size", "1M")
    assert done == (1, "", f"logparse: {path}: expands to more than 1 MiB; raise the limit with --max-size\n")


def test_a_log_cut_in_a_line_and_a_broken_payload(tmp_path: Path, cli: Callable[..., Any]) -> None:
    text = REAL.read_text("utf-8")
    path = tmp_path / "cut.log"
    for cut in range(len(text) - 20, 2000, -1501):
        path.write_text(text[:cut], "utf-8")
        for command in ("summarize", "check"):
            done = cli(command, path)
            assert done.code == 0, (cut, done.err)
            assert done.out
    path.write_text(text.replace('"build": {', '"build": [', 1), "utf-8")
    assert "payload-undecodable" in cli("check", path).out
    assert cli("check", path, "--strict").code == 3


@pytest.mark.slow
def test_a_line_of_100_mb(tmp_path: Path) -> None:
    path = tmp_path / "line.log"
    path.write_bytes(b"x" * 100_000_000)
    done = process("summarize", path)
    assert done.returncode == 1
    assert b"holds no scheduler log" in done.stderr
    # An entry that no message fits is tried with every message.
    path.write_bytes(
        b"[00:00:00.000] Starting the invocation (attempt 1)\n[00:00:00.000] " + b"x" * 10_000_000
    )
    done = process("check", path)
    assert done.returncode == 0
    assert b"unrecognized" in done.stdout
    assert len(done.stdout) < 1000


@pytest.mark.slow
def test_a_pipe_gets_neither_colours_nor_a_spinner() -> None:
    for name, value in (("X", ""), ("FORCE_COLOR", "1"), ("TERM", "xterm-256color")):
        done = process("summarize", REAL, stdin=b"", **{name: value})
        assert b"\x1b" not in done.stdout
        assert done.stderr == b""
