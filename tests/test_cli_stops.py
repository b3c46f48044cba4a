"""Permissions, signals, a lack of file descriptors, and folders that are replaced as a whole."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quick import quick

import logparse as lp
from logparse.columns import TABLES

LOGS = Path(__file__).parent / "data" / "logs"
ROOT = Path(__file__).parent.parent
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
NOOP = LOGS / "v1-2020-11" / "noop_0ms.log"
Nobody = Callable[..., "subprocess.CompletedProcess[str]"]

# --- permissions ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("command", ["check", "export", "summarize", "show"])
def test_an_unreadable_file_is_a_failure_and_the_others_count(
    command: str, open_place: Path, as_nobody: Nobody, cli: Callable[..., Any]
) -> None:
    secret, log = open_place / "secret", open_place / "log"
    for path in (secret, log):
        path.write_bytes(REAL.read_bytes())
    secret.chmod(0)
    alone = cli(command, log)
    assert (alone.code, alone.err) == (0, "")
    done = as_nobody(command, secret, log)
    assert done.returncode == 1
    assert done.stdout == alone.out
    assert done.stderr == (
        f"logparse: {secret}: permission denied; make it readable, or run as a user who may read it\n"
    )


@pytest.mark.slow
def test_an_unreadable_file_of_builds(open_place: Path, as_nobody: Nobody) -> None:
    secret, log = open_place / "builds.json", open_place / "log"
    secret.write_text("[]")
    log.write_bytes(REAL.read_bytes())
    secret.chmod(0)
    done = as_nobody("check", log, "--builds", secret)
    assert done.returncode == 1
    assert done.stdout.startswith("1 invocation, 94 entries")
    assert done.stderr.startswith(f"logparse: {secret}: permission denied; ")


@pytest.mark.slow
def test_an_output_in_a_directory_that_cannot_be_written(open_place: Path, as_nobody: Nobody) -> None:
    open_place.chmod(0o555)
    path = open_place / "out"
    done = as_nobody("grammar", "-f", "messages", "-o", path)
    assert done.returncode == 1
    assert (
        done.stderr == f"logparse: {path}: cannot be written (Permission denied); name another file with -o\n"
    )
    assert os.listdir(open_place) == []


# --- file descriptors -------------------------------------------------------------------------


def limited(number: int, *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logparse", *map(str, args)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (number, number)),
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_few_file_descriptors_are_enough_for_all_tables(tmp_path: Path) -> None:
    done = limited(8, "export", REAL, "--table", "all", "-o", tmp_path / "tables")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(os.listdir(tmp_path / "tables")) == len(TABLES) + 1


def test_too_many_open_files_are_said() -> None:
    # The file is opened while all descriptors that the limit allows are taken.
    code = (
        "import os, resource, sys; import logparse.cli.check, logparse.loading; from logparse.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\n"
        "try:\n    while True: os.dup(0)\nexcept OSError: pass\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", REAL],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"logparse: {REAL}: cannot be read (too many open files); close some, or raise the limit with ulimit -n\n"
    )


# --- signals ----------------------------------------------------------------------------------


def _as_in_a_terminal() -> None:
    """Undo what a parent like nohup ignores."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


#: Runs export, and stops it with a signal when the given table is being written.
_STOPPED = """
import os, sys
import logparse.tables.rows as tables
from logparse.cli import main
number = int(sys.argv.pop(1))
def stopped(records):
    os.kill(os.getpid(), number)
    yield from ()
tables._BATCHES["triggers"] = stopped
main()
"""


