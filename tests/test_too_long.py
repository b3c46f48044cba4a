"""No more than a million characters of one invocation's log are read: the engine keeps 200,000 bytes."""

from __future__ import annotations

import html

import pytest
from engine_logs import LOGS, Log, read
from pages import Parts, text_page
from sequences import ERROR, RETRIED, Q, check, launched, request, start, text
from written import ONE

import logparse as lp
from logparse.engine.entries import MAX_LOG

LAUNCH = text([Q, start(1000, 1)])
FAILED = text([Q, start(1000, 1), *request(1000)]) + f"[10:00:02.000] {ERROR}"
UNKNOWN = "[10:00:02.000] Something\n"
#: As many as make a log too long.
MANY = UNKNOWN * (MAX_LOG // len(UNKNOWN) + 1)
OTHER = ONE["gitiles fails"]
LOGS_TOO_LONG = {
    "one line": f"{LAUNCH}[10:00:02.000] {'x' * MAX_LOG}\n",
    "one error": FAILED + "y\n" * (MAX_LOG // 2) + text([f"2000 {RETRIED}"]),
    "many forged lines in an error": f"{FAILED}\n{MANY}" + text([f"2000 {RETRIED}"]),
    "many entries": LAUNCH + MANY,
    "many checks": text([Q, start(1000, 1), *launched(1000)])
    + "".join(text(check(61_300 + n * 60_000, 4 + n)) for n in range(4_300)),
    "after the finish": text(OTHER[0]) + MANY,
}


def is_too_long(found: lp.Invocation) -> list[int | None]:
    """Return the lines of the finding."""
    return [f.line for f in found.findings if f.code == "log-too-long"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name.startswith("many") else [])
        for name in LOGS_TOO_LONG
    ],
)
def test_reading_stops_at_the_limit(name: str) -> None:
    log = LOGS_TOO_LONG[name]
    assert len(log) > MAX_LOG
    found = lp.parse(log)
    assert is_too_long(found) == [found.events[-1].line]
    clocks = sum(len("[10:00:00.000] \n") for e in found.events)
    kept = sum(len(e.text) for e in found.events) + clocks
    assert MAX_LOG - 100 < kept <= MAX_LOG + 100


@pytest.mark.slow
def test_what_was_read_keeps_its_meaning() -> None:
    found = lp.parse(LOGS_TOO_LONG["after the finish"])
    assert (found.status, found.attempt_count, len(found.events)) == ("SUCCEEDED", 2, len(OTHER[0]))
    assert found.suspicious == len(found.events[-1].suspicious) > MAX_LOG // len(UNKNOWN) - 50
    assert lp.parse(LOGS_TOO_LONG["many checks"]).status == "RUNNING"
    assert lp.parse(LOGS_TOO_LONG["one line"]).attempt_count == 1


def test_a_log_of_just_that_size_is_not_too_long() -> None:
    log = f"{LAUNCH}[10:00:02.000] "
    log += "x" * (MAX_LOG - len(log) - 1) + "\n"
    assert is_too_long(lp.parse(log)) == []
    assert is_too_long(lp.parse(log.replace("xx", "xxx", 1))) == [3]


@pytest.mark.slow
def test_other_logs_of_the_text_count_for_themselves() -> None:
    later = text(OTHER[0], 5_000_000)
    for log in (LAUNCH + MANY + later, later + LAUNCH + MANY):
        found = list(lp.parse_many(log))
        assert sorted(bool(is_too_long(record)) for record in found) == [False, True]
        (other,) = [record for record in found if not is_too_long(record)]
        assert (other.status, len(other.events), other.suspicious) == ("SUCCEEDED", len(OTHER[0]), 0)
    # The sizes do not add up.
    most = FAILED + "y\n" * (MAX_LOG // 2 - 1_000) + text([f"2000 {RETRIED}"])
    assert [is_too_long(record) for record in lp.parse_many(later + most)] == [[], []]
    assert [is_too_long(record) for record in lp.parse_many(later + most + later)] == [[], [], []]


@pytest.mark.slow
@pytest.mark.parametrize("first", [False, True])
def test_of_two_pages_one_is_too_long(first: bool) -> None:
    log = read("v1-2020-11/noop_1234ms.1")
    whole, _ = text_page(log, Parts())
    long, _ = text_page(Log("", "", (), log.truth, LAUNCH + MANY), Parts())
    found = list(lp.parse_many(f"{long}\n{whole}" if first else f"{whole}\n{long}"))
    assert [bool(is_too_long(record)) for record in found] == [first, not first]
    assert [len(record.events) for record in found if not is_too_long(record)] == [len(log.pieces)]


def test_a_saved_page_is_too_long() -> None:
    name = "v1-2020-11/success_html_user"
    page = (LOGS / f"{name}.html").read_text(encoding="utf-8")
    begin = page.rindex("<pre>") + len("<pre>")
    end = page.index("</pre>", begin)
    found = lp.parse(page[:begin] + html.escape(LAUNCH + MANY) + page[end:])
    assert is_too_long(found) == [found.events[-1].line]
    assert found.status == lp.parse(page).status
