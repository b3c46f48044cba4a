"""The chart of the queue over time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_tables import START, builds, table
from charts import legend, texts, title
from matplotlib.axes import Axes

import logparse as lp
from logparse import analysis, plots

HOUR = timedelta(hours=1)


def steps(ax: Axes, label: str) -> list[tuple[float, float]]:
    """Return the steps of a series: hours since the start, and the value from there on."""
    (line,) = (line for line in ax.get_lines() if line.get_label() == label)
    epoch = pd.Timestamp(START).timestamp() / 86400
    points = np.asarray(line.get_xydata())
    return [(round((x - epoch) * 24, 6), float(y)) for x, y in points]


def area(ax: Axes, at: float) -> float:
    """Return the height of the only area at an hour since the start."""
    (collection,) = ax.collections
    (path,) = collection.get_paths()
    x = pd.Timestamp(START).timestamp() / 86400 + at / 24
    highest = float(np.asarray(path.vertices)[:, 1].max())
    inside = [y for y in np.linspace(0, highest, 1001) if path.contains_point((x, y))]
    return float(max(inside, default=0.0))


def said(label: str) -> str:
    return " ".join(label.split())


@pytest.fixture
def three() -> pd.DataFrame:
    """Three builds: one waits half an hour and runs one and a half, one runs at once, one waits for good."""
    return table(
        "builds",
        {"created_at": START, "started_at": START + HOUR / 2, "completed_at": START + 2 * HOUR},
        {"created_at": START + HOUR, "started_at": START + HOUR, "completed_at": START + 2 * HOUR},
        {"created_at": START + 4 * HOUR, "completed_at": START + 5 * HOUR},
        {"status": "SCHEDULED"},
    )


def test_steps_are_the_means_of_each_hour(three: pd.DataFrame) -> None:
    ax = plots.queue_depth(three, bucket_s=3600)
    # From 2:00 to 4:00 nothing waits or runs, and the third build never runs.
    assert steps(ax, "running") == [(0, 0.5), (1, 2), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)]
    assert [area(ax, at) for at in (0.5, 1.5, 4.5)] == pytest.approx([0.5, 0, 1], abs=0.01)
    (below,) = ax.child_axes
    assert isinstance(below, Axes)
    assert area(below, 0.5) == pytest.approx(1800, abs=5)
    assert area(below, 1.5) == 0
    assert area(below, 4.5) == pytest.approx(3600, abs=5)
    assert said(ax.get_ylabel()) == "builds, mean of each hour"
    assert said(below.get_ylabel()) == "oldest wait (min)"
    assert said(below.get_xlabel()) == ("time (UTC) not drawn: 1 of 4 without a creation time")
    assert legend(ax) == ["waiting", "running"]


def test_the_answer_of_the_analysis_is_drawn_as_its_builds_are() -> None:
    data = builds(60)
    for by in ("all", "builder"):
        answer = analysis.queue(data, by)
        drawn = [plots.queue_depth(given, bucket_s=3600) for given in (data, answer)]
        one, other = (steps(ax, "running") for ax in drawn)
        assert len(one) == 10
        assert np.allclose(one, other)
    hours = analysis.queue(data, "all", bucket_s=900)
    assert said(plots.queue_depth(hours).get_ylabel()) == "builds, mean of each 15 min"


def test_records_are_drawn_as_their_table_is(real: lp.Dataset) -> None:
    run = real.records.invocations[0]
    assert run.build is not None
    drawn = [plots.queue_depth(given) for given in (real.builds, [run], [run.build])]
    assert len({str(steps(ax, "running")) for ax in drawn}) == 1
    assert title(drawn[0]) == "Queue: builds that wait for a bot and run"


@pytest.mark.parametrize(
    ("hours", "length"), [(1, "minute"), (30, "5 min"), (90, "15 min"), (300, "hour"), (9000, "day")]
)
def test_buckets_are_as_short_as_the_time_allows(hours: int, length: str) -> None:
    data = table("builds", {"created_at": START, "started_at": START, "completed_at": START + hours * HOUR})
    data["execution_timeout_s"] = 1e9
    assert said(plots.queue_depth(data).get_ylabel()) == f"builds, mean of each {length}"


@pytest.mark.parametrize("given", [[], {"status": "SCHEDULED"}])
def test_builds_that_cannot_be_drawn_are_told(given: Any) -> None:
    data = table("builds", given) if given else table("builds")
    reason = "no build has a creation time" if given else "no builds"
    assert reason in texts(plots.queue_depth(data))
