"""Batches as text: the same as the text of each value, which this file writes on its own."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from values import COLUMNS, VALUES

import logparse as lp
from logparse.batches.batch import BATCH_ROWS, batches_of, rows_of
from logparse.columns import TABLES, Column
from logparse.output.writers import WRITERS
from logparse.tables.rows import Records, batches

DATA = Path(__file__).parent / "data"
RECORDED = [name for name in TABLES if name not in ("bots", "builders", "jobs")]
TEXT, INT, FLOAT, BOOL, TIME, JSON = COLUMNS
AT = datetime(2020, 11, 17, 4, 33, 59, 89000, UTC)
FLOATS = [
    *(0.0, -0.0, 1.0, 1.5, -0.006, 0.1 + 0.2, 1e-4, 0.0001234, 9.99e-5, 1e-5, 5e-05, 1e-9, -3.3e-7, 5e-324),
    *(1e15, 1e16, -1e16, 123456789012345678.0, 1e22, 1.7976931348623157e308, 20.000012, 255.490082, 1e3),
]
TIMES = [
    AT,
    AT.replace(microsecond=0),
    AT.replace(microsecond=1),
    AT.replace(year=1),
    AT.replace(tzinfo=None),
    AT.replace(microsecond=0, tzinfo=None),
    AT.astimezone(timezone(timedelta(hours=-3, minutes=-30))),
    AT.replace(microsecond=0).astimezone(timezone(timedelta(hours=14))),
    AT.astimezone(timezone(timedelta())),
]
HOSTILE = [
    *("", " ", "a,b", 'a "b"', "two\nlines", "\r", "a\rb", "a\r\nb", "a\0b", "\0", "\0=1", "null", "a null"),
    *(
        "=1",
        "'",
        "'a",
        "+1",
        "-1",
        "@x",
        "\t=1",
        " =1",
        "\u00a0=1",
        "\u200b-1",
        "\uff1d1",
        "\x1b=1",
        "\x1b[2J",
    ),
    *(
        "\\",
        "a\\nb",
        "]\n[",
        "],[",
        "a]",
        "é",
        "\ud800",
        "\U0001d11e",
        "\u2028",
        "\x7f",
        "x\x9by",
        "NaN",
        "true",
    ),
    *(
        "2020-11-17T04:33:59Z",
        "04:33:59Z",
        "1e16",
        "0.00001",
        "{",
        "[1]",
        "<a>",
        "/x",
        "(=1)",
        "_x",
        "a" * 5000,
    ),
]


# --- the text of a value, by its definition ---------------------------------------------------


def cell(value: Any, column: Column, *, raw: bool) -> str:
    """Return the cell of a value, with its quotes."""
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        text = value.replace("\0", "\u2400")
        if not raw and (text[:1] in tuple("\t\r\n'") or is_formula(text)):
            text = "'" + text
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, datetime):
        text = value.isoformat(timespec="microseconds")
        text = text[:-6] + "Z" if text.endswith("+00:00") else text
    else:
        text = repr(float(value)) if column.type == "float" else str(value)
    if text == "" or set(text) & set(',"\r\n'):
        return '"' + '""'.join(text.split('"')) + '"'
    return text


def is_formula(text: str) -> bool:
    shown = next((c for c in text if c != " " and c.isprintable()), "")
    return shown != "" and shown in "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"


def csv_text(rows: list[dict[str, Any]], columns: Any, *, raw: bool = False) -> str:
    lines = [",".join(c.name for c in columns)]
    lines += [",".join(cell(row[c.name], c, raw=raw) for c in columns) for row in rows]
    return "".join(line + "\n" for line in lines)


def jsonl_text(rows: list[dict[str, Any]], columns: Any) -> str:
    made = "".join(
        json.dumps({c.name: plain(row[c.name], c) for c in columns}, ensure_ascii=False) + "\n"
        for row in rows
    )
    return re.sub("[\x7f-\x9f\u2028\u2029]", lambda found: rf"\u{ord(found[0]):04x}", made)


def plain(value: Any, column: Column) -> Any:
    if value is None or value != value:
        return None
    if isinstance(value, datetime):
        return cell(value, column, raw=True)
    return json.loads(value) if column.type == "json" else float(value) if column.type == "float" else value


def written(format_: str, rows: list[dict[str, Any]], columns: Any) -> str:
    out = io.StringIO(newline="")
    WRITERS[format_](batches_of(rows, columns), columns, out)
    return out.getvalue()


def assert_same(rows: list[dict[str, Any]], columns: Any) -> None:
    assert written("csv", rows, columns) == csv_text(rows, columns)
    assert written("raw csv", rows, columns) == csv_text(rows, columns, raw=True)
    assert written("jsonl", rows, columns) == jsonl_text(rows, columns)


# --- each type --------------------------------------------------------------------------------


def in_columns(column: Column, values: list[Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows of one column with each value alone, beside null, twice, and beside the next value."""
    others = [value for value in values if value is not None]
    for first, second in pairwise([*others, *others[:1]]):
        for listed in ([first], [first, None], [None, first, first], [first, second]):
            yield [{column.name: value} for value in listed]
    yield [{column.name: value} for value in others]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (FLOAT, [*FLOATS, float("nan"), float("inf"), float("-inf"), 3]),
        (INT, [0, -1, 2**63 - 1, -(2**63), 2**64, 2**70, True]),
        (BOOL, [True, False]),
        (TIME, TIMES),
        (TEXT, HOSTILE),
        (JSON, ["{}", "[]", '{"a":"x\\ny, \\"z\\""}', '"=1"', "-1", "null", "[1]", '{"é":"\u2028"}']),
    ],
    ids=lambda value: value.name if isinstance(value, Column) else "",
)
def test_each_value(column: Column, values: list[Any]) -> None:
    for rows in in_columns(column, values):
        assert_same(rows, [column])


