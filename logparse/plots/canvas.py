"""Titles, legends, labels and notes that stay inside the figure, whatever its layout."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final, Literal

from matplotlib.axes import Axes
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.text import Text

from logparse.errors import UsageError
from logparse.plots import colors, texts

#: What of the width of its place in the figure the names beside the Axes may take.
_NAMES_PART: Final = 0.4
_MOST_CHARACTERS: Final = 40
#: The least height of a row, in points, and which part of the height a layout leaves for rows.
_LEAST_ROW: Final = 9.0
_ROWS_PART: Final = 0.75


def check(chart: str, ax: object, limit: object = 1) -> None:
    """Raise an error for something else than Axes, and for a limit that is not a number of rows."""
    if ax is not None and not isinstance(ax, Axes):
        raise UsageError(
            f"plots.{chart}() draws on Matplotlib's Axes, and ax is of type {type(ax).__name__}",
            remedy="pass ax=plt.subplots()[1], or leave it out",
        )
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise UsageError(
            f"plots.{chart}() draws at least one row, and limit is {limit!r}", remedy="pass 1 or more"
        )


def axes(ax: Axes | None, chart: str, width: float, height: float) -> Axes:
    """Return the Axes given, or new ones in a figure of so many inches."""
    check(chart, ax)
    if ax is not None:
        return ax
    # Not at the top: pyplot chooses a backend.
    from matplotlib import pyplot

    made: Axes = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    return made


def room(ax: Axes) -> tuple[float, float]:
    """Return the width and the height of the Axes, before any layout, in points."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return box.width / dpi * 72, box.height / dpi * 72


def _cell(ax: Axes) -> float:
    """Return how wide the part of the figure is that the Axes share with their texts, in points."""
    place = ax.get_subplotspec()
    if place is None:
        return room(ax)[0]
    columns = place.get_gridspec().ncols
    return float(ax.figure.bbox.width / ax.figure.dpi * 72 * len(place.colspan) / columns)


def rows_that_fit(ax: Axes | None, limit: int) -> int:
    """Return how many rows with a name each are drawn: in Axes that were given, no more than fit."""
    return limit if ax is None else max(1, min(limit, int(_ROWS_PART * room(ax)[1] / _LEAST_ROW)))


def name_rows(ax: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Name the rows of the Axes, the first on top: each a text that may lose its middle, and an end."""
    size = min(texts.points("small"), 0.85 * _ROWS_PART * room(ax)[1] / max(len(names), 1))
    wide = _NAMES_PART * _cell(ax)
    labels = []
    for name, end in names:
        rest = wide - texts.width(end, size) if end else wide
        labels.append(texts.fitted(texts.short(name, _MOST_CHARACTERS), rest, size) + end)
    ax.set_yticks(range(len(labels)), labels, fontsize=size, parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)


def _beside(ax: Axes) -> float:
    """Return how wide the longest label of a tick beside the Axes, or Axes inside them, is in points."""
    inside = [ax, *(child for child in ax.child_axes if isinstance(child, Axes))]
    labels = [label for part in inside for label in part.get_yticklabels()]
    return max((texts.width(label.get_text(), label.get_fontsize()) for label in labels), default=0.0)


def _text_room(ax: Axes) -> float:
    """Return how wide a text above or below the Axes may be, in points."""
    beside = _beside(ax)
    return max(min(room(ax)[0], _cell(ax) - beside - 3.5 * texts.points("medium")), 80.0)


def head(
    ax: Axes, title: str, handles: Sequence[Any] = (), *, side: Literal["left", "right"] = "left"
) -> None:
    """Set the title, and between it and the Axes a legend, which covers nothing there.

    A wide legend belongs at the right, because names beside the Axes leave room at their left.
    """
    size = texts.points("small")
    rows = 0
    if handles:
        widths = [texts.width(str(handle.get_label()), size) + 3.8 * size for handle in handles]
        wide = _cell(ax) - 4 * size if side == "right" else _text_room(ax)
        columns = len(handles) if sum(widths) <= wide else max(1, int(wide / max(widths)))
        rows = -(-len(handles) // columns)
        ax.legend(
            handles=list(handles),
            loc="lower left" if side == "left" else "lower right",
            bbox_to_anchor=(0 if side == "left" else 1, 1),
            borderaxespad=0.2,
            ncols=columns,
            frameon=False,
            fontsize="small",
            handletextpad=0.4,
            columnspacing=1.4,
            labelcolor=colors.ink(ax, inside=False),
        )
    ax.set_title(
        texts.wrapped(texts.clean(title), _text_room(ax)),
        loc="left",
        fontsize="medium",
        pad=10 + 1.7 * size * rows if rows else None,
        color=colors.ink(ax, inside=False),
        parse_math=False,
    )


def label(
    ax: Axes, direction: Literal["x", "y"], text: str, notes: Sequence[str] = (), *, also: Sequence[str] = ()
) -> None:
    """Label an axis; below an x axis, name what the chart leaves out, and `also` say other things."""
    color = colors.ink(ax, inside=False)
    wide = _text_room(ax) if direction == "x" else max(room(ax)[1], 80.0)
    lines = [texts.wrapped(text, wide)]
    if notes:
        lines.append(texts.wrapped(f"not drawn: {'; '.join(notes)}", wide))
    lines += [texts.wrapped(note, wide) for note in also]
    set_label = ax.set_xlabel if direction == "x" else ax.set_ylabel
    set_label("\n".join(lines), color=color, fontsize="medium", parse_math=False)


def nothing(ax: Axes, why: str) -> None:
    """Say on the Axes why there is nothing on them."""
    ax.set(xticks=[], yticks=[])
    text = texts.wrapped(why, room(ax)[0] * 0.9)
    ax.text(
        0.5,
        0.5,
        text,
        transform=ax.transAxes,
        ha="center",
        va="center",
        color=colors.muted(ax),
        parse_math=False,
    )


def settle(ax: Axes) -> Axes:
    """Make room for the texts in a figure that has no layout, if any would be cut off; return the Axes."""
    figure = ax.figure.figure
    engine = figure.get_layout_engine()
    laid_out = engine is not None and not isinstance(engine, PlaceHolderLayoutEngine)
    if laid_out or ax.get_subplotspec() is None or not _crowded(ax):
        return ax
    with warnings.catch_warnings():
        # Of other Axes that it cannot move, and of a figure too small for any text.
        warnings.simplefilter("ignore", UserWarning)
        figure.tight_layout()
    return ax


def _crowded(ax: Axes) -> bool:
    """Return whether texts of the Axes reach out of the figure or into other Axes."""
    box = ax.get_tightbbox()
    if box is None:
        return False
    whole = ax.figure.bbox
    outside = box.x0 < whole.x0 or box.y0 < whole.y0 or box.x1 > whole.x1 or box.y1 > whole.y1
    others = (other.get_tightbbox() for other in ax.figure.axes if other is not ax)
    return outside or any(other is not None and box.overlaps(other) for other in others)


def small_text(ax: Axes, text: str, at: tuple[float, float], **more: Any) -> Text:
    """Write a small text inside the Axes, at a place in their data; `more` as `Axes.annotate` takes it."""
    style = {"color": colors.ink(ax), "fontsize": "small", "va": "center", "parse_math": False, **more}
    return ax.annotate(text, at, textcoords="offset points", **style)
