"""Attempts, ends and trimmed logs, replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from walked import DAY, INVOCATION, at, attempt, log

import logparse as lp

MARKER = "--- the log has been cut here ---\n"


# --- retries and ends --------------------------------------------------------------------------


def test_attempts() -> None:
    found = lp.parse(
        log(
            "10:00:00.000 New invocation is queued and will start shortly",
            *attempt(1, "10:00:01"),
            "10:00:01.500 The invocation will be retried",
            *attempt(2, "10:00:06", "second\nline"),
            "10:00:06.500 The invocation will be retried",
            *attempt(3, "10:00:20"),
            "10:00:20.500 Invocation finished in 20.5s with status FAILED",
        ),
        date=DAY,
    )
    assert [(a.attempt, a.outcome, a.error, a.duration_s) for a in found.attempts] == [
        (1, "retried", "rpc error", 0.5),
        (2, "retried", "second\nline", 0.5),
        (3, "failed", "rpc error", 0.5),
    ]
    assert (found.status, found.attempt_count, found.build, found.request_rpc_s) == ("FAILED", 3, None, None)
    assert [e.attempt for e in found.events] == [None, *[1] * 4, *[2] * 4, *[3] * 4]


@pytest.mark.parametrize(
    ("lines", "status", "attempts"),
    [
        ([], "STARTING", 0),
        (attempt(1, "10:00:01", None), "STARTING", 1),
        (attempt(1, "10:00:01"), "STARTING", 1),
        ([*attempt(1, "10:00:01"), "10:00:01.500 The invocation will be retried"], "RETRYING", 1),
        (
            [
                *attempt(1, "10:00:01"),
                "10:00:01.500 The invocation will be retried",
                *attempt(2, "10:00:06", None),
            ],
            "RETRYING",
            2,
        ),
        ([*attempt(1, "10:00:01", None), "10:00:02.000 Scheduled build:", '{"id": "7"}'], "RUNNING", 1),
    ],
)
def test_the_status_of_what_has_not_ended(lines: list[str], status: str, attempts: int) -> None:
    found = lp.parse(log("10:00:00.000 New invocation is queued and will start shortly", *lines))
    assert (found.status, found.attempt_count) == (status, attempts)
    assert (found.duration_s, found.finished_at) == (None, None)


QUEUED = "10:00:00.000 New invocation is queued and will start shortly"
ANSWERED = ["10:20:02.000 Scheduled build:", '{"id": "7"}']
FAILED = "10:30:00.000 Invocation finished in 30m0s with status FAILED"


@pytest.mark.parametrize(
    ("lines", "attempts"),
    [
        ([QUEUED, *attempt(1, "10:00:01"), "10:00:01.500 The invocation will be retried"], 1),
        ([QUEUED, FAILED], 0),
        # A launch whose beginning the log does not show: an unknown entry is in its place.
        ([QUEUED, "10:00:01.000 Starting it somehow", *ANSWERED], None),
        ([QUEUED, *attempt(1, "10:00:01"), "10:00:01.500 The invocation will be retried", *ANSWERED], None),
        # What a lost head does not show.
        (ANSWERED, None),
        (["10:20:02.000 The invocation will be retried"], None),
        (["10:20:02.000 The invocation will be retried", *attempt(8, "10:20:10", None), *ANSWERED], 8),
        # An attempt can be missing, or come twice.
        ([QUEUED, *attempt(1, "10:00:01", None), *attempt(3, "10:00:09", None), *ANSWERED], 3),
        ([QUEUED, *attempt(2, "10:00:01", None), *attempt(2, "10:00:09", None), *ANSWERED], 2),
    ],
)  # fmt: skip
def test_the_highest_attempt_that_the_log_shows(lines: list[str], attempts: int | None) -> None:
    found = lp.parse(log(*lines))
    assert found.attempt_count == attempts


@pytest.mark.parametrize(
    ("behind", "attempts"),
    [
        (log(*attempt(49, "13:00:00"), "13:00:01.000 The invocation will be retried"), 49),
        (log(*ANSWERED), None),
        (log("14:00:00.000 The invocation will be retried"), None),
        (log("14:00:00.000 Invocation finished in 4h0m0s with status FAILED"), None),
        ("", 1),
    ],
)
def test_attempts_behind_a_cut(behind: str, attempts: int | None) -> None:
    """Attempt 1 fails in the head. What the cut took is not known, until the next beginning."""
    head = log(QUEUED, *attempt(1, "10:00:01", "x" * 190_000), "10:00:02.000 The invocation will be retried")
    found = lp.parse(head + MARKER + behind)
    assert (len(found.cuts), found.attempt_count) == (1, attempts)


@pytest.mark.parametrize("number", ["0", "-1", "52", "999999999999999999"])
def test_an_impossible_attempt_has_no_number(number: str) -> None:
    found = lp.parse(log(QUEUED, f"10:00:01.000 Starting the invocation (attempt {number})", *ANSWERED))
    (finding,) = (f for f in found.findings if f.code == "odd-value")
    assert (finding.line, finding.message) == (2, f"{number} is not a possible number of an attempt")
    assert found.attempt_count is None
    assert [(a.attempt, a.outcome) for a in found.attempts] == [(None, "launched")]
    assert {e.attempt for e in found.events} == {None}


@pytest.mark.parametrize("number", [1, 50, 51])
def test_a_possible_attempt_keeps_its_number(number: int) -> None:
    found = lp.parse(log(QUEUED, *attempt(number, "10:00:01", None), *ANSWERED))
    assert (found.attempt_count, "odd-value" in {f.code for f in found.findings}) == (number, False)


def test_an_abort() -> None:
    for words in (
        "Invocation is manually aborted by user:a@b.c",
        'Invocation is manually aborted by "user:a@b.c"',
        "Invocation was manually aborted by user:a@b.c",
    ):
        found = lp.parse(
            log(
                "10:00:00.000 New invocation is queued and will start shortly",
                *attempt(1, "10:00:01"),
                "10:00:01.500 The invocation will be retried",
                f"10:00:03.000 {words}",
                "10:00:03.000 Invocation finished in 3s with status ABORTED",
            )
        )
        assert (found.status, found.attempt_count, found.suspicious) == ("ABORTED", 1, 0)
        assert found.events[-2].fields == {"aborted_by": "user:a@b.c"}


def test_a_check_that_failed_is_not_answered() -> None:
    timer = f'"check-buildbucket-build-status" (p/j:{INVOCATION}:2:0)'
    found = lp.parse(
        log(
            "10:00:00.000 New invocation is queued and will start shortly",
            *attempt(1, "10:00:01", None),
            "10:00:02.000 Scheduled build:",
            '{"id": "7"}',
            f"10:00:02.000 Scheduling timer {timer} after 1m0s",
            f"10:01:02.100 Handling timer {timer}",
            "10:01:03.000 Failed to fetch build - rpc error: NotFound",
            "10:01:03.000 Invocation finished in 1m3s with status FAILED",
        ),
        date=DAY,
    )
    (poll,) = found.polls
    assert (poll.source, poll.answered, poll.rpc_s, poll.status, poll.changed) == (
        "timer",
        False,
        None,
        None,
        None,
    )
    assert (poll.lateness_s, found.poll_count, found.poll_unchanged) == (0.1, 0, 0)


# --- trimmed logs ------------------------------------------------------------------------------


def long_log(checks: range, *, invocation: str = INVOCATION) -> list[str]:
    """Blocks of checks every minute, each long enough for a log of a few hundred to be trimmed."""
    start = datetime(2016, 3, 1, 10, 0, 2, tzinfo=UTC)
    lines = []
    for n in checks:
        due = (start + timedelta(minutes=n)).strftime("%H:%M:%S.000")
        timer = f'"check-buildbucket-build-status" (p/j:{invocation}:{{}}:0)'
        lines.append(f"{due} Handling timer {timer.format(n + 1)}")
        lines.append(f"{due[:-3]}100 Build status: STARTED")
        lines.append(f"{due[:-3]}100 Scheduling timer {timer.format(n + 2)} after 1m0s")
    return lines


HEAD = [
    "10:00:00.000 New invocation is queued and will start shortly",
    *attempt(1, "10:00:01", None),
    # A payload this long makes it a log that the scheduler trims.
    "10:00:02.000 Scheduled build:",
    '{"id": "7",\n'
    + '"filler": "0123456789012345678901234567890123456789",\n' * 3000
    + '"status": "SCHEDULED"}',
]


def test_a_log_cut_between_entries() -> None:
    """Checks 1 to 9 and 301 to 310 are left; the cut took 291 checks at most and 4 hours 52 minutes."""
    text = log(*HEAD, *long_log(range(1, 10))) + MARKER + log(*long_log(range(301, 311)))
    found = lp.parse(text, date=DAY)
    assert found.truncated
    (cut,) = found.cuts
    # The last timer before the cut was set by mutation 11 − 1 of 10:09:02.100, the first behind it is 302.
    assert cut.lost_s == pytest.approx(292 * 60 - 0.1, abs=1e-9)
    assert cut.lost_polls_max == 302 - 11
    assert len(found.polls) == 19
    # A count of checks is no count where checks were cut out.
    assert (found.poll_count, found.poll_rpc_s, found.poll_unchanged, found.notification_count) == (None,) * 4
    assert (found.attempt_count, found.status) == (1, "RUNNING")
    assert {f.code for f in found.findings} == {"log-cut"}


def test_a_log_cut_inside_of_a_payload() -> None:
    """The tail begins within the last answer; what is left of it is part of the cut."""
    text = log(*HEAD, *long_log(range(1, 10))) + "[10:10:02.000] Build:\n{\n"
    text += MARKER + '  "status": "SUCCESS"\n}\n'
    text += log("14:59:59.000 Invocation finished in 4h59m59s with status SUCCEEDED")
    found = lp.parse(text, date=DAY)
    assert (found.truncated, found.status, found.duration_s) == (True, "SUCCEEDED", 17999.0)
    assert [e.kind for e in found.events][-3:] == ["build_fetched", "log_cut", "invocation_finished"]
    assert found.events[-2].text == MARKER + '  "status": "SUCCESS"\n}'
    # Half a payload is none, and the build's end is not guessed. The payload was whole when it was written.
    assert {f.code for f in found.findings} == {"log-cut"}
    assert found.build is not None
    assert (found.build.id, found.build.completed_at) == ("7", None)


def test_a_log_cut_at_its_end_has_no_finish() -> None:
    """200,000 bytes exactly, the marker last, though the invocation did finish: its status is not known."""
    found = lp.parse(log(*HEAD, *long_log(range(1, 10))) + MARKER, date=DAY)
    assert (found.truncated, found.status, found.finished_at, found.duration_s) == (True, None, None, None)
    # A page around it knows.
    page = "Status: SUCCEEDED\nTriggered by: -\nDuration: 5 hours\n\nDebug log (UTC)\n\n"
    assert lp.parse(page + log(*HEAD) + MARKER, date=DAY).status == "SUCCEEDED"


def test_a_log_cut_many_times() -> None:
    pieces = [log(*long_log(range(n, n + 5))) for n in range(1, 500, 50)]
    found = lp.parse(log(*HEAD) + MARKER.join(pieces), date=DAY)
    assert len(found.cuts) == 9
    assert {c.lost_polls_max for c in found.cuts} == {45}
    assert len(found.polls) == 50


def test_a_cut_that_took_the_attempts() -> None:
    """Attempt 1 is in the head, attempt 40 in the tail: 40 were begun, of which two are known."""
    filler = "x" * 190_000
    text = log(
        "10:00:00.000 New invocation is queued and will start shortly",
        *attempt(1, "10:00:01", filler),
        "10:00:01.500 The invocation will be retried",
    )
    text += MARKER + log(*attempt(40, "13:00:00", None), "13:00:01.000 Scheduled build:", '{"id": "7"}')
    found = lp.parse(text, date=DAY)
    assert found.attempt_count == 40
    assert [a.attempt for a in found.attempts] == [1, 40]
    assert "attempt-skipped" not in {f.code for f in found.findings}


def test_a_lost_head_is_no_launch() -> None:
    found = lp.parse('  "x": 1\n}\n' + log(*long_log(range(5, 9))), date=DAY)
    assert [e.kind for e in found.events[:2]] == ["log_fragment", "timer_handled"]
    assert (found.attempt_count, found.launched_at, found.invocation_id) == (None, None, INVOCATION)
    assert (found.status, found.job_id, found.created_at) == ("RUNNING", "p/j", at("10:00:00"))
    assert [f.code for f in found.findings] == ["log-fragment"]
