"""The scanner: what it gives by hand, and that no text makes it (or the grammar) slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from logparse import grammar, scanner
from logparse.messages import MESSAGES, TYPES, Context, Field, Message, Value, in_scope
from logparse.scanner import parse_definition, parse_page, parse_triggers, split_log
from logparse.syntax import (
    Block,
    Engine,
    Match,
    PageTrigger,
    attach_ages,
    dedent,
    match_tolerantly,
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
        for key, candidates in [*dispatch.by_key.items(), ("", dispatch.rest)]:
            places = [order.index(message) for message, *_ in candidates]
            assert places == sorted(places)
            for message in order:
                could = message.prefix.startswith(key) if key else len(message.prefix) < 5
                assert not could or message in [m for m, *_ in candidates]


# --- speed ------------------------------------------------------------------------------------

# Twice in an hour a shared machine is slow: the ratio may be 4 times what linear time gives, each step may take
# thousands of times what it does, and what is quick in absolute terms is not looked at more closely.
CAP_S = 10.0
QUICK_S = 0.25


def matching(engine: Engine, context: Context) -> Callable[[str], object]:
    return lambda text: match_tolerantly(engine.match, text, context)


def assert_linear(
    run: Callable[[str], object], make: Callable[[int], str], small: int, what: str = ""
) -> None:
    """Fail if `run` takes more than linear time for the texts that `make` gives for a size."""

    def seconds(size: int) -> float:
        text = make(size)
        best = CAP_S
        for _ in range(3):
            start = time.process_time()
            run(text)
            best = min(best, time.process_time() - start)
            if best < QUICK_S:
                break
        return best

    times = []
    # In steps, so that what is quadratic fails before it takes minutes.
    for factor in (1, 4, 16):
        times.append(seconds(small * factor))
        assert times[-1] < CAP_S, f"{what}: {times} s"
    assert times[2] < QUICK_S or times[2] < 16 * 4 * times[0], f"{what}: {times} s"


def repeated(piece: str, before: str = "", after: str = "") -> Callable[[int], str]:
    return lambda size: before + piece * (size // len(piece)) + after


PAGES = {
    "blank lines": repeated("\n"),
    "blanks": repeated(" "),
    "tabs": repeated("\t"),
    "blank lines of blanks": repeated("  \n"),
    "white space": repeated("\x0b\n"),
    "letters": repeated("a"),
    "words": repeated("a "),
    "lines": repeated("a\n"),
    "header and blank lines": repeated("\n", "Status:"),
    "headers and blank lines": repeated("Status:\n\n\n"),
    "header and blanks": repeated(" ", "Status:", "x"),
    "headers of a line": repeated("Status: "),
    "headers of a line without blanks": repeated("Status:"),
    "header of words": repeated("a ", "Status: "),
    "header, almost another": repeated("Triggered by ", "Status: "),
    "header above blanks": repeated(" \n", "Status:\n", "Actions:"),
    "links of a status": repeated("<", "Status: a <"),
    "link without an end": repeated("a", "Status: a <"),
    "breadcrumbs": repeated("All projects / "),
    "breadcrumbs of lines": repeated("All projects\n"),
    "breadcrumbs of projects": repeated("All projects\np\n"),
    "breadcrumb of words": repeated("a ", "All projects / p / "),
    "breadcrumb of blanks": repeated(" ", "All projects / p / j", "x"),
    "breadcrumb of a long job": repeated("j", "All projects / p / "),
    "breadcrumb of a long project": repeated("p", "All projects / "),
    "breadcrumb of blank lines": repeated("\n", "All projects / p / j"),
    "breadcrumb of blanks and lines": repeated(" \n", "All projects / p / " + "j " * 90),
    "breadcrumb of blanks and blank lines": repeated(" " * 200 + "\n" * 200, "All projects / p / j"),
    "breadcrumb of digits": repeated("1", "All projects / p / j / "),
    "breadcrumb of slashes": repeated("/", "All projects"),
    "hashes": repeated("#"),
    "blanks before a heading": repeated(" ", "", "Definition x"),
    "headings": repeated("Definition\n"),
    "headings, almost": repeated("Definition x\n"),
    "headings and blanks": repeated("Definition" + " " * 1000 + "x\n"),
    "revisions": repeated("Definition (rev a"),
    "revision without an end": repeated("a", "Definition (rev "),
    "log headings": repeated("Debug log (UTC)\n"),
    "log headings, almost": repeated("Debug log (UTC) x\n"),
    "log heading and blanks": repeated(" ", "Debug log", "x"),
    "log heading and blank lines": repeated(" \n", "Debug log\n", "x"),
    "log heading and blanks below": repeated(" ", "Debug log\n", "x"),
    "indented": repeated("   a\n", "   " + CLOCK),
    **{
        f"trigger {piece!r} after {before!r}": repeated(piece, f"Incoming triggers\n{before}", after)
        for before in ("", "x (", "x <")
        for after in ("", "x")
        for piece in (
            " ", " (", "(", " (a ago", " ago", " ago by", " (a ago by ", " ago by b", " (a ago by b", " (now", " (now)", ")",
            " from now by", " <", " <u> ", " <u> (now", " <u> (now)", "•", "• ", "- ", "a ", "a\n", "(now)\n", "<u>\n", "\n",
        )
    },
    **{
        f"tag {piece!r}": repeated(piece, "Incoming tags\n")
        for piece in (" ", "a ", "• ", "•", "- \n", "a\n", "\n", " \n", "- a\n")
    },
    **{
        f"definition {piece!r} after {before!r}": repeated(piece, f"Definition\n{before}", after)
        for before in ("", "a: ", 'a: "', "a: '", "a: [", "a <", "#")
        for after in ("", "$")
        for piece in (
            '"', "'", r"\"", r'"\"', r"\'", "\\", "{", "a{", "a:[", "[", "<", ">", "}", "#", "#\n", " ", "\n", "1", "+", ".",
            "a ", "a: 1 ", "a:'x'", "'x' ", '"x"', "1,", "[],", ":", ",", "-1 ", "1e",
        )
    },
    "entries": repeated(CLOCK + "\n"),
    "entries of a line": repeated(CLOCK),
    "entries, almost": repeated("[00:00:00.00\n", CLOCK),
    "entry of blank lines": repeated("\n", CLOCK),
    "entry of blanks": repeated(" ", CLOCK),
    "brackets": repeated("["),
    "lines of brackets": repeated("[\n"),
    "zeros": repeated("0", "["),
    "cuts": repeated(CUT + "\n"),
    "cuts of a line": repeated(CUT),
    "cut and blanks": repeated(" ", CUT, "x"),
    "cuts and blanks": repeated(CUT + " " * 1000 + "x\n", CLOCK),
    "dashes": repeated("-"),
    "lines of dashes": repeated("-" * 19 + "\n", TRIAGE),
    "triage title and dashes": repeated("-", TRIAGE, "x"),
    "triage title and dashes and blanks": repeated(" ", TRIAGE + "-" * 20, "x"),
    "triage title and blanks": repeated(" ", TRIAGE.strip(), "x"),
    "triage title and blank lines": repeated("\n", TRIAGE),
    "triage titles": repeated(TRIAGE),
    "triage lines": repeated("[001 ms] a\n"),
    "triage lines without clocks": repeated("a\n", TRIAGE),
    "triage line of lines": repeated("a\n", "[001 ms] "),
    "triage line of blank lines": repeated("\n", "[001 ms] "),
    "triage clocks of a line": repeated("[001 ms] "),
    "triage zeros": repeated("0", "["),
    "triage rulers": repeated("-" * 20 + "\n", TRIAGE),
    "triage ruler and blank lines": repeated(" \n", "[001 ms] a\n" + "-" * 20 + "\n", "x"),
    "triage ruler and blanks": repeated(" ", "[001 ms] a\n" + "-" * 20 + "\n", "x"),
    "log titles": repeated("Debug output from the invocation itself:\n"),
    "log title and blanks": repeated(" ", "Debug output from the invocation itself:", "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_no_page_takes_the_scanner_more_than_linear_time(name: str) -> None:
    assert_linear(parse_page, PAGES[name], 12_500, name)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_takes_the_grammar_more_than_linear_time(name: str) -> None:
    assert_linear(grammar.parse_page, PAGES[name], 1_000, name)


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
                yield f"{message.kind}: {before!r} {filling!r} {after!r}", repeated(filling, before, after)


def contexts(message: Message) -> Iterator[Context]:
    for scope in ("invocation", "triage") if message.scope == "both" else (message.scope,):
        yield Context(next(iter(message.after), None), message.after | {"gitiles"}, scope)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: f"{m.kind}-{m.format[:30]}")
@pytest.mark.parametrize(("engine", "small"), [(scanner, 6_250), (grammar, 500)], ids=["scanner", "grammar"])
def test_no_message_takes_more_than_linear_time(engine: Engine, small: int, message: Message) -> None:
    for what, make in near_misses(message):
        for context in contexts(message):
            assert_linear(matching(engine, context), make, small, what)


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


def burn(seconds: float) -> None:
    """Work for so long. Sleep would not do, since it is the processor's time that is measured."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_the_measure_itself_tells_quadratic_from_linear() -> None:
    with pytest.raises(AssertionError, match="backtracking"):
        assert_linear(lambda text: burn(len(text) ** 2 * 1.5e-7), repeated("a"), 100, "backtracking")
    assert_linear(lambda text: burn(len(text) * 2.5e-4), repeated("a"), 100)


def test_definitions_are_refused_quickly_however_deep() -> None:
    assert parse_definition("a{" * 1_000_000) is None
    assert parse_definition("a:" + "[" * 1_000_000) is None
