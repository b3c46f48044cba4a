"""Tables for a terminal. Numbers are never cut or folded, and names are shortened in their middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logparse.output.words import DASH, clean, in_one_style, short_duration, shortened

if TYPE_CHECKING:
    from rich.table import Table

_BIG: Final = 10_000
_MIN_NAME: Final = 16
#: Names are not shortened below this share of the width.
_NAME_SHARE: Final = 0.3
#: Blanks between columns.
_GAP: Final = 2


class Heading(NamedTuple):
    """A column of a table: its title, the key of its values, and their format.

    Formats: ``text``, which can be wrapped; ``name``, which is not wrapped; ``number``, a text that is set to
    the right; ``count``; ``mean``, a number with two decimals; ``seconds``.
    """

    title: str
    key: str
    format: str


def cells(rows: Sequence[Mapping[str, Any]], columns: Sequence[Heading]) -> list[list[str]]:
    """Return the text of every cell, with all durations of the table in one style."""
    shown = [[_formatted(row.get(column.key), column.format) for column in columns] for row in rows]
    timed = [number for number, column in enumerate(columns) if column.format == "seconds"]
    durations = iter(in_one_style(line[number] for line in shown for number in timed))
    for line in shown:
        for number in timed:
            line[number] = next(durations)
    return shown


def widest(shown: Sequence[Sequence[str]], columns: Sequence[Heading]) -> list[int]:
    """Return the width that each column of `cells` needs."""
    from rich.cells import cell_len

    return [
        max([cell_len(column.title), *(cell_len(line[number]) for line in shown)])
        for number, column in enumerate(columns)
    ]


def grid(
    rows: Sequence[Sequence[str]],
    columns: Sequence[Heading],
    *,
    names: int | None = None,
    mark: str = "…",
) -> Table:
    """Return cells as a table.

    Parameters
    ----------
    rows:
        The result of `cells`.
    names:
        The width of the first column. Longer names are shortened to it.
    mark:
        Replaces the middle of a name that is shortened.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        wraps = column.format == "text" and not (number == 0 and names is not None)
        table.add_column(
            shortened(column.title, names, mark) if number == 0 and names is not None else column.title,
            justify="left" if column.format in ("text", "name") else "right",
            no_wrap=not wraps,
            overflow="fold",
        )
    for first, *others in rows:
        name = first if names is None else shortened(first, names, mark)
        table.add_row(*(Text(text) for text in (name, *others)))
    return table


def fitted(
    shown: Sequence[Sequence[str]], columns: Sequence[Heading], *, width: int, mark: str = "…"
) -> tuple[Table, list[str]]:
    """Return as many of the first columns as fit in a width, and a note that names the others, if any.

    Parameters
    ----------
    shown:
        The result of `cells`. The first column has names, which are shortened where that helps.
    """
    names, *others = widest(shown, columns)
    room = width - min(names, least_name(width))
    fitting = len(columns)
    for number, needed in enumerate(others, 1):
        room -= _GAP + needed
        if room < 0:
            fitting = number
            break
    out = ", ".join(column.title for column in columns[fitting:])
    note = [f"left out at {width} columns: {out}"] if out else []
    names = width - sum(_GAP + needed for needed in others[: fitting - 1])
    return grid([line[:fitting] for line in shown], columns[:fitting], names=names, mark=mark), note


def least_name(width: int) -> int:
    """Return the width in characters below which names are not shortened."""
    return max(_MIN_NAME, int(width * _NAME_SHARE))


def _formatted(value: Any, kind: str) -> str:
    if value is None or value != value:
        return DASH
    if kind == "seconds":
        return short_duration(value)
    if kind == "mean":
        return f"{value:.2f}"
    if kind == "count":
        return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if value >= _BIG else str(value)
    return clean(str(value))
