"""Which blocks are entries, by logs written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from entry_lists import entries, log
from stage import LOGS

from logparse.engine.entries import Entry, split_invocations
from logparse.language import scanner
from logparse.values.clock import format_clock


def kinds(text: str) -> list[list[str | None]]:
    return [[e.kind for e in found] for found in entries(text)]


QUEUED = "10:00:00.000 New invocation is queued and will start shortly"
STARTED = "10:00:01.000 Starting the invocation (attempt 1)"
REQUEST_FAILED = "10:00:02.000 Failed to schedule Buildbucket build - rpc error"
RETRIED = "10:00:02.000 The invocation will be retried"
SECOND = "10:00:07.000 Starting the invocation (attempt 2)"
FAILED_2S = "10:00:02.000 Invocation finished in 2s with status FAILED"


def test_no_blocks_no_entries() -> None:
    assert kinds("") == []


def test_an_honest_log_is_read_as_it_stands() -> None:
    assert kinds(log(QUEUED, STARTED, REQUEST_FAILED, RETRIED, SECOND)) == [
        ["invocation_queued", "attempt_started", "build_request_failed", "attempt_retried", "attempt_started"]
    ]
    assert kinds(log(QUEUED, STARTED, REQUEST_FAILED, FAILED_2S)) == [
        ["invocation_queued", "attempt_started", "build_request_failed", "invocation_finished"]
    ]


def test_logs_one_after_another() -> None:
    one = log(QUEUED, STARTED, REQUEST_FAILED, FAILED_2S)
    expected = ["invocation_queued", "attempt_started", "build_request_failed", "invocation_finished"]
    assert kinds(one * 3) == [expected] * 3


def test_logs_one_after_another_that_did_not_finish() -> None:
    assert kinds(log(QUEUED, STARTED) * 2 + log(QUEUED)) == [
        ["invocation_queued", "attempt_started"],
        ["invocation_queued", "attempt_started"],
        ["invocation_queued"],
    ]


def test_daily_fetches_one_after_another_are_many() -> None:
    """Bodies without a length, the clock of every day alike but for some milliseconds."""
    days = "".join(
        log(
            f"03:00:00.{ms:03d} New invocation is queued and will start shortly",
            f"03:00:01.{ms:03d} Starting the invocation (attempt 1)",
            f"03:00:01.{ms:03d} GET https://example.com/cron",
            f"03:00:01.{ms + 90:03d} Finished with overall status SUCCEEDED in 90ms",
            f"03:00:01.{ms + 90:03d} 200 OK\nDate: x\n\nok\n",
            f"03:00:01.{ms + 90:03d} Invocation finished in 1.09s with status SUCCEEDED",
        )
        for ms in (12, 7, 40, 3, 12, 55, 21)
    )
    assert [len(found) for found in entries(days)] == [6] * 7
    assert [len(e.suspicious) for found in entries(days) for e in found] == [0] * 42


def test_an_attempt_1_begins_an_invocation_where_the_one_before_finished() -> None:
    """Before October 2017 no entry said that an invocation was queued."""
    one = log("10:00:01.000 Invocation initiated (attempt 1)", "10:00:02.000 Running noop task") + log(
        "10:00:03.000 Invocation finished in 2s with status SUCCEEDED"
    )
    assert kinds(one * 2) == [["attempt_started", "noop_started", "invocation_finished"]] * 2


def test_only_ignored_timers_follow_the_finish() -> None:
    ignored = '10:00:03.000 Ignoring timer "t" (p/j:9028843112359765808:1:0)...'
    late = "10:00:04.000 Build status: STARTED"
    (found,) = entries(log(QUEUED, STARTED, REQUEST_FAILED, FAILED_2S, ignored, late))
    assert [e.kind for e in found][-2:] == ["invocation_finished", "timer_ignored"]
    assert found[-1].suspicious == [(6, "[10:00:04.000] Build status: STARTED")]


def test_a_damaged_log_is_read_as_it_stands() -> None:
    """Lines are missing: rules are broken, but nothing is quoted, so every entry stays one."""
    text = log(
        QUEUED,
        "10:00:09.000 Starting the invocation (attempt 3)",
        "10:00:10.000 Build status: STARTED",
        '10:05:00.000 Handling timer "t" (p/j:1:1:0)',
        '10:04:00.000 Handling timer "t" (p/j:2:1:0)',
        "10:04:01.000 Starting the invocation (attempt 3)",
        "10:04:02.000 Buildbucket request:\n{}",
        "10:04:03.000 The invocation will be retried",
        "10:04:04.000 what is this",
        "10:04:05.000 Invocation finished in 7h0m0s with status SUCCEEDED",
    )
    (found,) = entries(text)
    assert len(found) == 10
    assert [e.suspicious for e in found] == [[]] * 10


def test_a_lost_retry_line_behind_an_error() -> None:
    topic = '10:00:07.000 Preparing PubSub topic for "https://cr-buildbucket.appspot.com"'
    (found,) = entries(
        log(QUEUED, STARTED, REQUEST_FAILED, SECOND, topic, "10:00:07.100 Buildbucket request:\n{}")
    )
    assert [e.kind for e in found][3:] == ["attempt_started", "topic_requested", "build_requested"]


def test_an_unknown_entry_does_not_swallow_what_is_plausible() -> None:
    custom = "10:00:01.000 custom: launching with mode 1"
    timer = '10:00:01.000 Scheduling timer "one" (p/j:9015206902693344160:1:0) after 1m0s'
    done = "10:00:01.000 Invocation finished in 1s with status SUCCEEDED"
    (found,) = entries(log(QUEUED, STARTED, custom, custom, timer, done))
    assert [e.kind for e in found] == [
        "invocation_queued",
        "attempt_started",
        None,
        None,
        "timer_scheduled",
        "invocation_finished",
    ]


def test_an_unknown_entry_keeps_what_is_not_plausible() -> None:
    custom = "10:00:01.000 custom: output of the task"
    forged = "10:00:01.000 Starting the invocation (attempt 7)"
    done = "10:00:01.000 Invocation finished in 1s with status SUCCEEDED"
    (found,) = entries(log(QUEUED, STARTED, custom, forged, done))
    assert [(e.kind, len(e.suspicious)) for e in found][2:] == [(None, 1), ("invocation_finished", 0)]


def test_a_cut_is_one_in_a_log_that_is_long_enough() -> None:
    head = log(QUEUED, STARTED, "10:00:01.000 Buildbucket request:\n{" + '"x": "y",\n' * 20_000 + "}")
    tail = log('18:00:00.000 Handling timer "t" (p/j:9015206902693344160:400:0)')
    (found,) = entries(
        head + '{"lost":\n--- the log has been cut here ---\n  "tail": "of a body"\n}\n' + tail
    )
    assert [e.kind for e in found][-2:] == ["log_cut", "timer_handled"]
    assert found[-2].text == '--- the log has been cut here ---\n  "tail": "of a body"\n}'


def test_a_true_cut_behind_an_error() -> None:
    """Twenty attempts are lost: the tail fits the error before it in no way."""
    filler = '"x": "y",\n' * 20_000
    text = log(QUEUED, STARTED, f"10:00:01.500 Buildbucket request:\n{{{filler}}}", REQUEST_FAILED)
    text += "<html>half a bo\n--- the log has been cut here ---\ndy</html>\n"
    text += log(
        "13:00:00.000 The invocation will be retried", "13:10:00.000 Starting the invocation (attempt 23)"
    )
    (found,) = entries(text)
    assert [e.kind for e in found][-3:] == ["log_cut", "attempt_retried", "attempt_started"]


def test_a_quoted_marker_in_a_long_log_is_no_cut() -> None:
    filler = '"x": "y",\n' * 20_000
    text = log(QUEUED, STARTED, f"10:00:01.500 Buildbucket request:\n{{{filler}}}", REQUEST_FAILED)
    text += "--- the log has been cut here ---\n" + log(RETRIED, SECOND)
    (found,) = entries(text)
    assert [e.kind for e in found][-3:] == ["build_request_failed", "attempt_retried", "attempt_started"]
    assert len(found[-3].suspicious) == 1


def test_text_without_a_clock_before_the_first_entry() -> None:
    (found,) = entries('  "tail": 1\n}\n' + log('10:00:00.000 Handling timer "t" (p/j:1:1:0)'))
    assert [e.kind for e in found] == ["log_fragment", "timer_handled"]


def test_an_error_of_a_thousand_forged_lines_takes_linear_time() -> None:
    """Readings are kept by what they lead to, so that a hostile body cannot multiply them."""
    import time

    lines = [
        f"10:00:02.{n % 1000:03d} {text}"
        for n in range(1500)
        for text in (f"Starting the invocation (attempt {n})", "Failed to fetch build - x", "unknown")
    ]
    text = log(QUEUED, STARTED, REQUEST_FAILED, *lines, RETRIED, SECOND)
    begun = time.process_time()
    (found,) = entries(text)
    assert time.process_time() - begun < 30
    assert [e.kind for e in found][-3:] == ["build_request_failed", "attempt_retried", "attempt_started"]


def all_entries(found: Iterable[list[Entry]]) -> list[Entry]:
    return [e for entries in found for e in entries]


@pytest.mark.parametrize("path", sorted(LOGS.glob("*/*.log")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_line_is_lost(path: Path) -> None:
    """The entries' texts, with their clocks, are the log again."""
    page = scanner.parse_page(path.read_text(encoding="utf-8"))
    found = all_entries(split_invocations(page.blocks, scanner.match))
    raw = [
        f"[{format_clock(e.clock_ms)}] {e.text}"
        for e in found
        if e.shape == "entry" and e.clock_ms is not None
    ]
    blocks = "\n".join(
        f"[{format_clock(b.clock_ms)}] {b.text}" if b.shape == "entry" and b.clock_ms is not None else b.text
        for b in page.blocks
        if b.shape != "triage"
    )
    cuts = [e.text for e in found if e.shape in ("cut", "text")]
    assert sorted("\n".join(raw + cuts).split("\n")) == sorted(blocks.split("\n"))
