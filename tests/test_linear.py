"""Reading takes time in proportion to the input, whatever the input: no text makes it slow."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import time
from collections.abc import Callable

import pytest
from linear import Case, assert_linear, fault, parameters, repeated, table
from quick import quick

from logparse import grammar, reading, sources
from logparse.columns import TABLES
from logparse.errors import InputError
from logparse.language import scanner
from logparse.language.syntax import Engine
from logparse.output.writers import WRITERS
from logparse.records import Invocation
from logparse.tables.rows import Records, batches

# Tracing lines takes ten times as long as running them.
pytestmark = pytest.mark.untraced

ROW_TABLES = ("invocations", "events", "polls", "attempts", "builds", "steps", "triggers", "unrecognized")

QUEUED = "New invocation is queued and will start shortly\n"
LAUNCH = f"[00:00:00.000] {QUEUED}[00:00:00.001] Starting the invocation (attempt 1)\n"
PAGE = "Status: FAILED\nTriggered by: x\n"
LOG = f"\nDebug log (UTC)\n{LAUNCH}"
CUT = "--- the log has been cut here ---\n"
FAILED = "Failed to fetch build - rpc error\n"
RESPONSE = "[00:00:01.000] Finished with overall status FAILED in 1s\n[00:00:01.000] 500 Error\n"
TIMER = 'Handling timer "check-build" (a/b:9028843112359765808:{0}:0)\n'

Make = Callable[[int], str]


def clock(ms: int) -> str:
    minutes, ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"[{hours % 24:02d}:{minutes:02d}:{ms // 1000:02d}.{ms % 1000:03d}] "


def entries(*texts: str, start: str = LAUNCH, end: str = "") -> Make:
    """Return a log of as many entries as asked for, the texts in turn, ``{0}`` being their number."""
    return lambda size: (
        start + "".join(clock(i) + texts[i % len(texts)].replace("{0}", str(i)) for i in range(size)) + end
    )


def read(text: str, engine: Engine = scanner) -> None:
    """Read a text; one that holds no log has been read as well."""
    with contextlib.suppress(InputError):
        reading.read_source(sources.from_text(text), engine=engine)


def read_by_grammar(text: str) -> None:
    read(text, grammar)


# --- the measure itself -----------------------------------------------------------------------


def burn(s: float) -> None:
    """Work for so long. Sleep would not do, since it is the processor's time that is measured."""
    end = time.process_time() + s
    while time.process_time() < end:
        pass


def pairs_of_equal_letters(text: str) -> int:
    """Compare each letter with each other one: quadratic time."""
    return sum(text.count(letter) for letter in text)


def test_quadratic_time_is_found() -> None:
    quadratic = Case("pairs", repeated("ab"), pairs_of_equal_letters, 6_000)
    with pytest.raises(AssertionError, match=r"more than linear time:\npairs: "):
        assert_linear(Case("linear", repeated("a"), str.upper, 6_000), quadratic)


def test_quadratic_time_besides_linear_time_is_found() -> None:
    """At the large size the quadratic part takes three times as long as the linear one, at the small one a fifth."""
    mixed = Case("mixed", repeated("a"), lambda text: burn(2e-5 * len(text) + 6e-8 * len(text) ** 2), 1_000)
    assert str(fault(mixed)).startswith("mixed: 0.00")


def test_linear_time_passes() -> None:
    assert fault(Case("quick", repeated("a"), str.upper, 8_000)) is None
    assert fault(Case("exact", repeated("a"), lambda text: burn(len(text) * 1e-4), 1_600)) is None


def test_what_is_slow_at_the_small_size_is_not_measured_at_the_large_one() -> None:
    sizes: list[int] = []

    def run(text: str) -> None:
        sizes.append(len(text))
        burn(0.02)

    assert str(fault(Case("slow", repeated("a"), run, 160, cap_s=0.01))).startswith("slow: 0.02")
    assert sizes == [10, 10]


# --- the log ----------------------------------------------------------------------------------

