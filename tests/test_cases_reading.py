"""Small logs whose right reading was worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

import logparse as lp

CASES = Path(__file__).parent / "data" / "cases"


def parsed(name: str) -> lp.Invocation:
    return lp.parse(CASES / name)


def codes(record: lp.Invocation) -> set[str]:
    return {finding.code for finding in record.findings}


def test_the_engine_skips_an_attempts_number() -> None:
    """An execution that failed before it could save its first entry takes a number without a trace."""
    found = parsed("attempt_number_skips.log")
    assert (found.status, found.attempt_count, found.duration_s) == ("FAILED", 3, 9)
    assert [e.kind for e in found.events] == [
        "invocation_queued",
        "attempt_started",
        "build_request_failed",
        "attempt_retried",
        "attempt_started",
        "build_request_failed",
        "invocation_finished",
    ]
    assert [a.attempt for a in found.attempts] == [1, 3]
    assert found.suspicious == 0
    assert codes(found) <= {"attempt-skipped", "no-date"}


def test_after_a_cut_the_next_attempt_has_any_number() -> None:
    """25 attempts are in front of the cut, the end of another and two more after it."""
    found = parsed("attempts_behind_cut.log")
    assert (found.status, found.attempt_count, found.truncated) == ("FAILED", 50, True)
    assert found.duration_s == 4 * 3600 + 30 * 60 + 1
    assert (found.poll_count, found.suspicious) == (None, 0)
    lines = (CASES / "attempts_behind_cut.log").read_text(encoding="utf-8").split("\n")
    assert [c.line for c in found.cuts] == [lines.index("--- the log has been cut here ---") + 1]
    assert sum(e.clock is not None for e in found.events) == sum(line.startswith("[1") for line in lines)
    assert {a.attempt for a in found.attempts} - {None} == {*range(1, 26), 49, 50}
    assert codes(found) <= {"log-cut", "no-date"}


def test_fifty_failures_and_a_finish_off_by_1_ms() -> None:
    """Each of 50 attempts has a start, a failure and, but for the last, a retry; the duration is rounded up."""
    found = parsed("fifty_failures_finish_off_by_1ms.log")
    assert (found.status, found.attempt_count, found.duration_s) == ("FAILED", 50, 2941.001)
    assert len(found.events) == 1 + 50 * 3 - 1 + 1
    assert found.suspicious == 0
    assert codes(found) <= {"no-date"}


@pytest.mark.parametrize("ms", [0, -7, 3_000, 3, 4 * 3_600_000])
def test_a_notification_while_retrying_ends_the_invocation(ms: int) -> None:
    """The retry is logged at 10:00:32.000, the notification so much later."""
    text = (CASES / "notification_while_retrying.log").read_text(encoding="utf-8")
    hours, rest = divmod(32_000 + ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    clock = f"{10 + hours}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
    duration = f"{hours}h{minutes}m{rest / 1000:.9g}s"
    text = text.replace("10:00:35.000", clock).replace("in 35s", f"in {duration}")
    found = lp.parse(text)
    assert (found.status, found.attempt_count, found.duration_s) == ("FAILED", 1, (32_000 + ms) / 1000)
    assert [(e.kind, e.clock) for e in found.events[5:]] == [
        ("attempt_retried", "10:00:32.000"),
        ("notification_received", clock),
        ("notification_fatal", clock),
        ("invocation_finished", clock),
    ]
    assert (len(found.events), found.suspicious) == (9, 0)
    assert [(p.source, p.answered) for p in found.polls] == [("pubsub", False)]
    assert (found.poll_count, found.notification_count) == (0, 0)
    assert codes(found) <= {"no-date", "reading-ambiguous"}


def test_an_unknown_entry_quotes_an_attempt() -> None:
    """The second attempt would start a second before the launch that follows it, in one process."""
    found = parsed("unknown_entry_quotes_attempt.log")
    assert (found.status, found.duration_s) == ("SUCCEEDED", 2)
    assert found.attempt_count == 1
    assert [e.line for e in found.events] == [1, 2, 3, 6, 7]
    assert [line for line, _ in found.events[2].suspicious] == [4, 5]
    assert "unrecognized" in codes(found)


def test_a_triggers_title_looks_like_an_entry() -> None:
    """It is in the section of the incoming triggers, before the heading of the log."""
    found = parsed("trigger_title_as_entry.txt")
    assert (found.status, found.duration_s, found.attempt_count) == ("SUCCEEDED", 2, 1)
    assert [e.line for e in found.events] == [16, 17, 18, 19]
    assert found.triggered_by is None
    assert found.task_kind == "noop"
