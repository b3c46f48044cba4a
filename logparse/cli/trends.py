"""``logparse trends``: the days on which durations changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import Answer, answering, readable, table_of, write_answer
from logparse.cli.changes import CROSSED, TOP, change_options, readable_change, runs_and_builds
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.words import warn
from logparse.output.grid import Heading
from logparse.output.words import count

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_LEAST_DAYS: Final = 14
_HEADINGS: Final = (
    Heading("builder", "name", "name"),
    Heading("metric", "of", "name"),
    Heading("since", "day", "name"),
    Heading("% [95% interval]", "size", "name"),
    Heading("before", "before_p50_s", "seconds"),
    Heading("after", "after_p50_s", "seconds"),
    Heading("days", "days", "name"),
    Heading("bots", "bots", "name"),
    Heading("also", "also", "name"),
    Heading("from", "revision_before", "name"),
    Heading("to", "revision_after", "name"),
)


@click.command(
    "trends",
    epilog="""\b
Examples:
  logparse trends logs/
  logparse trends builds.json --metric run_s --fail-on regression
  logparse trends logs/ --where 'builder~asan' --format csv -o trends.csv""",
)
@answering(TOP, zoned=False)
@change_options
def command(
    inputs: Inputs,
    asked: Answer,
    metrics: tuple[str, ...],
    min_percent: float,
    min_seconds: float,
    fail_on: str | None,
) -> int:
    """Name the days on which durations of a builder, or of the whole fleet, changed to another level.

    The unit is the day, with the median of its runs. A level lasts for seven days at least. A change needs a
    q-value of at most 0.01, corrected for the search over days and for all builders and metrics. Beside it:
    bots that are new and gone in the week from the day on, images and machines that changed, and in files
    the revisions before and after.

    The change that ten builders or more share is that of the whole fleet, and is taken out of the others.
    """
    data = read(inputs, ("invocations", "builds"))
    code = exit_code(data, inputs)
    if not holds_something(data):
        return code
    from logparse.analysis.circumstances import FIELDS
    from logparse.analysis.trends import TRENDS, trends

    runs = runs_and_builds(data)
    days = _day_count(runs)
    if days < _LEAST_DAYS:
        warn(f"note: {count(days, 'day')} with runs, and a change needs {_LEAST_DAYS}")
    answer = trends(
        runs,
        data.frame("builds", ("build_id", *FIELDS)),
        metrics=metrics,
        least_share=min_percent / 100,
        least_s=min_seconds,
    )

    def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
        return _shown(readable(rows, TRENDS), days, asked.top, width)

    write_answer(answer, TRENDS, asked, show)
    if fail_on is not None and code == 0 and bool((answer["verdict"] == fail_on).any()):
        return CROSSED
    return code


def _day_count(runs: pd.DataFrame) -> int:
    return int(runs["created_at"].dt.floor("D").nunique())


def _shown(rows: Sequence[Mapping[str, Any]], days: int, top: int, width: int) -> Iterator[RenderableType]:
    """Yield the number of changes in a line, and the table."""
    from rich.text import Text

    verdicts = [row["verdict"] for row in rows]
    counted = [count(verdicts.count(verdict), verdict) for verdict in ("regression", "improvement")]
    yield Text(f"{', '.join(counted)} in {count(days, 'day')}")
    shown = [
        {
            **readable_change(row),
            "days": f"{row['before_days']} / {row['after_days']}",
            "bots": None if row["new_bots"] is None else f"+{row['new_bots']} -{row['gone_bots']}",
        }
        for row in rows
    ]
    yield from table_of(shown, _HEADINGS, top, width)
