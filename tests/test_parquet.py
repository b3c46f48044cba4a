"""Parquet: pandas, pyarrow, DuckDB and `read_tables` read what export writes, and broken files say why."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from values import COLUMNS, ROWS

import logparse as lp
from logparse.batches.arrow import frame
from logparse.batches.batch import batches_of
from logparse.batches.parquet import read_parquet, write_parquet
from logparse.cli import main
from logparse.columns import SCHEMA_VERSION, TABLES
from logparse.output.files import whole_binary_file
from logparse.tables.plainframes import plain_rows
from logparse.tables.rows import rows

LOGS = Path(__file__).parent / "data" / "logs"
BUILDS = Path(__file__).parent / "data" / "builds" / "linux-rel-8927206632544641856.json"
REAL = LOGS / "win_xfa_component-9028843112359765808.txt"
INPUTS = [LOGS / "v1-2020-11", REAL]
EVENTS = TABLES["events"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
GROUPS = ("bots", "builders", "jobs")
TYPES = {
    "text": pa.string(),
    "json": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
}
DUCKDB_TYPES = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP WITH TIME ZONE",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every table of the inputs."""
    folder = tmp_path_factory.mktemp("exported") / "tables"
    args = ["export", *INPUTS, "--builds", BUILDS, "-t", "all", "-f", "parquet", "-o", folder]
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    assert left.value.code == 0
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["schema.json", *(f"{name}.parquet" for name in TABLES)]
    )
    return folder


# --- readers with their defaults --------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_pandas_reads_the_frames_of_load(table: str, given: lp.Dataset, exported: Path) -> None:
    again = pd.read_parquet(exported / f"{table}.parquet")
    # Before pandas 3 its reader makes objects of text.
    old = dict.fromkeys([c.name for c in TABLES[table] if c.type in ("text", "json")], object)
    expected = given.table(table).astype(old if pd.__version__ < "3" else {})
    pd.testing.assert_frame_equal(again, expected, rtol=0, atol=0)


@pytest.mark.parametrize("table", TABLES)
def test_pyarrow_reads_the_rows(table: str, given: lp.Dataset, exported: Path) -> None:
    found = pq.read_table(exported / f"{table}.parquet")
    assert [(f.name, f.type) for f in found.schema] == [(c.name, TYPES[c.type]) for c in TABLES[table]]
    made: Any = plain_rows(given.table(table)) if table in GROUPS else rows(given.records, table)
    assert found.to_pylist() == [{c.name: row[c.name] for c in TABLES[table]} for row in made]


def test_duckdb_reads_the_real_page(exported: Path) -> None:
    with duckdb.connect() as database:
        database.execute("set timezone = 'UTC'")
        path = exported / "invocations.parquet"
        (found,) = database.execute(
            "select job_id, created_at, duration_s, build_number, truncated, triggered_by"
            f" from '{path}' where invocation_id = '9028843112359765808'"
        ).fetchall()
        created = datetime(2020, 11, 17, 4, 33, 59, 89000, UTC)
        assert found == ("pdfium/win_xfa_component", created, 1262.491646275, 2079, False, None)
        (polls,) = database.execute(
            f"select count(*), round(sum(rpc_s), 6) from '{exported}/polls.parquet'"
            " where invocation_id = '9028843112359765808' and source = 'timer'"
        ).fetchall()
        assert polls == (20, 8.798)


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_reads_the_types(table: str, exported: Path) -> None:
    with duckdb.connect() as database:
        path = exported / f"{table}.parquet"
        found = database.execute(f"describe select * from '{path}'").fetchall()
        assert [(name, type_) for name, type_, *_ in found] == [
            (c.name, DUCKDB_TYPES[c.type]) for c in TABLES[table]
        ]


@given(given=ROWS)
def test_every_value_comes_back(given: list[dict[str, Any]]) -> None:
    file = io.BytesIO()
    write_parquet(batches_of(given, COLUMNS), COLUMNS, file, "polls")
    assert pq.read_table(io.BytesIO(file.getvalue())).to_pylist() == given
    assert read_parquet(file, COLUMNS, "x", "polls").to_pylist() == given


def test_odd_values() -> None:
    given: list[dict[str, Any]] = [
        {"text": "\ud800 a\0é", "float": float("nan")},
        {"text": None},
        {"text": ""},
    ]
    file = io.BytesIO()
    write_parquet(batches_of(given, COLUMNS), COLUMNS, file, "polls")
    found = pq.read_table(file).to_pydict()
    # Half a surrogate pair is escaped, as in CSV. NaN is not known, which is null.
    assert found["text"] == ["\\ud800 a\0é", None, ""]
    assert found["float"] == [None, None, None]
    assert frame(given, COLUMNS)["text"].fillna("-").to_list() == ["\\ud800 a\0é", "-", ""]


