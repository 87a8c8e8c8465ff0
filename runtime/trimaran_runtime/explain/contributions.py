"""Contributions of columns to answers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributions:
    """Of n rows, p columns and k outputs.

    Attributes:
        values: (n, p, k); with `base` they add up to the answers.
        base: (k,) answers before anything is known of a row.
        error: (n, p, k) standard errors of the values; None: they are exact.
    """

    values: Floats
    base: Floats
    error: Floats | None = None

    def summed(self, sources: Places, columns: int) -> "Contributions":
        """Contributions of input columns: the sums of those of the columns derived from each.

        Args:
            sources: (m,) place of the input column that each derived column comes from.
            columns: how many input columns there are.
        """
        belongs = (sources[:, np.newaxis] == np.arange(columns)).astype(np.float64)
        summed: Floats = np.einsum("nmk,mp->npk", self.values, belongs)
        return Contributions(values=summed, base=self.base)

    def adds_up_to(self, answers: Any) -> bool:
        """Whether contributions and base give a model's own answers, to a millionth."""
        wanted = np.asarray(answers, dtype=np.float64).reshape(len(self.values), -1)
        total = self.values.sum(axis=1) + self.base
        if total.shape != wanted.shape:
            return False
        return bool(np.allclose(total, wanted, rtol=1e-6, atol=1e-6))
