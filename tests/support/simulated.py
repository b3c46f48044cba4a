"""Simulations for tests: fleets in which all happens often, and the truth compared with tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import logparse as lp
from logparse.columns import TABLES
from logparse.simulator.fleet import default_text

_JSON = frozenset(column.name for table in TABLES.values() for column in table if column.type == "json")


def fleet_of(builder: str, **changes: str) -> str:
    """Return the TOML of a fleet with only one builder of the default one, with other values of its keys."""
    found = re.search(rf'\[\[builder\]\]\nname = "{re.escape(builder)}".*?\n\n', default_text(), re.DOTALL)
    assert found is not None
    text = found[0]
    for key, value in changes.items():
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert count == 1, key
    return text


_RUN = "{ median_s = 500.0, sigma = 0.5 }"
_RATES = """
[load]
manual = 0.2
commits = 3
most_triggers = 6
[rates]
launch_retried = 0.25
launch_failed = 0.08
check_failed = 0.35
aborted = 0.25
canceled = 0.08
lost_notification = 0.2
late_notification = 0.2
unfinished = 0.15
saved_early = 0.15
page_and_log = 0.1
log_only = 0.1
build_twice = 0.2
page_missing = 0.1
"""
#: A fleet of two builders in which all that can happen happens often.
BUSY = _RATES + "".join(
    fleet_of(
        name, infra_failed="0.1", execution_timeout_s="840", scheduling_timeout_s="900", run=_RUN, weight="1"
    )
    for name in ("linux-rel", "mac-arm64-rel")
)


def simulated(folder: Path, fleet: str = "", **more: Any) -> lp.Simulation:
    """Simulate a fleet in a folder that has other files beside it."""
    path = folder.with_suffix(".toml")
    path.write_text(fleet, encoding="utf-8")
    return lp.simulate(into=folder, fleet=path, **{"jobs": 1, **more})


def truth(folder: Path, table: str) -> pd.DataFrame:
    return lp.read_tables(folder / "truth", table)


def misread(told: pd.DataFrame, read: pd.DataFrame, folder: Path) -> list[tuple[Any, ...]]:
    """Return each cell that differs: its key, its column, the truth and the table's value.

    Sources are compared without the folder's name, JSON by its values.
    """
    key = "build_id" if "pool" in told else "invocation_id"
    told, read = told.set_index(key).sort_index(), read.set_index(key).sort_index()
    if list(told.index) != list(read.index):
        return [("rows", key, sorted(set(told.index) ^ set(read.index)))]
    if list(told) != list(read):
        return [("columns", key, sorted(set(told) ^ set(read)))]
    return [found for column in told for found in _differing(str(column), told[column], read[column], folder)]


def _differing(
    column: str, told: pd.Series[Any], read: pd.Series[Any], folder: Path
) -> Iterator[tuple[Any, ...]]:
    for key, right, ours in zip(told.index, told, read, strict=True):
        if pd.isna(right) or pd.isna(ours):
            same = bool(pd.isna(right) and pd.isna(ours))
        elif column in _JSON:
            same = json.loads(right) == json.loads(ours)
        elif column in ("source", "source_file"):
            same = str(folder / right) == ours
        else:
            same = right == ours
        if not same:
            yield key, column, right, ours


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by their names."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
