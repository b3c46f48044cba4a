"""The first stage: from the paths a user names to decoded texts.

``find`` turns paths into inputs, ``read`` turns them into :class:`Source` objects, ``decode`` does the
same for bytes already at hand and ``from_text`` for a string. An input that fails becomes an error
object in the same sequence, so that it never costs the inputs after it.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from logparse.errors import InputError, LimitError
from logparse.textforms import PREFIX

__all__ = [
    "DEFAULT_MAX_BYTES",
    "Found",
    "Skipped",
    "Source",
    "decode",
    "find",
    "from_text",
    "read",
]

DEFAULT_MAX_BYTES = 256 * 1024 * 1024

_CHUNK = 1024 * 1024
_HEAD = 64 * 1024
_MAX_LAYERS = 2
_MAX_CONTROLS = 0.3


@dataclass(frozen=True, slots=True)
class Source:
    r"""One decoded input.

    Attributes
    ----------
    name:
        The path as the user gave it (for a file found in a directory: that directory's path joined with
        the rest), ``<stdin>`` or ``<text>``. Always encodable as UTF-8.
    text:
        The whole text, never blank, without a byte order mark and without lone surrogates.
    encoding:
        ``utf-8``, ``utf-8-sig``, ``utf-16-le``, ``utf-16-be`` or ``latin-1``.
    newline:
        What ended the lines of the input: ``"\n"``, ``"\r\n"``, ``"\r\r\n"`` (or more of them) or ``"\r"``.
        In ``text`` it is ``"\n"``.
    path:
        The file, or None for standard input and plain text.
    walked:
        True if a directory was named and this file was found in it.
    """

    name: str
    text: str
    encoding: str
    newline: str
    path: Path | None = None
    walked: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One input that can be opened: ``path`` is None for standard input."""

    name: str
    path: Path | None = None
    walked: bool = False


class Skipped(InputError):
    """A file that was found in a directory, not named, and that is no text: a note, not a failure."""


class _NotText(InputError):
    """The content is binary, empty or blank. Told apart because in a directory that is no failure."""


