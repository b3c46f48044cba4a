"""The chart of percentiles over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_tables import START, table
from charts import legend, texts, title
from matplotlib import dates
from matplotlib.axes import Axes

import logparse as lp
from logparse import plots

#: Without type hints.
DATES: Any = dates


def runs(*given: tuple[datetime | None, float | None]) -> pd.DataFrame:
    """Return a table of invocations with these times of creation and run times."""
    rows = [{"created_at": at, "run_s": run, "status": "SUCCEEDED"} for at, run in given]
    return table("invocations", *rows)


def lines(ax: Axes) -> dict[str, list[tuple[str, float]]]:
    """Return for each percentile its points: the time in UTC, and seconds."""
    found = {}
    for line in ax.get_lines():
        points = np.asarray(line.get_xydata())
        found[str(line.get_label()).split(" (")[0]] = [
            (f"{DATES.num2date(x):%m-%d %H}", round(float(y), 6)) for x, y in points if not np.isnan(y)
        ]
    return found


def test_percentiles_are_those_of_each_day_in_its_middle() -> None:
    first = [(START + timedelta(hours=i), float(i + 1)) for i in range(11)]
    # 1 to 11: the median is the sixth, the 90th percentile the tenth value.
    ax = plots.percentiles(
        runs(*first, (START + timedelta(days=1), 40.0), (START, None), (None, 3.0)), metric="run_s"
    )
    assert lines(ax) == {
        "median": [("03-01 12", 6.0), ("03-02 12", 40.0)],
        "90th percentile": [("03-01 12", 10.0)],
    }
    assert legend(ax) == ["median", "90th percentile (of 10 or more)"]
    assert title(ax) == "run_s by day: percentiles of 12 invocations"
    assert ax.get_ylabel() == "run (s)"
    (below,) = ax.child_axes
    assert isinstance(below, Axes)
    assert below.get_ylabel() == "invocations"
    assert " ".join(below.get_xlabel().split()) == (
        "day of creation (UTC) not drawn: 1 of 14 undated; 1 of 14 without a known run"
    )
    (counts,) = below.collections
    assert np.asarray(counts.get_paths()[0].vertices)[:, 1].max() == 11


def test_the_99th_percentile_needs_100_values() -> None:
    for number, drawn in ((99, False), (100, True)):
        ax = plots.percentiles(runs(*[(START, float(i)) for i in range(number)]), metric="run_s")
        assert ("99th percentile" in lines(ax)) is drawn
    # Of 0 to 99 it lies between 98 and 99: 0.99 × 99 = 98.01.
    assert lines(ax)["99th percentile"] == [("03-01 12", 98.01)]


@pytest.mark.parametrize(
    ("by", "tz", "at", "middle"),
    [
        # Half past midnight of the second day in Kolkata, which begins at 18:30 UTC.
        ("day", "Asia/Kolkata", datetime(2021, 3, 1, 19, tzinfo=UTC), "03-02 06"),
        ("hour", "Asia/Kolkata", datetime(2021, 3, 1, 19, tzinfo=UTC), "03-01 19"),
        ("week", "UTC", datetime(2021, 3, 7, 23, tzinfo=UTC), "03-04 12"),
        ("week", "Europe/Berlin", datetime(2021, 3, 7, 23, 30, tzinfo=UTC), "03-11 11"),
        # Clocks are put back at 01:00 UTC: both hours from two to three are one.
        ("hour", "Europe/Berlin", datetime(2021, 10, 31, 1, 30, tzinfo=UTC), "10-31 00"),
        ("day", "UTC", datetime(2021, 3, 7, 23, tzinfo=UTC), "03-07 12"),
    ],
)
def test_buckets_are_those_of_the_time_zone(by: str, tz: str, at: datetime, middle: str) -> None:
    ax = plots.percentiles(runs((at, 5.0)), by, metric="run_s", tz=tz)
    assert lines(ax) == {"median": [(middle, 5.0)]}


def test_lines_are_interrupted_where_a_day_has_none() -> None:
    days = [START + timedelta(days=i) for i in range(20) if i not in (7, 8)]
    (line,) = plots.percentiles(runs(*[(day, 1.0) for day in days]), metric="run_s").get_lines()
    values = np.asarray(line.get_ydata(), dtype=float)
    assert len(values) == 19
    assert list(np.flatnonzero(np.isnan(values))) == [7]


def test_records_are_drawn_as_their_table_is(real: lp.Dataset) -> None:
    drawn = [plots.percentiles(given) for given in (real.invocations, real.records.invocations)]
    assert lines(drawn[0]) == lines(drawn[1]) == {"median": [("11-17 12", 5.660921)]}


def test_invocations_without_the_duration_are_told() -> None:
    assert "no invocation has run_s and a creation time" in texts(
        plots.percentiles(runs((START, None)), metric="run_s")
    )
