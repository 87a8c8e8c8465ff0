"""Values as ranks among the thresholds they are compared with: exact in float32."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST = 1 << 24
"""Float32 holds every whole number up to here."""


@dataclass(frozen=True)
class Rank:
    """Replaces each value by how many thresholds of its column lie below it; NaN stays.

    A value is at most the threshold of rank r exactly where its own rank is at most r. So trees
    that compare in float32, as ONNX's do, decide as those that compare in float64.

    Attributes:
        counts: (d,) thresholds of each column.
        thresholds: those of all columns, ascending within each.
    """

    counts: NDArray[np.int32]
    thresholds: Floats

    def width(self, columns: int) -> int:
        if len(self.counts) != columns or int(self.counts.sum()) != len(self.thresholds):
            raise ValueError("ranks")
        if len(self.counts) and not 0 <= int(self.counts.min()) <= int(self.counts.max()) < MOST:
            raise ValueError("ranks")
        return columns

    def __call__(self, rows: Floats) -> Floats:
        ranks = np.empty(rows.shape)
        for column, known in enumerate(self._columns):
            ranks[:, column] = known.searchsorted(rows[:, column])
        missing = np.isnan(rows)
        if missing.any():
            ranks[missing] = np.nan
        return ranks

    @cached_property
    def _columns(self) -> list[Floats]:
        return np.split(self.thresholds, np.cumsum(self.counts)[:-1])
