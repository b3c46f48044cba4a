"""The first stage: paths to decoded texts, with real files, pipes, links and compressors."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import socket
import subprocess
import sys
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import Case, assert_linear
from quick import quick

from logparse import sources
from logparse.errors import InputError, LimitError
from logparse.sources import Found, Skipped, Source, decode, find, from_text, read

LOG = "[12:00:00.000] Invocation started\n[12:00:01.250] HTTP 200\n"
RAW = LOG.encode()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)

Compress = Callable[[bytes], bytes]
COMPRESSORS: dict[str, Compress] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}
each_compression = pytest.mark.parametrize("kind", COMPRESSORS)


def write(path: Path, data: bytes = RAW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def one(paths: Any, **options: Any) -> Source:
    (result,) = read(paths, **options)
    assert isinstance(result, Source), str(result)
    return result


def failure(paths: Any, **options: Any) -> InputError:
    (result,) = read(paths, **options)
    assert isinstance(result, InputError)
    return result


def refusal(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        decode(data, "x")
    return caught.value


def names(results: Iterable[Source | InputError | Found]) -> list[str | None]:
    return [r.source if isinstance(r, InputError) else r.name for r in results]


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- naming inputs ---------------------------------------------------------------------------------------


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


# --- directories -----------------------------------------------------------------------------------------


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
        if path == Path("d/b"):
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


# --- pipes, devices, standard input ------------------------------------------------------------------------


@pytest.fixture
def feed() -> Iterator[Callable[[Path, bytes], None]]:
    threads: list[threading.Thread] = []

    def start(path: Path, data: bytes) -> None:
        threads.append(threading.Thread(target=path.write_bytes, args=(data,), daemon=True))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_named_pipe_is_read(inside: Path, feed: Callable[[Path, bytes], None]) -> None:
    os.mkfifo("pipe")
    feed(inside / "pipe", gzip.compress(RAW))
    assert one("pipe").text == LOG


def test_process_substitution_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, RAW)
    os.close(writer)
    try:
        assert one(f"/dev/fd/{reader}").text == LOG
    finally:
        os.close(reader)


def test_pipes_and_sockets_in_a_directory_are_never_opened(inside: Path) -> None:
    write(inside / "d" / "x")
    os.mkfifo("d/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("d/socket")
        pipe, sock, log = read("d")
        assert failure("d/socket").cause == "is a socket, not a regular file"
    assert isinstance(pipe, Skipped)
    assert pipe.cause == "is a pipe, not a regular file"
    assert isinstance(sock, Skipped)
    assert sock.cause == "is a socket, not a regular file"
    assert isinstance(log, Source)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_device(device: str) -> None:
    error = failure(device)
    assert error.cause == "is a character device, not a regular file"
    assert error.remedy
    assert " - " in error.remedy


def test_standard_input() -> None:
    stream = io.BytesIO(RAW)
    assert one("-", stdin=stream) == Source("<stdin>", LOG, "utf-8", "\n", None, False)
    assert not stream.closed


def test_dev_stdin_is_standard_input() -> None:
    source = one("/dev/stdin", stdin=io.BytesIO(RAW))
    assert (source.name, source.path, source.text) == ("/dev/stdin", None, LOG)


def test_file_called_dash(inside: Path) -> None:
    write(inside / "-")
    assert one("./-").path == Path("-")


def test_standard_input_between_files_and_only_once(inside: Path) -> None:
    write(inside / "a")
    results = list(read(["a", "-", "-", "a"], stdin=io.BytesIO(b"text")))
    assert names(results) == ["a", "<stdin>", "<stdin>", "a"]
    assert isinstance(results[1], Source)
    assert results[1].text == "text"
    assert isinstance(results[2], InputError)
    assert results[2].cause == "standard input was read already"


@each_compression
def test_compressed_standard_input_in_single_bytes(kind: str) -> None:
    class Trickle(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.held = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:1] = block = self.held.read(1)
            return len(block)

    text = LOG * 50
    stream: Any = Trickle(COMPRESSORS[kind](COMPRESSORS[kind](text.encode())))
    assert one("-", stdin=stream).text == text


def test_the_process_standard_input_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(RAW)))
    assert one("-").text == LOG
    monkeypatch.setattr(sys, "stdin", None)
    assert failure("-").cause == "there is no standard input"


class Broken(io.BytesIO):
    """A stream that gives something and then goes wrong."""

    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcomes = iter([RAW, outcome])

    def read(self, size: int | None = -1, /) -> Any:
        outcome = next(self.outcomes)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def test_read_error() -> None:
    error = failure("-", stdin=Broken(OSError(errno.EIO, "Input/output error")))
    assert error.cause == "cannot be read (Input/output error)"


def test_closed_stream() -> None:
    stream = io.BytesIO(RAW)
    stream.close()
    assert failure("-", stdin=stream).cause == "cannot be read (I/O operation on closed file.)"


def test_stream_that_does_not_wait_is_not_taken_for_its_end() -> None:
    assert "does not wait" in failure("-", stdin=Broken(None)).cause


def test_system_error_below_a_decompressor_is_not_called_corrupt() -> None:
    class Fails(Broken):
        def __init__(self) -> None:
            super().__init__(OSError(errno.EIO, "Input/output error"))
            self.outcomes = iter([gzip.compress(os.urandom(65536))[:65536], OSError(errno.EIO, "I/O error")])

    assert failure("-", stdin=Fails()).cause == "cannot be read (I/O error)"


def test_out_of_memory() -> None:
    assert failure("-", stdin=Broken(MemoryError())).cause == "needs more memory than there is"


def test_streams_are_closed_and_warn_of_nothing(inside: Path) -> None:
    for kind, compress in COMPRESSORS.items():
        write(inside / "d" / kind, compress(RAW))
        write(inside / "d" / (kind + ".bad"), compress(RAW)[:-2])
    code = "from logparse.sources import read; print(sum(1 for _ in read('d')))"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(Path(sources.__file__).parents[2])}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (result.stdout, result.stderr) == ("8\n", "")


def test_import_takes_no_decompressor_along() -> None:
    code = "import sys, logparse.sources; print({'gzip', 'bz2', 'lzma', 'zlib', 'pandas'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(Path(sources.__file__).parents[2])}
    # -S and -I would hide the package: only the site hooks of the environment stay out.
    result = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert result.stdout == "set()\n"


# --- compression and limits --------------------------------------------------------------------------------


@each_compression
def test_compression_is_recognised_by_content(tmp_path: Path, kind: str) -> None:
    source = one(write(tmp_path / "x.log", COMPRESSORS[kind](RAW)))
    assert (source.text, source.name) == (LOG, str(tmp_path / "x.log"))


def test_suffix_alone_decompresses_nothing(tmp_path: Path) -> None:
    assert one(write(tmp_path / "x.log.gz")).text == LOG


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_concatenated_members(tmp_path: Path, kind: str) -> None:
    compress = COMPRESSORS[kind]
    assert one(write(tmp_path / "x", compress(RAW) + compress(b"") + compress(RAW))).text == LOG * 2


@pytest.mark.parametrize("kind", quick(["gzip"], COMPRESSORS))
def test_text_beyond_the_first_chunks(tmp_path: Path, kind: str) -> None:
    text = "".join(f"[12:00:00.{i % 1000:03}] entry {i}\n" for i in range(70_000))
    assert one(write(tmp_path / "x", COMPRESSORS[kind](text.encode()))).text == text


def test_two_layers_are_followed_and_no_third(tmp_path: Path) -> None:
    twice = gzip.compress(lzma.compress(RAW))
    assert one(write(tmp_path / "x", twice)).text == LOG
    error = failure(write(tmp_path / "y", bz2.compress(twice)))
    assert error.cause == "is compressed more than 2 times"
    assert error.remedy == "decompress it first"


@each_compression
def test_truncated_data(tmp_path: Path, kind: str) -> None:
    whole = COMPRESSORS[kind](os.urandom(200_000))
    for size in (20, 1000, 100_000):
        error = failure(write(tmp_path / "x", whole[:size]))
        assert error.cause.startswith(f"is truncated {kind} data")
        assert error.remedy == "fetch or copy it again"


@each_compression
def test_corrupt_data(tmp_path: Path, kind: str) -> None:
    data = bytearray(COMPRESSORS[kind](b"".join(b"[12:00:00.000] %d\n" % i for i in range(50_000))))
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xff" * 40
    error = failure(write(tmp_path / "x", bytes(data)))
    assert error.cause.startswith((f"is corrupt {kind} data", f"is truncated {kind} data"))


def test_wrong_checksum_is_corrupt(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(RAW))
    data[-8] ^= 1
    assert failure(write(tmp_path / "x", bytes(data))).cause.startswith("is corrupt gzip data (CRC")


def test_magic_and_nothing_else_is_truncated(tmp_path: Path) -> None:
    assert failure(write(tmp_path / "x", b"\x1f\x8b")).cause.startswith("is truncated gzip data")


def test_compressed_nothing_is_empty(tmp_path: Path) -> None:
    assert failure(write(tmp_path / "x", gzip.compress(b""))).cause == "is empty"


def test_python_without_a_decompressor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bz2", None)
    error = failure(write(tmp_path / "x", bz2.compress(RAW)))
    assert error.cause == "is bzip2 data, which this Python cannot decompress"


@pytest.mark.parametrize("size", [0, 1, 1000, 65536, 70_000, 3_000_000])
def test_limit_is_the_largest_size_allowed(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "x", b"a" * (size or 1))
    assert isinstance(failure(path, max_bytes=(size or 1) - 1), LimitError)
    assert len(one(path, max_bytes=size or 1).text) == (size or 1)


@pytest.mark.parametrize(
    ("limit", "words"),
    [(1 << 20, "1 MiB"), (3 << 19, "1.5 MiB"), (64 << 10, "64 KiB"), (1000, "1000 bytes"), (1, "1 byte")],
)
def test_limit_error_names_the_limit_and_the_option(tmp_path: Path, limit: int, words: str) -> None:
    path = write(tmp_path / "x", b"a" * (limit + 1))
    expected = f"{path}: is larger than {words}; raise the limit with --max-size"
    assert str(failure(path, max_bytes=limit)) == expected
    write(path, gzip.compress(b"a" * (limit + 1)))
    assert failure(path, max_bytes=limit).cause == f"expands to more than {words}"


@pytest.mark.parametrize("kind", quick(["gzip"], COMPRESSORS))
def test_bomb_takes_no_more_memory_than_the_limit(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "x", COMPRESSORS[kind](b"a" * 50_000_000))
    limit = 16 << 20
    tracemalloc.start()
    try:
        error = failure(path, max_bytes=limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(error, LimitError)
    assert error.cause == "expands to more than 16 MiB"
    assert peak < 2 * limit


def test_bomb_in_a_bomb(tmp_path: Path) -> None:
    path = write(tmp_path / "x", gzip.compress(gzip.compress(b"a" * 25_000_000)))
    assert isinstance(failure(path, max_bytes=1 << 20), LimitError)


# --- binary data -------------------------------------------------------------------------------------------


def archive(kind: str) -> bytes:
    held = io.BytesIO()
    if kind == "ZIP":
        with zipfile.ZipFile(held, "w") as members:
            members.writestr("x.log", LOG)
    else:
        with tarfile.open(fileobj=held, mode="w") as tar:
            info = tarfile.TarInfo("x.log")
            info.size = len(RAW)
            tar.addfile(info, io.BytesIO(RAW))
    return held.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "JPEG image"),
        (b"GIF89a\1\0\1\0", "GIF image"),
        (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n", "PDF document"),
        (archive("ZIP"), "ZIP archive"),
        (archive("tar"), "tar archive"),
        (b"\x7fELF\2\1\1\0", "ELF executable"),
        (gzip.compress(RAW), "gzip data"),
        (bz2.compress(RAW), "bzip2 data"),
        (lzma.compress(RAW), "xz data"),
        (b"\x28\xb5\x2f\xfd" + RAW, "zstd data"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z archive"),
        (b"SQLite format 3\0\x10\0", "SQLite database"),
        (b"PAR1" + RAW, "Parquet table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_known_binary_formats_are_named(data: bytes, kind: str) -> None:
    error = refusal(data)
    assert error.cause == f"is binary data ({kind}), not a log page"
    packed = kind.endswith((" data", " archive"))
    assert error.remedy == ("unpack it first" if packed else "name the text of a log page instead")


def test_compressed_archive_is_named(tmp_path: Path) -> None:
    error = failure(write(tmp_path / "logs.tgz", gzip.compress(archive("tar"))))
    assert error.cause == "is binary data (tar archive), not a log page"


@pytest.mark.parametrize("data", [b"\0" * 9, bytes(range(8)) * 99, b"\xff\xfe" + b"\1\0" * 50, b"\1a" * 9])
def test_control_bytes_in_bulk_are_binary(data: bytes) -> None:
    assert refusal(data).cause == "is binary data, not a log page"


@pytest.mark.parametrize(("controls", "binary"), [(30, False), (31, True)])
def test_share_of_control_bytes_that_makes_it_binary(controls: int, binary: bool) -> None:
    data = b"\1" * controls + b"a" * (100 - controls)
    if binary:
        assert refusal(data).cause.startswith("is binary data")
    else:
        assert decode(data, "x").text == data.decode()


def test_tabs_returns_and_escape_codes_are_no_control_bytes() -> None:
    text = "\x1b[0m\t\x1b\t\x1b\t\n" * 20
    assert decode(text.encode(), "x").text == text


def test_log_with_control_bytes_in_bulk_is_no_binary() -> None:
    data = b"\0\1\2" * 3000 + RAW + b"\0" * 100_000
    assert decode(data, "x").text == data.decode()


def test_only_the_head_decides() -> None:
    data = b"text\n" * 20_000 + b"\0" * 300_000
    assert decode(data, "x").text == data.decode()


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_empty(data: bytes) -> None:
    assert refusal(data).cause == "is empty"


@pytest.mark.parametrize(
    "data", [b"\n", b" \t\r\n \r\n", "\ufeff \n".encode("utf-16-le"), "\u3000\n".encode()]
)
def test_blank(data: bytes) -> None:
    assert refusal(data).cause == "holds only blank lines"


# --- encodings ---------------------------------------------------------------------------------------------

WORDS = LOG + "[12:00:02.000] größer 日本語 🎉\n"


@pytest.mark.parametrize(
    ("codec", "mark", "encoding"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_unicode(codec: str, mark: bytes, encoding: str) -> None:
    source = decode(mark + WORDS.encode(codec), "x", Path("p"), walked=True)
    assert source == Source("x", WORDS, encoding, "\n", Path("p"), True)


def test_utf16_file_with_windows_line_ends(tmp_path: Path) -> None:
    source = one(write(tmp_path / "x", WORDS.replace("\n", "\r\n").encode("utf-16")))
    assert (source.text, source.encoding, source.newline) == (WORDS, "utf-16-le", "\r\n")


def test_utf16_cut_in_the_middle_of_a_letter_keeps_every_byte() -> None:
    assert decode(LOG.encode("utf-16")[:-1], "x").text == LOG[:-1] + "\\x0a"


def test_utf16_lone_surrogate_is_shown() -> None:
    text = decode(b"\xff\xfe" + LOG.encode("utf-16-le") + b"\x00\xd8", "x").text
    assert text == LOG + "\\x00\\xd8"


def test_nuls_in_a_log_do_not_make_it_utf16() -> None:
    text = LOG + "".join(f"{c}\0" for c in "x" * 700)
    source = decode(text.encode(), "x")
    assert (source.text, source.encoding) == (text, "utf-8")


def test_a_single_nul_does_not_make_it_utf16() -> None:
    assert decode(b"abc\0", "x").text == "abc\0"


def test_second_mark_is_content() -> None:
    assert decode(b"\xef\xbb\xbf\xef\xbb\xbfa", "x").text == "\ufeffa"


def test_latin1_can_be_undone() -> None:
    data = RAW + bytes(range(0xA0, 0x100)) + b" \x81\x8d\x8f\x90\x9d\n"
    source = decode(data, "x")
    assert source.encoding == "latin-1"
    assert source.text.encode("latin-1") == data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"gr\xc3\xbc\xc3\x9f \xff\xfe!", "grüß \\xff\\xfe!"),
        (b"\xe6\x97\xa5\xe6\x97", "日\\xe6\\x97"),
        (b"\xc3\xa9 \xed\xa0\x80", "é \\xed\\xa0\\x80"),
        (b"\xc3\xa9 \xc0\x80 \xf5", "é \\xc0\\x80 \\xf5"),
        (b"\xef\xbb\xbfa\xff", "a\\xff"),
    ],
)
def test_invalid_bytes_between_valid_utf8_are_shown(data: bytes, text: str) -> None:
    source = decode(data, "x")
    assert source.text == text
    assert source.encoding.startswith("utf-8")


# --- line ends ---------------------------------------------------------------------------------------------

DUMP = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"


@pytest.mark.parametrize(
    ("text", "newline", "expected"),
    [
        pytest.param(LOG, "\n", LOG, id="plain"),
        pytest.param(LOG.replace("\n", "\r\n"), "\r\n", LOG, id="windows"),
        pytest.param(LOG.replace("\n", "\r"), "\r", LOG, id="old mac"),
        pytest.param(LOG + DUMP + LOG, "\n", LOG + DUMP + LOG, id="dump in a log"),
        pytest.param(DUMP + LOG, "\n", DUMP + LOG, id="dump before a log"),
        pytest.param(
            (LOG + DUMP.replace("\r", "") + LOG).replace("\n", "\r\n"),
            "\r\n",
            LOG + DUMP.replace("\r", "") + LOG,
            id="dump in a windows file",
        ),
        pytest.param((LOG + DUMP).replace("\n", "\r\n"), "\r\n", LOG + DUMP, id="doubled returns"),
        pytest.param(
            "head\n\t [12:00:00.000] a\r\nb\n", "\r\n", "head\n\t [12:00:00.000] a\nb\n", id="mixed"
        ),
        pytest.param("[12:00:00.000] a\r\n[12:00:00.000] b\n", "\n", None, id="one entry differs"),
        pytest.param("[12:00:00.000] a\n[12:00:00.000] b\r\n", "\n", None, id="first entry differs"),
        pytest.param("a\r\n[12:00:00.000] b", "\r\n", "a\n[12:00:00.000] b", id="entry without an end"),
        pytest.param("a\r\nb\r\n", "\r\n", "a\nb\n", id="no entries, windows"),
        pytest.param("a\r\nb\n", "\n", None, id="no entries, mixed"),
        pytest.param("a\r\nb [12:00:00.000] c\n", "\n", None, id="timestamp inside a line"),
        pytest.param("[12:00:00.000] 10%\r20%\rdone\n", "\n", None, id="progress bar"),
        pytest.param("a\rb", "\r", "a\nb", id="returns alone"),
        pytest.param(
            "[12:00:00.000] a\r\r\nb\r\r\r\n", "\r\r\n", "[12:00:00.000] a\nb\r\n", id="returns doubled"
        ),
        pytest.param(
            "x\r\r\n[12:00:00.000] a\r\r\n[12:00:00.000] b\r\n",
            "\r\n",
            "x\r\n[12:00:00.000] a\r\n[12:00:00.000] b\n",
            id="one entry's returns not doubled",
        ),
        pytest.param("a\r\r\nb\r\r\n", "\r\r\n", "a\nb\n", id="no entries, returns doubled"),
        pytest.param("a\r\r\nb\r\n", "\r\n", "a\r\nb\n", id="no entries, some returns doubled"),
        pytest.param("a\r\n> [12:00:00.000] b\n> c\n", "\n", None, id="a quoted entry decides"),
        pytest.param(
            "a\n7: [12:00:00.000] b\r\n", "\r\n", "a\n7: [12:00:00.000] b\n", id="a numbered entry decides"
        ),
        pytest.param("one line", "\n", "one line", id="no line end"),
    ],
)
def test_line_ends(text: str, newline: str, expected: str | None) -> None:
    for source in (decode(text.encode(), "x"), from_text(text)):
        assert source.newline == newline
        assert source.text == (text if expected is None else expected)


# --- strings -----------------------------------------------------------------------------------------------


def test_from_text() -> None:
    assert from_text(WORDS) == Source("<text>", WORDS, "utf-8", "\n", None, False)
    assert from_text(LOG, "clip").name == "clip"
    assert from_text("\ufeffa\ud800b").text == "a\\ud800b"


@pytest.mark.parametrize(("text", "cause"), [("", "is empty"), ("\ufeff", "is empty"), (" \n", "holds only")])
def test_from_text_without_content(text: str, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        from_text(text)


# --- properties --------------------------------------------------------------------------------------------

hostile = st.one_of(
    st.binary(max_size=2000),
    st.lists(
        st.sampled_from(
            [RAW, b"\r\n", b"\r", b"\n", b"\0", b"a\0", b"\0a", b"\xff", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf",
             b"\xc3\xa9", b"\xed\xa0\x80", b"\x00\xd8", b"\x1f\x8b", b"]\0\0", b"BZh9", b"[12:00:00.000]", b" "]
        )
    ).map(b"".join),
)  # fmt: skip


@given(hostile)
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        source = decode(data, "x")
    except InputError as error:
        refused = error
        assert refused.source == "x"
        assert refused.remedy
    else:
        assert source.text.strip()
        source.text.encode("utf-8")
        assert decode(bytearray(data), "x") == source


@given(hostile)
def test_any_stream_is_read_or_refused(data: bytes) -> None:
    for stream in (data, b"\x1f\x8b\x08" + data, b"]\0\0\x80\0" + b"\xff" * 8 + data, gzip.compress(data)):
        (result,) = read("-", stdin=io.BytesIO(stream), max_bytes=5000)
        assert isinstance(result, (Source, InputError))


@given(hostile, st.integers(0, 5000))
def test_reading_gives_what_decoding_gives(data: bytes, limit: int) -> None:
    (plain,) = read("-", stdin=io.BytesIO(gzip.compress(data)), max_bytes=limit)
    try:
        expected = decode(data, "<stdin>")
    except InputError:
        assert isinstance(plain, InputError)
    else:
        assert plain == expected if len(data) <= limit else isinstance(plain, LimitError)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_text_survives(text: str) -> None:
    text = LOG + text
    assert decode(text.encode(), "x").text == from_text(text).text == text


@given(st.text())
def test_any_string_is_accepted_or_refused(text: str) -> None:
    try:
        source = from_text(text)
    except InputError:
        assert not text.removeprefix("\ufeff").strip()
    else:
        source.text.encode("utf-8")


# --- speed -------------------------------------------------------------------------------------------------

FILES: dict[str, tuple[bytes, bytes, bytes]] = {
    "log": (b"", RAW, b""),
    "windows log": (b"", RAW.replace(b"\n", b"\r\n"), b""),
    "one line": (b"", b"x", b""),
    "returns": (b"\r\n[12:00:00.000] ", b"\r", b"\n"),
    "spaces": (b"\r\n", b" ", b"x\n"),
    "almost timestamps": (b"\r\n", b"[12:00:00.00", b"\n"),
    "almost entries": (b"\r\n", b"\n[12:00:00.00", b"\n"),
    "latin-1": (b"", b"\xe9 " + RAW, b""),
    "invalid bytes": (b"", b"\xc3\xa9 \xff " + RAW, b""),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", FILES)
def test_time_is_linear(name: str) -> None:
    start, piece, end = FILES[name]
    assert_linear(
        Case(
            name,
            lambda size: start + piece * (size // len(piece)) + end,
            lambda data: one("-", stdin=io.BytesIO(data)),
            8_000_000,
        )
    )


def test_find_opens_nothing(inside: Path) -> None:
    write(inside / "d" / "x", PNG)
    os.mkfifo("pipe")
    assert list(find(["d", "-", "pipe"])) == [
        Found("d/x", Path("d/x"), walked=True),
        Found("<stdin>"),
        Found("pipe", Path("pipe")),
    ]
