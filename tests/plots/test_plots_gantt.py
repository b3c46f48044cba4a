"""The chart of bots over a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chart_tables import table
from charts import legend, names, texts, title
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgba_array

import logparse as lp
from logparse import plots

#: Without type hints.
DATES: Any = dates


def at(day: int, hour: float) -> datetime:
    return datetime(2021, 3, day, int(hour), round(hour % 1 * 60), tzinfo=UTC)


def build(bot: str | None, start: datetime | None, end: datetime | None, **more: Any) -> dict[str, Any]:
    return {"bot_id": bot, "started_at": start, "completed_at": end, "status": "SUCCESS", **more}


@pytest.fixture
def runs() -> pd.DataFrame:
    """Runs of two bots, most of them on 2 March; three builds cannot be drawn."""
    return table(
        "builds",
        build("a", at(2, 6), at(2, 12), builder_id="p/ci/x"),
        build("b", at(2, 0), at(2, 2.4), builder_id="p/ci/y", status="FAILURE"),
        build("a", at(2, 22), at(3, 5), builder_id="p/ci/x"),
        build("b", at(4, 1), at(4, 3)),
        build(None, at(2, 1), at(2, 2)),
        build("a", at(2, 1), None),
        build("a", at(2, 5), at(1, 5)),
    )


def bars(ax: Axes) -> dict[str, list[tuple[int, str, str]]]:
    """Return by the name of its colour each bar: the row, and the times of its ends in UTC."""
    found: dict[str, list[tuple[int, str, str]]] = {}
    for collection in ax.collections:
        if not isinstance(collection, PolyCollection):
            continue
        corners = [np.asarray(path.vertices) for path in collection.get_paths()]
        found[str(collection.get_label())] = sorted(
            (
                round(one[:, 1].mean()),
                *(f"{DATES.num2date(x):%d %H:%M}" for x in (one[:, 0].min(), one[:, 0].max())),
            )
            for one in (corner[:4] for corner in corners)
        )
    return found


def test_rows_are_bots_and_bars_their_runs_on_the_day(runs: pd.DataFrame) -> None:
    ax = plots.bots(runs)
    drawn = bars(ax)
    assert [(row, start) for row, start, _ in drawn["SUCCESS"]] == [(0, "02 06:00"), (0, "02 22:00")]
    assert [(row, start) for row, start, _ in drawn["FAILURE"]] == [(1, "02 00:00")]
    # Six and two of 24 hours, and a tenth of them.
    assert names(ax) == ["a (33%)", "b (10%)"]
    assert legend(ax) == ["SUCCESS (2)", "FAILURE (1)"]
    assert title(ax) == "Runs of 2 bots"
    assert " ".join(ax.get_xlabel().split()) == (
        "2021-03-02 (UTC) not drawn: 1 of 7 without a known bot; 1 of 7 without a known start or end;"
        " 1 of 7 with an odd run; 1 of 7 on other days beside each bot: the part of the day that these runs take"
    )
    low, high = (DATES.num2date(end) for end in ax.get_xlim())
    assert (low, high) == (at(2, 0), at(3, 0))


def test_bars_end_with_their_runs_less_a_gap_for_the_eye(runs: pd.DataFrame) -> None:
    ax = plots.bots(runs)
    (_, _, end), _ = bars(ax)["SUCCESS"]
    assert "02 11:55" <= end <= "02 12:00"


def test_another_day_and_another_zone_can_be_named(runs: pd.DataFrame) -> None:
    for day in (date(2021, 3, 4), "2021-03-04"):
        ax = plots.bots(runs, day=day)
        assert names(ax) == ["b (8%)"]
    ax = plots.bots(runs, day="2021-03-03", tz="Asia/Kolkata")
    # The run that ends at 05:00 UTC: from 22:00, which is 03:30 there, to 10:30.
    assert names(ax) == ["a (29%)"]
    assert "no bot ran a build on 2021-03-09" in texts(plots.bots(runs, day="2021-03-09"))


def test_a_day_on_which_clocks_change_has_23_hours() -> None:
    start = datetime(2021, 3, 28, 6, tzinfo=UTC)
    data = table("builds", build("a", start, datetime(2021, 3, 28, 8, 18, tzinfo=UTC)))
    ax = plots.bots(data, tz="Europe/Berlin")
    # 2.3 of 23 hours.
    assert names(ax) == ["a (10%)"]
    assert np.diff(ax.get_xlim())[0] == pytest.approx(23 / 24)


def test_bars_can_be_coloured_by_builder_with_the_rarer_ones_together() -> None:
    rows = [build("a", at(2, hour), at(2, hour + 1), builder_id=f"p/ci/b{hour}") for hour in range(8)]
    ax = plots.bots(table("builds", *rows, build("a", at(2, 9), at(2, 10))), "builder")
    assert legend(ax) == [*(f"p/ci/b{hour} (1)" for hour in range(6)), "other builders (3)"]
    faces = {
        to_hex(to_rgba_array(one.get_facecolor())[0])
        for one in ax.collections
        if isinstance(one, PolyCollection)
    }
    hatches = {one.get_hatch() for one in ax.collections if isinstance(one, PolyCollection)}
    assert len(faces) == len(hatches) == 7


def test_bots_are_limited_and_the_title_names_all() -> None:
    rows = [build(f"bot{i}", at(2, 0), at(2, i / 2 + 0.5)) for i in range(9)]
    ax = plots.bots(table("builds", *rows), limit=2)
    assert names(ax) == ["bot8 (19%)", "bot7 (17%)"]
    assert title(ax) == "Runs of the 2 busiest of 9 bots"


def test_records_are_drawn_as_their_table_is(real: lp.Dataset) -> None:
    drawn = [plots.bots(given) for given in (real.builds, real.records.invocations)]
    assert bars(drawn[0]) == bars(drawn[1])
    assert names(drawn[0]) == ["luci-flex-ci-win10-2-8q8g (1%)"]
    assert drawn[0].get_xlabel().startswith("2020-11-17 (UTC)")
