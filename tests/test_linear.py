"""Reading takes time in proportion to the input, whatever the input: no text makes it slow.

Each case is read at two sizes, one four times the other. What is linear takes four times as long, what
is quadratic sixteen times. Processor time is measured, not the clock's, and the best of some tries counts.
"""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import json
import time
from collections.abc import Callable

import pytest

from logparse import grammar, reading, scanner, sources
from logparse.columns import TABLES
from logparse.errors import InputError
from logparse.output.writers import WRITERS
from logparse.records import Invocation
from logparse.syntax import Engine
from logparse.tables import Records, rows

# Tracing lines takes ten times as long as running them.
pytestmark = pytest.mark.no_cover

GROWTH = 4
SLACK = 2.5
#: Below this nothing is measured but noise.
FLOOR_S = 0.02
CAP_S = 10.0
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


def repeated(text: str, start: str = "", end: str = "") -> Make:
    return lambda size: start + text * size + end


def seconds(text: str, engine: Engine = scanner) -> float:
    """Return the processor time of reading a text; one that holds no log has been read as well."""
    source = sources.from_text(text)
    gc.collect()
    gc.disable()
    try:
        before = time.process_time()
        with contextlib.suppress(InputError):
            reading.read_source(source, engine=engine)
        return time.process_time() - before
    finally:
        gc.enable()


def assert_linear(measure: Callable[[int], float], size: int) -> None:
    for last in (False, False, True):
        small, large = measure(size), measure(GROWTH * size)
        if large <= SLACK * GROWTH * max(small, FLOOR_S / SLACK):
            break
        if last:
            pytest.fail(f"{small:.3f} s at {size}, but {large:.3f} s at {GROWTH * size}")
    assert large < CAP_S


# --- the log ----------------------------------------------------------------------------------

#: Sizes are such that quadratic time is far above the floor.
LOGS: dict[str, tuple[int, Make]] = {
    "timers": (2_000, entries(TIMER)),
    "timers of other invocations": (2_000, entries('Handling timer "t" (a/b:{0}:1:1)\n')),
    "attempts": (2_000, entries("Starting the invocation (attempt {0})\n")),
    "retries": (
        250,
        entries(FAILED, "The invocation will be retried\n", "Starting the invocation (attempt 2)\n"),
    ),
    "failures": (300, entries(FAILED)),
    "failures with long texts": (150, entries(FAILED + "x" * 5_000 + "\n")),
    "unknown entries": (1_000, entries("Something else\n")),
    "forged lines behind a failure": (
        1_000,
        entries("Something\n", start=f"{LAUNCH}[00:00:01.000] {FAILED}"),
    ),
    "forged attempts behind a failure": (
        300,
        entries("Starting the invocation (attempt 1)\n", start=f"{LAUNCH}[00:00:01.000] {FAILED}"),
    ),
    "forged lines in a body": (
        500,
        entries("Something\n", start=f"{LAUNCH}{RESPONSE}Content-Length: 4000\n\n"),
    ),
    "forged lines in a body's head": (
        500,
        entries("Something\n", start=f"{LAUNCH}{RESPONSE}Content-Length: 4000\n"),
    ),
    "responses": (100, repeated(f"{RESPONSE}Content-Length: 4000\n\n", LAUNCH)),
    "responses without a body": (100, repeated(f"{RESPONSE}Content-Length: 4000\n", LAUNCH)),
    "cuts": (8_000, repeated(CUT, LAUNCH)),
    "cuts between entries": (3_000, entries(TIMER + CUT)),
    "cuts in a lost week": (
        4_000,
        entries(
            TIMER + CUT, start=CUT, end="[23:00:00.000] Invocation finished in 9999h with status FAILED\n"
        ),
    ),
    "queued": (2_000, entries(QUEUED)),
    "queued behind a failure": (1_000, entries(QUEUED, start=f"{LAUNCH}[00:00:01.000] {FAILED}")),
    "queued behind failures": (200, entries(FAILED, QUEUED)),
    "invocations": (500, entries(QUEUED, "Invocation finished in 0s with status FAILED\n")),
    "finishes that do not agree": (2_000, entries("Invocation finished in 9h with status FAILED\n")),
    "entries behind the finish": (
        1_000,
        entries(
            "Something\n", start=f"{LAUNCH}[00:00:01.000] Invocation finished in 1s with status FAILED\n"
        ),
    ),
    "checks": (1_000, entries(TIMER, "Build status: STARTED\n")),
    "triggers": (2_000, entries("Emitting a trigger https://a/+/refs/b@abcdef0\n")),
    "a trigger of slashes": (2_000, repeated("/+/", f"{LAUNCH}[00:00:01.000] Emitting a trigger https://a")),
    "a trigger of slashes and ats": (
        1_000,
        repeated("/+/@abcdef0", f"{LAUNCH}[00:00:01.000] Emitting a trigger https://a"),
    ),
    "triage lines": (2_000, lambda size: "".join(f"[{i + 100} ms] Starting\n" for i in range(size))),
    "triage lines without a clock": (4_000, repeated("a\n", "Debug output from the triage procedure:\n")),
    "triage rulers": (4_000, repeated("-" * 19 + "\n", "Debug output from the triage procedure:\n")),
    "indented entries": (
        1_000,
        lambda size: "".join(f"    {clock(i)}Running noop task\n" for i in range(size)),
    ),
    "carriage returns": (500, lambda size: "".join(f"{clock(i)}Running noop task\r\n" for i in range(size))),
}


