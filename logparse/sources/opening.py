"""From inputs to their bytes: opened, decompressed, and within a limit."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from logparse.errors import InputError, LimitError
from logparse.sources.compression import Readable, Replay, compression, fill, inflate
from logparse.sources.decoding import HEAD, decode, refuse_binary
from logparse.sources.finding import find, unreadable
from logparse.sources.source import Found, NotText, Skipped, Source

DEFAULT_MAX_BYTES = 256 * 1024 * 1024

_MAX_LAYERS = 2


def read(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    stdin: BinaryIO | None = None,
) -> Iterator[Source | InputError]:
    """Read, decompress and decode every input, one at a time and in order.

    Compression (gzip, bzip2, xz, lzma; up to two layers) is recognised by content, not by file name.

    Parameters
    ----------
    paths:
        As for :func:`find`.
    max_bytes:
        The most bytes that one input may hold after decompression. Memory stays within that plus one
        chunk until decoding starts, whatever the input would expand to.
    stdin:
        The stream that ``-`` names; by default the process's standard input. It is not closed.

    Yields
    ------
    Source
        A decoded input.
    Skipped
        A file in a directory that is not text.
    LimitError
        An input above ``max_bytes``.
    InputError
        Any other input that cannot be read. Nothing is raised for an input.
    """
    stdin_read = False
    for item in find(paths):
        result: Source | InputError
        if isinstance(item, InputError):
            result = item
        elif item.path is None and stdin_read:
            result = InputError(
                "standard input was read already",
                source=item.name,
                remedy="name it only once",
            )
        else:
            stdin_read = stdin_read or item.path is None
            result = open_found(item, max_bytes=max_bytes, stdin=stdin)
        yield result


def open_found(
    found: Found, *, max_bytes: int = DEFAULT_MAX_BYTES, stdin: BinaryIO | None = None
) -> Source | InputError:
    """Read, decompress and decode one input that `find` gave. Parameters and results are those of `read`."""
    try:
        return _open(found, max_bytes, stdin)
    except NotText as error:
        kind = Skipped if found.walked else InputError
        return kind(error.cause, source=error.source, remedy=error.remedy)
    except InputError as error:
        return error


def read_stream(stream: Readable, name: str, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Source:
    """Read, decompress and decode an open binary file to its end. It is not closed.

    Raises
    ------
    InputError
        If it cannot be read, is larger than `max_bytes`, or is not text.
    OSError, ValueError
        If reading from the file fails.
    """
    return decode(_load(stream, name, max_bytes), name)


def _open(found: Found, max_bytes: int, stdin: BinaryIO | None) -> Source:
    """Read one input to its end. Raises InputError only."""
    name = found.name
    try:
        if found.path is not None:
            with open(found.path, "rb") as stream:
                data = _load(stream, name, max_bytes)
        else:
            if stdin is None:
                stdin = getattr(sys.stdin, "buffer", None)
            if stdin is None:
                raise InputError("there is no standard input", source=name, remedy="name a file")
            data = _load(stdin, name, max_bytes)
        path = None if found.path is None else Path(found.path)
        return decode(data, name, path, walked=found.walked)
    except (OSError, ValueError) as error:
        raise unreadable(error, name) from error
    except MemoryError as error:
        raise InputError(
            "needs more memory than there is",
            source=name,
            remedy="lower the limit with --max-size",
        ) from error


def _load(stream: Readable, name: str, max_bytes: int) -> bytearray:
    """Collect the decompressed bytes of a stream. Raises InputError, and OSError if reading itself fails."""
    layers: list[str] = []
    damage: list[type[Exception]] = [EOFError, OSError]
    try:
        stream, data = _decompressed(stream, name, layers, damage)
        # Before the rest is read: a huge binary file is better called binary than too large.
        refuse_binary(bytes(data), name)
        if len(data) == HEAD:
            fill(stream, data, max_bytes + 1)
    except tuple(damage) as error:
        # Decompressors report damage as an OSError too, but without the number that the system gives.
        if not layers or (isinstance(error, OSError) and error.errno is not None):
            raise
        state = "truncated" if isinstance(error, EOFError) else "corrupt"
        raise InputError(
            f"is {state} {layers[-1]} data ({error})",
            source=name,
            remedy="fetch or copy it again",
        ) from error
    if len(data) > max_bytes:
        verb = "expands to more than" if layers else "is larger than"
        raise LimitError(
            f"{verb} {_size(max_bytes)}",
            source=name,
            remedy="raise the limit with --max-size",
        )
    return data


def _decompressed(
    stream: Readable, name: str, layers: list[str], damage: list[type[Exception]]
) -> tuple[Readable, bytearray]:
    """Return a reader of the decompressed bytes, and the first of them, which it has read already.

    Each layer of compression is added to `layers`, and the error that it raises on damage to `damage`,
    before anything is read from the layer.

    Raises
    ------
    InputError
        If there are too many layers, or Python lacks the module for one.
    OSError, EOFError, or an error in `damage`
        If reading fails.
    """
    while True:
        data = bytearray()
        fill(stream, data, HEAD)
        kind = compression(data)
        if kind is None:
            return stream, data
        if len(layers) == _MAX_LAYERS:
            raise InputError(
                f"is compressed more than {_MAX_LAYERS} times",
                source=name,
                remedy="decompress it first",
            )
        layers.append(kind)
        try:
            stream, own_error = inflate(kind, io.BufferedReader(Replay(bytes(data), stream)))
        except ImportError as error:
            raise InputError(
                f"is {kind} data, which this Python cannot decompress",
                source=name,
                remedy="decompress it first",
            ) from error
        damage.append(own_error)


def _size(count: int) -> str:
    """Return a number of bytes in the largest unit in which it is a multiple of a quarter."""
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale and count % (scale // 4) == 0:
            return f"{count / scale:g} {unit}"
    return "1 byte" if count == 1 else f"{count} bytes"
