"""``logparse show``: an invocation's timeline."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from logparse.cli.inputs import Inputs, exit_code, read
from logparse.cli.options import inputs
from logparse.cli.words import on_terminal, output_text, say
from logparse.output.terminal import ascii_only, safe

if TYPE_CHECKING:
    from logparse.dataset import Dataset


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
def command(inputs: Inputs, full: bool, format_: str) -> int:
    """Print each invocation's timeline, entry by entry.

    Columns: time of day (UTC), seconds since the entry before, kind of message, first line.
    """
    data = read(inputs)
    if format_ == "json":
        _print_json(data)
    else:
        _print_table(data, full=full)
    return exit_code(data, inputs)


def _print_table(data: Dataset, *, full: bool) -> None:
    from rich.text import Text

    from logparse.errors import one_line
    from logparse.output.timeline import timeline

    terminal = on_terminal()
    for number, log in enumerate(data.records.logs):
        if number:
            say("")
        job = getattr(log, "job_id", None) or "unknown job"
        identifier = getattr(log, "invocation_id", None) or log.source
        title = Text(one_line(f"{job} {identifier}"), style="bold")
        for line in (title, *timeline(log.events, full=full)):
            if not terminal:
                # What is piped on is whole.
                say(line.plain)
                continue
            if not full:
                line.no_wrap, line.overflow = True, "crop" if ascii_only(sys.stdout) else "ellipsis"
            sys.stdout.write(output_text(line))


def _print_json(data: Dataset) -> None:
    from logparse.columns import TABLES
    from logparse.output.writers import write_jsonl
    from logparse.tables import rows

    write_jsonl(rows(data.records, "events"), TABLES["events"], safe(sys.stdout))
