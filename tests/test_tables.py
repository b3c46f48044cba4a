"""From records to rows and frames: every column, its type, and null for what is not known."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import logparse as lp
from logparse.batches.arrow import frame
from logparse.batches.batch import BATCH_ROWS
from logparse.columns import TABLES
from logparse.records import Cut, SwarmingTask
from logparse.tables.recordcolumns import json_text
from logparse.tables.rows import Records, batches, build_row, invocation_row, rows, table_frame

LOGS = Path(__file__).parent / "data" / "logs"
RECORDED = [name for name in TABLES if name not in ("bots", "builders", "jobs")]
AT = datetime(2020, 11, 17, 4, 33, 59, 89000, tzinfo=UTC)
TYPES = {
    "text": "str",
    "json": "str",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
    "time": "datetime64[us, UTC]",
}


def declared(table: str) -> list[tuple[str, str]]:
    return [(c.name, TYPES[c.type]) for c in TABLES[table]]


def shape(data: pd.DataFrame) -> list[tuple[str, str]]:
    return [(str(c), str(data[c].dtype)) for c in data.columns]


@pytest.mark.parametrize("table", RECORDED)
def test_an_empty_table_has_its_columns_and_types(table: str) -> None:
    data = table_frame(Records(), table)
    assert len(data) == 0
    assert shape(data) == declared(table)


@pytest.mark.parametrize("table", RECORDED)
def test_a_table_of_nothing_known_has_its_types(table: str) -> None:
    empty = lp.Invocation(
        events=[lp.Event(seq=1, line=1)],
        polls=[lp.Poll(seq=1)],
        attempts=[lp.Attempt(attempt=1)],
        triggers=[lp.Trigger(direction="incoming")],
        build=lp.Build(id="1", steps=[lp.Step(index=0, name="")]),
        findings=[lp.Finding(code="no-date", message="")],
    )
    data = table_frame(Records(invocations=[empty], failures=[lp.LogparseError("")]), table)
    assert shape(data) == declared(table)
    assert len(data) == 1


@pytest.mark.parametrize("table", RECORDED)
def test_rows_have_exactly_the_columns(table: str, given: lp.Dataset) -> None:
    for row in rows(given.records, table):
        assert set(row) == {c.name for c in TABLES[table]}
    assert shape(given.table(table)) == declared(table)


def test_an_unknown_table_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        rows(Records(), "nope")


def test_63_bits_stay_text_and_exact() -> None:
    data = frame([{"invocation_id": "9028843112359765808"}], TABLES["invocations"])
    assert data["invocation_id"][0] == "9028843112359765808"
    assert data["created_at"].isna()[0]


def test_values_of_a_frame() -> None:
    row = {"status": "FAILED", "attempts": 50, "created_at": AT, "duration_s": 0.1, "truncated": True}
    data = frame([row, {}], TABLES["invocations"])
    assert {name: data[name][0] for name in row} == row
    assert data[list(row)].isna().loc[1].all()
    assert data["attempts"].sum() == 50


# --- rows -------------------------------------------------------------------------------------


def test_a_row_of_an_invocation() -> None:
    build = lp.Build(
        id="1",
        number=2,
        status="SUCCESS",
        created_at=AT,
        bot=lp.Bot(id="b"),
        swarming_task_id="t",
    )
    record = lp.Invocation(
        invocation_id="9",
        status="SUCCEEDED",
        attempt_count=3,
        build=build,
        commit=lp.Commit(repository="r", ref="f", revision="v"),
        cuts=[Cut(line=3, lost_s=2.5, lost_polls_max=4), Cut(line=9, lost_s=1.5, lost_polls_max=1)],
        created_at=AT,
    )
    row = invocation_row(record)
    known = {name: value for name, value in row.items() if value is not None}
    assert known == {
        "invocation_id": "9",
        "status": "SUCCEEDED",
        "attempts": 3,
        "build_id": "1",
        "build_number": 2,
        "build_status": "SUCCESS",
        "build_created_at": AT,
        "bot_id": "b",
        "swarming_task_id": "t",
        "repository": "r",
        "ref": "f",
        "revision": "v",
        "cut_s": 4.0,
        "cut_polls_max": 5,
        "odd": 0,
        "created_at": AT,
        "truncated": False,
        "unrecognized": 0,
        "suspicious": 0,
        "origin": "log",
        "repeats": 0,
    }


def test_cuts_of_unknown_size_have_no_sum() -> None:
    record = lp.Invocation(cuts=[Cut(line=3, lost_s=2.5), Cut(line=9, lost_polls_max=1)])
    row = invocation_row(record)
    assert (row["cut_s"], row["cut_polls_max"]) == (None, None)


def test_a_swarming_tasks_id() -> None:
    row = invocation_row(lp.Invocation(swarming_task=SwarmingTask(id="t", bot=lp.Bot(id="b"))))
    assert (row["swarming_task_id"], row["bot_id"], row["build_id"]) == ("t", "b", None)


def test_a_row_of_a_build() -> None:
    bot = lp.Bot(
        id="b", dimensions={"os": ["Linux", "Ubuntu-18.04"], "cores": ["8", "16"], "zone": ["us", "us-c1"]}
    )
    build = lp.Build(
        id="1",
        created_at=AT,
        started_at=AT.replace(second=59, microsecond=589000),
        completed_at=AT.replace(minute=34, second=9),
        bot=bot,
        properties={"é": [1]},
        experiments=["a"],
    )
    row = build_row(build, lp.Invocation(invocation_id="9"))
    assert (row["build_id"], row["invocation_id"], row["pending_s"], row["run_s"]) == ("1", "9", 0.5, 9.5)
    assert (row["bot_id"], row["os"], row["cores"], row["zone"], row["pool"]) == (
        "b",
        "Ubuntu-18.04",
        16,
        "us-c1",
        None,
    )
    assert json.loads(row["dimensions"]) == bot.dimensions
    assert (row["properties"], row["experiments"]) == ('{"é":[1]}', '["a"]')
    row = build_row(lp.Build(id="1"), None)
    assert (row["pending_s"], row["run_s"], row["dimensions"], row["properties"]) == (None, None, None, "{}")


def test_events_leave_payloads_to_other_tables() -> None:
    event = lp.Event(
        seq=1, line=2, kind="build_answered", text="Scheduled build:\n{}", fields={"build": "{}", "x": 1}
    )
    record = lp.Invocation(invocation_id="9", events=[event], source="s")
    (row,) = rows(Records(invocations=[record]), "events")
    assert (row["text"], row["fields"], row["source"], row["suspicious"]) == (
        "Scheduled build:",
        '{"x":1}',
        "s",
        0,
    )


def test_a_build_stands_once_and_the_fullest_record_wins() -> None:
    """Two invocations can be answered with one build; of the records the one that has ended is kept."""
    started, ended = lp.Build(id="1", status="STARTED"), lp.Build(id="1", status="SUCCESS")
    records = Records(
        invocations=[
            lp.Invocation(invocation_id="a", build=started),
            lp.Invocation(invocation_id="b", build=ended),
        ],
        builds=[lp.Build(id="1", status="FAILURE"), lp.Build(id="2"), lp.Build(id="2")],
    )
    found = table_frame(records, "builds")
    assert list(found["build_id"]) == ["1", "2"]
    assert list(found["status"].fillna("-")) == ["SUCCESS", "-"]
    assert list(found["invocation_id"].fillna("-")) == ["b", "-"]


def test_unrecognized_entries_stand_whole() -> None:
    record = lp.Invocation(
        invocation_id="9",
        source="s",
        source_line=4,
        events=[
            lp.Event(seq=1, line=4, text="what\nis this"),
            lp.Event(seq=2, line=6, kind="noop_started", text="x"),
        ],
    )
    found = table_frame(Records(invocations=[record]), "unrecognized")
    assert found.to_dict("records") == [
        {
            "source": "s",
            "line": 4,
            "text": "what\nis this",
            "invocation_id": "9",
            "source_file": "s",
            "source_line": 4,
        },
    ]


# --- batches ----------------------------------------------------------------------------------


def test_records_with_and_without_parts_in_one_batch() -> None:
    build = lp.Build(
        id="1", bot=lp.Bot(id="b", dimensions={"os": ["Mac"]}), commit=lp.Commit(ref="f"), tags=["t"]
    )
    invocations = [
        lp.Invocation(invocation_id="7"),
        lp.Invocation(invocation_id="8", build=build, tags=["u"], error="e"),
        lp.Invocation(invocation_id="9", swarming_task=SwarmingTask(id="s", bot=lp.Bot(id="c")), tags=["u"]),
    ]
    (batch,) = batches(Records(invocations=invocations), "invocations")
    names = ("build_id", "bot_id", "ref", "tags", "swarming_task_id", "error", "input_properties", "odd")
    assert {name: batch[name] for name in names} == {
        "build_id": [None, "1", None],
        "bot_id": [None, "b", "c"],
        "ref": [None, None, None],
        "tags": [None, '["t"]', '["u"]'],
        "swarming_task_id": [None, None, "s"],
        "error": [None, "e", None],
        "input_properties": [None, None, None],
        "odd": [0, 0, 0],
    }
    (batch,) = batches(Records(builds=[lp.Build(id="0"), build]), "builds")
    assert (batch["bot_id"], batch["os"], batch["ref"]) == ([None, "b"], [None, "Mac"], [None, "f"])
    assert (batch["dimensions"], batch["tags"]) == ([None, '{"os":["Mac"]}'], [None, '["t"]'])
    assert (batch["experiments"], batch["requested_dimensions"]) == (["[]", "[]"], [None, None])


def test_odd_values_of_a_batch() -> None:
    early, late = AT.replace(year=1970), AT.replace(year=2050)
    builds = [
        lp.Build(id="0", created_at=AT, started_at=AT),
        lp.Build(id="1", created_at=early, updated_at=early),
        lp.Build(id="2", steps=[lp.Step(index=0, name="", duration_s=-2.0), lp.Step(index=1, name="")]),
        lp.Build(id="3", started_at=AT, completed_at=late),
        lp.Build(id="4", started_at=AT, completed_at=AT - timedelta(seconds=1)),
    ]
    (batch,) = batches(Records(builds=builds), "builds")
    assert batch["odd"] == [0, 2, 1, 1, 0]
    invocations = [
        lp.Invocation(duration_s=-1.0, finish_lag_s=-99.0),
        lp.Invocation(duration_s=-1.5, created_at=early),
        lp.Invocation(build=builds[1], run_s=1e10),
    ]
    (batch,) = batches(Records(invocations=invocations), "invocations")
    assert batch["odd"] == [0, 2, 2]


def test_batches_have_few_rows_and_parts_are_not_kept() -> None:
    made: list[str] = []

    def polls_of(name: str, count: int) -> list[lp.Poll]:
        made.append(name)
        return [lp.Poll(seq=seq) for seq in range(count)]

    sizes = {"a": 3 * BATCH_ROWS + 1, "b": 0, "c": BATCH_ROWS, "d": 2}
    invocations = [lp.Invocation(invocation_id=name) for name in sizes]
    for record, (name, count) in zip(invocations, sizes.items(), strict=True):
        record.put_off(polls=partial(polls_of, name, count))
    found = batches(Records(invocations=invocations), "polls")
    first = next(found)
    assert made == ["a"]
    batch_sizes = [len(batch["seq"]) for batch in (first, *found)]
    assert max(batch_sizes) < 2 * BATCH_ROWS
    assert sum(batch_sizes) == sum(sizes.values())
    assert made == ["a", "b", "c", "d"]
    assert all("polls" in record.put_off_fields for record in invocations)
    given = [(row["invocation_id"], row["seq"]) for row in rows(Records(invocations=invocations), "polls")]
    assert given == [(name, seq) for name, count in sizes.items() for seq in range(count)]


@pytest.mark.parametrize("table", ["invocations", "builds"])
def test_a_row_of_a_batch_is_the_row_of_its_record(table: str, given: lp.Dataset) -> None:
    records = given.records
    if table == "invocations":
        alone = [invocation_row(record) for record in records.invocations]
    else:
        alone = [build_row(record.build, record) for record in records.invocations if record.build]
        alone += [build_row(build, None) for build in records.builds]
    assert list(rows(records, table)) == alone
    assert len(alone) > 3


@pytest.mark.parametrize("value", [{}, [], {"a": [1.5, None, True, "é\n\x00"]}, "x"])
def test_json_text_is_json(value: Any) -> None:
    assert json.loads(json_text(value)) == value
    assert "\n" not in json_text(value)


@pytest.mark.slow
def test_every_table_of_all_samples() -> None:
    tables = lp.load(LOGS)
    assert tables.failures == []
    inputs = [p for p in LOGS.rglob("*") if p.suffix in (".log", ".html", ".txt")]
    assert len(tables.invocations) + tables.invocations["repeats"].sum() == len(inputs)
    known = tables.invocations["invocation_id"].dropna()
    for name in ("polls", "attempts", "triggers"):
        assert set(tables.table(name)["invocation_id"].dropna()) <= set(known)
    assert len(tables.polls) == sum(len(i.polls) for i in tables.records.invocations)
    assert tables.builds["build_id"].is_unique
    assert tables.events["seq"].min() == 1
