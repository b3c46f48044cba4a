"""Reading back the tables that ``logparse export`` wrote, with the types that they were written with."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, overload

from logparse.batches.arrow import frame, to_frame
from logparse.batches.parquet import check_version, foreign, read_parquet, table_of
from logparse.columns import TABLES, Column
from logparse.errors import InputError, UnknownTableError, UsageError
from logparse.output.cells import unguarded
from logparse.output.schema import SCHEMA_FILE
from logparse.tables.recordcolumns import json_text

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd

_FORMATS: Final = ("csv", "jsonl", "parquet")
#: A cell and its end. Cells of CSV are quoted or hold neither quotes nor line ends.
_CELL_RE: Final = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*+))(,|\r?\n|\Z)')
_INT_RE: Final = re.compile(r"-?[0-9]{1,19}")
#: A column of whole numbers has 64 bits.
_INT_LIMIT: Final = 2**63


@overload
def read_tables(directory: str | os.PathLike[str]) -> dict[str, pd.DataFrame]: ...
@overload
def read_tables(directory: str | os.PathLike[str], table: str) -> pd.DataFrame: ...
def read_tables(
    directory: str | os.PathLike[str], table: str | None = None
) -> dict[str, pd.DataFrame] | pd.DataFrame:
    """Return the tables that ``logparse export`` wrote to a folder or a file, as `load` gives them.

    Ids are text, times are in UTC, and numbers and truth values can be null. The ``'`` that guards a
    cell of CSV from spreadsheets is removed. A column that the files do not have is null; a column
    that logparse does not know is text.

    Parameters
    ----------
    directory:
        The folder with the files: ``invocations.parquet``, ``invocations.csv`` or
        ``invocations.jsonl``, and so on; or one such file. The table of a file is the one that its
        metadata names, else the one that its own name is.
    table:
        The name of one table; without it, all that the folder has.

    Returns
    -------
    dict of DataFrame, or DataFrame
        The tables by name; or the one table that was asked for.

    Raises
    ------
    InputError
        Where the folder has no table, not that table, or a file that logparse did not write.
    UsageError
        Where `directory` is not a path, or `table` is not the name of a table.
    """
    if not isinstance(directory, (str, os.PathLike)):
        raise UsageError(
            f"read_tables() takes the path of a folder, not {type(directory).__name__}",
            remedy="name the folder that logparse export --table all -o wrote",
        )
    place = Path(directory)
    if table is not None and table not in list(TABLES):
        raise UnknownTableError(table, TABLES)
    files = _files(place, table)
    found = {name: _read(path, name) for name, path in files.items()}
    if table in found:
        return found[table]
    if not found:
        missing = "does not exist" if not place.exists() else f"holds no file of {table or 'a'} table"
        raise InputError(
            missing, source=str(place), remedy=f"write it with logparse export --table all -o {place}"
        )
    return found


def _files(place: Path, table: str | None) -> dict[str, Path]:
    """Return the file of each table that is asked for and that a folder has; or the one file."""
    if place.is_file():
        return {table or _table_of(place): place}
    files = {name: _file(place, name) for name in ([table] if table else TABLES)}
    return {name: path for name, path in files.items() if path is not None}


def _table_of(path: Path) -> str:
    """Return the name of the table that a file holds."""
    named = None
    if _format(path) == "parquet":
        with _opened(path) as file:
            named = table_of(file, str(path))
    if (named or path.stem) not in TABLES:
        raise InputError(
            "does not say which table it holds", source=str(path), remedy=f"name one of {', '.join(TABLES)}"
        )
    return named or path.stem


def _format(path: Path) -> str:
    """Return the format that a file's name says."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise InputError(
            "is not a name for CSV, JSON lines or Parquet",
            source=str(path),
            remedy=f"give it a name that ends in .{', .'.join(_FORMATS)}",
        )
    return suffix


