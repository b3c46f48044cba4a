"""Filters: their language, and the same rows in frames and in SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from commands import LOGS, REAL
from hypothesis import given
from hypothesis import strategies as st

import logparse as lp
from logparse.analysis import parse_filter
from logparse.analysis.expressions import MOST_CHARACTERS, Comparison, Every, Not, Some, parse_expression
from logparse.batches.arrow import frame
from logparse.columns import TABLES

NOW = datetime(2020, 11, 20, 12, tzinfo=UTC)


def made(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return a frame of the table `invocations`; what a row does not name is null."""
    return frame(rows, TABLES["invocations"])


def fitting(text: str, data: pd.DataFrame) -> list[int]:
    """Return the rows that a filter chooses, in a frame and in SQL alike."""
    chosen = parse_filter(text, now=NOW)
    rows = [number for number, keep in enumerate(chosen.rows(data).tolist()) if keep]
    condition, parameters = chosen.sql()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("given", data.assign(place=range(len(data))))
        query = f"select place from given where {condition} order by place"
        assert [row[0] for row in connection.execute(query, parameters).fetchall()] == rows, text
    return rows


# --- the language -----------------------------------------------------------------------------


def test_a_tree() -> None:
    assert parse_expression("status=FAILED and not (builder~asan or run_s >= 1h)") == Every(
        (
            Comparison("status", "=", ("FAILED",)),
            Not(Some((Comparison("builder", "~", ("asan",)), Comparison("run_s", ">=", ("1h",))))),
        )
    )
    assert parse_expression("a=1 or b=2 and c=3") == Some(
        (Comparison("a", "=", ("1",)), Every((Comparison("b", "=", ("2",)), Comparison("c", "=", ("3",)))))
    )


def test_forms_of_tests_and_values() -> None:
    assert parse_expression("NOT a IS NOT NULL") == Not(Not(Comparison("a", "is null")))
    assert parse_expression("a in (x, 'y z',\"w\")") == Comparison("a", "in", ("x", "y z", "w"))
    assert parse_expression(r"a='it\'s \"here\" \\'") == Comparison("a", "=", ('it\'s "here" \\',))
    assert parse_expression("tag.'my key'!~x") == Comparison("tag.my key", "!~", ("x",))
    assert parse_expression("prop.$recipe_engine/path=x") == Comparison(
        "prop.$recipe_engine/path", "=", ("x",)
    )
    assert parse_expression("a=user:x@y.com") == Comparison("a", "=", ("user:x@y.com",))
    # Words of the language can begin a value or a name.
    assert parse_expression("origin=android") == Comparison("origin", "=", ("android",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at its end"),
        ("status", "at its end"),
        ("status=", "at its end"),
        ("(status=A", "at its end"),
        ("status=A)", "at ')'"),
        ("status=A B", "at 'B'"),
        ("status==A", "at"),
        ("status=A and", "at 'and'"),
        ("a in ()", "at"),
        ("stats=A", "did you mean 'status'"),
        ("nothing_like_it=A", "is not a column"),
        ("status<A", "cannot be compared with <"),
        ("run_s~1", "cannot be compared with ~"),
        ("run_s>fast", "1h30m"),
        ("created_at>yesterday", "-7d"),
        ("truncated=yes", "true or false"),
        ("tags~x", "tag.KEY"),
        ("input_properties=x", "prop.NAME"),
        ("prop.number<many", "number"),
        ("status='A", "at"),
    ],
)
def test_mistakes_are_named(text: str, said: str) -> None:
    with pytest.raises(lp.UsageError, match=r"\S") as error:
        parse_filter(text)
    assert said in str(error.value)


def test_long_and_deep_filters_are_refused() -> None:
    with pytest.raises(lp.UsageError, match="longer"):
        parse_filter("status=" + "x" * MOST_CHARACTERS)
    for deep in ("(" * 60 + "status=A" + ")" * 60, "not " * 60 + "status=A"):
        with pytest.raises(lp.UsageError, match="deeply"):
            parse_filter(deep)


# --- rows -------------------------------------------------------------------------------------


def test_text() -> None:
    data = made({"status": "FAILED"}, {"status": "SUCCEEDED"}, {}, {"status": "100%_a\\b"})
    assert fitting("status=FAILED", data) == [0]
    assert fitting("status!=FAILED", data) == [1, 3]
    assert fitting("status~ed", data) == [0, 1]
    assert fitting("status~f*d", data) == [0]
    assert fitting("status!~ed", data) == [3]
    assert fitting("status~'%_a\\\\b'", data) == [3]
    assert fitting("status~'_'", data) == [3]
    assert fitting("status in (FAILED, NONE)", data) == [0]
    assert fitting("status is null", data) == [2]
    assert fitting("status is not null", data) == [0, 1, 3]


