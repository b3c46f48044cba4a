"""Several processes read as one does: the same rows in the same order, whatever fails in them."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from named import read_names

import logparse as lp
from logparse.errors import InputError, UsageError
from logparse.loading import pool
from logparse.loading.pool import read_all
from logparse.reading.inputs import find_inputs

ROOT = Path(__file__).parents[1]
LOGS = Path(__file__).parent / "data" / "logs"


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few files are worth several processes here, and chunks are small."""
    monkeypatch.setattr(pool, "_WORTH_BYTES", 1)
    monkeypatch.setattr(pool, "_CHUNK_FILES", 3)


def files(folder: Path, texts: list[str]) -> list[str]:
    for number, text in enumerate(texts):
        (folder / f"{number:03}.txt").write_text(text)
    return [str(folder)]


def test_the_order_is_that_of_the_files(tmp_path: Path) -> None:
    units = find_inputs(files(tmp_path, [f"t{n}" for n in range(20)]), "load")
    found: list[tuple[str, int]] = []
    for item in read_all(units, read_names, read_names, 2):
        assert not isinstance(item, InputError)
        found.append(item)
    assert [text for text, _ in found] == [f"t{n}" for n in range(20)]
    processes = {process for _, process in found}
    assert os.getpid() not in processes
    assert len(processes) == 2


@pytest.mark.slow
def test_a_worker_that_dies_costs_one_file(tmp_path: Path) -> None:
    texts = ["a", "b", "kill", "c", "d", "e", "kill", "f"]
    units = find_inputs(files(tmp_path, texts), "load")
    found = list(read_all(units, read_names, read_names, 2))
    names = [str(item) if isinstance(item, InputError) else item[0] for item in found]
    sentence = "reading it ended the process that read it; read it alone with --jobs 1, or leave it out"
    assert names == [
        "a",
        "b",
        f"{tmp_path / '002.txt'}: {sentence}",
        "c",
        "d",
        "e",
        f"{tmp_path / '006.txt'}: {sentence}",
        "f",
    ]


def test_an_error_of_the_reader_is_raised(tmp_path: Path) -> None:
    units = find_inputs(files(tmp_path, ["a", "fail"]), "load")
    with pytest.raises(ZeroDivisionError, match="of the test"):
        list(read_all(units, read_names, read_names, 2))


@pytest.mark.slow
def test_tables_do_not_depend_on_the_number_of_jobs(tmp_path: Path) -> None:
    broken = tmp_path / "broken.log.gz"
    broken.write_bytes(b"\x1f\x8b\x08nothing")
    inputs = [
        str(LOGS / "v2-2021-06"),
        str(LOGS / "mixed-2021-03"),
        str(broken),
        str(tmp_path / "missing"),
        "[09:00:00.000] x\n",
    ]
    with pytest.warns(lp.InputWarning):
        one, two = (lp.load(*inputs, jobs=jobs) for jobs in (1, 2))
    for table in ("invocations", "events", "polls", "builds", "findings", "failures"):
        assert one.table(table).equals(two.table(table)), table
    assert len(one.invocations) > 50
    assert len(one.failures) == 3


@pytest.mark.parametrize("jobs", [0, -1, True, "2", 1.5])
def test_wrong_numbers_of_jobs(jobs: object) -> None:
    with pytest.raises(UsageError, match="is not a number of processes; pass a whole number above 0"):
        lp.load(LOGS, jobs=jobs)  # type: ignore[arg-type]  # the wrong type is tested


def test_standard_input_is_read_by_this_process(tmp_path: Path) -> None:
    log = io.BytesIO((LOGS / "v1-2020-11" / "noop_0ms.log").read_bytes())
    data = lp.load(LOGS / "win_xfa_component-9028843112359765808.txt", "-", stdin=log, jobs=2)
    assert sorted(data.invocations["source"].str.rpartition("/")[2]) == [
        "<stdin>",
        "win_xfa_component-9028843112359765808.txt",
    ]


def is_alive(group: int) -> bool:
    """Return whether a process of a group runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_an_interrupt_ends_all_processes(tmp_path: Path) -> None:
    source = (LOGS / "win_xfa_component-9028843112359765808.txt").read_text()
    for number in range(1500):
        (tmp_path / f"{number}.txt").write_text(
            source.replace("9028843112359765808", str(9028843112359765808 - number))
        )
    running = subprocess.Popen(
        [sys.executable, "-m", "logparse", "export", "--jobs", "2", str(tmp_path), "-"],
        cwd=ROOT,
        # It does not end before the interrupt, because its standard input does not.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell may have started the tests with the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        text=True,
    )
    time.sleep(2.5)
    assert running.poll() is None
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err == ""
    # The system may need a moment to forget processes that have ended.
    end = time.monotonic() + 30
    while is_alive(running.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(running.pid)
