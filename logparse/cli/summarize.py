"""``logparse summarize``: what invocations cost."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logparse.cli.options import (
    exit_code,
    holds_something,
    inputs,
    output,
    output_text,
    output_width,
    read,
    write_text,
)
from logparse.columns import TABLES, Column
from logparse.export import WRITERS, ascii_only, json_line, plain, ready

if TYPE_CHECKING:
    import pandas as pd

    from logparse.reading import Dataset

_KEYS = ("builder", "bot", "job", "status", "day")


@click.command(
    "summarize",
    epilog="""\b
Examples:
  logparse summarize page.html
  logparse summarize logs/ --by bot
  logparse summarize logs/ --by day --format csv
  logparse summarize v2-logs/ --builds builds.json --by bot
  xzcat log.xz | logparse summarize -""",
)
@inputs
@click.option(
    "--by",
    type=click.Choice(_KEYS),
    help="Group by this. [default: builder, where there are several invocations]",
)
@click.option(
    "--format",
    "-f",
    "format_",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    show_default=True,
)
@output
def command(
    paths: tuple[str, ...],
    builds: tuple[str, ...],
    day: date | None,
    max_size: int,
    strict: bool,
    verbose: bool,
    by: str | None,
    format_: str,
    output: Path | None,
    force: bool,
) -> int:
    """Print a card of one invocation, or totals and a table of several.

    The five phases of an invocation: scheduler wait (created to launched), launch (to the build's
    creation), pending (to its start), run (to its end), finish lag (to the invocation's end). Queue
    latency is the first three together. The p columns are percentiles.

    Files: json has everything; csv and markdown have the one invocation's row, or the groups.
    """
    if output is not None:
        ready(output, force=force)
    data = read(paths, builds, day, max_size, verbose=verbose)
    records = data.records
    single = len(records.invocations) == 1 and not records.builds and by is None
    if format_ == "json":
        write_text(_json(data, by or "builder", output, single=single), output, force=force)
    elif holds_something(data):
        if format_ != "table":
            text = _rows(data, by or "builder", format_, single=single)
        elif single:
            text = _card(data, output)
        else:
            text = _overview(data, by or "builder", output)
        write_text(text, output, force=force)
    return exit_code(data, strict=strict)


def _card(data: Dataset, path: Path | None) -> str:
    from logparse.render import card

    unicode = path is not None or not ascii_only(sys.stdout)
    return output_text(
        card(data.records.invocations[0], width=output_width(path), unicode=unicode), path=path
    )


def _overview(data: Dataset, by: str, path: Path | None) -> str:
    from logparse import metrics
    from logparse.render import group_name, overview

    total, groups = _statistics(data, by)
    keys = metrics.GROUP_KEYS[by]
    named = [
        {**row, "group": group_name(row[k] for k in keys if row[k] is not None)}
        for row in metrics.plain_rows(groups)
    ]
    shown = overview(
        next(metrics.plain_rows(total), None),
        named,
        by,
        width=output_width(path),
        builds=len(data.records.builds),
        triages=len(data.records.triages),
    )
    return output_text(shown, path=path)


def _statistics(data: Dataset, by: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the totals of everything read, and its groups: busiest first, but days in their order."""
    from logparse import metrics

    units = metrics.with_builds(data.invocations, data.builds)
    groups = metrics.group_by(units, by)
    return metrics.totals(units), groups.sort_values("day") if by == "day" else groups


def _columns(frame: pd.DataFrame) -> list[Column]:
    """Return the columns of statistics as the contract declares them; what they are grouped by is text."""
    declared = {column.name: column for column in TABLES["builders"]}
    return [declared.get(str(name), Column(str(name), "text", "")) for name in frame.columns]


def _json(data: Dataset, by: str, path: Path | None, *, single: bool) -> str:
    result: dict[str, Any] = {}
    if single:
        from logparse.tables import rows

        (result["invocation"],) = _told(rows(data.records, "invocations"), TABLES["invocations"])
    else:
        from logparse.metrics import plain_rows

        total, groups = _statistics(data, by)
        result["totals"] = next(_told(plain_rows(total), _columns(total)), None)
        result["by"] = by
        result["groups"] = list(_told(plain_rows(groups), _columns(groups)))
    result["failures"] = [{"source": f.source, "cause": f.cause, "remedy": f.remedy} for f in data.failures]
    return json_line(result, ascii_only=path is None and ascii_only(sys.stdout), indent=2) + "\n"


def _told(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> Iterator[dict[str, Any]]:
    return ({c.name: plain(row[c.name], c) for c in columns} for row in rows)


def _rows(data: Dataset, by: str, format_: str, *, single: bool) -> str:
    out = io.StringIO()
    if single:
        from logparse.tables import rows

        WRITERS[format_](rows(data.records, "invocations"), TABLES["invocations"], out)
    else:
        from logparse.metrics import plain_rows

        _, groups = _statistics(data, by)
        WRITERS[format_](plain_rows(groups), _columns(groups), out)
    return out.getvalue()
