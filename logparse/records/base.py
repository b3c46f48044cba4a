"""The base class of all records, which are in `logparse.records`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Any

import msgspec


class Record(msgspec.Struct, kw_only=True):
    """The base of all records. Its repr leaves out unknown values, and a notebook shows it as a table."""

    def _known(self) -> Iterator[tuple[str, Any]]:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value != [] and value != {}:
                yield name, value

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(self._known())

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{name}={_short(repr(value)) if isinstance(value, str) else _brief(value)}"
            for name, value in self._known()
        )
        return f"{type(self).__name__}({parts})"

    def _repr_html_(self) -> str:
        return self._table(self._known())

    def _table(self, fields: Iterable[tuple[str, Any]]) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(_brief(value))}</td></tr>"
            for name, value in fields
        )
        return f"<table><caption>{escape(type(self).__name__)}</caption>{rows}</table>"


def _brief(value: Any) -> str:
    """Return a value as one short line: long texts are cut, lists of records are counted."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, Record):
        identifier = getattr(value, "id", None)
        return f"<{type(value).__name__} {identifier}>" if identifier else f"<{type(value).__name__}>"
    if isinstance(value, list) and value and isinstance(value[0], Record):
        return f"<{len(value)} × {type(value[0]).__name__}>"
    return _short(value if isinstance(value, str) and value.isprintable() else repr(value))


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "…"
