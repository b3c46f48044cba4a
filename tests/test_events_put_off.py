"""Events are made when somebody asks for them, and nobody can see the difference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import logparse as lp
from logparse.columns import TABLES
from logparse.engine import invocation
from logparse.loading import gather
from logparse.tables.rows import rows

ID = "8911591180912304623"
LOG = f"""\
[10:00:00.000] Invocation {ID} was queued
[10:00:01.000] Starting the invocation (attempt 1)
[10:00:02.000] No such message
[10:00:03.000] Invocation finished in 3s with status SUCCEEDED
"""
KINDS = ["attempt_started", None, "invocation_finished"]


def put_off() -> lp.Invocation:
    """Return a record whose events are not made yet."""
    (record,) = gather([LOG]).gathered.invocations
    assert "events" in record.put_off_fields
    return record


def rebuilt(record: lp.Invocation) -> lp.Invocation:
    """Return the record that pickle would make: it calls the same method."""
    make, given = record.__reduce__()
    found: lp.Invocation = make(*given)
    return found


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of entries each time events are made."""
    counts: list[int] = []
    make = invocation.make_events

    def counting(entries: Any, *more: Any) -> list[lp.Event]:
        counts.append(len(entries))
        return make(entries, *more)

    monkeypatch.setattr(invocation, "make_events", counting)
    return counts


@pytest.mark.parametrize("table", [t for t in TABLES if t not in ("events", "unrecognized")])
def test_tables_of_other_things_make_no_events(table: str, made: list[int]) -> None:
    data = gather([LOG, LOG.replace(ID, "8911591180912304624")])
    data.table(table)
    assert made == []


def test_rows_of_events_are_not_kept(made: list[int]) -> None:
    data = gather([LOG])
    assert [row["kind"] for row in rows(data.gathered, "events")][1:] == KINDS
    assert made == [4]
    assert "events" in data.gathered.invocations[0].put_off_fields


def test_events_are_made_once(made: list[int]) -> None:
    record = put_off()
    assert [e.kind for e in record.events][1:] == KINDS
    assert record.events is record.events
    assert made == [4]
    assert "events" not in record.put_off_fields


def test_the_records_of_a_dataset_have_their_events() -> None:
    (record,) = lp.load(LOG).records.invocations
    assert "events" not in record.put_off_fields
    assert len(msgspec.to_builtins(record)["events"]) == 4


def test_a_parsed_record_has_its_events() -> None:
    for record in (lp.parse(LOG), *lp.parse_many(LOG)):
        assert len(msgspec.json.decode(msgspec.json.encode(record))["events"]) == 4


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(rebuilt, id="pickle"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda r: r, id="itself"),
    ],
)
def test_a_record_is_the_same_with_its_events_put_off(use: Callable[[Any], Any]) -> None:
    whole = put_off().whole()
    assert use(put_off()) == whole
    assert whole == use(put_off())
    assert repr(use(put_off())) == repr(whole)
    assert use(put_off())._repr_html_() == whole._repr_html_()
    assert "events" in repr(whole)


def test_the_old_name_of_whole_warns() -> None:
    with pytest.warns(DeprecationWarning, match="whole"):
        assert "events" not in put_off().with_events().put_off_fields


def test_records_that_differ_in_an_event_differ() -> None:
    other = put_off()
    other.events[2].text = "another"
    assert put_off() != other
    assert put_off() != "text"


def test_a_name_that_is_no_attribute_is_an_error() -> None:
    with pytest.raises(AttributeError, match="'Invocation' object has no attribute 'evens'"):
        getattr(put_off(), "ev" + "ens")


def test_a_record_of_ones_own_has_the_events_that_it_was_given() -> None:
    record = lp.Invocation(events=[lp.Event(seq=1, line=1)])
    assert copy.copy(record) == record
    assert copy.copy(record).events is record.events
    assert record.passing("events") is record.events