def test_null_never_matches() -> None:
    data = made({"status": "FAILED"}, {"status": "SUCCEEDED"}, {})
    assert fitting("not status=FAILED", data) == [1]
    assert fitting("not (status=FAILED and run_s>1)", data) == [1]
    assert fitting("status=FAILED or run_s>1", data) == [0]
    assert fitting("run_s>1 or run_s<=1 or not run_s=1", data) == []


def test_durations_and_numbers() -> None:
    data = made({"run_s": 3600.0, "poll_count": 0}, {"run_s": 5400.5, "poll_count": 3}, {"run_s": -0.25}, {})
    assert fitting("run_s>1h", data) == [1]
    assert fitting("run_s>=60m", data) == [0, 1]
    assert fitting("run_s=1h30m500ms", data) == [1]
    assert fitting("run_s<0", data) == [2]
    assert fitting("run_s>-1s", data) == [0, 1, 2]
    assert fitting("run_s<1d", data) == [0, 1, 2]
    assert fitting("poll_count=0", data) == [0]
    assert fitting("poll_count in (0, 3)", data) == [0, 1]
    assert fitting("poll_count!=0", data) == [1]


def test_times() -> None:
    days = ["2020-11-17T00:00:00", "2020-11-17T04:33:59.089", "2020-11-13T12:00:00", "2020-11-20T00:00:01"]
    data = made(*({"created_at": datetime.fromisoformat(day).replace(tzinfo=UTC)} for day in days), {})
    assert fitting("created_at=2020-11-17", data) == [0]
    assert fitting("created_at>2020-11-17", data) == [1, 3]
    assert fitting("created_at<2020-11-17T04:33:59.090", data) == [0, 1, 2]
    assert fitting("created_at>='2020-11-17T05:33:59.089+01:00'", data) == [1, 3]
    # Seven days before noon of 20 November is noon of 13 November.
    assert fitting("created_at>=-7d", data) == [0, 1, 2, 3]
    assert fitting("created_at>-7d", data) == [0, 1, 3]
    assert fitting("created_at>-12h", data) == [3]


def test_truth_values() -> None:
    data = made({"truncated": True}, {"truncated": False}, {})
    assert fitting("truncated=true", data) == [0]
    assert fitting("truncated!=true", data) == [1]


def test_tags() -> None:
    data = made(
        {"tags": json.dumps(["a:1", "a:2", "b:1:x"])},
        {"tags": json.dumps(["a:3", "ab:1"])},
        {"tags": "[]"},
        {},
    )
    assert fitting("tag.a=1", data) == [0]
    assert fitting("tag.a!=1", data) == [0, 1]
    assert fitting("not tag.a=1", data) == [1]
    assert fitting("tag.b~':X'", data) == [0]
    assert fitting("tag.a in (2, 3)", data) == [0, 1]
    assert fitting("tag.a is null", data) == [2, 3]
    assert fitting("tag.ab is not null", data) == [1]
    assert fitting('tag."it\'s"=x', data) == []


def test_properties() -> None:
    given = [
        {"n": 5, "s": "five", "flag": True, "deep": {"x": 1}, "odd \"name'": "x"},
        {"n": "12", "s": "", "flag": False, "deep": [1]},
        {"n": None, "s": "<5", "deep": "text"},
        {},
    ]
    data = made(*({"input_properties": json.dumps(value)} for value in given), {})
    assert fitting("prop.n=5", data) == [0]
    assert fitting("prop.n>6", data) == [1]
    assert fitting("prop.n<6.5", data) == [0]
    assert fitting("prop.s~F", data) == [0]
    assert fitting("prop.s=''", data) == [1]
    assert fitting("prop.flag=true", data) == [0]
    assert fitting("prop.deep is null", data) == [0, 1, 3, 4]
    assert fitting("prop.'odd \\\"name\\''=x", data) == [0]
    assert fitting("prop.n is null", data) == [2, 3, 4]


# --- frames and SQL choose the same rows ------------------------------------------------------

