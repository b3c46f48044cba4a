"""What charts take, what they refuse with one sentence, and which unit, scale and notes they choose."""

from __future__ import annotations

import inspect
import typing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from quick import quick

import logparse as lp
from logparse import plots
from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.errors import LogparseError, UsageError
from logparse.plots import texts, times, units
from logparse.records import Invocation, Poll

PAGE = Path(__file__).parents[1] / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"
START = datetime(2021, 3, 1, tzinfo=UTC)


#: Without type hints, so that it can be called wrongly.
CHARTS: Any = plots


def table(*rows: Any) -> pd.DataFrame:
    """Return the table invocations of which only these values are known."""
    return frame(rows, TABLES["invocations"])


def title(ax: Axes) -> str:
    return ax.get_title(loc="left")


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def ticks(ax: Axes, direction: str = "x") -> list[str]:
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]
    axis = ax.xaxis if direction == "x" else ax.yaxis
    return [label.get_text() for label in axis.get_ticklabels()]


# --- records and frames -----------------------------------------------------------------------------


@pytest.mark.slow
def test_records_draw_what_their_frames_draw(real: lp.Dataset) -> None:
    run = real.records.invocations[0]
    for chart in (plots.poll_rpc, plots.poll_lateness):
        drawn = [chart(given) for given in (real.polls, run.polls, iter(run.polls), run)]
        lines = [[np.asarray(line.get_xydata()).tolist() for line in ax.get_lines()] for ax in drawn]
        assert lines[0] == lines[1] == lines[2] == lines[3] != []
        assert title(drawn[0]) == title(drawn[3]) != title(drawn[1])
    for given in (run, [run], real.invocations, real.invocations.iloc[0]):
        assert title(plots.phases(given)).startswith("pdfium/win_xfa_component 9028843112359765808")
    assert names(plots.phase_breakdown([run])) == names(plots.phase_breakdown(real.invocations))
    assert names(plots.latency_distribution([run], "bot")) == ["luci-flex-ci-win10-2-8q8g (1)"]


