"""What the engine can write: every line of these logs that begins with a clock is an entry of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sequences import text
from several import MANY
from written import ONE, WAITING, Case

import logparse as lp
from logparse.engine.entries import read_blocks
from logparse.engine.rules import BROKEN
from logparse.language import scanner

#: Where this unfinished log is followed by another one, its last entry could quote that.
ENDS_UNKNOWN = "a new message before the first"


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