# --- the file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_a_file_describes_itself(table: str, exported: Path) -> None:
    file = pq.ParquetFile(exported / f"{table}.parquet")
    schema = file.schema_arrow
    assert schema.metadata[b"logparse.table"] == table.encode()
    assert schema.metadata[b"logparse.schema_version"] == str(SCHEMA_VERSION).encode()
    for column, field in zip(TABLES[table], schema, strict=True):
        assert field.metadata[b"meaning"].decode() == column.meaning
        assert (field.metadata.get(b"unit") == b"s") == column.name.endswith("_s")
    chunks = [
        file.metadata.row_group(group).column(number)
        for group in range(file.num_row_groups)
        for number in range(len(schema))
    ]
    assert {chunk.compression for chunk in chunks} <= {"ZSTD"}


def test_memory_does_not_grow_with_the_rows() -> None:
    used = []

    def made(count: int) -> Iterator[dict[str, Any]]:
        for number in range(count):
            used.append(pa.total_allocated_bytes())
            yield {"text": f"{number:010}" * 1000, "int": number}

    before = pa.total_allocated_bytes()
    file = io.BytesIO()
    write_parquet(batches_of(made(20_000), COLUMNS), COLUMNS, file, "polls")
    # All rows have 200 MB.
    assert max(used) - before < 80 << 20
    found = pq.ParquetFile(file)
    assert found.num_row_groups > 4
    assert found.read(["int"]).column(0).to_pylist() == list(range(20_000))


def test_equal_columns_of_a_frame_share_memory() -> None:
    events = frame(
        [{"source": f"{n}.log", "source_file": f"{n}.log", "kind": "x"} for n in range(99)], EVENTS
    )
    assert list(events["source_file"]) == list(events["source"]) == [f"{n}.log" for n in range(99)]
    events.loc[0, "source"] = "other"
    assert [events[name][0] for name in ("source", "source_file", "kind")] == ["other", "0.log", "x"]


# --- where it goes ----------------------------------------------------------------------------


def test_the_name_and_the_option_say_the_format(tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli("export", REAL, "-t", "polls", "-o", tmp_path / "x.parquet") == (0, "", "")
    assert cli("export", REAL, "-t", "polls", "-f", "parquet", "-o", tmp_path / "x.dat") == (0, "", "")
    assert pq.read_metadata(tmp_path / "x.parquet").num_rows == 22
    assert (tmp_path / "x.parquet").read_bytes() == (tmp_path / "x.dat").read_bytes()
    said = f"logparse: {tmp_path}/x.parquet: exists already; overwrite it with --force\n"
    assert cli("export", REAL, "-t", "polls", "-o", tmp_path / "x.parquet") == (1, "", said)
    assert cli("export", REAL, "-o", tmp_path / "x.parquet", "--force") == (0, "", "")
    assert pq.read_metadata(tmp_path / "x.parquet").num_rows == 1


def test_a_file_appears_whole_or_not_at_all(
    tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from logparse.tables import rows as tables

    def broken(records: object) -> Iterator[Any]:
        yield from batches_of([{"invocation_id": "1"}], TABLES["polls"])
        raise lp.LogparseError("breaks")

    monkeypatch.setitem(tables._BATCHES, "polls", broken)
    path = tmp_path / "x.parquet"
    path.write_text("mine")
    done = cli("export", REAL, "-t", "polls", "-o", path, "--force")
    assert done == (1, "", "logparse: breaks\n")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x.parquet", "mine")]


def test_force_replaces_tables_of_another_format(tmp_path: Path, cli: Callable[..., Any]) -> None:
    assert cli("export", REAL, "-t", "all", "-o", tmp_path / "t").code == 0
    assert cli("export", REAL, "-t", "all", "-f", "parquet", "-o", tmp_path / "t", "--force").code == 0
    assert {path.suffix for path in (tmp_path / "t").iterdir()} == {".parquet", ".json"}


def test_a_pipe_gets_parquet(tmp_path: Path, cli: Callable[..., Any]) -> None:
    command: list[Any] = [sys.executable, "-m", "logparse", "export", REAL, "-t", "polls", "-f", "parquet"]
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, timeout=60, check=True)
    assert done.stderr == b""
    assert cli("export", REAL, "-t", "polls", "-o", tmp_path / "x.parquet").code == 0
    assert done.stdout == (tmp_path / "x.parquet").read_bytes()


def test_a_pipe_that_nobody_reads_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command: list[Any] = [sys.executable, "-m", "logparse", "export", REAL, "-f", "parquet"]
    with open(writing, "wb") as out:
        done = subprocess.run(
            command, stdout=out, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_gets_no_parquet(on_terminal: Callable[..., tuple[int, str]]) -> None:
    code, shown = on_terminal("export", REAL, "-f", "parquet")
    assert code == 2
    assert "A terminal cannot show Parquet: name a file with -o, or write to a pipe." in " ".join(
        shown.split()
    )


def test_a_terminal_by_its_path_gets_none_either() -> None:
    master, terminal = pty.openpty()
    path = Path(os.ttyname(terminal))
    with pytest.raises(lp.LogparseError, match="is a terminal; name a file with -o"), whole_binary_file(path):
        pass
    os.close(master)
    os.close(terminal)


# --- files that are not right -----------------------------------------------------------------


def said_of(path: Path, table: str | None = None) -> str:
    """Return what `read_tables` says about a file, without its name."""
    with pytest.raises(lp.InputError) as caught:
        lp.read_tables(path) if table is None else lp.read_tables(path, table)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


BROKEN = "is not Parquet, or is damaged or cut short; export it again"


def test_files_that_are_cut_or_damaged(exported: Path, tmp_path: Path) -> None:
    whole = (exported / "polls.parquet").read_bytes()
    path = tmp_path / "polls.parquet"
    middle = bytearray(whole)
    middle[300] ^= 1
    footer = whole[:-8] + b"\xff\xff\xff\x7fPAR1"
    for broken in (b"", b"PAR1", whole[:-1], whole[: len(whole) // 2], whole[100:], footer, bytes(middle)):
        path.write_bytes(broken)
        assert said_of(path) == BROKEN
    path.write_bytes(b"invocation_id,seq\n1,2\n")
    assert said_of(path) == BROKEN
    # A damaged footer is read or refused; it never raises another error.
    for place in range(len(whole) - 3000, len(whole), 7):
        path.write_bytes(whole[:place] + b"\xa5" + whole[place + 1 :])
        with suppress(lp.InputError):
            lp.read_tables(path, "polls")


def written(path: Path, columns: dict[str, Any], metadata: dict[str, str] | None = None) -> Path:
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


NOT_UTF_8 = pa.Array.from_buffers(
    pa.string(), 1, [None, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")]
)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [1]}, "has none of the table's columns; name a folder that logparse export --table all wrote"),
        (
            {"seq": ["1"]},
            "holds values of type string in its column seq, which has type int; export it again",
        ),
        ({"timer_id": [1]}, "holds values of type int64 in its column timer_id, which has type text; "),
        ({"changed": [1]}, "holds values of type int64 in its column changed, which has type bool; "),
        ({"rpc_s": ["1"]}, "holds values of type string in its column rpc_s, which has type float; "),
        # A time without a zone can mean any.
        ({"due_at": [datetime(2020, 1, 1)]}, "holds values of type timestamp[us] in its column due_at, "),
        ({"seq": pa.array([2**63], pa.uint64())}, "holds values of another type or size in its column seq, "),
        (
            {"due_at": pa.array([1], pa.timestamp("ns", "UTC"))},
            "holds values of another type or size in its column due_at, ",
        ),
        ({"seq": [1], "new": [[1]]}, "holds values of another type or size in its column new, "),
        ({"timer_id": NOT_UTF_8}, BROKEN),
    ],
)
def test_files_of_others(columns: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said_of(written(tmp_path / "polls.parquet", columns)).startswith(said)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "polls.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["seq", "seq"]), path)
    assert said_of(path) == "has two columns of one name; export it again"


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            {"logparse.schema_version": str(SCHEMA_VERSION + 1)},
            f"has the schema version {SCHEMA_VERSION + 1}, and this logparse reads up to {SCHEMA_VERSION}; "
            "read it with the logparse that wrote it, or a newer one",
        ),
        ({"logparse.schema_version": "²"}, "names the schema version '²', which is not a number; "),
        ({"logparse.schema_version": "9" * 5000}, "names the schema version '999"),
        ({"logparse.table": "events"}, "holds the table events, not polls; read it as the table events"),
    ],
)
def test_metadata_that_is_not_right(metadata: dict[str, str], said: str, tmp_path: Path) -> None:
    assert said_of(written(tmp_path / "polls.parquet", {"seq": [1]}, metadata), "polls").startswith(said)