@pytest.mark.parametrize("form", ["list", "no columns", "no rows"])
def test_nothing_to_draw_is_said(form: str) -> None:
    for name in plots.__all__:
        if name != "PHASES":
            drawn = "builds" if name in ("queue_depth", "bots") else "invocations"
            no_rows = frame([], TABLES["polls" if name.startswith("poll") else drawn])
            empty = {"list": [], "no columns": pd.DataFrame(), "no rows": no_rows}[form]
            ax = getattr(plots, name)(empty)
            assert [text for text in ax.texts if text.get_text().startswith("no ")]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda d: CHARTS.latency_distribution(d.invocations, "moon"), ["'moon'", "builder, bot, job, status"]),
        (lambda d: CHARTS.latency_distribution(d.invocations, ["day"]), ["['day']", "or week"]),
        (lambda d: CHARTS.latency_distribution(d.invocations, metric="speed"), ["'speed'", "run_s", "queue_latency_s"]),
        (lambda d: CHARTS.latency_distribution(d.invocations, metric="attempts"), ["'attempts'", "run_s"]),
        (lambda d: CHARTS.latency_distribution(d.invocations.drop(columns="bot_id"), "bot"), ["bot_id", "builder, job"]),
        (lambda d: CHARTS.latency_distribution(d.invocations, limit=0), ["limit is 0"]),
        (lambda d: CHARTS.phase_breakdown(d.invocations, limit="all"), ["limit is 'all'"]),
        (lambda d: CHARTS.phase_breakdown(d.invocations, run=True, ax=3), ["Axes", "int"]),
        (lambda d: CHARTS.phase_breakdown(d.polls), ["scheduler_wait_s", "table invocations"]),
        (lambda d: CHARTS.phase_breakdown(d), ["not Dataset", "data.invocations"]),
        (lambda d: CHARTS.phases(pd.concat([d.invocations] * 3)), ["got 3", "phase_breakdown"]),
        (lambda d: CHARTS.percentiles(d.invocations, "month"), ["'month'", "hour, day or week"]),
        (lambda d: CHARTS.percentiles(d.invocations, metric="status"), ["'status'", "run_s"]),
        (lambda d: CHARTS.percentiles(d.invocations, tz="Mars"), ["'Mars'", "Europe/Berlin"]),
        (lambda d: CHARTS.heatmap(d.invocations, metric="attempts"), ["'attempts'", "run_s"]),
        (lambda d: CHARTS.heatmap(d.invocations, tz=None), ["no time zone None"]),
        (lambda d: CHARTS.bots(d.builds, "moon"), ["'moon'", "status or builder"]),
        (lambda d: CHARTS.bots(d.builds, day="monday"), ["not 'monday'", "2021-03-01"]),
        (lambda d: CHARTS.bots(d.builds, day=5), ["not 5"]),
        (lambda d: CHARTS.bots(d.builds, day=START), ["not datetime"]),
        (lambda d: CHARTS.bots(d.builds, limit=0), ["limit is 0"]),
        (lambda d: CHARTS.bots(d.invocations), ["lacks started_at", "table builds"]),
        (lambda d: CHARTS.ecdf(d.invocations, "moon"), ["plots.ecdf()", "'moon'", "builder, bot, job, status"]),
        (lambda d: CHARTS.ecdf(d.invocations, metric="attempts"), ["plots.ecdf()", "'attempts'", "run_s"]),
        (lambda d: CHARTS.ecdf(d.invocations.drop(columns="bot_id"), "bot"), ["bot_id", "builder, job"]),
        (lambda d: CHARTS.ecdf(d.invocations, limit=0), ["limit is 0"]),
        (lambda d: CHARTS.failures(d.invocations, "moon"), ["'moon'", "cause or detail"]),
        (lambda d: CHARTS.failures(d.invocations, limit=True), ["limit is True"]),
        (lambda d: CHARTS.failures(d), ["not Dataset", "data.invocations"]),
        (lambda d: CHARTS.heatmap(d.polls), ["created_at", "table invocations"]),
        (lambda d: CHARTS.queue_depth(d.polls), ["created_at, started_at", "table builds"]),
        (lambda d: CHARTS.queue_depth(d.builds, tz="Mars"), ["'Mars'", "Europe/Berlin"]),
        (lambda d: CHARTS.queue_depth(d.builds, tz=1), ["no time zone 1"]),
        (lambda d: CHARTS.queue_depth(d.builds, bucket_s=0.1), ["0.1 s", "1 s to 366 days"]),
        (lambda d: CHARTS.queue_depth([1]), ["Build or Invocation", "type int"]),
        (lambda d: CHARTS.phases("page.html"), ["not str", "Invocation"]),
        (lambda d: CHARTS.phases(None), ["not NoneType"]),
        (lambda d: CHARTS.poll_rpc(d.invocations), ["lacks handled_at, rpc_s", "table polls"]),
        (lambda d: CHARTS.poll_rpc(d), ["not Dataset", "data.polls"]),
        (lambda d: CHARTS.poll_rpc([1, 2]), ["Poll or Invocation", "list with an item of type int"]),
        (lambda d: CHARTS.poll_lateness({"a": 1}), ["not dict"]),
        (lambda d: CHARTS.poll_rpc(d.polls.assign(handled_at="monday")), ["times in the column handled_at", "str"]),
        (lambda d: CHARTS.poll_rpc(d.polls.assign(rpc_s="soon")), ["numbers of seconds in the column rpc_s", "str"]),
        (lambda d: CHARTS.phases(d.invocations.assign(run_s="long")), ["run_s", "str"]),
    ],
)  # fmt: skip
def test_a_wrong_argument_gets_one_sentence_with_the_choices(
    call: Any, said: list[str], real: lp.Dataset
) -> None:
    with pytest.raises(UsageError) as raised:
        call(real)
    assert isinstance(raised.value, LogparseError)
    assert isinstance(raised.value, ValueError)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(("plots.", "a bucket of"))
    for part in said:
        assert part in message
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("name", [name for name in plots.__all__ if name != "PHASES"])
def test_type_hints_can_be_read(name: str) -> None:
    chart = getattr(plots, name)
    assert typing.get_type_hints(chart)["return"] is Axes
    assert "UsageError" in (inspect.getdoc(chart) or "")


# --- units and scales -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "unit"),
    [(0, "s"), (0.35, "ms"), (1, "s"), (119, "s"), (120, "min"), (7199, "min"), (25267, "h"), (172800, "d")],
)
def test_the_unit_of_an_axis_follows_its_largest_value(seconds: float, unit: str) -> None:
    assert units.axis_unit(seconds).symbol == unit


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(25267.5, "7.019 h"), (0.2236, "223.6 ms"), (-90, "−90 s"), (1262.49, "21.04 min"), (9e8, "10,417 d")],
)
def test_durations_are_said_in_the_unit_of_a_person(seconds: float, text: str) -> None:
    assert units.said(seconds) == text


