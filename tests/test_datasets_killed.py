"""Runs of `ingest` that end at any moment, that find no room, and that happen at once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from commands import REAL, environment
from datasets import Killed, added, contents, differing, failing, inputs_of, leftovers
from simulated import BUSY, simulated

import logparse as lp
from logparse.store.layout import JOURNAL, MANIFEST
from logparse.store.lock import locked

BUILD = """{"id": "8863413050310585040", "number": 2079, "status": "SUCCESS",
 "createTime": "2020-11-17T04:34:00.426630Z", "steps": [{"name": "compile", "status": "SUCCESS"}],
 "tags": [{"key": "scheduler_invocation_id", "value": "9028843112359765808"}]}
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of the real page, in a folder with a file of its build."""
    folder = tmp_path_factory.mktemp("before")
    (folder / "builds.json").write_text(BUILD)
    added([REAL], folder / "data")
    return folder


@pytest.fixture(scope="module")
def after(before: Path, tmp_path_factory: pytest.TempPathFactory) -> lp.Dataset:
    """The tables once the build is added, which changes rows of most of them."""
    data = tmp_path_factory.mktemp("after") / "data"
    shutil.copytree(before / "data", data)
    added([before / "builds.json"], data)
    return lp.load(data)


def operations(before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many operations of the disk a run has."""
    data = tmp_path / "counted"
    shutil.copytree(before / "data", data)
    with failing(monkeypatch, None) as disk:
        added([before / "builds.json"], data)
    return disk.count


