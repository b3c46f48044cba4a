"""Derived columns: what the schema declares, for one record and for a batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logparse.columns import TABLES
from logparse.columns.derivations import (
    MOMENTS,
    Aggregate,
    RowWise,
    Values,
    batch_of,
    count,
    difference,
    ratio,
    rest,
    total,
    value_of,
)
from logparse.columns.derive import AGGREGATES, ROW_WISE, aggregated, derived, ordered
from logparse.records import Cut, Poll

#: What the records of cuts have; they are not a table.
CUTS = ("line", "lost_s", "lost_polls_max")
#: From a year before 1970 to the year 2200, and a few moments of it often.
MICROSECONDS = st.none() | st.sampled_from([0, 1, -1]) | st.integers(-(10**13), 7 * 10**15)
SECONDS = st.none() | st.sampled_from([0.0, -1.0]) | st.integers(-(10**10), 10**15).map(lambda us: us / 1e6)
ROW_WISE_ONES = [
    pytest.param(derivation, id=f"{table}.{name}")
    for table, declared in ROW_WISE.items()
    for name, derivation in declared.items()
]
AGGREGATE_ONES = [
    pytest.param(derivation, id=f"{table}.{name}")
    for table, declared in AGGREGATES.items()
    for name, derivation in declared.items()
]


def array_of(values: list[Any], kind: str) -> Values:
    """Return values as a column of a batch. A null has a number that must not be used."""
    return Values(
        np.array([-987_654 if v is None else v for v in values], dtype=kind),
        np.array([v is None for v in values], dtype=bool),
    )


def listed(values: Values) -> list[Any]:
    """Return a column of a batch as a list, None for null."""
    return [
        None if null else number
        for number, null in zip(values.numbers.tolist(), values.is_null.tolist(), strict=True)
    ]


# --- declarations -----------------------------------------------------------------------------


def test_inputs_are_columns_or_named_moments() -> None:
    for table, columns in TABLES.items():
        names = {c.name for c in columns} | set(MOMENTS)
        for column in columns:
            if column.derive is None:
                continue
            if isinstance(column.derive, Aggregate):
                of = column.derive
                there = CUTS if of.table == "cuts" else [c.name for c in TABLES[of.table]]
                assert {of.column or "line", *(name for name, _ in of.where)} <= {*there, "line"}
            else:
                assert set(column.derive.inputs) <= names, (table, column.name)


def test_moments_are_used() -> None:
    used = {name for declared in ROW_WISE.values() for one in declared.values() for name in one.inputs}
    assert set(MOMENTS) <= used


def test_a_column_comes_after_those_that_it_needs() -> None:
    found = list(ordered({"b": difference("a", "x"), "a": difference("y", "x")}))
    assert found == ["a", "b"]


def test_a_column_cannot_be_derived_from_itself() -> None:
    with pytest.raises(ValueError, match="the column a is derived from itself"):
        ordered({"a": difference("b", "x"), "b": difference("a", "x")})


@pytest.mark.parametrize(
    ("derivation", "formula"),
    [
        (difference("end", "start"), "end − start"),
        (rest("whole_s", "part_s"), "whole_s − part_s"),
        (ratio("part", "whole"), "part / whole"),
        (ratio("good", "good", "bad"), "good / (good + bad)"),
        (count("polls"), "count(polls)"),
        (
            count("polls", source="timer", changed=False),
            "count(polls where source = timer and changed = false)",
        ),
        (total("cuts", "lost_s"), "sum(cuts.lost_s)"),
    ],
)
def test_formulas(derivation: Any, formula: str) -> None:
    assert derivation.formula == formula


# --- by hand ----------------------------------------------------------------------------------


def test_times_to_durations_by_hand() -> None:
    known: dict[str, float | None] = {"created_at": 1_000_000, "launched_at": 1_250_001, "finished_at": None}
    known |= {"build_created_at": 900_000, "duration_s": 2.000000001, "run_s": 1.5}
    found = derived("invocations", known)
    assert found == {
        "scheduler_wait_s": 0.250001,
        "launch_s": -0.350001,
        "launch_wait_s": -0.1,
        "overhead_s": 0.500000001,
    }


def test_unknown_is_null_and_never_zero() -> None:
    assert derived("attempts", {"started_at": 5, "ended_at": None}) == {"duration_s": None}
    assert derived("attempts", {"started_at": 5, "ended_at": 5}) == {"duration_s": 0.0}
    assert derived("attempts", {"started_at": 5}) == {}


def test_a_known_value_stays() -> None:
    known = {"started_at": 0, "completed_at": 10_000_000, "run_s": 4.0, "execution_timeout_s": 8.0}
    assert derived("builds", known) == {"timeout_used": 0.5}


def test_a_share_of_nothing_is_null() -> None:
    assert value_of(ratio("a", "b"), {"a": 1.0, "b": 0.0}) is None
    assert value_of(ratio("a", "a", "b"), {"a": 0, "b": 0}) is None
    assert value_of(ratio("a", "a", "b"), {"a": 1, "b": 3}) == 0.25


def test_polls_by_hand() -> None:
    polls = [
        Poll(seq=1, source="timer", rpc_s=0.1, lateness_s=0.5, changed=False, answered=True),
        Poll(seq=2, source="timer", rpc_s=0.2, lateness_s=-0.1, changed=True, answered=True),
        Poll(seq=3, source="timer", rpc_s=None, lateness_s=None, answered=False),
        Poll(seq=4, source="pubsub", rpc_s=9.0, changed=False, answered=True),
    ]
    assert aggregated("invocations", "polls", polls) == {
        "poll_count": 2,
        "poll_unchanged": 1,
        "poll_rpc_s": 0.3,
        "poll_rpc_max_s": 0.2,
        "poll_lateness_mean_s": 0.2,
        "notification_count": 1,
    }


def test_no_polls_cost_nothing_and_have_no_largest() -> None:
    found = aggregated("invocations", "polls", [])
    assert (found["poll_count"], found["poll_rpc_s"]) == (0, 0)
    assert (found["poll_rpc_max_s"], found["poll_lateness_mean_s"]) == (None, None)


def test_one_unknown_cost_makes_the_sum_unknown() -> None:
    polls = [Poll(seq=n, source="timer", answered=True, rpc_s=rpc) for n, rpc in ((1, 0.5), (2, None))]
    found = aggregated("invocations", "polls", polls)
    assert (found["poll_count"], found["poll_rpc_s"], found["poll_rpc_max_s"]) == (2, None, None)


def test_cuts_by_hand() -> None:
    cuts = [Cut(line=n, lost_s=0.1, lost_polls_max=n) for n in (1, 2, 3)]
    assert aggregated("invocations", "cuts", cuts) == {"cut_s": 0.3, "cut_polls_max": 6}
    assert aggregated("invocations", "cuts", []) == {"cut_s": None, "cut_polls_max": None}
    cuts.append(Cut(line=4))
    assert aggregated("invocations", "cuts", cuts) == {"cut_s": None, "cut_polls_max": None}


# --- one record and a batch -------------------------------------------------------------------


@pytest.mark.parametrize("derivation", ROW_WISE_ONES)
@given(data=st.data())
def test_a_batch_has_the_values_of_its_records(derivation: RowWise, data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 12))
    known = {}
    for name in derivation.inputs:
        values = st.lists(MICROSECONDS if name.endswith("_at") else SECONDS, min_size=size, max_size=size)
        known[name] = data.draw(values)
    one_by_one = [
        value_of(derivation, {name: values[row] for name, values in known.items()}) for row in range(size)
    ]
    arrays = {
        name: array_of(values, "int64" if name.endswith("_at") else "float64")
        for name, values in known.items()
    }
    assert listed(batch_of(derivation, arrays)) == one_by_one


POLLS = st.builds(
    SimpleNamespace,
    source=st.sampled_from(["timer", "pubsub", None]),
    answered=st.booleans(),
    changed=st.none() | st.booleans(),
    rpc_s=SECONDS,
    lateness_s=SECONDS,
    lost_s=SECONDS,
    lost_polls_max=st.none() | st.integers(0, 500),
)


@pytest.mark.parametrize("derivation", AGGREGATE_ONES)
@given(groups=st.lists(st.lists(POLLS, max_size=6), max_size=6))
def test_aggregates_of_a_batch_are_those_of_its_records(
    derivation: Aggregate, groups: list[list[Any]]
) -> None:
    rows = [(owner, row) for owner, group in enumerate(groups) for row in group]
    kind = "int64" if derivation.column == "lost_polls_max" else "float64"
    columns = {derivation.column: array_of([getattr(row, derivation.column, None) for _, row in rows], kind)}
    tests = {
        name: np.array([getattr(row, name) for _, row in rows], dtype=object) for name, _ in derivation.where
    }
    owners = np.array([owner for owner, _ in rows], dtype=np.int64)
    found = derivation.of_batch(columns, tests, owners, len(groups))
    assert listed(found) == [derivation.of_rows(group) for group in groups]
