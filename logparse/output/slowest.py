"""The slowest runs and the longest waits, with their URLs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from logparse.columns import TABLES, Column
from logparse.output.grid import Heading, cells, grid, widest
from logparse.output.words import count, moment

if TYPE_CHECKING:
    from rich.console import RenderableType

_NAMES: Final = {
    "run_s": ("slowest run", "slowest runs"),
    "queue_latency_s": ("longest wait", "longest waits"),
}
#: The columns of the table `invocations` that are shown.
SHOWN: Final = frozenset(
    (
        "invocation_id",
        "job_id",
        "project",
        "bucket",
        "builder",
        "builder_id",
        "build_id",
        "build_number",
        "bot_id",
        "status",
        "created_at",
        "run_s",
        "queue_latency_s",
        "build_url",
    )
)
#: The columns of `slowest`.
COLUMNS: Final = (
    Column("slowest_by", "text", "run_s or queue_latency_s"),
    Column("rank", "int", "1 for the slowest"),
    *(column for column in TABLES["invocations"] if column.name in SHOWN),
)
_MIN_NAME: Final = 16


def slowest(rows: Iterable[Mapping[str, Any]], number: int) -> list[dict[str, Any]]:
    """Return the `number` invocations with the largest run_s, then those with the largest queue_latency_s.

    Rows are those of the table `invocations`. Rows without the value are left out. Of rows with equal values
    the earliest is first. The result's columns are `COLUMNS`.
    """
    listed = list(rows)
    ranked = []
    for metric in _NAMES:
        known = [row for row in listed if row[metric] is not None]
        known.sort(key=lambda row: (-row[metric], str(row["created_at"]), str(row["invocation_id"])))
        for rank, row in enumerate(known[:number], 1):
            shown = {column.name: row.get(column.name) for column in COLUMNS}
            ranked.append({**shown, "slowest_by": metric, "rank": rank})
    return ranked


def slowest_tables(
    ranked: Sequence[Mapping[str, Any]], *, width: int, unicode: bool = True
) -> list[RenderableType]:
    """Return the result of `slowest` as tables, each after an empty line and its heading."""
    from rich.text import Text

    parts: list[RenderableType] = []
    for metric, (one, several) in _NAMES.items():
        rows = [{**row, **_words(row, metric)} for row in ranked if row["slowest_by"] == metric]
        if rows:
            parts += [Text(), Text(count(len(rows), one, several), style="bold")]
            parts += _table(rows, width, unicode=unicode)
    return parts


def _words(row: Mapping[str, Any], metric: str) -> dict[str, Any]:
    number = f" #{row['build_number']}" if row["build_number"] is not None else ""
    created = moment(row["created_at"])
    return {
        "took": row[metric],
        "name": f"{row['rank']}. {row['builder_id'] or row['job_id'] or 'unknown job'}{number}",
        "created": created[:16] if row["created_at"] is not None else created,
        "where": row["build_url"] or f"invocation {row['invocation_id'] or 'without id'}",
    }


def _table(rows: Sequence[Mapping[str, Any]], width: int, *, unicode: bool) -> list[RenderableType]:
    """Return a table with the URL in each row, or below the table if it does not fit in the width."""
    from rich.text import Text

    columns = [
        Heading("build", "name", "text"),
        Heading("took", "took", "seconds"),
        Heading("created (UTC)", "created", "name"),
        Heading("where", "where", "name"),
    ]
    shown = cells(rows, columns)
    mark = "…" if unicode else "..."
    needed = widest(shown, columns)
    room = width - sum(2 + column for column in needed[1:])
    if room >= min(_MIN_NAME, needed[0]):
        return [grid(shown, columns, names=room, mark=mark)]
    room = width - sum(2 + column for column in needed[1:3])
    table = grid([line[:3] for line in shown], columns[:3], names=room, mark=mark)
    urls = [Text(f"{rank}. {line[3]}", overflow="fold") for rank, line in enumerate(shown, 1)]
    return [table, Text(), *urls]
