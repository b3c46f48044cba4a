"""The fields that a filter can test, typed by the schema: columns, properties and tags."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from logparse.analysis.comparisons import (
    Sql,
    Truth,
    compared,
    fits,
    flags,
    in_sql,
    is_null,
    known,
    truth_of_texts,
)
from logparse.columns import TABLES, Column
from logparse.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
else:
    from logparse.lazy import pandas as pd
from logparse.lazy import numpy as np

_ORDERS: Final = ("<", "<=", ">", ">=")
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_NUMBER: Final = r"[0-9]{1,18}(?:\.[0-9]{1,9})?"
_NUMBER_RE: Final = re.compile(rf"-?{_NUMBER}")
_DURATION_RE: Final = re.compile(rf"(-?)((?:{_NUMBER}(?:ms|[smhdw]))++)")
_TERM_RE: Final = re.compile(rf"({_NUMBER})(ms|[smhdw])")
#: A number in JSON that is compared by its size.
_PLAIN_NUMBER: Final = r"-?[0-9]{1,15}(\.[0-9]{1,9})?"
_PLAIN_NUMBER_RE: Final = re.compile(_PLAIN_NUMBER)


class Field(ABC):
    """Something that rows have and a filter can test."""

    #: The operators that it takes, besides ``is null``.
    takes: Sequence[str] = ()

    def __init__(self, name: str, column: str) -> None:
        self.name = name
        self.column = column

    @abstractmethod
    def read(self, text: str) -> Any:
        """Return a value as written in a filter with the type of the field.

        Raises
        ------
        UsageError
            Where the text is not such a value.
        """

    @abstractmethod
    def truth(self, frame: pd.DataFrame, operator: str, values: Sequence[Any]) -> Truth:
        """Return where a test holds in a frame of the table `invocations`."""

    @abstractmethod
    def unknown(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return for each row of a frame whether it has no value."""

    @abstractmethod
    def sql(self, operator: str, values: Sequence[Any]) -> Sql:
        """Return a test as a condition in SQL."""

    def checked(self, operator: str, values: Iterable[str]) -> list[Any]:
        """Return the values of a test, typed.

        Raises
        ------
        UsageError
            Where the field does not take the operator or a value.
        """
        if operator != "is null" and operator not in self.takes:
            raise UsageError(
                f"{self.name} cannot be compared with {operator}", remedy=f"use {', '.join(self.takes)}"
            )
        return [self.read(value) for value in values]