#: Sizes are such that quadratic time is far above the floor.
LOGS: dict[str, tuple[int, Make]] = {
    "timers": (8_000, entries(TIMER)),
    "timers of other invocations": (8_000, entries('Handling timer "t" (a/b:{0}:1:1)\n')),
    "attempts": (8_000, entries("Starting the invocation (attempt {0})\n")),
    "retries": (
        1_000,
        entries(FAILED, "The invocation will be retried\n", "Starting the invocation (attempt 2)\n"),
    ),
    "failures": (1_200, entries(FAILED)),
    "failures with long texts": (600, entries(FAILED + "x" * 5_000 + "\n")),
    "unknown entries": (4_000, entries("Something else\n")),
    "forged lines behind a failure": (
        4_000,
        entries("Something\n", start=f"{LAUNCH}[00:00:01.000] {FAILED}"),
    ),
    "forged attempts behind a failure": (
        1_200,
        entries("Starting the invocation (attempt 1)\n", start=f"{LAUNCH}[00:00:01.000] {FAILED}"),
    ),
    "forged lines in a body": (
        2_000,
        entries("Something\n", start=f"{LAUNCH}{RESPONSE}Content-Length: 4000\n\n"),
    ),
    "forged lines in a body's head": (
        2_000,
        entries("Something\n", start=f"{LAUNCH}{RESPONSE}Content-Length: 4000\n"),
    ),
    "responses": (400, repeated(f"{RESPONSE}Content-Length: 4000\n\n", LAUNCH)),
    "responses without a body": (400, repeated(f"{RESPONSE}Content-Length: 4000\n", LAUNCH)),
    "cuts": (32_000, repeated(CUT, LAUNCH)),
    "cuts between entries": (12_000, entries(TIMER + CUT)),
    "cuts in a lost week": (
        16_000,
        entries(
            TIMER + CUT, start=CUT, end="[23:00:00.000] Invocation finished in 9999h with status FAILED\n"
        ),
    ),
    "queued": (8_000, entries(QUEUED)),
    "queued behind a failure": (4_000, entries(QUEUED, start=f"{LAUNCH}[00:00:01.000] {FAILED}")),
    "queued behind failures": (800, entries(FAILED, QUEUED)),
    "invocations": (2_000, entries(QUEUED, "Invocation finished in 0s with status FAILED\n")),
    "finishes that do not agree": (8_000, entries("Invocation finished in 9h with status FAILED\n")),
    "entries behind the finish": (
        4_000,
        entries(
            "Something\n", start=f"{LAUNCH}[00:00:01.000] Invocation finished in 1s with status FAILED\n"
        ),
    ),
    "checks": (4_000, entries(TIMER, "Build status: STARTED\n")),
    "triggers": (8_000, entries("Emitting a trigger https://a/+/refs/b@abcdef0\n")),
    "a trigger of slashes": (8_000, repeated("/+/", f"{LAUNCH}[00:00:01.000] Emitting a trigger https://a")),
    "a trigger of slashes and ats": (
        4_000,
        repeated("/+/@abcdef0", f"{LAUNCH}[00:00:01.000] Emitting a trigger https://a"),
    ),
    "triage lines": (8_000, lambda size: "".join(f"[{i + 100} ms] Starting\n" for i in range(size))),
    "triage lines without a clock": (16_000, repeated("a\n", "Debug output from the triage procedure:\n")),
    "triage rulers": (16_000, repeated("-" * 19 + "\n", "Debug output from the triage procedure:\n")),
    "indented entries": (
        4_000,
        lambda size: "".join(f"    {clock(i)}Running noop task\n" for i in range(size)),
    ),
    "carriage returns": (
        2_000,
        lambda size: "".join(f"{clock(i)}Running noop task\r\n" for i in range(size)),
    ),
}


#: Those that take longest.
SLOW_LOGS = {
    "cuts in a lost week",
    "cuts between entries",
    "cuts",
    "forged lines in a body",
    "forged lines in a body's head",
    "forged lines behind a failure",
    "queued",
    "timers",
    "timers of other invocations",
    "triggers",
    "attempts",
    "responses",
    "responses without a body",
    "retries",
    "triage lines without a clock",
    "triage rulers",
    "checks",
    "finishes that do not agree",
}


@pytest.mark.parametrize("case", parameters(table(LOGS, read), SLOW_LOGS))
def test_logs(case: Case) -> None:
    assert_linear(case)


# --- pages ------------------------------------------------------------------------------------

