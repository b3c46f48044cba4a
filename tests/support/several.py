"""Texts that hold the logs of several invocations, one after another."""

from __future__ import annotations

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
)
from written import OLD_FAILURE, ONE, OVERRUN, TWICE, WAITING, Case

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
