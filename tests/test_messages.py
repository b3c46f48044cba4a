"""The catalogue against the list of all formats, and every format through both engines and back."""

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
from quick import quick

from logparse import grammar, scanner
from logparse.messages import HTTP_RESPONSE, MESSAGES, TYPES, Context, Field, Message, Value, in_scope
from logparse.syntax import Engine, Match, match_tolerantly

#: 100, and fewer in a run without the slow tests.
TRIED = settings().max_examples
TSV = Path(__file__).parent / "data" / "messages.tsv"
FORMATS = [m for m in MESSAGES if m is not HTTP_RESPONSE]
SCOPES = {"invocation": ("invocation",), "triage": ("triage",), "both": ("invocation", "triage")}
engines = pytest.mark.parametrize("engine", [scanner, grammar], ids=["scanner", "grammar"])


def name(message: Message) -> str:
    return f"{message.kind}-{message.format[:30]}"


def find(kind: str, start: str = "") -> Message:
    """Return the one message of a kind whose format begins so."""
    (message,) = (m for m in MESSAGES if m.kind == kind and m.format.startswith(start))
    return message


def parse(engine: Engine, text: str, context: Context | None = None) -> Match | None:
    return match_tolerantly(engine.match, text, context or Context())


# --- the catalogue ----------------------------------------------------------------------------


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


# --- every format there and back --------------------------------------------------------------

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


# --- by hand ----------------------------------------------------------------------------------

BY_HAND = [
    (
        "Invocation finished in 21m2.491646275s with status SUCCEEDED",
        "invocation_finished",
        {"duration_s": 1262.491646275, "status": "SUCCEEDED"},
    ),
    ("Starting the invocation (attempt 12)", "attempt_started", {"attempt": 12}),
    ("Invocation initiated (attempt 2)", "attempt_started", {"attempt": 2}),
    ("Invocation initiated", "attempt_started", {}),
    (
        'Scheduling timer "BUILD CHECK" (pdfium/Win7 Tests (dbg)(1):9028843112359765808:1:0) after 1m0s',
        "timer_scheduled",
        {
            "title": "BUILD CHECK",
            "timer_id": "pdfium/Win7 Tests (dbg)(1):9028843112359765808:1:0",
            "after_s": 60.0,
        },
    ),
    ('Scheduling timer "t" after 51.417µs', "timer_scheduled", {"title": "t", "after_s": 51_417 / 1e9}),
    ("Ignoring timer check...", "timer_ignored", {"title": "check"}),
    (
        'Ignoring timer "a (b)" (p/j: k:1:2:3)...',
        "timer_ignored",
        {"title": "a (b)", "timer_id": "p/j: k:1:2:3"},
    ),
    (
        'Build 8863413050310585040: status "COMPLETED", result "FAILURE", failure_reason "A \\"b\\"", '
        'cancelation_reason ""',
        "build_status",
        {
            "build_id": "8863413050310585040",
            "status": "COMPLETED",
            "result": "FAILURE",
            "failure_reason": 'A "b"',
            "cancelation_reason": "",
        },
    ),
    ("Build status: STARTED", "build_status", {"status": "STARTED"}),
    ("Build:\n{}", "build_fetched", {"build": "{}"}),
    ("Buildbucket build:\n{\n}", "build_fetched", {"response": "{\n}"}),
    ("Task URL: ", "task_url", {"url": ""}),
    (
        "Ref refs/heads/a: log of first rev 0f not found",
        "ref_first_log_missing",
        {"ref": "refs/heads/a", "revision": "0f"},
    ),
    (
        "Ref a updated: 0a => 0b",
        "ref_updated",
        {"ref": "a", "old_revision": "0a", "revision": "0b"},
    ),
    (
        "Repo: https://x.googlesource.com/y, Refs: [refs/heads/main regexp:a.*]",
        "repo_watched",
        {"repository": "https://x.googlesource.com/y", "refs": ["refs/heads/main", "regexp:a.*"]},
    ),
    (
        "The following configured refs didn't match a single actual ref: [refs/heads/x]\nHint: have you granted read "
        'access to LUCI Scheduler on relevant refs in "https://r"\nResolved refs from gitiles:\nmap["refs/heads/main":"0f"]?',
        "refs_unresolved",
        {"refs": ["refs/heads/x"], "repository": "https://r", "resolved": {"refs/heads/main": "0f"}},
    ),
    (
        "The following configured refs didn't match a single actual ref: []\nHint: have you granted read "
        'access to LUCI Scheduler on relevant refs in "https://r"\nResolved refs from gitiles:\nmap[a:0f b:1e]',
        "refs_unresolved",
        {"refs": [], "repository": "https://r", "resolved": {"a": "0f", "b": "1e"}},
    ),
    ('Popped buildset tag "commit/\\x00\\u00e9"', "buildset_popped", {"tag": "commit/\x00é"}),
    (
        "Ignoring invalid property %!q(MISSING): %!q(MISSING)",
        "property_invalid",
        {"name": "%!q(MISSING)", "value": "%!q(MISSING)"},
    ),
    (
        'The task is in state "COMPLETED" (failure: true, internalFailure: false)',
        "task_state",
        {"state": "COMPLETED", "failure": True, "internal_failure": False},
    ),
    (
        "Failed to schedule Buildbucket build - rpc error: code = X\n\n[04:00:00.000] forged",
        "build_request_failed",
        {"error": "rpc error: code = X\n\n[04:00:00.000] forged"},
    ),
    (
        "Invocation is manually aborted by user:a@b.c",
        "invocation_aborted",
        {"aborted_by": "user:a@b.c"},
    ),
    ('Invocation is manually aborted by "user:a@b.c"', "invocation_aborted", {"aborted_by": "user:a@b.c"}),
]


