"""Fuzz target: the scanner and the grammar make the same of any text.

``python tests/fuzz/fuzz_engines.py [-max_total_time=…]`` searches; with a file as argument it runs that one.
"""

from __future__ import annotations

import itertools

import atheris
from harness import fuzz  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["logparse"]):
    from logparse import grammar
    from logparse.errors import GrammarError
    from logparse.language import scanner
    from logparse.language.messages import Context
    from logparse.language.syntax import match_tolerantly

#: pyparsing is slow, and long texts find no more.
MOST = 1_500
CONTEXTS = [
    Context(previous, writers, scope)
    for scope, (previous, writers) in itertools.product(
        ("invocation", "triage"),
        (
            (None, frozenset[str]()),
            ("attempt_started", frozenset[str]()),
            ("fetch_finished", frozenset({"urlfetch"})),
            ("trigger_target", frozenset({"gitiles"})),
        ),
    )
]


def test_one(data: bytes) -> None:
    text = data.decode("utf-8", "replace")[:MOST]
    scanned, parsed = scanner.parse_page(text), grammar.parse_page(text)
    for name, one, other in zip(scanned._fields, scanned, parsed, strict=True):
        same((name, one), (name, other))
    check_definition(text)
    texts = dict.fromkeys((text, *(block.text for block in scanned.blocks[:4])))
    for piece, context in itertools.product(texts, CONTEXTS):
        same(scanner.match(piece, context), grammar.match(piece, context))
    for piece in texts:
        same(*(match_tolerantly(engine.match, piece, Context()) for engine in (scanner, grammar)))


def same(one: object, other: object) -> None:
    assert one == other
    # Equal values may differ in type: True is 1.
    assert repr(one) == repr(other)


def check_definition(text: str) -> None:
    try:
        parsed = grammar.parse_definition(text)
    except GrammarError:
        parsed = None
    assert repr(scanner.parse_definition(text)) == repr(parsed)


if __name__ == "__main__":
    fuzz(test_one, MOST)
