"""Pipes, devices, sockets and standard input as inputs."""

from __future__ import annotations

import errno
import gzip
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opened import COMPRESSORS, LOG, RAW, each_compression, failure, names, one, write

from logparse import sources
from logparse.errors import InputError
from logparse.sources import Skipped, Source, read


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