def test_cells_by_hand() -> None:
    rows: list[dict[str, Any]] = [
        {"text": '=a,"b"', "int": 1, "float": 1e-9, "bool": True, "time": TIMES[1], "json": '{"a":[1]}'},
        {"text": "", "int": None, "float": 0.1 + 0.2, "bool": None, "time": TIMES[0], "json": "[]"},
        {"text": "\0\r", "int": 2**70, "float": 1e16, "bool": False, "time": None, "json": None},
        {"text": None, "int": -3, "float": float("nan"), "bool": None, "time": TIMES[6], "json": None},
    ]
    assert written("csv", rows, COLUMNS) == (
        "text,int,float,bool,time,json\n"
        '"\'=a,""b""",1,1e-09,true,2020-11-17T04:33:59.000000Z,"{""a"":[1]}"\n'
        '"",,0.30000000000000004,,2020-11-17T04:33:59.089000Z,[]\n'
        '"␀\r",1180591620717411303424,1e+16,false,,\n'
        ",-3,,,2020-11-17T01:03:59.089000-03:30,\n"
    )


def test_readers_of_csv_read_hostile_text() -> None:
    rows = [{"text": text, "int": number} for number, text in enumerate(HOSTILE)]
    shown = written("raw csv", rows, [TEXT, INT])
    found = list(csv.reader(io.StringIO(shown, newline="")))[1:]
    assert found == [[text.replace("\0", "\u2400"), str(number)] for number, text in enumerate(HOSTILE)]


@given(data=st.data())
def test_columns_beside_each_other(data: st.DataObject) -> None:
    """Columns of every type in every order, each with simple values, hard ones, or none."""
    types = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=8))
    columns = [Column(f"c{number}", column.type, "") for number, column in enumerate(types)]
    simple: dict[str, Any] = {
        "text": st.sampled_from(["a", "b c", "é"]),
        "float": st.integers(-(10**9), 10**9).map(lambda number: number / 1e6),
        "time": st.integers(1, 10**15).map(
            lambda us: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
        ),
    }
    values = [
        st.none()
        | data.draw(st.sampled_from([VALUES[c.type], simple.get(c.type, VALUES[c.type]), st.none()]))
        for c in columns
    ]
    names = [column.name for column in columns]
    drawn = data.draw(st.lists(st.tuples(*values), max_size=5))
    assert_same([dict(zip(names, row, strict=True)) for row in drawn], columns)


def test_all_kinds_of_floats() -> None:
    made = random.Random(1)
    rows = [
        {
            "a": made.randrange(-(10**12), 10**12) / 1e6,
            "b": made.random() * 10.0 ** made.randrange(-7, 20),
            "c": x,
        }
        for (x,) in struct.iter_unpack("d", made.randbytes(8 * 4 * BATCH_ROWS))
    ]
    assert_same(rows, [Column(name, "float", "") for name in "abc"])


# --- whole tables -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records() -> Records:
    return lp.load([DATA / "logs", DATA / "cases", DATA / "html", DATA / "builds"]).gathered


@pytest.mark.slow
@pytest.mark.parametrize("table", RECORDED)
def test_tables_of_all_samples(table: str, records: Records) -> None:
    columns = TABLES[table]
    rows = list(rows_of(batches(records, table)))
    assert rows
    assert_same(rows, columns)
    assert written("csv", [], columns) == ",".join(c.name for c in columns) + "\n"
