"""Tables as files of Parquet, written row group by row group, and read back.

A file names its table and the version of the tables in its metadata, as ``logparse.table`` and
``logparse.schema_version``. Each field has its ``meaning`` and its ``unit``. Metadata of pandas makes
`pandas.read_parquet` give the types that `logparse.load` gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from logparse.batches.arrow import (
    DataType,
    RecordBatch,
    Schema,
    Table,
    arrow_schema,
    arrow_type,
    record_batches,
)
from logparse.batches.batch import Batch
from logparse.columns import SCHEMA_VERSION, Column
from logparse.errors import InputError
from logparse.lazy import pyarrow as pa
from logparse.lazy import pyarrow_parquet as pq

#: A row group is written when its batches have so many bytes, or so many rows.
_GROUP_BYTES: Final = 16 << 20
_GROUP_ROWS: Final = 200_000

#: Columns of which the same values are in many rows. A dictionary of other values takes time and room.
_REPEATED: Final = frozenset(
    (
        *(
            "invocation_id",
            "job_id",
            "project",
            "job",
            "task_kind",
            "status",
            "bucket",
            "builder",
            "builder_id",
        ),
        *("bot_id", "repository", "ref", "revision", "triggered_by", "build_status", "source", "source_file"),
        *("origin", "pool", "os", "cpu", "cores", "machine_type", "zone", "kind", "direction", "outcome"),
        *("infra_reason", "created_by", "exe", "priority", "requested_pool", "requested_os", "dimensions"),
        *("requested_dimensions", "experiments", "critical", "id_from", "name", "parent", "code"),
    )
)

_TABLE_KEY: Final = b"logparse.table"
_VERSION_KEY: Final = b"logparse.schema_version"
#: Types in the metadata of pandas: its name for the values, and the type of the column in a frame.
_PANDAS_TYPES: Final = {
    "text": ("unicode", "str"),
    "json": ("unicode", "str"),
    "int": ("int64", "Int64"),
    "bool": ("bool", "boolean"),
    "float": ("float64", "float64"),
    "time": ("datetimetz", "datetime64[us]"),
}


def write_parquet(
    batches: Iterable[Batch],
    columns: Sequence[Column],
    out: BinaryIO,
    table: str,
    more: Mapping[bytes, bytes] | None = None,
) -> None:
    """Write batches as a file of Parquet, compressed with zstd. `out` need not be seekable.

    No more of them are kept in memory than a row group needs.

    Parameters
    ----------
    table:
        The name of the table, for the file's metadata.
    more:
        More metadata, in the place of the meanings and units of fields: for one of many files of a table.
    """
    schema = _schema(columns, table, described=more is None)
    schema = schema.with_metadata({**schema.metadata, **(more or {})})
    repeated = [column.name for column in columns if column.name in _REPEATED]
    with pq.ParquetWriter(
        out, schema, compression="zstd", write_page_checksum=True, use_dictionary=repeated or False
    ) as writer:
        for group in _groups(record_batches(batches, columns)):
            together = pa.Table.from_batches(group, schema=schema)
            writer.write_table(together, row_group_size=together.num_rows)


def _groups(given: Iterable[RecordBatch]) -> Iterator[list[RecordBatch]]:
    """Yield batches in lists, each of them a row group."""
    group: list[RecordBatch] = []
    size = rows = 0
    for batch in given:
        group.append(batch)
        size += batch.nbytes
        rows += batch.num_rows
        if size >= _GROUP_BYTES or rows >= _GROUP_ROWS:
            yield group
            group, size, rows = [], 0, 0
    if group:
        yield group


def _schema(columns: Sequence[Column], table: str, *, described: bool) -> Schema:
    fields = [
        pa.field(column.name, arrow_type(column), metadata=_field_metadata(column) if described else None)
        for column in columns
    ]
    return pa.schema(
        fields,
        metadata={
            _TABLE_KEY: table,
            _VERSION_KEY: str(SCHEMA_VERSION),
            "pandas": json.dumps(_pandas_metadata(columns)),
        },
    )


def _field_metadata(column: Column) -> dict[str, str]:
    unit = {} if column.unit is None else {"unit": column.unit}
    return {"meaning": column.meaning, **unit}


def _pandas_metadata(columns: Sequence[Column]) -> dict[str, Any]:
    """Return the metadata that pandas itself would write for a frame of `columns`."""
    described = []
    for column in columns:
        values, in_frame = _PANDAS_TYPES[column.type]
        described.append(
            {
                "name": column.name,
                "field_name": column.name,
                "pandas_type": values,
                "numpy_type": in_frame,
                "metadata": {"timezone": "UTC"} if column.type == "time" else None,
            }
        )
    return {
        "index_columns": [],
        "column_indexes": [],
        "columns": described,
        "creator": {"library": "pyarrow", "version": pa.__version__},
        # The oldest version whose metadata has this form.
        "pandas_version": "2.2.1",
    }


# --- reading ----------------------------------------------------------------------------------


def read_parquet(file: BinaryIO, columns: Sequence[Column], source: str, table: str) -> Table:
    """Return a file of Parquet as a table of Arrow with the types that `columns` declare.

    A column that the file does not have is null. A column that is not among `columns` becomes text,
    after the others.

    Parameters
    ----------
    source:
        The file's name, for errors.
    table:
        The name of the table that the file should hold. A file that names no table is read too.

    Raises
    ------
    InputError
        Where the file is broken, holds another table, was written by a newer logparse, or has a
        column of another type.
    """
    with _reading(source):
        opened = pq.ParquetFile(file, page_checksum_verification=True)
        schema = opened.schema_arrow
    check_metadata(schema.metadata or {}, source, table)
    if not {column.name for column in columns} & set(schema.names):
        raise foreign(source)
    if len(set(schema.names)) < len(schema.names):
        raise InputError("has two columns of one name", source=source, remedy="export it again")
    with _reading(source):
        found = opened.read()
        # Text that is not UTF-8 would fail when a frame is made.
        found.validate(full=True)
    return _declared(found, columns, source)


def table_of(file: BinaryIO, source: str) -> str | None:
    """Return the name of the table in a file of Parquet, None where the file does not name it.

    Raises
    ------
    InputError
        Where the file is not Parquet.
    """
    with _reading(source):
        metadata = pq.read_schema(file).metadata or {}
    named = metadata.get(_TABLE_KEY)
    return None if named is None else named.decode("utf-8", "replace")


def check_metadata(metadata: Mapping[bytes, bytes], source: str, table: str) -> None:
    """Fail where a file's metadata names another table or a newer version of the tables.

    Raises
    ------
    InputError
        In these cases.
    """
    named = metadata.get(_TABLE_KEY)
    if named is not None and named != table.encode():
        other = named.decode("utf-8", "replace")[:40]
        raise InputError(
            f"holds the table {other}, not {table}", source=source, remedy=f"read it as the table {other}"
        )
    version = metadata.get(_VERSION_KEY)
    if version is not None:
        check_version(version.decode("utf-8", "replace"), source)


def check_version(version: str, source: str) -> None:
    """Fail where the version of the tables that a file names is newer than this logparse knows.

    Raises
    ------
    InputError
        There, and where `version` is not a number.
    """
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise InputError(
            f"names the schema version {version[:40]!r}, which is not a number",
            source=source,
            remedy="export it again",
        )
    if int(version) > SCHEMA_VERSION:
        raise InputError(
            f"has the schema version {int(version)}, and this logparse reads up to {SCHEMA_VERSION}",
            source=source,
            remedy="read it with the logparse that wrote it, or a newer one",
        )


def foreign(source: str) -> InputError:
    """Return the error for a file that is not of the table."""
    return InputError(
        "has none of the table's columns",
        source=source,
        remedy="name a folder that logparse export --table all wrote",
    )


@contextmanager
def _reading(source: str) -> Iterator[None]:
    """Turn the errors of reading Parquet into one that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError, KeyError, OverflowError) as error:
        raise InputError(
            "is not Parquet, or is damaged or cut short", source=source, remedy="export it again"
        ) from error


