"""Go's notations: hand-checked values, what Go itself measured, and round trips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from linear import Case, assert_linear, repeated

from logparse.values.gonotation import (
    format_duration,
    format_list,
    format_map,
    parse_duration_ns,
    parse_duration_s,
    parse_list,
    parse_map,
    quote,
    unquote,
)

TRUTHS = sorted((Path(__file__).parent / "data" / "logs").glob("*/*.truth.json"))

DURATIONS = {
    "0s": 0,
    "0": 0,
    "1ns": 1,
    "51.417µs": 51_417,
    "51.417μs": 51_417,
    "51.417us": 51_417,
    "42.622738ms": 42_622_738,
    "1.5s": 1_500_000_000,
    "1m0s": 60_000_000_000,
    "21m2.491646275s": 1_262_491_646_275,
    "1h0m0s": 3_600_000_000_000,
    "25h1m1.000000001s": 90_061_000_000_001,
    "-1m30s": -90_000_000_000,
    "-6ms": -6_000_000,
    "2540400h10m10.000000000s": 9_145_440_610_000_000_000,
}


@pytest.mark.parametrize(("text", "ns"), DURATIONS.items())
def test_durations_are_read_to_the_nanosecond(text: str, ns: int) -> None:
    assert parse_duration_ns(text) == ns
    assert parse_duration_s(text) == ns / 1e9


def test_digits_past_the_nanosecond_are_dropped_as_go_does() -> None:
    assert parse_duration_ns("1.9999999999s") == 1_999_999_999
    assert parse_duration_ns("0.9ns") == 0


@pytest.mark.parametrize(
    "text",
    ["", "-", "s", "1", "1.s", ".5s", "1d", "1 s", "1s ", "1s-1s", "+1s", "1s\n", "٣s", "1" * 21 + "s", "00"],
)
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="not a Go duration"):
        parse_duration_ns(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (1e-9, "1ns"),
        (0.000_000_999, "999ns"),
        (0.000_001, "1µs"),
        (0.000_051_417, "51.417µs"),
        (0.042_622_738, "42.622738ms"),
        (0.1, "100ms"),
        (1, "1s"),
        (59.5, "59.5s"),
        (60, "1m0s"),
        (3600, "1h0m0s"),
        (1262.491646275, "21m2.491646275s"),
        (-90, "-1m30s"),
        (360_000.25, "100h0m0.25s"),
    ],
)
def test_durations_are_written_as_go_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("path", TRUTHS, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_durations_of_the_samples(path: Path) -> None:
    truth = json.loads(path.read_text(encoding="utf-8"))
    if "duration_go" in truth:
        assert parse_duration_ns(truth["duration_go"]) == truth["duration_ns"]
        assert format_duration(truth["duration_ns"] / 1e9) == truth["duration_go"]
    else:
        assert "finished" not in truth


def test_some_sample_has_a_duration() -> None:
    assert sum("duration_go" in path.read_text(encoding="utf-8") for path in TRUTHS) > 50


@given(st.integers(-(2**53), 2**53))
@example(2**53)
@example(2**53 - 1)
@example(1_000)
@example(999_999)
def test_durations_survive_writing_and_reading(ns: int) -> None:
    text = format_duration(ns / 1e9)
    assert parse_duration_ns(text) == ns
    assert round(parse_duration_s(text) * 1e9) == ns


STRINGS = {
    '""': "",
    '"plain"': "plain",
    r'"a\"b"': 'a"b',
    r'"a\\b"': "a\\b",
    r'"\a\b\f\n\r\t\v"': "\a\b\f\n\r\t\v",
    r'"it\'s"': "it's",
    r'"\x00"': "\0",
    r'"\x7f"': "\x7f",
    r'"\x41"': "A",
    r'"\u00e9"': "é",
    r'"\u2028"': "\u2028",
    r'"\U0001f600"': "\U0001f600",
    '"\U0001f600 é"': "\U0001f600 é",
    r'"\101\000"': "A\0",
    # Runs of bytes are UTF-8.
    r'"\xc3\xa9"': "é",
    r'"\303\251"': "é",
    r'"\xc3\251!"': "é!",
    r'"\xf0\x9f\x98\x80"': "\U0001f600",
    # What is none stays as written.
    r'"\xff"': r"\xff",
    r'"\xc3"': r"\xc3",
    r'"\xc3\x28"': r"\xc3(",
    r'"\xed\xa0\x80"': r"\xed\xa0\x80",
    # Escapes that Go does not have.
    r'"\q"': r"\q",
    r'"\x4"': r"\x4",
    r'"\u12"': r"\u12",
    r'"\400"': r"\400",
    r'"\777"': r"\777",
    r'"\08"': r"\08",
    r'"\ud800"': r"\ud800",
    r'"\udfff"': r"\udfff",
    r'"\U00110000"': r"\U00110000",
    r'"\U0000d800"': r"\U0000d800",
    r'"\U0010ffff"': "\U0010ffff",
    # An escaped backslash does not begin another escape.
    r'"\\x41"': r"\x41",
    r'"\\\x41"': "\\A",
    r'"\\n"': r"\n",
    # In single quotes, as in a job's definition.
    r"'a\'b'": "a'b",
    # What is not quoted is left alone.
    "%!q(MISSING)": "%!q(MISSING)",
    r"a\n": r"a\n",
    '"': '"',
    "": "",
    "\"a'": "\"a'",
}


@pytest.mark.parametrize(("text", "value"), STRINGS.items())
def test_unquote(text: str, value: str) -> None:
    assert unquote(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ('say "hi"', r'"say \"hi\""'),
        ("it's", '"it\'s"'),
        ("a\\b", r'"a\\b"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\0\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("\x80\xa0", r'"\u0080\u00a0"'),
        ("é 漢", '"é 漢"'),
        ("\u2028\ufeff", r'"\u2028\ufeff"'),
        ("\U0001f600", '"\U0001f600"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\ud800", r'"\ufffd"'),
    ],
)
def test_quote(value: str, text: str) -> None:
    assert quote(value) == text


@given(st.text())
@example("\\x41")
@example('\\"')
@example("\x80\xff")
def test_strings_survive_quoting(value: str) -> None:
    assert unquote(quote(value)) == value


@given(st.text(alphabet="\\\"'xXuU01278aAfFn \xe9", max_size=20))
def test_unquoting_never_fails_and_gives_text_that_can_be_written(body: str) -> None:
    unquote(f'"{body}"').encode("utf-8")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("[]", []),
        ("[a]", ["a"]),
        ("[a b/c]", ["a", "b/c"]),
        ("[[a] b]", ["[a]", "b"]),
        ("[refs/heads/main regexp:refs/tags/v.*]", ["refs/heads/main", "regexp:refs/tags/v.*"]),
        ("a b", ["a", "b"]),
        ("[a b", ["[a", "b"]),
        ("", []),
    ],
)
def test_lists(text: str, items: list[str]) -> None:
    assert parse_list(text) == items


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("map[]", {}),
        ('map["k":"v"]', {"k": "v"}),
        (
            r'map["a":"1" "b c":"\"x\" y:z]"]',
            {"a": "1", "b c": '"x" y:z]'},
        ),
        ("map[a:1 b:2]", {"a": "1", "b": "2"}),
        ("map[refs/heads/a:b:0f]", {"refs/heads/a:b": "0f"}),
        # What is none stays as it stands.
        ("map[a b]", "map[a b]"),
        ('map["k":"v"', 'map["k":"v"'),
        ('map["k":"v" x]', 'map["k":"v" x]'),
        ('map["k":"v""l":"w"]', 'map["k":"v""l":"w"]'),
        ('map["k" "l":"w"]', 'map["k" "l":"w"]'),
        ("[k:v]", "[k:v]"),
        ("", ""),
    ],
)
def test_maps(text: str, items: dict[str, str] | str) -> None:
    assert parse_map(text) == items


def test_maps_are_written_sorted_by_key() -> None:
    assert format_map({"b": "2", "a": '"'}) == r'map["a":"\"" "b":"2"]'


@given(st.lists(st.from_regex(r"\S+", fullmatch=True)))
def test_lists_survive_writing_and_reading(items: list[str]) -> None:
    assert parse_list(format_list(items)) == items


@given(st.dictionaries(st.text(), st.text()))
def test_maps_survive_writing_and_reading(items: dict[str, str]) -> None:
    assert parse_map(format_map(items)) == items


@pytest.mark.untraced
def test_hostile_maps_and_strings_take_linear_time() -> None:
    def run(body: str) -> None:
        parse_map(f'map["{body}]')
        parse_map(f"map[{body}]")
        unquote(f'"{body}"')

    pieces = (r"\"", r'"\"', '"a":', '"a":"b"', r"\x", r"\xc3", "\\")
    assert_linear(
        *(Case(piece, repeated(piece, end=end), run, 50_000) for piece in pieces for end in ("", "\\"))
    )
