"""Compressed data: recognised by its first bytes, and decompressed while it is read."""

from __future__ import annotations

import errno
import io
from typing import BinaryIO, Protocol

_CHUNK = 1024 * 1024


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes | None:
        """Return up to `size` bytes: none at the end, and None if the next bytes are not there yet."""


def fill(stream: Readable, data: bytearray, size: int) -> None:
    """Append to ``data`` until it has ``size`` bytes or the stream ends."""
    while len(data) < size:
        block = stream.read(min(_CHUNK, size - len(data)))
        if block is None:
            # A non-blocking stream returns None if the next bytes are not there yet. This is not the end.
            raise BlockingIOError(errno.EAGAIN, "the stream does not wait for data")
        if not block:
            return
        data += block


class Replay(io.RawIOBase):
    """A stream that begins with bytes already read from it, because pipes cannot seek."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        super().__init__()
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as there are bytes, and return their number."""
        block = self._head.read(len(buffer))
        if not block:
            held = bytearray()
            fill(self._rest, held, len(buffer))
            block = bytes(held)
        buffer[: len(block)] = block
        return len(block)


def compression(head: bytes | bytearray) -> str | None:
    """Return the name of the compression of a file that starts with ``head``, or None."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    # The old format does not have magic bytes. Recognised are the default properties, a round size of the
    # dictionary and a plausible length.
    if head.startswith(b"]\x00\x00") and (head[5:13] == b"\xff" * 8 or head[10:13] == b"\x00" * 3):
        return "lzma"
    return None


def inflate(kind: str, stream: BinaryIO) -> tuple[Readable, type[Exception]]:
    """Return a reader of the decompressed bytes, and the type of error that it raises on damage.

    Raises
    ------
    ImportError
        If this Python lacks the module for the compression.
    """
    # Imported here, because most inputs are not compressed.
    if kind == "gzip":
        import gzip
        import zlib

        return gzip.GzipFile(fileobj=stream), zlib.error
    if kind == "bzip2":
        import bz2

        return bz2.BZ2File(stream), EOFError
    import lzma

    return lzma.LZMAFile(stream), lzma.LZMAError
