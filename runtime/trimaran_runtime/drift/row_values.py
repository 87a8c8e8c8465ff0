"""Values of columns row by row, in blocks: what looks at several columns of one row."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.source import Source
from trimaran_runtime.drift.tally import numbers

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_ROWS = 16_384
"""Rows of a block: a column of it stays in a core's cache."""
Marks = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]


def blocks(
    source: Source, names: Sequence[str], rows: int = BLOCK_ROWS
) -> "Iterator[pa.RecordBatch]":
    """The named columns, at most so many rows at a time."""
    if names:
        table = source.table(names, 0, source.rows)
        yield from table.to_batches(max_chunksize=rows)


def numbers_of(piece: Any) -> tuple[Values, Marks | None]:
    """Values of a piece of numbers or times, and where they are missing; None: nowhere.

    Times are microseconds. What a missing value holds is anything.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    piece = piece.storage if isinstance(piece, pa.ExtensionArray) else piece
    if not piece.null_count:
        values = piece.to_numpy() if str(piece.type) == "double" else numbers(piece)
        if values.dtype.kind != "f":
            return values, None
        missing = np.isnan(values)
        return values, missing if missing.any() else None
    null: Marks = np.asarray(piece.is_null(nan_is_null=True))
    return numbers(pc.fill_null(piece, pa.scalar(0).cast(piece.type))), null


def floats_of(piece: Any) -> tuple[Values, Marks | None]:
    """As `numbers_of`, but floats have NaN where they are missing, and no marks."""
    import pyarrow as pa
    import pyarrow.types as is_a

    piece = piece.storage if isinstance(piece, pa.ExtensionArray) else piece
    if is_a.is_float64(piece.type):
        return piece.to_numpy(zero_copy_only=False), None
    return (numbers(piece), None) if is_a.is_floating(piece.type) else numbers_of(piece)


def distance(values: Values, centre: float) -> npt.NDArray[np.float32]:
    """`float32(x - centre)`, shape `(n,)`; whole numbers are subtracted exactly."""
    found = np.empty(len(values), np.float32)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        subtract(values, centre, found)
    return found


def subtract(values: Values, centre: float, found: npt.NDArray[np.float32]) -> None:
    """`distance`, into `found`; whoever calls it says that overflows are to be ignored."""
    if values.dtype.kind == "f" or values.dtype == np.uint64 or not _is_whole(centre):
        # x - (-0.0) makes -0.0 the same key as 0.0; any other centre does so by itself.
        what = np.float64(centre or -0.0)
        np.subtract(values, what, out=found, casting="unsafe", dtype=np.float64)
        return
    whole = values.astype(np.int64, copy=False)
    if len(whole) and _fits(whole, int(centre)):
        np.subtract(whole, np.int64(centre), out=found, casting="unsafe", dtype=np.int64)
        return
    moved = whole - np.int64(centre)
    found[:] = moved
    # Where the difference left 64 bits, it has the sign of the wrong end.
    wrapped = ((whole ^ np.int64(centre)) & (whole ^ moved)) < 0
    found[wrapped] = whole[wrapped].astype(np.float64) - centre


def raw_keys(found: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Top 16 bits of each; a view of the same memory."""
    return found.view(np.uint16)[1::2]


def _fits(whole: npt.NDArray[np.int64], centre: int) -> bool:
    """Whether all distances have 64 bits."""
    least, most = int(whole.min()), int(whole.max())
    return least - centre >= -(2**63) and most - centre < 2**63


def _is_whole(centre: float) -> bool:
    return float(centre).is_integer() and -(2.0**63) <= centre < 2.0**63