def test_ticks_are_round_in_their_unit() -> None:
    rows = [{"job_id": "p/j", "run_s": value} for value in (5000.0, 18000.0, 25267.0)]
    ax = plots.latency_distribution(table(*rows), metric="run_s")
    assert ax.get_xlabel() == "run (h)"
    assert ticks(ax) == ["0", "1", "2", "3", "4", "5", "6", "7"]
    assert [round(float(tick)) for tick in ax.get_xticks()] == [hour * 3600 for hour in range(8)]


def test_one_long_run_does_not_flatten_the_rest() -> None:
    rows = [{"job_id": "p/j", "run_s": value} for value in (10.0, 12.0, 15.0, 20.0, 25267.0)]
    ax = plots.latency_distribution(table(*rows), metric="run_s")
    assert ax.get_xlabel() == "run (s to h, log scale)"
    assert ax.get_xscale() == "log"
    assert ticks(ax) == ["10 s", "1 min", "10 min", "1 h"]
    # 12 s and 15 s are as far apart as they would be without the long run, or nearly so.
    first, second = ax.transAxes.inverted().transform(ax.transData.transform([(10.0, 0), (20.0, 0)]))[:, 0]
    assert second - first > 0.05


def test_values_at_and_below_zero_have_a_place_on_a_log_scale() -> None:
    rows = [{"job_id": "p/j", "finish_lag_s": value} for value in (-0.5, 0.0, 0.1, 0.2, 0.3, 900.0)]
    ax = plots.latency_distribution(table(*rows), metric="finish_lag_s")
    assert ax.get_xscale() == "symlog"
    assert "log scale" in ax.get_xlabel()
    low, high = ax.get_xlim()
    assert low < -0.5
    assert high > 900
    assert "0" in ticks(ax)


def test_the_scale_stays_linear_up_to_the_stated_ratio() -> None:
    assert units.scale_for([1.0, 1.0, units.SPREAD], from_zero=False) == "linear"
    assert units.scale_for([1.0, 1.0, units.SPREAD * 1.01], from_zero=False) == "log"
    assert units.scale_for([1.0, 1.0, units.SPREAD * 1.01], from_zero=True) == "symlog"
    assert units.scale_for([], from_zero=False) == "linear"


# --- what is left out -------------------------------------------------------------------------------


def test_rows_that_are_left_out_are_named() -> None:
    shown = [{"job_id": "p/j", "bot_id": "b", "run_s": 60.0, "status": "SUCCEEDED"}] * 13
    rows = [
        *shown,
        *[{"run_s": 60.0}] * 3,
        {"bot_id": "b", "status": "RUNNING"},
        {"bot_id": "b", "status": "FAILED"},
        {"bot_id": "b", "run_s": -7200.0, "status": "SUCCEEDED"},
        {"bot_id": "b", "run_s": 1e12, "status": "SUCCEEDED"},
    ]
    ax = plots.latency_distribution(table(*rows), "bot", metric="run_s")
    assert names(ax) == ["b (13)"]
    assert " ".join(ax.get_xlabel().split()) == (
        "run (s) not drawn: 3 of 20 without a known bot; 1 of 20 without a known run;"
        " 1 of 20 unfinished and without a known run; 2 of 20 with an odd run"
    )


def test_an_odd_phase_is_written_and_not_drawn() -> None:
    ax = plots.phases(Invocation(scheduler_wait_s=1.0, pending_s=-86400.0, run_s=5.0, duration_s=20.0))
    said = [text.get_text() for text in ax.child_axes[0].texts]
    assert said == ["1 s (5.00%)", "not known", "odd, not drawn: −24 h", "not known"]
    ax = plots.phase_breakdown(table({"scheduler_wait_s": 1.0, "run_s": 1e10, "duration_s": 20.0}))
    assert "1 of 1 with an odd duration" in ax.get_xlabel()
    assert ax.get_xlim()[1] < 30


def test_checks_that_are_left_out_are_named() -> None:
    checks = [Poll(seq=1, source="timer", handled_at=START, rpc_s=0.1)] * 3
    checks += [Poll(seq=2, handled_at=START, rpc_s=0.2), Poll(seq=3, rpc_s=0.2)]
    checks += [Poll(seq=4, source="timer", handled_at=START, rpc_s=1e15)]
    ax = plots.poll_rpc(checks)
    assert "not drawn: 1 of 6 at unknown times; 1 of 6 with an odd duration" in ax.get_xlabel()
    labels = [str(line.get_label()) for line in ax.get_lines()]
    assert labels == ["timer (3)", "unknown source (1)"]


# --- time -------------------------------------------------------------------------------------------


