"""Text copies of logs and pages give the record of the original: quoted, numbered, padded, with other blanks or line ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear import Case, assert_linear, filled
from quick import label, quick, quick_below

import logparse as lp
from logparse import grammar, sources
from logparse.errors import InputError
from logparse.records import Invocation
from logparse.sources.textforms import original

DATA = Path(__file__).parent / "data"
LOGS = DATA / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
CASE = DATA / "cases" / "trailing-blanks.log"
FILES = sorted([PAGE, *LOGS.glob("*/*.log")])

#: A page, and logs with several attempts, forged entries, a cut, HTTP bodies, a triage block, and without JSON.
SOME = [
    PAGE,
    *(
        LOGS / name
        for name in (
            "mixed-2021-03/forged_lines_in_error.log",
            "v1-2020-11/no_url.log",
            "v1-2020-11/retry_http503html.log",
            "v1-2020-11/urlfetch_forged.log",
            "v1-2020-11/poll_fatal_timer_notfound_api.log",
            "v2-2021-06/rand_000.log",
        )
    ),
]
#: 100, and fewer in a run without the slow tests.
TRIED = settings().max_examples
NBSP = "\u00a0"
Form = Callable[[str], str]


def each(render: Callable[[int, str], str]) -> Form:
    """Return a form that renders each line, given its number."""

    def form(text: str) -> str:
        ended = text.endswith("\n")
        lines = text.removesuffix("\n").split("\n")
        return "\n".join(render(n, line) for n, line in enumerate(lines, 1)) + "\n" * ended

    return form


def alternating(match: re.Match[str]) -> str:
    """Several spaces as HTML editors write them: every other one is non-breaking."""
    return "".join(NBSP if i % 2 == 0 else " " for i in range(len(match[0])))


def nl(text: str) -> str:
    """Number the lines that are not empty, as `nl` does."""
    count = iter(range(1, text.count("\n") + 2))
    return each(lambda _, line: f"{next(count):6d}\t{line}" if line else " " * 7)(text)


PREFIXES: dict[str, Form] = {
    "quoted": each(lambda n, line: f"> {line}"),
    "quoted, blank lines a mark alone": each(lambda n, line: f"> {line}" if line.strip() else ">"),
    "quoted, blank lines bare": each(lambda n, line: f"> {line}" if line.strip() else line),
    "quoted without a blank": each(lambda n, line: f">{line}"),
    "quoted, non-breaking": each(lambda n, line: f">{NBSP}{line}"),
    "quoted and indented": each(lambda n, line: f"  > {line}"),
    "quoted twice": each(lambda n, line: f">> {line}"),
    "quoted twice, apart": each(lambda n, line: f"> > {line}"),
    "quoted three times": each(lambda n, line: f">> > {line}" if line.strip() else ">>>"),
    "cat -n": each(lambda n, line: f"{n:6d}\t{line}"),
    "nl": nl,
    "grep -n": each(lambda n, line: f"{n}:{line}"),
    "less -N": each(lambda n, line: f"{n:7d} {line}"),
    "colon": each(lambda n, line: f"{n}: {line}"),
    "justified": each(lambda n, line: f"{n:4d}  {line}"),
    "justified, blank lines trimmed": each(lambda n, line: f"{n:4d}  {line}" if line.strip() else f"{n:4d}"),
    "bar": each(lambda n, line: f"{n}|{line}"),
    "table": each(lambda n, line: f"{n:5d}   │ {line}"),
    "tab": each(lambda n, line: f"{n}\t{line}"),
    "numbers from 990": each(lambda n, line: f"{n + 989}\t{line}"),
}
TRAILINGS: dict[str, Form] = {
    "two blanks": each(lambda n, line: f"{line}  "),
    "one blank": each(lambda n, line: f"{line} "),
    "a tab": each(lambda n, line: f"{line}\t"),
    "non-breaking space": each(lambda n, line: f"{line}{NBSP}"),
    "two blanks, the last line's stripped": lambda t: re.sub(r" +(\n?)\Z", r"\1", TRAILINGS["two blanks"](t)),
}
SPACES: dict[str, Form] = {
    "all non-breaking": lambda t: t.replace(" ", NBSP),
    "all narrow": lambda t: t.replace(" ", "\u202f"),
    "indentation": lambda t: re.sub(r"(?m)^ +", lambda m: NBSP * len(m[0]), t),
    "every other": lambda t: re.sub(r" {2,}", alternating, t),
    "all but the last": lambda t: re.sub(r" {2,}", lambda m: NBSP * (len(m[0]) - 1) + " ", t),
    "after the clock": lambda t: re.sub(r"(?m)^(\[\d\d:\d\d:\d\d\.\d{3}\]) ", rf"\1{NBSP}", t),
}
ENDS: dict[str, Form] = {
    "LF": lambda t: t,
    "CRLF": lambda t: t.replace("\n", "\r\n"),
    "CR CR LF": lambda t: t.replace("\n", "\r\r\n"),
    "CR CR CR LF": lambda t: t.replace("\n", "\r\r\r\n"),
}
TOGETHER: dict[str, Form] = {
    "quoted, two blanks, CRLF": lambda t: ENDS["CRLF"](TRAILINGS["two blanks"](PREFIXES["quoted"](t))),
    "two blanks, then quoted twice, CR CR LF": lambda t: ENDS["CR CR LF"](
        PREFIXES["quoted twice"](TRAILINGS["two blanks"](t))
    ),
    "quoted, then numbered": lambda t: PREFIXES["colon"](PREFIXES["quoted"](t)),
    "numbered, then quoted": lambda t: PREFIXES["quoted"](PREFIXES["cat -n"](t)),
    "quoted, all non-breaking": lambda t: SPACES["all non-breaking"](PREFIXES["quoted"](t)),
    "every other, quoted, one blank": lambda t: TRAILINGS["one blank"](
        PREFIXES["quoted"](SPACES["every other"](t))
    ),
}
FORMS = {**PREFIXES, **TRAILINGS, **SPACES, **ENDS, **TOGETHER}


def restored(text: str) -> str:
    return original(sources.decode(text.encode(), "x").text)


def padded(width: int) -> Form:
    return each(lambda n, line: line.ljust(width))


def content(record: Invocation, *left_out: str) -> Any:
    made = msgspec.to_builtins(record)
    for name in ("source", *left_out):
        made.pop(name)
    return made


def entries(*texts: str) -> str:
    """A log of an invocation that failed with these texts quoted in its error, and its end."""
    return (
        "[09:00:00.000] New invocation is queued and will start shortly\n"
        "[09:00:01.000] Starting the invocation (attempt 1)\n"
        "[09:00:02.000] Failed to schedule Buildbucket build - rpc error\n"
        + "".join(f"{text}\n" for text in texts)
        + "[09:00:02.000] Invocation finished in 2s with status FAILED\n"
    )


# --- every log in every form ------------------------------------------------------------------


@pytest.mark.parametrize("path", quick_below(3_000, FILES))
def test_every_form_of_every_log(path: Path) -> None:
    text = sources.decode(path.read_bytes(), "x").text
    assert original(text) is text
    for name, form in (FORMS if len(text) < 60_000 else TOGETHER).items():
        assert restored(form(text)) == text, name
    # Blanks that a line had at its end cannot be told from those that fill it up.
    trimmed = re.sub(r"(?m) +$", "", text)
    for width in (80, 120, 2_000):
        assert re.sub(r"(?m) +$", "", restored(padded(width)(text))) == trimmed


@pytest.mark.parametrize("path", quick(SOME[:2], SOME, label))
@pytest.mark.parametrize("form", ["quoted", "cat -n", "every other", "CR CR LF", *TOGETHER])
def test_records_are_equal(path: Path, form: str) -> None:
    text = path.read_bytes().decode()
    found = lp.parse(FORMS[form](text).encode())
    assert content(found) == content(lp.parse(text.encode()))


@pytest.mark.parametrize("form", ["quoted", "less -N", "two blanks", "all non-breaking", "indentation"])
def test_records_are_equal_by_the_grammar(form: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert content(lp.parse(FORMS[form](text), engine=grammar)) == content(lp.parse(text))


@pytest.mark.parametrize("width", [100, 3_000])
def test_a_padded_page_gives_the_same_record(width: int) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert content(lp.parse(padded(width)(text))) == content(lp.parse(text))


@pytest.mark.parametrize("indent", [NBSP, NBSP * 4, f" {NBSP} ", f"> {NBSP}{NBSP}", "12  "])
def test_an_indented_log(indent: str) -> None:
    """The page's own lines are not indented, the log's are."""
    text = PAGE.read_text(encoding="utf-8")
    start = text.index("[04:33:59.106]")
    mark = "> " if indent.startswith(">") else ""
    if indent == "12  ":
        copy = PREFIXES["justified"](text[:start] + each(lambda n, line: f"   {line}")(text[start:]))
    else:
        copy = each(lambda n, line: mark + line)(text[:start]) + each(lambda n, line: indent + line)(
            text[start:]
        )
    assert content(lp.parse(copy)) == content(lp.parse(text))


@given(
    st.sampled_from(SOME[1:]),
    st.lists(st.sampled_from(sorted(PREFIXES)), max_size=3),
    st.sampled_from(["", *TRAILINGS]),
    st.sampled_from(sorted(ENDS)),
)
@settings(max_examples=TRIED * 3 // 5)
def test_forms_in_forms(path: Path, prefixes: list[str], trailing: str, end: str) -> None:
    text = sources.decode(path.read_bytes(), "x").text[:20_000].rpartition("\n")[0] + "\n"
    copy = text
    for name in prefixes:
        # Unnumbered or unquoted blank lines leave nothing for the next form to begin with.
        copy = PREFIXES[name](copy)
    if trailing:
        copy = TRAILINGS[trailing](copy)
    assert re.sub(r"(?m)[ \t\u00a0>]+$", "", restored(ENDS[end](copy))) == re.sub(r"(?m)[ >]+$", "", text)


# --- blanks at the end of each line -----------------------------------------------------------


@pytest.mark.parametrize("end", sorted(ENDS))
def test_two_blanks_at_each_line_s_end(end: str) -> None:
    found = lp.parse(ENDS[end](CASE.read_text(encoding="utf-8")).encode())
    assert (found.status, found.job_id) == ("SUCCEEDED", "acme/probe-linux")
    assert (found.duration_s, found.run_s) == (127.0, 120.0)
    assert found.unrecognized == found.suspicious == 0
    assert found.findings == []


def test_a_message_keeps_its_own_blanks() -> None:
    text = entries("reason:   ", "and ") + "[09:00:03.000] Task URL: \n"
    for name in ("one blank", "two blanks"):
        assert restored(TRAILINGS[name](text)) == text


def test_one_or_two_blanks() -> None:
    text = entries("reason")
    assert restored(each(lambda n, line: line + " " * (1 + n % 2))(text)) == text


def test_blanks_that_not_every_entry_has_are_the_log_s() -> None:
    for text in (
        entries("ends in blanks   ", "\t"),
        entries("x").replace("rpc error", "rpc error  "),
        entries("[09:00:02.000] The invocation will be retried  "),
        "[09:00:00.000] Task URL: \n",
        "[09:00:00.000] Failed to fetch build - timeout  \n[09:00:01.000] Task URL: \n",
        entries("x").replace("(attempt 1)", "(attempt 1)  "),
    ):
        assert original(text) is text or original(text) == text


def test_padding_needs_one_width() -> None:
    text = entries("x").replace("shortly", "shortly  ").replace("(attempt 1)", "(attempt 1)     ")
    assert original(text) == text


# --- quote marks and numbers ------------------------------------------------------------------


def test_quotations_of_the_log_itself_stay() -> None:
    for text in (
        entries("> quoted", "> > deeper", ">", "12: numbered"),
        entries("> [09:00:02.000] Invocation finished in 2s with status SUCCEEDED"),
        entries("12: [09:00:02.000] Invocation finished in 2s with status SUCCEEDED"),
        entries(f"{NBSP}[09:00:02.000]{NBSP}Invocation finished in 2s with status SUCCEEDED", f"{NBSP}x"),
        entries(f"a{NBSP}b", f"{NBSP} c", "  d"),
    ):
        assert original(text) == text
        for name in ("quoted", "quoted twice", "cat -n", "colon", "grep -n", "two blanks", "CR CR LF"):
            assert restored(FORMS[name](text)) == text, name


@pytest.mark.parametrize("name", ["quoted", "cat -n", "colon", "quoted twice"])
def test_forged_entries_stay_quoted(name: str) -> None:
    forged = "[09:00:02.000] Invocation finished in 2s with status SUCCEEDED"
    for text in (entries(forged), entries(f"> {forged}"), entries(f"4: {forged}")):
        found = lp.parse(PREFIXES[name](text))
        assert found.status == "FAILED"
        assert content(found) == content(lp.parse(text))


@pytest.mark.parametrize("name", ["quoted", "quoted twice", "cat -n", "less -N", "grep -n"])
def test_a_mail_around_the_log(name: str) -> None:
    text = CASE.read_text(encoding="utf-8").replace("  \n", "\n")
    mail = f"Hi,\n\nthe run took 127 s:\n\n{PREFIXES[name](text)}\n2 things to do:\n1. look\n\n-- \nRegards\n"
    found = lp.parse(mail)
    assert (found.status, found.duration_s, found.run_s) == ("SUCCEEDED", 127.0, 120.0)
    assert [f.code for f in found.findings] == ["stray-text", "trailing-text"]
    first = next(n for n, line in enumerate(mail.split("\n"), 1) if "New invocation is queued" in line)
    assert found.source_line == found.events[0].line == first
    lines = mail.split("\n")
    for event in found.events:
        assert event.text.partition("\n")[0] in lines[event.line - 1]


def test_answers_between_quoted_lines() -> None:
    """Text that is written into a quoted log goes to the entry above it, as any other text does."""
    text = entries("a", "b")
    quoted = PREFIXES["quoted"](text).replace("> a\n", "> a\nWhy this?\n\n")
    assert original(quoted) == text.replace("a\nb\n", "a\nWhy this?\n\nb\n")


def test_a_line_s_own_number_stays() -> None:
    """Only a number that counts on is a line number."""
    text = PREFIXES["justified"](entries("a")).replace("   4  a", "404  not found\n   4  a\n   9  lives")
    assert original(text) == entries("404  not found", "a", "   9  lives")


def test_numbers_of_lines_that_grep_found() -> None:
    found = '3:[09:00:00.000] New invocation is queued and will start shortly\n--\n7-{\n8-  "a": 1\n9-}\n10:[09:00:02.000] Build:\n11-{\n'
    assert original(found) == (
        '[09:00:00.000] New invocation is queued and will start shortly\n--\n{\n  "a": 1\n}\n[09:00:02.000] Build:\n{\n'
    )


def test_numbers_with_different_signs_are_not_line_numbers() -> None:
    text = "1: [09:00:00.000] a\n2) [09:00:00.000] b\n"
    assert original(text) == text


def test_a_triage_log() -> None:
    text = "[000 ms] Starting\n[012 ms] Error: Done - x\n\n[013 ms] The preparation is finished\n"
    for name, form in FORMS.items():
        assert restored(form(text)) == text, name


def test_lines_of_findings_are_those_of_the_file() -> None:
    text = entries("x").replace("Starting the", "Some unknown") + "\n© a footer\n"
    bare = lp.parse(text)
    for name in ("quoted", "colon", "CR CR LF", "every other"):
        assert lp.parse(FORMS[name](text).encode()).findings == bare.findings
    assert [f.line for f in bare.findings if f.code == "unrecognized"] == [2]


def test_a_quoted_page_of_a_job_is_named() -> None:
    page = "State: Waiting\nSchedule: continuous\nNext run: soon\n"
    with pytest.raises(InputError, match="a job's page"):
        lp.parse(PREFIXES["quoted"](page))


def test_a_saved_page_s_log_is_verbatim() -> None:
    """What `<pre>` holds is not a copy of text."""
    log = PREFIXES["quoted"](entries("x")).replace("&", "&amp;").replace(">", "&gt;")
    html = f"<!doctype html><title>LUCI Scheduler</title><h4>Debug log (UTC)</h4><pre>{log}</pre></html>"
    (event,) = lp.parse(html.encode()).events
    assert event.text == PREFIXES["quoted"](entries("x")).removesuffix("\n")


# --- any text ---------------------------------------------------------------------------------

FRAGMENTS = [
    "> ", ">", ">>", "1: ", "2|", "3\t", "  4  ", "5-", " ", "  ", "\t", NBSP, "\u202f", "\n", "\n", "\r\n", "\r\r\n",
    "[09:00:00.000] ", "[09:00:00.000]", f"[09:00:00.000]{NBSP}", "[001 ms] ", f"[001{NBSP}ms] Done", "Starting", "{", "}",
    "[09:00:00.000] The invocation will be retried", "[09:00:00.000] Task URL: ", "--- the log has been cut here ---", "x",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join))
@settings(max_examples=4 * TRIED)
def test_any_text_keeps_its_lines(text: str) -> None:
    made = original(text)
    assert made.count("\n") == text.count("\n")
    # Nothing but blanks, marks, numbers and their signs goes.
    gone = str.maketrans("", "", f" \t{NBSP}\u202f>0123456789:|.)-")
    assert made.translate(gone) == text.translate(gone)


LINES = [
    "> " * 90 + "[09:00:00.000] x\n", "1: [09:00:00.000] x\n", "> 1: > 2: > [09:00:00.000] Done  \n",
    "[09:00:00.000] Done  \n", f"[09:00:00.000]{NBSP}a{NBSP} b\n", ">", "1", " ", NBSP, ">\n", "\n", " \n", "\r", "\r\r\n",
    "[09:00:00.000] Failed to fetch build - \n",
]  # fmt: skip
BEFORE = ["", "> [09:00:00.000] Done \n", "1 [09:00:00.000] Done \n", f"[09:00:00.000]{NBSP}a  \n"]
#: A second a megabyte, on a machine that others use as well.
SIZE, CAP_S = 80_000, 0.4


@pytest.mark.untraced
@pytest.mark.parametrize("before", quick([""], BEFORE))
def test_time_is_linear(before: str) -> None:
    assert_linear(*(Case(repr(line), filled(line, before, "x"), restored, SIZE, CAP_S) for line in LINES))


def test_a_label_twice_does_not_make_a_job_s_page() -> None:
    with pytest.raises(InputError, match="no scheduler log"):
        lp.parse("1: State: on\n2: State: off\n")
