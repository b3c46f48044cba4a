"""The grammar's messages, its diagrams, and its independence of pyparsing's settings."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyparsing as pp
import pytest
from productions import one, refuses

from logparse import grammar
from logparse.grammar import parse_definition, parse_log
from logparse.language.messages import MESSAGES, TYPES, Context, Field
from logparse.language.syntax import Block, Match

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).parent / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"


# --- messages ----------------------------------------------------------------------------------


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


# --- manners -----------------------------------------------------------------------------------


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
from logparse.language.messages import Context
from logparse.language.syntax import match_tolerantly

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
