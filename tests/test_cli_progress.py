"""The words of progress: files of all, megabytes a second, and the time left, by a clock that the test moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from logparse.cli.progress import Line, Progress


class Shown:
    """Keeps the words that a terminal would show."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def update(self, status: str) -> None:
        self.words.append(status)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_files_speed_and_time_left() -> None:
    shown, clock = Shown(), Clock()
    line = Line({"a": 4_000_000, "b": 2_000_000, "c": 6_000_000, "d": 588_000_000}, shown, clock)
    clock.now = 101.0
    line.seen("a")
    clock.now = 104.0
    line.seen("b")
    clock.now = 104.01
    line.seen("c")
    assert shown.words == [
        "reading: 1 of 4 files, 4.0 MB/s",
        # 6 MB in 4 s, and 594 MB are left: 396 s.
        "reading: 2 of 4 files, 1.5 MB/s, 6:36 left",
    ]


def test_hours_are_shown() -> None:
    shown, clock = Shown(), Clock()
    line = Line({"a": 1_000_000, "b": 3_725_000_000}, shown, clock)
    clock.now += 2
    line.seen("a")
    assert shown.words == ["reading: 1 of 2 files, 0.5 MB/s, 2:04:10 left"]


def test_inputs_that_were_not_counted_before_have_no_all() -> None:
    shown, clock = Shown(), Clock()
    line = Line({}, shown, clock)
    clock.now += 3
    line.seen("<stdin>")
    assert shown.words == ["reading: 1 file, 0.0 MB/s"]


def test_no_terminal_no_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with Progress([str(tmp_path)]) as watch:
        assert watch is None
