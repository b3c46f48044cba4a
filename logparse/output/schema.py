"""The tables described as a Frictionless data package with Table Schemas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from logparse.columns import SCHEMA_VERSION, TABLE_MEANINGS, TABLES, Column

#: The file beside the tables that describes them.
SCHEMA_FILE: Final = "schema.json"
#: Types of Frictionless' Table Schema. A cell of JSON is an object or a list.
_TYPES: Final = {
    "text": "string",
    "json": "any",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "time": "datetime",
}
_MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}


def package(tables: Iterable[str], format_: str = "csv", *, raw_cells: bool = False) -> dict[str, Any]:
    """Return the description of tables, each in a file of its name, as a Frictionless data package.

    Every field has its name, type and description, and its ``unit`` where it has one.

    Parameters
    ----------
    raw_cells:
        Whether cells of CSV are written without the guard against formulas.
    """
    return {
        "profile": "data-package",
        "name": "logparse-tables",
        "schema_version": SCHEMA_VERSION,
        "raw_cells": raw_cells,
        "resources": [_resource(name, format_) for name in tables],
    }


def _resource(table: str, format_: str) -> dict[str, Any]:
    fields = [_field(column) for column in TABLES[table]]
    is_text = format_ != "parquet"
    return {
        "name": table,
        "path": f"{table}.{format_}",
        "description": TABLE_MEANINGS[table],
        "format": format_,
        "mediatype": _MEDIA_TYPES[format_],
        **({"encoding": "utf-8"} if is_text else {}),
        "schema": {"fields": fields, **({"missingValues": [""]} if is_text else {})},
    }


def _field(column: Column) -> dict[str, Any]:
    field = {"name": column.name, "type": _TYPES[column.type], "description": column.meaning}
    if column.unit is not None:
        field["unit"] = column.unit
    return field
