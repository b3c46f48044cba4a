"""The grammar, one production at a time; where its errors point; and that it keeps to itself."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyparsing as pp
import pytest

from logparse import grammar, scanner
from logparse.errors import GrammarError
from logparse.grammar import parse, parse_definition, parse_log
from logparse.messages import MESSAGES, TYPES, Context, Field
from logparse.syntax import MAX_NESTING, Block, Match, PageTrigger, attach_ages

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"


def one(production: pp.ParserElement, text: str) -> Any:
    """Return the one token that `production` makes of the whole of `text`."""
    (token,) = parse(production, text)
    return token


def refuses(production: pp.ParserElement, text: str) -> bool:
    try:
        parse(production, text)
    except GrammarError:
        return True
    return False


# --- the log ----------------------------------------------------------------------------------


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


# --- the head of a page -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Status: SUCCEEDED", "Status", "SUCCEEDED"),
        ("Status:", "Status", ""),
        ("Actions: \t", "Actions", ""),
        ("  Status:\tSUCCEEDED  <https://x/b/1>", "Status", "SUCCEEDED  <https://x/b/1>"),
        ("Triggered by: user:a@b.c", "Triggered by", "user:a@b.c"),
        ("Duration:\n\n   21 minutes", "Duration", "21 minutes"),
        ("Duration: 21 minutes Status", "Duration", "21 minutes Status"),
    ],
)
def test_header_field(text: str, field: str, value: str) -> None:
    assert one(grammar.header_field(), text) == ("header", field, value)


@pytest.mark.parametrize(
    "text",
    ["", "Status", "status: x", "xStatus: x", "Status : x", "Duration: 1 Status: x", "Status:\n\nActions: x"],
)
def test_no_header_field(text: str) -> None:
    assert refuses(grammar.header_field(), text)


def heads(text: str) -> list[tuple[str, str, Any]]:
    return list(parse(grammar.head(), text))


def test_fields_of_one_line_and_of_several() -> None:
    fields = [("header", "Status", "FAILED"), ("header", "Triggered by", "-"), ("header", "Duration", "1 s")]
    assert heads("Status: FAILED  Triggered by: -\tDuration: 1 s") == fields
    assert heads("Status:\nFAILED\nTriggered by:\n\n -\n\n\nDuration: 1 s\n") == fields
    assert heads("Status:\nTriggered by: -") == [("header", "Status", ""), ("header", "Triggered by", "-")]
    assert heads("Duration:\n## Definition") == [
        ("header", "Duration", ""),
        ("section", "Definition", (None, "")),
    ]
    assert heads("see Status: x") == [("other", "", "see Status: x")]


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("All projects / p.q-1 / j / 9028843112359765808", "j"),
        ("All projects/p.q-1/j/9028843112359765808", "j"),
        ("  All projects › p.q-1 › Win7 Tests (dbg)(1) › 9028843112359765808 \t", "Win7 Tests (dbg)(1)"),
        ("All projects > p.q-1 » j k / 9028843112359765808", "j k"),
        ("All projects\np.q-1\nj k\n9028843112359765808", "j k"),
        ("All projects\n\n  p.q-1  \n/ j\n\n\n9028843112359765808", "j"),
        ("All projects /\np.q-1 /\nj /\n9028843112359765808", "j"),
    ],
)
def test_breadcrumb(text: str, job: str) -> None:
    crumb = ("breadcrumb", "", ("p.q-1", job, "9028843112359765808"))
    assert one(grammar.breadcrumb(), text) == crumb
    assert heads(f"\n{text}\nStatus: X\n") == [crumb, ("header", "Status", "X")]


@pytest.mark.parametrize(
    "text",
    [
        "All projects",
        "all projects / p / j / 9028843112359765808",
        "All projects / p / j",
        "All projects / p / 9028843112359765808",
        "All projects / p / j / 90288431123597",
        "All projects / p / j / 9028843112359765808x",
        "All projects / p / j / k / 9028843112359765808",
        "All projects / p q / j / 9028843112359765808",
        "All projects p j 9028843112359765808",
        "All projects\np\nDefinition\n9028843112359765808",
        "All projects\nDefinition\nj\n9028843112359765808",
    ],
)
def test_no_breadcrumb(text: str) -> None:
    assert refuses(grammar.breadcrumb(), text)


@pytest.mark.parametrize(
    ("text", "name", "revision", "body"),
    [
        ("Definition", "Definition", None, ""),
        ("Definition (rev 3ae3)\n\nnoop: <>\n\n", "Definition", "3ae3", "noop: <>"),
        ("## Definition (rev a b)\nx", "Definition", "a b", "x"),
        ("Definition (rev ):\nx", "Definition", "", "x"),
        ("Incoming triggers:\n  • a\n\n  • b", "Incoming triggers", None, "  • a\n\n  • b"),
        ("  Incoming properties \t\n\n{\n}", "Incoming properties", None, "{\n}"),
        ("###### Incoming tags :\n- a", "Incoming tags", None, "- a"),
        ("Outgoing triggers\nDefinition of x\n", "Outgoing triggers", None, "Definition of x"),
    ],
)
def test_section(text: str, name: str, revision: str | None, body: str) -> None:
    assert one(grammar.section(), text) == ("section", name, (revision, body))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "definition",
        "Definitions",
        "Definition rev",
        "Definition (rev a(b))",
        "####### Definition",
        "##Definition",
        "Definition\nIncoming tags",
        "x Definition",
    ],
)
def test_no_section(text: str) -> None:
    assert refuses(grammar.section(), text)


def test_head() -> None:
    text = "\nLUCI Scheduler\nStatus: X\n\n see\nDefinition (rev a)\nb: 1\nStatus: Y\n\nIncoming tags\n- t\n"
    assert heads(text) == [
        ("other", "", "LUCI Scheduler"),
        ("header", "Status", "X"),
        ("other", "", " see"),
        ("section", "Definition", ("a", "b: 1\nStatus: Y")),
        ("section", "Incoming tags", (None, "- t")),
    ]
    assert heads("") == []


@pytest.mark.parametrize(
    ("text", "word", "url"),
    [
        ("SUCCEEDED", "SUCCEEDED", None),
        ("FAILED <https://x/b/1>", "FAILED", "https://x/b/1"),
        ("FAILED\t<https://x/b/1> and more", "FAILED", "https://x/b/1"),
        ("FAILED <https://x y>", "FAILED", None),
        ("FAILED<u>", "FAILED<u>", None),
    ],
)
def test_status(text: str, word: str, url: str | None) -> None:
    assert one(grammar.status(), text) == (word, url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t", PageTrigger("t", None, None, None)),
        ("  • t u ", PageTrigger("t u", None, None, None)),
        ("* t", PageTrigger("t", None, None, None)),
        ("*t", PageTrigger("*t", None, None, None)),
        ("- <https://x>", PageTrigger("<https://x>", None, None, None)),
        ("  • a b <https://x>", PageTrigger("a b", "https://x", None, None)),
        ("a (44 minutes ago)", PageTrigger("a", None, "44 minutes ago", None)),
        ("a (now)", PageTrigger("a", None, "now", None)),
        ("a (2 days from now)", PageTrigger("a", None, "2 days from now", None)),
        (
            "• a (b) <u> (3 hours ago by user:c@d.e)",
            PageTrigger("a (b)", "u", "3 hours ago", "user:c@d.e"),
        ),
        ("a (1 hour ago by b) c", PageTrigger("a (1 hour ago by b) c", None, None, None)),
        ("a <u> b", PageTrigger("a <u> b", None, None, None)),
        ("(1 hour ago by b)", PageTrigger("", None, "1 hour ago", "b")),
        ("a (1 week ago ago)", PageTrigger("a", None, "1 week ago ago", None)),
        ("a (1 ago ago by b)", PageTrigger("a", None, "1 ago ago", "b")),
        ("a (1 ago by b ago by c)", PageTrigger("a", None, "1 ago", "b ago by c")),
        ("a (1 hour ago by )", PageTrigger("a (1 hour ago by )", None, None, None)),
        ("a (ago)", PageTrigger("a (ago)", None, None, None)),
        ("a (nowhere)", PageTrigger("a (nowhere)", None, None, None)),
        ("•", PageTrigger("•", None, None, None)),
        ("\u2028", PageTrigger("\u2028", None, None, None)),
    ],
)
def test_trigger(text: str, expected: PageTrigger) -> None:
    assert one(grammar.trigger(), text) == expected
    assert scanner.parse_triggers(text) == attach_ages([expected])


def test_triggers() -> None:
    assert refuses(grammar.trigger(), "")
    assert refuses(grammar.trigger(), " \t")
    assert refuses(grammar.trigger(), "a\nb")
    assert list(parse(grammar.triggers(), "\n • a\n \t\n  b <u>\n   (now)\n")) == [
        PageTrigger("a", None, None, None),
        PageTrigger("b", "u", None, None),
        PageTrigger("", None, "now", None),
    ]
    assert list(parse(grammar.triggers(), "")) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a:b", "a:b"),
        ("  • a:b c  d \t", "a:b c  d"),
        ("- -", "-"),
        ("-a", "-a"),
        ("· buildset:commit/git/0f", "buildset:commit/git/0f"),
    ],
)
def test_tag(text: str, value: str) -> None:
    assert one(grammar.tag(), text) == value


def test_tags() -> None:
    assert refuses(grammar.tag(), " ")
    assert refuses(grammar.tag(), " • ")
    assert refuses(grammar.tag(), "a\nb")
    assert list(parse(grammar.tags(), "\n  • a:b\n • \n \n c")) == ["a:b", "c"]
    assert list(parse(grammar.tags(), "")) == []


# --- the definition ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", ()),
        (" \n# nothing\n", ()),
        ("noop: <>", (("noop", ()),)),
        ("noop: {}", (("noop", ()),)),
        ("noop <>", (("noop", ()),)),
        ("noop{}", (("noop", ()),)),
        ("noop:<sleep_ms:5>", (("noop", (("sleep_ms", 5),)),)),
        ("a: <b: {c: < d: 1 > } e: 2>", (("a", (("b", (("c", (("d", 1),)),)), ("e", 2))),)),
        ("a {b <c {}>} d: 1", (("a", (("b", (("c", ()),)),)), ("d", 1))),
        ("a: 1 a: 2", (("a", 1), ("a", 2))),
        ("a: 1, b: 2; c: 3", (("a", 1), ("b", 2), ("c", 3))),
        ("a:1b:2", None),
        ("a: 1,, b: 2", None),
        ("a: []", (("a", []),)),
        ("a: [1, 'x', true, FOO]", (("a", [1, "x", True, "FOO"]),)),
        ("a: [1, [2], {b: 3}, <>,]", (("a", [1, [2], (("b", 3),), ()]),)),
        ("a [1]", None),
        ("a: [,]", None),
        ("a: [1 2]", None),
        ("a: [1", None),
        ("a: 'x'", (("a", "x"),)),
        ('a: "x" \'y\'\n"z"', (("a", "xyz"),)),
        ('a: "x", "y"', None),
        (r'a: "q\"\n\x41\xc3\xa9\u00e9\\"', (("a", 'q"\nAéé\\'),)),
        ('a: "x\ny"', None),
        ('a: "<{[#"', (("a", "<{[#"),)),
        ('a: "x" # c > } "\nb: 1', (("a", "x"), ("b", 1))),
        ("a#:\n:#\n1", (("a", 1),)),
        ("a: -1 b: +2 c: 0", (("a", -1), ("b", 2), ("c", 0))),
        ("a: 1.5 b: .5 c: 1e3 d: -2.", (("a", 1.5), ("b", 0.5), ("c", 1000.0), ("d", -2.0))),
        ("a: 0x1F b: 010 c: 1.5f", (("a", "0x1F"), ("b", "010"), ("c", "1.5f"))),
        ("a: 9223372036854775807", (("a", 9223372036854775807),)),
        ("a: 1_000 b: 99999999999999999999", (("a", "1_000"), ("b", "99999999999999999999"))),
        ("a: 1e999 b: 1e-99", (("a", "1e999"), ("b", 1e-99))),
        ("a: ٣", None),
        ("a: true b: false c: True", (("a", True), ("b", False), ("c", "True"))),
        ("a.b_c: d.e", (("a.b_c", "d.e"),)),
        ("a", None),
        ("a:", None),
        (": 1", None),
        ("1: 1", None),
        ("a: <", None),
        ("a: <}", None),
        ("a: }", None),
        ("a: 1 >", None),
        ("a: $", None),
        ("a: -", None),
    ],
)
def test_definition(text: str, fields: object) -> None:
    if fields is None:
        with pytest.raises(GrammarError):
            parse_definition(text)
        assert scanner.parse_definition(text) is None
        return
    parsed = parse_definition(text)
    assert parsed == fields
    # Which tells True from 1, and 1 from 1.0.
    assert repr(parsed) == repr(fields) == repr(scanner.parse_definition(text))


@pytest.mark.parametrize("brackets", ["{}", "<>"])
def test_nesting_has_a_cap(brackets: str) -> None:
    opening, closing = brackets[0], brackets[1]
    deepest = f"a {opening}" * MAX_NESTING + closing * MAX_NESTING
    value: object = parse_definition(deepest)
    for _ in range(MAX_NESTING):
        assert isinstance(value, tuple)
        ((name, value),) = value
        assert name == "a"
    assert value == ()
    with pytest.raises(GrammarError, match="nested deeper than 16 levels") as caught:
        parse_definition(f"x: 1\na {opening}{deepest}{closing}")
    # The 16 openings of `deepest` follow "a {", each three characters long.
    assert (caught.value.line, caught.value.column) == (2, 3 + 3 * 16)
    with pytest.raises(GrammarError, match="nested deeper"):
        parse_definition("a: " + "[" * 100_000)


def test_lists_count_as_nesting_and_brackets_in_strings_do_not() -> None:
    assert parse_definition("a: " + "[" * MAX_NESTING + "]" * MAX_NESTING)
    with pytest.raises(GrammarError, match="nested deeper"):
        parse_definition("a: " + "[" * (MAX_NESTING + 1) + "]" * (MAX_NESTING + 1))
    text = "{" * 99
    assert parse_definition(f"a: \"{text}\" b: '{text}' # {text}") == (("a", text), ("b", text))


@pytest.mark.parametrize(
    ("text", "line", "column", "cause"),
    [
        ("a: $", 1, 4, "Expected value, found '$'"),
        ("a: 1\nb 2", 2, 3, "Expected \":\" or group, found '2'"),
        ("a: <\n  b: }", 2, 6, "Expected value, found '}'"),
        ("a: <\n  b: 1\n", 3, 1, 'Expected ">", found the end'),
        ("# é\n\n\ta: {b: 1>", 3, 10, "Expected \"}\", found '>'"),
        ("a: [1, 2", 1, 9, 'Expected "]", found the end'),
        ('a: "x\ny"', 1, 4, "Expected value, found '\"x\\ny\"'"),
        ("a: 1 }\n", 1, 6, "Expected end of text, found '}\\n'"),
        ("a", 1, 2, 'Expected ":" or group, found the end'),
        ("\n\n 1", 3, 2, "Expected end of text, found '1'"),
    ],
)
def test_errors_say_where(text: str, line: int, column: int, cause: str) -> None:
    with pytest.raises(GrammarError) as caught:
        parse_definition(text)
    assert (caught.value.line, caught.value.column, caught.value.cause) == (line, column, cause)
    assert str(caught.value) == f"{line}:{column}: {cause}"


def test_errors_of_other_productions_say_where() -> None:
    with pytest.raises(GrammarError) as caught:
        parse(grammar.entry(), "[00:00:00.000] a\n[00:00:00.001] b")
    assert (caught.value.line, caught.value.column) == (2, 1)
    assert caught.value.cause == "Expected end of text, found '[00:00:00.001] b'"
    with pytest.raises(GrammarError) as caught:
        parse(grammar.message(MESSAGES[0]), 'Bad repo URL "x" in\tthe trigger - y')
    assert (caught.value.line, caught.value.column) == (1, 17)


# --- messages ---------------------------------------------------------------------------------


def test_message() -> None:
    (declared,) = (m for m in MESSAGES if m.kind == "invocation_finished")
    text = "Invocation finished in 1m2.5s with status FAILED"
    assert one(grammar.message(declared), text) == Match(declared, {"duration_s": 62.5, "status": "FAILED"})
    for wrong in (
        "",
        " " + text,
        text + " ",
        text + "\n",
        text.replace("1m", "1M"),
        text.replace(" with", "with"),
    ):
        assert refuses(grammar.message(declared), wrong), wrong


@pytest.mark.parametrize(
    ("type_", "literal", "text", "fits"),
    [
        ("text", "", "a b", True),
        ("text", "", "a\nb", False),
        ("error", "", "a\nb\n\n", True),
        ("json", "", "{\n}", True),
        ("word", "", "a:b", True),
        ("word", "", "a b", False),
        ("word", "", "", False),
        ("ref", "", "refs/heads/a", True),
        ("ref", "", "a:b", False),
        ("method", "", "GET", True),
        ("method", "", "Get", False),
        ("status", "", "FAILED", True),
        ("status", "", "A-B", False),
        ("id", "", "-9028843112359765808", True),
        ("id", "", "1" * 21, False),
        ("int", "", "-5", True),
        ("int", "", "1" * 19, False),
        ("int", "", "+5", False),
        ("code", "", "404", True),
        ("code", "", "4040", False),
        ("bool", "", "true", True),
        ("bool", "", "True", False),
        ("quoted", "", r'"a\"b"', True),
        ("quoted", "", '"a"b"', False),
        ("quoted", "", '"a\nb"', False),
        ("quoted", "", "%!q(MISSING)", True),
        ("quoted", "", "%!d(string=x)", True),
        ("quoted", "", "a", False),
        ("duration", "", "1h0m0.5s", True),
        ("duration", "", "0", True),
        ("duration", "", "5", False),
        ("timer_id", ")", "p/a (b)(c):1:2:3", True),
        ("timer_id", ")", "p/a:b", True),
        ("timer_id", ")", "a)b", False),
        ("list", "\n", "[a b]", True),
        ("map", "", 'map["a":"b"]', True),
        ("response", "", "\x00\r\n[00:00:00.000] x", True),
    ],
)
def test_argument(type_: str, literal: str, text: str, fits: bool) -> None:
    parser = grammar.argument(Field("x", TYPES[type_]), literal)
    if literal:
        parser = parser + pp.Literal(literal).leave_whitespace().suppress()
    assert refuses(parser, text + literal) is not fits
    if fits:
        assert one(parser, text + literal) == text


def test_an_argument_ends_where_the_next_literal_begins() -> None:
    parser = grammar.argument(Field("x", TYPES["text"]), " => ")
    assert next(t[0] for t in parser.search_string("a => b => c")) == "a"


def test_messages_keep_to_their_scope_and_context() -> None:
    assert refuses(grammar.messages("invocation"), "Done")
    assert one(grammar.messages("triage"), "Done").message.kind == "triage_done"
    (target,) = (m for m in MESSAGES if m.kind == "trigger_target")
    assert refuses(grammar.messages("invocation"), "  p/j")
    allowing = grammar.messages("invocation", frozenset({target}))
    assert one(allowing, "  p/j") == Match(target, {"job_id": "p/j"})
    assert grammar.match("  p/j", Context("trigger_target")) == Match(target, {"job_id": "p/j"})
    assert grammar.match("  p/j", Context()) is None


# --- manners ----------------------------------------------------------------------------------

START_SYMBOLS: dict[str, Callable[[], pp.ParserElement]] = {
    "head": grammar.head,
    "log": grammar.log,
    "triggers": grammar.triggers,
    "tags": grammar.tags,
    "definition": grammar.definition,
    "status": grammar.status,
    "invocation message": lambda: grammar.messages("invocation", frozenset(m for m in MESSAGES if m.after)),
    "triage message": lambda: grammar.messages("triage"),
}


def elements(root: pp.ParserElement) -> Iterator[pp.ParserElement]:
    seen: dict[int, pp.ParserElement] = {}
    todo = [root]
    while todo:
        element = todo.pop()
        if id(element) not in seen:
            seen[id(element)] = element
            todo.extend(element.recurse())
    return iter(seen.values())


@pytest.mark.parametrize("name", START_SYMBOLS)
def test_no_parser_skips_white_space(name: str) -> None:
    production = START_SYMBOLS[name]()
    found = list(elements(production))
    assert len(found) > 3
    assert [e for e in found if e.skipWhitespace] == []


@pytest.mark.parametrize("name", START_SYMBOLS)
def test_productions_are_named_and_documented(name: str) -> None:
    assert str(START_SYMBOLS[name]()) == name


@pytest.mark.parametrize("name", START_SYMBOLS)
def test_diagrams_can_be_drawn(name: str) -> None:
    html = io.StringIO()
    START_SYMBOLS[name]().create_diagram(html, show_results_names=True)
    drawn = html.getvalue()
    assert "<svg" in drawn
    inside = {
        "head": "breadcrumb",
        "log": "[HH:MM:SS.mmm]",
        "triggers": "bullet",
        "tags": "key:value",
        "definition": "strings",
        "status": "rest of the line",
        "invocation message": "attempt:int",
        "triage message": "limit:int",
    }
    assert inside[name] in drawn


def test_drawing_changes_no_result() -> None:
    text = "a: <b: [1, {c: 'x'}]>"
    grammar.definition().create_diagram(io.StringIO())
    grammar.log().create_diagram(io.StringIO())
    assert parse_definition(text) == (("a", (("b", [1, (("c", "x"),)]),)),)
    assert parse_log("[00:00:00.001]  a\n\n") == (Block("entry", 1, 1, " a\n"),)


SCRIPT = """
import json, sys
import pyparsing as pp

