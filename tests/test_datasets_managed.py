"""Datasets over the years: retention, compact, info, versions, and queries in SQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import REAL
from datasets import added, contents, differing, inputs_of, leftovers, rows
from simulated import BUSY, simulated

import logparse as lp
from logparse.columns import TABLES
from logparse.store.info import inputs_of as inputs_taken
from logparse.store.layout import MANIFEST
from logparse.store.manifest import load_manifest
from logparse.store.reading import Store

FIRST = "2021-03-09"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "fleet"
    simulated(folder, BUSY, invocations=16, days=4, seed=11, start=FIRST)
    return folder


@pytest.fixture(scope="module")
def made(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "data"
    names = inputs_of(fleet)
    for start in range(2):
        added(names[start::2], folder)
    return folder


@pytest.fixture
def dataset(made: Path, tmp_path: Path) -> Path:
    """A copy that a test can change."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


# --- retention --------------------------------------------------------------------------------


def noon(day: int) -> datetime:
    return datetime(2021, 3, day, 12, tzinfo=UTC)


def test_older_days_are_dropped_and_older_inputs_left_out(fleet: Path, tmp_path: Path) -> None:
    names, data = inputs_of(fleet), tmp_path / "data"
    whole = added(names, data)
    days = lp.load(data).invocations.created_at.dt.strftime("%Y-%m-%d")
    kept = int((days >= "2021-03-11").sum())
    assert 0 < kept < whole.invocations
    done = added(names, data, retention=timedelta(days=2), now=noon(13))
    assert done.invocations == kept
    found = lp.load(data)
    assert found.invocations.created_at.min() >= datetime(2021, 3, 11, tzinfo=UTC)
    assert found.builds.created_at.min() >= datetime(2021, 3, 11, tzinfo=UTC)
    assert not [part for part in load_manifest(data).parts if part.day and part.day < "2021-03-11"]
    assert leftovers(data) == []
    # The limit holds for the next run, which counts what it leaves out, and reads nothing.
    again = added(names, data, now=noon(13))
    assert (again.read, again.known, again.invocations) == (0, len(names), kept)
    assert again.older > 0
    assert differing(found, lp.load(data)) == []


def test_a_new_dataset_with_a_limit_is_the_same(fleet: Path, tmp_path: Path) -> None:
    names = inputs_of(fleet)
    added(names, tmp_path / "before", now=noon(13))
    added([REAL], tmp_path / "before", retention=timedelta(days=2), now=noon(13))
    done = added([*names, str(REAL)], tmp_path / "at-once", retention=timedelta(days=2), now=noon(13))
    assert done.older > 0
    before, at_once = (lp.load(tmp_path / name) for name in ("before", "at-once"))
    assert rows(before, "invocations") == rows(at_once, "invocations")
    assert rows(before, "events") == rows(at_once, "events")


def test_a_longer_limit_reads_again_what_was_left_out(fleet: Path, tmp_path: Path) -> None:
    names, data = inputs_of(fleet), tmp_path / "data"
    added(names, tmp_path / "whole")
    added(names, data, retention=timedelta(days=2), now=noon(13))
    assert added(names, data, retention=timedelta.max, now=noon(13)).older == 0
    assert differing(lp.load(tmp_path / "whole"), lp.load(data)) == []


