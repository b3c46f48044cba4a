"""The grammar's production of a job's definition, and what its errors say."""

from __future__ import annotations

import pytest

from logparse import grammar
from logparse.errors import GrammarError
from logparse.grammar import parse, parse_definition
from logparse.language import scanner
from logparse.language.messages import MESSAGES
from logparse.language.syntax import MAX_NESTING


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
