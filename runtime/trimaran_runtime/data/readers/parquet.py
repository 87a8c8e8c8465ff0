"""Parquet files."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.files import File
from trimaran_runtime.data.normal_form import MOST_DECODED_BYTES
from trimaran_runtime.data.readers.arrow_files import open_typed
from trimaran_runtime.data.rows import CHUNK_ROWS, Rows, Selection
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_RATIO = 1000
"""Most bytes that one stored byte may stand for, above `FREE_BYTES`; zstd and gzip stay below 200
on tables that were written to be read."""
FREE_BYTES = 256 << 20
"""A column of a row group that inflates to less is never refused, bytes."""
_BATCH_BYTES = 64 << 20
"""Bytes of all columns that are decoded at a time, as far as the footer tells them."""
_VALUE_BYTES = 8
_BUFFER_BYTES = 256 << 10
"""Bytes of a column that are fetched at a time."""
MOST_ROWS_PER_BYTE = 1000
"""Most rows that one stored byte may stand for, above `FREE_ROWS`."""
FREE_ROWS = 100_000_000


def open_files(
    files: Sequence[File],
    config: DataConfig,  # noqa: ARG001  # as every reader
    selection: Selection | None = None,
) -> Rows:
    """Open Parquet files of the same columns.

    Raises:
        DataError: one is truncated, is none, or claims to hold absurdly much.
    """
    return open_typed(files, _schema, _tables, selection)


def _schema(file: File) -> "pa.Schema":
    from pyarrow import parquet

    with file.open() as stream, parquet.ParquetFile(stream) as opened:
        _refuse_swollen(opened.metadata, file)
        return opened.schema_arrow


def _tables(file: File, names: Collection[str] | None) -> "Iterator[pa.Table]":
    import pyarrow as pa
    from pyarrow import parquet

    with file.open() as stream, parquet.ParquetFile(stream) as footer:
        metadata, schema = footer.metadata, footer.schema_arrow
        columns = None if names is None else [name for name in schema.names if name in names]
        for number in range(metadata.num_row_groups):
            coded = _swelling(file, stream, metadata, schema, number)
            rows = _batch_rows(metadata.row_group(number), schema)
            with _reopened(file, stream, metadata, coded) as opened:
                for batch in opened.iter_batches(
                    batch_size=rows, row_groups=[number], columns=columns or None
                ):
                    yield pa.Table.from_batches([batch])


def _batch_rows(group: Any, schema: "pa.Schema") -> int:
    """Rows of a row group that are decoded at a time: fewer where rows are wide, as vectors are."""
    import pyarrow as pa

    size = group.total_byte_size
    if any(pa.types.is_nested(field.type) for field in schema):
        # A few coded bytes may stand for any number of values.
        values = sum(group.column(index).num_values for index in range(group.num_columns))
        size = max(size, values * _VALUE_BYTES)
    row_bytes = size // max(group.num_rows, 1)
    return int(min(CHUNK_ROWS, max(1, _BATCH_BYTES // max(row_bytes, 1))))


def _reopened(file: File, stream: Any, metadata: Any, coded: list[str]) -> Any:
    """The file with some columns left as codes.

    On this machine pages are read as they are needed; far away, a row group's all at once.
    """
    from pyarrow import parquet

    stream.seek(0)
    return parquet.ParquetFile(
        stream,
        metadata=metadata,
        read_dictionary=coded,
        page_checksum_verification=True,
        pre_buffer=file.remote,
        buffer_size=0 if file.remote else _BUFFER_BYTES,
    )


def _swelling(
    file: File, stream: Any, metadata: Any, schema: "pa.Schema", number: int
) -> list[str]:
    """Text columns of a row group whose codes may stand for more text than a chunk may hold.

    They are left as codes, and refused where they are decoded. To decode all others at once takes a
    third of the time where texts hardly repeat.
    """
    import pyarrow as pa

    group = metadata.row_group(number)
    rows = min(group.num_rows, CHUNK_ROWS)
    texts = {field.name for field in schema if pa.types.is_string(field.type)}
    columns = (group.column(index) for index in range(group.num_columns))
    suspects = [
        column.path_in_schema
        for column in columns
        if column.path_in_schema in texts
        and "RLE_DICTIONARY" in column.encodings
        # No entry is longer than all pages of the column.
        and rows * column.total_uncompressed_size > MOST_DECODED_BYTES
    ]
    if not suspects:
        return []
    # The first row brings the whole dictionary.
    with _reopened(file, stream, metadata, suspects) as opened:
        first = next(opened.iter_batches(batch_size=1, row_groups=[number], columns=suspects))
    return [name for name in suspects if _swells(first.column(name).dictionary, rows)]


def _swells(entries: Any, rows: int) -> bool:
    """Whether codes of these entries may decode to too much; of one entry it is not known.

    Where the first page holds texts rather than codes, its first row brings that text alone.
    """
    import pyarrow.compute as pc

    return len(entries) < 2 or rows * pc.max(pc.binary_length(entries)).as_py() > MOST_DECODED_BYTES


def _refuse_swollen(metadata: Any, file: File) -> None:
    rows = metadata.num_rows
    if rows > FREE_ROWS and rows > MOST_ROWS_PER_BYTE * file.size_bytes:
        raise DataError(
            f"claims {rows:,} rows in {file.size_bytes:,} bytes",
            where=file.name,
            allowed=f"{MOST_ROWS_PER_BYTE:,} rows per byte",
            next_step="write the table again; a file like this is made to fill memory and disk",
        )
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for index in range(group.num_columns):
            column = group.column(index)
            if column.num_values > max(FREE_ROWS, MOST_ROWS_PER_BYTE * file.size_bytes):
                raise DataError(
                    f"column {column.path_in_schema!r} claims {column.num_values:,} values in row "
                    f"group {number + 1}, in a file of {file.size_bytes:,} bytes",
                    where=file.name,
                    allowed=f"{MOST_ROWS_PER_BYTE:,} values per byte",
                    next_step="write the table again; a file like this is made to fill memory",
                )
            claimed = column.total_uncompressed_size
            stored = min(column.total_compressed_size, file.size_bytes)
            if claimed > FREE_BYTES and claimed > MOST_RATIO * max(stored, 1):
                raise DataError(
                    f"column {column.path_in_schema!r} claims {claimed:,} bytes in row group "
                    f"{number + 1}, stored in {stored:,}",
                    where=file.name,
                    allowed=f"{MOST_RATIO:,} bytes per stored byte",
                    next_step="write the table again; a file like this is made to fill memory",
                )