class Ordered(Field):
    """A column of numbers, of times or of truth values."""

    takes = ("=", "!=", *_ORDERS, "in")

    def __init__(self, column: Column, read: Callable[[str], Any], like: str) -> None:
        super().__init__(column.name, column.name)
        self._read = read
        self._like = like

    def read(self, text: str) -> Any:
        """Return the number, time or truth value that a text is."""
        found = self._read(text)
        if found is None:
            raise UsageError(f"{self.name} cannot be {text!r}", remedy=f"write it as {self._like}")
        return found

    def truth(self, frame: pd.DataFrame, operator: str, values: Sequence[Any]) -> Truth:
        """Compare the values of the column."""
        fitting = [compared(frame[self.column], operator, value) for value in values]
        unknown = self.unknown(frame)
        return Truth(np.logical_or.reduce(fitting) & ~unknown, unknown)

    def unknown(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return for each row of a frame whether it has no value."""
        return is_null(frame[self.column])

    def sql(self, operator: str, values: Sequence[Any]) -> Sql:
        """Compare the values of the column."""
        return in_sql(f'"{self.column}"', operator, values)


class Text(Field):
    """A column of text."""

    takes = ("=", "!=", "~", "!~", "in")

    def read(self, text: str) -> str:
        """Return the text."""
        return text

    def truth(self, frame: pd.DataFrame, operator: str, values: Sequence[Any]) -> Truth:
        """Compare the values of the column."""
        return truth_of_texts([known(value) for value in frame[self.column]], operator, values)

    def unknown(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return for each row of a frame whether it has no value."""
        return is_null(frame[self.column])

    def sql(self, operator: str, values: Sequence[Any]) -> Sql:
        """Compare the values of the column."""
        return in_sql(f'"{self.column}"', operator, values)


class Property(Field):
    """An input property of the build: a text, a number or a truth value of JSON. Others are unknown."""

    takes = ("=", "!=", "~", "!~", *_ORDERS, "in")

    def __init__(self, name: str) -> None:
        super().__init__(f"prop.{name}", "input_properties")
        self._property = name

    def read(self, text: str) -> str:
        """Return the text."""
        return text

    def checked(self, operator: str, values: Iterable[str]) -> list[Any]:
        """Return the values of a test; numbers for a comparison of sizes."""
        found = super().checked(operator, values)
        if operator not in _ORDERS:
            return found
        numbers = [_number(value) for value in found]
        if None in numbers:
            raise UsageError(f"{self.name} is compared with a number by {operator}", remedy="write it as 100")
        return numbers

    def truth(self, frame: pd.DataFrame, operator: str, values: Sequence[Any]) -> Truth:
        """Compare the values of the property."""
        texts = self._values(frame)
        if operator not in _ORDERS:
            return truth_of_texts(texts, operator, values)
        numbers = [float(t) if t and _PLAIN_NUMBER_RE.fullmatch(t) else np.nan for t in texts]
        column = pd.Series(numbers, dtype="float64")
        return Truth(compared(column, operator, values[0]), is_null(column))

    def unknown(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return for each row of a frame whether it has no value."""
        return flags(text is None for text in self._values(frame))

    def _values(self, frame: pd.DataFrame) -> list[str | None]:
        return [self._value(known(value)) for value in frame[self.column]]

    def _value(self, properties: str | None) -> str | None:
        value = None if properties is None else json.loads(properties).get(self._property)
        if isinstance(value, bool):
            return "true" if value else "false"
        return None if value is None or isinstance(value, (dict, list)) else str(value)

    def sql(self, operator: str, values: Sequence[Any]) -> Sql:
        """Compare the values of the property."""
        quoted = self._property.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''")
        path = f"""'$."{quoted}"'"""
        text = (
            f"CASE WHEN json_type(\"{self.column}\", {path}) IN ('OBJECT', 'ARRAY') THEN NULL"
            f' ELSE json_extract_string("{self.column}", {path}) END'
        )
        if operator not in _ORDERS:
            return in_sql(f"({text})", operator, values)
        number = f"CASE WHEN regexp_full_match({text}, '{_PLAIN_NUMBER}') THEN CAST(({text}) AS DOUBLE) END"
        return in_sql(f"({number})", operator, values)


class Tag(Field):
    """A tag of the build. It can have several values, of which one must fit. Without any it is unknown."""

    takes = ("=", "!=", "~", "!~", "in")

    def __init__(self, key: str) -> None:
        super().__init__(f"tag.{key}", "tags")
        self._start = f"{key}:"

    def read(self, text: str) -> str:
        """Return the text."""
        return text

    def truth(self, frame: pd.DataFrame, operator: str, values: Sequence[Any]) -> Truth:
        """Compare the values of the tag."""
        found = [self._values(known(value)) for value in frame[self.column]]
        holds = (any(fits(one, operator, values) for one in listed) for listed in found)
        return Truth(flags(holds), self.unknown(frame))

    def unknown(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return for each row of a frame whether it has no value."""
        return flags(not self._values(known(value)) for value in frame[self.column])

    def _values(self, tags: str | None) -> list[str]:
        listed = [] if tags is None else json.loads(tags)
        return [tag.removeprefix(self._start) for tag in listed if tag.startswith(self._start)]

    def sql(self, operator: str, values: Sequence[Any]) -> Sql:
        """Compare the values of the tag."""
        start = self._start.replace("'", "''")
        listed = (
            f"""list_filter(from_json("{self.column}", '["VARCHAR"]'), lambda t: starts_with(t, '{start}'))"""
        )
        if operator == "is null":
            return f"(coalesce(len({listed}), 0) = 0)", []
        condition, parameters = in_sql(f"substr(t, {len(self._start) + 1})", operator, values)
        fitting = f"len(list_filter({listed}, lambda t: {condition})) > 0"
        return f"(CASE WHEN coalesce(len({listed}), 0) > 0 THEN {fitting} END)", parameters


# --- names ------------------------------------------------------------------------------------


def field_named(name: str, now: datetime | None = None) -> Field:
    """Return the field of a name: a column of the table `invocations`, ``prop.NAME`` or ``tag.KEY``.

    Parameters
    ----------
    now:
        The time that times like ``-7d`` are counted from.

    Raises
    ------
    UsageError
        For a name that is not a column. The message proposes the nearest one.
    """
    if name.startswith("prop."):
        return Property(name.removeprefix("prop."))
    if name.startswith("tag."):
        return Tag(name.removeprefix("tag."))
    columns = {column.name: column for column in TABLES["invocations"]}
    if name not in columns:
        like = get_close_matches(name, columns, 1)
        asked = f"did you mean {like[0]!r}? " if like else ""
        raise UsageError(
            f"{name!r} is not a column of invocations", remedy=f"{asked}logparse schema names all columns"
        )
    return _of_column(columns[name], now)


def _of_column(column: Column, now: datetime | None) -> Field:
    if column.type == "json":
        key = "tag.KEY" if column.name == "tags" else "prop.NAME" if "properties" in column.name else ""
        raise UsageError(
            f"{column.name} holds JSON and cannot be compared", remedy=f"use {key or 'another column'}"
        )
    if column.type == "text":
        return Text(column.name, column.name)
    if column.type == "bool":
        return Ordered(column, {"true": True, "false": False}.get, "true or false")
    if column.type == "time":
        return Ordered(column, lambda text: read_time(text, now), "2020-11-17, 2020-11-17T04:33 or -7d")
    if column.unit == "s":
        return Ordered(column, read_seconds, "90, 90s, 1h30m or 2d")
    return Ordered(column, _number, "10 or 0.5")


def _number(text: str) -> float | None:
    if not _NUMBER_RE.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def read_seconds(text: str) -> float | None:
    """Return a number of seconds, or a duration with units."""
    found = _DURATION_RE.fullmatch(text)
    if found is None:
        return _number(text)
    total = sum(float(number) * _UNITS_S[unit] for number, unit in _TERM_RE.findall(found[2]))
    return -total if found[1] else total


def read_time(text: str, now: datetime | None = None) -> datetime | None:
    """Return the time that a text is, in UTC, or None.

    It is a day, which means its beginning; a time in ISO 8601, in UTC unless it names an offset; or a time
    before now, as ``-7d`` or ``-12h``.
    """
    ago = read_seconds(text[1:]) if text.startswith("-") and _DURATION_RE.fullmatch(text) else None
    if ago is not None:
        try:
            return (now or datetime.now(UTC)) - timedelta(seconds=ago)
        except OverflowError:
            return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
