"""What a chart shows, read from its Axes."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

#: The phases of the real page, in order.
REAL = {
    "scheduler_wait_s": 1.114,
    "launch_s": 0.22363,
    "pending_s": 4.323291,
    "run_s": 1255.841972,
    "finish_lag_s": 0.988753,
}


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


def legend(ax: Axes) -> list[str]:
    shown = ax.get_legend()
    return [] if shown is None else [text.get_text() for text in shown.get_texts()]


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def draw(ax: Axes) -> None:
    assert isinstance(ax.figure, Figure)
    ax.figure.draw_without_rendering()
