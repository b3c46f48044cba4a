"""``logparse export``: the tables as files."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from logparse.cli.options import exit_code, holds_something, inputs, output, read
from logparse.columns import TABLES
from logparse.errors import LogparseError
from logparse.export import WRITERS, ready, whole_file

if TYPE_CHECKING:
    from logparse.reading import Dataset

_GROUPED = ("bots", "builders", "jobs")


@click.command(
    "export",
    epilog="""\b
Examples:
  logparse export page.html --table polls
  logparse export logs/ --table all -o tables/
  logparse export logs/ --format jsonl | jq .queue_latency_s
  logparse export logs/ --builds builds.json --table steps -o steps.csv""",
)
@inputs
@click.option(
    "--table",
    "-t",
    type=click.Choice([*TABLES, "all"]),
    default="invocations",
    show_default=True,
    metavar="TABLE",
    help=f"One of {', '.join(TABLES)}; or all, which writes a file each and needs -o DIR.",
)
@click.option(
    "--format", "-f", "format_", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True
)
@output
def command(
    paths: tuple[str, ...],
    builds: tuple[str, ...],
    day: date | None,
    max_size: int,
    strict: bool,
    verbose: bool,
    table: str,
    format_: str,
    output: Path | None,
    force: bool,
) -> int:
    """Write the tables of the inputs as CSV or JSON lines.

    Times are UTC in RFC 3339, durations are seconds in columns that end in _s, unknown is empty
    (CSV) or null. In CSV a text that a spreadsheet would take for a formula gets a ' in front.
    """
    files: dict[str, Path | None] = {table: output}
    if table == "all":
        if output is None:
            raise click.UsageError("--table all writes a file each: name their directory with -o DIR")
        _make(output)
        files = {name: output / f"{name}.{format_}" for name in TABLES}
    for path in files.values():
        if path is not None:
            ready(path, force=force)
    data = read(paths, builds, day, max_size, verbose=verbose)
    if holds_something(data):
        with ExitStack() as written:
            # All files appear together, when the last one is written.
            for name, path in files.items():
                out = sys.stdout if path is None else written.enter_context(whole_file(path, force=force))
                _write_rows(data, name, format_, out)
    return exit_code(data, strict=strict)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cause = "is a file, not a directory" if directory.is_file() else "cannot be made a directory"
        raise LogparseError(cause, source=str(directory), remedy="name another with -o") from error


def _write_rows(data: Dataset, table: str, format_: str, out: TextIO) -> None:
    from logparse.tables import rows

    if table in _GROUPED:
        from logparse.metrics import plain_rows

        WRITERS[format_](plain_rows(data.table(table)), TABLES[table], out)
    else:
        WRITERS[format_](rows(data.records, table), TABLES[table], out)
