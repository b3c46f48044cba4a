"""``logparse queue``: the queue over time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import MOST_BARS, Answer, answering, readable, trend, write_answer
from logparse.cli.config import owners
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import duration
from logparse.cli.words import on_terminal, warn
from logparse.output.grid import Heading, cells, fitted
from logparse.output.terminal import ascii_only

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_KEYS: Final = ("builder", "pool", "project", "owner", "all")
_MOST_ROWS: Final = 40
#: So many queues have a line of bars on a terminal.
_MOST_TRENDS: Final = 5
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
@click.option("--by", type=click.Choice(_KEYS), default="builder", show_default=True, help="What is a queue.")
@click.option(
    "--bucket",
    callback=duration,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="Length of a row's time, as 15m, 1h or 1d. Days begin at midnight UTC.",
)
@answering(_MOST_ROWS, "A table shows the N rows with the longest waits. Files have all rows.")
def command(inputs: Inputs, asked: Answer, by: str, bucket: float) -> int:
    """Print how many builds waited for a bot and ran, over time.

    A build waits from its creation to its start, or to its end if it never started. Columns, for a bucket of
    time: the longest time that a build had waited; builds that waited, on average and at most; builds that
    arrived, started and ended; builds that ran, on average; bots that ran them. Files have times in UTC.
    """
    data = read(inputs, ("builds",))
    if holds_something(data):
        from logparse.analysis.queue import KEYS, NEEDED, columns_of, queue

        keys = ("builder_id",) if by == "owner" else KEYS[by]
        answer = queue(data.frame("builds", (*NEEDED, *keys)), by, bucket_s=bucket, owners=owners())
        whole = answer
        if answer.empty:
            warn("no build has a creation time")
        elif asked.format == "table" and len(answer) > asked.top:
            warn(
                f"note: {asked.top} of {len(answer)} rows, those with the longest waits; --format csv has all"
            )
            answer = _longest(answer, asked.top)

        def show(rows: Sequence[Mapping[str, Any]], width: int) -> list[RenderableType]:
            table = _table(readable(rows, columns_of(by), asked.zone), by, asked.zone, width)
            return [*table, *_trends(whole, by, bucket, width, asked.path)]

        write_answer(answer, columns_of(by), asked, show)
    return exit_code(data, inputs)


def _trends(
    answer: pd.DataFrame, by: str, bucket_s: float, width: int, path: Path | None
) -> Iterator[RenderableType]:
    """Yield for the queues with the longest waits a line of bars: their longest wait in each bucket."""
    if answer.empty or not on_terminal(path):
        return
    queues = answer.assign(queue="all" if by == "all" else answer[by])
    worst = queues.groupby("queue")["oldest_wait_s"].max().sort_values(ascending=False)
    first, last = answer["time"].min(), answer["time"].max()
    most = min(round((last - first).total_seconds() / bucket_s) + 1, MOST_BARS)
    places = [last - timedelta(seconds=bucket_s * back) for back in range(most - 1, -1, -1)]
    for name in worst.index[:_MOST_TRENDS]:
        waits = queues[queues["queue"] == name].set_index("time")["oldest_wait_s"].fillna(0.0)
        yield from trend(f"oldest wait, {name}:", [float(waits.get(at, 0.0)) for at in places], width, path)


def _longest(answer: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the rows with the longest waits, in their own order."""
    order = answer.sort_values(["oldest_wait_s", "waiting_mean"], ascending=False, na_position="last")
    return answer.loc[sorted(order.index[:number])]


def _table(rows: Sequence[Mapping[str, Any]], by: str, zone: str, width: int) -> list[RenderableType]:
    from rich.text import Text

    names = [] if by == "all" else [Heading(by, by, "name")]
    if any(row.get("owner") is not None for row in rows) and by == "builder":
        names.append(Heading("owner", "owner", "name"))
    headings = [*names, Heading(f"time ({zone})", "time", "name"), *_HEADINGS]
    mark = "..." if ascii_only(sys.stdout) else "…"
    table, note = fitted(cells(rows, headings), headings, width=width, mark=mark)
    return [table, *map(Text, note)]
