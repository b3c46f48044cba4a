"""Tables as CSV, JSON lines and Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Final

from logparse.batches.batch import Batch, rows_of
from logparse.columns import Column
from logparse.errors import one_line
from logparse.output.cells import cell, without_controls
from logparse.output.terminal import Out, ascii_only
from logparse.output.texts import csv_text, json_texts

Batches = Iterable[Batch]
Writer = Callable[[Batches, Sequence[Column], Out], None]

_LINE_END_RE: Final = re.compile(r"\r?\n|\r")
#: Characters that are markup in Markdown. An underscore within a word is not markup.
_MARKUP_RE: Final = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")


def write_csv(batches: Batches, columns: Sequence[Column], out: Out, *, raw: bool = False) -> None:
    """Write a header, and a line for each row.

    Lines end in a newline. Cells with line ends are quoted. An empty text is written as ``""``, and null as
    nothing.

    Parameters
    ----------
    raw:
        Do not change text that a spreadsheet could run as a formula.
    """
    out.write(",".join(c.name for c in columns) + "\n")
    for batch in batches:
        out.write(csv_text(batch, columns, raw=raw))


def write_raw_csv(batches: Batches, columns: Sequence[Column], out: Out) -> None:
    """Write CSV with cells as they are in the log, also those that a spreadsheet could run."""
    write_csv(batches, columns, out, raw=True)


def write_jsonl(batches: Batches, columns: Sequence[Column], out: Out) -> None:
    """Write a JSON object in a line for each row, with every column, null where unknown."""
    escaped = ascii_only(out)
    for batch in batches:
        parts: list[Iterable[str]] = []
        for column in columns:
            parts.append(repeat(f"{', ' if parts else '{'}{json.dumps(column.name)}: "))
            parts.append(json_texts(batch[column.name], column, ascii_only=escaped))
        lines = map("".join, zip(*parts, strict=False))
        out.write(without_controls("}\n".join([*lines, ""])))


def write_markdown(batches: Batches, columns: Sequence[Column], out: Out) -> None:
    """Write a Markdown table."""
    names = [c.name for c in columns]
    out.write("| " + " | ".join(names) + " |\n|" + "|".join(" --- " for _ in names) + "|\n")
    for row in rows_of(batches):
        cells = (_markdown(row[c.name], c) for c in columns)
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
