"""Rows of Arrow record batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.serving.bodies.arrow_column import (
    check_type,
    json_values,
    text_bytes,
)
from trimaran_runtime.serving.bodies.given import Floats

if TYPE_CHECKING:
    import pyarrow as pa


class ArrowRows:
    """Columns of record batches, in the signature's order.

    Where every column is a number the batches are kept, and made into lists only if somebody asks;
    else they are made into lists one by one, so that a dictionary is not kept by every batch.

    Args:
        schema: schema of the batches.
        names: the columns' names, in the signature's order.
        is_numeric: whether the signature has nothing but numbers.

    Attributes:
        text_bytes: size of the text so far.

    Raises:
        Refusal: 400, a column is of a type that no feature has.
    """

    def __init__(self, schema: "pa.Schema", names: Sequence[str], *, is_numeric: bool) -> None:
        for field in schema:
            check_type(field)
        self._places = [schema.names.index(name) for name in names]
        self._is_matrix = is_numeric and all(_is_number(schema.types[p]) for p in self._places)
        self._batches: list[pa.RecordBatch] = []
        self._lists: list[list[Any]] = [[] for _ in names]
        self._count = 0
        self.text_bytes = 0

    @property
    def count(self) -> int:
        return self._count

    def measured(self, batch: "pa.RecordBatch") -> int:
        """Size of a batch's text once every row has its own, bytes."""
        return sum(text_bytes(column) for column in batch.columns)

    def append(self, batch: "pa.RecordBatch") -> None:
        """Add a validated batch."""
        self._count += batch.num_rows
        if self._is_matrix:
            self._batches.append(batch)
            return
        for values, place in zip(self._lists, self._places, strict=True):
            values += json_values(batch.column(place))

    def columns(self) -> list[list[Any]]:
        if not self._is_matrix:
            return self._lists
        columns: list[list[Any]] = [[] for _ in self._places]
        for batch in self._batches:
            for values, place in zip(columns, self._places, strict=True):
                values += json_values(batch.column(place))
        return columns

    def numbers(self) -> Floats | None:
        if not self._is_matrix:
            return None
        matrix = np.empty((len(self._places), self._count))
        start = 0
        for batch in self._batches:
            end = start + batch.num_rows
            for row, place in zip(matrix, self._places, strict=True):
                # Arrow makes null NaN here.
                row[start:end] = batch.column(place).to_numpy(zero_copy_only=False)
            start = end
        return matrix


def _is_number(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