def test_days_are_in_order_of_time_and_the_undated_are_named() -> None:
    days = [
        datetime(2020, 5, 2, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2020, 5, 1, tzinfo=UTC),
    ]
    rows = [{"created_at": day, "run_s": float(i + 1)} for i, day in enumerate(days)]
    ax = plots.latency_distribution(table(*rows, {"run_s": 1.0}), "day", metric="run_s")
    assert names(ax) == ["2020-05-01 (1)", "2020-05-02 (1)", "2026-01-01 (1)"]
    assert "not drawn: 1 of 4 undated" in ax.get_xlabel()
    ax = plots.latency_distribution(table(*rows), "day", metric="run_s", limit=2)
    assert names(ax) == ["2020-05-02 (1)", "2026-01-01 (1)"]
    assert title(ax) == "run_s by day, 2 latest of 3 groups"


def test_empty_years_are_cut_out_of_an_axis_of_times() -> None:
    checks = [
        Poll(seq=i, source="timer", handled_at=at + timedelta(minutes=i), rpc_s=1.0)
        for at in (datetime(2020, 1, 5, 10, tzinfo=UTC), datetime(2023, 1, 5, 12, tzinfo=UTC))
        for i in range(20)
    ]
    ax = plots.poll_rpc(checks)
    assert ax.get_xlabel() == "check begun (UTC); a gap of 3 years cut out"
    (line,) = (line for line in ax.get_lines() if line.get_marker() == "o")
    places = ax.transAxes.inverted().transform(ax.transData.transform(line.get_xydata()))[:, 0]
    assert np.all(np.diff(places) > 0)
    assert places[19] - places[0] > 0.35
    assert places[39] - places[20] > 0.35
    assert places[20] - places[19] < 0.15
    labels = ticks(ax)
    assert "10:00\n2020-01-05" in labels
    assert "12:00\n2023-01-05" in labels


def test_regular_times_are_not_cut() -> None:
    assert len(times.spans([float(day) for day in range(100)])) == 1
    hours = [day + hour / 24 for day in (1, 500) for hour in range(24)]
    assert times.spans(hours) == [(1, 1 + 23 / 24), (500, 500 + 23 / 24)]
    assert times.spans([7.0]) == [(7.0, 7.0)]


@pytest.mark.parametrize(
    "minutes",
    quick([119, 1440], [1, 1.9, 50, 119, 600, 1440, 2800, 40_000, 86_000, 600_000, 1_000_000, 5_000_000]),
)
def test_a_narrow_axis_of_times_has_a_few_ticks_apart(minutes: float) -> None:
    ax = pyplot.subplots(figsize=(2.6, 2.5), layout="constrained")[1]
    checks = [
        Poll(seq=i, source="timer", handled_at=START + timedelta(minutes=minutes * i / 20), rpc_s=1.0)
        for i in range(21)
    ]
    plots.poll_rpc(checks, ax)
    shown = [label for label in ticks(ax) if label]
    assert 1 <= len(shown) <= 6
    low, high = ax.get_xlim()
    boxes = [
        label.get_window_extent()
        for place, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
        if low <= place <= high
    ]
    assert all(one.x1 <= other.x0 for one, other in pairwise(boxes))


# --- names ------------------------------------------------------------------------------------------


def test_names_are_shortened_in_the_middle_and_say_which_builder() -> None:
    assert texts.short("linux-" + "x" * 50 + "-rel", 13) == "linux-…xx-rel"
    row = {"project": "p", "bucket": "luci.p.ci", "builder": "b", "run_s": 1.0}
    data = table(row, {"project": "p", "bucket": "luci.p.ci", "run_s": 1.0})
    ax = plots.latency_distribution(data.drop(columns="builder_id"), "builder", metric="run_s")
    assert names(ax) == ["p/ci/b (1)"]
    known = data.assign(builder_id=pd.Series(["p/ci/b", None], dtype="string"))
    assert names(plots.latency_distribution(known, "builder", metric="run_s")) == ["p/ci/b (1)"]


def test_a_formula_and_a_missing_glyph_are_text(tmp_path: Path) -> None:
    data = table({"job_id": "$x^2$ 漢", "run_s": 1.0, "scheduler_wait_s": 1.0, "invocation_id": "$1$"})
    ax = plots.latency_distribution(data, metric="run_s")
    assert names(ax) == ["$x^2$ � (1)"]
    assert not any(label.get_parse_math() for label in ax.get_yticklabels())
    assert title(plots.phases(data)) == "$x^2$ � $1$: status unknown, phases so far"
