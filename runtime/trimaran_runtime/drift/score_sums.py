"""Adds up products of normal scores, block of rows after block of rows.

A block is a matrix of scores, a row of ones, and a row of marks for each column with missing
values. Its product with itself has all sums at once, and BLAS, which is told that both are one
matrix, computes half of it.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.drift.arrow import kind_of
from trimaran_runtime.drift.normal_score import LIMIT, NormalScoreTable, Scores
from trimaran_runtime.drift.row_values import floats_of, subtract

if TYPE_CHECKING:
    import pyarrow as pa

EXACT_ROWS = 8192
"""Rows whose products add up exactly in a float32: 8,192 times 45 squared is less than 2^24."""
_BLOCK_CELLS = 1 << 22
_MOST_SLABS = 8
"""Of 65,536 rows and up to 63 columns: with fewer, calls of NumPy take longer than what they do."""
_STEP = 4
"""Matrices have a multiple of so many rows: of 39, BLAS takes half as long again as of 40."""


class ScoreSums:
    """Sums over the rows of all blocks so far; float64 holds each exactly, up to 10^12 rows.

    Args:
        scores: of the reference, d columns.

    Attributes:
        columns: names, d of them.
        block_rows: most rows of a block.
        gram: products of scores, ones and marks, in this order: shape `(2 d + 1, 2 d + 1)`.
        squares_absent: sum of score i squared, where column j is missing: `(d, d)`.
        weights: products of weights and of ones: shape `(d + 1, d + 1)`.
    """

    def __init__(self, scores: NormalScoreTable) -> None:
        self.columns = scores.columns
        size = len(scores.columns)
        slabs = _BLOCK_CELLS // (size + 1) // EXACT_ROWS
        self.block_rows = EXACT_ROWS * min(max(slabs, 1), _MOST_SLABS)
        self.gram = np.zeros((2 * size + 1, 2 * size + 1))
        self.squares_absent = np.zeros((size, size))
        self.weights = np.zeros((size + 1, size + 1))
        self._scores = scores
        # Memory of what is not written to is not taken.
        self._block = np.zeros((_padded(2 * size + 1), self.block_rows), np.int8)
        self._block[size] = 1
        self._slab = np.zeros((len(self._block), EXACT_ROWS), np.float32)
        self._weights = np.zeros((_padded(size + 1), EXACT_ROWS), np.float32)
        self._weights[size] = 1
        self._distance = np.empty(self.block_rows, np.float32)
        self._raw = np.empty(self.block_rows, np.intp)
        self._numeric: tuple[Any, dict[str, int]] = (None, {})

    def add(self, batch: "pa.RecordBatch") -> None:
        """Take in up to `block_rows`; a column that they lack, or not as numbers, is missing."""
        rows, size = batch.num_rows, len(self.columns)
        places = self._places(batch.schema)
        marked: list[int] = []
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            for number, name in enumerate(self.columns):
                marks = self._block[size + 1 + len(marked), :rows]
                if name not in places:
                    self._block[number, :rows] = 0
                    marks[:] = 1
                    marked.append(number)
                elif self._take(batch.column(places[name]), number, marks):
                    marked.append(number)
        # What the last rows hold, which only fill it up, does not matter.
        used = _padded(size + 1 + len(marked))
        for start in range(0, rows, EXACT_ROWS):
            self._add(self._block[:used, start : min(start + EXACT_ROWS, rows)], marked)

    def _places(self, schema: "pa.Schema") -> dict[str, int]:
        """Places of the numeric columns; the schema is mostly that of the block before."""
        if self._numeric[0] is not schema and self._numeric[0] != schema:
            numeric = {f.name: n for n, f in enumerate(schema) if kind_of(f.type) == "number"}
            self._numeric = (schema, numeric)
        return self._numeric[1]

    def _take(self, piece: "pa.Array", number: int, marks: Scores) -> bool:
        """Scores of a column, into the block; whether some are missing, which `marks` then has."""
        values, missing = floats_of(piece)
        rows = len(values)
        moved, raw = self._distance[:rows], self._raw[:rows]
        subtract(values, self._scores.centres[number], moved)
        np.right_shift(moved.view(np.uint32), 16, out=raw, casting="unsafe")
        # `clip` does not clip here, it spares NumPy a buffer.
        scores = self._block[number, :rows]
        self._scores.scores[number].take(raw, out=scores, mode="clip")
        if missing is not None:
            scores[missing] = 0
            marks[:] = missing
            return True
        # NaN has the score 0. The largest value is NaN when any is.
        if rows and values.dtype.kind == "f" and np.isnan(moved.max()):
            marks[:] = np.isnan(moved)
            return True
        return False

    def _add(self, block: Scores, marked: list[int]) -> None:
        size, rows = len(self.columns), block.shape[1]
        slab, weights = self._slab[: len(block), :rows], self._weights[:, :rows]
        slab[:] = block
        product = slab @ slab.T
        if marked:
            used = [*range(size + 1), *(size + 1 + number for number in marked)]
            self.gram[np.ix_(used, used)] += product[: len(used), : len(used)]
        else:
            self.gram[: size + 1, : size + 1] += product[: size + 1, : size + 1]
        squares = np.multiply(slab[:size], slab[:size], out=weights[:size])
        if marked:
            absent = slab[size + 1 : size + 1 + len(marked)]
            self.squares_absent[:, marked] += squares @ absent.T
        squares *= np.float32(1 / LIMIT)
        np.rint(squares, out=squares)
        product = weights @ weights.T
        self.weights += product[: size + 1, : size + 1]


def _padded(rows: int) -> int:
    return -(-rows // _STEP) * _STEP
