"""Colours that can be read on the background that the style gives, light or dark.

Contrast is the ratio of luminances that the Web Content Accessibility Guidelines define.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb, to_rgba

Rgb: TypeAlias = tuple[float, float, float]

#: The least contrast of text, and of shapes, with their background.
TEXT_CONTRAST: Final = 4.5
SHAPE_CONTRAST: Final = 3.0
#: Colours of Okabe and Ito's palette, which people with any colour vision can distinguish.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
PINK: Final = "#CC79A7"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
_WHITE: Final = (1.0, 1.0, 1.0)
_BLACK: Final = (0.0, 0.0, 0.0)


def luminance(color: Any) -> float:
    """Return the relative luminance of a colour: 0 for black, 1 for white."""
    parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one: Any, other: Any) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _mixed(one: Rgb, other: Rgb, part: float) -> Rgb:
    """Return a colour between two. `part` is the share of the other one, from 0 to 1."""
    red, green, blue = (a + (b - a) * part for a, b in zip(one, other, strict=True))
    return red, green, blue


def background(ax: Axes, *, inside: bool = True) -> Rgb:
    """Return the colour inside the Axes, or around them. Below a transparent colour is white."""
    colors = [ax.figure.get_facecolor()]
    if inside and ax.patch.get_visible():
        colors.append(ax.get_facecolor())
    below = _WHITE
    for color in colors:
        red, green, blue, alpha = to_rgba(color)
        below = _mixed(below, (red, green, blue), alpha)
    return below


def visible(ax: Axes, color: str, least: float = SHAPE_CONTRAST) -> str:
    """Return a colour, made darker or lighter until it has the least contrast inside the Axes."""
    ground, wanted = background(ax), to_rgb(color)
    pole = _pole(ground)
    for step in range(101):
        mixed = _mixed(wanted, pole, step / 100)
        # Hexadecimal notation rounds the colour, which can lower the contrast.
        if contrast(to_hex(mixed), ground) >= least:
            break
    return to_hex(mixed, keep_alpha=False).upper()


def _pole(ground: Rgb) -> Rgb:
    """Return white or black: the one with more contrast."""
    return _WHITE if contrast(_WHITE, ground) > contrast(_BLACK, ground) else _BLACK


def ink(ax: Axes, *, inside: bool = True) -> str:
    """Return the colour of text: the style's, or white or black if the style's has too little contrast."""
    ground = background(ax, inside=inside)
    own = mpl.rcParams["text.color"]
    return to_hex(own if contrast(own, ground) >= TEXT_CONTRAST else _pole(ground))


def muted(ax: Axes) -> str:
    """Return the colour of less important text: as near to the background as contrast allows."""
    ground, text = background(ax), to_rgb(ink(ax))
    for step in range(45, -1, -5):
        mixed = to_hex(_mixed(text, ground, step / 100))
        if contrast(mixed, ground) >= TEXT_CONTRAST:
            return mixed
    return to_hex(text)


class Look(NamedTuple):
    """How one of several series looks. Without colours, hatches, lines and markers distinguish them."""

    color: str
    hatch: str
    line: Any
    marker: str


#: The looks of series in order, and that of all others together.
LOOKS: Final = (
    Look(BLUE, "", "-", "o"),
    Look(ORANGE, "////", "--", "s"),
    Look(GREEN, "....", "-.", "^"),
    Look(VERMILION, "xxxx", ":", "D"),
    Look(SKY, "\\\\\\\\", (0, (6, 1, 1, 1, 1, 1)), "v"),
    Look(PINK, "oo", (0, (1, 2)), "P"),
)
OTHERS: Final = Look("#888888", "----", (0, (8, 3)), "X")


def filled(ax: Axes, look: Look) -> dict[str, Any]:
    """Return the style of an area of a series. Its edge and its hatch have the background's colour."""
    ground = to_hex(background(ax))
    return {
        "facecolor": visible(ax, look.color),
        "edgecolor": ground,
        "hatch": look.hatch or None,
        "linewidth": 0.5,
    }


def unknown(ax: Axes) -> dict[str, Any]:
    """Return the style of the part of a bar whose phase is not known."""
    return {"facecolor": "none", "edgecolor": muted(ax), "hatch": "////", "linewidth": 0.5}
