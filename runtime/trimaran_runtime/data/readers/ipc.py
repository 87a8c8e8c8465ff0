"""Arrow IPC files (Feather version 2) and streams."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.files import File
from trimaran_runtime.data.readers.arrow_files import open_typed
from trimaran_runtime.data.readers.ipc_claims import refuse_swollen
from trimaran_runtime.data.rows import Rows, Selection

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"ARROW1"


def open_files(
    files: Sequence[File],
    config: DataConfig,  # noqa: ARG001  # as every reader
    selection: Selection | None = None,
) -> Rows:
    """Open Arrow files of the same columns.

    Raises:
        DataError: one is truncated, is none, or claims to hold absurdly much.
    """
    return open_typed(files, _schema, _tables, selection)


def _schema(file: File) -> "pa.Schema":
    with file.open() as stream:
        refuse_swollen(stream, file)
        stream.seek(0)
        return _reader(stream).schema


def _tables(file: File, selection: Selection | None) -> "Iterator[pa.Table]":
    import pyarrow as pa

    with file.open() as stream:
        reader = _reader(stream)
        if isinstance(reader, pa.ipc.RecordBatchFileReader):
            batches: Any = (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            batches = reader
        for batch in batches:
            table = pa.Table.from_batches([batch])
            yield table if selection is None else table.select(_chosen(table, selection))


def _chosen(table: "pa.Table", selection: Selection) -> list[str]:
    return [name for name in table.column_names if name in selection.names]


def _reader(stream: Any) -> Any:
    import pyarrow as pa

    is_file = stream.read(len(MAGIC)) == MAGIC
    stream.seek(0)
    return pa.ipc.open_file(stream) if is_file else pa.ipc.open_stream(stream)
