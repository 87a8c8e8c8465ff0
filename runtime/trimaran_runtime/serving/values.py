"""What a model is handed: a list for every column, or one matrix where every column is a number.

Both are indexed by column, so that `values[i]` is the i-th column and its length the number of
rows. Which of them a release gets is decided by its signature and never mixed.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Values = Sequence[list[Any]] | NDArray[np.float64]
"""By column: lists, or (columns, rows) float64 with NaN for what is missing."""


def joined(parts: Sequence[Values]) -> Values:
    """The rows of several requests, one after the other."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(cast("Sequence[NDArray[np.float64]]", parts), axis=1)
    return [
        [value for column in columns for value in column] for columns in zip(*parts, strict=True)
    ]


def first(values: Values, count: int) -> Values:
    """The first rows; they are repeated where there are fewer."""
    if isinstance(values, np.ndarray):
        repeated: NDArray[np.float64] = values[:, np.arange(count) % values.shape[1]]
        return np.ascontiguousarray(repeated)
    return [(column * count)[:count] for column in values]


def part(values: Values, start: int, end: int) -> Values:
    """Some of the rows."""
    if isinstance(values, np.ndarray):
        return np.ascontiguousarray(values[:, start:end])
    return [column[start:end] for column in values]
