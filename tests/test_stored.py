"""Tables that were written are read back as they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from values import COLUMNS, ROWS

import logparse as lp
from logparse.batches.arrow import frame
from logparse.batches.batch import batches_of
from logparse.columns import SCHEMA_VERSION, TABLES
from logparse.output.schema import package
from logparse.output.writers import WRITERS
from logparse.stored import _csv_rows, _jsonl_rows

LOGS = Path(__file__).parent / "data" / "logs"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
INPUTS = [LOGS / "v1-2020-11", LOGS / "mixed-2021-03", REAL]
#: Logs of many attempts, which are read quickly.
ATTEMPTS = [LOGS / "mixed-2021-03", REAL]


@pytest.fixture(scope="module")
def dataset() -> lp.Dataset:
    return lp.load(*INPUTS, builds=[BUILDS])


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [["-f", "csv"], ["-f", "jsonl"], ["-f", "parquet"], ["--raw-cells"]], ids=" ".join
)
def test_all_tables_come_back(
    more: list[str], dataset: lp.Dataset, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    folder = tmp_path / "tables"
    assert cli("export", *INPUTS, "--builds", BUILDS, "-t", "all", "-o", folder, *more).code == 0
    tables = lp.read_tables(folder)
    assert list(tables) == list(TABLES)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, dataset.table(name), rtol=0, atol=0)
        pd.testing.assert_frame_equal(lp.read_tables(folder, name), table)


# --- every value ------------------------------------------------------------------------------


@given(rows=ROWS)
@pytest.mark.parametrize("format_", ["csv", "raw csv", "jsonl"])
def test_every_value_comes_back(format_: str, rows: list[dict[str, Any]], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "values"
    with open(path, "w", encoding="utf-8", newline="") as out:
        WRITERS[format_](batches_of(rows, COLUMNS), COLUMNS, out)
    text = path.read_bytes().decode("utf-8")
    known = {column.name: column for column in COLUMNS}
    if format_ == "jsonl":
        again = list(_jsonl_rows(text, known, "x"))
    else:
        again = list(_csv_rows(text, known, "x", raw=format_ == "raw csv"))
    assert again == rows
    pd.testing.assert_frame_equal(frame(again, COLUMNS), frame(rows, COLUMNS), rtol=0, atol=0)


# --- types ------------------------------------------------------------------------------------


def test_types_are_those_of_the_frames(tmp_path: Path) -> None:
    (tmp_path / "polls.csv").write_text(
        "invocation_id,seq,changed,due_at,lateness_s,timer_id,new\n"
        "0123456789012345678,1,true,2020-11-17T04:33:59.089000Z,-0.006,'=1,x\n"
        ",,,,,,\n"
    )
    polls = lp.read_tables(tmp_path, "polls")
    first, second = polls.astype(object).where(polls.notna(), None).to_dict("records")
    assert first["invocation_id"] == "0123456789012345678"
    assert (first["seq"], first["changed"], first["lateness_s"]) == (1, True, -0.006)
    assert first["due_at"] == datetime(2020, 11, 17, 4, 33, 59, 89000, UTC)
    # One guard is removed; a column that is not known is text, one that is not there is null.
    assert (first["timer_id"], first["new"], first["rpc_s"]) == ("=1", "x", None)
    assert set(second.values()) == {None}
    assert str(polls["due_at"].dtype) == "datetime64[us, UTC]"
    assert [str(polls[name].dtype) for name in ("seq", "changed", "rpc_s")] == ["Int64", "boolean", "float64"]


@pytest.mark.parametrize("text", ["''=1", "'", "''"])
def test_one_guard_is_removed(text: str, tmp_path: Path) -> None:
    (tmp_path / "polls.csv").write_text(f"timer_id,status\n{text},x\n")
    assert lp.read_tables(tmp_path, "polls")["timer_id"][0] == text[1:]


# --- what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("polls.csv", "", "has none of the table's columns"),
        ("polls.csv", "a,b\n1,2\n", "has none of the table's columns"),
        ("polls.csv", "seq,rpc_s\n1\n", ":2: has 1 cells in a row of 2 columns"),
        ("polls.csv", "seq,rpc_s\n1,x\n", ":2: holds 'x' in a column of type float"),
        ("polls.csv", 'timer_id,seq\n"two\nlines",1\nx,1.5\n', ":4: holds '1.5' in a column of type int"),
        (
            "polls.csv",
            "seq\n9223372036854775808\n",
            ":2: holds '9223372036854775808' in a column of type int",
        ),
        (
            "polls.csv",
            "due_at\n2020-11-17T00:00:00\n",
            ":2: holds '2020-11-17T00:00:00' in a column of type time",
        ),
        ("polls.csv", "changed\nyes\n", ":2: holds 'yes' in a column of type bool"),
        ("polls.csv", 'seq\n"1\n', ":2: is broken CSV"),
        ("polls.jsonl", '{"seq": 1}\n{"seq"\n', ":2: is broken JSON"),
        (
            "polls.jsonl",
            '{"seq": "1"}\n',
            ":1: holds a value of another type than its column ('1' is not int)",
        ),
        ("polls.jsonl", '{"seq": true}\n', "('True' is not int)"),
        ("polls.jsonl", "[1]\n", "has none of the table's columns"),
    ],
)
def test_files_that_logparse_did_not_write(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(lp.InputError) as caught:
        lp.read_tables(tmp_path)
    assert str(tmp_path / name) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_a_file_alone(format_: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    expected = lp.load(*ATTEMPTS).attempts
    assert len(expected) > 50
    path = tmp_path / f"attempts.{format_}"
    assert cli("export", *ATTEMPTS, "-t", "attempts", "-o", path).code == 0
    pd.testing.assert_frame_equal(lp.read_tables(path, "attempts"), expected, rtol=0, atol=0)
    assert list(lp.read_tables(path)) == ["attempts"]
    renamed = path.rename(tmp_path / f"mine.{format_.upper()}")
    if format_ == "parquet":
        # Its metadata names the table.
        assert list(lp.read_tables(renamed)) == ["attempts"]
    else:
        with pytest.raises(lp.InputError, match="does not say which table it holds; name one of invocations"):
            lp.read_tables(renamed)
        assert len(lp.read_tables(renamed, "attempts")) == len(expected)
    other = renamed.rename(tmp_path / "attempts.txt")
    with pytest.raises(lp.InputError, match=r"is not a name for CSV, JSON lines or Parquet; give it a name"):
        lp.read_tables(other)


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_tables_of_a_newer_version(format_: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli("export", REAL, "-t", "all", "-f", format_, "-o", tmp_path).code == 0
    described = json.loads((tmp_path / "schema.json").read_bytes())
    assert described["schema_version"] == SCHEMA_VERSION
    described["schema_version"] += 1
    (tmp_path / "schema.json").write_text(json.dumps(described))
    newer = f"schema.json: has the schema version {SCHEMA_VERSION + 1}, and this logparse reads up to"
    with pytest.raises(
        lp.InputError, match=f"{newer} {SCHEMA_VERSION}; read it with the logparse that wrote"
    ):
        lp.read_tables(tmp_path)


def test_folders_without_tables(tmp_path: Path) -> None:
    with pytest.raises(lp.InputError, match="does not exist; write it with logparse export --table all -o"):
        lp.read_tables(tmp_path / "no")
    with pytest.raises(lp.InputError, match="holds no file of a table; write it"):
        lp.read_tables(tmp_path)
    with pytest.raises(lp.UsageError, match="'foo' is not a table; choose from invocations, events"):
        lp.read_tables(tmp_path, "foo")
    (tmp_path / "polls.csv").write_text("seq\n1\n")
    with pytest.raises(lp.InputError, match="holds no file of events table"):
        lp.read_tables(tmp_path, "events")
    (tmp_path / "polls.jsonl").write_text('{"seq":1}\n')
    with pytest.raises(lp.InputError, match=r"holds polls.csv and polls.jsonl; remove one of them"):
        lp.read_tables(tmp_path)
    (tmp_path / "polls.jsonl").unlink()
    (tmp_path / "polls.csv").write_bytes(b"seq\n\xff\n")
    with pytest.raises(lp.InputError, match="is not UTF-8"):
        lp.read_tables(tmp_path)


# --- the schema -------------------------------------------------------------------------------


def test_the_schema_describes_every_column(tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli("export", REAL, "-t", "all", "-f", "jsonl", "-o", tmp_path / "t").code == 0
    described = json.loads((tmp_path / "t" / "schema.json").read_text("utf-8"))
    assert described == package(TABLES, "jsonl")
    for resource in described["resources"]:
        assert (tmp_path / "t" / resource["path"]).is_file()
        assert resource["description"].endswith(".")
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == [column.name for column in TABLES[resource["name"]]]
        for field in fields:
            # What Frictionless' Table Schema knows.
            assert field["type"] in {"string", "any", "integer", "number", "boolean", "datetime"}
            assert field["description"]
            assert (field.get("unit") == "s") == field["name"].endswith("_s")
    units = {field["name"]: field.get("unit") for field in described["resources"][0]["schema"]["fields"]}
    assert (units["run_s"], units["poll_overhead_ratio"], units["poll_count"]) == ("s", None, None)


def test_schema_prints(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = cli("schema").out
    assert max(map(len, table.splitlines())) <= 80
    for name, columns in TABLES.items():
        assert f"\n{name}: " in f"\n{table}"
        assert all(f"\n{column.name} " in table for column in columns)
    assert json.loads(cli("schema", "-f", "json").out) == package(TABLES)
    assert json.loads(cli("schema", "-t", "polls", "-f", "json").out) == package(["polls"])
    markdown = cli("schema", "-t", "polls", "-o", tmp_path / "x.md")
    assert markdown == (0, "", "")
    assert "| rpc_s | float | s | answered_at − handled_at |\n" in (tmp_path / "x.md").read_text("utf-8")
