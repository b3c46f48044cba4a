"""``logparse export``: the tables as files."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from logparse.cli.options import exit_code, inputs, need_something, output, read
from logparse.columns import TABLES
from logparse.errors import LogparseError

if TYPE_CHECKING:
    from logparse.reading import Dataset

_GROUPED = ("bots", "builders", "jobs")


@click.command(
    "export",
    epilog="""\b
Examples:
  logparse export page.html --table polls
  logparse export logs/ --table all -o tables/
  logparse export logs/ --table invocations --format jsonl | jq .queue_latency_s
  logparse export logs/ --builds builds.json --table steps -o steps.csv""",
)
@inputs
@click.option(
    "--table",
    "-t",
    type=click.Choice([*TABLES, "all"]),
    default="invocations",
    show_default=True,
    help="Which table; all needs -o DIR and writes a file each.",
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
    if table == "all":
        if output is None:
            raise click.UsageError("--table all writes a file each: name their directory with -o DIR")
        _prepare(output, format_, force=force)
    data = read(paths, builds, day, max_size, verbose=verbose)
    need_something(data)
    if table == "all":
        assert output is not None
        for name in TABLES:
            _write(data, name, format_, output / f"{name}.{format_}", force=force)
    else:
        _write(data, table, format_, output, force=force)
    return exit_code(data, strict=strict)


def _prepare(directory: Path, format_: str, *, force: bool) -> None:
    """Make the directory, and fail before any work where a file is in the way."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogparseError(
            "is no directory and cannot be made one", source=str(directory), remedy="name another with -o"
        ) from error
    for name in TABLES:
        path = directory / f"{name}.{format_}"
        if path.exists() and not force:
            raise LogparseError("exists already", source=str(path), remedy="overwrite it with --force")


def _write(data: Dataset, table: str, format_: str, path: Path | None, *, force: bool) -> None:
    from logparse.export import whole_file

    if path is None:
        _write_rows(data, table, format_, sys.stdout)
        return
    with whole_file(path, force=force) as out:
        _write_rows(data, table, format_, out)


def _write_rows(data: Dataset, table: str, format_: str, out: TextIO) -> None:
    from logparse.export import WRITERS
    from logparse.tables import rows

    if table in _GROUPED:
        from logparse.metrics import plain_rows

        WRITERS[format_](plain_rows(data.table(table)), TABLES[table], out)
    else:
        WRITERS[format_](rows(data.records, table), TABLES[table], out)
