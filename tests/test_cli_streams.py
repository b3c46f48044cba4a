"""The command line and its streams: pipes, full disks, interrupts, encodings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import LOGS, REAL, UNKNOWN_ENTRY, environment, process
from quick import quick

#: Every command that reads, with arguments that make it print much.
READERS = {
    "card": ["summarize", str(REAL)],
    "overview": ["summarize", str(LOGS / "mixed-2021-03"), "--by", "status"],
    "summarize json": ["summarize", str(LOGS / "mixed-2021-03"), "--format", "json"],
    "summarize csv": ["summarize", str(REAL), "--format", "csv"],
    "export csv": ["export", str(REAL), "--table", "events"],
    "export jsonl": ["export", str(REAL), "--table", "events", "--format", "jsonl"],
    "sql": ["sql", str(REAL), "from events"],
    "sql csv": ["sql", str(REAL), "from events", "--format", "csv"],
    "show": ["show", str(REAL), "--full"],
    "show json": ["show", str(REAL), "--format", "json"],
    "check": ["check", str(LOGS / "mixed-2021-03")],
    "check json": ["check", str(UNKNOWN_ENTRY), "--format", "json"],
}
WRITERS = {
    **READERS,
    "help": ["--help"],
    "help of a command": ["summarize", "--help"],
    "version": ["--version"],
    "ebnf": ["grammar"],
    "messages": ["grammar", "--format", "messages"],
    "bash": ["completion", "bash"],
    "zsh": ["completion", "zsh"],
    "fish": ["completion", "fish"],
}


@pytest.mark.parametrize("name", WRITERS)
def test_data_goes_to_stdout_and_nothing_to_stderr(name: str, cli: Callable[..., Any]) -> None:
    args = [a.replace(str(LOGS / "mixed-2021-03"), str(REAL)) for a in WRITERS[name]]
    done = cli(*args)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("\n")


@pytest.mark.parametrize("name", quick(["export csv", "help"], WRITERS))
def test_a_closed_pipe_is_no_failure(name: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "logparse", *WRITERS[name]],
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment(),
        )
    _, said = child.communicate(timeout=120)
    assert child.returncode == 0
    assert b"Broken" not in said
    assert b"Traceback" not in said
    if "mixed" not in str(WRITERS[name]):
        assert said == b""


def test_head_takes_one_line() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "logparse", "export", REAL, "--table", "events"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONUNBUFFERED="1"),
    ) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline().startswith(b"invocation_id,seq,")
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(timeout=60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_behind_stdout_is_said() -> None:
    with open("/dev/full", "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "logparse", "check", REAL],
            stdout=out,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"logparse: standard output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m logparse check "$1" {closed}', sys.executable, REAL],
        capture_output=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert (b"all understood" in done.stdout) == (closed != ">&-")


def test_interrupted_is_130() -> None:
    reading, writing = os.pipe()
    # Where the tests run in the background, children inherit that interrupts are ignored.
    code = (
        "import signal; signal.signal(2, signal.default_int_handler); from logparse.cli import main; main()"
    )
    with open(reading, "rb") as stdin:
        child = subprocess.Popen(
            [sys.executable, "-c", code, "check", "-"],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
    # More than a pipe holds: when all is written, the child is reading, and waits for the rest.
    entry = b"[00:00:00.000] Starting the invocation (attempt 1)\n"
    os.write(writing, entry)
    for _ in range(40):
        os.write(writing, entry * 100)
    # Python sees a signal that comes just before a read begins only when that read ends.
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, said = child.communicate(timeout=60)
    os.close(writing)
    assert child.returncode == 130
    assert out == b""
    assert b"Traceback" not in said


ENCODINGS = [
    *((name, "ascii") for name in WRITERS),
    ("card", "latin-1"),
    ("overview", "cp1252"),
    ("show", "latin-1"),
]
QUICK_ENCODINGS = [("check json", "ascii"), ("show", "ascii")]


@pytest.mark.parametrize("output", quick(QUICK_ENCODINGS, ENCODINGS, "-".join))
def test_an_output_without_unicode(output: tuple[str, str]) -> None:
    name, encoding = output
    done = process(*WRITERS[name], PYTHONUTF8="0", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert done.stdout.isascii()
    assert done.stderr.isascii()
    if "json" in name and "jsonl" not in name and "show" not in name:
        json.loads(done.stdout)


def test_data_survives_an_ascii_output(tmp_path: Path) -> None:
    log = tmp_path / "é.log"
    log.write_text("[00:00:00.000] Starting the invocation (attempt 1)\n[00:00:00.000] naïve 𝄞 —\n", "utf-8")
    done = process("export", log, "-t", "events", "-f", "jsonl", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["text"] == "naïve 𝄞 —"
