"""Writes predictions to one file, in the kind its name says."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from trimaran_runtime.data.parquet import TableWriter
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_RELEASE = b"trimaran.release"
"""Key of the release's full id in the metadata of a Parquet file's schema."""
METADATA_MODEL = b"trimaran.model"
"""Key of the model's name there."""


class Sink(AbstractContextManager["Sink"], Protocol):
    """A file that takes tables; complete when the context ends."""

    def add(self, table: "pa.Table") -> None:
        """Write the next rows."""


class CsvSink:
    """A CSV file; the probabilities of the classes are columns `probabilities.<class>`.

    Args:
        path: the file.
        schema: columns of the tables.
    """

    def __init__(self, path: Path, schema: "pa.Schema") -> None:
        from pyarrow import csv

        self._schema = _flat_schema(schema)
        self._writer: Any = csv.CSVWriter(path, self._schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._writer.close()

    def add(self, table: "pa.Table") -> None:
        """Write the next rows."""
        self._writer.write_table(table.flatten().cast(self._schema))


def sink_for(name: str) -> "Callable[[Path, pa.Schema], Sink]":
    """What writes a file of that name.

    Raises:
        DataError: the name ends in nothing that can be written.
    """
    lowered = name.lower()
    if lowered.endswith((".parquet", ".pq")):
        return TableWriter
    if lowered.endswith(".csv"):
        return CsvSink
    raise DataError(
        f"{name!r} is of an unknown kind",
        where="output",
        allowed="a file that ends in .parquet, .pq or .csv",
    )


def _flat_schema(schema: "pa.Schema") -> "pa.Schema":
    """The schema that `flatten` gives; raises DataError for what CSV cannot hold."""
    import pyarrow as pa

    fields = list(schema.empty_table().flatten().schema)
    for field in fields:
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type):
            raise DataError(
                f"column {field.name!r} is of type {field.type}, which CSV cannot hold",
                where="output",
                next_step="write .parquet, or leave the column out of --keep",
            )
    plain = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in fields
    ]
    return pa.schema(plain)
