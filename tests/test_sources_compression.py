"""Compressed inputs, and the limit of their size."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from opened import COMPRESSORS, LOG, RAW, each_compression, failure, one, write
from quick import quick

from logparse.errors import LimitError


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