def test_a_limit_on_the_command_line(cli: Callable[..., Any], tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = cli("ingest", REAL, "--into", data, "--retention", "400d")
    assert done.code == 0
    assert "1 left out as older than the dataset keeps; 0 invocations (+0)" in done.out
    assert "400 days" in cli("info", data).out
    done = cli("ingest", REAL, "--into", data, "--retention", "none")
    assert "1 invocation (+1) and 1 build (+1)" in done.out
    assert cli("ingest", REAL, "--into", data, "--retention", "-3d").code == 2


# --- compact and info -------------------------------------------------------------------------


def test_compact_makes_one_file_for_each_table_and_day(
    cli: Callable[..., Any], dataset: Path, monkeypatch: pytest.MonkeyPatch, fleet: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr("logparse.store.writing.SMALL_ROWS", 0)
    names, data = inputs_of(fleet), tmp_path / "many"
    for start in range(4):
        added(names[start::4], data)
    before = lp.load(data)
    assert differing(lp.load(dataset), before) == []
    parts = load_manifest(data).parts
    places = {(part.table, part.day) for part in parts}
    assert len(parts) > len(places)
    done = cli("compact", data)
    assert done.code == 0
    assert done.out.startswith(f"{data}: {len(parts)} files with ")
    after = load_manifest(data).parts
    assert len(after) == len(places) == len({(part.table, part.day) for part in after})
    assert differing(lp.load(dataset), lp.load(data)) == []
    assert leftovers(data) == []
    # It can be added to as before.
    added([REAL], data)
    assert len(lp.load(data).invocations) == len(lp.load(dataset).invocations) + 1
    assert cli("compact", data).code == 0
    state = contents(data)
    assert cli("compact", data).code == 0
    assert contents(data) == state


def test_info_counts_rows_days_files_and_days_without_data(cli: Callable[..., Any], tmp_path: Path) -> None:
    builds = tmp_path / "builds.json"
    days = (1, 2, 5)
    builds.write_text(
        "\n".join(
            json.dumps(
                {"id": str(8_780_000_000_000_000_000 + day), "createTime": f"2023-05-0{day}T10:00:00Z"}
            )
            for day in days
        )
    )
    broken = tmp_path / "broken.json"
    broken.write_text('{"id": "8780000000000000009", "createTime": ')
    data = tmp_path / "data"
    added([builds, broken], data)
    found = [json.loads(line) for line in cli("info", data, "--format", "json").out.splitlines()]
    assert [row["table"] for row in found] == ["builds", "(kept inputs)"]
    (of_builds,) = [row for row in found if row["table"] == "builds"]
    files = sorted((data / "builds").rglob("*.parquet"))
    assert of_builds == {
        "table": "builds",
        "rows": 3,
        "days": 3,
        "first_day": "2023-05-01T00:00:00.000000Z",
        "last_day": "2023-05-05T00:00:00.000000Z",
        "missing_days": ["2023-05-03", "2023-05-04"],
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "schema_version": 1,
    }
    text = cli("info", data).out
    assert f"2 inputs: 2 by logparse {lp.__version__}; 1 of them failed" in text
    assert cli("info", tmp_path).err == (
        f"logparse: {tmp_path}: is not a dataset; make one with logparse ingest\n"
    )
    for format_ in ("csv", "markdown"):
        assert "missing_days" in cli("info", data, "--format", format_).out


# --- versions ---------------------------------------------------------------------------------


def test_a_dataset_of_a_newer_logparse_is_refused(cli: Callable[..., Any], dataset: Path) -> None:
    manifest = json.loads((dataset / MANIFEST).read_text())
    for key in ("version", "schema_version"):
        (dataset / MANIFEST).write_text(json.dumps({**manifest, key: 99, "logparse": "9.9.0", "new": [1]}))
        for arguments in (("summarize", dataset), ("ingest", REAL, "--into", dataset), ("compact", dataset)):
            done = cli(*arguments)
            assert done.code == 1
            assert done.err == (
                f"logparse: {dataset}: was written by logparse 9.9.0, whose datasets this older logparse cannot"
                " read; use that version of logparse or a newer one\n"
            )


def older(dataset: Path, column: str) -> None:
    """Make a dataset one of a logparse that did not have a column of invocations."""
    manifest = json.loads((dataset / MANIFEST).read_text())
    for part in manifest["parts"]:
        part["version"] = 0
        path = dataset / part["name"]
        if part["table"] == "invocations":
            table = pq.read_table(path, partitioning=None)
            pq.write_table(table.drop_columns([column]), path)
    (dataset / MANIFEST).write_text(json.dumps(manifest))


def test_an_older_dataset_is_read_with_nulls_and_can_be_upgraded(
    cli: Callable[..., Any], dataset: Path, fleet: Path
) -> None:
    whole = lp.load(dataset)
    expected = whole.invocations
    older(dataset, "launch_wait_s")
    found = lp.load(dataset).invocations
    assert found.launch_wait_s.isna().all()
    assert found.drop(columns="launch_wait_s").equals(expected.drop(columns="launch_wait_s"))
    query = "select count(launch_wait_s) n, count(*) m from invocations"
    assert json.loads(cli("sql", dataset, query, "--format", "json").out) == {"n": 0, "m": len(expected)}
    assert cli("compact", dataset).code == 0
    for path in (dataset / "invocations").rglob("*.parquet"):
        assert "launch_wait_s" in pq.read_schema(path).names
    # Reading the inputs again fills the column.
    done = added(inputs_of(fleet), dataset, again=True)
    assert done.known == len(inputs_of(fleet))


def test_again_reads_what_an_older_version_took_in_or_failed_on(
    dataset: Path, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = inputs_of(fleet)
    expected = {table: rows(lp.load(dataset), table) for table in TABLES}
    assert added(names, dataset, again=True).read == 0
    monkeypatch.setattr("logparse.ingest.known.VERSION", "9.9.0")
    done = added(names, dataset, again=True)
    assert (done.read, done.known) == (len(names), 0)
    assert {table: rows(lp.load(dataset), table) for table in TABLES} == expected
    assert leftovers(dataset) == []
    assert added(names, dataset, again=True).read == 0


def test_again_without_files_reads_what_the_dataset_keeps(
    cli: Callable[..., Any], fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, data = tmp_path / "fleet", tmp_path / "data"
    shutil.copytree(fleet, moved)
    added(inputs_of(moved), data)
    expected = {table: rows(lp.load(data), table) for table in TABLES}
    pages = [name for name in inputs_of(moved) if not Path(name).name.startswith("builds")]
    for page in pages:
        Path(page).unlink()
    older(data, "launch_wait_s")
    assert {table: rows(lp.load(data), table) for table in TABLES} != expected
    monkeypatch.setattr("logparse.ingest.known.VERSION", "9.9.0")
    done = added([], data, again=True)
    assert done.read == len(inputs_of(fleet))
    assert {table: rows(lp.load(data), table) for table in TABLES} == expected
    assert leftovers(data) == []
    assert cli("ingest", "--again", "--into", data).code == 0
    # Of builds the records are kept, and not the file.
    shutil.rmtree(moved)
    monkeypatch.setattr("logparse.ingest.known.VERSION", "9.9.1")
    assert added([], data, again=True).read == len(pages)
    assert {table: rows(lp.load(data), table) for table in TABLES} == expected


def test_what_failed_is_read_again_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, page = tmp_path / "data", tmp_path / "page.txt"
    shutil.copy(REAL, page)
    done = added([page], data, max_bytes=100)
    assert [error.cause for error in done.failures] == ["is larger than 100 bytes"]
    assert len(lp.load(data).table("failures")) == 1
    # Its content was not read, so that it is not known.
    done = added([page], data)
    assert (done.read, done.invocations) == (1, 1)
    assert len(lp.load(data).table("failures")) == 0
    broken = tmp_path / "broken.json"
    broken.write_text('{"id": "8780000000000000009", "createTime": ')
    assert len(added([broken], data).failures) == 1
    assert added([broken], data).known == 1
    assert len(lp.load(data).table("failures")) == 1
    assert len(added([broken], data, again=True).failures) == 1
    assert len(lp.load(data).table("failures")) == 1
    assert inputs_taken(Store(data)).failed == 1


# --- arguments --------------------------------------------------------------------------------


def test_a_folder_that_cannot_become_a_dataset(
    cli: Callable[..., Any], dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    for into, cause in (
        ("s3://bucket/data", "is not on a file system"),
        (tmp_path / "full", "is not a dataset, and not empty"),
        (tmp_path / "full" / "file", "is a file, not a folder"),
    ):
        done = cli("ingest", REAL, "--into", into)
        assert done.code == 2
        assert cause in done.err
    assert cli("ingest", "--into", tmp_path / "new").code == 2
    assert "is a dataset" in cli("ingest", dataset, "--into", tmp_path / "new").err
    assert not (tmp_path / "new").exists()
    # A dataset beside the logs is not one of them.
    shutil.copy(REAL, tmp_path / "page.txt")
    shutil.rmtree(tmp_path / "full")
    done = cli("ingest", tmp_path, "--into", tmp_path / "new", "-v")
    assert "1 invocation (+1)" in done.out
    assert done.err.startswith(f"logparse: skipped: {dataset}: is a dataset")
    assert cli("ingest", tmp_path, "--into", tmp_path / "new").out.startswith(
        f"{tmp_path}/new: 0 inputs read"
    )
    assert "cannot be read together" in cli("summarize", dataset, REAL).err
    with pytest.raises(lp.UsageError, match="cannot be read together"):
        lp.load(dataset, builds="builds.json")
    with pytest.raises(lp.UsageError, match="keeps one row"):
        lp.load(dataset, duplicates="keep")


def test_standard_input_is_taken_in(cli: Callable[..., Any], tmp_path: Path) -> None:
    data = tmp_path / "data"
    text = REAL.read_bytes()
    assert "1 input read, 0 known already" in cli("ingest", "-", "--into", data, stdin=text).out
    assert "0 inputs read, 1 known already" in cli("ingest", "-", "--into", data, stdin=text).out
    # The file with the same content is the same input.
    assert added([REAL], data).known == 1
    assert list(lp.load(data).invocations.source) == ["<stdin>"]


# --- SQL --------------------------------------------------------------------------------------


def test_sql_answers_from_the_files(cli: Callable[..., Any], dataset: Path, fleet: Path) -> None:
    query = "select status, count(*) n, round(sum(run_s), 3) s from invocations group by all order by status"
    expected = cli("sql", *inputs_of(fleet), query, "--format", "json")
    assert cli("sql", dataset, query, "--format", "json").out == expected.out
    for table in TABLES:
        number = json.loads(cli("sql", dataset, f'select count(*) n from "{table}"', "--format", "json").out)
        assert number == {"n": len(lp.load(dataset).table(table))}, table
    since = cli("sql", dataset, "select min(created_at) from invocations", "--since", "2021-03-11")
    assert "2021-03-1" in since.out


def test_a_query_reads_the_tables_and_nothing_else(
    cli: Callable[..., Any], dataset: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    part = next((dataset / "invocations").rglob("*.parquet"))
    state = contents(dataset)
    for query in (
        f"copy invocations to '{tmp_path}/out.csv'",
        f"copy invocations to '{part}' (use_tmp_file false)",
        f"copy (select 1) to '{part}' (format parquet, use_tmp_file false)",
        f"attach '{tmp_path}/x.db'",
        "install httpfs",
        "set lock_configuration = false",
        "select 1; select 2",
        f"select count(*) from invocations, read_text('{other}')",
        f"select count(*) from invocations, read_parquet('{other}')",
        f"select count(*) from invocations, '{other}'",
        f"select count(*) from invocations, read_parquet('{dataset}/_logparse/**/*.parquet')",
        f"create table t as select * from read_parquet('{part}')",
    ):
        done = cli("sql", dataset, query)
        assert done.code in (1, 2), query
        assert done.out == "", query
        assert done.err.count("\n") <= 4, query
    assert contents(dataset) == state
    assert not (tmp_path / "out.csv").exists()


def test_connect_gives_views_of_a_dataset(dataset: Path) -> None:
    found = lp.load(dataset)
    with lp.connect(dataset) as connection:
        for name, columns in TABLES.items():
            table = connection.sql(f'from "{name}"').to_arrow_table()
            assert table.column_names == [column.name for column in columns]
            assert sorted(map(repr, table.cast(found.arrow(name).schema).to_pylist())) == rows(found, name)


def test_many_small_runs_do_not_make_many_files(tmp_path: Path, fleet: Path) -> None:
    names = inputs_of(fleet)
    data = tmp_path / "data"
    for name in names:
        added([name], data)
    parts = load_manifest(data).parts
    assert len(names) > 20
    assert sum(part.table == "_kept" for part in parts) <= 17
    assert len(parts) == len({(p.table, p.day) for p in parts}) + sum(p.table == "_kept" for p in parts) - 1
    assert differing(lp.load(names, jobs=1), lp.load(data)) == []
    assert leftovers(data) == []