def find(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> Iterator[Found | InputError]:
    """Expand what the user named into inputs, lazily and in order.

    A directory stands for the files in it, at any depth, sorted by path. Hidden files and directories
    are left out. A link in it is followed, unless its target is reached under its own name as well or
    holds the named directory: so loops end, and a ``latest`` link does not count a log twice.

    Parameters
    ----------
    paths:
        Files, directories and pipes, or ``-`` for standard input. A lone path counts as a list of one.

    Yields
    ------
    Found
        An input to open.
    Skipped
        A pipe, socket, device or broken link inside a directory.
    InputError
        A path that does not exist or cannot be read, or a directory without files.
    """
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        given = os.fspath(path)
        name = _shown(given)
        # /dev/stdin cannot be reopened where standard input is a socket, so it is never opened by name.
        if given in ("-", "/dev/stdin"):
            yield Found("<stdin>" if given == "-" else name)
            continue
        if not given:
            yield InputError("an empty path names no file", remedy="check the path")
            continue
        try:
            mode = os.stat(given).st_mode
        except (OSError, ValueError) as error:
            yield _unreadable(error, name)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk(given)
        elif stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
            yield Found(name, Path(given))
        else:
            yield InputError(
                f"is a {_file_type(mode)}, not a regular file",
                source=name,
                remedy="name a regular file, or - for standard input",
            )


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
        The stream behind ``-``; by default the process's standard input. It is not closed.

    Yields
    ------
    Source
        A decoded input.
    Skipped
        A file that a directory held and that is no text.
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
            try:
                result = _open(item, max_bytes, stdin)
            except _NotText as error:
                kind = Skipped if item.walked else InputError
                result = kind(error.cause, source=error.source, remedy=error.remedy)
            except InputError as error:
                result = error
        yield result


def decode(
    data: bytes | bytearray,
    name: str,
    path: Path | None = None,
    *,
    walked: bool = False,
) -> Source:
    r"""Decode bytes, whatever their encoding and line ends.

    The encoding is the one a byte order mark names; else UTF-16 if every other byte is NUL; else UTF-8.
    Bytes that are not valid UTF-8 appear as ``\xNN`` between valid text; where no sequence of several
    bytes is valid the text is Latin-1. Line ends become ``"\n"`` only where the file as a whole ends its
    lines otherwise: carriage returns that an entry quotes are content and stay.

    Parameters
    ----------
    data:
        The uncompressed bytes.
    name, path, walked:
        What the :class:`Source` shall say about where they came from.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the data is binary, empty or holds only blank lines. Nothing else is raised.
    """
    _refuse_binary(bytes(data[:_HEAD]), name)
    encoding, mark = _sniff(bytes(data[:1024]))
    with memoryview(data) as view, view[mark:] as body:
        if encoding is None:
            try:
                text = str(body, "utf-8")
                encoding = "utf-8"
            except UnicodeDecodeError:
                # If dropping every invalid byte leaves plain ASCII, no longer sequence was valid UTF-8.
                # Then Latin-1, not cp1252: that one leaves five bytes undefined and could not be undone.
                encoding = "latin-1" if str(body, "utf-8", "ignore").isascii() else "utf-8"
                text = str(body, encoding, "backslashreplace")
        else:
            text = str(body, encoding.removesuffix("-sig"), "backslashreplace")
    return _source(text, name, encoding, path, walked)


def from_text(text: str, name: str = "<text>") -> Source:
    """Make a :class:`Source` of a string: line ends, byte order mark and surrogates as in ``decode``.

    Raises
    ------
    InputError
        If the text is empty or holds only blank lines.
    """
    if not text.isascii():
        text = text.removeprefix("\ufeff").encode("utf-8", "backslashreplace").decode("utf-8")
    return _source(text, name, "utf-8", None, False)


# --- finding -------------------------------------------------------------------------------------------


def _walk(root: str) -> Iterator[Found | InputError]:
    """Yield what a named directory holds, depth first, sorted by path."""
    home = Path(os.path.realpath(root))
    bases = [home]
    entered: set[tuple[int, int]] = set()
    silent = True
    pending = [root]
    # A stack of our own: a deep tree shall not meet Python's recursion limit.
    while pending:
        path = pending.pop()
        item: Found | InputError
        link = False
        try:
            link = path != root and os.path.islink(path)
            info = os.stat(path)
            target = Path(os.path.realpath(path)) if link else None
            if target is not None and (home.is_relative_to(target) or _visible(target, bases)):
                continue
            if stat.S_ISDIR(info.st_mode):
                if (info.st_dev, info.st_ino) in entered:
                    continue
                entered.add((info.st_dev, info.st_ino))
                if target is not None:
                    bases.append(target)
                members = sorted((m for m in os.listdir(path) if not m.startswith(".")), reverse=True)
                pending.extend(os.path.join(path, member) for member in members)
                continue
        except (OSError, ValueError) as error:
            if link and not isinstance(error, PermissionError):
                item = Skipped("is a broken link", source=_shown(path), remedy="mend or remove it")
            else:
                item = _unreadable(error, _shown(path))
        else:
            if stat.S_ISREG(info.st_mode):
                item = Found(_shown(path), Path(path), walked=True)
            else:
                # Opening a pipe waits for its other end, which nobody may ever open.
                item = Skipped(
                    f"is a {_file_type(info.st_mode)}, not a regular file",
                    source=_shown(path),
                    remedy="name it to read it" if stat.S_ISFIFO(info.st_mode) else None,
                )
        silent = False
        yield item
    if silent:
        yield InputError(
            "directory holds no files",
            source=_shown(root),
            remedy="check the path; hidden files are read only when named",
        )


def _visible(target: Path, bases: list[Path]) -> bool:
    """Tell whether a walk of ``bases`` meets ``target`` under its own name."""
    inside = (target.relative_to(base).parts for base in bases if target.is_relative_to(base))
    return any(not any(part.startswith(".") for part in parts) for parts in inside)


def _shown(path: str) -> str:
    """Give the path as text that every output can encode: file names need not be valid UTF-8."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _file_type(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "pipe"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISCHR(mode):
        return "character device"
    if stat.S_ISBLK(mode):
        return "block device"
    return "special file"


def _unreadable(error: OSError | ValueError, name: str) -> InputError:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        remedy = "save the page and name the file" if "://" in name else "check the path"
        return InputError("does not exist", source=name, remedy=remedy)
    if isinstance(error, PermissionError):
        return InputError(
            "permission denied",
            source=name,
            remedy="make it readable, or run as a user who may read it",
        )
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return InputError(
            "cannot be read (too many open files)",
            source=name,
            remedy="close some, or raise the limit with ulimit -n",
        )
    detail = (isinstance(error, OSError) and error.strerror) or error
    return InputError(f"cannot be read ({detail})", source=name, remedy="check the path and the disk")


# --- reading -------------------------------------------------------------------------------------------


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


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
        return decode(data, name, found.path, walked=found.walked)
    except (OSError, ValueError) as error:
        raise _unreadable(error, name) from error
    except MemoryError as error:
        raise InputError(
            "needs more memory than there is",
            source=name,
            remedy="lower the limit with --max-size",
        ) from error


def _load(stream: _Readable, name: str, max_bytes: int) -> bytearray:
    """Collect the decompressed bytes of a stream. Raises InputError, and OSError if reading itself fails."""
    layers: list[str] = []
    damage: tuple[type[Exception], ...] = (EOFError, OSError)
    try:
        while True:
            data = bytearray()
            _fill(stream, data, _HEAD)
            kind = _compression(data)
            if kind is None:
                break
            if len(layers) == _MAX_LAYERS:
                raise InputError(
                    f"is compressed more than {_MAX_LAYERS} times",
                    source=name,
                    remedy="decompress it first",
                )
            layers.append(kind)
            stream, damage_of_layer = _inflate(kind, io.BufferedReader(_Replay(bytes(data), stream)))
            damage = (*damage, damage_of_layer)
        # Before the rest is read: a huge binary file is better called binary than too large.
        _refuse_binary(bytes(data), name)
        if len(data) == _HEAD:
            _fill(stream, data, max_bytes + 1)
    except ImportError as error:
        raise InputError(
            f"is {layers[-1]} data, which this Python cannot decompress",
            source=name,
            remedy="decompress it first",
        ) from error
    except damage as error:
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


def _fill(stream: _Readable, data: bytearray, size: int) -> None:
    """Append to ``data`` in place until it holds ``size`` bytes or the stream ends."""
    while len(data) < size:
        block = stream.read(min(_CHUNK, size - len(data)))
        if block is None:
            # What a non-blocking stream returns when nothing has come yet: not the end.
            raise BlockingIOError(errno.EAGAIN, "the stream does not wait for data")
        if not block:
            return
        data += block


class _Replay(io.RawIOBase):
    """A stream with bytes already taken from it put back in front: pipes cannot seek."""

    def __init__(self, head: bytes, rest: _Readable) -> None:
        super().__init__()
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        block = self._head.read(len(buffer))
        if not block:
            held = bytearray()
            _fill(self._rest, held, len(buffer))
            block = bytes(held)
        buffer[: len(block)] = block
        return len(block)


def _compression(head: bytes | bytearray) -> str | None:
    """Name the compression that a file starting with ``head`` uses, if any."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    # The old format has no magic: default properties, a round dictionary size, a plausible length.
    if head.startswith(b"]\x00\x00") and (head[5:13] == b"\xff" * 8 or head[10:13] == b"\x00" * 3):
        return "lzma"
    return None


def _inflate(kind: str, stream: BinaryIO) -> tuple[_Readable, type[Exception]]:
    """Give a reader of the decompressed bytes, and the error of its own that it raises on damage."""
    # Imported late because most inputs need none of them.
    if kind == "gzip":
        import gzip
        import zlib

        return gzip.GzipFile(fileobj=stream), zlib.error
    if kind == "bzip2":
        import bz2

        return bz2.BZ2File(stream), EOFError
    import lzma

    return lzma.LZMAFile(stream), lzma.LZMAError


def _size(count: int) -> str:
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale and count % (scale // 4) == 0:
            return f"{count / scale:g} {unit}"
    return "1 byte" if count == 1 else f"{count} bytes"


# --- decoding ------------------------------------------------------------------------------------------

_STAMP = re.compile(rb"\[[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}")
# The newline in front lets the pattern start with a literal, which searches many times faster than "^" does.
_ENTRY_LINE = re.compile(rf"\n{PREFIX}\[[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}\.[0-9]{{3}}\][^\n]*+(?=\n)")
_MOST_RETURNS = 4
_CONTROLS = bytes({*range(32), 127} - set(b"\t\r\n\x1b"))
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

_PACKED = (
    (0, b"PK\x03\x04", "ZIP archive"),
    (0, b"PK\x05\x06", "ZIP archive"),
    (257, b"ustar\x00", "tar archive"),
    (257, b"ustar  \x00", "tar archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (0, b"Rar!\x1a\x07", "RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "zstd data"),
    (0, b"\x04\x22\x4d\x18", "lz4 data"),
    (0, b"\x1f\x9d", "compress data"),
)
_BINARY = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG image"),
    (0, b"\xff\xd8\xff", "JPEG image"),
    (0, b"GIF87a", "GIF image"),
    (0, b"GIF89a", "GIF image"),
    (8, b"WEBPVP8", "WebP image"),
    (0, b"II*\x00", "TIFF image"),
    (0, b"MM\x00*", "TIFF image"),
    (0, b"%PDF-", "PDF document"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office document"),
    (0, b"\x7fELF", "ELF executable"),
    (0, b"MZ\x90\x00", "Windows executable"),
    (0, b"\xcf\xfa\xed\xfe", "Mach-O executable"),
    (0, b"\xca\xfe\xba\xbe", "Java class or Mach-O executable"),
    (0, b"\x00asm", "WebAssembly module"),
    (0, b"SQLite format 3\x00", "SQLite database"),
    (0, b"PAR1", "Parquet table"),
    (0, b"ARROW1\x00\x00", "Arrow table"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 data"),
    (0, b"\x93NUMPY", "NumPy array"),
)


def _refuse_binary(head: bytes, name: str) -> None:
    """Raise _NotText if a file that starts with ``head`` is no text.

    Logs do hold NULs, escape codes and invalid UTF-8 where a job printed them, so that takes the magic
    bytes of a known format, or control bytes in bulk and no timestamp among them.
    """
    for packed, table in ((True, _PACKED), (False, _BINARY)):
        for offset, magic, kind in table:
            if head.startswith(magic, offset):
                raise _binary(name, kind, packed)
    compression = _compression(head)
    if compression is not None:
        raise _binary(name, f"{compression} data", True)
    encoding, mark = _sniff(head[:1024])
    if encoding is not None and encoding.startswith("utf-16"):
        # In UTF-16 a NUL is half a letter; what is no UTF-16 counts as a control byte instead.
        head = str(head[mark:], encoding, "replace").replace("\ufffd", "\x00").encode("utf-8")
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > len(head) * _MAX_CONTROLS and not _STAMP.search(head):
        raise _binary(name, None, False)


def _binary(name: str, kind: str | None, packed: bool) -> _NotText:
    what = f"binary data ({kind})" if kind else "binary data"
    remedy = "unpack it first" if packed else "name the text of a log page instead"
    return _NotText(f"is {what}, not a log page", source=name, remedy=remedy)


def _sniff(head: bytes) -> tuple[str | None, int]:
    """Find the encoding that a byte order mark or NULs give away, if any, and the length of that mark."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    half = len(head) // 2
    # A timestamp in plain ASCII proves that NULs around it are content.
    if half >= 2 and not _STAMP.search(head):
        even, odd = head[::2].count(0), head[1::2].count(0)
        if odd * 2 > half and even * 10 < odd:
            return "utf-16-le", 0
        if even * 2 > half and odd * 10 < even:
            return "utf-16-be", 0
    return None, 0


def _source(text: str, name: str, encoding: str, path: Path | None, walked: bool) -> Source:
    if not text:
        raise _NotText("is empty", source=name, remedy="fetch the page again")
    if text.isspace():
        raise _NotText("holds only blank lines", source=name, remedy="fetch the page again")
    newline = _newline(text)
    if newline != "\n":
        text = text.replace(newline, "\n")
    return Source(name, text, encoding, newline, path, walked)


def _newline(text: str) -> str:
    """Find what ends the lines of a text, as opposed to carriage returns that its lines quote."""
    if "\r" not in text:
        return "\n"
    if "\n" not in text:
        return "\r"
    if "\r\n" not in text:
        return "\n"
    return "\r" * _returns(text) + "\n"


def _returns(text: str) -> int:
    """Count the carriage returns before each newline: two where CRLF was written as text on Windows."""
    # Entry lines decide: an HTTP dump between them has ends of its own.
    fewest = None
    for entry in _ENTRY_LINE.finditer("\n" + text):
        count = len(entry[0]) - len(entry[0].rstrip("\r"))
        fewest = count if fewest is None else min(fewest, count)
        if fewest == 0:
            return 0
    if fewest is not None:
        return fewest
    lines, count = text.count("\n"), 0
    while count < _MOST_RETURNS and text.count("\r" * (count + 1) + "\n") == lines:
        count += 1
    return count
