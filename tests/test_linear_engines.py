"""No page and no message takes the scanner or the grammar more than linear time, whatever is repeated in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from linear import Case, assert_linear, filled
from quick import quick

from logparse import grammar
from logparse.language import scanner
from logparse.language.messages import MESSAGES, TYPES, Context, Field, Message, Value
from logparse.language.syntax import Engine, Match, match_tolerantly

# Tracing lines takes ten times as long as running them.
pytestmark = pytest.mark.untraced

TRIAGE = "Debug output from the triage procedure:\n"
CUT = "--- the log has been cut here ---"
CLOCK = "[00:00:00.000] "

# --- pages ------------------------------------------------------------------------------------

HEADERS = {
    "blank lines": filled("\n"),
    "blanks": filled(" "),
    "tabs": filled("\t"),
    "blank lines of blanks": filled("  \n"),
    "white space": filled("\x0b\n"),
    "letters": filled("a"),
    "words": filled("a "),
    "lines": filled("a\n"),
    "header and blank lines": filled("\n", "Status:"),
    "headers and blank lines": filled("Status:\n\n\n"),
    "header and blanks": filled(" ", "Status:", "x"),
    "headers of a line": filled("Status: "),
    "headers of a line without blanks": filled("Status:"),
    "header of words": filled("a ", "Status: "),
    "header, almost another": filled("Triggered by ", "Status: "),
    "header above blanks": filled(" \n", "Status:\n", "Actions:"),
    "links of a status": filled("<", "Status: a <"),
    "link without an end": filled("a", "Status: a <"),
    "breadcrumbs": filled("All projects / "),
    "breadcrumbs of lines": filled("All projects\n"),
    "breadcrumbs of projects": filled("All projects\np\n"),
    "breadcrumb of words": filled("a ", "All projects / p / "),
    "breadcrumb of blanks": filled(" ", "All projects / p / j", "x"),
    "breadcrumb of a long job": filled("j", "All projects / p / "),
    "breadcrumb of a long project": filled("p", "All projects / "),
    "breadcrumb of blank lines": filled("\n", "All projects / p / j"),
    "breadcrumb of blanks and lines": filled(" \n", "All projects / p / " + "j " * 90),
    "breadcrumb of blanks and blank lines": filled(" " * 200 + "\n" * 200, "All projects / p / j"),
    "breadcrumb of digits": filled("1", "All projects / p / j / "),
    "breadcrumb of slashes": filled("/", "All projects"),
    "hashes": filled("#"),
    "blanks before a heading": filled(" ", "", "Definition x"),
    "headings": filled("Definition\n"),
    "headings, almost": filled("Definition x\n"),
    "headings and blanks": filled("Definition" + " " * 1000 + "x\n"),
    "revisions": filled("Definition (rev a"),
    "revision without an end": filled("a", "Definition (rev "),
    "log headings": filled("Debug log (UTC)\n"),
    "log headings, almost": filled("Debug log (UTC) x\n"),
    "log heading and blanks": filled(" ", "Debug log", "x"),
    "log heading and blank lines": filled(" \n", "Debug log\n", "x"),
    "log heading and blanks below": filled(" ", "Debug log\n", "x"),
    "indented": filled("   a\n", "   " + CLOCK),
}
TRIGGERS = {
    f"trigger {piece!r} after {before!r}": filled(piece, f"Incoming triggers\n{before}", after)
    for before in ("", "x (", "x <")
    for after in ("", "x")
    for piece in (
        " ", " (", "(", " (a ago", " ago", " ago by", " (a ago by ", " ago by b", " (a ago by b", " (now", " (now)", ")",
        " from now by", " <", " <u> ", " <u> (now", " <u> (now)", "•", "• ", "- ", "a ", "a\n", "(now)\n", "<u>\n", "\n",
    )

}  # fmt: skip
TAGS = {
    f"tag {piece!r}": filled(piece, "Incoming tags\n")
    for piece in (" ", "a ", "• ", "•", "- \n", "a\n", "\n", " \n", "- a\n")
}
DEFINITIONS = {
    f"definition {piece!r} after {before!r}": filled(piece, f"Definition\n{before}", after)
    for before in ("", "a: ", 'a: "', "a: '", "a: [", "a <", "#")
    for after in ("", "$")
    for piece in (
        '"', "'", r"\"", r'"\"', r"\'", "\\", "{", "a{", "a:[", "[", "<", ">", "}", "#", "#\n", " ", "\n", "1", "+", ".",
        "a ", "a: 1 ", "a:'x'", "'x' ", '"x"', "1,", "[],", ":", ",", "-1 ", "1e",
    )

}  # fmt: skip
LOGS = {
    "entries": filled(CLOCK + "\n"),
    "entries of a line": filled(CLOCK),
    "entries, almost": filled("[00:00:00.00\n", CLOCK),
    "entry of blank lines": filled("\n", CLOCK),
    "entry of blanks": filled(" ", CLOCK),
    "brackets": filled("["),
    "lines of brackets": filled("[\n"),
    "zeros": filled("0", "["),
    "cuts": filled(CUT + "\n"),
    "cuts of a line": filled(CUT),
    "cut and blanks": filled(" ", CUT, "x"),
    "cuts and blanks": filled(CUT + " " * 1000 + "x\n", CLOCK),
    "dashes": filled("-"),
    "lines of dashes": filled("-" * 19 + "\n", TRIAGE),
    "triage title and dashes": filled("-", TRIAGE, "x"),
    "triage title and dashes and blanks": filled(" ", TRIAGE + "-" * 20, "x"),
    "triage title and blanks": filled(" ", TRIAGE.strip(), "x"),
    "triage title and blank lines": filled("\n", TRIAGE),
    "triage titles": filled(TRIAGE),
    "triage lines": filled("[001 ms] a\n"),
    "triage lines without clocks": filled("a\n", TRIAGE),
    "triage line of lines": filled("a\n", "[001 ms] "),
    "triage line of blank lines": filled("\n", "[001 ms] "),
    "triage clocks of a line": filled("[001 ms] "),
    "triage zeros": filled("0", "["),
    "triage rulers": filled("-" * 20 + "\n", TRIAGE),
    "triage ruler and blank lines": filled(" \n", "[001 ms] a\n" + "-" * 20 + "\n", "x"),
    "triage ruler and blanks": filled(" ", "[001 ms] a\n" + "-" * 20 + "\n", "x"),
    "log titles": filled("Debug output from the invocation itself:\n"),
    "log title and blanks": filled(" ", "Debug output from the invocation itself:", "x"),
}
PAGES = {
    "headers": HEADERS,
    "triggers": TRIGGERS,
    "tags": TAGS,
    "definitions": DEFINITIONS,
    "logs": LOGS,
}


def page_cases(part: str, run: Callable[[str], object], size: int) -> list[Case]:
    return [Case(name, make, run, size) for name, make in PAGES[part].items()]


@pytest.mark.parametrize("part", quick(["headers", "tags", "logs"], PAGES))
def test_pages_by_the_scanner(part: str) -> None:
    assert_linear(*page_cases(part, scanner.parse_page, 50_000))


@pytest.mark.slow
@pytest.mark.parametrize("part", PAGES)
def test_pages_by_the_grammar(part: str) -> None:
    assert_linear(*page_cases(part, grammar.parse_page, 8_000))


# --- messages ---------------------------------------------------------------------------------

#: What fills an argument of each type so that it almost fits, or fits over a long stretch.
FILLINGS: dict[str, tuple[str, ...]] = {
    "text": ("a", " "),
    "error": ("a", "\n", " - "),
    "json": ("{", "\n"),
    "word": ("a",),
    "ref": ("a",),
    "method": ("A",),
    "status": ("a",),
    "id": ("1",),
    "int": ("1",),
    "code": ("1",),
    "bool": ("true",),
    "quoted": ('"', r"\"", "a", r'a"', "%!q("),
    "duration": ("1h", "1", "1.", "1.1"),
    "timer_id": ("a", ":", "1:", ":1", "a:1:1:1"),
    "list": ("a ", "[", " "),
    "map": ('"a":', r'"\"', "map[", '"a":"b" ', "a:b ", "?"),
    "response": ("\n", "a"),
}
SMALL: dict[str, Value] = {
    "text": "x", "error": "x", "json": "{}", "word": "x", "ref": "x", "method": "GET", "status": "X", "id": "1", "int": 1,
    "code": 200, "bool": True, "quoted": "x", "duration": 1.0, "timer_id": "p/j:1:2:3", "list": ["x"], "map": {"a": "b"},
    "response": "x",
}  # fmt: skip


def near_misses(message: Message) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Yield texts that begin as `message` does, with one part repeated."""
    texts = [p if isinstance(p, str) else p.type.format(SMALL[p.type.name]) for p in message.parts]
    for position, part in enumerate(message.parts):
        before, behind = "".join(texts[:position]), "".join(texts[position + 1 :])
        if isinstance(part, str):
            fillings: tuple[str, ...] = (part, part[:-1] or " ")
        else:
            fillings = FILLINGS[part.type.name]
            following = message.parts[position + 1 : position + 2]
            if following and isinstance(following[0], str) and len(following[0]) > 1:
                fillings = (*fillings, following[0][:-1])
            if part.type.name in ("quoted", "map"):
                before += {"quoted": '"', "map": "map["}[part.type.name]
        for filling in fillings:
            for after in ("", behind + "\x00"):
                yield f"{message.kind}: {before!r} {filling!r} {after!r}", filled(filling, before, after)