PAGES: dict[str, tuple[int, Make]] = {
    "headers": (16_000, repeated(PAGE)),
    "headers behind a failure": (16_000, repeated(PAGE, f"{LAUNCH}[00:00:01.000] {FAILED}")),
    "pages": (1_000, repeated(PAGE + LAUNCH)),
    "pages that end in failures": (240, repeated(f"{PAGE}{LAUNCH}[00:00:01.000] {FAILED}")),
    "header fields on one line": (16_000, repeated("Status: a Triggered by: b ", end=LOG)),
    "header fields over two lines": (24_000, repeated("Status:\na\nTriggered by:\nb\n", end=LOG)),
    "header fields without values": (16_000, repeated("Status:" + "\n" * 10, end=LOG)),
    "blank lines behind a header field": (40_000, repeated("\n", "Status:", LOG)),
    "breadcrumbs": (16_000, repeated("All projects / a / b / 123456789012345678\n", end=LOG)),
    "breadcrumbs that go on": (16_000, repeated("All projects" + "\n" * 8, end=LOG)),
    "sections": (16_000, repeated("Definition\nx\n", PAGE, LOG)),
    "log headings": (16_000, repeated("Debug log (UTC)\n", end=LAUNCH)),
    "triggers": (8_000, repeated("  • a <b> (1 day ago)\n", f"{PAGE}Incoming triggers\n", LOG)),
    "ages": (8_000, repeated(" (1 day ago)", f"{PAGE}Incoming triggers\n a", LOG)),
    "ages that do not end": (16_000, repeated(" (a", f"{PAGE}Incoming triggers\n a", LOG)),
    "senders that do not end": (16_000, repeated(" (now by", f"{PAGE}Incoming triggers\n a", LOG)),
    "fields of a definition": (4_000, repeated("a: 1\n", f"{PAGE}Definition\n", LOG)),
    "a broken definition": (1_200, repeated("a: 1\n", f"{PAGE}Definition\n", f"!\n{LOG}")),
    "strings of a definition": (4_000, repeated("'a' ", f"{PAGE}Definition\na: ", LOG)),
    "nested definitions": (16_000, repeated("a{", f"{PAGE}Definition\n", LOG)),
    "nested properties": (16_000, repeated('{"a":', f"{PAGE}Incoming properties\n", LOG)),
    "html pages": (
        400,
        repeated(
            f"<!doctype html><title>LUCI Scheduler</title><h4>Debug log (UTC)</h4><pre>{LAUNCH}</pre></html>"
        ),
    ),
    "html buttons": (16_000, repeated("<button>", "<!doctype html><title>LUCI Scheduler</title>")),
}


@pytest.mark.parametrize("case", parameters(table(PAGES, read), ["a broken definition", "pages"]))
def test_pages(case: Case) -> None:
    assert_linear(case)


#: Where a run of something can stand.
PLACES = {
    "an entry": f"{LAUNCH}[00:00:01.000] {{0}}\n[00:00:01.000] Something\n",
    "a timer": f'{LAUNCH}[00:00:01.000] Scheduling timer "a{{0}}\n',
    "unresolved refs": f"{LAUNCH}[00:00:01.000] The following configured refs didn't match a single actual ref: {{0}}\n",
    "a request": f"{LAUNCH}[00:00:01.000] Buildbucket request:\n{{0}}\n",
    "a triage error": "[001 ms] Error: {0}\n",
    "the header": f"Status: {{0}}\nTriggered by: {{0}}{LOG}",
    "the breadcrumb": f"All projects / a{{0}}{LOG}",
    "a trigger": f"{PAGE}Incoming triggers\n a{{0}}a{LOG}",
    "a tag": f"{PAGE}Incoming tags\n a{{0}}a{LOG}",
    "a definition": f"{PAGE}Definition\n a: {{0}}{LOG}",
    "the properties": f"{PAGE}Incoming properties\n{{0}}{LOG}",
    "what is before the log": f"{{0}}a{LOG}",
    "an html page": f"<!doctype html><title>LUCI Scheduler</title>{{0}}<h4>Debug log (UTC)</h4><pre>{LAUNCH}</pre>",
    "an html page's log": f"<!doctype html><title>LUCI Scheduler</title><h4>Debug log (UTC)</h4><pre>{LAUNCH}{{0}}",
}
RUNS = {
    "spaces": " ",
    "tabs": "\t",
    "lines": "\n",
    "blank lines": " \n",
    "quotes": '"',
    "escaped quotes": '\\"',
    "backslashes": "\\",
    "brackets": "[",
    "braces": "{",
    "angles": "<",
    "parentheses": " (",
    "ages": " (a ago",
    "digits": "1",
    "letters": "a",
    "slashes": "/",
    "colons": ":",
    "references": "&lt;",
}


