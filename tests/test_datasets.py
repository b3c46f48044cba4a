"""Datasets: what is added in pieces, in any order and twice, gives the tables of one `load`."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.dataset as ds
import pytest
from commands import LOGS, REAL
from datasets import added, contents, differing, inputs_of, leftovers, rows
from simulated import BUSY, misread, simulated, truth

import logparse as lp
from logparse.columns import TABLES
from logparse.store.layout import STORED


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all happens often: page and log, early copies, builds twice and builds alone."""
    folder = tmp_path_factory.mktemp("simulated") / "fleet"
    simulated(folder, BUSY, invocations=24, days=3, seed=5, start="2021-03-09")
    return folder


@pytest.fixture(scope="module")
def whole(fleet: Path) -> lp.Dataset:
    return lp.load(inputs_of(fleet), jobs=1)


@pytest.fixture(scope="module")
def dataset(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fleet, added in three runs in a random order."""
    folder = tmp_path_factory.mktemp("dataset") / "data"
    names = inputs_of(fleet)
    random.Random(7).shuffle(names)
    for start in range(3):
        added(names[start::3], folder)
    return folder


def test_runs_in_any_order_give_the_tables_of_one_load(dataset: Path, whole: lp.Dataset, fleet: Path) -> None:
    found = lp.load(dataset)
    assert differing(whole, found) == []
    assert found.sizes == whole.sizes
    assert repr(found) == repr(whole)
    assert misread(truth(fleet, "invocations"), found.invocations, fleet) == []
    assert misread(truth(fleet, "builds"), found.builds, fleet) == []


def test_builds_weeks_after_their_logs_and_the_other_way_round(
    fleet: Path, whole: lp.Dataset, tmp_path: Path
) -> None:
    names = inputs_of(fleet)
    builds = [name for name in names if Path(name).name.startswith("builds")]
    pages = [name for name in names if name not in builds]
    assert builds
    assert pages
    for number, order in enumerate(([pages, builds], [builds, pages])):
        for some in order:
            added(some, tmp_path / str(number))
        assert differing(whole, lp.load(tmp_path / str(number))) == []


def test_what_is_known_is_not_read_again(dataset: Path, fleet: Path, tmp_path: Path) -> None:
    before = contents(dataset)
    names = inputs_of(fleet)
    done = added(names, dataset)
    assert (done.read, done.known, done.more_invocations) == (0, len(names), 0)
    assert contents(dataset) == before
    # The same contents under other names count once as well.
    moved = tmp_path / "moved"
    shutil.copytree(fleet, moved)
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    done = added(inputs_of(moved), copy)
    assert (done.read, done.known) == (0, len(names))
    assert differing(lp.load(dataset), lp.load(copy)) == []


def test_a_dataset_has_no_other_files(dataset: Path) -> None:
    assert leftovers(dataset) == []


def test_plain_readers_see_the_same_rows(dataset: Path) -> None:
    found = lp.load(dataset)
    with duckdb.connect() as connection:
        for table in ("invocations", "events", "builds", "polls"):
            place = dataset / table
            number = len(found.arrow(table))
            (count,) = connection.execute(
                f"select count(*) from read_parquet('{place}/**/*.parquet')"
            ).fetchall()
            assert count == (number,), table
            frame = pd.read_parquet(place)
            assert len(frame) == number, table
            names = [column.name for column in TABLES[table]]
            assert list(frame.columns) == [*names, "day"], table
            read = ds.dataset(place, partitioning="hive").to_table()
            assert read.num_rows == number, table
            assert read.column_names == [*names, "day"], table
        days = connection.execute(
            f"select count(*) from read_parquet('{dataset}/invocations/**/*.parquet')"
            " where day != (created_at at time zone 'UTC')::date"
        ).fetchall()
        assert days == [(0,)]


def test_rows_without_a_day_are_beside_the_days(tmp_path: Path) -> None:
    log = tmp_path / "undated.log"
    log.write_text("[10:00:00.000] Starting the invocation (attempt 1)\n[10:00:01.000] Something new\n")
    found = tmp_path / "data"
    added([log, REAL], found)
    data = lp.load(found)
    assert differing(lp.load([str(log), str(REAL)]), data) == []
    assert (found / "undated" / "events").is_dir()
    assert data.invocations.created_at.isna().sum() == 1
    assert len(pd.read_parquet(found / "invocations")) == 1


@pytest.mark.slow
def test_logs_of_all_kinds(tmp_path: Path) -> None:
    """Logs without an id, triage logs, several in a file, what is not a log, and what is damaged."""
    expected = lp.load(LOGS, jobs=1)
    done = added([LOGS], tmp_path / "data")
    assert [str(error) for error in done.failures] == [str(error) for error in expected.failures]
    found = lp.load(tmp_path / "data")
    assert differing(expected, found) == []
    assert found.sizes == expected.sizes


def test_a_newer_copy_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    text = REAL.read_text(encoding="utf-8")
    text = text[text.index("[04:33:59") :]
    page = tmp_path / "page.txt"
    early = text[: text.index("\n", text.index('"STARTED"')) + 1]
    page.write_text(early, encoding="utf-8")
    data = tmp_path / "data"
    added([page], data)
    before = lp.load(data)
    assert list(before.invocations.status) == ["RUNNING"]
    page.write_text(text, encoding="utf-8")
    added([page], data)
    after = lp.load(data)
    assert list(after.invocations.status) == ["SUCCEEDED"]
    assert list(after.invocations.repeats) == [1]
    expected = {table: rows(after, table) for table in TABLES if table != "failures"}
    assert expected["events"] == rows(lp.load(page), "events")
    # The older copy again, under another name, changes nothing.
    other = tmp_path / "older.txt"
    other.write_text(early, encoding="utf-8")
    assert added([other], data).known == 1
    assert {table: rows(lp.load(data), table) for table in expected} == expected


def test_a_dataset_that_is_changed_while_it_is_read(tmp_path: Path) -> None:
    log = tmp_path / "9028843112359765808.log"
    text = REAL.read_text(encoding="utf-8")
    log.write_text(text[: text.index("\n", text.index('"STARTED"')) + 1], encoding="utf-8")
    data = tmp_path / "data"
    added([log], data)
    opened = lp.load(data)
    added([REAL], data)
    with pytest.raises(lp.InputError, match="changed by another process while it was read; run the command"):
        opened.table("events")
    assert len(lp.load(data).events) == len(lp.load(REAL).events)


def test_a_file_of_builds_that_is_written_anew_keeps_what_it_had(tmp_path: Path) -> None:
    file = tmp_path / "builds.json"
    build = '{{"id": "{0}", "status": "SUCCESS", "createTime": "2023-05-0{1}T10:00:00Z"}}\n'
    for number in (1, 2):
        file.write_text(build.format(8_780_000_000_000_000_000 + number, number))
        added([file], tmp_path / "data")
    assert sorted(lp.load(tmp_path / "data").builds.build_id.str[-1:]) == ["1", "2"]


def test_every_table_is_read_even_without_rows(tmp_path: Path) -> None:
    added([REAL], tmp_path / "data")
    data = lp.load(tmp_path / "data")
    for table in TABLES:
        assert list(data.table(table).columns) == [column.name for column in TABLES[table]]
    assert {part.table for part in data.store.manifest.parts} >= {"invocations", "events"}  # type: ignore[attr-defined]
    assert set(STORED) < set(TABLES)
