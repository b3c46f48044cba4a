"""``logparse export``: every table, as CSV and as JSON lines, gives the frames back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from quick import quick

import logparse as lp
from logparse.cli import main
from logparse.columns import TABLES

LOGS = Path(__file__).parent / "data" / "logs"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
INPUTS = [LOGS / "v1-2020-11", REAL]

TYPES = {
    "text": "str",
    "json": "str",
    "int": "Int64",
    "bool": "boolean",
    "float": "float64",
    "time": "str",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every table of the inputs in both formats."""
    folder = tmp_path_factory.mktemp("exported")
    for format_ in ("csv", "jsonl"):
        args = ["export", *INPUTS, "--builds", BUILDS, "-t", "all", "-f", format_, "-o", folder / format_]
        with pytest.raises(SystemExit) as left:
            main([str(arg) for arg in args])
        assert left.value.code == 0
    return folder


def typed(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a frame that was read from a file with the types of the contract."""
    for column in TABLES[table]:
        if column.type == "time":
            frame[column.name] = pd.to_datetime(frame[column.name], utc=True, format="ISO8601").astype(
                "datetime64[us, UTC]"
            )
    return frame


def guarded(value: object) -> object:
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_csv_gives_the_frame_back(table: str, given: lp.Dataset, exported: Path) -> None:
    path = exported / "csv" / f"{table}.csv"
    assert "\r\n" not in path.read_bytes().decode().partition("\n")[0]
    dtypes: Any = {c.name: TYPES[c.type] for c in TABLES[table]}
    # pandas 2 reads floats a little off unless it is told not to; pandas 3 always reads them exactly.
    exactly: Any = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
    again = typed(pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""], **exactly), table)
    expected = given.table(table).copy()
    for column in TABLES[table]:
        if column.type == "text":
            expected[column.name] = expected[column.name].map(guarded, na_action="ignore").astype("str")
            # An empty text and an unknown one are the same to CSV.
            expected[column.name] = expected[column.name].replace("", pd.NA)
    assert len(again) == len(expected)
    assert table in ("steps", "unrecognized") or len(again) > 3
    pd.testing.assert_frame_equal(again, expected, rtol=0, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_jsonl_gives_the_frame_back(table: str, given: lp.Dataset, exported: Path) -> None:
    path = exported / "jsonl" / f"{table}.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert all(list(row) == [c.name for c in TABLES[table]] for row in rows)
    for row in rows:
        for column in TABLES[table]:
            value = row[column.name]
            if value is not None:
                known: dict[str, Any] = {
                    "text": str,
                    "time": str,
                    "int": int,
                    "float": float,
                    "bool": bool,
                    "json": (dict, list),
                }
                assert isinstance(value, known[column.type]), (column.name, value)
            if column.type == "json" and value is not None:
                row[column.name] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    expected = given.table(table).copy()
    again = pd.DataFrame(
        {c.name: pd.Series([row[c.name] for row in rows], dtype=TYPES[c.type]) for c in TABLES[table]}
    )
    for column in TABLES[table]:
        if column.type == "json":
            told = [
                None if v is None else json.loads(v)
                for v in again.pop(column.name).astype(object).where(lambda s: s.notna(), None)
            ]
            meant = [
                None if v is None else json.loads(v)
                for v in expected.pop(column.name).astype(object).where(lambda s: s.notna(), None)
            ]
            assert told == meant
    pd.testing.assert_frame_equal(typed_only(again, table), expected, rtol=0, atol=0)


def typed_only(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    for column in TABLES[table]:
        if column.type == "time" and column.name in frame:
            frame[column.name] = pd.to_datetime(frame[column.name], utc=True, format="ISO8601").astype(
                "datetime64[us, UTC]"
            )
    return frame


def test_pandas_reads_jsonl(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "polls.jsonl"
    assert cli("export", REAL, "-t", "polls", "-f", "jsonl", "-o", path).code == 0
    polls = pd.read_json(path, lines=True, dtype={"invocation_id": str, "timer_id": str})
    assert list(polls["invocation_id"].unique()) == ["9028843112359765808"]
    assert len(polls) == 22
    assert round(polls.loc[polls["source"] == "timer", "rpc_s"].sum(), 6) == 8.798


def test_fields_are_an_object(cli: Callable[..., Any]) -> None:
    lines = cli("export", REAL, "-t", "events", "-f", "jsonl").out.splitlines()
    assert len(lines) == 94
    assert json.loads(lines[1])["fields"] == {"attempt": 1}


@pytest.mark.parametrize("format_", quick(["jsonl"], ["csv", "jsonl"]))
def test_all_tables(format_: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    tables = tmp_path / "a" / "tables"
    assert cli("export", REAL, "-t", "all", "-f", format_, "-o", tables) == (0, "", "")
    assert sorted(p.name for p in tables.iterdir()) == sorted(
        ["schema.json", *(f"{name}.{format_}" for name in TABLES)]
    )
    for name in TABLES:
        single = cli("export", REAL, "-t", name, "-f", format_).out
        assert (tables / f"{name}.{format_}").read_bytes().decode() == single
    # One file in the way is one too many.
    for name in TABLES:
        (tables / f"{name}.{format_}").unlink()
    (tables / "schema.json").unlink()
    (tables / f"polls.{format_}").write_text("mine")
    done = cli("export", REAL, "-t", "all", "-f", format_, "-o", tables)
    assert done.code == 1
    assert done.err == f"logparse: {tables}/polls.{format_}: exists already; overwrite it with --force\n"
    assert [p.read_text() for p in tables.iterdir()] == ["mine"]
    assert cli("export", REAL, "-t", "all", "-f", format_, "-o", tables, "--force").code == 0
    assert len(list(tables.iterdir())) == len(TABLES) + 1


def test_all_tables_into_a_file(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    said = f"logparse: {path}: is a file, not a directory; name another with -o\n"
    assert cli("export", REAL, "-t", "all", "-o", path, "--force") == (1, "", said)
    assert path.read_text() == "mine"


def test_all_tables_or_none(tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from logparse.tables import rows as tables

    def broken(records: object) -> Any:
        raise lp.LogparseError("breaks")

    monkeypatch.setitem(tables._BATCHES, "unrecognized", broken)
    assert cli("export", REAL, "-t", "all", "-o", tmp_path) == (1, "", "logparse: breaks\n")
    assert list(tmp_path.iterdir()) == []


def test_ids_keep_every_digit(cli: Callable[..., Any]) -> None:
    (row,) = (json.loads(line) for line in cli("export", REAL, "-f", "jsonl").out.splitlines())
    assert row["invocation_id"] == "9028843112359765808"
    assert row["build_id"] == "8863413050310585040"
    assert row["swarming_task_id"] == "4fed4cb11ed18c10"


def test_negative_numbers_are_numbers(cli: Callable[..., Any]) -> None:
    out = cli("export", REAL, "-t", "polls").out
    assert ",-0.006," in out
    assert "'-" not in out
