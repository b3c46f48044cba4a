"""Titles, legends, labels and notes that stay inside the figure, whatever its layout."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final, Literal

from matplotlib.axes import Axes
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text

from logparse.errors import UsageError
from logparse.plots import colors, texts

#: The names beside the Axes take at most this part of the width of the Axes' place in the figure.
_NAMES_PART: Final = 0.4
_MOST_CHARACTERS: Final = 40
#: The least height of a row, in points, and the part of the height that a layout leaves for rows.
_LEAST_ROW: Final = 9.0
_ROWS_PART: Final = 0.75
#: The least size of a marker in a legend, in points.
_LEAST_MARKER: Final = 4.0
#: More marks than these are one picture within an SVG or PDF file, which else would be large and slow.
_MOST_VECTORS: Final = 5_000


def check(chart: str, ax: object, limit: object = 1) -> None:
    """Check the Axes and the limit that a caller gave.

    Raises
    ------
    UsageError
        If `ax` is neither Axes nor None, or `limit` is not a number of rows.
    """
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
    """Return the given Axes, or new ones in a figure with that width and height in inches."""
    check(chart, ax)
    if ax is not None:
        return ax
    # Imported here, because pyplot chooses a backend when it is imported.
    from matplotlib import pyplot

    made: Axes = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    return made


def room(ax: Axes) -> tuple[float, float]:
    """Return the width and the height of the Axes, before any layout, in points."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return box.width / dpi * 72, box.height / dpi * 72


def _cell(ax: Axes) -> float:
    """Return the width of the part of the figure that the Axes share with their texts, in points."""
    place = ax.get_subplotspec()
    if place is None:
        return room(ax)[0]
    columns = place.get_gridspec().ncols
    return float(ax.figure.bbox.width / ax.figure.dpi * 72 * len(place.colspan) / columns)


def rows_that_fit(ax: Axes | None, limit: int) -> int:
    """Return the number of rows with names to draw: `limit`, or fewer where only fewer fit in given Axes."""
    return limit if ax is None else max(1, min(limit, int(_ROWS_PART * room(ax)[1] / _LEAST_ROW)))


def name_rows(ax: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Name the rows of the Axes, the first on top. A name is a text, shortened to fit, and an end."""
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
    """Return the width in points of the longest label of a tick beside the Axes, or of Axes inside them."""
    inside = [ax, *(child for child in ax.child_axes if isinstance(child, Axes))]
    labels = [label for part in inside for label in part.get_yticklabels()]
    return max((texts.width(label.get_text(), label.get_fontsize()) for label in labels), default=0.0)


def _text_room(ax: Axes) -> float:
    """Return the greatest width of a text above or below the Axes, in points."""
    beside = _beside(ax)
    return max(min(room(ax)[0], _cell(ax) - beside - 3.5 * texts.points("medium")), 80.0)


def head(
    ax: Axes, title: str, handles: Sequence[Any] = (), *, side: Literal["left", "right"] = "left"
) -> None:
    """Set the title, and a legend between it and the Axes, where it covers nothing.

    A wide legend belongs at the right: if there are names beside the Axes, there is space at its left.
    """
    size = texts.points("small")
    rows = 0
    if handles:
        wide = _cell(ax) - 4 * size if side == "right" else _text_room(ax)
        for handle in handles:
            handle.set_label(texts.fitted(str(handle.get_label()), wide - 4.5 * size, size))
        widths = [texts.width(str(handle.get_label()), size) + 3.8 * size for handle in handles]
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
            markerscale=_marker_scale(handles),
        )
    ax.set_title(
        texts.wrapped(texts.clean(title), _text_room(ax)),
        loc="left",
        fontsize="medium",
        pad=10 + 1.7 * size * rows if rows else None,
        color=colors.ink(ax, inside=False),
        parse_math=False,
    )


def _marker_scale(handles: Sequence[Any]) -> float:
    """Return how many times as large as in the chart the markers are in the legend, so that they are seen."""
    sizes = [
        one.get_markersize() for one in handles if isinstance(one, Line2D) and one.get_marker() != "None"
    ]
    return max(1.0, _LEAST_MARKER / min(sizes)) if sizes else 1.0


def label(
    ax: Axes,
    direction: Literal["x", "y"],
    text: str,
    notes: Sequence[str] = (),
    *,
    also: Sequence[str] = (),
    above: Axes | None = None,
) -> None:
    """Label an axis. Below the label, `notes` name the data that is not drawn, and `also` has other notes.

    `above` are the Axes that have the Axes' place in the figure, if these are a panel below them.
    """
    color = colors.ink(ax, inside=False)
    wide = _text_room(above or ax) if direction == "x" else max(room(ax)[1], 80.0)
    lines = [texts.wrapped(text, wide)]
    if notes:
        lines.append(texts.wrapped(f"not drawn: {'; '.join(notes)}", wide))
    lines += [texts.wrapped(note, wide) for note in also]
    set_label = ax.set_xlabel if direction == "x" else ax.set_ylabel
    set_label("\n".join(lines), color=color, fontsize="medium", parse_math=False)


def as_picture(number: int) -> dict[str, Any]:
    """Return the arguments for so many marks: whether they are one picture within a file of shapes."""
    return {"rasterized": number > _MOST_VECTORS}


def nothing(ax: Axes, why: str) -> None:
    """Write on empty Axes why they are empty."""
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
    """Lay out a figure without a layout if texts would be cut off. Return the Axes."""
    figure = ax.figure.figure
    engine = figure.get_layout_engine()
    laid_out = engine is not None and not isinstance(engine, PlaceHolderLayoutEngine)
    if laid_out or ax.get_subplotspec() is None or not _crowded(ax):
        return ax
    with warnings.catch_warnings():
        # It warns of other Axes that it cannot move, and of a figure that is too small for any text.
        warnings.simplefilter("ignore", UserWarning)
        figure.tight_layout()
    return ax


def _crowded(ax: Axes) -> bool:
    """Return whether texts of the Axes are partly outside of the figure or in other Axes."""
    box = ax.get_tightbbox()
    if box is None:
        return False
    whole = ax.figure.bbox
    outside = box.x0 < whole.x0 or box.y0 < whole.y0 or box.x1 > whole.x1 or box.y1 > whole.y1
    others = (other.get_tightbbox() for other in ax.figure.axes if other is not ax)
    return outside or any(other is not None and box.overlaps(other) for other in others)


def small_text(ax: Axes, text: str, at: tuple[float, float], **more: Any) -> Text:
    """Write a small text at a point of the data. `more` are arguments of `Axes.annotate`."""
    style = {"color": colors.ink(ax), "fontsize": "small", "va": "center", "parse_math": False, **more}
    return ax.annotate(text, at, textcoords="offset points", **style)
