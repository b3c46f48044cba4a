"""Inputs to open, and the one result of opening one."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from logparse.errors import InputError
from logparse.sources import Found, Source, read

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


def names(results: Iterable[Source | InputError | Found]) -> list[str | None]:
    return [r.source if isinstance(r, InputError) else r.name for r in results]
