"""The chart of a duration's distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from chart_tables import table
from charts import legend, names, texts, title
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

import logparse as lp
from logparse import plots


def runs(**groups: Sequence[float | None]) -> pd.DataFrame:
    """Return a table of invocations by job with these run times."""
    rows = [
        {"job_id": f"p/{job}", "run_s": value, "status": "SUCCEEDED"}
        for job, values in groups.items()
        for value in values
    ]
    return table("invocations", *rows)


def below(ax: Axes) -> Axes:
    (panel,) = ax.child_axes
    assert isinstance(panel, Axes)
    return panel


def share_at(ax: Axes, seconds: float, place: int = 0) -> float:
    """Return the height of a curve at a time: the last of its points that is not after it."""
    line = ax.get_lines()[place]
    assert line.get_drawstyle() == "steps-post"
    x, y = (np.asarray(values, dtype=float) for values in (line.get_xdata(), line.get_ydata()))
    return float(y[np.flatnonzero(x <= seconds)[-1]])


def dots(ax: Axes, place: int = 0) -> list[tuple[float, float]]:
    line = [line for line in below(ax).get_lines() if line.get_marker() not in ("None", "")][place]
    return [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]


def boxes(ax: Axes) -> list[tuple[float, float]]:
    """Return the ends of the boxes."""
    found = []
    for container in below(ax).containers:
        assert isinstance(container, BarContainer)
        (bar,) = container.patches
        found.append((bar.get_x(), bar.get_x() + bar.get_width()))
    return found


def test_the_curve_is_the_share_of_values_up_to_each() -> None:
    ax = plots.ecdf(runs(a=[4, 1, 2, 2]), metric="run_s")
    assert [share_at(ax, at) for at in (1, 1.9, 2, 3.9, 4)] == [0.25, 0.25, 0.75, 0.75, 1]
    assert np.asarray(ax.get_lines()[0].get_ydata())[0] == 0
    assert sorted(x for x, _ in dots(ax)) == [1, 2, 2, 4]
    assert boxes(ax) == []
    assert names(below(ax)) == ["all (4)"]
    assert ax.get_ylabel() == "invocations (%)"
    assert below(ax).get_xlabel().startswith("run (s)\nbox: quartiles and median")
    assert title(ax) == "run_s of 4 invocations"
    assert legend(ax) == []


def test_a_group_of_ten_has_a_box_of_its_quartiles() -> None:
    ax = plots.ecdf(runs(a=range(1, 14)), metric="run_s")
    # Of 1 to 13: the quartiles are the 4th and the 10th value, the median is the 7th.
    assert boxes(ax) == [(4, 10)]
    whisker, median = (lines.get_segments()[0] for lines in below(ax).collections)  # type: ignore[attr-defined]
    assert whisker[:, 0] == pytest.approx([1.6, 12.4])
    assert list(median[:, 0]) == [7, 7]
    assert boxes(plots.ecdf(runs(a=range(9)), metric="run_s")) == []


def test_dots_are_drawn_of_small_groups_and_do_not_cover_each_other() -> None:
    values = [5.0] * 7 + [float(i) for i in range(10, 103)]
    ax = plots.ecdf(runs(a=values), metric="run_s")
    drawn = dots(ax)
    assert sorted(x for x, _ in drawn) == values
    asides = [y for x, y in drawn if x == 5.0]
    assert len(set(asides)) == 7
    assert max(map(abs, asides)) <= 0.4
    assert sum(asides) == pytest.approx(0, abs=0.2)
    larger = plots.ecdf(runs(a=[*values, 103.0]), metric="run_s")
    assert dots(larger) == [(5, 0), (103, 0)]


def test_groups_have_their_own_curves_the_largest_first() -> None:
    ax = plots.ecdf(runs(a=[1, 2], b=[3, 4, 5], c=[9]), "job", metric="run_s", limit=2)
    assert legend(ax) == ["p/b", "p/a"]
    assert names(below(ax)) == ["p/b (3)", "p/a (2)"]
    assert title(ax) == "run_s by job, 2 largest of 3 groups"
    assert share_at(ax, 3, 0) == pytest.approx(1 / 3)
    assert share_at(ax, 3, 1) == 1
    styles = {(line.get_color(), line.get_linestyle()) for line in ax.get_lines()}
    assert len(styles) == 2


def test_a_long_curve_is_drawn_through_some_of_its_values() -> None:
    random = np.random.default_rng(4)
    values = np.sort(random.lognormal(5, 1, 20_000)).tolist()
    ax = plots.ecdf(runs(a=values), metric="run_s")
    assert len(np.asarray(ax.get_lines()[0].get_xdata())) < 2_100
    for rank in (10_000, 18_000, 19_800):
        assert share_at(ax, values[rank - 1]) == pytest.approx(rank / 20_000, abs=0.001)


def test_rows_that_are_left_out_are_named() -> None:
    ax = plots.ecdf(runs(a=[1, None, -7200.0]), "job", metric="run_s")
    said = " ".join(below(ax).get_xlabel().split())
    assert said.startswith("run (s) not drawn: 1 of 3 without a known run; 1 of 3 with an odd run box: ")


def test_records_are_drawn_as_their_table_is(real: lp.Dataset) -> None:
    drawn = [plots.ecdf(given, "bot") for given in (real.invocations, real.records.invocations)]
    assert dots(drawn[0]) == dots(drawn[1]) == [(5.660921, 0)]


def test_invocations_without_the_duration_are_told() -> None:
    assert "no invocation has run_s and a bot" in texts(plots.ecdf(runs(a=[None]), "bot", metric="run_s"))
    assert "no invocation has run_s" in texts(plots.ecdf(runs(a=[None]), metric="run_s"))
