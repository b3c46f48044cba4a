"""The comparison with the oracle finds differences that are planted."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oracle_compare import Difference, differences, missing_rows
from oracle_export import COMMIT, TREE, OracleError, exported
from oracle_run import compare_together, given, mutants
from oracle_sides import Side, sides

from logparse.columns import TABLES

#: Tables whose rows come from one input each: the others count over all.
OWN = (
    "invocations",
    "events",
    "polls",
    "attempts",
    "builds",
    "steps",
    "triggers",
    "unrecognized",
    "findings",
)


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


def test_a_rounding_error_of_a_sum_is_on_purpose_and_nothing_else_is() -> None:
    def differing(table: str, column: str, new: str) -> list[Difference]:
        old: dict[str, Any] = {
            "tables": {table: {"columns": [f"{column} float64"], "rows": [["float:1.5"]]}},
            "warnings": [],
            "error": None,
        }
        changed = copy.deepcopy(old)
        changed["tables"][table]["rows"][0][0] = new
        return differences(old, changed)

    assert differing("invocations", "cut_s", "float:1.5000000000000002") == []
    assert len(differing("invocations", "cut_s", "float:1.50001")) == 1
    assert len(differing("invocations", "run_s", "float:1.5000000000000002")) == 1


def test_new_words_of_a_message_are_on_purpose_and_nothing_else_is() -> None:
    def differing(old: str, new: str) -> int:
        one, other = ({"tables": {}, "warnings": [], "error": text} for text in (old, new))
        return len(differences(one, other))

    was = "InputError: x.html: is a web page, but no page of the LUCI Scheduler; save the page of one invocation"
    assert differing(was, was.replace("no page of", "not one of")) == 0
    assert differing(was, was.replace("no page of", "not one of").replace("x.html", "y.html")) == 1
    assert differing(was.replace("no page of", "not one of"), was) == 1


def test_a_missing_commit_is_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OracleError, match="fetch"):
        exported("0" * 40, cache=tmp_path)


# --- with the two sides -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Side, Side]]:
    with sides() as (before, after):
        assert COMMIT in str(before.package)
        assert after.package == TREE / "logparse" / "__init__.py"
        yield before, after


@pytest.mark.slow
@pytest.mark.parametrize("duplicates", ["merge", "keep"])
def test_the_given_inputs_are_read_as_before(both: tuple[Side, Side], duplicates: str) -> None:
    assert [str(one) for one in compare_together(*both, given(), duplicates)][:20] == []


@pytest.mark.slow
def test_mutants_are_read_as_before(both: tuple[Side, Side], tmp_path: Path) -> None:
    files = list(mutants(1, 150, tmp_path))
    for start in range(0, len(files), 25):
        batch = [path for _, path in files[start : start + 25]]
        if not compare_together(*both, batch, "keep"):
            continue
        for edits, path in files[start : start + 25]:
            assert [str(one) for one in compare_together(*both, [path], "keep")][:5] == [], (edits, path.name)


@pytest.mark.slow
def test_a_change_of_the_package_is_found(tmp_path: Path) -> None:
    shutil.copytree(TREE / "logparse", tmp_path / "logparse", ignore=shutil.ignore_patterns("__pycache__"))
    changed = tmp_path / "logparse" / "tables" / "recordcolumns.py"
    text = changed.read_text()
    counts = "_odd_counts(invocations, _odd_rows(made))"
    assert text.count(counts) == 1
    changed.write_text(text.replace(counts, f"[odd + 1 for odd in {counts}]"))
    with sides(new=tmp_path) as (before, after):
        found = compare_together(before, after, given()[:1], "merge")
    assert [(one.table, one.column, one.old, one.new) for one in found if one.table == "invocations"] == [
        ("invocations", "odd", "whole:0", "whole:1")
    ]


@pytest.mark.slow
def test_batches_of_all_sizes_give_the_rows_of_single_inputs(both: tuple[Side, Side]) -> None:
    _, side = both
    random = Random(1)
    # Each holds an invocation of its own, so that nothing is joined.
    folder = TREE / "tests" / "data" / "logs" / "v2-2021-06"
    paths = sorted([*folder.glob("success_*.log"), *folder.glob("final_*.log"), *folder.glob("retry_*.log")])
    singles = {path: side.read([path]) for path in paths}
    assert len(paths) > 5
    for size in (2, 3, len(paths)):
        random.shuffle(paths)
        for start in range(0, len(paths), size):
            batch = paths[start : start + size]
            together = side.read(batch)
            assert missing_rows([singles[path] for path in batch], together, OWN) == []
