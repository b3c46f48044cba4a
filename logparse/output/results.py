"""Results of queries, whose columns can have any type of Arrow, as CSV, JSON lines, Parquet or a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_parquet as pq
from logparse.output.arrowtexts import quoted
from logparse.output.cells import guarded, json_line
from logparse.output.grid import Heading, grid, widest
from logparse.output.terminal import Out, ascii_only
from logparse.output.words import DASH, clean

if TYPE_CHECKING:
    from rich.console import RenderableType

    from logparse.batches.arrow import RecordBatch, Schema

#: A number below it is not shown as 0.000000.
_SMALL: Final = 1e-6
#: Text in a table is wrapped to no less than this.
_LEAST_TEXT: Final = 12
#: Blanks between the columns of a table.
_GAP: Final = 1


class Result(NamedTuple):
    """The result of a query: its columns, and its rows in batches, which can be read once."""

    schema: Schema
    batches: Iterable[RecordBatch]

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows as lists of values for JSON: see `plain`."""
        for batch in self.batches:
            columns = [[plain(value) for value in column.to_pylist()] for column in batch.columns]
            yield from map(list, zip(*columns, strict=True))


def plain(value: Any) -> Any:
    """Return a value as JSON has it: times in RFC 3339 with microseconds, other values as text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else (None if value != value else str(value))
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        # An interval is a named tuple of months, days and nanoseconds.
        return [plain(one) for one in value]
    return str(value)


def write_csv(result: Result, out: Out, *, raw: bool = False) -> None:
    """Write a header, and a line for each row. Null is an empty cell, lists and structures are JSON.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    names = [name if raw else guarded(name) for name in result.schema.names]
    out.write(",".join(quoted(name) for name in names) + "\n")
    for row in result.rows():
        out.write(",".join(quoted(_cell(value, raw=raw)) for value in row) + "\n")


def _cell(value: Any, *, raw: bool) -> str | None:
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    text = value if isinstance(value, str) else json_line(value)
    text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    return text if raw else guarded(text)


def write_json(result: Result, out: Out) -> None:
    """Write a JSON object in a line for each row."""
    names = result.schema.names
    escaped = ascii_only(out)
    for row in result.rows():
        out.write(json_line(dict(zip(names, row, strict=True)), ascii_only=escaped) + "\n")


def write_parquet(result: Result, out: BinaryIO) -> None:
    """Write a file of Parquet with the types that DuckDB gives, compressed with zstd."""
    with pq.ParquetWriter(out, result.schema, compression="zstd", write_page_checksum=True) as writer:
        for batch in result.batches:
            writer.write_batch(batch)


def repeated_name(schema: Schema) -> str | None:
    """Return a name that two columns have, which JSON and Parquet cannot distinguish; None without one."""
    names = schema.names
    return next((name for name in names if names.count(name) > 1), None)


# --- tables on a terminal ---------------------------------------------------------------------


def shown(schema: Schema, rows: Sequence[Sequence[Any]], *, width: int, mark: str) -> RenderableType:
    """Return rows as a table, or where it is too wide as a block of lines for each row.

    Parameters
    ----------
    schema:
        Of the result.
    rows:
        Of `Result.rows`.
    width:
        Of the output.
    mark:
        Replaces what is cut out of a long name.
    """
    from rich.console import Group

    headings = [
        Heading(clean(field.name), field.name, "count" if _is_number(field.type) else "text")
        for field in schema
    ]
    cells = [[_shown(value) for value in row] for row in rows]
    needed = widest(cells, headings)
    least = [
        size if heading.format == "count" else min(size, max(_LEAST_TEXT, len(heading.title)))
        for size, heading in zip(needed, headings, strict=True)
    ]
    if sum(least) + _GAP * len(least) <= width:
        return grid(cells, headings, mark=mark)
    return Group(*(_block(number, headings, row) for number, row in enumerate(cells, 1)))


def _block(number: int, headings: Sequence[Heading], row: Sequence[str]) -> RenderableType:
    """Return a row as lines, one for each column. Long values are wrapped beside the column's name."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        title=f"row {number}",
        title_justify="left",
    )
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for heading, text in zip(headings, row, strict=True):
        table.add_row(Text(f"  {heading.title}"), Text(text))
    return table


def _is_number(type_: Any) -> bool:
    types = pa.types
    return bool(types.is_integer(type_) or types.is_floating(type_) or types.is_decimal(type_))


def _shown(value: Any) -> str:
    """Return a value as text for people: numbers with 6 decimals at most."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = f"{value:.6f}".rstrip("0").rstrip(".")
        return text if abs(value) >= _SMALL or value == 0 else repr(value)
    if isinstance(value, int):
        return str(value)
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
