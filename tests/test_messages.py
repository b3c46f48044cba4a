"""The catalogue of messages, and every format written and read back."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching import engines, find, parse
from quick import quick

from logparse import grammar
from logparse.language import scanner
from logparse.language.messages import (
    HTTP_RESPONSE,
    MESSAGES,
    TYPES,
    Context,
    Field,
    Message,
    Value,
    in_scope,
)
from logparse.language.syntax import Engine, Match

#: 100, and fewer in a run without the slow tests.
TRIED = settings().max_examples
TSV = Path(__file__).parent / "data" / "messages.tsv"
FORMATS = [m for m in MESSAGES if m is not HTTP_RESPONSE]
SCOPES = {"invocation": ("invocation",), "triage": ("triage",), "both": ("invocation", "triage")}


def name(message: Message) -> str:
    return f"{message.kind}-{message.format[:30]}"


# --- the catalogue -----------------------------------------------------------------------------


def test_the_catalogue_is_the_list_of_formats() -> None:
    with TSV.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    listed = Counter(
        (r["scope"], r["writer"], r["first_seen"], r["last_seen"], json.loads(r["format"])) for r in rows
    )
    declared = Counter((m.scope, m.writer, m.since, m.until, m.format) for m in FORMATS)
    assert declared == listed
    assert set(declared.values()) == {1}
    assert len(declared) == 174


def test_the_response_dump_is_the_one_message_without_a_listed_format() -> None:
    assert [m for m in MESSAGES if m not in FORMATS] == [HTTP_RESPONSE]
    assert len(MESSAGES) == 175


@pytest.mark.parametrize("message", MESSAGES, ids=name)
def test_declarations(message: Message) -> None:
    verbs = re.findall(r"%([a-zA-Z%])", message.format)
    assert len(message.fields) == len(verbs)
    assert set(verbs) <= set("sdqvT")
    names = [f.name for f in message.fields]
    assert len(set(names)) == len(names)
    assert all(n.isidentifier() for n in names)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", message.kind)
    assert message.since < message.until  # "today" sorts last
    assert [p for p in message.parts if isinstance(p, Field)] == list(message.fields)
    literals = re.split(r"%[a-zA-Z]", message.format.removesuffix("\n"))
    assert [p for p in message.parts if isinstance(p, str)] == [x for x in literals if x]
    # What a message follows must exist, or the message could never be found.
    assert message.after <= {m.kind for m in MESSAGES} | {m.writer for m in MESSAGES}


@pytest.mark.parametrize(
    ("verb", "types"),
    [
        ("d", {"int", "id", "code"}),
        ("q", {"quoted", "map"}),
        ("T", {"text"}),
        ("s", set(TYPES) - {"int", "id", "code", "quoted", "bool"}),
        ("v", {"status", "word", "bool"}),
    ],
)
def test_types_suit_their_verbs(verb: str, types: set[str]) -> None:
    seen = set()
    for message in MESSAGES:
        verbs = re.findall(r"%([sdqvT])", message.format)
        seen |= {f.type.name for f, v in zip(message.fields, verbs, strict=True) if v == verb}
    assert seen
    assert seen <= types


def test_every_type_is_used() -> None:
    assert {f.type.name for m in MESSAGES for f in m.fields} == set(TYPES)


def test_formats_of_one_kind_name_their_fields_alike() -> None:
    """Where two formats of a kind have a field of one name, it has one type; a reader relies on that."""
    types: dict[tuple[str, str], set[Callable[[str], Value]]] = {}
    for message in MESSAGES:
        for field in message.fields:
            if field.type.name != "quoted":  # gives text as the others do
                types.setdefault((message.kind, field.name), set()).add(field.type.parse)
    assert {key: value for key, value in types.items() if len(value) > 1} == {}


def test_parts_prefix_and_outside() -> None:
    finished = find("invocation_finished")
    assert finished.parts == (
        "Invocation finished in ",
        finished.fields[0],
        " with status ",
        finished.fields[1],
    )
    assert finished.prefix == "Invocation finished in "
    assert not finished.outside
    assert HTTP_RESPONSE.prefix == ""
    assert HTTP_RESPONSE.outside
    assert find("topic_failed").outside
    unresolved = [m for m in MESSAGES if m.kind == "refs_unresolved"]
    assert {m.parts[-1] if isinstance(m.parts[-1], str) else "" for m in unresolved} == {"", "?"}


def test_messages_are_tried_from_the_longest_fixed_beginning_on() -> None:
    for scope in ("invocation", "triage"):
        chosen = in_scope(scope)
        lengths = [len(m.prefix) for m in chosen]
        assert lengths == sorted(lengths, reverse=True)
        assert set(chosen) == {m for m in MESSAGES if scope in SCOPES[m.scope]}
        for length in set(lengths):
            group = [m for m in chosen if len(m.prefix) == length]
            assert group == [m for m in MESSAGES if m in group]


def test_contexts() -> None:
    target = find("trigger_target")
    assert not Context().allows(target)
    assert not Context(previous="trigger_emitted").allows(target)
    assert Context(previous="triggers_dispatched").allows(target)
    assert Context(previous="trigger_target").allows(target)
    errors = find("gitiles_failed")
    assert not Context(writers=frozenset({"engine"})).allows(errors)
    assert Context(writers=frozenset({"engine", "gitiles"})).allows(errors)
    assert Context().allows(find("triggers_dispatched"))


# --- every format there and back ---------------------------------------------------------------


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12)
ANYTHING = st.text(max_size=30) | st.sampled_from(
    [
        "rpc error: code = Unavailable\n\nbody",
        "[04:33:59.106] New invocation initialized",
        "<a>\r\n\x00\x1b[0m",
    ]
)
WORD = st.from_regex(r"\S{1,12}", fullmatch=True)
DIGITS = st.integers(0, 10**9)
JOB = st.sampled_from(["p/j", "pdfium/Win7 Tests (dbg)(1)", "p/Linux (x) after", "p/é - %s"])
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "text": LINE | WORD,
    "error": ANYTHING,
    "json": ANYTHING | st.just('{\n  "a": "Build:\\n"\n}'),
    "response": ANYTHING,
    "word": WORD,
    "ref": st.from_regex(r"[^\s:]{1,12}", fullmatch=True) | st.just("refs/heads/main"),
    "method": st.sampled_from(["GET", "POST"]) | st.from_regex(r"[A-Z]{1,9}", fullmatch=True),
    "status": st.sampled_from(["SUCCEEDED", "ABORTED"]) | st.from_regex(r"\w{1,12}", fullmatch=True),
    "id": st.integers(-(10**19), 10**20 - 1).map(str),
    "int": st.integers(-(10**18) + 1, 10**18 - 1),
    "code": st.integers(100, 999),
    "bool": st.booleans(),
    "quoted": st.text(max_size=12) | st.sampled_from(["", 'a"b', "\\", "a\nb", "\x00"]),
    "duration": st.integers(-(2**50), 2**50).map(lambda ns: ns / 1e9),
    "timer_id": st.builds(lambda job, *ids: ":".join(map(str, (job, *ids))), JOB, DIGITS, DIGITS, DIGITS),
    "list": st.lists(WORD, max_size=4),
    "map": st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
}

#: Formats that share their text with one that is tried first: what their first argument cannot begin with.
GIVES_WAY = {
    "Invocation is manually aborted by %s": ('"', "%!"),
    "Ignoring timer %s...": ('"', "%!"),
}


def fits(message: Message, values: dict[str, Value]) -> bool:
    """Return whether each argument ends where the literal behind it first stands."""
    for part, literal in zip(message.parts, message.parts[1:], strict=False):
        # A shape of its own tells where an argument ends, and what stands behind it does not matter.
        if isinstance(part, Field) and isinstance(literal, str) and part.type.strict is None:
            text = part.type.format(values[part.name])
            if (text + literal).find(literal) != len(text):
                return False
    first = next((values[f.name] for f in message.fields), "")
    return not str(first).startswith(GIVES_WAY.get(message.format, ()) or "\0never")


def arguments(message: Message) -> st.SearchStrategy[dict[str, Value]]:
    return st.fixed_dictionaries({f.name: VALUES[f.type.name] for f in message.fields}).filter(
        partial(fits, message)
    )


def contexts(message: Message, scope: str) -> list[Context]:
    """Return the contexts that allow a message; the last is the least."""
    if not message.after:
        return [Context("task_url", frozenset({"engine"}), scope), Context(scope=scope)]
    writers = {m.writer for m in MESSAGES}
    return [
        Context(writers=frozenset({a}), scope=scope) if a in writers else Context(previous=a, scope=scope)
        for a in sorted(message.after)
    ]


@pytest.mark.parametrize("message", quick(MESSAGES[::4], MESSAGES, name))
@given(data=st.data())
@settings(max_examples=TRIED // 4)
def test_rendered_messages_are_read_back_by_both_engines(message: Message, data: st.DataObject) -> None:
    values = data.draw(arguments(message))
    text = message.render(values)
    for scope in SCOPES[message.scope]:
        for context in contexts(message, scope):
            for engine in (scanner, grammar):
                assert parse(engine, text, context) == Match(message, values, ""), engine


@pytest.mark.parametrize("message", MESSAGES, ids=name)
def test_arguments_are_not_confined_by_accident(message: Message) -> None:
    """The strategies above must be able to reach each format at all."""
    values = {f.name: {"map": {"a": "b"}}.get(f.type.name, EXAMPLES[f.type.name]) for f in message.fields}
    assert fits(message, values)
    text = message.render(values)
    for scope in SCOPES[message.scope]:
        for engine in (scanner, grammar):
            found = parse(engine, text, contexts(message, scope)[0])
            assert found == Match(message, values), engine


EXAMPLES: dict[str, Value] = {
    "text": "x",
    "error": "no such host",
    "json": "{}",
    "response": "body\n",
    "word": "w",
    "ref": "refs/heads/main",
    "method": "GET",
    "status": "SUCCEEDED",
    "id": "9028843112359765808",
    "int": 7,
    "code": 200,
    "bool": True,
    "quoted": 'q"',
    "duration": 1.5,
    "timer_id": "p/Win7 (dbg)(1):9028843112359765808:12:0",
    "list": ["a", "b"],
    "map": {"a": "b"},
}

RESTRICTED = [m for m in MESSAGES if m.after]


@pytest.mark.parametrize("message", RESTRICTED, ids=name)
@engines
def test_what_only_context_tells_is_not_found_without_it(engine: Engine, message: Message) -> None:
    text = message.render({f.name: EXAMPLES[f.type.name] for f in message.fields})
    assert parse(engine, text) is None
    assert parse(engine, text, Context("build_status", frozenset({"engine", "buildbucket"}))) is None


TRIAGE = [m for m in MESSAGES if m.scope == "triage"]


@pytest.mark.parametrize("message", TRIAGE, ids=name)
@engines
def test_triage_errors(engine: Engine, message: Message) -> None:
    values = {f.name: EXAMPLES[f.type.name] for f in message.fields}
    text = message.render(values)
    context = Context(scope="triage")
    for error in ("context deadline exceeded", "a - b", "rpc error\n\nof two lines\n", ""):
        expected = Match(message, {**values, "error": error})
        assert parse(engine, f"Error: {text} - {error}", context) == expected
        assert parse(engine, f"{text} - {error}", context) == expected
    assert parse(engine, f"Error: {text}", context) == Match(message, values)
    assert parse(engine, f"Error: {text}\nmore", context) == Match(message, values, "more")
    assert parse(engine, f"Error: {text} - error", Context()) is None


@engines
def test_a_triage_error_of_a_message_with_its_own_error(engine: Engine) -> None:
    found = parse(engine, 'Error: Bad repo URL "x" in the trigger - a - b', Context(scope="triage"))
    assert found == Match(find("bad_repo_url"), {"repository": "x", "error": "a - b"})
