"""Charts of many invocations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from charts import REAL, bars, legend, lengths, names, texts, title
from matplotlib import pyplot
from matplotlib.container import BarContainer

import logparse as lp
from logparse import plots


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
