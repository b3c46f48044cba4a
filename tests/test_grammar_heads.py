"""The grammar's productions of the head of a page."""

from __future__ import annotations

from typing import Any

import pytest
from productions import one, refuses

from logparse import grammar
from logparse.grammar import parse
from logparse.language import scanner
from logparse.language.syntax import PageTrigger, attach_ages


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
