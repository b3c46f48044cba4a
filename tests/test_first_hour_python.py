"""The first hour in Python: every shape of input, and inputs that hold nothing or too much."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from first_hour import BUILDS, PAGE

import logparse as lp
from logparse import grammar
from logparse.language import scanner

PAGE_ID = "9028843112359765808"

UNDATED = "[10:00:00.000] New invocation is queued and will start shortly\n"
UNDATED += "[10:00:00.500] Starting the invocation (attempt 1)\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page_text: str) -> Path:
    """A working directory with two logs at two depths, a note and a file of builds."""
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    (tmp_path / "logs" / "page.txt").write_text(page_text, encoding="utf-8")
    (tmp_path / "logs" / "deep" / "undated.log").write_text(UNDATED, encoding="utf-8")
    (tmp_path / "logs" / "notes.md").write_text("# a note\n", encoding="utf-8")
    (tmp_path / "builds.json").write_bytes(BUILDS.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(found: lp.Dataset) -> set[str]:
    return set(found.invocations["invocation_id"].dropna())


# --- shapes of input ---------------------------------------------------------------------------


SHAPES: dict[str, Callable[[], Any]] = {
    "str": lambda: "logs/page.txt",
    "path": lambda: Path("logs/page.txt"),
    "list": lambda: ["logs/page.txt"],
    "tuple of paths": lambda: (Path("logs/page.txt"),),
    "generator": lambda: (name for name in ["logs/page.txt"]),
    "set": lambda: {"logs/page.txt"},
    "list in a list": lambda: [["logs/page.txt"], []],
    "series": lambda: pd.Series(["logs/page.txt"]),
    "array": lambda: np.array(["logs/page.txt"]),
    "pattern": lambda: "logs/*.txt",
    "pattern as path": lambda: Path("logs") / "*.txt",
    "deep pattern": lambda: "**/*.txt",
    "text": lambda: PAGE.read_text(encoding="utf-8"),
    "bytes": lambda: PAGE.read_bytes(),
    "bytearray": lambda: bytearray(PAGE.read_bytes()),
    "StringIO": lambda: io.StringIO(PAGE.read_text(encoding="utf-8")),
    "BytesIO": lambda: io.BytesIO(PAGE.read_bytes()),
    "compressed BytesIO": lambda: io.BytesIO(gzip.compress(PAGE.read_bytes())),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_function_takes_every_shape(shape: Callable[[], Any]) -> None:
    assert lp.parse(shape()).invocation_id == PAGE_ID
    assert [found.invocation_id for found in lp.parse_many(shape())] == [PAGE_ID]
    found = lp.load(shape())
    assert (ids(found), found.failures) == ({PAGE_ID}, [])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("mode", ["r", "rb"])
def test_open_files_are_read_under_their_name_and_stay_open(mode: str) -> None:
    encoding = None if "b" in mode else "utf-8"
    with open("logs/page.txt", mode, encoding=encoding) as file:
        assert lp.parse(file).source == "logs/page.txt"
        assert not file.closed
    with open("logs/page.txt", mode, encoding=encoding) as file:
        assert ids(lp.load(file)) == {PAGE_ID}
    with gzip.open("page.gz", "wb") as out:
        out.write(PAGE.read_bytes())
    with gzip.open("page.gz") as packed:
        assert ids(lp.load(packed)) == {PAGE_ID}


def test_open_files_that_cannot_be_read_are_failures(folder: Path) -> None:
    with open(folder / "logs" / "page.txt", "rb") as closed:
        assert closed.readable()
    with open(folder / "w", "w") as writing, open(folder / "u", "w+b") as packed:
        packed.write(gzip.compress(b"x"))
        packed.seek(0)
        as_text = io.TextIOWrapper(packed, encoding="utf-8")
        found = lp.load(closed, writing, as_text, "logs/page.txt")
    assert sorted(str(failure) for failure in found.failures) == [
        f"{folder}/logs/page.txt: cannot be read (read of closed file); open it for reading",
        f'{folder}/u: cannot be read as utf-8; open it with open(path, "rb")',
        f"{folder}/w: cannot be read (not readable); open it for reading",
    ]
    assert ids(found) == {PAGE_ID}


@pytest.mark.parametrize("make", [io.StringIO, lambda text: io.BytesIO(text.encode())])
def test_the_limit_counts_for_open_files(make: Callable[[str], Any], page_text: str) -> None:
    (failure,) = lp.load(make(page_text), max_bytes=1000).failures
    assert isinstance(failure, lp.LimitError)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "builds",
    ["builds.json", Path("builds.json"), ["builds.json"], "*.json", ("builds.json",), BUILDS.read_bytes()],
    ids=["str", "path", "list", "pattern", "tuple", "bytes"],
)
def test_builds_take_the_same_shapes(builds: Any) -> None:
    found = lp.load("logs", builds=builds)
    assert found.failures == []
    assert list(found.builds["build_id"]) == ["8863413050310585040", "8927206632544641856"]


@pytest.mark.usefixtures("folder")
def test_builds_can_be_none_or_all_there_is() -> None:
    assert ids(lp.load("logs", builds=None)) == {PAGE_ID}
    assert len(lp.load(builds="builds.json").builds) == 1


def test_a_text_without_a_line_end_is_not_taken_for_a_path() -> None:
    assert lp.parse("[10:00:00.000] Starting the invocation (attempt 1)").events[0].kind == "attempt_started"
    build = '{"id": "8850722130543548832", "builder": {"builder": "b"}, "status": "SUCCESS"}'
    assert list(lp.load(build).builds["build_id"]) == ["8850722130543548832"]


def test_a_file_with_signs_of_a_pattern_in_its_name_is_read(tmp_path: Path, page_text: str) -> None:
    for name in ("a[1].txt", "what?.txt"):
        (tmp_path / name).write_text(page_text, encoding="utf-8")
        assert lp.parse(tmp_path / name).source == str(tmp_path / name)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("pattern", ["**", "logs/**", "logs*", "logs/*", "**/*.[tl]*"])
def test_a_pattern_reads_each_file_once(pattern: str) -> None:
    found = lp.load(pattern, duplicates="keep")
    assert sorted(str(s) for s in found.invocations["source"]) == ["logs/deep/undated.log", "logs/page.txt"]


@pytest.mark.usefixtures("folder")
def test_many_arguments_count_together() -> None:
    assert len(lp.load("logs/page.txt", ["logs/deep"], "nothing").invocations) == 2


@pytest.mark.parametrize("day", ["2020-11-17", " 2020-11-17 ", date(2020, 11, 17), datetime(2020, 11, 17, 9)])
def test_a_day_is_a_date_or_text(day: Any) -> None:
    first = datetime(2020, 11, 17, 10, tzinfo=UTC)
    assert lp.parse(UNDATED, date=day).created_at == first
    assert lp.load(UNDATED, date=day).invocations["created_at"][0] == pd.Timestamp(first)


@pytest.mark.parametrize("engine", ["scanner", "grammar", scanner, grammar])
def test_an_engine_is_a_name_or_a_module(engine: Any, page_text: str) -> None:
    assert lp.parse(page_text, engine=engine) == lp.parse(page_text)
    assert ids(lp.load(page_text, engine=engine)) == {PAGE_ID}


# --- inputs that hold nothing, or too much -----------------------------------------------------


NOTHING: dict[str, tuple[Any, str]] = {
    "typo": ("typo", "not everything was read: typo: does not exist; check the path"),
    "pattern": ("*.log", "not everything was read: *.log: matches no file; check the pattern"),
    "empty bytes": (b"", "not everything was read: <text>: is empty"),
    "empty str": ("", "an empty path names no file"),
    "empty list": ([], "nothing was read: the list of inputs is empty"),
    "path as bytes": (b"logs/page.txt", "logs/page.txt: bytes are a text, not a path; pass the path as str"),
    "no log": (Path("logs/notes.md"), "logs/notes.md: holds no scheduler log"),
    "NUL": ("a\0*", "a\\x00*: cannot be read"),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("given", "said"), NOTHING.values(), ids=NOTHING)
def test_load_warns_of_what_it_could_not_read(given: Any, said: str) -> None:
    with pytest.warns(lp.InputWarning, match=re.escape(said)) as warned:
        found = lp.load(given)
    assert [warning.filename for warning in warned] == [__file__]
    assert len(found.invocations) == 0
    assert issubclass(lp.InputWarning, UserWarning)


def test_one_warning_names_the_first_failures(folder: Path) -> None:
    with pytest.warns(lp.InputWarning) as warned:
        lp.load("logs", [f"typo-{number}" for number in range(5)])
    (warning,) = warned
    assert "typo-0: does not exist" in str(warning.message)
    assert str(warning.message).endswith("and 2 more in the result's failures")


def test_a_directory_without_logs_is_named(folder: Path) -> None:
    with pytest.warns(
        lp.InputWarning, match="nothing was read: no input holds a log or a build; .* the 1 that"
    ):
        lp.load(_only_notes(folder))


def _only_notes(folder: Path) -> Path:
    (folder / "docs").mkdir()
    (folder / "docs" / "notes.md").write_text("# a note\n", encoding="utf-8")
    return folder / "docs"


@pytest.mark.usefixtures("folder", "recwarn")
def test_what_is_read_gives_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    lp.load("logs", builds="builds.json")
    assert list(recwarn) == []


@pytest.mark.usefixtures("folder")
def test_parse_says_how_many_there_are_and_what_to_call(page_text: str) -> None:
    with pytest.raises(lp.InputError) as caught:
        lp.parse("logs")
    assert str(caught.value) == (
        "logs: holds 2 invocations in 2 files, not one;"
        " use parse_many for the record of each, or load for tables"
    )
    Path("two.txt").write_text(f"{page_text}\n{page_text}\n{page_text}", encoding="utf-8")
    with pytest.raises(lp.InputError, match=r"^two\.txt: holds 3 invocations, not one; use parse_many"):
        lp.parse("two.txt")
    with pytest.raises(lp.InputError, match=r"^the input: holds 2 invocations in 2 files"):
        lp.parse(["logs/page.txt", "logs/deep"])
    assert lp.parse("logs/deep").source == "logs/deep/undated.log"


def test_parse_many_skips_what_load_skips(folder: Path) -> None:
    (folder / "logs" / "builds.json").write_bytes(BUILDS.read_bytes())
    (folder / "logs" / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    assert [found.source for found in lp.parse_many("logs")] == ["logs/deep/undated.log", "logs/page.txt"]
    with pytest.raises(lp.InputError, match=r"logs/notes\.md: holds no scheduler log"):
        list(lp.parse_many("logs/notes.md"))
    with pytest.raises(lp.InputError, match="docs: holds no invocation"):
        list(lp.parse_many(_only_notes(folder)))


def test_parse_many_opens_files_when_they_are_needed(folder: Path) -> None:
    def paths() -> Iterator[str]:
        yield "logs/page.txt"
        yield "typo"

    found = lp.parse_many(paths())
    assert next(found).invocation_id == PAGE_ID
    with pytest.raises(lp.InputError, match="typo: does not exist"):
        next(found)
