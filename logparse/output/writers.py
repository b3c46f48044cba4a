"""Rows of tables as CSV, JSON lines and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from logparse.columns import Column
from logparse.errors import one_line
from logparse.output.cells import cell, json_line, plain
from logparse.output.terminal import Out, ascii_only

Rows = Iterable[Mapping[str, Any]]
Writer = Callable[[Rows, Sequence[Column], Out], None]

#: Cells of CSV with one of these are quoted.
_QUOTED_RE: Final = re.compile(r'[,"\r\n]')
_LINE_END_RE: Final = re.compile(r"\r?\n|\r")
#: Characters that are markup in Markdown. An underscore within a word is not markup.
_MARKUP_RE: Final = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")


def write_csv(rows: Rows, columns: Sequence[Column], out: Out, *, raw: bool = False) -> None:
    """Write a header, and a line for each row.

    Lines end in a newline. Cells with line ends are quoted. An empty text is written as ``""``, and null as
    nothing.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    out.write(",".join(c.name for c in columns) + "\n")
    for row in rows:
        out.write(",".join(quoted(cell(row.get(c.name), c, raw=raw)) for c in columns) + "\n")


def write_raw_csv(rows: Rows, columns: Sequence[Column], out: Out) -> None:
    """Write CSV with cells as they are in the log, also those that a spreadsheet could run."""
    write_csv(rows, columns, out, raw=True)


def quoted(text: str | None) -> str:
    """Return a cell of CSV: quoted where it must be, nothing for null."""
    if text is None:
        return ""
    if text and not _QUOTED_RE.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def write_jsonl(rows: Rows, columns: Sequence[Column], out: Out) -> None:
    """Write a JSON object in a line for each row, with every column, null where unknown."""
    escaped = ascii_only(out)
    for row in rows:
        record = {c.name: plain(row.get(c.name), c) for c in columns}
        out.write(json_line(record, ascii_only=escaped) + "\n")


def write_markdown(rows: Rows, columns: Sequence[Column], out: Out) -> None:
    """Write a Markdown table."""
    names = [c.name for c in columns]
    out.write("| " + " | ".join(names) + " |\n|" + "|".join(" --- " for _ in names) + "|\n")
    for row in rows:
        cells = (_markdown(row.get(c.name), c) for c in columns)
        out.write("| " + " | ".join(cells) + " |\n")


def _markdown(value: Any, column: Column) -> str:
    if not isinstance(value, str):
        return cell(value, column) or ""
    text = one_line(_LINE_END_RE.sub(" ", value))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP_RE.sub(r"\\\g<0>", text)


WRITERS: Final[dict[str, Writer]] = {
    "csv": write_csv,
    "raw csv": write_raw_csv,
    "jsonl": write_jsonl,
    "markdown": write_markdown,
}
