"""``logparse schema``: the tables' columns."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from logparse.batches.batch import batches_of
from logparse.cli.options import chosen_format, format_option, output
from logparse.cli.words import output_text, write_shown
from logparse.columns import TABLE_MEANINGS, TABLES, Column
from logparse.output.cells import json_line
from logparse.output.files import ready
from logparse.output.grid import Heading, cells, grid
from logparse.output.schema import package
from logparse.output.terminal import ascii_only
from logparse.output.writers import write_markdown

_FORMATS: Final = ("table", "json", "markdown")
_HEADINGS: Final = tuple(
    Heading(name, name, "text" if name == "meaning" else "name")
    for name in ("column", "type", "unit", "meaning")
)


@click.command(
    "schema",
    epilog="""\b
Examples:
  logparse schema
  logparse schema --table polls
  logparse schema --format markdown -o columns.md
  logparse schema --format json | jq .resources[].name""",
)
@click.option(
    "--table",
    "-t",
    "tables",
    multiple=True,
    type=click.Choice([*TABLES]),
    metavar="TABLE",
    help=f"One of {', '.join(TABLES)}. Can be given several times. [default: all]",
)
@format_option(_FORMATS, "table")
@output
def command(tables: tuple[str, ...], format_: str | None, output: Path | None, force: bool) -> None:
    """Print the tables' columns: names, types, units and meanings.

    json is a Frictionless data package with Table Schemas, as `export --table all` writes it.
    """
    chosen = chosen_format(format_, output, _FORMATS, "table")
    if output is not None:
        ready(output, force=force)
    names = tables or tuple(TABLES)
    if chosen == "json":
        escaped = output is None and ascii_only(sys.stdout)
        text = json_line(package(names), ascii_only=escaped, indent=2) + "\n"
    else:
        text = "\n".join((_markdown if chosen == "markdown" else _table)(name, output) for name in names)
    write_shown(text, output, force=force)


def _rows(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"column": c.name, "type": c.type, "unit": c.unit or "", "meaning": c.meaning} for c in columns]


def _markdown(table: str, _: Path | None) -> str:
    out = io.StringIO()
    out.write(f"## {table}\n\n{TABLE_MEANINGS[table]}\n\n")
    columns = [Column(h.title, "text", "") for h in _HEADINGS]
    write_markdown(batches_of(_rows(TABLES[table]), columns), columns, out)
    return out.getvalue()


def _table(table: str, path: Path | None) -> str:
    from rich.text import Text

    heading = Text(f"{table}: {TABLE_MEANINGS[table]}", style="bold")
    shown = grid(cells(_rows(TABLES[table]), _HEADINGS), _HEADINGS)
    return output_text(heading, Text(), shown, path=path)
