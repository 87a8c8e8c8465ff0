"""Rows that the user's function returns: one table, or a stream of them."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.columns import columns_of, refuse_repeated
from trimaran_runtime.data.readers.arrow_files import first_line
from trimaran_runtime.data.rows import Chunk, Rows, chunks_of
from trimaran_runtime.errors import DataError
from trimaran_runtime.user_code import UserCode

if TYPE_CHECKING:
    import pyarrow as pa

RETURNS = (
    "a pandas or polars DataFrame, a polars LazyFrame, a pyarrow Table or RecordBatchReader, "
    "or an iterator of those tables or of pyarrow RecordBatches"
)


def open_function(source: str, code: UserCode) -> Rows:
    """Call the user's function.

    Args:
        source: `module:function`.
        code: the folder it is in.

    Raises:
        ConfigError: there is no such function.
        UserCodeError: it raised.
        DataError: what it returned is no table.
    """
    function = code.function(source)
    with code.told_as_its_own(source):
        result = function()
    tables = _tables(result, source, code)
    first = next(tables, None)
    if first is None:
        raise DataError("gave no rows", where=source, next_step="check the filters and the source")
    types = columns_of([(source, first.schema)])
    rest = chain([first], tables)

    def chunks() -> Iterator[Chunk]:
        return chunks_of(rest, source)

    return Rows(types=types, chunks=chunks)


def as_table(result: Any, source: str) -> "pa.Table":
    """Take a pandas, polars or Arrow table, or a record batch.

    Raises:
        DataError: it is not a table, repeats a column name, or mixes types within a column.
    """
    import pyarrow as pa

    if isinstance(result, pa.Table):
        return result
    if isinstance(result, pa.RecordBatch):
        return pa.Table.from_batches([result])
    names = [str(name) for name in getattr(result, "columns", ())]
    refuse_repeated(names, source)
    try:
        if hasattr(result, "to_parquet") and hasattr(result, "iloc"):
            return pa.Table.from_pandas(result, preserve_index=False)
        if hasattr(result, "__arrow_c_stream__"):
            return pa.table(result)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as exc:
        raise DataError(
            f"the table that {source} returned mixes types: {first_line(exc)}",
            where=source,
            next_step="give every column one type before returning the table",
        ) from exc
    raise DataError(f"returned {type(result).__name__}, not a table", where=source, allowed=RETURNS)


def _tables(result: Any, source: str, code: UserCode) -> "Iterator[pa.Table]":
    """The tables of whatever the function returned; the user's code may run with each."""
    if hasattr(result, "collect_batches"):
        with code.told_as_its_own(source):
            result = result.collect_batches(maintain_order=True)
    if not hasattr(result, "__next__"):
        yield as_table(result, source)
        return
    while True:
        with code.told_as_its_own(source):
            try:
                item = next(result)
            except StopIteration:
                return
        yield as_table(item, source)