before = sys.argv[2]
if before != "default":
    pp.ParserElement.set_default_whitespace_chars(before)
if sys.argv[3] == "packrat":
    pp.ParserElement.enable_packrat()

def settings():
    return (
        pp.ParserElement.DEFAULT_WHITE_CHARS, pp.ParserElement._packratEnabled,
        pp.ParserElement._left_recursion_enabled, pp.ParserElement.verbose_stacktrace,
        pp.ParserElement._literalStringClass, pp.ParserElement._parse, str(pp.__diag__.__dict__),
        pp.Empty().whiteChars, pp.Word("ab").skipWhitespace,
    )

old = settings()
from logparse import grammar
from logparse.messages import Context
from logparse.syntax import match_tolerantly

page = grammar.parse_page(open(sys.argv[1], encoding="utf-8", newline="").read())
found = [match_tolerantly(grammar.match, b.text, Context("attempt_started")) for b in page.blocks]
matches = [m and (m.message.format, m.fields, m.tail) for m in found]
definition = grammar.parse_definition("a : < b:[ 1 , 'x'\\n'y'] # c\\n>\\td {}")
triage = grammar.parse_log("[001 ms]  a \\n\\n b\\n" + "-" * 30 + "\\n\\n[00:00:00.000]  c \\n\\n")
words = str(pp.Word("ab")[...].parse_string("a b", parse_all=False))
print(json.dumps([settings() == old, words, repr((page, matches, definition, triage))]))
"""


def run(white_space: str, mode: str = "") -> tuple[bool, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(PAGE), white_space, mode],
        check=True,
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    untouched, words, results = json.loads(done.stdout)
    return untouched, words, results


@pytest.mark.slow
def test_the_process_settings_of_pyparsing_are_left_alone_and_mean_nothing_here() -> None:
    untouched, words, expected = run("default")
    assert untouched
    assert words == "['a', 'b']"
    assert "win_xfa_component" in expected
    assert "('Invocation finished in %s with status %s', {'duration_s': 1262.491646275, 'sta" in expected
    assert "Block(shape='triage', line=1, clock_ms=1, text=' a \\n\\n b')" in expected
    assert "(('a', (('b', [1, 'xy']),)), ('d', ()))" in expected
    for white_space, mode in [("", ""), (" \t\r\n\x0b#abc[]{}\"'0123456789", ""), ("\n", "packrat")]:
        untouched, words, results = run(white_space, mode)
        assert untouched
        assert words != "['a', 'b']"  # so the setting does reach others
        assert results == expected


def test_tabs_are_kept() -> None:
    before = "[00:00:00.000] a\tb"
    assert parse_log(before)[0].text == "a\tb"
    assert parse_definition('a: "x\ty"') == (("a", "x\ty"),)
