"""The inner loop: blocks of numbers into a keyed histogram, in NumPy, or in Numba when asked for.

Both give the same bits. What is subtracted, and in which type, depends on the type of the values
and on the centre alone, never on where a block begins.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.key import KEYS, Counts, Keys, ordered
from trimaran_runtime.drift.number import NumberSummary, exact

BLOCK_ROWS = 131_072
"""Rows at a time: what a block needs besides its values is 2 MiB, and stays in the cache."""
Engine = Literal["numpy", "numba"]
Values = npt.NDArray[Any]
Distance = npt.NDArray[np.float32]

_ABOVE, _BELOW = 0x7F80, 0xFF80
"""Raw keys of +inf and -inf, and of whatever a float32 cannot hold."""
_LEAST, _MOST = -(2**63), 2**63 - 1


class RunningHistogram:
    """Histogram of the values so far, and what a histogram cannot tell.

    Args:
        centre: what is subtracted, finite.
        engine: what runs the loop over floats.
        sparse: keep only the keys that occur between blocks: a tenth of the memory, and slower.

    Attributes:
        above, below: values that are +inf, -inf.
        zeros: values that are exactly 0.
        minimum, maximum: of the finite values; None: there is none.
    """

    def __init__(self, centre: float, engine: Engine = "numpy", *, sparse: bool = False) -> None:
        self._centre = centre + 0.0
        self._kernel = None
        if engine == "numba":
            from trimaran_runtime.drift.compiled import count_floats

            self._kernel = count_floats
        self._sparse = sparse
        self._rows = 0
        self._kept = (np.empty(0, np.intp), np.empty(0, np.int64))
        self._counts: Counts | None = None
        with np.errstate(over="ignore", under="ignore"):
            zero = np.array([0 - self._centre], np.float64).astype(np.float32)
        self._zero_key = int(zero.view(np.uint32)[0] >> 16)
        self.above = self.below = self.zeros = 0
        self.minimum: float | None = None
        self.maximum: float | None = None

    def add(self, values: Values) -> None:
        """Count values of one dtype, float32, float64 or a whole one; shape `(n,)`, NaN allowed."""
        counts = self._dense()
        self._rows += len(values)
        for start in range(0, len(values), BLOCK_ROWS):
            block = values[start : start + BLOCK_ROWS]
            if block.dtype.kind == "f":
                self._floats(block, counts)
            else:
                self._whole(block, counts)
        if self._sparse:
            occurring = np.flatnonzero(counts)
            self._kept, self._counts = (occurring, counts[occurring]), None

    def summary(self, kind: Literal["number", "timestamp"], missing: int = 0) -> NumberSummary:
        """The summary of everything added.

        Args:
            kind: of the column.
            missing: missing values that were left out; NaN is counted here.
        """
        keys, counts = self._result()
        present = int(counts.sum()) + self.above + self.below
        return NumberSummary(
            kind=kind,
            centre=self._centre,
            missing=missing + self._rows - present,
            above=self.above,
            below=self.below,
            zeros=self.zeros,
            minimum=self.minimum,
            maximum=self.maximum,
            keys=keys,
            counts=counts,
        )

    def _result(self) -> tuple[Keys, Counts]:
        """Keys that occur, ascending, and their rows; NaN and infinities are not among them."""
        counts = self._dense().copy()
        counts[_ABOVE] -= self.above
        counts[_BELOW] -= self.below
        counts[_ABOVE + 1 : 0x8000] = counts[_BELOW + 1 :] = 0
        counts = ordered(counts)
        keys = np.flatnonzero(counts)
        return keys.astype(np.uint16), counts[keys]

    def _dense(self) -> Counts:
        if self._counts is None:
            self._counts = np.zeros(KEYS, np.int64)
            self._counts[self._kept[0]] = self._kept[1]
        return self._counts

    def _floats(self, values: Values, counts: Counts) -> None:
        single = values.dtype == np.float32 and float(np.float32(self._centre)) == self._centre
        centre = np.float32(self._centre) if single else np.float64(self._centre)
        if self._kernel is not None:
            self._compiled(values, centre, counts)
            return
        # x - (-0.0) makes -0.0 the same key as 0.0; any other centre does so by itself.
        own = self._keys(_difference(values, centre or -centre))
        counts += own
        infinite = own[_ABOVE] + own[_BELOW]
        if infinite:
            self.above += int(np.count_nonzero(values == np.inf))
            self.below += int(np.count_nonzero(values == -np.inf))
        if infinite or own[_ABOVE + 1 : 0x8000].any() or own[_BELOW + 1 :].any():
            values = values[np.isfinite(values)]
        if own[self._zero_key]:
            self.zeros += len(values) - int(np.count_nonzero(values))
        if len(values):
            self._widen(values.min().item(), values.max().item())

    def _compiled(self, values: Values, centre: Any, counts: Counts) -> None:
        assert self._kernel is not None
        above, below, zeros, finite, least, most = self._kernel(values, centre, counts)
        self.above += above
        self.below += below
        self.zeros += zeros
        if finite:
            self._widen(float(least), float(most))

    def _whole(self, values: Values, counts: Counts) -> None:
        least, most = values.min().item(), values.max().item()
        self._widen(least, most)
        if least <= 0 <= most:
            self.zeros += len(values) - int(np.count_nonzero(values))
        counts += self._keys(self._whole_distance(values, least, most))

    def _whole_distance(self, values: Values, least: int, most: int) -> Distance:
        """Whole numbers are subtracted exactly: float64 would blur ids and times."""
        if not self._centre.is_integer():
            return _difference(values.astype(np.float64), np.float64(self._centre))
        centre, floats = int(self._centre), values
        if values.dtype == np.uint64:
            # The upper half of the line is moved to where int64 has it.
            values = (values ^ np.uint64(1 << 63)).view(np.int64)
            centre, least, most = centre - (1 << 63), least - (1 << 63), most - (1 << 63)
        if not _LEAST <= centre <= _MOST:
            return _difference(floats.astype(np.float64), np.float64(self._centre))
        if least - centre >= _LEAST and most - centre <= _MOST:
            return _difference(values, np.int64(centre), np.int64)
        signed = values.astype(np.int64, copy=False)
        distance = signed - np.int64(centre)
        wrapped = ((signed ^ np.int64(centre)) & (signed ^ distance)) < 0
        result = distance.astype(np.float32)
        result[wrapped] = floats[wrapped].astype(np.float64) - self._centre
        return result

    def _keys(self, distance: Distance) -> Counts:
        raw = np.empty(len(distance), np.intp)
        np.right_shift(distance.view(np.uint32), 16, out=raw, casting="unsafe")
        counts: Counts = np.bincount(raw, minlength=KEYS)
        return counts

    def _widen(self, least: float, most: float) -> None:
        if self.minimum is None or least < self.minimum:
            self.minimum = exact(least)
        if self.maximum is None or most > self.maximum:
            self.maximum = exact(most)


def _difference(values: Values, centre: Any, kind: Any = None) -> Distance:
    distance = np.empty(len(values), np.float32)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        np.subtract(values, centre, out=distance, casting="unsafe", dtype=kind)
    return distance
