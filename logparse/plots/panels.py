"""Charts of two panels in one place of a figure, with one axis of positions for both."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

#: The part of the height that is free between the panels.
_GAP = 0.07


class _Upper:
    """Gives Axes the upper part of the place that a layout chooses for them."""

    def __init__(self, ax: Axes, part: float) -> None:
        self._ax, self._part = ax, part

    def __call__(self, ax: Any, renderer: Any) -> Bbox:
        place = ax.get_position(original=True)
        return Bbox.from_extents(place.x0, place.y1 - self._part * place.height, place.x1, place.y1)

    def get_subplotspec(self) -> Any:
        """Return the place in the grid, which a tight layout asks the locator for."""
        return self._ax.get_subplotspec()


def lower_panel(ax: Axes, part: float) -> Axes:
    """Return new Axes below the given ones, which get lower. Both share the x axis.

    Together they have exactly the place that the given Axes had, so that every layout treats them as one.

    Parameters
    ----------
    ax:
        The upper panel, which keeps the title. The labels of its x ticks are those of the lower panel.
    part:
        The height of the lower panel, as a part of the whole.
    """
    upper = 1 - part - _GAP
    locator: Any = _Upper(ax, upper)
    ax.set_axes_locator(locator)
    ax.apply_aspect(locator(ax, None))
    below = ax.inset_axes((0.0, -(part + _GAP) / upper, 1.0, part / upper), sharex=ax)
    ax.tick_params(axis="x", labelbottom=False)
    ax.xaxis.offsetText.set_visible(False)
    return below