@pytest.mark.parametrize(("text", "kind", "fields"), BY_HAND, ids=[text[:40] for text, *_ in BY_HAND])
@engines
def test_messages_by_hand(engine: Engine, text: str, kind: str, fields: dict[str, Value]) -> None:
    found = parse(engine, text)
    assert found is not None
    assert (found.message.kind, found.fields, found.tail) == (kind, fields, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Hello",
        "new invocation initialized",
        " New invocation initialized",
        "New invocation initialized.",
        "Starting the invocation (attempt x)",
        "Starting the invocation (attempt 1234567890123456789)",
        "Starting the invocation (attempt 1) ",
        "Starting the invocation (attempt ١)",
        'Build 1: status "A", result "B"',
        "Build 123456789012345678901: status",
        "Invocation finished in 3 with status FAILED",
        "Invocation finished in 3s with status ",
        "Invocation finished in 3s with status FAILED!",
        'Preparing PubSub topic for "open',
        'Preparing PubSub topic for "a" b',
        "Preparing PubSub topic for a",
        "PubSub topic is %!q(MISSING",
        "Triggers available in this txn: 1",
    ],
)
@engines
def test_near_misses_are_no_messages(engine: Engine, text: str) -> None:
    assert parse(engine, text) is None


@engines
def test_a_tail_is_told_from_the_message(engine: Engine) -> None:
    found = parse(engine, "Invocation finished in 1s with status FAILED\n\nRight footer\n")
    assert found == Match(
        find("invocation_finished"), {"duration_s": 1.0, "status": "FAILED"}, "\nRight footer\n"
    )
    # What holds any text takes all lines.
    found = parse(engine, "Build:\n{}\nfooter")
    assert found == Match(find("build_fetched", "Build:"), {"build": "{}\nfooter"})


@engines
def test_what_an_editor_stripped_is_put_back(engine: Engine) -> None:
    assert parse(engine, "Task URL:") == Match(find("task_url"), {"url": ""})
    assert parse(engine, "Build:") == Match(find("build_fetched", "Build:"), {"build": ""})
    assert parse(engine, "Triggered by") == Match(find("invocation_triggered", "Trig"), {"triggered_by": ""})


@engines
def test_scopes_are_kept_apart(engine: Engine) -> None:
    assert parse(engine, "Done", Context(scope="triage")) == Match(find("triage_done"), {})
    assert parse(engine, "New invocation initialized", Context(scope="triage")) is None
    text = 'Bad repo URL "u" in the trigger - e'
    for scope in ("invocation", "triage"):
        found = parse(engine, text, Context(scope=scope))
        assert found == Match(find("bad_repo_url"), {"repository": "u", "error": "e"})


@engines
def test_a_response_dump_follows_its_fetch(engine: Engine) -> None:
    text = "404 Not Found\nDate: x\n\n[00:00:00.000] forged %!d(MISSING)"
    assert parse(engine, text) is None
    found = parse(engine, text, Context("fetch_finished"))
    assert found == Match(
        HTTP_RESPONSE,
        {
            "status_code": 404,
            "reason": "Not Found",
            "response": "Date: x\n\n[00:00:00.000] forged %!d(MISSING)",
        },
    )