@pytest.mark.parametrize("name", LOGS)
def test_logs(name: str) -> None:
    size, make = LOGS[name]
    assert_linear(lambda n: seconds(make(n)), size)


# --- pages ------------------------------------------------------------------------------------

PAGES: dict[str, tuple[int, Make]] = {
    "headers": (4_000, repeated(PAGE)),
    "headers behind a failure": (4_000, repeated(PAGE, f"{LAUNCH}[00:00:01.000] {FAILED}")),
    "pages": (250, repeated(PAGE + LAUNCH)),
    "pages that end in failures": (60, repeated(f"{PAGE}{LAUNCH}[00:00:01.000] {FAILED}")),
    "header fields on one line": (4_000, repeated("Status: a Triggered by: b ", end=LOG)),
    "header fields over two lines": (6_000, repeated("Status:\na\nTriggered by:\nb\n", end=LOG)),
    "header fields without values": (4_000, repeated("Status:" + "\n" * 10, end=LOG)),
    "blank lines behind a header field": (10_000, repeated("\n", "Status:", LOG)),
    "breadcrumbs": (4_000, repeated("All projects / a / b / 123456789012345678\n", end=LOG)),
    "breadcrumbs that go on": (4_000, repeated("All projects" + "\n" * 8, end=LOG)),
    "sections": (4_000, repeated("Definition\nx\n", PAGE, LOG)),
    "log headings": (4_000, repeated("Debug log (UTC)\n", end=LAUNCH)),
    "triggers": (2_000, repeated("  • a <b> (1 day ago)\n", f"{PAGE}Incoming triggers\n", LOG)),
    "ages": (2_000, repeated(" (1 day ago)", f"{PAGE}Incoming triggers\n a", LOG)),
    "ages that do not end": (4_000, repeated(" (a", f"{PAGE}Incoming triggers\n a", LOG)),
    "senders that do not end": (4_000, repeated(" (now by", f"{PAGE}Incoming triggers\n a", LOG)),
    "fields of a definition": (1_000, repeated("a: 1\n", f"{PAGE}Definition\n", LOG)),
    "a broken definition": (300, repeated("a: 1\n", f"{PAGE}Definition\n", f"!\n{LOG}")),
    "strings of a definition": (1_000, repeated("'a' ", f"{PAGE}Definition\na: ", LOG)),
    "nested definitions": (4_000, repeated("a{", f"{PAGE}Definition\n", LOG)),
    "nested properties": (4_000, repeated('{"a":', f"{PAGE}Incoming properties\n", LOG)),
    "html pages": (
        100,
        repeated(
            f"<!doctype html><title>LUCI Scheduler</title><h4>Debug log (UTC)</h4><pre>{LAUNCH}</pre></html>"
        ),
    ),
    "html buttons": (4_000, repeated("<button>", "<!doctype html><title>LUCI Scheduler</title>")),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages(name: str) -> None:
    size, make = PAGES[name]
    assert_linear(lambda n: seconds(make(n)), size)


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


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("run", RUNS)
def test_long_runs(place: str, run: str) -> None:
    assert_linear(lambda n: seconds(PLACES[place].replace("{0}", RUNS[run] * n)), 5_000)


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


@pytest.mark.parametrize("name", JSON)
def test_builds(name: str) -> None:
    assert_linear(lambda n: seconds(JSON[name](n)), 2_000)


# --- the grammar, and tables ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["timers", "cuts", "triage lines", "triage lines without a clock", "triggers"]
)
def test_logs_by_the_grammar(name: str) -> None:
    assert_linear(lambda n: seconds(LOGS[name][1](n), grammar), 100)


@pytest.mark.parametrize("name", ["headers", "sections", "triggers", "fields of a definition", "ages"])
def test_pages_by_the_grammar(name: str) -> None:
    assert_linear(lambda n: seconds(PAGES[name][1](n), grammar), 100)


def test_tables() -> None:
    def measure(size: int) -> float:
        texts = ("Something\n", TIMER, "Build status: STARTED\n", "Starting the invocation (attempt {0})\n")
        made = reading.read_source(sources.from_text(entries(*texts)(size)))
        records = Records(invocations=[r for r in made if isinstance(r, Invocation)])
        gc.collect()
        before = time.process_time()
        for writer, table in itertools.product(WRITERS, ROW_TABLES):
            WRITERS[writer](rows(records, table), TABLES[table], io.StringIO())
        return time.process_time() - before

    assert_linear(measure, 250)
