"""Series of buckets of time, drawn as steps. A missing bucket is drawn as zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from logparse.plots import colors


def stepped(at: Any, length: float, values: Any) -> tuple[Any, Any]:
    """Return the beginnings of steps, and the value from there on. After the last bucket of a row it is 0.

    Parameters
    ----------
    at:
        The beginnings of the buckets, in order.
    length:
        Their length.
    values:
        A value for each; null is 0.
    """
    is_last = np.append(at[1:] - at[:-1] > 1.5 * length, True) if len(at) else np.array([], dtype=bool)
    ends = at[is_last] + length
    order = np.argsort(np.concatenate([at, ends]), kind="stable")
    heights = np.concatenate([np.nan_to_num(values), np.zeros(len(ends))])
    return np.concatenate([at, ends])[order], heights[order]


def fill(ax: Axes, at: Any, heights: Any, color: str, **more: Any) -> None:
    """Draw steps as an area above zero. `more` are arguments of `Axes.fill_between`."""
    shade = colors.visible(ax, color)
    ax.fill_between(at, heights, step="post", facecolor=shade, edgecolor=shade, linewidth=0.8, **more)
