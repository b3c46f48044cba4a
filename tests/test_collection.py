"""Every process collects the same tests, which `pytest -n` needs: ids without random order, addresses and times."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from quick import quick

ROOT = Path(__file__).parents[1]


def collected(seed: str) -> list[str]:
    """Return the ids of all tests as a process with that seed of hashes collects them."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_all_processes_collect_the_same_tests_in_the_same_order() -> None:
    one, other = collected("1"), collected("2")
    assert len(one) > 1_000
    assert one == other
    assert [name for name in one if re.search(r" at 0x[0-9a-f]+>|object at", name)] == []


def test_a_choice_that_is_not_among_the_values_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"not among the values: \['c'\]"):
        quick(["a", "c"], ["a", "b"])


def test_what_is_not_chosen_is_slow() -> None:
    chosen, other = quick([1], [1, 2])
    assert (chosen.id, chosen.marks, other.id) == ("1", [], "2")
    assert [mark.name for mark in other.marks] == ["slow"]
