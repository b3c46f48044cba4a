"""``logparse sql`` and `lp.connect`: answers in SQL, and queries that can do nothing else."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from commands import LOGS, REAL, environment

import logparse as lp
from logparse.columns import TABLES
from logparse.query import check, guarded

FOLDER = LOGS / "mixed-2021-03"


@pytest.fixture(scope="module")
def data() -> lp.Dataset:
    return lp.load(FOLDER)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --- answers ----------------------------------------------------------------------------------


def test_an_answer_of_the_real_page(cli: Callable[..., Any]) -> None:
    # The page: queued 04:33:59.089 by its id; it states 21m2.491646275s; Buildbucket's times give the run.
    query = "select created_at, duration_s, run_s, poll_count, bot_id from invocations"
    done = cli("sql", REAL, query, "--format", "json")
    assert done.code == 0
    assert lines(done.out) == [
        {
            "created_at": "2020-11-17T04:33:59.089000Z",
            "duration_s": 1262.491646275,
            "run_s": 1255.841972,
            "poll_count": 20,
            "bot_id": "luci-flex-ci-win10-2-8q8g",
        }
    ]


@pytest.mark.slow
def test_every_table_is_the_frame_of_load(data: lp.Dataset) -> None:
    with lp.connect(FOLDER) as connection:
        for name, columns in TABLES.items():
            found = connection.sql(f'from "{name}"').to_arrow_table()
            assert found.column_names == [column.name for column in columns], name
            expected = data.table(name)
            assert found.num_rows == len(expected), name
            for column in columns:
                theirs = found.column(column.name).to_pylist()
                ours = [None if pd.isna(value) else value for value in expected[column.name]]
                assert theirs == ours, (name, column.name)


def test_only_the_tables_of_the_query_are_made(monkeypatch: pytest.MonkeyPatch, data: lp.Dataset) -> None:
    from logparse.query import tables_for

    assert [*tables_for(data, "select * from Polls join invocations using (invocation_id)")] == [
        "invocations",
        "polls",
    ]
    assert [*tables_for(data, "from query_table('po' || 'lls')")] == list(TABLES)
    assert [*tables_for(data, "show tables")] == list(TABLES)
    assert not tables_for(data, "select 1")


def test_a_query_from_a_file_and_from_standard_input(cli: Callable[..., Any], tmp_path: Path) -> None:
    script = tmp_path / "count.sql"
    script.write_text("-- how many\nselect count(*) as n\nfrom invocations;\n", encoding="utf-8")
    number = len(lp.load(FOLDER).invocations)
    for args, stdin in (([script], b""), (["-"], script.read_bytes())):
        done = cli("sql", FOLDER, "-f", *args, "--format", "csv", stdin=stdin)
        assert (done.code, done.out) == (0, f"n\n{number}\n")


# --- formats ----------------------------------------------------------------------------------

VALUES = """select 1 as n, 1.5 as d, 0.1 + 0.2 as s, sum(x) as total, true as yes, null as nothing, '=1+1' as formula,
 'a"b,c' as text, '' as empty, [1, 2] as list, {'a': date '2020-01-02'} as struct,
 timestamptz '2020-01-02 03:04:05.000006+00' as at from (values (2), (3)) as t(x)"""


def test_csv(cli: Callable[..., Any]) -> None:
    done = cli("sql", REAL, VALUES, "--format", "csv")
    assert done.code == 0
    head, row = done.out.splitlines()
    assert head == "n,d,s,total,yes,nothing,formula,text,empty,list,struct,at"
    assert row == (
        '1,1.5,0.3,5,true,,\'=1+1,"a""b,c","","[1, 2]","{""a"": ""2020-01-02""}",2020-01-02T03:04:05.000006Z'
    )
    raw = cli("sql", REAL, "select '=1+1' as formula", "--format", "csv", "--raw-cells")
    assert raw.out == "formula\n=1+1\n"


def test_json(cli: Callable[..., Any]) -> None:
    assert lines(cli("sql", REAL, VALUES, "--format", "json").out) == [
        {
            "n": 1,
            "d": 1.5,
            "s": 0.3,
            "total": 5,
            "yes": True,
            "nothing": None,
            "formula": "=1+1",
            "text": 'a"b,c',
            "empty": "",
            "list": [1, 2],
            "struct": {"a": "2020-01-02"},
            "at": "2020-01-02T03:04:05.000006Z",
        }
    ]


@pytest.mark.slow
def test_parquet_to_a_file_and_to_a_pipe(cli: Callable[..., Any], tmp_path: Path) -> None:
    query = "select job_id, count(*) as n from invocations group by job_id order by job_id"
    path = tmp_path / "jobs.parquet"
    assert cli("sql", FOLDER, query, "-o", path).code == 0
    frame = pq.read_table(path).to_pandas()
    expected = lp.load(FOLDER).invocations.groupby("job_id").size().sort_index()
    assert dict(zip(frame["job_id"], frame["n"], strict=True)) == expected.to_dict()
    piped = subprocess.run(
        [sys.executable, "-m", "logparse", "sql", str(FOLDER), query, "--format", "parquet"],
        capture_output=True,
        env=environment(),
        check=True,
    )
    assert pq.read_table(io.BytesIO(piped.stdout)).equals(pq.read_table(path))


def test_a_table_and_a_wide_one(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    narrow = cli("sql", REAL, "select status, poll_count, 1e-9::double as tiny from invocations")
    assert narrow.out.split("\n")[0].split() == ["status", "poll_count", "tiny"]
    assert narrow.out.split("\n")[2].split() == ["SUCCEEDED", "20", "1e-09"]
    wide = cli("sql", REAL, "from invocations")
    first, *rows = wide.out.splitlines()
    assert first == "row 1"
    named = [row.split()[0] for row in rows if row.startswith("  ") and not row.startswith("   ")]
    assert named == [column.name for column in TABLES["invocations"]]
    assert ["poll_count", "20"] in [row.split() for row in rows]
    assert max(map(len, rows)) <= 80


@pytest.mark.slow
def test_a_table_shows_a_thousand_rows(cli: Callable[..., Any]) -> None:
    done = cli("sql", REAL, "select range as n from range(1001)")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1002
    assert "first 1000 rows" in done.err
    assert "first 1000" not in cli("sql", REAL, "select range as n from range(1000)").err


def test_names_that_json_cannot_tell_apart(cli: Callable[..., Any], tmp_path: Path) -> None:
    query = "select 1 as a, 2 as a"
    for args in (["--format", "json"], ["-o", tmp_path / "a.parquet"]):
        done = cli("sql", REAL, query, *args)
        assert done.code == 2
        assert "two columns of the result are named 'a'" in done.err
        assert not list(tmp_path.iterdir())
    assert cli("sql", REAL, query, "--format", "csv").out == "a,a\n1,2\n"


# --- queries that are refused -----------------------------------------------------------------

FORBIDDEN = [
    "copy (select 1) to '{path}'",
    "copy (select 1) to '{path}' (use_tmp_file false)",
    "explain analyze copy (select 1) to '{path}'",
    "/* a */ explain (format json) copy (select 1) to '{path}'",
    "export database '{path}'",
    "attach '{path}'",
    "install httpfs",
    "load httpfs",
    "set memory_limit = '1TB'",
    "reset memory_limit",
    "pragma enable_profiling",
    "call pragma_version()",
    "create table mine as select 1",
    "insert into polls select * from polls",
    "delete from polls",
    "drop table polls",
    "prepare p as select 1",
    "select 1; select 2",
    "select 1; copy (select 1) to '{path}'",
    "",
    ";",
]


@pytest.mark.parametrize("query", FORBIDDEN)
def test_only_one_select(query: str, tmp_path: Path) -> None:
    with pytest.raises(lp.UsageError):
        check(query.format(path=tmp_path / "x"))
    assert not list(tmp_path.iterdir())


def test_what_is_refused_is_said_and_is_2(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "x"
    for query in (f"copy (select 1) to '{path}'", "select 1; select 2"):
        done = cli("sql", REAL, query)
        assert done.code == 2
        assert not done.out
        assert "the query" in done.err
        assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())


READING = [
    "select * from read_text('{path}')",
    "select * from read_csv('{path}')",
    "select * from read_parquet('{path}')",
    "select * from '{path}'",
    "select * from glob('{folder}/*')",
    "select * from sniff_csv('{path}')",
    "select * from read_text('https://example.com/')",
    "explain analyze select * from read_csv('{path}')",
    "select * from query('copy polls to ''{path}''')",
    "select content from read_blob('{path}')",
]


def test_a_query_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret\nvalue\n", encoding="utf-8")
    with guarded({}) as answers:
        for query in READING:
            with pytest.raises((lp.LogparseError, duckdb.Error)) as error:
                list(answers.ask(query.format(path=secret, folder=tmp_path))[1])
            assert "value" not in str(error.value), query
        (row,) = list(answers.ask("select 1 as n")[1])
        assert row.to_pylist() == [{"n": 1}]
    assert [file.name for file in tmp_path.iterdir()] == ["secret.csv"]


def test_a_file_that_a_query_reads_is_named_and_is_1(cli: Callable[..., Any]) -> None:
    done = cli("sql", REAL, "select * from read_text('/etc/hostname')")
    assert done.code == 1
    assert "the tables, and nothing else" in done.err


def test_variables_of_python_are_not_tables() -> None:
    inputs = tables = lp.load(REAL).polls
    assert len(inputs) == len(tables)
    with guarded({}) as answers:
        for name in ("inputs", "tables", "query", "columns"):
            with pytest.raises(lp.UsageError):
                answers.ask(f"select * from {name}")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("selec 1", "syntax error"),
        ("select foo from polls", '"foo" not found'),
        ("from invocation", 'Did you mean "invocations"'),
        ("from nothing_like_it", "does not exist"),
    ],
)
def test_a_mistake_is_named_before_anything_is_read(
    query: str, said: str, cli: Callable[..., Any], tmp_path: Path
) -> None:
    done = cli("sql", tmp_path / "missing.log", query)
    assert done.code == 2
    assert said in done.err
    assert "missing.log" not in done.err
    assert "pg_" not in done.err


def test_an_explanation_of_a_select(cli: Callable[..., Any]) -> None:
    for start in ("explain ", "-- note\n EXPLAIN analyze ", "/* a * b */explain "):
        done = cli("sql", REAL, "-f", "-", stdin=f"{start}select count(*) from polls".encode())
        assert done.code == 0, done.err
        assert "─" in done.out
    with pytest.raises(lp.UsageError):
        check("explain analyze insert into polls from polls")


def test_a_failure_while_the_query_runs_is_1(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    done = cli("sql", REAL, "select status::int from invocations", "-o", path)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "Conversion Error" in done.err
    assert not list(tmp_path.iterdir())


def test_memory_is_limited(cli: Callable[..., Any]) -> None:
    query = "select length(string_agg(repeat('x', 1000) || range)) as n from range(100000)"
    done = cli("sql", REAL, query, "--memory", "20M")
    assert done.code == 1
    assert "--memory" in done.err
    assert cli("sql", REAL, query, "--format", "csv").out == "n\n100588889\n"


# --- manners ----------------------------------------------------------------------------------


def test_a_missing_query_and_a_missing_input(cli: Callable[..., Any]) -> None:
    assert "is a file" in cli("sql", REAL).err
    assert "Missing argument" in cli("sql").err
    done = cli("sql", "select 1")
    assert done.code == 2
    assert "FILE" in done.err


def test_nothing_is_overwritten(cli: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "n.csv"
    path.write_text("mine", encoding="utf-8")
    assert cli("sql", REAL, "select 1 as n", "-o", path).code == 1
    assert path.read_text(encoding="utf-8") == "mine"
    assert cli("sql", REAL, "select 1 as n", "-o", path, "--force").code == 0
    assert path.read_text(encoding="utf-8") == "n\n1\n"


def test_an_input_that_fails_is_named_and_the_others_count(cli: Callable[..., Any], tmp_path: Path) -> None:
    done = cli("sql", REAL, tmp_path / "none.log", "select count(*) as n from invocations", "--format", "csv")
    assert (done.code, done.out) == (1, "n\n1\n")
    assert "none.log" in done.err


@pytest.mark.slow
def test_a_long_query_is_stopped_by_an_interrupt() -> None:
    query = "select sum(hash(a.range * b.range)) from range(1000000) a, range(1000000) b"
    running = subprocess.Popen(
        [sys.executable, "-m", "logparse", "sql", str(REAL), query],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(2)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert not out
    assert b"Traceback" not in err


def test_a_connection_is_the_callers_own(tmp_path: Path) -> None:
    connection = lp.connect(REAL)
    path = tmp_path / "polls.csv"
    connection.execute(f"copy polls to '{path}'")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + len(lp.load(REAL).polls)
    connection.close()
    with pytest.raises(duckdb.Error):
        connection.execute("select 1")
