"""Texts of a chart: cleaned, measured, shortened in the middle and wrapped at words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

_MISSING = "�"


def clean(text: object) -> str:
    """Return text from a log as one line that the font can draw.

    A control character, a mark of the writing direction, or a character that the font lacks
    becomes ``�``.
    """
    glyphs = _glyphs()
    return "".join(c if c.isprintable() and ord(c) in glyphs else _MISSING for c in str(text))


def _glyphs() -> frozenset[int]:
    families = tuple(FontProperties().get_family())
    settings: dict[str, Any] = {str(name): value for name, value in mpl.rcParams.items()}
    choices = tuple(tuple(settings.get(f"font.{family}", ())) for family in families)
    return _glyphs_of(families, choices)


@lru_cache(maxsize=8)
def _glyphs_of(families: tuple[str, ...], choices: tuple[tuple[str, ...], ...]) -> frozenset[int]:
    """Return the characters of the fonts; `choices` is an argument because the settings can change."""
    fonts = (get_font(findfont(FontProperties(family=[family]))) for family in families)
    return frozenset(code for font in fonts for code in font.get_charmap())


def short(text: object, length: int) -> str:
    """Return cleaned text of at most `length` characters: the middle of a longer one is left out."""
    return _shortened(clean(text), length)


def _shortened(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return text[: length - 1 - tail] + "…" + text[len(text) - tail :]


def points(size: float | str) -> float:
    """Return a size of text, which may be a word like ``small``, in points."""
    return float(FontProperties(size=size).get_size_in_points())


def width(text: str, size: float | str = "medium") -> float:
    """Return the width of one line of text, in points."""
    return float(
        text_to_path.get_text_width_height_descent(text or " ", FontProperties(size=size), ismath=False)[0]
    )


def fitted(text: str, room: float, size: float | str = "medium") -> str:
    """Return text that is at most `room` points wide: the middle of a wider one is left out."""
    length = len(text)
    while length > 5 and width(_shortened(text, length), size) > room:
        length -= max(1, round(length * (1 - room / width(_shortened(text, length), size)) * 0.8))
    return _shortened(text, max(length, 5))


def wrapped(text: str, room: float, size: float | str = "medium") -> str:
    """Return text as lines of at most `room` points, broken between words."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(fitted(word, room, size))
    return "\n".join(lines)
