"""Every chart can be read: texts are inside, apart and in contrast, on any data, style and layout."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from chart_tables import HOSTILE, Tables, polls, tables
from matplotlib import pyplot
from matplotlib import style as matplotlib_style
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgb, to_rgba, to_rgba_array
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from quick import quick

import logparse as lp
from logparse import plots

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "tests" / "data" / "logs" / "win_xfa_component-9028843112359765808.txt"


def loaded(path: Path) -> Tables:
    data = lp.load(path)
    return Tables(data.invocations, data.polls, data.builds)


DATA: dict[str, Callable[[], Tables]] = {
    "real": lambda: loaded(PAGE),
    "samples": lambda: loaded(ROOT / "sample_logs"),
    "empty": lambda: tables(0),
    "without columns": lambda: Tables(pd.DataFrame(), pd.DataFrame(), pd.DataFrame()),
    "one row": lambda: tables(1),
    "hostile": lambda: tables(len(HOSTILE), HOSTILE)._replace(
        polls=polls(5, HOSTILE[3] + HOSTILE[4] + HOSTILE[1])
    ),
    "5000 rows": lambda: tables(5000),
}
CHARTS: dict[str, Callable[[Tables, Axes | None], Axes]] = {
    "phases": lambda data, ax: plots.phases(data.invocations.head(1), ax),
    "phase_breakdown": lambda data, ax: plots.phase_breakdown(data.invocations, ax),
    "phase_breakdown but run": lambda data, ax: plots.phase_breakdown(data.invocations, ax, run=False),
    "by job": lambda data, ax: plots.latency_distribution(data.invocations, "job", ax, metric="run_s"),
    "by day": lambda data, ax: plots.latency_distribution(data.invocations, "day", ax, metric="duration_s"),
    "bots": lambda data, ax: plots.bots(data.builds, "builder", ax, tz="Asia/Kolkata"),
    "ecdf": lambda data, ax: plots.ecdf(data.invocations, None, ax, metric="run_s"),
    "ecdf by builder": lambda data, ax: plots.ecdf(data.invocations, "builder", ax),
    "failures": lambda data, ax: plots.failures(data.invocations, "detail", ax, builds=data.builds),
    "heatmap": lambda data, ax: plots.heatmap(data.invocations, ax, tz="Asia/Kolkata"),
    "heatmap of a duration": lambda data, ax: plots.heatmap(data.invocations, ax, metric="run_s"),
    "percentiles": lambda data, ax: plots.percentiles(data.invocations, "week", ax, metric="run_s"),
    "queue_depth": lambda data, ax: plots.queue_depth(data.builds, ax, tz="Asia/Kolkata"),
    "poll_rpc": lambda data, ax: plots.poll_rpc(data.polls, ax),
    "poll_lateness": lambda data, ax: plots.poll_lateness(data.polls, ax),
}
LAYOUTS: dict[str, Callable[[], Axes | None]] = {
    "own": lambda: None,
    "plain": lambda: pyplot.subplots()[1],
    "tight": lambda: pyplot.subplots(layout="tight")[1],
    "constrained": lambda: pyplot.subplots(layout="constrained")[1],
}


@pytest.fixture(scope="module")
def data() -> Callable[[str], Tables]:
    made: dict[str, Tables] = {}

    def get(name: str) -> Tables:
        if name not in made:
            made[name] = DATA[name]()
        return made[name]

    return get


def drawn(ax: Axes) -> Figure:
    figure = ax.figure
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    return figure


def shown(artist: Any) -> list[Text]:
    return [text for text in artist.findobj(Text) if text.get_visible() and text.get_text().strip()]


def title_of(ax: Axes) -> Text:
    return next(text for text in ax.findobj(Text) if text.get_text() == ax.get_title(loc="left"))


def outside(figure: Figure) -> list[str]:
    """Return the texts that reach out of the figure."""
    whole = figure.bbox.padded(1)
    found = []
    for text in shown(figure):
        box = text.get_window_extent()
        if not (whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1):
            found.append(text.get_text())
    return found


def tick_labels(axis: Axis, ends: tuple[float, float]) -> list[Text]:
    """Return the labels of the ticks between the ends. An axis that another one shares may have none."""
    low, high = sorted(ends)
    labels = axis.get_ticklabels()
    places = axis.get_ticklocs()
    assert len(labels) in (0, len(places))
    return [label for place, label in zip(places, labels, strict=False) if low <= place <= high]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs among labels of ticks and axes, title and legend that cover each other."""
    found = []
    for ax in figure.findobj(Axes):
        assert isinstance(ax, Axes)
        labels = [*tick_labels(ax.xaxis, ax.get_xlim()), *tick_labels(ax.yaxis, ax.get_ylim())]
        legend = ax.get_legend()
        others = [ax.xaxis.label, ax.yaxis.label, ax.xaxis.get_offset_text(), title_of(ax)]
        texts = [*labels, *others, *(legend.get_texts() if legend else [])]
        boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text().strip()]
        for (one, box), (other, second) in combinations(boxes, 2):
            # Half a pixel of a rounded box is not an overlap.
            if (
                min(box.x1, second.x1) - max(box.x0, second.x0) > 0.5
                and min(box.y1, second.y1) - max(box.y0, second.y0) > 0.5
            ):
                found.append((one, other))
    return found


