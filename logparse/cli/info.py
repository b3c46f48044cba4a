"""``logparse info``: the contents of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from logparse.cli.answers import FORMATS, Answer, readable, table_of, write_answer
from logparse.cli.options import chosen_format, format_option, output
from logparse.errors import UsageError
from logparse.output.files import ready
from logparse.output.grid import Heading
from logparse.output.words import count, size

if TYPE_CHECKING:
    from rich.console import RenderableType

    from logparse.store.reading import Store

_HEADINGS: Final = (
    Heading("table", "table", "name"),
    Heading("rows", "rows", "count"),
    Heading("days", "days", "count"),
    Heading("first", "first_day", "name"),
    Heading("last", "last_day", "name"),
    Heading("days without rows", "missing", "count"),
    Heading("files", "files", "count"),
    Heading("size", "size", "name"),
    Heading("version", "schema_version", "count"),
)
#: So many days without invocations are named.
_NAMED_DAYS: Final = 10


@click.command(
    "info",
    epilog="""\b
Examples:
  logparse info data/
  logparse info data/ --format json | jq .missing_days""",
)
@click.argument("folder", metavar="DIR")
@format_option(FORMATS, "table")
@output
def command(folder: str, format_: str | None, output: Path | None, force: bool) -> int:
    """Print rows, days, files and sizes of a dataset's tables, its versions, and days without data."""
    chosen = chosen_format(format_, output, FORMATS, "table")
    if output is not None:
        ready(output, force=force)
    from logparse.store.info import INFO, info
    from logparse.store.layout import local
    from logparse.store.reading import Store

    try:
        store = Store(local(folder))
    except UsageError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error

    def show(rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
        return _shown(store, readable(rows, INFO), width)

    write_answer(info(store), INFO, Answer(len(INFO), chosen, output, force), show)
    return 0


def _shown(store: Store, rows: Sequence[Mapping[str, Any]], width: int) -> Iterator[RenderableType]:
    """Yield lines about the dataset, and the table of its tables."""
    import json

    from rich.text import Text

    from logparse.store.info import inputs_of

    manifest, read = store.manifest, inputs_of(store)
    by_version = ", ".join(f"{number:,} by logparse {version}" for version, number in read.versions.items())
    parts = [f"{count(sum(read.versions.values()), 'input')}: {by_version or 'none'}"]
    if read.failed:
        parts.append(f"{read.failed:,} of them failed")
    yield Text("; ".join(parts))
    yield Text(
        f"written by logparse {manifest.logparse}; dataset version {manifest.version},"
        f" tables version {manifest.schema_version}"
    )
    if manifest.retention_s is not None:
        yield Text(f"days older than {manifest.retention_s / 86_400:g} days are dropped")
    shown = [
        {**row, "missing": len(json.loads(row["missing_days"] or "[]")), "size": size(row["bytes"])}
        for row in rows
    ]
    for row in shown:
        if row["table"] == "invocations" and row["missing"]:
            days = json.loads(row["missing_days"])
            more = f" and {len(days) - _NAMED_DAYS} more" if len(days) > _NAMED_DAYS else ""
            yield Text(f"days without invocations: {', '.join(days[:_NAMED_DAYS])}{more}")
    yield from table_of(shown, _HEADINGS, len(shown), width)
