"""``logparse queue``: the queue over time."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import FORMATS, readable, write_answer
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import chosen_format, duration, format_option, inputs, output
from logparse.cli.words import warn
from logparse.output.files import ready
from logparse.output.grid import Heading, cells, fitted
from logparse.output.terminal import ascii_only

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_KEYS: Final = ("builder", "pool", "project", "all")
_MOST_ROWS: Final = 40
_HEADINGS: Final = (
    Heading("oldest", "oldest_wait_s", "seconds"),
    Heading("waiting", "waiting_mean", "mean"),
    Heading("max", "waiting_max", "count"),
    Heading("arrived", "arrived", "count"),
    Heading("started", "started", "count"),
    Heading("ended", "completed", "count"),
    Heading("running", "running_mean", "mean"),
    Heading("bots", "bots", "count"),
)


@click.command(
    "queue",
    epilog="""\b
Examples:
  logparse queue logs/ --by pool
  logparse queue builds.json --by all --bucket 1d
  logparse queue logs/ --where 'created_at>=-7d' --format csv -o queue.csv""",
)
@inputs
@click.option("--by", type=click.Choice(_KEYS), default="builder", show_default=True, help="What is a queue.")
@click.option(
    "--bucket",
    callback=duration,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="Length of a row's time, as 15m, 1h or 1d. Days begin at midnight UTC.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=_MOST_ROWS,
    show_default=True,
    metavar="N",
    help="A table shows the N rows with the longest waits. Files have all rows.",
)
@format_option(FORMATS, "table")
@output
def command(
    inputs: Inputs, by: str, bucket: float, top: int, format_: str | None, output: Path | None, force: bool
) -> int:
    """Print how many builds waited for a bot and ran, over time.

    A build waits from its creation to its start, or to its end if it never started. Columns, for a bucket of
    time: the longest time that a build had waited; builds that waited, on average and at most; builds that
    arrived, started and ended; builds that ran, on average; bots that ran them. Times are UTC.
    """
    chosen = chosen_format(format_, output, FORMATS, "table")
    if output is not None:
        ready(output, force=force)
    data = read(inputs, ("builds",))
    if holds_something(data):
        from logparse.analysis.queue import KEYS, NEEDED, columns_of, queue

        answer = queue(data.frame("builds", (*NEEDED, *KEYS[by])), by, bucket_s=bucket)
        if answer.empty:
            warn("no build has a creation time")
        elif chosen == "table" and len(answer) > top:
            warn(f"note: {top} of {len(answer)} rows, those with the longest waits; --format csv has all")
            answer = _longest(answer, top)

        def show(rows: Sequence[Mapping[str, Any]], width: int) -> list[RenderableType]:
            return _table(readable(rows, columns_of(by)), by, width)

        write_answer(answer, columns_of(by), chosen, show, output, force=force)
    return exit_code(data, inputs)


def _longest(answer: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the rows with the longest waits, in their own order."""
    order = answer.sort_values(["oldest_wait_s", "waiting_mean"], ascending=False, na_position="last")
    return answer.loc[sorted(order.index[:number])]


def _table(rows: Sequence[Mapping[str, Any]], by: str, width: int) -> list[RenderableType]:
    from rich.text import Text

    names = [] if by == "all" else [Heading(by, by, "name")]
    headings = [*names, Heading("time (UTC)", "time", "name"), *_HEADINGS]
    mark = "..." if ascii_only(sys.stdout) else "…"
    table, note = fitted(cells(rows, headings), headings, width=width, mark=mark)
    return [table, *map(Text, note)]
