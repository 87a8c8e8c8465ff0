"""SQL queries: in a DuckDB or SQLite database, or over the rows of any other source.

Nothing is installed or fetched while a query runs, and a query over a source sees that source
alone. DuckDB works with one thread, so that rows come in the same order every time.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.columns import columns_of, conform
from trimaran_runtime.data.normal_form import is_vector, refuse_unmodelled
from trimaran_runtime.data.readers.arrow_files import first_line
from trimaran_runtime.data.readers.library import needed
from trimaran_runtime.data.rows import CHUNK_ROWS, Chunk, Rows, chunks_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMES = ("duckdb", "sqlite")
"""URI schemes of databases: `duckdb:///file.db` in the project folder, `sqlite:////abs/file.db`."""
VIEW = "source"
"""Name under which a query sees the rows of a source that is no database."""
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def open_database(source: str, query: str, folder: Path) -> Rows:
    """Run a query in a database file, which is only read.

    Raises:
        DataError: there is no such file, it is no database, or the query fails.
    """
    scheme, _, rest = source.partition("://")
    path = folder / rest.removeprefix("/")
    if not path.is_file():
        raise DataError(
            f"there is no database {source!r} (looked for {path})",
            where="data.source",
            allowed=f"{scheme}:///FILE (in the project folder) or {scheme}:////ABSOLUTE/FILE",
        )
    if scheme == "sqlite":
        from trimaran_runtime.data.readers.sqlite import open_sqlite

        return open_sqlite(path, query, source)

    def connect() -> Any:
        import duckdb

        return duckdb.connect(str(path), read_only=True, config=_SETTINGS)

    return _rows(connect, query, source)


def open_over(rows: Rows, query: str, source: str) -> Rows:
    """Run a query over the rows of a source, which it sees as the table `source`.

    Raises:
        DataError: the query fails, or the source has a column that is neither in normal form nor
            of vectors.
    """
    refuse_unmodelled({n: kind for n, kind in rows.types.items() if not is_vector(kind)}, source)

    def connect() -> Any:
        import duckdb
        import pyarrow as pa

        connection = duckdb.connect(config={**_SETTINGS, "enable_external_access": False})
        schema = pa.schema(list(rows.types.items()))
        connection.register(VIEW, pa.RecordBatchReader.from_batches(schema, batches()))
        return connection

    def batches() -> "Iterator[pa.RecordBatch]":
        first = ""
        for chunk in rows.chunks():
            first = first or chunk.origin
            yield from conform(chunk.table, dict(rows.types), chunk.origin, first).to_batches()

    return _rows(connect, query, source)


def _rows(connect: Callable[[], Any], query: str, source: str) -> Rows:
    with needed("duckdb", "sql", source):
        import duckdb

    try:
        connection = connect()
        reader = connection.sql(query)
        if reader is None:
            raise _refused("it returns no rows", source)
        stream = reader.to_arrow_reader(CHUNK_ROWS)
    except duckdb.Error as exc:
        raise _refused(first_line(exc), source) from exc

    def tables() -> "Iterator[pa.Table]":
        import pyarrow as pa

        try:
            for batch in stream:
                yield pa.Table.from_batches([batch])
        except (duckdb.Error, pa.ArrowException) as exc:
            raise _refused(first_line(exc), source) from exc
        finally:
            connection.close()

    def chunks() -> Iterator[Chunk]:
        return chunks_of(tables(), "data.query")

    return Rows(types=columns_of([("data.query", stream.schema)]), chunks=chunks)


def _refused(what: str, source: str) -> DataError:
    return DataError(
        f"the query on {source!r} fails: {what}",
        where="data.query",
        next_step=f"correct the query; a source that is no database is the table {VIEW!r}",
    )
