"""Charts: importing, Axes, settings, and the phases of one invocation."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest
from chart_tables import tables
from charts import REAL, bars, draw, lengths, names, texts, title
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from quick import quick

import logparse as lp
from logparse import plots
from logparse.batches.arrow import frame
from logparse.columns import TABLES
from logparse.records import Invocation


def row(**values: Any) -> pd.DataFrame:
    """Return a table of one invocation of which only `values` are known."""
    unknown = dict.fromkeys((column.name for column in TABLES["invocations"]), None)
    return frame([{**unknown, **values}], TABLES["invocations"])


def save(ax: Axes, path: Path) -> None:
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(path)


def zoom_of(ax: Axes) -> Axes:
    (zoom,) = ax.child_axes
    assert isinstance(zoom, Axes)
    return zoom


# --- importing, Axes, settings -----------------------------------------------------------------


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
    "bots": lambda data, ax: plots.bots(data.builds, "status", ax),
    "ecdf": lambda data, ax: plots.ecdf(data.invocations, "job", ax),
    "failures": lambda data, ax: plots.failures(data.invocations, "cause", ax, builds=data.builds),
    "heatmap": lambda data, ax: plots.heatmap(data.invocations, ax, metric="queue_latency_s"),
    "percentiles": lambda data, ax: plots.percentiles(data.invocations, "day", ax),
    "queue_depth": lambda data, ax: plots.queue_depth(data.builds, ax),
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


# --- phases ------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("chart", quick(["bots", "failures"], CHARTS))
def test_a_file_of_shapes_with_names_from_a_log_is_well_formed(chart: str, tmp_path: Path) -> None:
    names = ("a --> <script>x</script> & ]]>", "\x1b[31m$\\frac{1}", '"quoted" <b>')
    drawn = tables(9, names)
    data: Any = SimpleNamespace(
        **drawn._asdict(), records=SimpleNamespace(invocations=[drawn.invocations.head(1)])
    )
    save(CHARTS[chart](data, None), tmp_path / "chart.svg")
    root = ElementTree.parse(tmp_path / "chart.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [element for element in root.iter() if str(element.tag).endswith("script")]


@pytest.mark.parametrize("size", [(1.0, 1.0), (1.5, 8.0)])
@pytest.mark.parametrize("chart", quick(["queue_depth", "heatmap"], CHARTS))
def test_figures_that_are_too_small_do_not_fail(
    chart: str, size: tuple[float, float], real: lp.Dataset
) -> None:
    figure, ax = pyplot.subplots(figsize=size, layout="constrained")
    with warnings.catch_warnings():
        # Matplotlib warns that it has no room for the layout.
        warnings.simplefilter("ignore", UserWarning)
        CHARTS[chart](real, ax)
        figure.draw_without_rendering()
    assert ax.get_title(loc="left")