def luminance(color: Any) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Any, other: Any) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# --- structure ------------------------------------------------------------------------------------


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("name", quick(["empty"], DATA))
def test_texts_are_inside_and_apart(name: str, chart: str, data: Callable[[str], Tables]) -> None:
    # A style that changes colors alone moves no text: each of the two is tried on every second chart.
    style = ("default", "dark_background")[list(CHARTS).index(chart) % 2]
    with matplotlib_style.context(style):
        ax = CHARTS[chart](data(name), None)
        figure = drawn(ax)
    assert outside(figure) == []
    assert overlapping(figure) == []
    assert ax.get_title(loc="left")
    if not ax.has_data():
        assert [text for text in ax.texts if text.get_text().startswith("no ")]


CLIPPED = [
    (name, chart, ("plain", "tight", "constrained")[(i + k) % 3])
    for i, name in enumerate(["real", "samples", "hostile"])
    for k, chart in enumerate(CHARTS)
]


@pytest.mark.parametrize(
    ("name", "chart", "layout"),
    [
        pytest.param(*one, marks=[] if one[:2] == ("real", "by job") else [pytest.mark.slow])
        for one in CLIPPED
    ],
)
def test_nothing_is_clipped_in_any_layout(
    name: str, chart: str, layout: str, data: Callable[[str], Tables]
) -> None:
    """Each chart is drawn in each layout, each data too, and each chart of each data once."""
    figure = drawn(CHARTS[chart](data(name), LAYOUTS[layout]()))
    assert outside(figure) == []
    assert overlapping(figure) == []


@pytest.mark.parametrize("chart", quick(["poll_rpc"], CHARTS))
def test_narrow_axes_side_by_side_do_not_run_into_each_other(
    chart: str, data: Callable[[str], Tables]
) -> None:
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 4.8))
    for ax in axes:
        CHARTS[chart](data("samples"), ax)
    drawn(axes[0])
    assert outside(figure) == []
    right_end = max(text.get_window_extent().x1 for text in shown(axes[0]))
    left_end = min(text.get_window_extent().x0 for text in shown(axes[1]))
    assert right_end <= left_end + 1


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("name", quick(["one row"], ["real", "samples", "one row", "5000 rows"]))
def test_each_axis_of_durations_names_its_unit(name: str, chart: str, data: Callable[[str], Tables]) -> None:
    ax = CHARTS[chart](data(name), None)
    labels = [label for a in (ax, *ax.child_axes) for label in (a.get_xlabel(), a.get_ylabel()) if label]
    unit = r"\((ms|s|min|h|d)( to (s|min|h|d))?(, log scale)?\)"
    others = r"\((UTC|Asia/Kolkata)\)|^(builds|invocations|failed)\b"
    assert labels or not ax.has_data()
    for label in map(" ".join, map(str.split, labels)):
        assert re.search(f"{unit}|{others}", label)


@pytest.mark.parametrize(
    "style",
    quick(["dark_background"], ["default", "dark_background", "seaborn-v0_8-dark", "Solarize_Light2"]),
)
@pytest.mark.parametrize("chart", quick(["phases", "by job"], CHARTS))
def test_texts_and_shapes_have_contrast(chart: str, style: str, data: Callable[[str], Tables]) -> None:
    with matplotlib_style.context(style):
        ax = CHARTS[chart](data("samples"), None)
        figure = drawn(ax)
    axes = [ax, *ax.child_axes]
    inner = [text for a in axes for text in a.texts]
    for text in inner:
        assert contrast(text.get_color(), ax.get_facecolor()) >= 4.5, text.get_text()
    legend = ax.get_legend()
    outer = [title_of(ax), ax.xaxis.label, ax.yaxis.label, *(legend.get_texts() if legend else [])]
    for text in (text for text in outer if text.get_text()):
        assert contrast(text.get_color(), figure.get_facecolor()) >= 4.5, text.get_text()
    for a in axes:
        assert isinstance(a, Axes)
        for line in a.get_lines():
            if line.get_marker() not in ("None", ""):
                assert contrast(line.get_color(), a.get_facecolor()) >= 3
        for collection in (one for one in a.collections if not isinstance(one, QuadMesh)):
            for color in to_rgba_array(collection.get_facecolor()):
                assert color[3] == 0 or contrast(color[:3], a.get_facecolor()) >= 3
        for container in a.containers:
            assert isinstance(container, BarContainer)
            for bar in container.patches:
                color = bar.get_facecolor()
                color = color if to_rgba(color)[3] else bar.get_edgecolor()
                assert contrast(color, a.get_facecolor()) >= 3


def test_axes_of_a_dark_style_are_drawn_on_after_it_has_been_left(
    data: Callable[[str], Tables],
) -> None:
    with matplotlib_style.context("dark_background"):
        ax = pyplot.subplots(layout="constrained")[1]
    plots.latency_distribution(data("real").invocations, "bot", ax)
    assert contrast(title_of(ax).get_color(), "black") >= 4.5
    for line in ax.collections:
        assert contrast(line.get_edgecolor()[0], "black") >= 3
