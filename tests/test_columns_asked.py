"""Tables of which few columns are asked for, and the arrays that they are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from logparse.batches.arrowarrays import from_places, from_texts, joined
from logparse.errors import UsageError
from logparse.loading import gather
from logparse.metrics import needed_by_tables

REAL = Path(__file__).parents[1] / "sample_logs" / "win_xfa_component-9028843112359765808.txt"
ID = 9028843112359765808


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with as many pages as are read together, each of another invocation and build."""
    text = REAL.read_text(encoding="utf-8")
    for number in range(20):
        changed = text.replace(str(ID), str(ID - number)).replace("8863413050310585040", str(10**18 + number))
        (tmp_path / f"{number}.txt").write_text(changed, encoding="utf-8")
    return tmp_path


def test_few_columns_are_those_of_the_whole_table(folder: Path) -> None:
    whole, needed = gather([folder], jobs=1), needed_by_tables()
    few = gather([folder], jobs=1, tables=("invocations", "builds"), only=needed)
    for name, columns in needed.items():
        expected = whole.table(name)
        expected = expected[[column for column in expected.columns if column in columns]]
        assert few.frame(name, columns).equals(expected)
        # Columns that were not asked for are made of the files.
        assert few.table(name).equals(whole.table(name))


def test_few_columns_of_a_table_that_was_made(folder: Path) -> None:
    data = gather([folder], jobs=1)
    assert len(data.table("invocations")) == 20
    found = data.frame("invocations", {"run_s", "invocation_id", "no column"})
    assert list(found.columns) == ["invocation_id", "run_s"]
    assert set(found["run_s"]) == {1255.841972}


def test_columns_of_no_table() -> None:
    with pytest.raises(UsageError, match="invocation"):
        gather([REAL]).frame("invocation", ["run_s"])


def test_parts_of_bytes_are_texts() -> None:
    data = "ab ä cd".encode()
    found = from_places(data, np.array([0, 3, 6]), np.array([2, 5, 6]))
    assert found.to_pylist() == ["ab", "ä", ""]
    assert from_places(data, np.array([], dtype=np.int64), np.array([], dtype=np.int64)).to_pylist() == []


def test_texts_are_put_together() -> None:
    left, right = from_texts(["a", None, "c"]), from_texts(["1", "2", ""])
    assert joined(left, right).to_pylist() == ["a1", None, "c"]
    assert joined(left, right, between="-", null="").to_pylist() == ["a-1", "-2", "c-"]
    assert isinstance(joined(left, right), pa.StringArray)