def _file(folder: Path, table: str) -> Path | None:
    """Return the file of a table; there is one at most."""
    found = [path for format_ in _FORMATS if (path := folder / f"{table}.{format_}").is_file()]
    if len(found) > 1:
        raise InputError(
            f"holds {found[0].name} and {found[1].name}", source=str(folder), remedy="remove one of them"
        )
    return found[0] if found else None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, whose errors become one that names it."""
    try:
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror or error})", source=str(path), remedy="check the path"
        ) from error


def _read(path: Path, table: str) -> pd.DataFrame:
    columns, format_ = TABLES[table], _format(path)
    described = _description(path.parent)
    if "schema_version" in described:
        check_version(str(described["schema_version"]), str(path.parent / SCHEMA_FILE))
    with _opened(path) as file:
        if format_ == "parquet":
            return to_frame(read_parquet(file, columns, str(path), table))
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError("is not UTF-8", source=str(path), remedy="export it again") from error
    known = {column.name: column for column in columns}
    if format_ == "csv":
        rows = list(_csv_rows(text, known, str(path), raw=described.get("raw_cells") is True))
    else:
        rows = list(_jsonl_rows(text, known, str(path)))
    more = dict.fromkeys(name for row in rows[:1] for name in row if name not in known)
    return frame(rows, [*columns, *(Column(name, "text", "") for name in more)])


def _description(folder: Path) -> dict[str, Any]:
    """Return the folder's description of its tables, empty where it has none."""
    try:
        described = json.loads((folder / SCHEMA_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    is_ours = isinstance(described, dict) and described.get("name") == "logparse-tables"
    return described if is_ours else {}


def _csv_rows(text: str, known: Mapping[str, Column], source: str, *, raw: bool) -> Iterator[dict[str, Any]]:
    readers = _FROM_CELL | dict.fromkeys(("text", "json"), str) if raw else _FROM_CELL
    lines = _csv_lines(text, source)
    _, header = next(lines, (1, []))
    names = [name or "" for name in header]
    if not known.keys() & set(names):
        raise foreign(source)
    types = [known[name].type if name in known else "text" for name in names]
    for line, cells in lines:
        if len(cells) != len(names):
            raise InputError(
                f"has {len(cells)} cells in a row of {len(names)} columns",
                source=source,
                line=line,
                remedy="export it again",
            )
        row: dict[str, Any] = {}
        for name, type_, cell in zip(names, types, cells, strict=True):
            try:
                row[name] = None if cell is None else readers[type_](cell)
            except (ValueError, KeyError) as error:
                raise _odd(cell, type_, source, line) from error
        yield row


def _csv_lines(text: str, source: str) -> Iterator[tuple[int, list[str | None]]]:
    """Yield each row of CSV with its line: the text of cells, None where nothing is between two commas."""
    cells: list[str | None] = []
    position, line, start = 0, 1, 1
    while position < len(text) or cells:
        found = _CELL_RE.match(text, position)
        if found is None:
            raise InputError("is broken CSV", source=source, line=line, remedy="export it again")
        quoted, bare, end = found.groups()
        cells.append(quoted.replace('""', '"') if quoted is not None else bare or None)
        line += found[0].count("\n")
        position = found.end()
        if end != ",":
            yield start, cells
            cells, start = [], line


def _odd(value: Any, type_: str, source: str, line: int) -> InputError:
    return InputError(
        f"holds {str(value)[:40]!r} in a column of type {type_}",
        source=source,
        line=line,
        remedy="export it again",
    )


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at


def _int(text: str) -> int:
    value = int(text) if _INT_RE.fullmatch(text) else _INT_LIMIT
    if not -_INT_LIMIT <= value < _INT_LIMIT:
        raise ValueError(text)
    return value


_FROM_CELL: Final[dict[str, Callable[[str], Any]]] = {
    "text": unguarded,
    "json": unguarded,
    "int": _int,
    "float": float,
    "bool": {"true": True, "false": False}.__getitem__,
    "time": _time,
}


_JSON_TYPES: Final = {"text": str, "int": int, "float": float, "bool": bool, "time": str}


def _jsonl_rows(text: str, known: Mapping[str, Column], source: str) -> Iterator[dict[str, Any]]:
    # A text can hold other characters that end lines in Python's eyes.
    for line, row_text in enumerate(text.split("\n"), 1):
        if not row_text:
            continue
        try:
            row = json.loads(row_text)
        except (ValueError, RecursionError) as error:
            raise InputError("is broken JSON", source=source, line=line, remedy="export it again") from error
        if not isinstance(row, dict) or not known.keys() & row.keys():
            raise foreign(source)
        try:
            yield {
                name: _from_json(value, known[name].type if name in known else "text")
                for name, value in row.items()
            }
        except ValueError as error:
            raise InputError(
                f"holds a value of another type than its column ({error})",
                source=source,
                line=line,
                remedy="export it again",
            ) from error


def _from_json(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_ == "json":
        return json_text(value)
    if type_ == "time" and isinstance(value, str):
        return _time(value)
    if type_ == "float" and type(value) is int:
        return float(value)
    outside = isinstance(value, int) and not -_INT_LIMIT <= value < _INT_LIMIT
    if type(value) is not _JSON_TYPES[type_] or outside:
        raise ValueError(f"{str(value)[:40]!r} is not {type_}")
    return value
