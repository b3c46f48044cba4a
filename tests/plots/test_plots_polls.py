"""Charts of status checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from chart_tables import polls
from charts import draw, legend, texts, title
from matplotlib import dates as matplotlib_dates
from matplotlib.axes import Axes

import logparse as lp
from logparse import plots

#: Its functions have no type hints.
dates: Any = matplotlib_dates


def markers(ax: Axes) -> dict[str, int]:
    """Return how many markers each labelled line has."""
    return {
        str(line.get_label()): len(np.asarray(line.get_xdata()))
        for line in ax.get_lines()
        if line.get_marker() not in ("None", "", None)
    }


def test_each_check_is_a_marker_of_its_source_at_its_time(real: lp.Dataset) -> None:
    ax = plots.poll_rpc(real.polls)
    assert markers(ax) == {"timer (20)": 20, "PubSub notification (2)": 2}
    assert legend(ax) == ["timer (20)", "PubSub notification (2)"]
    timers = real.polls[real.polls["source"] == "timer"]
    line = ax.get_lines()[0]
    assert list(np.asarray(line.get_ydata())) == list(timers["rpc_s"])
    assert dates.num2date(np.asarray(line.get_xdata())[0]) == timers["handled_at"].iloc[0]
    # The second is Okabe and Ito's orange, darkened until it can be seen on white.
    assert [line.get_color() for line in ax.get_lines()] == ["#0072B2", "#C68900"]
    assert {line.get_marker() for line in ax.get_lines()} == {"o", "D"}
    assert ax.get_xlabel() == "check begun (UTC)"
    assert ax.get_ylabel().endswith("(s)")
    assert title(ax) == "Answers to status checks of invocation 9028843112359765808"


def test_the_slowest_check_is_named_at_its_point(real: lp.Dataset) -> None:
    (note,) = [text for text in plots.poll_rpc(real.polls).texts if text.get_text()]
    assert note.get_text() == "slowest: 3.893 s at 04:53:08"
    x, y = note.xy  # type: ignore[attr-defined]
    assert y == 3.893
    assert f"{dates.num2date(x):%H:%M:%S.%f}" == "04:53:08.507000"


def test_times_are_utc_whatever_the_settings_say(real: lp.Dataset) -> None:
    with matplotlib.rc_context({"timezone": "Asia/Tokyo"}):
        ax = plots.poll_rpc(real.polls)
        draw(ax)
        labels = [label.get_text() for label in ax.get_xticklabels()]
    assert "04:40" in labels
    assert ax.xaxis.get_offset_text().get_text() == "2020-Nov-17"


def test_checks_without_answer_or_time_are_told(real: lp.Dataset) -> None:
    polls = real.polls
    polls = polls.assign(
        rpc_s=polls["rpc_s"].mask(polls["seq"].isin([4, 5, 6])),
        handled_at=polls["handled_at"].mask(polls["seq"] == 8),
    )
    ax = plots.poll_rpc(polls)
    assert markers(ax) == {"timer (16)": 16, "PubSub notification (2)": 2, "no answer (3)": 3}
    assert ax.get_xlabel() == "check begun (UTC)\nnot drawn: 1 of 22 at unknown times"
    assert ax.get_ylim()[0] < 0


def test_a_check_without_any_answer_can_be_drawn(real: lp.Dataset) -> None:
    ax = plots.poll_rpc(real.polls.head(1).assign(rpc_s=np.nan))
    assert markers(ax) == {"no answer (1)": 1}
    low, high = ax.get_xlim()
    assert high - low == pytest.approx(2 / (24 * 60))


@pytest.mark.slow
def test_checks_of_several_days_are_named_with_their_day(many: lp.Dataset) -> None:
    ax = plots.poll_rpc(many.polls)
    slowest = many.polls.sort_values("rpc_s").dropna(subset=["rpc_s"]).iloc[-1]
    assert f"slowest: {slowest['rpc_s']:.3f} s at {slowest['handled_at']:%Y-%m-%d %H:%M:%S}" in texts(ax)
    assert title(ax) == f"Answers to status checks of {many.polls['invocation_id'].nunique()} invocations"
    assert sum(markers(ax).values()) == many.polls["handled_at"].notna().sum()


def test_lateness_is_drawn_in_milliseconds_with_its_sign(real: lp.Dataset) -> None:
    ax = plots.poll_lateness(real.polls)
    assert markers(ax) == {"late (19)": 19, "early (1)": 1}
    late, early = (line for line in ax.get_lines() if line.get_marker() == "o")
    assert list(np.asarray(early.get_ydata())) == pytest.approx([-6])
    assert max(np.asarray(late.get_ydata())) == pytest.approx(350)
    assert late.get_color() != early.get_color()
    lines = {str(line.get_label()): line for line in ax.get_lines() if line.get_marker() == "None"}
    assert "mean 109.1 ms" in lines
    assert any(list(np.asarray(line.get_ydata())) == [0, 0] for line in lines.values())
    assert ax.get_ylim()[0] < -6
    assert ax.get_ylabel() == "lateness: handled minus due (ms)"
    assert ax.get_xlabel() == "timer due (UTC)\nnot drawn: 2 of 22 not started by a timer"
    assert title(ax) == "Lateness of the timers of invocation 9028843112359765808"


def test_timers_due_at_an_unknown_time_are_told(real: lp.Dataset) -> None:
    polls = real.polls
    first = polls["seq"].isin([2, 3])
    polls = polls.assign(due_at=polls["due_at"].mask(first), lateness_s=polls["lateness_s"].mask(first))
    ax = plots.poll_lateness(polls)
    assert sum(markers(ax).values()) == 18
    said = "not drawn: 2 of 22 not started by a timer; 2 of 22 at unknown times"
    assert ax.get_xlabel() == f"timer due (UTC)\n{said}"


@pytest.mark.parametrize(
    ("chart", "choose", "said"),
    [
        (plots.poll_rpc, lambda polls: polls.head(0), "no status checks"),
        (plots.poll_rpc, lambda p: p.assign(handled_at=p["due_at"].mask(p["seq"] > 0)), "are not known"),
        (plots.poll_lateness, lambda polls: polls.head(0), "no timers"),
        (plots.poll_lateness, lambda polls: polls[polls["source"] == "pubsub"], "no timers"),
        (plots.poll_lateness, lambda p: p.assign(due_at=p["due_at"].mask(p["seq"] > 0)), "is not known"),
    ],
)
def test_checks_that_cannot_be_drawn_are_told_instead(
    chart: Callable[[pd.DataFrame], Axes],
    choose: Callable[[pd.DataFrame], pd.DataFrame],
    said: str,
    real: lp.Dataset,
) -> None:
    ax = chart(choose(real.polls))
    assert said in texts(ax)
    assert not ax.get_lines()


@pytest.mark.parametrize(("number", "size", "stems"), [(2_000, 5, True), (2_001, 2, False)])
def test_many_checks_are_small_markers_without_stems(number: int, size: int, stems: bool) -> None:
    checks = polls(-(-number * 10 // 9))
    late = checks[checks["lateness_s"].notna()].head(number)
    assert len(late) == number
    ax = plots.poll_lateness(late)
    assert {line.get_markersize() for line in ax.get_lines() if line.get_marker() == "o"} == {size}
    assert bool(ax.collections) is stems
    ax = plots.poll_rpc(late)
    assert ax.get_lines()[0].get_markersize() == size
