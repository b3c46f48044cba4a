"""The grammar's productions of a log."""

from __future__ import annotations

import pytest
from productions import one, refuses

from logparse import grammar
from logparse.grammar import parse, parse_log
from logparse.language.syntax import Block


@pytest.mark.parametrize(
    ("text", "clock_ms", "message"),
    [
        ("[00:00:00.000] a", 0, "a"),
        ("[04:33:59.106] New invocation", 16_439_106, "New invocation"),
        ("[23:59:59.999] a\n", 86_399_999, "a"),
        ("[04:00:00.001]  two blanks ", 14_400_001, " two blanks "),
        ("[04:00:00.001] ", 14_400_001, ""),
        ("[04:00:00.001]", 14_400_001, ""),
        ("[04:00:00.001]\n", 14_400_001, ""),
        ("[04:00:00.001] a\nb\n\nc\n", 14_400_001, "a\nb\n\nc"),
        ("[04:00:00.001] a\n\n", 14_400_001, "a\n"),
        ("[04:00:00.001] a\n [04:00:00.002] b", 14_400_001, "a\n [04:00:00.002] b"),
        ("[04:00:00.001] a\n[24:00:00.002] b", 14_400_001, "a\n[24:00:00.002] b"),
        ("[04:00:00.001] a\n--- the log has been cut here --- no", 14_400_001, None),
        ("[04:00:00.001] \t\r\n\x00\x1b[0m", 14_400_001, "\t\r\n\x00\x1b[0m"),
    ],
)
def test_entry(text: str, clock_ms: int, message: str | None) -> None:
    expected = text.partition("] ")[2] if message is None else message
    assert one(grammar.entry(), text) == (0, Block("entry", 0, clock_ms, expected))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " [04:00:00.001] a",
        "[4:00:00.001] a",
        "[24:00:00.001] a",
        "[04:60:00.001] a",
        "[04:00:60.001] a",
        "[04:00:00.01] a",
        "[04:00:00.0001] a",
        "[04:00:00,001] a",
        "[04:00:00.001]a",
        "[012 ms] a",
        "[04:00:00.001] a\n[04:00:00.002] b",
    ],
)
def test_no_entry(text: str) -> None:
    assert refuses(grammar.entry(), text)


@pytest.mark.parametrize("place", [1, 2, 4, 5, 7, 8, 10, 11, 12])
def test_clocks_have_ascii_digits(place: int) -> None:
    text = "[04:00:00.001] a"
    assert not refuses(grammar.entry(), text)
    assert refuses(grammar.entry(), text[:place] + "\N{ARABIC-INDIC DIGIT ZERO}" + text[place + 1 :])


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("--- the log has been cut here ---", "--- the log has been cut here ---"),
        ("--- the log has been cut here ---\n", "--- the log has been cut here ---"),
        ("--- the log has been cut here --- \t\nrest\n", "--- the log has been cut here --- \t\nrest"),
        ("--- the log has been cut here ---\n}\n\n]", "--- the log has been cut here ---\n}\n\n]"),
    ],
)
def test_cut(text: str, block: str) -> None:
    assert one(grammar.cut(), text) == (0, Block("cut", 0, None, block))


@pytest.mark.parametrize(
    "text",
    [
        "-- the log has been cut here ---",
        "--- the log has been cut here ---x",
        "--- the log has been cut here ---\n--- the log has been cut here ---",
        "--- the log has been cut here ---\n[00:00:00.000] a",
        " --- the log has been cut here ---",
    ],
)
def test_no_cut(text: str) -> None:
    assert refuses(grammar.cut(), text)


def test_orphan() -> None:
    assert one(grammar.orphan(), "a\n\n b\n") == (0, Block("text", 0, None, "a\n\n b"))
    assert refuses(grammar.orphan(), "")
    assert refuses(grammar.orphan(), "[00:00:00.000] a")
    assert refuses(grammar.orphan(), "a\n[00:00:00.000] a")


