"""Cells of CSV from batches of Arrow, compared with texts written by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from logparse.batches.arrow import ArrowBatch, arrow_schema
from logparse.columns.column import Column
from logparse.output.texts import csv_text


def lines(type_: str, values: list[Any], *, raw: bool = False) -> list[str]:
    columns = [Column("a", type_, ""), Column("b", "int", "")]
    arrays = [pa.array(values, arrow_schema(columns)[0].type), pa.array([1] * len(values))]
    rows = pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(columns))
    # The rows of a batch can begin within the memory of another one.
    batch = ArrowBatch(pa.concat_batches([rows.slice(0, 1), rows]).slice(1))
    return csv_text(batch, columns, raw=raw).split(",1\n")[:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("ärger", "ärger"),
        ("", '""'),
        ("a,b", '"a,b"'),
        ('say "a"', '"say ""a"""'),
        ("two\nlines", '"two\nlines"'),
        ("=1+1", "'=1+1"),
        ("'quoted", "''quoted"),
        ("a\0b", "a\N{SYMBOL FOR NULL}b"),
        (None, ""),
    ],
)
@pytest.mark.parametrize("beside", [None, "plain", "a,b", ""])
def test_text(text: str | None, expected: str, beside: str | None) -> None:
    assert lines("text", [text, beside])[0] == expected


def test_raw_text_has_no_guard() -> None:
    assert lines("text", ["=1+1", "'a", "b"], raw=True) == ["=1+1", "'a", "b"]


def test_json_is_quoted() -> None:
    assert lines("json", ['["a","b"]', "{}", None]) == ['"[""a"",""b""]"', "{}", ""]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (60.0, "60.0"),
        (1.5, "1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-7, "1e-07"),
        (3e-5, "3e-05"),
        (0.001, "0.001"),
        (123456789.123456, "123456789.123456"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (5e22, "5e+22"),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_floats(number: float | None, expected: str) -> None:
    assert lines("float", [2.5, number]) == ["2.5", expected]


def test_times_have_microseconds() -> None:
    whole, fraction = 1_605_587_639_000_000, 1_605_587_639_000_001
    assert lines("time", [whole, fraction, None, 0]) == [
        "2020-11-17T04:33:59.000000Z",
        "2020-11-17T04:33:59.000001Z",
        "",
        "1970-01-01T00:00:00.000000Z",
    ]


def test_whole_numbers_and_truth_values() -> None:
    assert lines("int", [2**63 - 1, -1, None]) == ["9223372036854775807", "-1", ""]
    assert lines("bool", [True, False, None]) == ["true", "false", ""]
