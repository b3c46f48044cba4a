"""``logparse export``: the tables as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from logparse.batches.parquet import write_parquet
from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import chosen_format, format_option, inputs, output
from logparse.columns import TABLES
from logparse.output.cells import json_line
from logparse.output.files import ready, ready_folder, whole_binary_file, whole_file, whole_folder
from logparse.output.schema import SCHEMA_FILE, package
from logparse.output.terminal import Out, safe
from logparse.output.writers import WRITERS

if TYPE_CHECKING:
    from logparse.loading.dataset import Dataset

_FORMATS: Final = ("csv", "jsonl", "parquet")
#: Tables that are statistics of invocations and builds.
_GROUPED: Final = ("bots", "builders", "jobs")


@click.command(
    "export",
    epilog="""\b
Examples:
  logparse export page.html --table polls
  logparse export logs/ --table all -o tables/
  logparse export logs/ --table all --format parquet -o tables/
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
@format_option(_FORMATS, "csv")
@click.option("--raw-cells", is_flag=True, help="Write cells of CSV as they are, formulas included.")
@output
def command(
    inputs: Inputs, table: str, format_: str | None, raw_cells: bool, output: Path | None, force: bool
) -> int:
    """Write the tables of the inputs as CSV, JSON lines or Parquet.

    Times are UTC in RFC 3339 (timestamps in Parquet), durations are seconds in columns that end in _s,
    unknown is empty (CSV) or null. In CSV a text that a spreadsheet would take for a formula, or that
    begins with a ', gets one ' in front. With --table all, schema.json describes the files.
    """
    if table == "all":
        return _export_all(inputs, format_ or "csv", raw_cells, output, force)
    chosen = chosen_format(format_, output, _FORMATS, "csv")
    if output is not None:
        ready(output, force=force)
    elif chosen == "parquet" and sys.stdout.isatty():
        raise click.UsageError("A terminal cannot show Parquet: name a file with -o, or write to a pipe.")
    data = read(inputs, ("invocations", "builds") if table in _GROUPED else (table,))
    if holds_something(data):
        if output is not None:
            _write_file(data, table, chosen, output, raw=raw_cells, force=force)
        elif chosen == "parquet":
            write_parquet(data.batches(table), TABLES[table], sys.stdout.buffer, table)
        else:
            _write_text(data, table, chosen, safe(sys.stdout), raw=raw_cells)
    return exit_code(data, inputs)


def _export_all(inputs: Inputs, format_: str, raw: bool, folder: Path | None, force: bool) -> int:
    if folder is None:
        raise click.UsageError("--table all writes a file each: name their directory with -o DIR")
    ready_folder(folder, [SCHEMA_FILE, *(f"{name}.{format_}" for name in TABLES)], force=force)
    data = read(inputs, tuple(TABLES))
    if holds_something(data):
        # With --force, tables of another format go too: they would be of another reading.
        replaced = [SCHEMA_FILE, *(f"{name}.{known}" for name in TABLES for known in _FORMATS)]
        with whole_folder(folder, replaced) as place:
            for name in TABLES:
                _write_file(data, name, format_, place / f"{name}.{format_}", raw=raw)
            with whole_file(place / SCHEMA_FILE) as out:
                out.write(json_line(package(TABLES, format_, raw_cells=raw), indent=2) + "\n")
    return exit_code(data, inputs)


def _write_file(
    data: Dataset, table: str, format_: str, path: Path, *, raw: bool, force: bool = False
) -> None:
    if format_ == "parquet":
        with whole_binary_file(path, force=force) as file:
            write_parquet(data.batches(table), TABLES[table], file, table)
    else:
        with whole_file(path, force=force) as out:
            _write_text(data, table, format_, out, raw=raw)


def _write_text(data: Dataset, table: str, format_: str, out: Out, *, raw: bool) -> None:
    writer = WRITERS["raw csv" if raw and format_ == "csv" else format_]
    writer(data.batches(table), TABLES[table], out)
