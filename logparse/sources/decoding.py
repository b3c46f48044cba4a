"""From bytes to text: the encoding, the line ends, and what is not text."""

from __future__ import annotations

import re
from pathlib import Path

from logparse.sources.compression import compression
from logparse.sources.source import NotText, Source
from logparse.sources.textforms import PREFIX

HEAD = 64 * 1024
_MAX_CONTROLS = 0.3

_STAMP = re.compile(rb"\[[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}")
# It starts with a newline, because a search for a literal is many times faster than one for "^".
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
        The values of these attributes of the :class:`Source`.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If the data is binary, empty or only blank lines. Nothing else is raised.
    """
    refuse_binary(bytes(data[:HEAD]), name)
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
        If the text is empty or only blank lines.
    """
    if not text.isascii():
        text = text.removeprefix("\ufeff").encode("utf-8", "backslashreplace").decode("utf-8")
    return _source(text, name, "utf-8", None, False)


def refuse_binary(head: bytes, name: str) -> None:
    """Raise NotText if a file that starts with ``head`` is not text.

    A log can contain NULs, escape codes and invalid UTF-8, where a job printed them. So a file is binary only
    if it has the magic bytes of a known format, or many control bytes and no timestamp among them.
    """
    for packed, table in ((True, _PACKED), (False, _BINARY)):
        for offset, magic, kind in table:
            if head.startswith(magic, offset):
                raise _binary(name, kind, packed)
    packing = compression(head)
    if packing is not None:
        raise _binary(name, f"{packing} data", True)
    encoding, mark = _sniff(head[:1024])
    if encoding is not None and encoding.startswith("utf-16"):
        # In UTF-16 a NUL is half a letter. Bytes that are not UTF-16 count as control bytes instead.
        head = str(head[mark:], encoding, "replace").replace("\ufffd", "\x00").encode("utf-8")
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > len(head) * _MAX_CONTROLS and not _STAMP.search(head):
        raise _binary(name, None, False)


def _binary(name: str, kind: str | None, packed: bool) -> NotText:
    """Return the error for a file that is not text, of a known or an unknown kind."""
    data = f"binary data ({kind})" if kind else "binary data"
    remedy = "unpack it first" if packed else "name the text of a log page instead"
    return NotText(f"is {data}, not a log page", source=name, remedy=remedy)


def _sniff(head: bytes) -> tuple[str | None, int]:
    """Return the encoding that a byte order mark or NULs show, or None, and the length of the mark."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    half = len(head) // 2
    # After a timestamp in plain ASCII, NULs around it are content.
    if half >= 2 and not _STAMP.search(head):
        even, odd = head[::2].count(0), head[1::2].count(0)
        if odd * 2 > half and even * 10 < odd:
            return "utf-16-le", 0
        if even * 2 > half and odd * 10 < even:
            return "utf-16-be", 0
    return None, 0


def _source(text: str, name: str, encoding: str, path: Path | None, walked: bool) -> Source:
    """Return the input with its line ends made newlines. Raises NotText if it is blank."""
    if not text:
        raise NotText("is empty", source=name, remedy="fetch the page again")
    if text.isspace():
        raise NotText("holds only blank lines", source=name, remedy="fetch the page again")
    newline = _newline(text)
    if newline != "\n":
        text = text.replace(newline, "\n")
    return Source(name, text, encoding, newline, path, walked)


def _newline(text: str) -> str:
    """Return the line end of a text. Other carriage returns in its lines are content."""
    if "\r" not in text:
        return "\n"
    if "\n" not in text:
        return "\r"
    if "\r\n" not in text:
        return "\n"
    return "\r" * _returns(text) + "\n"


def _returns(text: str) -> int:
    """Return the number of carriage returns before each newline: two if Windows wrote CRLF as text."""
    # The lines of entries decide, because an HTTP dump between them can have other line ends.
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
