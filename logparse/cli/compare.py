"""``logparse compare``: how durations changed from one side to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import Answer, answering, table_of, write_answer
from logparse.cli.changes import CROSSED, TOP, change_options, percent, readable_change, runs_and_builds
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import day, duration
from logparse.cli.words import warn
from logparse.output.grid import Heading
from logparse.output.words import count

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

_DAY_S: Final = 86_400.0
_HEADINGS: Final = (
    Heading("builder", "name", "name"),
    Heading("metric", "of", "name"),
    Heading("% [95% interval]", "size", "name"),
    Heading("verdict", "verdict", "name"),
    Heading("before", "before_p50_s", "seconds"),
    Heading("after", "after_p50_s", "seconds"),
    Heading("could see", "seen", "name"),
    Heading("q", "chance", "name"),
    Heading("days", "days", "name"),
    Heading("runs", "runs", "name"),
    Heading("p90 before", "before_p90_s", "seconds"),
    Heading("p90 after", "after_p90_s", "seconds"),
    Heading("longer", "longer", "name"),
    Heading("note", "note", "name"),
)


@click.command(
    "compare",
    epilog="""\b
Examples:
  logparse compare march/ april/
  logparse compare logs/ --at 2021-03-31 --fail-on regression
  logparse compare builds.json --at 2021-03-31 --window 28d --metric run_s
  logparse compare march/ april/ --where 'status=SUCCEEDED' -o changes.csv""",
)
@answering(TOP, zoned=False)
@click.option(
    "--at",
    callback=day,
    metavar="YYYY-MM-DD",
    help="Compare the days before this one with those from it on (UTC). Without it, two inputs are compared.",
)
@click.option(
    "--window",
    callback=lambda ctx, param, value: None if value is None else duration(ctx, param, value),
    metavar="TIME",
    help="Length of each side with --at, in whole days. [default: 14d where there are as many, else 7d]",
)
@change_options
def command(
    inputs: Inputs,
    asked: Answer,
    at: date | None,
    window: float | None,
    metrics: tuple[str, ...],
    min_percent: float,
    min_seconds: float,
    fail_on: str | None,
) -> int:
    """Compare durations of each builder, and of the whole fleet, before and after.

    Give two inputs, before and after, or any number of inputs and --at. The unit is the day: each day counts
    once, with the median of its runs. Weekdays are compared with themselves. A verdict needs two weeks a
    side, a q-value of at most 0.01 over all builders and metrics, and a change that is as large as
    --min-percent and --min-seconds. "could see" is the smallest increase that would be seen in 4 of 5 cases.

    The change that ten builders or more share is the row of the whole fleet, and is taken out of the others.
    """
    days = _days(inputs, at, window)
    sides, code = _sides(inputs, at, days)
    if sides is None:
        return code
    from logparse.analysis.compare import COMPARE, compare

    answer = compare(*sides, metrics=metrics, least_share=min_percent / 100, least_s=min_seconds)
    _warn(answer, *sides)

    def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
        return _shown(rows, _periods(*sides), asked.top, width)

    write_answer(answer, COMPARE, asked, show)
    if fail_on is not None and code == 0 and bool((answer["verdict"] == fail_on).any()):
        return CROSSED
    return code


def _days(inputs: Inputs, at: date | None, window: float | None) -> int | None:
    """Return the days of each side, None for the default; check that there are two sides."""
    if at is None:
        if len(inputs.paths) != 2 or inputs.builds:
            raise click.UsageError(
                "name two inputs, BEFORE and AFTER, each with its files of builds; or name the day with --at",
                click.get_current_context(),
            )
        if window is not None:
            raise click.UsageError("--window needs --at", click.get_current_context())
    if window is None:
        return None
    if window % _DAY_S:
        raise click.UsageError("--window is not a number of whole days", click.get_current_context())
    return int(window // _DAY_S)


def _sides(
    inputs: Inputs, at: date | None, days: int | None
) -> tuple[tuple[pd.DataFrame, pd.DataFrame] | None, int]:
    """Return the runs before and after, None where nothing was read; and the exit code of reading."""
    from logparse.analysis.compare import split_at

    tables = ("invocations", "builds")
    if at is not None:
        data = read(inputs, tables)
        code = exit_code(data, inputs)
        return (
            split_at(runs_and_builds(data), at, window_days=days) if holds_something(data) else None
        ), code
    parts = [read(replace(inputs, paths=(path,)), tables) for path in inputs.paths]
    code = max(exit_code(data, inputs) for data in parts)
    if not all(map(holds_something, parts)):
        return None, code
    before, after = map(runs_and_builds, parts)
    both = set(before["invocation_id"].dropna()) & set(after["invocation_id"].dropna())
    if both:
        warn(f"note: {count(len(both), 'invocation')} on both sides")
    return (before, after), code


def _warn(answer: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> None:
    for name, side in (("before", before), ("after", after)):
        if side.empty:
            warn(f"nothing that was read is {name}")
    if len(answer) and (answer["verdict"] == "too few days").all():
        warn("note: too few days for a verdict, which needs two weeks a side")
    if answer["note"].astype(object).fillna("").str.contains("before|after").any():
        warn("note: some builders lack weekdays on one side; the column note names them")


def _periods(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[str]:
    """Yield the first and the last day of each side, and its number of runs."""
    for name, side in (("before", before), ("after", after)):
        times = side["created_at"].dropna()
        if len(times):
            yield f"{name}: {times.min():%Y-%m-%d} to {times.max():%Y-%m-%d}, {count(len(side), 'run')}"


def _shown(
    rows: Sequence[Mapping[str, Any]], periods: Iterator[str], top: int, width: int
) -> Iterator[RenderableType]:
    """Yield the periods, the verdicts in a line, and the table."""
    from rich.text import Text

    verdicts = [row["verdict"] for row in rows]
    builders = len({row["builder_id"] for row in rows} - {None})
    counted = [count(verdicts.count(verdict), verdict) for verdict in ("regression", "improvement")]
    yield from map(Text, periods)
    yield Text(f"{count(builders, 'builder')}: {', '.join(counted)} in {count(len(rows), 'comparison')}")
    shown = [
        {
            **readable_change(row),
            "verdict": "~" if row["verdict"] == "no difference" else row["verdict"],
            "seen": None if row["smallest_change"] is None else percent(row["smallest_change"]),
            "chance": None if row["q"] is None else f"{row['q']:.2g}",
            "days": f"{row['before_days']} / {row['after_days']}",
            "runs": f"{row['before_runs']} / {row['after_runs']}",
            "longer": None if row["after_is_longer"] is None else f"{row['after_is_longer']:.0%}",
        }
        for row in rows
    ]
    yield from table_of(shown, _HEADINGS, top, width)
