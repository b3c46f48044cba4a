"""Comparisons of values, in frames and in SQL."""

from __future__ import annotations

import operator as operators
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from logparse.lazy import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: A condition in DuckDB's SQL, and the values of its ``?``, in order.
Sql: TypeAlias = tuple[str, list[Any]]

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = str.maketrans(_UPPER, _UPPER.lower())


class Truth(NamedTuple):
    """The truth of a test for each row of a frame: where it holds, and where it is unknown."""

    holds: NDArray[Any]
    unknown: NDArray[Any]


#: Comparisons of a column with a value. With `in` the column is compared with one value after another.
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operators.eq,
    "in": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


def compared(column: pd.Series[Any], operator: str, value: Any) -> NDArray[Any]:
    """Return where a comparison of a column holds."""
    holds: NDArray[Any] = _COMPARE[operator](column, value).fillna(False).to_numpy(dtype=bool)
    return holds


def is_null(column: pd.Series[Any]) -> NDArray[Any]:
    """Return for each value of a column whether it is null."""
    nulls: NDArray[Any] = column.isna().to_numpy(dtype=bool)
    return nulls


def known(value: Any) -> str | None:
    """Return a value of a column of text, None for any form of null."""
    return value if isinstance(value, str) else None


def truth_of_texts(texts: Sequence[str | None], operator: str, values: Sequence[str]) -> Truth:
    """Return the truth of a comparison of texts, of which None is unknown."""
    fitting = {text: text is not None and fits(text, operator, values) for text in set(texts)}
    return Truth(flags(fitting[text] for text in texts), flags(text is None for text in texts))


def flags(values: Iterable[bool]) -> NDArray[Any]:
    """Return truth values as an array."""
    made: NDArray[Any] = np.fromiter(values, dtype=bool)
    return made


def fits(text: str, operator: str, values: Sequence[str]) -> bool:
    """Whether a comparison of a known text holds."""
    if operator in ("=", "in"):
        return text in values
    if operator == "!=":
        return text not in values
    return _contains(text, values[0]) == (operator == "~")


def _contains(text: str, pattern: str) -> bool:
    """Whether a text has the parts of a pattern between ``*`` in this order. ASCII's case does not count."""
    lowered, at = text.translate(_LOWER), 0
    for part in pattern.translate(_LOWER).split("*"):
        found = lowered.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def in_sql(subject: str, operator: str, values: Sequence[Any]) -> Sql:
    """Return a comparison of an expression in SQL."""
    if operator == "is null":
        return f"({subject} IS NULL)", []
    if operator == "in":
        return f"({subject} IN ({', '.join('?' for _ in values)}))", [*values]
    if operator in ("~", "!~"):
        lowered = f"translate({subject}, '{_UPPER}', '{_UPPER.lower()}')"
        like = "LIKE" if operator == "~" else "NOT LIKE"
        return f"({lowered} {like} ? ESCAPE '\\')", [_like(values[0])]
    return f"({subject} {operator} ?)", [values[0]]


def _like(pattern: str) -> str:
    escaped = re.sub(r"([%_\\])", r"\\\1", pattern.translate(_LOWER))
    return f"%{escaped.replace('*', '%')}%"
