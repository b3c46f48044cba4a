"""Paths to inputs: names, directories and links, with real files."""

from __future__ import annotations

import errno
import gzip
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opened import LOG, PNG, RAW, failure, names, one, write

from logparse.errors import InputError, LimitError
from logparse.sources import Skipped, Source, read

# --- naming inputs -----------------------------------------------------------------------------


def test_file_keeps_the_name_as_given(inside: Path) -> None:
    write(inside / "a" / "x.log")
    assert one("a/../a/x.log") == Source("a/../a/x.log", LOG, "utf-8", "\n", Path("a/../a/x.log"), False)


@pytest.mark.parametrize("wrap", [str, Path, lambda p: [p], lambda p: iter([str(p)])])
def test_a_lone_path_counts_as_a_list_of_one(tmp_path: Path, wrap: Callable[[Path], Any]) -> None:
    assert one(wrap(write(tmp_path / "x.log"))).text == LOG


def test_nothing_named_yields_nothing() -> None:
    assert list(read([])) == []


def test_a_failure_does_not_cost_the_other_inputs(inside: Path) -> None:
    write(inside / "a")
    write(inside / "b", PNG)
    write(inside / "c", b"")
    write(inside / "e")
    results = list(read(["a", "b", "c", "d", "e"]))
    assert names(results) == ["a", "b", "c", "d", "e"]
    assert [isinstance(r, Source) for r in results] == [True, False, False, False, True]
    assert [str(r) for r in results if isinstance(r, InputError)] == [
        "b: is binary data (PNG image), not a log page; name the text of a log page instead",
        "c: is empty; fetch the page again",
        "d: does not exist; check the path",
    ]
    assert not any(isinstance(r, Skipped) for r in results)


def test_reading_is_lazy(inside: Path) -> None:
    write(inside / "a")
    results = read(["a", "b"])
    assert isinstance(next(results), Source)
    write(inside / "b")
    assert isinstance(next(results), Source)


def test_file_below_a_file_does_not_exist(inside: Path) -> None:
    write(inside / "a")
    assert failure("a/b").cause == "does not exist"


def test_url_asks_for_a_saved_page() -> None:
    assert failure("https://example.com/log").remedy == "save the page and name the file"


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, "\ud800"])
def test_impossible_paths_are_input_errors(path: str) -> None:
    error = failure(path)
    assert error.remedy
    str(error).encode()


def test_name_that_is_no_utf8_can_be_shown(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff.log"
    try:
        Path(os.fsdecode(raw)).write_bytes(RAW)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    source = one(os.fsdecode(raw))
    assert source.name == f"{tmp_path}/\\udcff.log"
    assert source.path is not None
    assert os.fsencode(source.path) == raw
    assert one(tmp_path).name == source.name


# --- directories -------------------------------------------------------------------------------


def test_directory_is_walked_in_sorted_order(inside: Path) -> None:
    for name in ("b.log", "a/z", "a/10", "a/2", "a.log", "c/d/e/f", "B"):
        write(inside / "logs" / name)
    results = list(read("logs"))
    expected = ["B", "a/10", "a/2", "a/z", "a.log", "b.log", "c/d/e/f"]
    assert names(results) == [f"logs/{name}" for name in expected]
    assert all(isinstance(r, Source) and r.walked and r.path == Path(r.name) for r in results)


@pytest.mark.parametrize(
    ("root", "shown"), [(".", "./x"), ("d/", "d/x"), ("./d", "./d/x"), (".hid", ".hid/x")]
)
def test_member_name_starts_with_the_directory_as_given(inside: Path, root: str, shown: str) -> None:
    write(Path(root) / "x")
    assert one(root).name == shown


def test_hidden_members_are_left_out_unless_named(inside: Path) -> None:
    write(inside / "d" / ".hidden.log")
    write(inside / "d" / ".git" / "x.log")
    write(inside / "d" / "seen.log")
    assert names(read("d")) == ["d/seen.log"]
    assert names(read(["d/.git", "d/.hidden.log"])) == ["d/.git/x.log", "d/.hidden.log"]


def test_no_name_is_special(inside: Path) -> None:
    for name in ("x.truth.json", "README", "x.png"):
        write(inside / "d" / name)
    assert names(read("d")) == ["d/README", "d/x.png", "d/x.truth.json"]


@pytest.mark.parametrize("content", ["", "sub/", ".hidden"])
def test_directory_without_files(inside: Path, content: str) -> None:
    root = inside / "d"
    root.mkdir()
    if content.endswith("/"):
        (root / content).mkdir()
    elif content:
        write(root / content)
    error = failure("d")
    assert str(error).startswith("d: directory holds no files; ")
    assert not isinstance(error, Skipped)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (PNG, "is binary data (PNG image), not a log page"),
        (gzip.compress(PNG), "is binary data (PNG image), not a log page"),
        (bytes(5000), "is binary data, not a log page"),
        (b"", "is empty"),
        (b" \n\n", "holds only blank lines"),
    ],
    ids=["PNG", "packed PNG", "NUL", "empty", "blank"],
)
def test_no_text_is_a_note_when_walked_and_an_error_when_named(inside: Path, data: bytes, cause: str) -> None:
    write(inside / "d" / "x", data)
    write(inside / "d" / "y")
    walked, log = read("d")
    assert isinstance(walked, Skipped)
    assert isinstance(log, Source)
    named = failure("d/x")
    assert type(named) is InputError
    assert walked.cause == named.cause == cause
    assert str(walked) == str(named)


