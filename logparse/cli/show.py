"""``logparse show``: an invocation's timeline, and a build's steps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from logparse.cli.inputs import Inputs, exit_code, read
from logparse.cli.options import inputs
from logparse.cli.words import on_terminal, output_text, say
from logparse.output.terminal import ascii_only, safe

if TYPE_CHECKING:
    from rich.text import Text

    from logparse.loading.dataset import Dataset


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
    help="A table, or a JSON object for each entry and step.",
)
def command(inputs: Inputs, full: bool, format_: str) -> int:
    """Print each invocation's timeline, entry by entry, and each build's steps.

    Columns of a timeline: time of day (UTC), seconds since the entry before, kind of message, first line.

    Columns of steps: when it started (UTC), how long it took, status, name.
    """
    data = read(inputs)
    if format_ == "json":
        _print_json(data)
    else:
        _print_table(data, full=full)
    return exit_code(data, inputs)


def _print_table(data: Dataset, *, full: bool) -> None:
    for number, (title, lines) in enumerate(_parts(data, full=full)):
        if number:
            say("")
        for line in (title, *lines):
            _print_line(line, crop=not full)


def _print_line(line: Text, *, crop: bool) -> None:
    if not on_terminal():
        # Output to a pipe is not shortened.
        say(line.plain)
        return
    if crop:
        line.no_wrap, line.overflow = True, "crop" if ascii_only(sys.stdout) else "ellipsis"
    sys.stdout.write(output_text(line))


def _parts(data: Dataset, *, full: bool) -> Iterator[tuple[Text, Iterator[Text]]]:
    """Yield a title and lines for each log, its build's steps, and the builds without a log."""
    from rich.text import Text

    from logparse.errors import one_line
    from logparse.output.steps import steps
    from logparse.output.timeline import timeline
    from logparse.records.buildnames import own_builder_id

    records = data.gathered
    shown = set()
    for log in records.logs:
        job = getattr(log, "job_id", None) or "unknown job"
        identifier = getattr(log, "invocation_id", None) or log.source
        build = getattr(log, "build", None)
        lines = [timeline(log.events, full=full)]
        if build is not None:
            shown.add(build.id)
            lines += [steps(build)] if build.steps else []
        yield Text(one_line(f"{job} {identifier}"), style="bold"), chain.from_iterable(lines)
    alone = [one.build for one in records.invocations if one.build is not None]
    for build in [*alone, *records.builds]:
        if build.id not in shown:
            title = f"{own_builder_id(build) or 'unknown builder'} {build.status or ''}".rstrip()
            yield Text(one_line(title), style="bold"), steps(build)


def _print_json(data: Dataset) -> None:
    from logparse.columns import TABLES
    from logparse.output.writers import write_jsonl
    from logparse.tables.rows import batches

    for table in ("events", "steps"):
        write_jsonl(batches(data.gathered, table), TABLES[table], safe(sys.stdout))
