"""``logparse summarize``: what invocations cost."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logparse.cli.options import exit_code, inputs, need_something, output, read, styled, write_text
from logparse.columns import TABLES

if TYPE_CHECKING:
    from rich.console import Console

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
    data = read(paths, builds, day, max_size, verbose=verbose)
    need_something(data)
    records = data.records
    single = len(records.invocations) == 1 and not records.builds and by is None
    if not (records.invocations or records.builds or records.triages) and format_ == "table":
        text = ""
    elif format_ == "table":
        text = _card(data, output) if single else _overview(data, by or "builder", output)
    elif format_ == "json":
        text = json.dumps(_json(data, by or "builder", single=single), ensure_ascii=False, indent=2) + "\n"
    else:
        text = _rows(data, by or "builder", format_, single=single)
    write_text(text, output, force=force)
    return exit_code(data, strict=strict)


def _capture(path: Path | None) -> Console:
    from logparse.render import console

    return console(styled=styled(path))


def _unicode() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def _card(data: Dataset, path: Path | None) -> str:
    from logparse.render import card

    console = _capture(path)
    with console.capture() as capture:
        console.print(card(data.records.invocations[0], width=console.width, unicode=_unicode()))
    return _trimmed(capture.get())


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


#: Columns of the overview, the most wanted first: as many are shown as the width has room for.
_COLUMNS = (
    ("runs", "invocations", "count", 4),
    ("ok", "succeeded", "count", 3),
    ("failed", "failed", "count", 6),
    ("queue p50", "queue_latency_p50_s", "seconds", 9),
    ("queue p90", "queue_latency_p90_s", "seconds", 9),
    ("run p50", "run_p50_s", "seconds", 7),
    ("run p90", "run_p90_s", "seconds", 7),
    ("run max", "run_max_s", "seconds", 7),
    ("polls", "poll_count", "count", 5),
    ("poll cost", "poll_rpc_s", "seconds", 9),
)


def _overview(data: Dataset, by: str, path: Path | None) -> str:
    from logparse import metrics
    from logparse.render import console, grid

    out = console(styled=styled(path))
    units = metrics.with_builds(data.invocations, data.builds)
    total = next(iter(metrics.plain_rows(metrics.totals(units))), {})
    groups = list(metrics.plain_rows(metrics.group_by(units, by)))
    keys = metrics.GROUP_KEYS[by]
    named = [{**row, "group": _name([row[k] for k in keys if row[k] is not None])} for row in groups]
    widest = max([len(by), *(len(row["group"]) for row in named)])
    room = out.width - min(widest, max(20, out.width // 2)) - 2
    columns: list[tuple[str, str, str]] = [(by, "group", "text")]
    for heading, key, kind, width in _COLUMNS:
        if room >= width + 2 and any(row[key] is not None for row in named):
            columns.append((heading, key, kind))
            room -= width + 2
    with out.capture() as capture:
        out.print(_totals(data, total), soft_wrap=False)
        if named:
            out.print()
            out.print(grid(named, columns))
        left = len(units) - sum(row["invocations"] + 0 for row in named) if by != "status" else 0
        if left > 0 and by in ("bot", "builder", "job", "day"):
            out.print(f"\n{_count(left, 'invocation')} without a known {by} not in the table", style="dim")
    return _trimmed(capture.get())


def _name(parts: list[Any]) -> str:
    """Return a group's name; version 1's buckets hold the project already."""
    if len(parts) == 3 and str(parts[1]).startswith(f"luci.{parts[0]}."):
        parts = parts[1:]
    return "/".join(map(str, parts))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"


def _totals(data: Dataset, total: dict[str, Any]) -> str:
    from logparse.render import duration, moment

    if not total:
        return "no invocations"
    states = [f"{total[key]} {key}" for key in ("succeeded", "failed", "aborted", "unfinished") if total[key]]
    lines = [f"{_count(total['invocations'], 'invocation')}: {', '.join(states)}"]
    if total["first_seen"] is not None:
        lines.append(f"from {moment(total['first_seen'])} to {moment(total['last_seen'])} UTC")
    if total["queue_latency_p50_s"] is not None:
        lines.append(
            "queue latency: median {}, p90 {}, p99 {}, largest {}".format(
                *(duration(total[f"queue_latency_{s}_s"]) for s in ("p50", "p90", "p99", "max"))
            )
        )
    if total["run_p50_s"] is not None:
        lines.append(
            "run: median {}, p90 {}, p99 {}, largest {}; {} in all".format(
                *(duration(total[f"run_{s}_s"]) for s in ("p50", "p90", "p99", "max")),
                duration(total["busy_s"]),
            )
        )
    if total["poll_count"]:
        lines.append(f"polling: {_count(total['poll_count'], 'check')} cost {duration(total['poll_rpc_s'])}")
    alone = len(data.records.builds)
    if alone:
        lines.append(f"{_count(alone, 'build')} from Buildbucket without a log")
    if data.records.triages:
        lines.append(f"{_count(len(data.records.triages), 'triage log')} besides")
    return "\n".join(lines)


def _json(data: Dataset, by: str, *, single: bool) -> dict[str, Any]:
    from logparse import metrics
    from logparse.export import plain
    from logparse.tables import rows

    columns = {c.name: c for c in TABLES["builders"]}
    invocation_columns = TABLES["invocations"]
    result: dict[str, Any] = {}
    if single:
        (row,) = rows(data.records, "invocations")
        result["invocation"] = {c.name: plain(row[c.name], c) for c in invocation_columns}
    else:
        units = metrics.with_builds(data.invocations, data.builds)

        def told(row: dict[str, Any]) -> dict[str, Any]:
            return {k: plain(v, columns.get(k, columns["builder"])) for k, v in row.items()}

        result["totals"] = next((told(row) for row in metrics.plain_rows(metrics.totals(units))), None)
        result["by"] = by
        result["groups"] = [told(row) for row in metrics.plain_rows(metrics.group_by(units, by))]
    result["failures"] = [{"source": f.source, "cause": f.cause, "remedy": f.remedy} for f in data.failures]
    return result


def _rows(data: Dataset, by: str, format_: str, *, single: bool) -> str:
    from logparse import metrics
    from logparse.columns import Column
    from logparse.export import WRITERS
    from logparse.tables import rows

    out = io.StringIO()
    if single:
        WRITERS[format_](rows(data.records, "invocations"), TABLES["invocations"], out)
    else:
        units = metrics.with_builds(data.invocations, data.builds)
        grouped = metrics.group_by(units, by)
        columns = [Column(str(name), "text", "") for name in grouped.columns]
        WRITERS[format_](metrics.plain_rows(grouped), columns, out)
    return out.getvalue()
