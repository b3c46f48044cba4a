"""Writing rows: CSV, JSON lines and Markdown, and files that are written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

from logparse.columns import Column
from logparse.errors import LogparseError, one_line

Rows = Iterable[Mapping[str, Any]]
Writer = Callable[[Rows, Sequence[Column], TextIO], None]

#: A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
#: Control characters that JSON leaves as they are.
_CONTROL_RE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029]")
_LINE_END_RE: Final = re.compile(r"\r?\n|\r")
#: What Markdown takes for markup. An underscore within a word is none.
_MARKUP_RE: Final = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")


def plain(value: Any, column: Column) -> Any:
    """Return a value as JSON has it: times in RFC 3339 with microseconds, JSON columns as objects."""
    if value is None or value != value:
        return None
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if column.type == "float":
        return float(value)
    return json.loads(value) if column.type == "json" else value


def json_line(value: Any, *, ascii_only: bool = False, indent: int | None = None) -> str:
    """Return a value as JSON in which nothing can repaint a terminal; ASCII where the output needs that."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    return _CONTROL_RE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def ascii_only(out: TextIO) -> bool:
    """Whether an output cannot show all of Unicode."""
    return "utf" not in (getattr(out, "encoding", None) or "utf-8").lower()


def cell(value: Any, column: Column) -> str:
    """Return a value as a CSV cell: empty for null, and no text that a spreadsheet takes for a formula."""
    if isinstance(value, str):
        # NUL ends a cell early in some readers; the visible symbol for it does not.
        text = value.replace("\0", "\N{SYMBOL FOR NULL}")
        return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
    told = plain(value, column)
    if told is None:
        return ""
    if isinstance(told, bool):
        return "true" if told else "false"
    return repr(told) if isinstance(told, float) else str(told)


class _Lines:
    """Lines of CSV without csv's own end, which holds a carriage return so that csv quotes those in cells."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, line: str) -> None:
        self._out.write(line.removesuffix("\r\n") + "\n")


def write_csv(rows: Rows, columns: Sequence[Column], out: TextIO) -> None:
    """Write a header and a line a row. Lines end in a newline alone; cells with line ends are quoted."""
    writer = csv.writer(_Lines(out), lineterminator="\r\n")
    writer.writerow([c.name for c in columns])
    for row in rows:
        writer.writerow([cell(row.get(c.name), c) for c in columns])


def write_jsonl(rows: Rows, columns: Sequence[Column], out: TextIO) -> None:
    """Write a JSON object a line with every column, null where unknown."""
    escaped = ascii_only(out)
    for row in rows:
        record = {c.name: plain(row.get(c.name), c) for c in columns}
        out.write(json_line(record, ascii_only=escaped) + "\n")


def write_markdown(rows: Rows, columns: Sequence[Column], out: TextIO) -> None:
    """Write a Markdown table."""
    names = [c.name for c in columns]
    out.write("| " + " | ".join(names) + " |\n|" + "|".join(" --- " for _ in names) + "|\n")
    for row in rows:
        cells = (_markdown(row.get(c.name), c) for c in columns)
        out.write("| " + " | ".join(cells) + " |\n")


def _markdown(value: Any, column: Column) -> str:
    if not isinstance(value, str):
        return cell(value, column)
    text = one_line(_LINE_END_RE.sub(" ", value))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP_RE.sub(r"\\\g<0>", text)


WRITERS: Final[dict[str, Writer]] = {"csv": write_csv, "jsonl": write_jsonl, "markdown": write_markdown}


def ready(path: Path, *, force: bool = False) -> None:
    """Fail where `path` cannot become a file that is written, before any work.

    Raises
    ------
    LogparseError
        Where it is a directory or in none, or where it exists and `force` is not set.
    """
    if os.path.isdir(path):
        raise LogparseError("is a directory", source=str(path), remedy="name a file with -o")
    if not os.path.isdir(path.parent):
        raise LogparseError(
            "is in no directory that exists", source=str(path), remedy="make the directory, or name another"
        )
    if os.path.isfile(path) and not force:
        raise LogparseError("exists already", source=str(path), remedy="overwrite it with --force")


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[TextIO]:
    """Give a file to write to that appears as `path` only when all of it is written.

    Parameters
    ----------
    force:
        Replace a file that exists. Devices and pipes are written to in any case.

    Raises
    ------
    LogparseError
        Where `path` exists and `force` is not set, or cannot be written.
    """
    ready(path, force=force)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as out:
                yield out
            return
        # A link stays a link: what it leads to is replaced.
        target = Path(os.path.realpath(path))
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".logparse-", suffix=".part")
        temporary = Path(name)
        try:
            # A payload can escape half a surrogate pair, which UTF-8 cannot hold.
            with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as out:
                yield out
            temporary.chmod(_mode(target))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise LogparseError(
            f"cannot be written ({error.strerror or error})",
            source=str(path),
            remedy="name another file with -o",
        ) from error


def _mode(path: Path) -> int:
    """Return the permissions of a file that is replaced, else those that a new file gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
