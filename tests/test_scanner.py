"""The scanner: what it gives by hand, and that no text makes it (or the grammar) slow."""

from __future__ import annotations

import pytest

from logparse import grammar
from logparse.language import scanner
from logparse.language.messages import in_scope
from logparse.language.scanner import parse_definition, parse_page, parse_triggers, split_log
from logparse.language.syntax import (
    Block,
    PageTrigger,
    attach_ages,
    dedent,
    parse_number,
    split_head,
)

TRIAGE = "Debug output from the triage procedure:\n"
CUT = "--- the log has been cut here ---"
CLOCK = "[00:00:00.000] "
LOG_TITLE = "Debug output from the invocation itself:\n"

# --- by hand ----------------------------------------------------------------------------------

WHOLE_PAGE = """\
Copied by me
All projects / p / Win7 Tests (dbg)(1) / 9028843112359765808

Status: FAILED <https://ci.example.com/b/1>
Triggered by: user:a@b.c  Duration: 2 hours
Actions:

Definition (rev 0f)

noop: <
  sleep_ms: 5
>

Incoming triggers

  • first <https://x/1> (44 minutes ago by user:a@b.c)
  • second
    (1 hour ago)

Incoming properties

{}

Incoming tags
- a:b
- c d

Outgoing triggers

Debug log (UTC)

  [10:00:00.500] Starting the invocation (attempt 1)
    kept
  --- the log has been cut here ---
  }
  [10:00:01.000] Invocation finished in 1s with status FAILED
"""


def test_a_page_with_all_its_parts() -> None:
    page = parse_page(WHOLE_PAGE)
    assert page._asdict() == {
        "breadcrumb": ("p", "Win7 Tests (dbg)(1)", "9028843112359765808"),
        "status": "FAILED",
        "status_url": "https://ci.example.com/b/1",
        "triggered_by": "user:a@b.c",
        "duration": "2 hours",
        "revision": "0f",
        "definition_text": "noop: <\n  sleep_ms: 5\n>",
        "definition": (("noop", (("sleep_ms", 5),)),),
        "incoming_triggers": (
            PageTrigger("first", "https://x/1", "44 minutes ago", "user:a@b.c"),
            PageTrigger("second", None, "1 hour ago", None),
        ),
        "outgoing_triggers": (),
        "properties_text": "{}",
        "tags": ("a:b", "c d"),
        "preamble": "Copied by me",
        "blocks": (
            Block("entry", 32, 36_000_500, "Starting the invocation (attempt 1)\n  kept"),
            Block("cut", 34, None, "--- the log has been cut here ---\n}"),
            Block("entry", 36, 36_001_000, "Invocation finished in 1s with status FAILED"),
        ),
    }
    assert grammar.parse_page(WHOLE_PAGE) == page


@pytest.mark.parametrize("text", ["", "\n", "hello\n\nworld"])
def test_a_text_that_is_no_page(text: str) -> None:
    page = parse_page(text)
    assert page.preamble == text.replace("\n\n", "\n").strip("\n")
    assert page.blocks == ()
    assert set(page) == {None, page.preamble, ()}


def test_the_first_of_two_counts() -> None:
    page = parse_page(
        "All projects/a/b/9028843112359765808\nAll projects/c/d/9028843112359765809\nStatus: X\nStatus: Y\n"
        "Incoming tags\n- a\nIncoming tags\n- b\nDefinition (rev 1)\na: 1\nDefinition (rev 2)\na: 2"
    )
    assert page.breadcrumb == ("a", "b", "9028843112359765808")
    assert (page.status, page.tags, page.revision) == ("X", ("a",), "1")
    assert page.definition == (("a", 1),)


