"""The comparison with the oracle finds differences that are planted."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from oracle_compare import differences

from logparse.columns import TABLES


def result() -> dict[str, Any]:
    tables = {name: {"columns": ["a str", "b Int64"], "rows": [["text:", None]]} for name in TABLES}
    return {"tables": tables, "warnings": [], "error": None}


@pytest.mark.parametrize("name", TABLES)
def test_one_cell_is_found_in_each_table(name: str) -> None:
    old = result()
    new = copy.deepcopy(old)
    assert differences(old, new) == []
    new["tables"][name]["rows"][0][1] = "whole:0"
    assert [str(one) for one in differences(old, new)] == [f"{name}, row 0, b: null became 'whole:0'"]


def test_a_missing_row_is_found() -> None:
    old, new = result(), result()
    new["tables"]["polls"]["rows"] = []
    assert [(one.table, one.row, one.new) for one in differences(old, new)] == [("polls", 0, "no row")]


def test_an_exception_is_found() -> None:
    old, new = result(), {"tables": {}, "warnings": [], "error": "ValueError: x"}
    assert [(one.table, one.new) for one in differences(old, new)] == [("error", "ValueError: x")]