def test_triage_lines() -> None:
    assert one(grammar.clocked(), "[012 ms] Done\n") == (0, Block("triage", 0, 12, "Done"))
    assert one(grammar.clocked(), "[1234 ms]") == (0, Block("triage", 0, 1234, ""))
    assert one(grammar.clocked(), "[000 ms] a\nb\n\n") == (0, Block("triage", 0, 0, "a\nb\n"))
    assert refuses(grammar.clocked(), "[12 ms] a")
    assert refuses(grammar.clocked(), "[012ms] a")
    assert refuses(grammar.clocked(), "[012 ms] a\n[013 ms] b")
    assert refuses(grammar.clocked(), "[012 ms] a\n" + "-" * 20)
    assert one(grammar.clocked(), "[012 ms] a\n" + "-" * 19)[1].text == "a\n" + "-" * 19
    assert one(grammar.plain(), "a b\n") == (0, Block("triage", 0, None, "a b"))
    assert refuses(grammar.plain(), "a\nb")
    assert refuses(grammar.plain(), "-" * 20)


TITLE = "Debug output from the triage procedure:\n"
RULER = "-" * 39 + "\n"
LOG_TITLE = "Debug output from the invocation itself:\n"


@pytest.mark.parametrize(
    "text",
    [
        TITLE + RULER + "{}" + RULER + "\n" + LOG_TITLE,
        TITLE + RULER + "{}" + RULER + LOG_TITLE.rstrip(),
        TITLE + RULER + "{}" + RULER,
        TITLE + RULER + "{}" + RULER.rstrip(),
        TITLE + RULER + "{}",
        TITLE + "{}" + LOG_TITLE,
        TITLE.strip() + " \t\n" + RULER.strip() + " \n" + "{}",
    ],
)
def test_triage(text: str) -> None:
    text = text.format("plain\n\n[001 ms] Starting\n[012 ms] a\nb\n")
    at = text.index
    assert list(parse(grammar.triage(), text)) == [
        (at("plain"), Block("triage", 0, None, "plain")),
        (at("plain") + 6, Block("triage", 0, None, "")),
        (at("[001"), Block("triage", 0, 1, "Starting")),
        (at("[012"), Block("triage", 0, 12, "a\nb")),
    ]


def test_triage_without_its_title() -> None:
    assert [b for _, b in parse(grammar.triage(), "[001 ms] a\n[002 ms] b")] == [
        Block("triage", 0, 1, "a"),
        Block("triage", 0, 2, "b"),
    ]
    assert refuses(grammar.triage(), "a\n[001 ms] b")
    assert refuses(grammar.triage(), "")


def test_log() -> None:
    text = (
        TITLE + RULER + "Bad repo URL\n[005 ms] Done\n\n" + RULER + "\n" + LOG_TITLE
        # line 8
        + "lost\n[01:00:00.000] a\nb\n--- the log has been cut here ---\n}\n[01:00:00.001] c\n\n[01:00:00.002]\n"
    )  # fmt: skip
    expected = (
        Block("triage", 3, None, "Bad repo URL"),
        Block("triage", 4, 5, "Done\n"),
        Block("text", 9, None, "lost"),
        Block("entry", 10, 3_600_000, "a\nb"),
        Block("cut", 12, None, "--- the log has been cut here ---\n}"),
        Block("entry", 14, 3_600_001, "c\n"),
        Block("entry", 16, 3_600_002, ""),
    )
    assert text.split("\n")[8:10] == ["lost", "[01:00:00.000] a"]
    assert parse_log(text) == expected
    assert parse_log(text, 101) == tuple(b._replace(line=b.line + 100) for b in expected)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", ()),
        ("\n \n", ()),
        ("\nx", (Block("text", 1, None, "\nx"),)),
        (LOG_TITLE, ()),
        (LOG_TITLE + "[01:00:00.000] a", (Block("entry", 2, 3_600_000, "a"),)),
        (LOG_TITLE.strip() + "x", (Block("text", 1, None, LOG_TITLE.strip() + "x"),)),
        (TITLE, ()),
        ("[012 ms] ", (Block("triage", 1, 12, ""),)),
        (" [01:00:00.000] a", (Block("text", 1, None, " [01:00:00.000] a"),)),
        (
            "[01:00:00.000] a\n[012 ms] b",
            (Block("entry", 1, 3_600_000, "a\n[012 ms] b"),),
        ),
        (
            TITLE + "x\n[01:00:00.000] a",
            (Block("triage", 2, None, "x"), Block("entry", 3, 3_600_000, "a")),
        ),
        (
            TITLE + "x\n--- the log has been cut here ---",
            (Block("triage", 2, None, "x"), Block("cut", 3, None, "--- the log has been cut here ---")),
        ),
    ],
)
def test_odd_logs(text: str, blocks: tuple[Block, ...]) -> None:
    assert parse_log(text) == blocks
