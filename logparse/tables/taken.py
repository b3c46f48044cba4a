"""The arguments of functions of tables: a table as a frame, or records. Others raise `UsageError`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from logparse.batches.arrow import frame, frame_of
from logparse.columns import TABLES
from logparse.errors import UsageError, choices
from logparse.records import Invocation
from logparse.tables.rows import invocation_batches

if TYPE_CHECKING:
    import pandas as pd
else:
    from logparse.lazy import pandas as pd


def invocations(given: object, function: str, needed: Iterable[str] = ()) -> pd.DataFrame:
    """Return the table ``invocations``, given as a frame or as records, as a frame with the needed columns.

    Raises
    ------
    UsageError
        If `given` is something else, or lacks one of the columns `needed`.
    """
    if not isinstance(given, pd.DataFrame):
        found = records(given, (Invocation,), function, "invocations")
        given = frame_of(invocation_batches(found), TABLES["invocations"])
    return checked(given, function, "invocations", needed)


def records(given: Any, types: tuple[type, ...], function: str, table: str) -> list[Any]:
    """Return one or more records as a list.

    Raises
    ------
    UsageError
        If `given`, or an item of it, is not a record of one of the `types`.
    """
    if isinstance(given, types):
        return [given]
    listed = list(given) if _iterable(given) else [given]
    for item in listed:
        if not isinstance(item, types):
            inside = "" if item is given else f" with an item of type {type(item).__name__}"
            names = choices(kind.__name__ for kind in types)
            raise UsageError(
                f"{function}() takes the table {table} or records of type {names},"
                f" not {type(given).__name__}{inside}",
                remedy=_remedy(given, table),
            )
    return listed


def _iterable(given: object) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping))


def _remedy(given: object, table: str) -> str:
    if isinstance(getattr(given, table, None), pd.DataFrame):
        return f"pass its table, as data.{table}"
    return f"pass lp.load(…).{table}, or what lp.parse returned"


def checked(given: object, function: str, table: str, needed: Iterable[str]) -> pd.DataFrame:
    """Return a frame that has the needed columns. A frame without rows and columns is the empty table.

    Raises
    ------
    UsageError
        If `given` is not a frame, or lacks one of the columns `needed`.
    """
    if not isinstance(given, pd.DataFrame):
        raise UsageError(
            f"{function}() takes the table {table}, not {type(given).__name__}",
            remedy=_remedy(given, table),
        )
    if given.empty and not len(given.columns):
        return frame([], TABLES[table])
    missing = [column for column in needed if column not in given.columns]
    if missing:
        raise UsageError(
            f"{function}() needs the columns {', '.join(needed)} of the table {table},"
            f" and this frame lacks {', '.join(missing)}",
            remedy=f"pass lp.load(…).{table} with all of its columns",
        )
    return given