def _declared(found: Table, columns: Sequence[Column], source: str) -> Table:
    names = set(found.column_names)
    known = {column.name for column in columns}
    more = [Column(name, "text", "") for name in found.column_names if name not in known]
    arrays = []
    for column in (*columns, *more):
        if column.name not in names:
            arrays.append(pa.nulls(found.num_rows, arrow_type(column)))
            continue
        given = found.column(column.name)
        if column.name in known and not _is_like(given.type, column.type):
            raise _odd(f"values of type {given.type}", column, source)
        try:
            arrays.append(given.cast(arrow_type(column)))
        except pa.ArrowException as error:
            raise _odd("values of another type or size", column, source) from error
    return pa.Table.from_arrays(arrays, schema=arrow_schema([*columns, *more]))


def _is_like(given: DataType, type_: str) -> bool:
    """Whether a type of Arrow can hold values of a column's type: other programs write other widths."""
    types = pa.types
    if types.is_dictionary(given):
        given = given.value_type
    if types.is_null(given):
        return True
    if type_ == "int":
        return bool(types.is_integer(given))
    if type_ == "float":
        return bool(types.is_floating(given) or types.is_integer(given))
    if type_ == "bool":
        return bool(types.is_boolean(given))
    if type_ == "time":
        return bool(types.is_timestamp(given) and given.tz is not None)
    return bool(types.is_string(given) or types.is_large_string(given) or types.is_string_view(given))


def _odd(held: str, column: Column, source: str) -> InputError:
    return InputError(
        f"holds {held} in its column {column.name}, which has type {column.type}",
        source=source,
        remedy="export it again",
    )
