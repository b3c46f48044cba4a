"""The five phases of an invocation: their order, names and colours, and the parts of a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from logparse.plots import colors

#: The phases in order: column, label and colour.
PHASES: Final = (
    ("scheduler_wait_s", "scheduler wait", colors.ORANGE),
    ("launch_s", "launch", colors.PINK),
    ("pending_s", "pending", colors.SKY),
    ("run_s", "run", colors.BLUE),
    ("finish_lag_s", "finish lag", colors.VERMILION),
)
COLUMNS: Final = tuple(column for column, _, _ in PHASES)
UNKNOWN: Final = "unknown"
#: Hatches of phases whose colours are as light as another's.
_HATCHES: Final = {"scheduler_wait_s": "////", "launch_s": "....", "finish_lag_s": "xxxx"}
_LABELS: Final = {**{column: label for column, label, _ in PHASES}, UNKNOWN: "phase not known"}
_COLORS: Final = {column: color for column, _, color in PHASES}


class Part(NamedTuple):
    """A part of a bar: the column, or ``unknown``, and its beginning and length in seconds."""

    column: str
    left: float
    length: float

    @property
    def right(self) -> float:
        """Its end, in seconds."""
        return self.left + self.length

    @property
    def label(self) -> str:
        """Its name."""
        return _LABELS[self.column]


def parts_of(known: Mapping[str, float | None], duration: float | None) -> list[Part]:
    """Return a bar's parts: from each end the phases up to the first unknown one, and the rest as unknown."""
    columns = list(known)
    gaps = [i for i, column in enumerate(columns) if known[column] is None]
    before, after = (columns[: gaps[0]], columns[gaps[-1] + 1 :]) if gaps else (columns, [])
    parts = []
    left = 0.0
    for column in before:
        parts.append(Part(column, left, known[column] or 0.0))
        left = parts[-1].right
    if duration is None:
        return parts
    right = duration
    for column in reversed(after):
        right -= known[column] or 0.0
        parts.append(Part(column, right, known[column] or 0.0))
    # Five known phases add up to the duration to the microsecond, and leave no rest.
    if right - left > 5e-6:
        parts.append(Part(UNKNOWN, left, right - left))
    return parts


def color_of(ax: Axes, column: str) -> str:
    """Return a phase's colour on these Axes."""
    return colors.visible(ax, _COLORS[column])


def style_of(ax: Axes, column: str) -> dict[str, Any]:
    """Return the style of the bars of a phase on these Axes, which differ without colours too."""
    if column == UNKNOWN:
        return colors.unknown(ax)
    ground = to_hex(colors.background(ax))
    hatch = _HATCHES.get(column)
    return {"facecolor": color_of(ax, column), "edgecolor": ground, "hatch": hatch, "linewidth": 0}


def stack(ax: Axes, y: float, parts: Sequence[Part], height: float) -> None:
    """Draw a bar's parts."""
    for part in parts:
        style = style_of(ax, part.column)
        ax.barh(y, part.length, left=part.left, height=height, label=part.column, **style)
