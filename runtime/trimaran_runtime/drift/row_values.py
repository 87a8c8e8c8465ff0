"""Values of Arrow columns row by row, in blocks: what looks at several columns of one row."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.arrow import Numbers
from trimaran_runtime.drift.arrow import _distance as distance

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_ROWS = 8192
"""Rows of a block: a column of it stays in a core's cache."""


def is_number(kind: "pa.DataType") -> bool:
    """Whether a column of this type is a number with an order, but no time."""
    import pyarrow.types as is_a

    number = is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind)
    return bool(number or is_a.is_time(kind) or is_a.is_duration(kind))


def as_numbers(column: Any) -> Any:
    """A numeric column or a piece of it as int64 or float64, without a copy where it is one."""
    import pyarrow as pa
    import pyarrow.types as is_a

    kind = column.type
    if is_a.is_time(kind) or is_a.is_duration(kind):
        column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
        return column.cast(pa.int64())
    if is_a.is_integer(kind) and kind != pa.uint64():
        return column.cast(pa.int64())
    return column.cast(pa.float64(), safe=False)


def numbers_of(piece: "pa.Array") -> tuple[Numbers, npt.NDArray[np.bool_] | None]:
    """Values of a piece in int64 or float64 and where they are null; None: nowhere.

    A null's value is anything.
    """
    if not piece.null_count:
        return piece.to_numpy(), None
    kind = np.dtype(np.int64 if str(piece.type) == "int64" else np.float64)
    # The buffer itself: to_numpy would turn whole numbers into floats to make room for NaN.
    stored = np.frombuffer(piece.buffers()[1], kind, piece.offset + len(piece))[piece.offset :]
    return stored, piece.is_null().to_numpy(zero_copy_only=False)


def blocks(table: "pa.Table", names: Sequence[str]) -> "Iterator[pa.RecordBatch]":
    """The named columns, at most 8,192 rows at a time."""
    yield from table.select(list(names)).to_batches(max_chunksize=BLOCK_ROWS)


def distances(
    piece: "pa.Array", centre: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_] | None]:
    """`float32(x - centre)` of a numeric piece and where it is missing; None: nowhere."""
    values, null = numbers_of(as_numbers(piece))
    found = distance(values, centre)
    missing = np.isnan(found) if values.dtype == np.float64 else None
    if missing is not None and not missing.any():
        missing = None
    if null is None:
        return found, missing
    return found, null if missing is None else missing | null