def test_a_file_that_does_not_name_a_table(tmp_path: Path) -> None:
    path = written(tmp_path / "mine.parquet", {"seq": [1]})
    assert said_of(path).startswith("does not say which table it holds; name one of invocations, events")
    assert lp.read_tables(path, "polls")["seq"].to_list() == [1]
    path = written(tmp_path / "else.parquet", {"seq": [1]}, {"logparse.table": "nothing"})
    assert said_of(path).startswith("does not say which table it holds")


def test_files_that_pandas_wrote(given: lp.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "polls.parquet"
    polls = given.polls
    polls.to_parquet(path)
    pd.testing.assert_frame_equal(lp.read_tables(path, "polls"), polls, rtol=0, atol=0)
    polls.astype({"status": "category"}).to_parquet(path)
    pd.testing.assert_frame_equal(lp.read_tables(path, "polls"), polls, rtol=0, atol=0)


def test_columns_that_are_missing_or_new(tmp_path: Path) -> None:
    path = written(
        tmp_path / "polls.parquet",
        {"new": [1, None], "seq": pa.array([1, 2], pa.int8()), "status": [None, None], "rpc_s": [1, 2]},
    )
    polls = lp.read_tables(path, "polls")
    assert list(polls.columns) == [*(c.name for c in TABLES["polls"]), "new"]
    assert polls["new"].fillna("-").to_list() == ["1", "-"]
    assert polls["seq"].to_list() == [1, 2]
    assert polls["rpc_s"].to_list() == [1.0, 2.0]
    assert polls["status"].isna().all()
    assert polls["due_at"].isna().all()
    assert [str(polls[name].dtype) for name in ("seq", "rpc_s", "due_at")] == [
        "Int64",
        "float64",
        "datetime64[us, UTC]",
    ]
