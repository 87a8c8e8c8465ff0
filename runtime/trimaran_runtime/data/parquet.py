"""Tables between steps: one parquet file each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> "pa.Table":
    """Read a table that a step wrote; None: all columns.

    The file is opened directly: `pyarrow.parquet.read_table` loads pandas and the dataset engine,
    which costs a step that needs neither a second.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return file.read(columns=None if columns is None else list(columns))


def write_parquet(table: "pa.Table", path: Path) -> None:
    """Write a table for the next steps."""
    from pyarrow import parquet

    parquet.write_table(table, path, compression="zstd")
