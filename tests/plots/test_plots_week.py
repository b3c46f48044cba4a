"""The chart of hours and weekdays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_tables import table
from charts import names, texts, title
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

import logparse as lp
from logparse import plots

#: Monday, 1 March 2021, and the days after it.
HOURS = ((1, 9, 10.0), (1, 9, 20.0), (1, 9, 60.0), (8, 9, 30.0), (2, 23, 5.0), (10, 0, 7.0))


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        {"created_at": datetime(2021, 3, day, hour, 30, tzinfo=UTC), "run_s": run, "status": "SUCCEEDED"}
        for day, hour, run in HOURS
    ]
    return table("invocations", *rows, {"run_s": 3.0, "status": "SUCCEEDED"})


def mesh(ax: Axes) -> QuadMesh:
    (found,) = ax.collections
    assert isinstance(found, QuadMesh)
    return found


def cells(ax: Axes) -> dict[tuple[int, int], float]:
    """Return the cells with a value, by the row from the top and the hour."""
    values = mesh(ax).get_array()
    assert isinstance(values, np.ma.MaskedArray)
    assert values.shape == (7, 24)
    known = np.argwhere(~np.ma.getmaskarray(values))
    return {(int(day), int(hour)): float(values[day, hour]) for day, hour in known}


def test_cells_are_counts_by_hour_and_weekday(runs: pd.DataFrame) -> None:
    ax = plots.heatmap(runs)
    assert cells(ax) == {(0, 9): 4, (1, 23): 1, (2, 0): 1}
    # From Monday the 1st to Wednesday the 10th.
    assert names(ax) == [f"{day} (2 days)" for day in ("Mon", "Tue", "Wed")] + [
        f"{day} (1 day)" for day in ("Thu", "Fri", "Sat", "Sun")
    ]
    assert title(ax) == "6 invocations by hour and weekday"
    assert " ".join(ax.get_xlabel().split()) == (
        "hour of creation (UTC) not drawn: 1 of 7 undated"
        " created from 2021-03-01 to 2021-03-10; no colour: no invocation"
    )
    (bar,) = ax.child_axes
    assert isinstance(bar, Axes)
    assert bar.get_ylabel() == "invocations"
    assert bar.get_ylim() == (0, 4)


def test_hours_are_those_of_the_time_zone(runs: pd.DataFrame) -> None:
    ax = plots.heatmap(runs, tz="Asia/Kolkata")
    # Five and a half hours later: 15:00, 05:00 of the next day, 06:00.
    assert cells(ax) == {(0, 15): 4, (2, 5): 1, (2, 6): 1}
    assert ax.get_xlabel().startswith("hour of creation (Asia/Kolkata)")


def test_cells_of_a_duration_are_medians(runs: pd.DataFrame) -> None:
    ax = plots.heatmap(runs, metric="run_s")
    assert cells(ax) == {(0, 9): 25.0, (1, 23): 5.0, (2, 0): 7.0}
    assert title(ax) == "run_s: medians of 6 invocations by hour and weekday"
    (bar,) = ax.child_axes
    assert isinstance(bar, Axes)
    assert bar.get_ylabel() == "median run (s)"


@pytest.mark.parametrize("name", ["default", "dark_background"])
def test_colours_show_the_order_without_hue_too(name: str, runs: pd.DataFrame) -> None:
    with style.context(name):
        ax = plots.heatmap(runs, metric="run_s")
        ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    found = mesh(ax)
    shades: Any = found.cmap(found.norm(np.array([5.0, 7.0, 15.0, 25.0])))
    lightness = shades[:, :3] @ np.array([0.2126, 0.7152, 0.0722])
    # Larger values are farther from the background.
    assert np.all(np.diff(lightness) < 0) if name == "default" else np.all(np.diff(lightness) > 0)


def test_one_long_run_does_not_flatten_the_rest(runs: pd.DataFrame) -> None:
    longer = runs.assign(run_s=runs["run_s"].where(runs["run_s"] != 7.0, 70_000.0))
    ax = plots.heatmap(longer, metric="run_s")
    (bar,) = ax.child_axes
    assert isinstance(bar, Axes)
    assert " ".join(bar.get_ylabel().split()) == "median run (s to h, log scale)"
    places: Any = mesh(ax).norm(np.array([5.0, 25.0]))
    low, middle = places
    assert middle - low > 0.1


def test_records_are_drawn_as_their_table_is(real: lp.Dataset) -> None:
    drawn = [plots.heatmap(given) for given in (real.invocations, real.records.invocations)]
    # The real page is of Tuesday, 17 November 2020, 04:33.
    assert cells(drawn[0]) == cells(drawn[1]) == {(1, 4): 1}


def test_invocations_that_cannot_be_drawn_are_told(runs: pd.DataFrame) -> None:
    assert "no invocation has a creation time" in texts(plots.heatmap(runs.tail(1)))
    assert "no invocation has pending_s" in texts(plots.heatmap(runs, metric="pending_s"))