def test_damage_and_excess_stay_failures_when_walked(inside: Path) -> None:
    write(inside / "d" / "a.gz", gzip.compress(RAW)[:-3])
    write(inside / "d" / "b", b"x" * 2000)
    truncated, large = read("d", max_bytes=1000)
    assert type(truncated) is InputError
    assert type(large) is LimitError


def test_huge_binary_file_is_called_binary_not_too_large(inside: Path) -> None:
    write(inside / "d" / "x", PNG + bytes(200_000))
    assert isinstance(failure("d", max_bytes=100_000), Skipped)


def test_link_loops_end(inside: Path) -> None:
    write(inside / "d" / "sub" / "x")
    (inside / "d" / "sub" / "up").symlink_to("..")
    (inside / "d" / "self").symlink_to(".")
    (inside / "d" / "above").symlink_to(inside)
    (inside / "d" / "root").symlink_to("/")
    assert names(read("d")) == ["d/sub/x"]


def test_loop_through_another_directory_ends(inside: Path) -> None:
    write(inside / "d" / "x")
    write(inside / "other" / "y")
    (inside / "d" / "away").symlink_to(inside / "other")
    (inside / "other" / "back").symlink_to(inside / "d")
    (inside / "other" / "parent").symlink_to(inside)
    assert names(read("d")) == ["d/away/y", "d/x"]


def test_link_out_and_link_to_its_parent_read_each_file_once(inside: Path) -> None:
    write(inside / "d" / "x")
    write(inside / "other" / "sub" / "y")
    write(inside / "other" / "z")
    (inside / "d" / "a").symlink_to(inside / "other" / "sub")
    (inside / "d" / "b").symlink_to(inside / "other")
    assert names(read("d")) == ["d/a/y", "d/b/z", "d/x"]


def test_link_to_a_member_does_not_count_it_twice(inside: Path) -> None:
    write(inside / "d" / "z.log")
    (inside / "d" / "latest.log").symlink_to("z.log")
    assert names(read("d")) == ["d/z.log"]
    assert names(read("d/latest.log")) == ["d/latest.log"]


def test_link_to_something_hidden_or_outside_is_followed(inside: Path) -> None:
    write(inside / "d" / ".data" / "x")
    write(inside / "outside")
    (inside / "d" / "a").symlink_to(".data")
    (inside / "d" / "b").symlink_to(inside / "outside")
    assert names(read("d")) == ["d/a/x", "d/b"]


def test_named_link_to_a_directory_is_walked(inside: Path) -> None:
    write(inside / "d" / "x")
    (inside / "link").symlink_to("d")
    assert names(read("link")) == ["link/x"]


def test_broken_links_are_notes_in_a_walk(inside: Path) -> None:
    write(inside / "d" / "x")
    (inside / "d" / "gone").symlink_to("nowhere")
    (inside / "d" / "ring").symlink_to("ring")
    gone, ring, log = read("d")
    assert isinstance(gone, Skipped)
    assert gone.cause == "is a broken link"
    assert isinstance(ring, Skipped)
    assert isinstance(log, Source)
    assert failure("d/gone").cause == "does not exist"
    assert type(failure("d/ring")) is InputError


def test_deep_tree(inside: Path) -> None:
    depth = 1100
    where = os.open(".", os.O_RDONLY)
    try:
        for _ in range(depth):
            os.mkdir("d", dir_fd=where)
            deeper = os.open("d", os.O_RDONLY, dir_fd=where)
            os.close(where)
            where = deeper
        file = os.open("x", os.O_WRONLY | os.O_CREAT, dir_fd=where)
        os.write(file, RAW)
        os.close(file)
    finally:
        os.close(where)
    assert one("d").name == "d/" * depth + "x"
    # Left alone, a tree this deep breaks the removal of the temporary directory.
    subprocess.run(["rm", "-r", "d"], check=True)


def test_unreadable_directory_and_file(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(inside / "d" / "a" / "x")
    write(inside / "d" / "b")
    write(inside / "d" / "c")
    listdir, opener = os.listdir, open

    def refuse_a(path: str) -> list[str]:
        if path == "d/a":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listdir(path)

    def refuse_b(path: Any, mode: str) -> Any:
        if path == "d/b":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opener(path, mode)

    monkeypatch.setattr(os, "listdir", refuse_a)
    monkeypatch.setattr("builtins.open", refuse_b)
    results = list(read("d"))
    monkeypatch.undo()
    assert names(results) == ["d/a", "d/b", "d/c"]
    for result in results[:2]:
        assert type(result) is InputError
        assert result.cause == "permission denied"
        assert result.remedy
    assert isinstance(results[2], Source)


@pytest.mark.skipif(os.geteuid() == 0, reason="modes do not stop root")
def test_unreadable_for_real(inside: Path) -> None:
    write(inside / "x").chmod(0)
    assert failure("x").cause == "permission denied"


def test_file_that_vanishes_after_it_was_found(inside: Path) -> None:
    write(inside / "d" / "a")
    write(inside / "d" / "b")
    results = read("d")
    next(results)
    (inside / "d" / "b").unlink()
    gone = next(results)
    assert isinstance(gone, InputError)
    assert gone.cause == "does not exist"
