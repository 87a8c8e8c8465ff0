"""A feature's values as a request would give them, from an Arrow column or the cells of CSV.

The server's own checks then decide, so that a row is taken or refused alike however it comes.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.serving.column import Column

if TYPE_CHECKING:
    import pyarrow as pa

_TEXTS = frozenset({"category", "text"})


def raw_values(column: Column, kind: str, values: "pa.ChunkedArray", *, is_text: bool) -> list[Any]:
    """Values of one feature.

    Args:
        column: the server's reader of the feature.
        kind: its logical type.
        values: in normal form, or cells of CSV.
        is_text: whether they are cells of CSV.

    Returns:
        None for a missing value. What no request can hold (infinity) is text, and so refused.
    """
    import pyarrow as pa

    if is_text:
        return column.from_text(_cells(values, kind))
    match values.type:
        case t if pa.types.is_floating(t):
            return _numbers(values)
        case t if pa.types.is_timestamp(t):
            return _times(values)
        case t if pa.types.is_string(t) or values.null_count:
            return list(values.to_pylist())
        case _:
            return list(values.to_numpy().tolist())


def _cells(values: "pa.ChunkedArray", kind: str) -> list[str]:
    """Cells of CSV; what training reads as missing beside the empty cell is empty here too."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind not in _TEXTS:
        missing = pc.is_in(values, pa.array(_missing()))
        values = pc.if_else(missing, pa.nulls(1, values.type)[0], values)
    return [cell or "" for cell in values.to_pylist()]


@cache
def _missing() -> tuple[str, ...]:
    """Spellings of a missing value in CSV columns that are not text."""
    from pyarrow import csv

    return tuple(csv.ConvertOptions().null_values)


def _numbers(values: "pa.ChunkedArray") -> list[Any]:
    array = values.to_numpy()
    found: list[Any] = array.tolist()
    # Nulls are NaN in the array; in normal form nothing else is.
    for row in np.flatnonzero(~np.isfinite(array)).tolist():
        found[row] = None if np.isnan(array[row]) else str(array[row])
    return found


def _times(values: "pa.ChunkedArray") -> list[Any]:
    array = values.to_numpy()
    found: list[Any] = np.datetime_as_string(array).tolist()
    for row in np.flatnonzero(np.isnat(array)).tolist():
        found[row] = None
    return found
