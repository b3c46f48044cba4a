"""Every engine-written log and page against what the engine and the simulated services knew.

Each file is one test, which compares all that the truth knows and names every field that is wrong.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from comparison import parsed, wrong_fields
from quick import label, quick_below

import logparse as lp
from logparse import grammar

LOGS = Path(__file__).parent / "data" / "logs"
TRUTHS = sorted(LOGS.glob("*/*.truth.json"))
#: Every log and every page with its truth.
FILES = [
    path
    for truth in TRUTHS
    for suffix in (".log", ".html", ".dom.html")
    if (path := truth.with_name(truth.name.replace(".truth.json", suffix))).exists()
]
PAGES = [path for path in FILES if path.suffix == ".html"]


def test_all_truths_are_tested() -> None:
    assert len(TRUTHS) == 124
    assert len(FILES) == len(TRUTHS) + len(PAGES)
    assert {p.parent.name for p in PAGES} == {"v1-2020-11", "mixed-2021-03", "v2-2021-06", "v2-2026-08"}


@pytest.mark.parametrize("path", FILES, ids=label)
def test_the_record_is_the_truth(path: Path) -> None:
    wrong = wrong_fields(path, parsed(path))
    assert not wrong, "\n".join([f"{label(path)}:", *wrong])


def test_each_wrong_field_is_named() -> None:
    """The record of another log of the same time is wrong in almost everything."""
    path, other = (LOGS / "v1-2020-11" / name for name in ("rand_000.log", "gitiles_updates.1.log"))
    wrong = "\n".join(wrong_fields(path, parsed(other)))
    for name in ("invocation_id", "job_id", "task_kind", "created_at", "duration_s", "poll_count", "build"):
        assert f"{name} is " in wrong


@pytest.mark.parametrize("path", quick_below(3_000, [f for f in FILES if f.stat().st_size < 40_000]))
def test_the_grammar_gives_the_same_record(path: Path) -> None:
    ours, by_grammar = parsed(path), lp.parse(path, engine=grammar)
    for name in ours.__struct_fields__:
        assert getattr(by_grammar, name) == getattr(ours, name), name
