"""Bytes to text: binary data, encodings and line ends."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from opened import LOG, PNG, RAW, failure, one, write

from logparse.errors import InputError
from logparse.sources import Source, decode, from_text


def refusal(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        decode(data, "x")
    return caught.value


# --- binary data -------------------------------------------------------------------------------


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


# --- encodings ---------------------------------------------------------------------------------


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


# --- line ends ---------------------------------------------------------------------------------


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


# --- strings -----------------------------------------------------------------------------------


def test_from_text() -> None:
    assert from_text(WORDS) == Source("<text>", WORDS, "utf-8", "\n", None, False)
    assert from_text(LOG, "clip").name == "clip"
    assert from_text("\ufeffa\ud800b").text == "a\\ud800b"


@pytest.mark.parametrize(("text", "cause"), [("", "is empty"), ("\ufeff", "is empty"), (" \n", "holds only")])
def test_from_text_without_content(text: str, cause: str) -> None:
    with pytest.raises(InputError, match=cause):
        from_text(text)
