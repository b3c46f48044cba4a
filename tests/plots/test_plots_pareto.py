"""The chart of failures by cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_tables import table
from charts import legend, names, texts, title
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

import logparse as lp
from logparse import analysis, plots


@pytest.fixture
def runs() -> pd.DataFrame:
    """Eight failures: five of builds with two errors, two aborted, one overrun; and a success."""
    broken: dict[str, Any] = {"status": "FAILED", "build_status": "FAILURE"}
    rows = [{**broken, "error": f"step {i} failed"} for i in range(3)]
    rows += [{**broken, "error": "no disk"}] * 2
    rows += [{"status": "ABORTED", "aborted_by": "user:a"}, {"status": "ABORTED", "aborted_by": "user:b"}]
    return table("invocations", *rows, {"status": "OVERRUN"}, {"status": "SUCCEEDED"})


def widths(ax: Axes) -> list[int]:
    found = []
    for container in ax.containers:
        assert isinstance(container, BarContainer)
        found += [round(bar.get_width()) for bar in container.patches]
    return found


def so_far(ax: Axes) -> list[tuple[float, float]]:
    """Return the markers of the sums so far: the sum and the row."""
    (line,) = (line for line in ax.get_lines() if line.get_marker() == "D")
    return [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]


def test_bars_are_causes_and_markers_the_sums(runs: pd.DataFrame) -> None:
    ax = plots.failures(runs)
    assert names(ax) == ["build (5)", "aborted (2)", "overrun (1)"]
    assert widths(ax) == [5, 2, 1]
    assert so_far(ax) == [(5, 0), (7, 1), (8, 2)]
    # 5 of 8, 7 of 8, 8 of 8; a half is rounded to the even percent.
    assert [text.get_text() for text in ax.texts] == ["62%", "88%", "100%"]
    assert title(ax) == "8 failures by cause"
    assert legend(ax) == ["of this cause", "together with those above"]
    assert ax.get_xlabel() == "failed invocations and builds"


def test_details_are_errors_and_the_rest_is_one_bar(runs: pd.DataFrame) -> None:
    ax = plots.failures(runs, "detail", limit=2)
    assert names(ax) == ["build: step # failed (3)", "build: no disk (2)", "3 others (3)"]
    assert so_far(ax)[-1] == (8, 2)
    assert title(ax) == "8 failures by detail, 2 most frequent of 5"
    # One cause is not put together with nothing.
    assert names(plots.failures(runs, "detail", limit=4))[-1] == "overrun (1)"


def test_builds_without_an_invocation_count_where_they_are_given(runs: pd.DataFrame) -> None:
    builds = table(
        "builds", {"build_id": "1", "status": "INFRA_FAILURE"}, {"build_id": "2", "status": "SUCCESS"}
    )
    ax = plots.failures(runs, builds=builds)
    assert names(ax) == ["build (5)", "aborted (2)", "infrastructure (1)", "overrun (1)"]
    answer = analysis.failures(runs, builds)
    assert names(plots.failures(answer)) == names(ax)


def test_records_are_drawn_as_their_table_is(many: lp.Dataset) -> None:
    failed = many.where("status=FAILED")
    drawn = [plots.failures(given) for given in (failed.invocations, failed.records.invocations)]
    assert names(drawn[0]) == names(drawn[1]) != []


def test_a_table_without_failures_says_so(runs: pd.DataFrame) -> None:
    ax = plots.failures(runs.tail(1))
    assert "no failures" in texts(ax)
    assert title(ax) == "0 failures by cause"
