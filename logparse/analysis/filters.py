"""Filters: which invocations count, written as ``status=FAILED and builder~asan and run_s>1h``.

A filter is read once and typed by the schema. It chooses rows of a frame, and it is a condition in SQL. Both
choose the same rows, by SQL's logic: a comparison with an unknown value is unknown, and so is its negation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from logparse.analysis.comparisons import Sql, Truth
from logparse.analysis.expressions import Comparison, Node, Not, Some, parse_expression
from logparse.analysis.fields import Field, field_named
from logparse.lazy import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def parse_filter(text: str, *, now: datetime | None = None) -> Filter:
    """Return the filter that a text is.

    Tests are ``column=value``, with ``!=``, ``<``, ``<=``, ``>``, ``>=``; ``~`` for a text that contains
    another, in which ``*`` is any text and ASCII's case does not count, and ``!~``; ``column in (a, b)``;
    ``column is null`` and ``is not null``. They are joined by ``and``, ``or``, ``not`` and parentheses.
    Values with blanks or signs are quoted. Columns are those of the table `invocations`; ``prop.NAME`` is
    an input property of the build, ``tag.KEY`` one of its tags. Durations are seconds, or ``1h30m``; times
    are days, times in ISO 8601 (UTC), or ``-7d`` for seven days ago.

    Parameters
    ----------
    now:
        The time that times like ``-7d`` are counted from; by default the current time.

    Raises
    ------
    UsageError
        Where the text is not a filter, with the place, the nearest column, or the form of a value.
    """
    return Filter(text, _typed(parse_expression(text), now))


@dataclass(frozen=True, slots=True)
class _Compared:
    """A test with its field and its typed values."""

    field: Field
    operator: str
    values: list[Any]


#: A tree of an expression, with `_Compared` in the place of each `Comparison`.
_Tree: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of invocations. `parse_filter` makes it.

    Attributes
    ----------
    text:
        The filter as written.
    """

    text: str
    _tree: _Tree

    def rows(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return for each row of a frame whether the filter chooses it.

        Parameters
        ----------
        frame:
            With the columns of the table `invocations` that the filter names.
        """
        return _truth(self._tree, frame).holds

    def sql(self) -> Sql:
        """Return the filter as a condition in DuckDB's SQL, and the values of its ``?``, in order."""
        parameters: list[Any] = []
        return _condition(self._tree, parameters), parameters

    @property
    def columns(self) -> list[str]:
        """The columns of the table `invocations` that the filter needs."""
        return sorted({test.field.column for test in _tests(self._tree)})

    @property
    def created(self) -> tuple[datetime | None, datetime | None]:
        """The earliest and the latest creation that it can choose; None for no limit."""
        return _span(self._tree)


def _span(tree: _Tree) -> tuple[datetime | None, datetime | None]:
    """Return the earliest and the latest value of ``created_at`` for which a tree can hold."""
    if isinstance(tree, _Compared):
        if tree.field.column != "created_at" or not tree.values:
            return None, None
        first = min(tree.values) if tree.operator in ("=", "in", ">", ">=") else None
        last = max(tree.values) if tree.operator in ("=", "in", "<", "<=") else None
        return first, last
    if isinstance(tree, Not):
        return None, None
    spans = [_span(part) for part in tree.parts]
    firsts, lasts = [first for first, _ in spans], [last for _, last in spans]
    if isinstance(tree, Some):
        return (
            None if None in firsts else min(filter(None, firsts)),
            None if None in lasts else max(filter(None, lasts)),
        )
    return max(filter(None, firsts), default=None), min(filter(None, lasts), default=None)


def _typed(node: Node, now: datetime | None) -> _Tree:
    if isinstance(node, Comparison):
        field = field_named(node.name, now)
        return _Compared(field, node.operator, field.checked(node.operator, node.values))
    if isinstance(node, Not):
        return Not(_typed(node.part, now))
    return type(node)(tuple(_typed(part, now) for part in node.parts))


def _tests(tree: _Tree) -> list[_Compared]:
    if isinstance(tree, _Compared):
        return [tree]
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return [test for part in parts for test in _tests(part)]


def _truth(tree: _Tree, frame: pd.DataFrame) -> Truth:
    if isinstance(tree, _Compared):
        if tree.operator == "is null":
            return Truth(tree.field.unknown(frame), np.zeros(len(frame), dtype=bool))
        return tree.field.truth(frame, tree.operator, tree.values)
    if isinstance(tree, Not):
        part = _truth(tree.part, frame)
        return Truth(~part.holds & ~part.unknown, part.unknown)
    parts = [_truth(part, frame) for part in tree.parts]
    if isinstance(tree, Some):
        holds = np.logical_or.reduce([part.holds for part in parts])
        return Truth(holds, ~holds & np.logical_or.reduce([part.unknown for part in parts]))
    holds = np.logical_and.reduce([part.holds for part in parts])
    fails = np.logical_or.reduce([~part.holds & ~part.unknown for part in parts])
    return Truth(holds, ~holds & ~fails)


def _condition(tree: _Tree, parameters: list[Any]) -> str:
    if isinstance(tree, _Compared):
        condition, values = tree.field.sql(tree.operator, tree.values)
        parameters += values
        return condition
    if isinstance(tree, Not):
        return f"(NOT {_condition(tree.part, parameters)})"
    sign = " OR " if isinstance(tree, Some) else " AND "
    return f"({sign.join(_condition(part, parameters) for part in tree.parts)})"