def stopped(number: int, *args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _STOPPED, str(int(number)), *map(str, args)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        # Where the tests run in the background, children inherit that interrupts are ignored.
        preexec_fn=_as_in_a_terminal,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "number", quick([signal.SIGTERM], [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], lambda s: s.name)
)
def test_a_signal_leaves_no_part_of_a_file(number: signal.Signals, tmp_path: Path) -> None:
    file, folder = tmp_path / "triggers.csv", tmp_path / "tables"
    file.write_text("mine")
    commands: list[list[str | Path]] = [
        ["--table", "triggers", "-o", file, "--force"],
        ["--table", "all", "-o", folder],
    ]
    for args in commands:
        done = stopped(number, "export", REAL, *args)
        assert (done.returncode, done.stdout, done.stderr) == (128 + number, "", "")
    assert os.listdir(tmp_path) == ["triggers.csv"]
    assert file.read_text() == "mine"


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    code = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + _STOPPED
    args = [str(int(signal.SIGHUP)), "export", str(REAL), "-t", "triggers", "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.slow
def test_an_interrupt_shows_no_traceback_however_early() -> None:
    for wait in (0.1, 0.2, 0.4, 0.8, 1.2):
        child = subprocess.Popen(
            # From the first line of the entry point on: before that, Python itself is starting.
            [sys.executable, "-c", _ANNOUNCED, "summarize", LOGS / "v1-2020-11", "--by", "bot"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert child.stdout
        assert child.stdout.readline() == b"begun\n"
        time.sleep(wait / 4)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
        assert child.returncode in (130, -signal.SIGINT), said
        assert b"Traceback" not in said
        assert b"KeyboardInterrupt" not in said


_ANNOUNCED = """
import logparse.__main__ as entry, signal, sys
real = signal.signal
def told(number, handler):
    result = real(number, handler)
    if handler == signal.SIG_DFL and number == signal.SIGINT and 'logparse.cli' not in sys.modules:
        print("begun")
    return result
signal.signal = told
entry.main()
"""

# --- folders ----------------------------------------------------------------------------------


def invocation_ids(folder: Path) -> set[str]:
    return {str(name) for name in lp.read_tables(folder, "invocations")["invocation_id"]}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("inside", quick([True], [False, True]))
def test_a_folder_keeps_the_old_tables_where_the_new_ones_fail(
    inside: bool, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    folder = tmp_path / "tables"
    assert cli("export", REAL, "-t", "all", "-o", folder).code == 0
    if inside:
        # A file that logparse does not know stays, so that the folder is not replaced as a whole.
        (folder / "notes.txt").write_text("mine")
    before = contents(folder)
    done = stopped(signal.SIGTERM, "export", NOOP, "-t", "all", "-o", folder, "--force")
    assert done.returncode == 128 + signal.SIGTERM
    assert contents(folder) == before
    assert os.listdir(tmp_path) == ["tables"]


@pytest.mark.parametrize("inside", quick([True], [False, True]))
@pytest.mark.parametrize("format_", quick(["csv"], ["csv", "jsonl"]))
def test_a_folder_gets_the_new_tables_alone(
    inside: bool, format_: str, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    folder = tmp_path / "tables"
    assert cli("export", REAL, "-t", "all", "-o", folder).code == 0
    if inside:
        (folder / "notes.txt").write_text("mine")
    (folder / "polls.csv").chmod(0o640)
    assert cli("export", NOOP, "-t", "all", "-f", format_, "-o", folder, "--force") == (0, "", "")
    names = {"schema.json", *(f"{name}.{format_}" for name in TABLES), *(["notes.txt"] if inside else [])}
    assert set(os.listdir(folder)) == names
    assert invocation_ids(folder) == {str(i) for i in lp.load(NOOP).invocations["invocation_id"]}
    assert os.listdir(tmp_path) == ["tables"]
    if format_ == "csv":
        assert (folder / "polls.csv").stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_replaced_brings_the_old_tables_back(
    tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables"
    assert cli("export", REAL, "-t", "all", "-o", folder).code == 0
    (folder / "notes.txt").write_text("mine")
    before = contents(folder)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == folder / "triggers.csv" and ".part/old" not in str(self):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    done = cli("export", NOOP, "-t", "all", "-o", folder, "--force")
    assert done.code == 1
    assert done.err == (
        f"logparse: {folder}: cannot be written (No space left on device); name another folder with -o\n"
    )
    assert contents(folder) == before


def test_the_working_directory_stays_itself(
    tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    monkeypatch.chdir(folder)
    before = folder.stat().st_ino
    for more in ([], ["--force"]):
        assert cli("export", REAL, "-t", "all", "-o", ".", *more) == (0, "", "")
    assert folder.stat().st_ino == before
    assert len(os.listdir(".")) == len(TABLES) + 1


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert cli("export", REAL, "-t", "all", "-o", tmp_path / "link") == (0, "", "")
    assert (tmp_path / "link").is_symlink()
    described = json.loads((tmp_path / "real" / "schema.json").read_text("utf-8"))
    assert [resource["name"] for resource in described["resources"]] == list(TABLES)
