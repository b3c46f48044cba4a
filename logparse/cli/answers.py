"""Writing an answer: a frame with declared columns, as a table for people or as a file."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from logparse.cli.words import output_text, output_width, write_data, write_shown
from logparse.columns import Column
from logparse.output.grid import Heading, cells, fitted
from logparse.output.terminal import ascii_only
from logparse.output.writers import WRITERS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

#: The formats of answers; the first one is the default.
FORMATS: Final = ("table", "json", "csv", "markdown")
#: Makes what a terminal shows of rows, for a width.
Show = Callable[[Sequence[Mapping[str, Any]], int], "Iterable[RenderableType]"]


def write_answer(
    answer: pd.DataFrame,
    columns: Sequence[Column],
    format_: str,
    show: Show,
    path: Path | None,
    *,
    force: bool,
) -> None:
    """Write an answer to a file or to standard output.

    Parameters
    ----------
    answer:
        With exactly `columns`.
    format_:
        Of `FORMATS`. JSON has an object a line.
    show:
        Makes the table for people.
    """
    from logparse.tables.plainframes import plain_columns, plain_rows

    if format_ == "table":
        rows = list(plain_rows(answer))
        write_shown(output_text(*show(rows, output_width(path)), path=path), path, force=force)
        return
    out = io.StringIO()
    WRITERS["jsonl" if format_ == "json" else format_]([plain_columns(answer, columns)], columns, out)
    write_data(out.getvalue(), path, force=force)


def readable(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return rows with their times as text, as short as shows all of a column: days, minutes or seconds."""
    listed = [dict(row) for row in rows]
    for column in columns:
        if column.type != "time":
            continue
        times = [row[column.name] for row in listed]
        style = _style([at for at in times if at is not None])
        for row, at in zip(listed, times, strict=True):
            row[column.name] = None if at is None else at.strftime(style)
    return listed


def _style(times: Sequence[datetime]) -> str:
    if all(at.time() == time() for at in times):
        return "%Y-%m-%d"
    return "%Y-%m-%d %H:%M:%S" if any(at.second for at in times) else "%Y-%m-%d %H:%M"


def table_of(
    rows: Sequence[Mapping[str, Any]], headings: Sequence[Heading], top: int, width: int
) -> Iterator[RenderableType]:
    """Yield an empty line, the first rows as a table, and notes about what is left out.

    Parameters
    ----------
    headings:
        The first one is of names, which are shortened where they do not fit.
    top:
        The most rows.
    """
    from rich.text import Text

    if not rows:
        return
    mark = "..." if ascii_only(sys.stdout) else "…"
    table, notes = fitted(cells(rows[:top], headings), headings, width=width, mark=mark)
    if len(rows) > top:
        notes.append(f"{top} of {len(rows)} rows (--top {top})")
    yield Text()
    yield table
    yield from map(Text, notes)