def test_the_log_alone() -> None:
    page = parse_page("[00:00:00.000] a\n")
    assert page.blocks == (Block("entry", 1, 0, "a"),)
    assert page.preamble == ""
    assert page.status is None


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", ()),
        ("x\n[00:00:00.001]  a\n", (Block("text", 1, None, "x"), Block("entry", 2, 1, " a"))),
        ("\n\n[00:00:00.001] a\n\n", (Block("entry", 3, 1, "a\n"),)),
        (
            "Debug output from the triage procedure:\n--------------------\nplain\n[001 ms] a\nb\n"
            "--------------------\n\nDebug output from the invocation itself:\n[00:00:00.002] c",
            (
                Block("triage", 3, None, "plain"),
                Block("triage", 4, 1, "a\nb"),
                Block("entry", 9, 2, "c"),
            ),
        ),
        ("[001 ms]\n[002 ms] b", (Block("triage", 1, 1, ""), Block("triage", 2, 2, "b"))),
        (
            "Debug output from the triage procedure:\nx\n" + "-" * 20,
            (Block("triage", 2, None, "x"),),
        ),
    ],
)
def test_split_log(log: str, expected: tuple[Block, ...]) -> None:
    assert split_log(log) == expected
    assert split_log(log, 11) == tuple(b._replace(line=b.line + 10) for b in expected)
    assert grammar.parse_log(log) == expected


@pytest.mark.parametrize(
    ("text", "head", "log", "indent"),
    [
        ("Status: X\n[00:00:00.000] a", "Status: X\n", "[00:00:00.000] a", ""),
        ("Status: X\n  [012 ms] a", "Status: X\n", "  [012 ms] a", "  "),
        ("x\n## Debug log (UTC)\n\n\t[00:00:00.000] a", "x\n", "\t[00:00:00.000] a", "\t"),
        ("x\nDebug log:\n\nno entry\n[00:00:00.000] a", "x\n", "no entry\n[00:00:00.000] a", ""),
        ("x\nDebug log", "x\n", "", ""),
        (f"x\n{CUT}", "x\n", CUT, ""),
        (f"x\n{TRIAGE}", "x\n", TRIAGE, ""),
        (f"x\n{LOG_TITLE}", "x\n", LOG_TITLE, ""),
        ("no log", "no log", "", ""),
        ("x [00:00:00.000] a", "x [00:00:00.000] a", "", ""),
        ("x\n[00:00:00.000]a", "x\n[00:00:00.000]a", "", ""),
    ],
)
def test_split_head(text: str, head: str, log: str, indent: str) -> None:
    found, start, spaces = split_head(text)
    assert (found, text[start:], spaces) == (head, log, indent)


def test_dedent() -> None:
    assert dedent("  a\n    b\n c\nd\n\n", "  ") == "a\n  b\nc\nd\n\n"
    assert dedent("  a", "") == "  a"


def test_triggers_whose_age_stands_below_them() -> None:
    assert parse_triggers("a\n  (now)\n(1 hour ago by x)\nb <u>\n(1 day ago by y)") == (
        PageTrigger("a", None, "now", None),
        PageTrigger("b", "u", "1 day ago", "y"),
    )
    assert attach_ages([PageTrigger("", None, "now", None)]) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("7", 7), ("-7", -7), ("+7", 7), ("1.5", 1.5), (".5", 0.5), ("2.", 2.0), ("1e3", 1000.0), ("-1E-3", -0.001),
        ("007", "007"), ("0x1", "0x1"), ("1_0", "1_0"), ("1f", "1f"), ("1e999", "1e999"), ("1" * 20, "1" * 20),
        ("1" * 9999, "1" * 9999), ("1.5.5", "1.5.5"), ("", ""), ("nan", "nan"), ("٣", "٣"), (".", "."), ("1\n", "1\n"),
    ],
)  # fmt: skip
def test_numbers(text: str, value: object) -> None:
    assert repr(parse_number(text)) == repr(value)


def test_the_dispatch_tries_what_the_catalogue_orders() -> None:
    """First characters only save work: trying every message of the scope in order must give the same."""
    for scope in ("invocation", "triage"):
        dispatch = scanner._DISPATCH[scope]
        order = list(in_scope(scope))
        for key, candidates in dispatch.by_key.items():
            expected = [m for m in order if m.prefix.startswith(key) or key.startswith(m.prefix)]
            assert [message for message, *_ in candidates] == expected
        short = [m for m in order if len(m.prefix) < 5]
        assert [m for m, *_ in dispatch.open] == [m for m in short if not m.prefix]
        for first, candidates in dispatch.by_first.items():
            assert [m for m, *_ in candidates] == [m for m in short if m.prefix[:1] in ("", first)]
        assert set(dispatch.by_first) == {m.prefix[0] for m in short if m.prefix}


def test_definitions_are_refused_quickly_however_deep() -> None:
    assert parse_definition("a{" * 1_000_000) is None
    assert parse_definition("a:" + "[" * 1_000_000) is None