def contexts(message: Message) -> Iterator[Context]:
    for scope in ("invocation", "triage") if message.scope == "both" else (message.scope,):
        yield Context(next(iter(message.after), None), message.after | {"gitiles"}, scope)


def message_cases(engine: Engine, writer: str, size: int) -> list[Case]:
    return [
        Case(what, make, partial(match_in, engine, context), size)
        for message in MESSAGES
        if message.writer == writer
        for what, make in near_misses(message)
        for context in contexts(message)
    ]


def match_in(engine: Engine, context: Context, text: str) -> object:
    return match_tolerantly(engine.match, text, context)


WRITERS = sorted({message.writer for message in MESSAGES})


@pytest.mark.parametrize("writer", quick(["swarming", "noop"], WRITERS))
def test_messages_by_the_scanner(writer: str) -> None:
    assert_linear(*message_cases(scanner, writer, 25_000))


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_messages_by_the_grammar(writer: str) -> None:
    assert_linear(*message_cases(grammar, writer, 8_000))


def test_near_misses_reach_every_type_and_every_message() -> None:
    assert set(FILLINGS) == set(SMALL) == set(TYPES)
    assert all(next(near_misses(message), None) for message in MESSAGES)
    (message,) = (m for m in MESSAGES if m.kind == "commit_found")
    misses = {what: make(40) for what, make in near_misses(message)}
    assert "Trigger build for commit " + "a" * 40 in misses.values()
    assert isinstance(message.parts[1], Field)
    assert match_tolerantly(scanner.match, "Trigger build for commit " + "a" * 40, Context()) == Match(
        message, {"revision": "a" * 40}
    )
