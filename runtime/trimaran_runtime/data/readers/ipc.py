"""Arrow IPC files (Feather version 2) and streams."""

from collections.abc import Collection, Iterator, Sequence
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


def _tables(file: File, names: Collection[str] | None) -> "Iterator[pa.Table]":
    import pyarrow as pa

    with file.open() as stream:
        reader = _reader(stream)
        if names is not None:
            fields = [n for n, name in enumerate(reader.schema.names) if name in names]
            stream.seek(0)
            reader = _reader(stream, fields)
        if isinstance(reader, pa.ipc.RecordBatchFileReader):
            batches: Any = (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            batches = reader
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _reader(stream: Any, fields: list[int] | None = None) -> Any:
    """Reader of a file or stream; of the numbered columns, or of all (None, none)."""
    import pyarrow as pa

    is_file = stream.read(len(MAGIC)) == MAGIC
    stream.seek(0)
    options = pa.ipc.IpcReadOptions(included_fields=fields)
    opened = pa.ipc.open_file if is_file else pa.ipc.open_stream
    return opened(stream, options=options)