def check_killed(
    before: Path, after: lp.Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Kill a run at an operation, and check what readers see, and what the next run makes of it."""
    data = folder / "data"
    shutil.copytree(before / "data", data)
    with failing(monkeypatch, at), pytest.raises(Killed):
        added([before / "builds.json"], data)
    seen = lp.load(data)
    assert [] in (differing(lp.load(before / "data"), seen), differing(after, seen)), at
    added([before / "builds.json"], data)
    assert differing(after, lp.load(data)) == [], at
    assert leftovers(data) == [], at


def test_a_killed_run_has_added_all_or_nothing(
    before: Path, after: lp.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = operations(before, tmp_path, monkeypatch)
    assert count > 40
    for at in range(2, count, 19):
        check_killed(before, after, tmp_path / str(at), monkeypatch, at)


@pytest.mark.slow
def test_a_run_can_be_killed_at_every_operation(
    before: Path, after: lp.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(operations(before, tmp_path, monkeypatch)):
        check_killed(before, after, tmp_path / str(at), monkeypatch, at)


def test_a_run_that_goes_on_can_be_killed_too(
    before: Path, after: lp.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The journal is there, and nothing of it is done.
    data = tmp_path / "data"
    count = operations(before, tmp_path, monkeypatch)
    # Parts are moved one by one, so that a third before the end the journal is there.
    assert killed_with_journal(before, data, monkeypatch, count - count // 3)
    for at in range(0, 12, 5):
        again = tmp_path / f"again-{at}"
        shutil.copytree(data, again)
        with failing(monkeypatch, at), pytest.raises(Killed):
            added([before / "builds.json"], again)
        added([before / "builds.json"], again)
        assert differing(after, lp.load(again)) == []
        assert leftovers(again) == []


def killed_with_journal(before: Path, data: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> bool:
    """Kill a run at an operation. Return whether the change counts by then."""
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(before / "data", data)
    with failing(monkeypatch, at), pytest.raises(Killed):
        added([before / "builds.json"], data)
    return (data / JOURNAL).exists()


def test_a_full_disk_leaves_the_old_state(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = contents(before / "data")
    messages: list[str] = []
    unharmed: list[bool] = []
    count = operations(before, tmp_path, monkeypatch)
    for at in range(1, count, 17):
        data = tmp_path / str(at)
        shutil.copytree(before / "data", data)
        try:
            with failing(monkeypatch, at, killed=False):
                added([before / "builds.json"], data)
        except lp.LogparseError as error:
            messages.append(str(error))
            if not (data / JOURNAL).exists():
                unharmed.append(contents(data) == state)
        added([before / "builds.json"], data)
        assert leftovers(data) == []
        assert list(lp.load(data).invocations.origin) == ["both"]
    assert all("cannot be written (No space left on device)" in message for message in messages)
    assert not any("\n" in message for message in messages)
    assert unharmed
    assert all(unharmed)


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 4])
def test_files_that_cannot_grow_leave_the_old_state(before: Path, tmp_path: Path, blocks: int) -> None:
    """A limit of the system on the size of files fails within the writing of a file."""
    data = tmp_path / "data"
    shutil.copytree(before / "data", data)
    state = contents(data)
    # Python writes bytecode without looking how much of it was written.
    limited = f'ulimit -f {blocks}; exec env PYTHONDONTWRITEBYTECODE=1 "$@"'
    ingest = [sys.executable, "-m", "logparse", "ingest", str(before / "builds.json"), "--into", str(data)]
    done = subprocess.run(
        ["bash", "-c", limited, "-", *ingest], env=environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"logparse: {data}: the dataset cannot be written (")
    assert done.stderr.count("\n") == 1
    assert contents(data) == state


def test_the_first_run_can_be_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in (0, 1, 4, 9, 20):
        data = tmp_path / str(at)
        with failing(monkeypatch, at), pytest.raises(Killed):
            added([REAL], data)
        added([REAL], data)
        assert len(lp.load(data).invocations) == 1
        assert leftovers(data) == []


def test_a_damaged_journal_or_manifest_is_refused(before: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(before / "data", data)
    (data / JOURNAL).write_text('{"moves": [["../../x", "../../y"]], "deletes": []}')
    with pytest.raises(lp.InputError, match="names files outside"):
        added([REAL], data)
    (data / JOURNAL).write_text("{")
    with pytest.raises(lp.InputError, match="the journal is damaged"):
        added([REAL], data)
    (data / JOURNAL).unlink()
    manifest = (data / MANIFEST).read_text()
    (data / MANIFEST).write_text(manifest.replace("invocations/day=2020-11-17/part-", "../../part-"))
    for read in (lambda: lp.load(data), lambda: added([REAL], data)):
        with pytest.raises(lp.InputError, match="the manifest is damaged"):
            read()


# --- two at once ------------------------------------------------------------------------------


def test_a_second_run_waits_with_a_message(before: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(before / "data", data)
    waiting = threading.Event()
    done: list[Any] = []

    def second() -> None:
        done.append(added([before / "builds.json"], data, waits=waiting.set))

    thread = threading.Thread(target=second)
    with locked(data, lambda: None):
        thread.start()
        assert waiting.wait(20)
        assert done == []
    thread.join(60)
    assert done[0].read == 1
    assert list(lp.load(data).invocations.origin) == ["both"]


def command(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "logparse", "ingest", *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_commands_at_once_both_succeed(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    simulated(folder, BUSY, invocations=24, days=3, seed=6)
    names = inputs_of(folder)
    data = tmp_path / "data"
    both = [command(*names[part::2], "--into", data) for part in range(2)]
    outputs = [one.communicate(timeout=240) for one in both]
    assert [one.returncode for one in both] == [0, 0], outputs
    assert differing(lp.load(names, jobs=1), lp.load(data)) == []
    assert leftovers(data) == []


@pytest.mark.slow
def test_commands_that_are_killed_at_random(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    simulated(folder, BUSY, invocations=24, days=3, seed=8)
    names = inputs_of(folder)
    data = tmp_path / "data"
    chance = random.Random(9)
    for _ in range(8):
        one = command(*chance.sample(names, len(names) // 2), "--into", data)
        time.sleep(chance.uniform(0.5, 4.0))
        os.kill(one.pid, signal.SIGKILL)
        one.communicate()
        if (data / MANIFEST).exists():
            lp.load(data).counts()
    last = command(*names, "--into", data)
    assert last.communicate(timeout=240)
    assert last.returncode == 0
    assert differing(lp.load(names, jobs=1), lp.load(data)) == []
    assert leftovers(data) == []
