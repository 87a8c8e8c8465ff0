"""Delta tables: the files that the table's log names, not those that lie in its folder."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from trimaran_runtime.data.columns import columns_of
from trimaran_runtime.data.readers.arrow_files import first_line
from trimaran_runtime.data.readers.library import needed
from trimaran_runtime.data.rows import CHUNK_ROWS, Chunk, Rows, chunks_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

LOG = "_delta_log"
"""The folder that makes a folder a Delta table."""


def open_delta(uri: str, name: str) -> Rows:
    """Open the latest version of a Delta table.

    Args:
        uri: path or URI of the table's folder.
        name: the source as errors name it.

    Raises:
        DataError: the log cannot be read, or uses a feature that the reader lacks.
    """
    with needed("deltalake", "delta", name):
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

    try:
        dataset = DeltaTable(uri).to_pyarrow_dataset()
    except (DeltaError, OSError) as exc:
        raise _refused(name, exc) from exc

    def tables(names: Collection[str] | None) -> "Iterator[pa.Table]":
        import pyarrow as pa

        columns = None if names is None else [n for n in dataset.schema.names if n in names]
        try:
            for batch in dataset.to_batches(columns=columns or None, batch_size=CHUNK_ROWS):
                yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as exc:
            raise _refused(name, exc) from exc

    def chunks(names: Collection[str] | None = None) -> Iterator[Chunk]:
        return chunks_of(tables(names), name)

    types = columns_of([(name, dataset.schema)])
    return Rows(types=types, chunks=chunks, some_chunks=chunks)


def _refused(name: str, exc: BaseException) -> DataError:
    return DataError(
        f"the Delta table cannot be read: {first_line(exc)}",
        where=name,
        next_step="check that its log and all files that the log names are there",
    )