WORDS = st.sampled_from(
    ["", "a", "A", "asan", "Linux ASAN", "a*b", "100%", "_", "\\", "ß", "é", "null", "it's"]
)
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "status": WORDS,
        "builder": WORDS,
        "run_s": st.sampled_from([-1.0, 0.0, 0.5, 60.0, 3600.0, 1e9]),
        "poll_count": st.integers(0, 3),
        "truncated": st.booleans(),
        "created_at": st.sampled_from([datetime(2020, 11, day, tzinfo=UTC) for day in (1, 13, 20)]),
        "tags": st.lists(st.sampled_from(["k:a", "k:A", "k:", "kk:a", "k:it's"])).map(json.dumps),
        "input_properties": st.dictionaries(
            st.sampled_from(["p", "q"]), st.one_of(WORDS, st.integers(-5, 5), st.booleans(), st.none())
        ).map(json.dumps),
    },
)


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


TEXTS = st.tuples(
    st.sampled_from(["status", "builder", "tag.k", "prop.p"]), st.sampled_from(["=", "!=", "~", "!~"]), WORDS
).map(lambda test: f"{test[0]}{test[1]}{_value(test[2])}")
NUMBERS = st.tuples(
    st.sampled_from(["run_s", "poll_count", "prop.q"]),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    st.sampled_from(["-1", "0", "0.5", "2", "60", "3600"]),
).map("".join)
OTHERS = st.sampled_from(
    [
        "truncated=true",
        "created_at>=-7d",
        "created_at<2020-11-13",
        "run_s>1m",
        "status in (a, 'Linux ASAN')",
        "tag.k in (a)",
        *(f"{name} is null" for name in ("status", "run_s", "truncated", "created_at", "tag.k", "prop.p")),
    ]
)
FILTERS = st.recursive(
    st.one_of(TEXTS, NUMBERS, OTHERS),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
    ),
    max_leaves=5,
)


@given(st.lists(ROWS, max_size=6), FILTERS)
def test_frames_and_sql_choose_the_same_rows(rows: list[dict[str, Any]], text: str) -> None:
    fitting(text, made(*rows))


# --- where it is used -------------------------------------------------------------------------


def test_a_dataset_of_what_fits() -> None:
    data = lp.load(LOGS / "mixed-2021-03", REAL)
    chosen = data.where("builder=win_xfa_component")
    assert list(chosen.invocations["invocation_id"]) == ["9028843112359765808"]
    assert set(chosen.polls["invocation_id"]) == {"9028843112359765808"}
    assert len(chosen.events) == len(lp.load(REAL).events)
    rest = data.where("not builder=win_xfa_component or builder is null")
    assert len(rest.invocations) == len(data.invocations) - 1
    with pytest.raises(lp.UsageError):
        data.where("nothing")


def test_builds_without_an_invocation_are_chosen_too(tmp_path: Path) -> None:
    builds = [
        {
            "id": str(8_863_413_050_310_585_000 + n),
            "builder": {"project": "p", "bucket": "ci", "builder": name},
            "createTime": "2020-11-17T04:34:00Z",
            "status": "SUCCESS",
        }
        for n, name in enumerate(["one", "two", "two"])
    ]
    path = tmp_path / "builds.json"
    path.write_text("\n".join(map(json.dumps, builds)), encoding="utf-8")
    data = lp.load(path)
    assert len(data.builds) == 3
    assert set(data.where("builder=two").builds["build_id"]) == {builds[1]["id"], builds[2]["id"]}


def test_the_command_line(cli: Callable[..., Any]) -> None:
    done = cli("export", LOGS / "mixed-2021-03", REAL, "--where", "tag.builder~WIN_xfa", "--format", "jsonl")
    assert [json.loads(line)["job_id"] for line in done.out.splitlines()] == ["pdfium/win_xfa_component"]
    card = cli("summarize", LOGS / "mixed-2021-03", REAL, "--where", "job=win_xfa_component")
    assert "21m 02.492s" in card.out
    asked = cli("sql", LOGS, "select count(*) as n from polls", "--where", "job~win_xfa", "--format", "csv")
    assert asked.out.splitlines() == ["n", "22"]


def test_a_wrong_filter_is_named_before_anything_is_read(cli: Callable[..., Any], tmp_path: Path) -> None:
    done = cli("summarize", tmp_path / "none.log", "--where", "statu=A")
    assert done.code == 2
    assert "did you mean 'status'" in " ".join(done.err.split())
    assert "none.log" not in done.err


def test_nothing_that_fits_is_said(cli: Callable[..., Any]) -> None:
    done = cli("export", REAL, "--where", "status=NOPE")
    assert (done.code, done.out) == (0, "")
    assert "nothing that was read fits" in done.err
