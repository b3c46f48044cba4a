"""The generator of pages and the handwritten baseline: every figure that they give against the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from generate import Generator, write_pages
from handwritten import table

import logparse as lp


def truths(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.with_suffix(".truth.jsonl").read_text("utf-8").splitlines()]


def wrong(truth: dict[str, Any], row: Any) -> list[str]:
    """Name each value of a truth that a row does not hold exactly."""
    found = []
    for name, true in truth.items():
        if name in ("file", "model"):
            continue
        ours = row[name]
        if name.endswith("_at"):
            same = ours == pd.Timestamp(true)
        elif name == "poll_lateness_mean_s" and true is not None:
            same = ours == pytest.approx(true, abs=1e-6)
        else:
            same = bool(pd.isna(ours)) if true is None else ours == true
        if not same:
            found.append(f"{truth['file']}: {name} is {ours!r}, truly {true!r}")
    return found


@pytest.mark.parametrize("v2", [0, 1])
def test_generated_pages_are_read_as_their_truth(tmp_path: Path, v2: float) -> None:
    folder = tmp_path / "pages"
    write_pages(folder, 40, v2=v2)
    rows = lp.load(folder).invocations.set_index("invocation_id", drop=False)
    known = truths(folder)
    assert len(known) == len(rows) == 40
    assert not [line for truth in known for line in wrong(truth, rows.loc[truth["invocation_id"]])]
    assert (rows["suspicious"] == 0).all()
    assert (rows["unrecognized"] == 0).all()


def test_the_same_seed_gives_the_same_pages() -> None:
    first, again, other = (list(Generator(seed, odd=0.3).pages(20)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_odd_pages_are_engine_logs_with_ids_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    write_pages(folder, 12, odd=1)
    known = truths(folder)
    assert all(truth["model"].endswith(".log") for truth in known)
    assert len({truth["invocation_id"] for truth in known}) == 12


def test_the_handwritten_baseline_is_right(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    paths, _ = write_pages(folder, 40)
    rows = table([str(path) for path in paths]).set_index("invocation_id", drop=False)
    assert len(rows.columns) == 20
    for truth in truths(folder):
        row = rows.loc[truth["invocation_id"]]
        for name in row.index.intersection(list(truth)):
            true = truth[name]
            if isinstance(true, float):
                true = pytest.approx(true, abs=2e-3 if name.startswith("poll_") else 2e-6)
            assert bool(pd.isna(row[name])) if true is None else row[name] == true, name
