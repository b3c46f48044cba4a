"""``logparse show``: an invocation's timeline."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import click

from logparse.cli.options import exit_code, inputs, need_something, read, styled

if TYPE_CHECKING:
    from logparse.reading import Dataset


@click.command(
    "show",
    epilog="""\b
Examples:
  logparse show page.html
  logparse show page.html --full | less
  logparse show page.html --format json | jq 'select(.kind == "build_status")'""",
)
@inputs
@click.option("--full", is_flag=True, help="Print whole entries, with their payloads.")
@click.option(
    "--format",
    "-f",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="A table, or a JSON object a line.",
)
def command(
    paths: tuple[str, ...],
    builds: tuple[str, ...],
    day: date | None,
    max_size: int,
    strict: bool,
    verbose: bool,
    full: bool,
    format_: str,
) -> int:
    """Print each invocation's timeline, entry by entry.

    Columns: time of day (UTC), seconds since the entry before, kind of message, first line.
    """
    data = read(paths, builds, day, max_size, verbose=verbose)
    need_something(data)
    if format_ == "json":
        _print_json(data)
    else:
        _print_table(data, full=full)
    return exit_code(data, strict=strict)


def _print_table(data: Dataset, *, full: bool) -> None:
    from logparse.render import console, timeline

    out = console(styled=styled(None))
    crop = styled(None) and not full
    for number, log in enumerate(data.records.logs):
        if number:
            click.echo()
        job = getattr(log, "job_id", None) or "unknown job"
        identifier = getattr(log, "invocation_id", None) or log.source
        out.print(f"{job} {identifier}", style="bold", soft_wrap=True)
        for line in timeline(log.events, full=full):
            # A terminal shows a line an entry; what is piped on is whole.
            out.print(line, no_wrap=True, overflow="ellipsis" if crop else "ignore", crop=crop)


def _print_json(data: Dataset) -> None:
    from logparse.columns import TABLES
    from logparse.export import plain
    from logparse.tables import rows

    columns = TABLES["events"]
    for row in rows(data.records, "events"):
        click.echo(json.dumps({c.name: plain(row.get(c.name), c) for c in columns}, ensure_ascii=False))
