"""Writing rows: CSV, JSON lines and Markdown, and files that are written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

from logparse.columns import Column
from logparse.errors import LogparseError

Rows = Iterable[Mapping[str, Any]]
Writer = Callable[[Rows, Sequence[Column], TextIO], None]

#: A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Any, column: Column) -> Any:
    """Return a value as JSON has it: times in RFC 3339 with microseconds, JSON columns as objects."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.loads(value) if column.type == "json" else value


def cell(value: Any) -> str:
    """Return a value as a CSV cell: empty for null, and no text that a spreadsheet takes for a formula."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, str):
        # NUL ends a cell early in some readers; the visible symbol for it does not.
        text = value.replace("\0", "\N{SYMBOL FOR NULL}")
        return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    return repr(value) if isinstance(value, float) else str(value)


def write_csv(rows: Rows, columns: Sequence[Column], out: TextIO) -> None:
    """Write a header and a line a row. Lines end in a newline alone; cells with line ends are quoted."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([c.name for c in columns])
    for row in rows:
        writer.writerow([cell(row.get(c.name)) for c in columns])


def write_jsonl(rows: Rows, columns: Sequence[Column], out: TextIO) -> None:
    """Write a JSON object a line with every column, null where unknown."""
    for row in rows:
        record = {c.name: plain(row.get(c.name), c) for c in columns}
        out.write(json.dumps(record, ensure_ascii=False) + "\n")


def write_markdown(rows: Rows, columns: Sequence[Column], out: TextIO) -> None:
    """Write a Markdown table."""
    names = [c.name for c in columns]
    out.write("| " + " | ".join(names) + " |\n|" + "|".join(" --- " for _ in names) + "|\n")
    for row in rows:
        cells = (_markdown(row.get(c.name)) for c in columns)
        out.write("| " + " | ".join(cells) + " |\n")


def _markdown(value: Any) -> str:
    text = "" if value is None or value != value else value if isinstance(value, str) else cell(value)
    for character, escaped in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("\n", " ")):
        text = text.replace(character, escaped)
    return text


WRITERS: Final[dict[str, Writer]] = {"csv": write_csv, "jsonl": write_jsonl, "markdown": write_markdown}


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[TextIO]:
    """Give a file to write to that appears as `path` only when all of it is written.

    Parameters
    ----------
    force:
        Replace a file that exists.

    Raises
    ------
    LogparseError
        Where `path` exists and `force` is not set, or cannot be written.
    """
    if path.exists() and not force:
        raise LogparseError("exists already", source=str(path), remedy="overwrite it with --force")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise _cannot_write(path, error) from error
    temporary = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as out:
            yield out
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> LogparseError:
    cause = (error.strerror or "cannot be written").lower()
    return LogparseError(cause, source=str(path), remedy="write to another place with -o")
