"""The inner loop: blocks of numbers into a keyed histogram, in NumPy, or in Numba when asked for.

Both give the same bits. What is subtracted, and in which type, depends on the type of the values
and on the centre alone, never on where a block begins.
"""

import threading
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.key import KEY_BY_RAW, KEYS, Counts, Keys
from trimaran_runtime.drift.number import NumberSummary, exact

BLOCK_ROWS = 131_072
"""Rows at a time: what a block needs besides its values is 2 MiB, and stays in the cache."""
Engine = Literal["numpy", "numba"]
Values = npt.NDArray[Any]
Distance = npt.NDArray[np.float32]

_ABOVE, _BELOW = 0x7F80, 0xFF80
"""Raw keys of +inf and -inf, and of whatever a float32 cannot hold."""
_FEW = 8192
_NONE = np.empty(0, np.uint16)
_NEAR = 2**62
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
        self._waiting: list[npt.NDArray[np.uint16]] = []
        self._waiting_rows = 0
        with np.errstate(over="ignore", under="ignore"):
            zero = np.array([0 - self._centre], np.float64).astype(np.float32)
        self._zero, self._zero_key = zero[0], int(zero.view(np.uint32)[0] >> 16)
        self.above = self.below = self.zeros = 0
        self.minimum: float | None = None
        self.maximum: float | None = None

    def add(self, values: Values) -> None:
        """Count values of one dtype, float32, float64 or a whole one; shape `(n,)`, NaN allowed."""
        self._rows += len(values)
        if len(values) < _FEW:
            if len(values):
                self._few(values)
            return
        counts = self._dense()
        for start in range(0, len(values), BLOCK_ROWS):
            block = values[start : start + BLOCK_ROWS]
            if block.dtype.kind == "f":
                self._floats(block, counts)
            elif self._kernel is None or not self._whole_compiled(block, counts):
                counts += _keyed(self._whole(block))
        if self._sparse:
            self._settle()

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
        self._settle()
        raw, counts = self._kept
        counts = counts - np.where(raw == _ABOVE, self.above, 0)
        counts -= np.where(raw == _BELOW, self.below, 0)
        kept = (counts > 0) & ((raw & 0x7FFF) <= _ABOVE)
        keys, counts = KEY_BY_RAW[raw[kept]], counts[kept]
        order = np.argsort(keys)
        return keys[order], counts[order]

    def _settle(self) -> None:
        """Put everything into the keys that occur."""
        waiting = self._waiting
        self._waiting, self._waiting_rows = [], 0
        if self._counts is None and not len(self._kept[0]):
            keys, counts = np.unique(np.concatenate([_NONE, *waiting]), return_counts=True)
            self._kept = (keys.astype(np.intp), counts.astype(np.int64))
            return
        dense = self._dense()
        if waiting:
            dense += np.bincount(np.concatenate(waiting), minlength=KEYS)
        occurring = np.flatnonzero(dense)
        self._kept = (occurring, dense[occurring])
        self._counts = None

    def _dense(self) -> Counts:
        if self._counts is None:
            self._counts = np.zeros(KEYS, np.int64)
            self._counts[self._kept[0]] = self._kept[1]
        return self._counts

    def _few(self, values: Values) -> None:
        """A handful of values: their keys wait, as an array of all keys would cost more."""
        if values.dtype.kind == "f":
            distance = self._float_distance(values)
            self.above += int(np.count_nonzero(values == np.inf))
            self.below += int(np.count_nonzero(values == -np.inf))
            finite = values[np.isfinite(values)]
            self.zeros += len(finite) - int(np.count_nonzero(finite))
            if len(finite):
                self._widen(finite.min().item(), finite.max().item())
        else:
            distance = self._whole(values)
        self._waiting.append(distance.view(np.uint16)[1::2].copy())
        self._waiting_rows += len(values)
        if self._waiting_rows >= KEYS:
            self._settle()

    def _floats(self, values: Values, counts: Counts) -> None:
        if self._kernel is not None:
            self._compiled(values, counts)
            return
        distance = self._float_distance(values)
        own = _keyed(distance)
        counts += own
        if own[self._zero_key]:
            # Where few are near zero, to look at those is faster than to look at all.
            near = values
            if own[self._zero_key] * 8 < len(values):
                near = values[np.flatnonzero(distance == self._zero)]
            self.zeros += len(near) - int(np.count_nonzero(near))
        beyond = own[_ABOVE] or own[_BELOW]  # infinite, or finite and too far for a float32
        if beyond:
            self.above += int(np.count_nonzero(values == np.inf))
            self.below += int(np.count_nonzero(values == -np.inf))
            values = values[np.isfinite(values)]
        if len(values) and (beyond or self._may_widen(distance, values.dtype)):
            least, most = np.fmin.reduce(values).item(), np.fmax.reduce(values).item()
            if least <= most:  # else all are NaN
                self._widen(least, most)

    def _may_widen(self, distance: Distance, kind: "np.dtype[Any]") -> bool:
        """Whether a block may have values beyond the extremes so far; yes, if it has NaN.

        What is subtracted and rounded keeps its order, so distances are compared: half as much
        to read, and there already.
        """
        if self.minimum is None or self.maximum is None:
            return True
        least, most = distance.min(), distance.max()
        with np.errstate(over="ignore", under="ignore"):
            ends = np.array([self.minimum, self.maximum], np.float64).astype(kind)
        # Overwrites the block's distances, which have been counted.
        low, high = self._float_distance(ends)
        return not (least > low and most < high)

    def _float_distance(self, values: Values) -> Distance:
        centre = self._subtrahend(values)
        # x - (-0.0) makes -0.0 the same key as 0.0; any other centre does so by itself.
        return _difference(values, centre or -centre)

    def _subtrahend(self, values: Values) -> Any:
        single = values.dtype == np.float32 and float(np.float32(self._centre)) == self._centre
        return np.float32(self._centre) if single else np.float64(self._centre)

    def _compiled(self, values: Values, counts: Counts) -> None:
        assert self._kernel is not None
        found = self._kernel(values, self._subtrahend(values), counts)
        above, below, zeros, finite, least, most = found
        self.above += above
        self.below += below
        self.zeros += zeros
        if finite:
            self._widen(float(least), float(most))

    def _whole_compiled(self, values: Values, counts: Counts) -> bool:
        """Count whole numbers whose distances surely fit 64 bits; False: they may not."""
        assert self._kernel is not None
        if not self._centre.is_integer() or abs(self._centre) > _NEAR:
            return False
        least, most = values.min().item(), values.max().item()
        if least < -_NEAR or most > _NEAR:
            return False
        _, _, zeros, _, _, _ = self._kernel(values, np.int64(self._centre), counts)
        self.zeros += zeros
        self._widen(least, most)
        return True

    def _whole(self, values: Values) -> Distance:
        least, most = values.min().item(), values.max().item()
        self._widen(least, most)
        if least <= 0 <= most:
            self.zeros += len(values) - int(np.count_nonzero(values))
        return self._whole_distance(values, least, most)

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

    def _widen(self, least: float, most: float) -> None:
        if self.minimum is None or least < self.minimum:
            self.minimum = exact(least)
        if self.maximum is None or most > self.maximum:
            self.maximum = exact(most)


class _Buffers(threading.local):
    """What a block needs, kept by each thread: fresh memory costs more than what is done in it."""

    def __init__(self) -> None:
        self.distance: Distance = np.empty(BLOCK_ROWS, np.float32)
        self.raw = np.empty(BLOCK_ROWS, np.intp)


_BUFFERS = _Buffers()


def _difference(values: Values, centre: Any, kind: Any = None) -> Distance:
    """`float32(x - centre)` of at most a block; overwritten by the next of the same thread."""
    distance = _BUFFERS.distance[: len(values)]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        np.subtract(values, centre, out=distance, casting="unsafe", dtype=kind)
    return distance


def _keyed(distance: Distance) -> Counts:
    raw = _BUFFERS.raw[: len(distance)]
    np.right_shift(distance.view(np.uint32), 16, out=raw, casting="unsafe")
    counts: Counts = np.bincount(raw, minlength=KEYS)
    return counts
