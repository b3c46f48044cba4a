"""Questions in SQL: the tables of what inputs hold, in DuckDB.

`connect` gives a user's own connection. The command ``logparse sql`` works on a guarded one: a query can read
the tables and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from logparse.batches.arrow import Table as ArrowTable
from logparse.columns import TABLES
from logparse.errors import LogparseError, UsageError
from logparse.lazy import duckdb
from logparse.lazy import pyarrow_parquet as pq
from logparse.loading import Duplicates, load
from logparse.reading.arguments import Day, EngineName
from logparse.reading.inputs import Input
from logparse.sources import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    from logparse.batches.arrow import RecordBatch, Schema
    from logparse.loading.dataset import Dataset

#: DuckDB's connection and relation. The library of DuckDB has no complete type hints.
Connection: TypeAlias = Any
Relation: TypeAlias = Any

#: Words of a query that can read a table without its name in the query.
_ANY_TABLE_RE: Final = re.compile(
    r"\b(?:show|query|query_table|pragma|information_schema|(?:duckdb|pg|sqlite)_\w++)\b", re.IGNORECASE
)
_WORD_RE: Final = re.compile(r"\w++")
#: The beginning of a statement that explains another one, after comments and blanks.
_EXPLAIN_RE: Final = re.compile(
    r"(?:\s++|--[^\n]*+(?:\n|$)|/\*(?:[^*]|\*(?!/))*+\*/)*+explain\b\s*+(?:analyze\b\s*+)?+(?:\([^()]*+\))?+",
    re.IGNORECASE,
)
#: Settings that keep a query within the tables, after these are made. The last one makes them final.
_GUARDS: Final = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
DEFAULT_MEMORY: Final = 1 << 30
#: The types of columns in DuckDB.
_SQL_TYPES: Final = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP WITH TIME ZONE",
}
#: Rows that are fetched together.
BATCH_ROWS: Final = 2_000


def connect(
    *paths: Input,
    builds: Input | None = (),
    date: Day | None = None,
    engine: EngineName = "scanner",
    duplicates: Duplicates = "merge",
    max_bytes: int = DEFAULT_MAX_BYTES,
    jobs: int | None = None,
) -> Connection:
    """Return a DuckDB connection with the tables of everything that `paths` hold.

    Parameters are those of `logparse.load`, and so are warnings and errors. All tables that
    `logparse.columns` declares are tables in memory, with its names and types; the tables of a dataset that
    ``logparse ingest`` made are views of its files, as long as nothing is added to it. Text and JSON are
    ``VARCHAR``, times are ``TIMESTAMP WITH TIME ZONE`` in microseconds and shown in UTC. The connection is
    the caller's own: it can read files and attach databases, and the caller closes it.

    >>> connection = lp.connect("logs/")
    >>> connection.sql("select job_id, avg(run_s) from invocations group by all").df()

    Returns
    -------
    duckdb.DuckDBPyConnection
        With one table for each key of `logparse.columns.TABLES`.
    """
    data = load(
        *paths,
        builds=builds,
        date=date,
        engine=engine,
        duplicates=duplicates,
        max_bytes=max_bytes,
        jobs=jobs,
    )
    connection = duckdb.connect()
    _fill(connection, {name: _rows(data, name) for name in TABLES})
    return connection


class Files(NamedTuple):
    """The rows of a table in files of Parquet.

    Attributes
    ----------
    paths:
        Of the files, of which there is one at least.
    columns:
        The names of the columns that one of them has.
    """

    paths: list[str]
    columns: frozenset[str]


#: The rows of a table.
Rows: TypeAlias = "ArrowTable | Files"


def _rows(data: Dataset, name: str) -> Rows:
    """Return the rows of a table: as files where a dataset has them."""
    parts = data.files(name)
    if not parts:
        return data.arrow(name)
    # Files of one version have the same columns.
    versions = {part.version: part.path for part in parts}
    names = (pq.read_schema(path).names for path in versions.values())
    return Files([part.path for part in parts], frozenset(column for found in names for column in found))


def _fill(connection: Connection, tables: Mapping[str, Rows]) -> None:
    """Make tables in a connection, and views of the tables that are in files."""
    connection.execute("SET TimeZone = 'UTC'")
    for name, rows in tables.items():
        if isinstance(rows, Files):
            connection.execute(_view(name, rows))
            continue
        connection.register("_rows", rows)
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _rows')
        connection.unregister("_rows")


def _view(name: str, files: Files) -> str:
    """Return the statement that makes a view of files. A column that none of them has is null."""
    columns = ", ".join(
        f'"{column.name}"'
        if column.name in files.columns
        else f'CAST(NULL AS {_SQL_TYPES[column.type]}) AS "{column.name}"'
        for column in TABLES[name]
    )
    options = "union_by_name = true, hive_partitioning = false"
    return f'CREATE VIEW "{name}" AS SELECT {columns} FROM read_parquet({_listed(files.paths)}, {options})'


def _listed(paths: Sequence[str]) -> str:
    """Return paths as a list in SQL."""
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


class Answers:
    """A connection for queries that can read some tables and nothing else. `guarded` makes one.

    DuckDB works in a thread of its own. The main thread is thereby free for a signal that ends the program.
    """

    def __init__(self, connection: Connection, thread: Executor) -> None:
        self._connection = connection
        self._thread = thread

    def ask(self, query: str, rows: int = BATCH_ROWS) -> tuple[Schema, Iterator[RecordBatch]]:
        """Return the columns of a query's result, and its rows in batches, which are computed when needed.

        Parameters
        ----------
        rows:
            Of a batch, at most.

        Raises
        ------
        UsageError
            As `select`.
        """
        reader = self._thread.submit(lambda: select(self._connection, query).to_arrow_reader(rows)).result()
        return reader.schema, self._batches(reader)

    def check(self, query: str) -> None:
        """Check the syntax of a query and the names in it, where the connection has no tables.

        Raises
        ------
        UsageError
            As `select`.
        """
        self._thread.submit(_checked, self._connection, query).result()

    def _batches(self, reader: Any) -> Iterator[RecordBatch]:
        while (batch := self._thread.submit(next, reader, None).result()) is not None:
            yield batch


@contextmanager
def guarded(tables: Mapping[str, Rows], memory: int = DEFAULT_MEMORY) -> Iterator[Answers]:
    """Open a connection for queries that can read some tables and nothing else.

    They cannot read or write files, load extensions, or change settings. What does not fit into memory goes
    to a folder that is removed at the end.

    Parameters
    ----------
    tables:
        By their names.
    memory:
        The most bytes that DuckDB uses.
    """
    with TemporaryDirectory(prefix="logparse-") as folder, ThreadPoolExecutor(1) as thread:
        connection = thread.submit(_guarded, tables, memory, folder).result()
        try:
            yield Answers(connection, thread)
        except BaseException:
            connection.interrupt()
            raise
        finally:
            thread.submit(connection.close).result()


def _guarded(tables: Mapping[str, Rows], memory: int, folder: str) -> Connection:
    connection = duckdb.connect(config={"memory_limit": f"{memory}B", "temp_directory": folder})
    _fill(connection, tables)
    paths = [path for rows in tables.values() if isinstance(rows, Files) for path in rows.paths]
    if paths:
        connection.execute(f"SET allowed_paths = {_listed(paths)}")
    for setting in _GUARDS:
        connection.execute(setting)
    return connection


def _checked(connection: Connection, query: str) -> None:
    for name, columns in TABLES.items():
        declared = ", ".join(f'"{column.name}" {_SQL_TYPES[column.type]}' for column in columns)
        connection.execute(f'CREATE TABLE "{name}" ({declared})')
    select(connection, query)


def check(query: str) -> None:
    """Check a query before anything is read: its syntax, its statement, and the names of tables and columns.

    Raises
    ------
    UsageError
        As `select`.
    """
    with guarded({}) as answers:
        answers.check(query)


def names_in(query: str) -> list[str]:
    """Return the tables that a query can read: those that its text names, or all where that is unsure."""
    words = {word.lower() for word in _WORD_RE.findall(query)}
    is_unsure = _ANY_TABLE_RE.search(query) is not None
    return [name for name in TABLES if is_unsure or name in words]


def tables_for(data: Dataset, query: str) -> dict[str, Rows]:
    """Return the tables that a query can read, by name."""
    return {name: _rows(data, name) for name in names_in(query)}


def select(connection: Connection, query: str) -> Relation:
    """Return the result of a query as a relation, whose rows are computed when they are fetched.

    Raises
    ------
    UsageError
        Where the text is not one SELECT statement, or one that explains a SELECT, or where DuckDB refuses it:
        for a mistake of syntax or an unknown name.
    """
    statement = _only_statement(connection, query)
    kind = statement.type
    if kind == duckdb.StatementType.EXPLAIN:
        found = _EXPLAIN_RE.match(statement.query)
        kind = None
        if found is not None:
            kind = _only_statement(connection, statement.query[found.end() :]).type
    if kind != duckdb.StatementType.SELECT:
        raise UsageError("the query is not a SELECT", remedy="logparse sql reads tables and changes nothing")
    try:
        return connection.sql(statement.query)
    except duckdb.Error as error:
        raise refused(error) from error


def _only_statement(connection: Connection, query: str) -> Any:
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise refused(error) from error
    if len(statements) != 1:
        what = "has no statement" if not statements else f"has {len(statements)} statements"
        raise UsageError(f"the query {what}", remedy="write one SELECT")
    return statements[0]


#: DuckDB's proposal of a table that is its own.
_OWN_TABLE_RE: Final = re.compile(r'"(?:pg|duckdb|sqlite|pragma)_')
#: DuckDB's errors, by their classes' names, that are mistakes in the query.
_MISTAKES: Final = frozenset({"ParserException", "BinderException", "CatalogException", "SyntaxException"})
_REMEDIES: Final = {
    "OutOfMemoryException": "give it more with --memory, or ask for fewer rows",
    "IOException": "run it again: the dataset may have been changed by another process",
    "PermissionException": "a query can read the tables, and nothing else",
}


def refused(error: Exception) -> LogparseError:
    """Return an error of DuckDB as one of logparse: a `UsageError` for a mistake in the query."""
    told, *more = (line.strip() for line in str(error).splitlines() if line.strip())
    hint = next((line for line in more if line.startswith("Did you mean")), "")
    if _OWN_TABLE_RE.search(hint):
        hint = ""
    cause = f"DuckDB: {told} {hint}".rstrip(" .!")
    name = type(error).__name__
    if name in _MISTAKES:
        return UsageError(cause, remedy="logparse schema names all tables and columns")
    return LogparseError(cause, remedy=_REMEDIES.get(name, "change the query"))
