"""What the engine can write: every line of these logs that begins with a clock is an entry of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sequences import (
    OLD_ERROR,
    RETRIED,
    SUPERSEDED,
    Q,
    answered,
    failed,
    initiated,
    old_answer,
    old_request,
    swarming_request,
    text,
)
from written import OLD_FAILURE, ONE, OVERRUN, TWICE, WAITING, Case

import logparse as lp
from logparse import scanner
from logparse.entries import read_blocks
from logparse.rules import BROKEN

#: Where this unfinished log is followed by another one, its last entry could quote that.
ENDS_UNKNOWN = "a new message before the first"


MANY: dict[str, list[Case]] = {
    "overruns": [(OVERRUN, "OVERRUN", None)] * 3,
    "overrun and attempt": [(OVERRUN, "OVERRUN", None), ([initiated(1), *OLD_FAILURE], "FAILED", 1)],
    "gives up without a finish, and another": [
        ONE["gives up without a finish"],
        ([Q, *failed(1000, 1)], "RETRYING", 1),
    ],
    "old: attempts": [
        ([initiated(1), *OLD_FAILURE], "FAILED", 1),
        ([initiated(2), *OLD_FAILURE], "FAILED", 2),
        ([initiated(3), *old_request(0), *old_answer(300)], "RUNNING", 3),
    ],
    "old: superseded attempts": [
        (
            [initiated(1), *old_request(0), f"200 {OLD_ERROR}", f"200 {RETRIED}", f"9000 {SUPERSEDED}"],
            "FAILED",
            1,
        ),
        (
            [
                initiated(2, 9000),
                *old_request(9000),
                f"9200 {OLD_ERROR}",
                f"9200 {RETRIED}",
                f"29000 {SUPERSEDED}",
            ],
            "FAILED",
            2,
        ),
        ([initiated(3, 29000), *old_request(29000), *old_answer(29300)], "RUNNING", 3),
    ],
    "swarming: superseded attempts": [
        (
            [
                initiated(1),
                *swarming_request(0),
                "300 Failed to trigger the task - x",
                f"300 {RETRIED}",
                f"9000 {SUPERSEDED}",
            ],
            "FAILED",
            1,
        ),
        (
            [
                initiated(2, 9000),
                *swarming_request(9000),
                "9300 Swarming response:\n{}",
                "9300 Task URL: https://x.example/1",
            ],
            "RUNNING",
            2,
        ),
    ],
    # The same log saved several times before it had finished, alone and among others.
    "saved while launching": [(WAITING, "RETRYING", 2)] * 20,
    "saved while retrying": [(TWICE, "RETRYING", 2)] * 20,
    "two logs by turns": [(WAITING, "RETRYING", 2), (TWICE, "RETRYING", 2)] * 5,
    "a log that grows": [
        (WAITING[:7], "RETRYING", 1),
        (WAITING[:8], "RETRYING", 2),
        (WAITING, "RETRYING", 2),
        ([*WAITING, *answered(9300)], "RUNNING", 2),
    ],
    "the longest one first": [
        ([*WAITING, *answered(9300)], "RUNNING", 2),
        (WAITING, "RETRYING", 2),
        (WAITING[:7], "RETRYING", 1),
    ],
    "old: copies": [
        ([initiated(1), *OLD_FAILURE], "FAILED", 1),
        ([initiated(2), *old_request(0)], "RETRYING", 2),
    ]
    * 7,
}


def assert_read(log: str, cases: Sequence[Case]) -> None:
    reading = read_blocks(scanner.split_log(log), scanner.match)
    assert [len(entries) for entries in reading.invocations] == [len(lines) for lines, _, _ in cases]
    found = list(lp.parse_many(log))
    assert [(f.status, f.attempt_count) for f in found] == [case[1:] for case in cases]
    assert [f.suspicious for f in found] == [0] * len(cases)


@pytest.mark.parametrize("name", ONE)
def test_a_log_of_the_engine(name: str) -> None:
    """It breaks no rule, so that no text before it can make it look forged."""
    log = text(ONE[name][0])
    assert_read(log, [ONE[name]])
    assert read_blocks(scanner.split_log(log), scanner.match).penalty < BROKEN


@pytest.mark.parametrize("name", [name for name in ONE if name != ENDS_UNKNOWN])
def test_logs_of_the_engine_one_after_another(name: str) -> None:
    """The same log twice, and then one of a later time."""
    log = text(ONE[name][0])
    assert_read(log * 2 + text(WAITING, 1_234_567), [ONE[name], ONE[name], (WAITING, "RETRYING", 2)])


@pytest.mark.parametrize("name", MANY)
def test_invocations_one_after_another(name: str) -> None:
    assert_read("".join(text(lines) for lines, _, _ in MANY[name]), MANY[name])
