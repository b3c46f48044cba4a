"""``logparse sql``: questions to the tables, in SQL."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.inputs import Inputs, exit_code, holds_something, read
from logparse.cli.options import chosen_format, output, reading, size
from logparse.cli.words import output_text, output_width, warn, write_shown
from logparse.errors import UsageError
from logparse.output.files import ready, whole_binary_file, whole_file
from logparse.output.terminal import ascii_only, safe

if TYPE_CHECKING:
    from logparse.output.results import Result
    from logparse.query import Answers

_FORMATS: Final = ("table", "csv", "json", "parquet")
_NAMES: Final = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet", ".txt": "table"}
#: A table shows no more rows.
_MOST_ROWS: Final = 1_000
#: The columns of DuckDB's explanation of a query.
_PLAN: Final = ["explain_key", "explain_value"]
_MOST_QUERY: Final = 1 << 20


@click.command(
    "sql",
    epilog="""\b
Examples:
  logparse sql logs/ "select job_id, avg(run_s) from invocations group by all"
  logparse sql logs/ "from polls where rpc_s > 1 order by rpc_s desc limit 10"
  logparse sql page.html "select kind, count(*) from events group by kind"
  logparse sql logs/ -f slowest.sql --format csv -o slowest.csv""",
)
@reading("FILE... QUERY")
@click.option(
    "--file",
    "-f",
    "script",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Read the query from a file. Then all arguments are inputs.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    help="[default: by the ending of the name after -o, else table]",
)
@click.option("--raw-cells", is_flag=True, help="Write cells of CSV as they are, formulas included.")
@click.option(
    "--memory",
    callback=size,
    metavar="SIZE",
    default="1G",
    show_default=True,
    help="The most memory that DuckDB uses for the query.",
)
@output
def command(
    inputs: Inputs,
    script: Path | None,
    format_: str | None,
    raw_cells: bool,
    memory: int,
    output: Path | None,
    force: bool,
) -> int:
    """Answer a query with DuckDB, over the tables of the inputs.

    The query is one SELECT statement, in DuckDB's SQL. It can read all tables that `logparse schema` names,
    and nothing else: no files, no network. Times are UTC, durations are seconds.
    """
    inputs, query = _with_query(inputs, script)
    chosen = chosen_format(format_, output, _FORMATS, "table", _NAMES)
    if output is not None:
        ready(output, force=force)
    elif chosen == "parquet" and sys.stdout.isatty():
        raise click.UsageError("A terminal cannot show Parquet: name a file with -o, or write to a pipe.")
    from logparse.query import check, guarded, names_in, tables_for

    with _told():
        check(query)
        data = read(inputs, names_in(query))
        if holds_something(data):
            with guarded(tables_for(data, query), memory) as answers:
                _write(_result(answers, query, chosen), chosen, output, raw=raw_cells, force=force)
    return exit_code(data, inputs)


def _with_query(inputs: Inputs, script: Path | None) -> tuple[Inputs, str]:
    """Return the inputs without the query, and the query."""
    if script is not None:
        with click.open_file(str(script), encoding="utf-8-sig") as file:
            query = file.read(_MOST_QUERY)
    else:
        *paths, query = inputs.paths or ("",)
        inputs = replace(inputs, paths=tuple(paths))
        if query and os.path.exists(query):
            raise click.UsageError(f"Missing argument 'QUERY': '{query}' is a file.")
    if not inputs.paths and not inputs.builds:
        raise click.UsageError("Missing argument 'FILE...': name inputs, and then a query.")
    return inputs, query


@contextmanager
def _told() -> Iterator[None]:
    """Raise errors of DuckDB, which it also raises while rows are fetched, as errors of logparse."""
    from logparse.lazy import duckdb
    from logparse.query import refused

    try:
        yield
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    except duckdb.Error as error:
        raise refused(error) from error


def _result(answers: Answers, query: str, format_: str) -> Result:
    from logparse.output.results import Result, repeated_name

    schema, batches = answers.ask(query)
    name = repeated_name(schema)
    if name is not None and format_ in ("json", "parquet"):
        raise UsageError(f"two columns of the result are named {name!r}", remedy="name one of them with AS")
    return Result(schema, batches)


def _write(result: Result, format_: str, path: Path | None, *, raw: bool, force: bool) -> None:
    from logparse.output.results import write_csv, write_json, write_parquet

    if format_ == "table":
        _write_table(result, path, force=force)
    elif format_ == "parquet" and path is None:
        write_parquet(result, sys.stdout.buffer)
    elif format_ == "parquet" and path is not None:
        with whole_binary_file(path, force=force) as file:
            write_parquet(result, file)
    else:
        with _text_out(path, force=force) as out:
            if format_ == "csv":
                write_csv(result, out, raw=raw)
            else:
                write_json(result, out)


@contextmanager
def _text_out(path: Path | None, *, force: bool) -> Iterator[Any]:
    if path is None:
        yield safe(sys.stdout)
    else:
        with whole_file(path, force=force) as out:
            yield out


def _write_table(result: Result, path: Path | None, *, force: bool) -> None:
    from logparse.output.results import shown

    rows = result.rows()
    if result.schema.names == _PLAN:
        for _, plan in rows:
            write_shown(plan + "\n", path, force=force)
        return
    first = list(islice(rows, _MOST_ROWS))
    if not first:
        warn("the result has no rows")
    mark = "..." if path is None and ascii_only(sys.stdout) else "…"
    table = shown(result.schema, first, width=output_width(path), mark=mark)
    write_shown(output_text(table, path=path), path, force=force)
    if next(rows, None) is not None:
        warn(f"note: only the first {_MOST_ROWS} rows are shown; --format csv writes all")
