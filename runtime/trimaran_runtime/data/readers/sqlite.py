"""SQLite databases, through Python's own client: DuckDB would have to fetch its extension."""

import sqlite3
from collections.abc import Iterator
from itertools import accumulate
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.columns import columns_of
from trimaran_runtime.data.readers.arrow_files import first_line
from trimaran_runtime.data.rows import CHUNK_ROWS, Chunk, Rows, chunks_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def open_sqlite(path: Path, query: str, source: str) -> Rows:
    """Run a query in a SQLite database, which is only read.

    SQLite's columns have no types of their own: one that holds whole numbers and fractions is
    float64, and one that holds numbers and texts is refused.

    Raises:
        DataError: the file is no database, the query fails, or a column mixes types.
    """
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        names = _names(connection, query)
    except sqlite3.Error as exc:
        raise _refused(source, exc) from exc
    types = _types(connection, query, names, source)
    schema = _schema(names, types)

    def tables() -> "Iterator[pa.Table]":
        import pyarrow as pa

        try:
            for _, rows in _pages(connection, query):
                columns = zip(*rows, strict=True)
                arrays = [
                    pa.array(column, field.type, from_pandas=True)
                    for column, field in zip(columns, schema, strict=True)
                ]
                yield pa.Table.from_arrays(arrays, schema=schema)
        except sqlite3.Error as exc:
            raise _refused(source, exc) from exc
        finally:
            connection.close()

    def chunks() -> Iterator[Chunk]:
        return chunks_of(tables(), "data.query")

    return Rows(types=columns_of([("data.query", schema)]), chunks=chunks)


def _names(connection: sqlite3.Connection, query: str) -> list[str]:
    cursor = connection.execute(query)
    if cursor.description is None:
        raise sqlite3.ProgrammingError("it returns no rows")
    return [str(column[0]) for column in cursor.description]


def _pages(
    connection: sqlite3.Connection, query: str
) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    """Number of the first row, and the rows, of each page."""
    cursor, first = connection.execute(query), 1
    while rows := cursor.fetchmany(CHUNK_ROWS):
        yield first, rows
        first += len(rows)


def _types(
    connection: sqlite3.Connection, query: str, names: list[str], source: str
) -> list[set[type]]:
    """Python types per column, over all rows."""
    found: list[set[type]] = [set() for _ in names]
    try:
        for first, rows in _pages(connection, query):
            for index, column in enumerate(zip(*rows, strict=True)):
                before = set(found[index])
                found[index] |= set(map(type, column)) - {type(None)}
                if not _fit(found[index]):
                    raise _mixed(names[index], column, before, first)
    except sqlite3.Error as exc:
        raise _refused(source, exc) from exc
    return found


def _fit(kinds: set[type]) -> bool:
    return len(kinds) <= 1 or kinds == {int, float}


def _mixed(name: str, column: tuple[Any, ...], before: set[type], first: int) -> DataError:
    seen = list(accumulate(({type(value)} - {type(None)} for value in column), or_, initial=before))
    place = next(index for index, kinds in enumerate(seen[1:]) if not _fit(kinds))
    value = column[place]
    return DataError(
        f"column {name!r}, row {first + place:,}: {str(value)[:100]!r} is {type(value).__name__}, "
        "unlike the values before it",
        where="data.query",
        next_step=f"cast the column in the query, such as CAST({name} AS TEXT)",
    )


def _schema(names: list[str], types: list[set[type]]) -> "pa.Schema":
    import pyarrow as pa

    kinds: dict[type, Any] = {int: pa.int64(), str: pa.string(), bytes: pa.binary()}
    chosen = [
        pa.float64() if float in kind or not kind else kinds[next(iter(kind))] for kind in types
    ]
    return pa.schema(list(zip(names, chosen, strict=True)))


def _refused(source: str, exc: sqlite3.Error) -> DataError:
    return DataError(
        f"the query on {source!r} fails: {first_line(exc)}",
        where="data.query",
        next_step="correct the query; check that the file is a SQLite database",
    )
