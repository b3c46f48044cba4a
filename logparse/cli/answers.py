"""Writing an answer: a frame with declared columns, as a table for people or as a file."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.config import with_owners
from logparse.cli.options import chosen_format, format_option, inputs, output, zone_option
from logparse.cli.words import on_terminal, output_text, output_width, write_data, write_shown
from logparse.columns import Column
from logparse.output.files import ready
from logparse.output.grid import Heading, cells, fitted
from logparse.output.terminal import ascii_only
from logparse.output.words import clean, shortened, sparkline
from logparse.output.writers import WRITERS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

#: The formats of answers; the first one is the default.
FORMATS: Final = ("table", "json", "csv", "markdown")
#: The longest line of bars.
MOST_BARS: Final = 40
#: Makes what a terminal shows of rows, for a width.
Show = Callable[[Sequence[Mapping[str, Any]], int], "Iterable[RenderableType]"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The values of the options for an answer.

    Attributes
    ----------
    top:
        The most rows of a table for people.
    format:
        Of `FORMATS`.
    path:
        The file to write; None for standard output.
    force:
        Whether a file that exists is overwritten.
    zone:
        Time zone of days and times in a table for people, and of groups by time.
    """

    top: int
    format: str
    path: Path | None
    force: bool
    zone: str = "UTC"


def answering(
    top: int, help_: str = "Tables show the first N rows. Files have all.", *, zoned: bool = True
) -> Callable[..., Any]:
    """Return the options of reading and of an answer. The command gets them as `inputs` and as `asked`.

    A file that cannot be written is an error before anything is read.

    Parameters
    ----------
    top:
        The default of ``--top``.
    help_:
        The help of ``--top``.
    zoned:
        Whether there is an option ``--tz``.
    """

    def add(function: Callable[..., int]) -> Callable[..., int]:
        @wraps(function)
        def command(
            top: int,
            format_: str | None,
            output: Path | None,
            force: bool,
            zone: str = "UTC",
            **more: Any,
        ) -> int:
            chosen = chosen_format(format_, output, FORMATS, "table")
            if output is not None:
                ready(output, force=force)
            return function(asked=Answer(top, chosen, output, force, zone), **more)

        options = (
            inputs,
            click.option(
                "--top",
                type=click.IntRange(min=1),
                default=top,
                show_default=True,
                metavar="N",
                help=help_,
            ),
            *([zone_option] if zoned else []),
            format_option(FORMATS, "table"),
            output,
        )
        made: Callable[..., int] = command
        for option in reversed(options):
            made = option(made)
        return made

    return add


def write_answer(answer: pd.DataFrame, columns: Sequence[Column], asked: Answer, show: Show) -> None:
    """Write an answer to a file or to standard output, as the options ask for it.

    Parameters
    ----------
    answer:
        With exactly `columns`; where the configuration names owners, builders get one more, `owner`. JSON
        has an object a line.
    show:
        Makes the table for people.
    """
    from logparse.tables.plainframes import plain_columns, plain_rows

    builder = "builder_id" if "builder_id" in answer else "builder"
    answer = with_owners(answer, builder)
    if "owner" in answer and all(column.name != "owner" for column in columns):
        columns = _with_owner(columns, builder)
    path = asked.path
    if asked.format == "table":
        rows = list(plain_rows(answer))
        write_shown(output_text(*show(rows, output_width(path)), path=path), path, force=asked.force)
        return
    out = io.StringIO()
    written = WRITERS["jsonl" if asked.format == "json" else asked.format]
    written([plain_columns(answer, columns)], columns, out)
    write_data(out.getvalue(), path, force=asked.force)


def _with_owner(columns: Sequence[Column], builder: str) -> list[Column]:
    """Return the columns of an answer with the owner after the builder."""
    added = Column("owner", "text", "team that owns the builder")
    return [new for column in columns for new in ([column, added] if column.name == builder else [column])]


def readable(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], zone: str = "UTC"
) -> list[dict[str, Any]]:
    """Return rows with their times as text in a time zone, as short as shows all of a column.

    That is days, minutes or seconds.
    """
    listed = [dict(row) for row in rows]
    for column in columns:
        if column.type != "time":
            continue
        times = [_local(row[column.name], zone) for row in listed]
        style = _style([at for at in times if at is not None])
        for row, at in zip(listed, times, strict=True):
            row[column.name] = None if at is None else at.strftime(style)
    return listed


def _local(at: datetime | None, zone: str) -> datetime | None:
    if at is None or zone == "UTC":
        return at
    from zoneinfo import ZoneInfo

    return at.astimezone(ZoneInfo(zone))


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
    headings = _with_owners(headings, rows)
    mark = "..." if ascii_only(sys.stdout) else "…"
    table, notes = fitted(cells(rows[:top], headings), headings, width=width, mark=mark)
    if len(rows) > top:
        notes.append(f"{top} of {len(rows)} rows (--top {top})")
    yield Text()
    yield table
    yield from map(Text, notes)


def _with_owners(headings: Sequence[Heading], rows: Sequence[Mapping[str, Any]]) -> Sequence[Heading]:
    """Return headings with the owner after the builder, where rows have owners."""
    is_known = any(row.get("owner") is not None for row in rows)
    if not is_known or headings[0].key not in ("builder_id", "builder"):
        return headings
    return [headings[0], Heading("owner", "owner", "name"), *headings[1:]]


def trend(
    title: str, values: Sequence[float | None], width: int, path: Path | None
) -> Iterator[RenderableType]:
    """Yield a line of bars for values over time, the last ones that fit, on a terminal only.

    Parameters
    ----------
    title:
        The name of the values, with the first and the last time.
    """
    from rich.text import Text

    if len(values) > 1 and on_terminal(path) and not ascii_only(sys.stdout):
        bars = sparkline(values[-MOST_BARS:])
        yield Text(f"{shortened(clean(title), max(width - len(bars) - 1, 1))} {bars}")
