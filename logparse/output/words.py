"""Values as short texts to read: durations, moments, counts, names, bars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from logparse.errors import one_line

#: A value that is not known.
DASH: Final = "\N{EN DASH}"
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"


def duration(seconds: float | None) -> str:
    """Return a duration: ``5.661 s``, ``20m 55.842s``, ``7h 01m 07s``; a dash for None."""
    if seconds is None or seconds != seconds:
        return DASH
    sign, value = ("-", -seconds) if seconds < 0 else ("", seconds)
    if value < 59.9995:
        return f"{sign}{value:.3f} s"
    if value < 3599.9995:
        minutes, rest = divmod(value, 60)
        if rest >= 59.9995:
            minutes, rest = minutes + 1, 0.0
        return f"{sign}{int(minutes)}m {rest:06.3f}s"
    minutes, second = divmod(round(value), 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours}h {minute:02d}m {second:02d}s"


def short_duration(seconds: float | None) -> str:
    """Return a duration in few characters, for columns: ``5.66 s``, ``48.4 s``, ``20m 56s``, ``7h 01m``."""
    if seconds is None or seconds != seconds:
        return DASH
    sign, value = ("-", -seconds) if seconds < 0 else ("", seconds)
    if value < 9.995:
        return f"{sign}{value:.2f} s"
    if value < 59.95:
        return f"{sign}{value:.1f} s"
    if value < 3599.5:
        minutes, second = divmod(round(value), 60)
        return f"{sign}{minutes}m {second:02d}s"
    hours, minute = divmod(round(value / 60), 60)
    return f"{sign}{hours}h {minute:02d}m"


def moment(at: datetime | None, *, date: bool = True) -> str:
    """Return a time in UTC to the millisecond; a dash for None."""
    if at is None:
        return DASH
    return at.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S") + f".{at.microsecond // 1000:03d}"


def bar(start: float, end: float, width: int, *, unicode: bool = True) -> str:
    """Return a bar from `start` to `end` (shares of the whole) on a line of `width` cells.

    A part narrower than a cell is shown as the thinnest stroke, so that it can be seen.
    """
    first = min(max(start, 0.0), 1.0) * width
    last = min(max(end, 0.0), 1.0) * width
    lead = min(int(first), width - 1)
    if not unicode:
        return " " * lead + "#" * max(1, round(last) - lead)
    cells = last - lead
    full = int(cells)
    part = _EIGHTHS[int((cells - full) * 8)]
    drawn = "█" * full + part.strip()
    return " " * lead + (drawn or "▏")


def sparkline(values: Iterable[float | None]) -> str:
    """Return a line of bars, one for each value, from 0 to the largest one. Null is a blank."""
    listed = [None if value is None or value != value else max(value, 0.0) for value in values]
    most = max((value for value in listed if value is not None), default=0.0)
    steps = len(_HEIGHTS) - 1
    return "".join(
        " " if value is None else _HEIGHTS[round(value / most * steps) if most else 0] for value in listed
    )


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 check``, ``2 checks``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """Return a number of bytes: ``512 B``, ``3.2 kB``, ``1,024.0 MB``."""
    if number < 1_000:
        return f"{number} B"
    return f"{number / 1e3:.1f} kB" if number < 1e6 else f"{number / 1e6:,.1f} MB"


def in_one_style(durations: Iterable[str]) -> list[str]:
    """Return durations, made by `duration` or `short_duration`, in one style for one line of text.

    If one of them has minutes or hours, the others are without the blank before their unit:
    ``5.66s``, ``1m 48s``.
    """
    listed = list(durations)
    if any("m " in text for text in listed):
        return [text.replace(" s", "s") for text in listed]
    return listed


def shortened(text: str, width: int, mark: str = "…") -> str:
    """Return text in at most `width` cells. If it is longer, `mark` replaces its middle."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    room = max(width - cell_len(mark), 0)
    start, end = _taken(text, room // 2), _taken(text[::-1], room - room // 2)
    return f"{start}{mark}{end[::-1]}"


def _taken(text: str, width: int) -> str:
    """Return as many of the first characters of `text` as fit in `width` cells."""
    from rich.cells import cell_len

    taken = ""
    for character in text[:width]:
        if cell_len(taken + character) > width:
            break
        taken += character
    return taken


def clean(text: str) -> str:
    """Return text from a log as one line with its control characters escaped."""
    return one_line(text)
