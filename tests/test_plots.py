"""What the charts show: bars as long as the phases, a marker for each check, and words where there is nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import dates as matplotlib_dates
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from quick import quick

import logparse as lp
from logparse import plots
from logparse.arrow import frame
from logparse.columns import TABLES
from logparse.records import Invocation

#: Its functions have no type hints.
dates: Any = matplotlib_dates

LOGS = Path(__file__).parent / "data" / "logs"
PAGE = LOGS / "win_xfa_component-9028843112359765808.txt"
#: The phases of the real page, in order.
REAL = {
    "scheduler_wait_s": 1.114,
    "launch_s": 0.22363,
    "pending_s": 4.323291,
    "run_s": 1255.841972,
    "finish_lag_s": 0.988753,
}


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    before = dict(matplotlib.rcParams)
    yield
    pyplot.close("all")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture(scope="module")
def real() -> lp.Dataset:
    return lp.load(PAGE)


@pytest.fixture(scope="module")
def many() -> lp.Dataset:
    return lp.load(*sorted((LOGS / "v1-2020-11").glob("*.log")))


def bars(ax: Axes) -> dict[str, tuple[float, float]]:
    """Return begin and length of each bar by label."""
    found: dict[str, tuple[float, float]] = {}
    for container in ax.containers:
        assert isinstance(container, BarContainer)
        for bar in container.patches:
            found[str(container.get_label())] = (bar.get_x(), bar.get_width())
    return found


def lengths(ax: Axes) -> dict[str, float]:
    return {label: length for label, (_, length) in bars(ax).items()}


def texts(ax: Axes) -> str:
    return " | ".join(text.get_text() for text in ax.findobj(Text))


def title(ax: Axes) -> str:
    return ax.get_title(loc="left")


def markers(ax: Axes) -> dict[str, int]:
    """Return how many markers each labelled line has."""
    return {
        str(line.get_label()): len(np.asarray(line.get_xdata()))
        for line in ax.get_lines()
        if line.get_marker() not in ("None", "", None)
    }


def legend(ax: Axes) -> list[str]:
    shown = ax.get_legend()
    return [] if shown is None else [text.get_text() for text in shown.get_texts()]


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def row(**values: Any) -> pd.DataFrame:
    """Return a table of one invocation of which only `values` are known."""
    unknown = dict.fromkeys((column.name for column in TABLES["invocations"]), None)
    return frame([{**unknown, **values}], TABLES["invocations"])


def save(ax: Axes, path: Path) -> None:
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(path)


def draw(ax: Axes) -> None:
    assert isinstance(ax.figure, Figure)
    ax.figure.draw_without_rendering()


def zoom_of(ax: Axes) -> Axes:
    (zoom,) = ax.child_axes
    assert isinstance(zoom, Axes)
    return zoom


# --- importing, Axes, settings ------------------------------------------------------------------


def test_importing_the_module_imports_neither_matplotlib_nor_pandas() -> None:
    code = "import sys, logparse.plots; print({'matplotlib', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_to_install_is_said_where_matplotlib_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'logparse\[plot\]'"):
        plots.phases(Invocation())


CHARTS: dict[str, Callable[[lp.Dataset, Axes | None], Axes]] = {
    "phases": lambda data, ax: plots.phases(data.records.invocations[0], ax),
    "poll_rpc": lambda data, ax: plots.poll_rpc(data.polls, ax),
    "poll_lateness": lambda data, ax: plots.poll_lateness(data.polls, ax),
    "phase_breakdown": lambda data, ax: plots.phase_breakdown(data.invocations, ax),
    "latency_distribution": lambda data, ax: plots.latency_distribution(data.invocations, "job", ax),
}


@pytest.mark.parametrize("chart", quick([next(iter(CHARTS))], CHARTS))
def test_given_axes_are_used_and_returned(chart: str, real: lp.Dataset) -> None:
    figure, axes = pyplot.subplots(1, 2)
    assert CHARTS[chart](real, axes[1]) is axes[1]
    assert figure.axes == [axes[0], axes[1]]
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]


@pytest.mark.parametrize("chart", quick([next(iter(CHARTS))], CHARTS))
def test_new_axes_are_made_for_each_call_and_can_be_saved(
    chart: str, real: lp.Dataset, tmp_path: Path
) -> None:
    first, second = CHARTS[chart](real, None), CHARTS[chart](real, None)
    assert isinstance(first, Axes)
    assert first.figure is not second.figure
    save(first, tmp_path / "chart.png")
    assert (tmp_path / "chart.png").stat().st_size > 1000


@pytest.mark.parametrize("chart", CHARTS)
def test_inputs_are_left_as_they_are(chart: str, real: lp.Dataset) -> None:
    before = real.invocations.copy(), real.polls.copy()
    CHARTS[chart](real, None)
    pd.testing.assert_frame_equal(real.invocations, before[0])
    pd.testing.assert_frame_equal(real.polls, before[1])


# --- phases -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["record", "row"])
def test_bars_are_as_long_as_the_phases_and_follow_each_other(form: str, real: lp.Dataset) -> None:
    invocation = real.records.invocations[0] if form == "record" else real.invocations.iloc[0]
    ax = plots.phases(invocation)
    drawn = bars(ax)
    assert {label: length for label, (_, length) in drawn.items()} == pytest.approx(REAL)
    assert [drawn[name][0] for name in REAL] == pytest.approx(
        [0, 1.114, 1.33763, 5.660921, 1262.491646 - 0.988753], abs=1e-6
    )
    assert title(ax) == "pdfium/win_xfa_component 9028843112359765808: SUCCEEDED after 21.04 min"
    assert ax.get_xlabel() == "time since the creation at 2020-11-17 04:33:59.089 UTC (min)"


def test_short_phases_stand_apart_with_their_lengths(real: lp.Dataset) -> None:
    ax = plots.phases(real.records.invocations[0])
    zoom = zoom_of(ax)
    assert lengths(zoom) == pytest.approx({k: v for k, v in REAL.items() if k != "run_s"})
    assert {begin for begin, _ in bars(zoom).values()} == {0.0}
    assert "scale of its own" in zoom.get_xlabel()
    assert zoom.get_xlabel().endswith("(s)")
    assert names(zoom) == ["scheduler wait", "launch", "pending", "finish lag"]
    for text in ("1.114 s (0.09%)", "0.2236 s (0.02%)", "4.323 s (0.34%)", "0.9888 s (0.08%)"):
        assert text in texts(zoom)
    assert "run 20.93 min (99.47%)" in texts(ax)


def test_texts_of_phases_do_not_overlap(real: lp.Dataset) -> None:
    ax = plots.phases(real.records.invocations[0])
    draw(ax)
    boxes = [text.get_window_extent() for text in ax.findobj(Text) if text.get_visible() and text.get_text()]
    assert len(boxes) > 20
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def test_time_of_no_known_phase_is_hatched_between_what_is_known() -> None:
    ax = plots.phases(
        Invocation(scheduler_wait_s=1.0, launch_s=2.0, finish_lag_s=5.0, duration_s=100.0, status="FAILED")
    )
    assert bars(ax) == {
        "scheduler_wait_s": (0, 1),
        "launch_s": (1, 2),
        "finish_lag_s": (95, 5),
        "unknown": (3, 92),
    }
    assert "phase not known 92 s (92.00%)" in texts(ax)
    assert texts(zoom_of(ax)).count("not known") == 1
    assert title(ax) == "invocation: FAILED after 100 s"


def test_an_unfinished_invocation_has_no_end() -> None:
    created = datetime(2021, 1, 2, tzinfo=UTC)
    ax = plots.phases(
        Invocation(job_id="p/j", status="RUNNING", scheduler_wait_s=1.0, launch_s=2.0, created_at=created)
    )
    assert bars(ax) == {"scheduler_wait_s": (0, 1), "launch_s": (1, 2)}
    assert title(ax) == "p/j: RUNNING, phases so far"
    assert "%" not in texts(ax)
    assert texts(zoom_of(ax)).count("not known") == 2


def test_a_negative_phase_keeps_its_sign() -> None:
    ax = plots.phases(
        Invocation(
            scheduler_wait_s=1.0, launch_s=-0.5, pending_s=2.0, run_s=10.0, finish_lag_s=1.0, duration_s=13.5
        )
    )
    assert "unknown" not in bars(ax)
    assert bars(ax)["pending_s"] == (0.5, 2)
    zoom = zoom_of(ax)
    assert bars(zoom)["launch_s"] == (0, -0.5)
    assert zoom.get_xlim()[0] < -0.5
    assert "−0.5 s (−3.70%)" in texts(zoom)


@pytest.mark.parametrize("invocation", [Invocation(status="STARTING"), row(status="STARTING").iloc[0]])
def test_an_invocation_without_phases_says_so(invocation: Invocation | pd.Series[Any]) -> None:
    ax = plots.phases(invocation)
    assert "no phase of this invocation is known" in texts(ax)
    assert not ax.containers


def test_names_from_a_log_are_text_and_no_formula(tmp_path: Path) -> None:
    hostile = "p/$\\frac{$\n\x1b[31m" + "x" * 200
    ax = plots.phases(Invocation(job_id=hostile, scheduler_wait_s=1.0))
    assert title(ax).startswith("p/$\\frac{$��[31mxxx")
    assert len(title(ax)) < 100
    save(ax, tmp_path / "chart.png")
    data = row(job_id=hostile, invocation_id="$1^{$", queue_latency_s=1.0, launch_s=1.0)
    save(plots.phase_breakdown(data), tmp_path / "chart.png")
    save(plots.latency_distribution(data), tmp_path / "chart.png")


# --- status checks ------------------------------------------------------------------------------


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


# --- many invocations ---------------------------------------------------------------------------


def test_stacked_bars_are_the_phases_longest_invocation_first(many: lp.Dataset) -> None:
    ax = plots.phase_breakdown(many.invocations, limit=5)
    longest = (
        many.invocations.dropna(subset=["duration_s"]).sort_values("duration_s", ascending=False).head(5)
    )
    ends = [0.0] * 5
    for container in ax.containers:
        assert isinstance(container, BarContainer)
        for bar in container.patches:
            y = round(bar.get_y() + bar.get_height() / 2)
            ends[y] = max(ends[y], bar.get_x() + bar.get_width())
    assert ends == pytest.approx(list(longest["duration_s"]), abs=1e-5)
    assert [name[-6:] for name in names(ax)] == [str(i)[-6:] for i in longest["invocation_id"]]
    drawable = many.invocations["scheduler_wait_s"].notna().sum()
    assert title(ax) == f"Phases, 5 longest of {drawable} invocations"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert ax.get_xlabel().startswith("time since creation (h)\n")


def test_one_bar_of_the_breakdown_is_the_real_page(real: lp.Dataset) -> None:
    ax = plots.phase_breakdown(real.invocations)
    assert lengths(ax) == pytest.approx(REAL)
    assert legend(ax) == ["scheduler wait", "launch", "pending", "run", "finish lag"]
    assert title(ax) == "Phases, 1 invocation"


def test_the_run_can_be_left_out(real: lp.Dataset) -> None:
    ax = plots.phase_breakdown(real.invocations, run=False)
    assert lengths(ax) == pytest.approx({k: v for k, v in REAL.items() if k != "run_s"})
    assert max(begin + length for begin, length in bars(ax).values()) == pytest.approx(6.649674)
    assert legend(ax) == ["scheduler wait", "launch", "pending", "finish lag"]
    assert ax.get_xlabel() == "sum of the phases (s)"


def test_what_is_unknown_is_in_the_legend_of_the_breakdown(many: lp.Dataset) -> None:
    aborted = many.invocations[many.invocations["status"] == "ABORTED"]
    ax = plots.phase_breakdown(aborted)
    assert "unknown" in bars(ax)
    assert legend(ax)[-1] == "phase not known"


def test_a_breakdown_of_frames_put_together_draws_every_row(real: lp.Dataset) -> None:
    twice = pd.concat([real.invocations, real.invocations])
    assert len(names(plots.phase_breakdown(twice))) == 2


def test_dots_are_the_values_of_each_group(many: lp.Dataset) -> None:
    ax = plots.latency_distribution(many.invocations, "status")
    known = many.invocations.dropna(subset=["queue_latency_s"])
    groups = known.groupby("status")["queue_latency_s"]
    order = groups.median().sort_values(ascending=False)
    assert names(ax) == [f"{status} ({groups.size()[status]})" for status in order.index]
    drawn = [sorted(np.asarray(line.get_xdata())) for line in ax.get_lines()]
    assert drawn == [sorted(groups.get_group(status)) for status in order.index]
    assert title(ax) == f"queue_latency_s by status, {len(order)} groups"
    assert ax.get_xlabel().startswith("queue latency (min)\nnot drawn: ")
    marks = {
        str(lines.get_label()): float(lines.get_segments()[0][0][0])  # type: ignore[attr-defined]
        for lines in ax.collections
        if not str(lines.get_label()).startswith("_")
    }
    assert marks["median"] == pytest.approx(order.iloc[0])
    first_large = next(status for status in order.index if groups.size()[status] >= 10)
    assert marks["90th percentile"] == pytest.approx(groups.quantile(0.9)[first_large])


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("job", "pdfium/win_xfa_component"),
        ("builder", "pdfium/ci/win_xfa_component"),
        ("bot", "luci-flex-ci-win10-2-8q8g"),
        ("status", "SUCCEEDED"),
        ("day", "2020-11-17"),
    ],
)
def test_groups_are_those_of_the_statistics(by: str, name: str, real: lp.Dataset) -> None:
    ax = plots.latency_distribution(real.invocations, by, metric="run_s")
    assert names(ax) == [f"{name} (1)"]
    # One value has no percentiles worth a mark.
    assert legend(ax) == ["median", "one invocation"]
    assert ax.get_xlabel() == "run (min)"
    assert ax.get_xlim()[0] <= 0


def test_groups_are_limited_and_the_title_tells(many: lp.Dataset) -> None:
    ax = plots.latency_distribution(many.invocations, "job", limit=3)
    assert len(names(ax)) == 3
    known = many.invocations.dropna(subset=["queue_latency_s"])
    assert title(ax) == f"queue_latency_s by job, 3 highest of {known['job_id'].nunique()} groups"


def test_frames_without_values_are_told(real: lp.Dataset) -> None:
    assert "no invocation with known phases" in texts(plots.phase_breakdown(real.invocations.head(0)))
    assert "no invocation has" in texts(plots.latency_distribution(real.invocations.head(0)))
    nothing = real.invocations.assign(queue_latency_s=np.nan)
    assert "no invocation has queue_latency_s and a bot" in texts(plots.latency_distribution(nothing, "bot"))


@pytest.mark.slow
def test_every_kind_of_log_can_be_drawn(many: lp.Dataset) -> None:
    figure, ax = pyplot.subplots(layout="constrained")
    for record, (_, line) in zip(many.records.invocations, many.invocations.iterrows(), strict=True):
        for invocation in (record, line):
            ax.clear()
            plots.phases(invocation, ax)
            parts = lengths(ax)
            if record.duration_s is not None and parts:
                assert sum(parts.values()) == pytest.approx(record.duration_s, abs=1e-3)
    pyplot.close(figure)