def long_run(place: str, run: str) -> Case:
    return Case(f"{run} in {place}", lambda n: PLACES[place].replace("{0}", RUNS[run] * n), read, 20_000)


@pytest.mark.parametrize("place", quick(["a tag", "an entry"], PLACES))
def test_long_runs(place: str) -> None:
    assert_linear(*(long_run(place, run) for run in RUNS))


# --- JSON -------------------------------------------------------------------------------------


JSON: dict[str, Make] = {
    "builds": repeated('{"id": "1", "builder": {}}\n'),
    "other objects": repeated("{}"),
    "objects that do not end": repeated('{"id": "1", "builder":'),
    "nested lists": repeated("[", '{"id": "1", "builder": {}, "a":'),
    "digits": repeated("1", '{"builder": {}, "id": ', "}"),
    "the same key": repeated('"a": 1, ', '{"builder": {}, ', '"id": "1"}'),
    "half surrogate pairs": repeated(r"\ud800", '{"builder": {}, "id": "', '"}'),
    "broken objects": repeated('{"id": }\n'),
    "broken objects of many lines": repeated('  {\n    "id": ,\n    "builder": {\n    }\n  },\n', "[\n"),
    "broken objects in one line": repeated('{"id": },', "["),
    "objects that lost a brace": repeated('{"id": "1", "builder": {},', "["),
    "lines that lost a brace": repeated('{"id": "1", "builder": [\n'),
    "objects that go on": repeated('{"a": 1}"b": 1 ', '{"id": }\n'),
    "objects that go on over lines": repeated('{\n"a": 1}:\n', '{"id": }\n'),
    "closing brackets": repeated("}", '{"id": }\n{"a": 1'),
    "lost quotes": repeated('{"id": "1, ', "["),
    "lines that are not JSON": repeated("x\n", '{"id": "1", "builder": {}}\n'),
    "wrappers": repeated('{"builds": ['),
    "members of a wrapper": repeated('"a": "b", ', '{"builds": [], ', '"c": 1}'),
    "pages": repeated('{"builds": [{}], "nextPageToken": "x"}\n'),
    "blanks": repeated(" ", '{"id": }\n{"id": "1"} ', "}"),
    "dimensions": lambda size: json.dumps(
        {"id": "1", "builder": {}, "created_ts": "1", "tags": ["swarming_dimension:1:a:b"] * size}
    ),
    "steps": lambda size: json.dumps({"id": "1", "builder": {}, "steps": [{"name": "a|b"}] * size}),
    "tags": lambda size: json.dumps({"id": "1", "builder": {}, "tags": [{"key": "a", "value": "b"}] * size}),
}


@pytest.mark.parametrize("case", parameters(Case(name, make, read, 8_000) for name, make in JSON.items()))
def test_builds(case: Case) -> None:
    assert_linear(case)


# --- the grammar, and tables ------------------------------------------------------------------


BY_GRAMMAR = {
    "logs": (LOGS, ("timers", "cuts", "triage lines", "triage lines without a clock", "triggers")),
    "pages": (PAGES, ("headers", "sections", "triggers", "fields of a definition", "ages")),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BY_GRAMMAR)
def test_reading_by_the_grammar(kind: str) -> None:
    makers, names = BY_GRAMMAR[kind]
    assert_linear(*(Case(name, makers[name][1], read_by_grammar, 400) for name in names))


def made_records(size: int) -> Records:
    texts = ("Something\n", TIMER, "Build status: STARTED\n", "Starting the invocation (attempt {0})\n")
    made = reading.read_source(sources.from_text(entries(*texts)(size)))
    return Records(invocations=[r for r in made if isinstance(r, Invocation)])


def write_tables(records: Records) -> None:
    for writer, name in itertools.product(WRITERS, ROW_TABLES):
        WRITERS[writer](batches(records, name), TABLES[name], io.StringIO())


def test_tables() -> None:
    assert_linear(Case("tables", made_records, write_tables, 1_000))
