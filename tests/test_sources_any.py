"""Any bytes are decoded or refused, in linear time."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear import Case, assert_linear
from opened import LOG, PNG, RAW, one, write

from logparse.errors import InputError, LimitError
from logparse.sources import Found, Source, decode, find, from_text, read

# --- properties --------------------------------------------------------------------------------


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


# --- speed -------------------------------------------------------------------------------------


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


@pytest.mark.untraced
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
        Found("d/x", "d/x", walked=True, size=len(PNG)),
        Found("<stdin>"),
        Found("pipe", "pipe"),
    ]
