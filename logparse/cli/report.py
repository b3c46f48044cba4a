"""``logparse report``: one HTML page that shows a fleet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import inputs, output
from logparse.cli.words import on_terminal, say, warn, write_shown
from logparse.errors import UsageError
from logparse.output.files import ready
from logparse.output.words import count

if TYPE_CHECKING:
    from logparse import report
    from logparse.report import Every


@click.command(
    "report",
    epilog="""\b
Examples:
  logparse report logs/ -o report.html
  logparse report logs/ --builds builds.json --title "Our bots" -o report.html
  logparse report logs/ --where 'created_at>=-7d' -o week.html --force
  logparse report logs/ --every week --into site/""",
)
@inputs
@click.option("--title", metavar="TEXT", help="The heading. [default: it names the projects]")
@click.option(
    "--spec",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Chromium's health-specs.json. Without it, Chromium's defaults count.",
)
@click.option(
    "--every",
    type=click.Choice(["day", "week", "month"]),
    help="Write a page for each period (UTC) with --into.",
)
@click.option(
    "--into",
    type=click.Path(readable=False),
    metavar="DIR",
    help="Write the pages of --every and an index there.",
)
@output
def command(
    inputs: Inputs,
    title: str | None,
    spec: str | None,
    every: Every | None,
    into: str | None,
    output: Path | None,
    force: bool,
) -> int:
    """Write one HTML page that shows a fleet: queue and run times, builders, bots, failures, polling.

    The page is one file and needs no network. A reader chooses a range of time, builders, pools and statuses
    in it, and all numbers, charts and tables are computed again. It says how each number is defined.

    With --every and --into, each day, week or month gets a page of its own. Run again, it writes the pages
    that changed, and keeps one that has more runs than the inputs have now. It writes nothing where a file
    of a page's name is not a report. --force replaces both.
    """
    _check(every, into, output)
    if output is not None:
        ready(output, force=force)
    from logparse.analysis.specs import DEFAULT_SPECS, read_specs

    specs = DEFAULT_SPECS if spec is None else read_specs(spec)
    data = read(inputs, ("invocations", "builds"))
    if not holds_something(data):
        return exit_code(data, inputs)
    from logparse import report

    try:
        if every is None or into is None:
            write_shown(report.page(data, title=title, specs=specs), output, force=force)
        else:
            _tell(report.write_periods(data, into, every, title=title, specs=specs, force=force), into)
    except UsageError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    return exit_code(data, inputs)


def _check(every: str | None, into: str | None, output: Path | None) -> None:
    """Refuse options that contradict each other."""
    context = click.get_current_context()
    if (every is None) != (into is None):
        raise click.UsageError("--every and --into need each other.", context)
    if into is not None and output is not None:
        raise click.UsageError("-o is one page, and --into is a folder of pages: give one of them.", context)
    if into is None and on_terminal(output):
        raise click.UsageError("a page is not for a terminal: name a file with -o.", context)


def _tell(written: report.Written, into: str) -> None:
    """Name the pages that were written, and those that were kept."""
    for name in written.kept:
        warn(f"note: {into}/{name} has more runs than the inputs have now, and was kept; --force replaces it")
    same = f", {len(written.same)} as before" if written.same else ""
    say(f"{count(len(written.written), 'page')} written in {into}{same}")
