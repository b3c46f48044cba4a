"""The scanner and the grammar give equal results: on every sample, on damaged ones, and on generated texts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import quick_below

from logparse import grammar
from logparse.errors import GrammarError
from logparse.language import scanner
from logparse.language.messages import MESSAGES, Context, Message
from logparse.language.syntax import Definition, Engine, Match, Page, match_tolerantly
from logparse.sources.html import to_text

#: 100, and fewer in a run without the slow tests.
TRIED = settings().max_examples
LOGS = Path(__file__).parent / "data" / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
#: The grammar takes seconds for what is much longer.
QUICK_BYTES = 3_000
SAMPLES = sorted([PAGE, *LOGS.glob("*/*.log"), *LOGS.glob("*/*.html")])


@cache
def read(path: Path) -> str:
    text = path.read_bytes().decode("utf-8", errors="replace")
    return to_text(text).text if path.suffix == ".html" else text


def matches(engine: Engine, page: Page, scope: str | None = None) -> list[Match | None]:
    """Return what an engine makes of each block, in the context that its own findings give."""
    found: list[Match | None] = []
    previous: str | None = None
    writers: frozenset[str] = frozenset()
    for block in page.blocks:
        here = scope or ("triage" if block.shape == "triage" else "invocation")
        match = match_tolerantly(engine.match, block.text, Context(previous, writers, here))
        if match is not None:
            previous = match.message.kind
            writers |= {match.message.writer}
        found.append(match)
    return found


def check(text: str) -> tuple[Page, list[Match | None]]:
    """Return what both engines make of `text`; they must not differ."""
    scanned, parsed = scanner.parse_page(text), grammar.parse_page(text)
    for name, one, other in zip(Page._fields, scanned, parsed, strict=True):
        assert one == other, name
    # Equal values may still differ in type: True is 1.
    assert repr(scanned.definition) == repr(parsed.definition)
    found = matches(scanner, scanned)
    assert found == matches(grammar, parsed)
    assert [repr(m and m.fields) for m in found] == [repr(m and m.fields) for m in matches(grammar, parsed)]
    return scanned, found


# --- samples ----------------------------------------------------------------------------------


def test_there_are_samples_of_every_make() -> None:
    assert sum(p.suffix == ".log" for p in SAMPLES) > 50
    assert sum(p.suffix == ".html" for p in SAMPLES) > 20
    assert len({p.parent for p in SAMPLES}) >= 5


@pytest.mark.parametrize("path", quick_below(QUICK_BYTES, SAMPLES))
def test_on_samples(path: Path) -> None:
    page, found = check(read(path))
    if path.suffix == ".html":
        assert page.breadcrumb is not None
        assert page.status is not None
        assert page.definition is not None
    assert page.blocks
    if path.suffix == ".log":
        assert page.preamble == ""
        last = page.blocks[-1]
        assert last.line + last.text.count("\n") == read(path).removesuffix("\n").count("\n") + 1
    assert any(found)


def test_the_real_page() -> None:
    page, found = check(read(PAGE))
    assert page.status == "SUCCEEDED"
    assert page.triggered_by == "-"
    assert page.duration == "21 minutes"
    assert page.revision == "3ae3b2a221e5e411607942c41a47c1699f734145"
    assert page.definition == (
        (
            "buildbucket",
            (
                ("server", "cr-buildbucket.appspot.com"),
                ("bucket", "luci.pdfium.ci"),
                ("builder", "win_xfa_component"),
            ),
        ),
    )
    assert page.incoming_triggers == ()
    assert page.outgoing_triggers is None
    assert page.properties_text is not None
    assert page.properties_text.startswith('{\n  "branch"')
    assert page.tags is not None
    assert len(page.tags) == 3
    assert page.tags[2] == "gitiles_ref:refs/heads/master"
    assert page.preamble == ""
    assert page.blocks[0] == ("entry", 32, 16_439_106, "New invocation is queued and will start shortly")
    assert len(page.blocks) == 94
    assert all(found)
    assert found[-1] is not None
    assert found[-1].fields == {"duration_s": 1262.491646275, "status": "SUCCEEDED"}


@pytest.mark.slow
def test_every_line_of_the_real_page_cut_short() -> None:
    lines = read(PAGE).split("\n")
    for line in lines[:60]:
        for end in range(0, min(len(line), 100), 3):
            text = line[:end]
            assert scanner.parse_page(text) == grammar.parse_page(text)


# --- generated pages --------------------------------------------------------------------------

FRAGMENTS = [
    "Status: X", "Status:", "Status: A\tB <u>", "Status:   <u>", "Duration:", "Actions: ", "Triggered by: -  Duration: 3",
    "All projects / a / b (c) / 123456789012345678", "All projects", "/ p", "/ j", ">", "›", "123456789012345678",
    "Definition", "Definition (rev abc)", "Incoming tags", "Incoming triggers", "Outgoing triggers:",
    "## Incoming properties", "Debug log (UTC)", "Debug log:", "  • a <u> (3 minutes ago by <b>)", "(now)", "(now by z)",
    "(5 hours ago by <x>) (now)", "(3 days ago by )", "( ago)", "<https://x/y>", "•", "• k:v", "-",
    "a: {b: <c: [1, 'x', \"y\\n\"]>}", "a: [1,2,] b {c:1} ;", "# comment", "a: 0x1F, b: 1.5e3 c: 'q\\x41' \"z\"",
    "{", "}", "<", ">", "[", "]", "{" * 17, '"', "'", "\\", "#", ":", ",", "{}",
    "[00:00:00.000] ", "[00:00:00.000]", "   [00:00:00.000] a", "[٠0:00:00.000] x", "[24:00:00.000] x",
    "[23:59:59.999] Ref a: log of first rev b not found", "[00:00:00.000] Task URL:",
    "[00:00:00.000] Invocation finished in 1m2s with status X", "[00:00:00.000] Buildbucket request:",
    "[00:00:00.000] Dispatching triggers (1 of them) to the following jobs:", "[00:00:00.000]   p/j",
    "[00:00:00.000] Finished with overall status X in 1s", "[00:00:00.000] 200 OK\nbody",
    '[00:00:00.000] Handling timer "t (x)" (p/j (a):1:2:3)',
    "[012 ms] Done", "[012 ms] ", "[012 ms]", "[001 ms] Error: Done - x\ny", "[001 ms] Starting",
    "Debug output from the triage procedure:", "Debug output from the invocation itself:", "-" * 19, "-" * 25,
    "\n" + "-" * 20 + "\n", "--- the log has been cut here ---", "--- the log has been cut here --- x",
    "\n", "\n\n", " ", "\t", "\r", "\x00", "\x0b", "\x1c", "\x85", "\u2028", "\u3000", "٣", "x",
]  # fmt: skip
PIECES = st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(["\n", "\n", "", " ", "\n  "])).map("".join)


@given(st.lists(PIECES, max_size=14).map("".join))
@settings(max_examples=4 * TRIED)
def test_on_pages_of_fragments(text: str) -> None:
    check(text)


@given(st.text(st.sampled_from(sorted(set("".join(FRAGMENTS)))), max_size=200))
def test_on_noise(text: str) -> None:
    check(text)


@given(
    st.sampled_from([p for p in SAMPLES if p.stat().st_size < 60_000]),
    st.integers(0, 10_000),
    st.lists(
        st.tuples(
            st.integers(0, 5_000), st.integers(0, 80), st.sampled_from(["", "\n"]), st.sampled_from(FRAGMENTS)
        ),
        max_size=6,
    ),
)
@settings(max_examples=3 * TRIED // 2)
def test_on_damaged_samples(path: Path, begin: int, damages: list[tuple[int, int, str, str]]) -> None:
    text = read(path)
    text = text[begin % len(text) :][:5_000] if begin % 3 else text[:5_000]
    for at, length, newline, piece in damages:
        at %= len(text) + 1
        text = text[:at] + newline + piece + text[at + length :]
    check(text)


# --- generated definitions --------------------------------------------------------------------

TOKENS = [
    "a", "b_c", "d.e", "true", "false", "FOO", "1", "-2", "+3.5", ".5", "1e3", "0x1F", "010", "1.5f", "-", "+",
    '"x"', "'y'", r'"\"\n\x41\xff"', '"', "'", "{", "}", "<", ">", "[", "]", ":", ":", ",", ";", "#", "# c\n", " ", "\n",
    "\t", "$", "\\", "٣", "é", "\x85",
]  # fmt: skip


def definition_of(text: str) -> Definition | None:
    try:
        return grammar.parse_definition(text)
    except GrammarError:
        return None


@given(st.lists(st.sampled_from(TOKENS), max_size=16), st.sampled_from(["", " "]))
@settings(max_examples=5 * TRIED)
def test_on_definitions_of_tokens(tokens: list[str], glue: str) -> None:
    text = glue.join(tokens)
    assert repr(scanner.parse_definition(text)) == repr(definition_of(text))


SCALARS = st.sampled_from(["1", "-2.5", "true", "false", "FOO", '"x"', "'y' \"z\""])
NAMES = st.sampled_from(["a", "b_c", "d.e"])


def fields_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    field = st.tuples(
        NAMES, st.sampled_from([":", ": ", " : # c\n"]), values, st.sampled_from([" ", ", ", ";", "\n"])
    )
    return st.lists(field.map("".join), max_size=3).map("".join)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        fields_of(inner).map("{{{}}}".format),
        fields_of(inner).map("< {} >".format),
        st.lists(inner, max_size=3).map(", ".join).map("[{}]".format),
    ),
    max_leaves=12,
)


@given(fields_of(VALUES))
@settings(max_examples=2 * TRIED)
def test_on_sound_definitions(text: str) -> None:
    scanned = scanner.parse_definition(text)
    assert scanned is not None
    assert repr(scanned) == repr(definition_of(text))


@pytest.mark.parametrize("depth", range(14, 19))
@pytest.mark.parametrize(
    ("opening", "closing"), [("a{", "}"), ("a:<", ">"), ("a:[{", "}]"), ("a:[[", "]]"), ("a:[", "]")]
)
def test_on_deep_definitions(depth: int, opening: str, closing: str) -> None:
    times = depth // len(closing)
    text = opening * times + closing * times
    if opening.count("[") > opening.count("{") and times > 1:
        text = "a:" + opening[2:] * times + closing * times
    assert repr(scanner.parse_definition(text)) == repr(definition_of(text))
    for damaged in (text[:-1], text + "}", text.replace("a", "1", 1), text + '"' + "{" * 20):
        assert scanner.parse_definition(damaged) is None
        assert definition_of(damaged) is None


# --- generated messages -----------------------------------------------------------------------

ARGUMENTS = [
    "x", "", " ", "9028843112359765808", "7", "-1", "1m2.5s", "0", '"q"', r'"a\"b"', '"', "%!q(MISSING)", "true", "FAILED",
    "refs/heads/a", "p/j (x):1:2:3", "p/j: k", "[a b]", "map[]", 'map["a":"b"]', "{\n}", "a\nb", "GET", "404", " - ", ": ",
    " => ", ")", "?", "\r", "٣",
]  # fmt: skip
CONTEXTS = [
    Context(previous, frozenset(writers), scope)
    for scope in ("invocation", "triage")
    for previous in (None, "attempt_started", "triggers_dispatched", "fetch_finished")
    for writers in ((), ("engine", "gitiles"))
]


@given(
    st.sampled_from(MESSAGES),
    st.lists(st.sampled_from(ARGUMENTS), min_size=6, max_size=6),
    st.sampled_from(["", "", "", "Error: ", " "]),
    st.sampled_from(["", "", "", " - e", " - e\nf", "\n", "\n\nfooter", " ", "x"]),
    st.none() | st.integers(0, 200),
    st.sampled_from(CONTEXTS),
)
@settings(max_examples=10 * TRIED)
def test_on_messages(
    message: Message, arguments: list[str], before: str, after: str, cut: int | None, context: Context
) -> None:
    fillings = iter(arguments)
    text = "".join(part if isinstance(part, str) else next(fillings) for part in message.parts)
    text = before + (text if cut is None else text[:cut]) + after
    scanned = match_tolerantly(scanner.match, text, context)
    parsed = match_tolerantly(grammar.match, text, context)
    assert scanned == parsed
    assert repr(scanned and scanned.fields) == repr(parsed and parsed.fields)
    assert scanner.match(text, context) == grammar.match(text, context)
