"""Tables between steps: one parquet file each."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 65_536
"""Rows of a row group, but for the last; what a writer holds at a time."""


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> "pa.Table":
    """Read a table that a step wrote; None: all columns.

    The file is opened directly: `pyarrow.parquet.read_table` loads pandas and the dataset engine,
    which costs a step that needs neither a second.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return file.read(columns=None if columns is None else list(columns))


class TableWriter:
    """Writes a table that comes in pieces.

    The bytes depend on the rows and their order, not on how they were cut into pieces. Used as a
    context. Only texts are stored as codes: a dictionary of numbers that hardly repeat costs four
    times the whole writing, and zstd makes up for it where they do.
    """

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        import pyarrow as pa
        from pyarrow import parquet

        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        self._writer = parquet.ParquetWriter(
            path, schema, compression="zstd", use_dictionary=texts or False
        )
        self._held: list[pa.Table] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._rows:
                self._write(self._rows)
        finally:
            self._writer.close()

    def add(self, table: "pa.Table") -> None:
        """Write the next rows."""
        self._held.append(table)
        self._rows += table.num_rows
        while self._rows >= GROUP_ROWS:
            self._write(GROUP_ROWS)

    def _write(self, rows: int) -> None:
        import pyarrow as pa

        held = pa.concat_tables(self._held)
        # One chunk per column: pages end where chunks do.
        group = held.slice(0, rows).combine_chunks()
        self._writer.write_table(group, row_group_size=GROUP_ROWS)
        self._rows -= rows
        self._held = [held.slice(rows)] if self._rows else []


def write_parquet(table: "pa.Table", path: Path) -> None:
    """Write a table for the next steps."""
    with TableWriter(path, table.schema) as writer:
        writer.add(table)
