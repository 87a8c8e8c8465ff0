"""Counts in the making: a tally takes Arrow arrays of one column, and becomes its summary."""

from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from trimaran_runtime.drift.histogram import BLOCK_ROWS, Engine, RunningHistogram
from trimaran_runtime.drift.level import LevelCounts
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.summary import EmptySummary, Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa


class Tally(Protocol):
    """What one column adds up to so far."""

    def add(self, array: "pa.Array") -> None:
        """Count the values of an array, of the kind of column that the tally was made for."""

    def summary(self) -> Summary:
        """The summary of everything added."""


class EmptyTally:
    """A column without a type."""

    def __init__(self) -> None:
        self._missing = 0

    def add(self, array: "pa.Array") -> None:
        self._missing += len(array)

    def summary(self) -> EmptySummary:
        return EmptySummary(missing=self._missing)


class NumberTally:
    """A column of numbers or times."""

    def __init__(
        self, kind: Literal["number", "timestamp"], centre: float, engine: Engine, *, sparse: bool
    ) -> None:
        self._kind = kind
        self._histogram = RunningHistogram(centre, engine, sparse=sparse)
        self._nulls = 0

    def add(self, array: "pa.Array") -> None:
        for block in blocks(array):
            values = numbers(block)
            self._nulls += len(block) - len(values)
            self._histogram.add(values)

    def summary(self) -> NumberSummary:
        return self._histogram.summary(self._kind, self._nulls)


class LevelTally:
    """A column of levels: dictionary codes are counted as they are, texts block by block."""

    def __init__(self) -> None:
        self._counts = LevelCounts()
        self._dictionary: pa.Array | None = None
        self._by_code = np.zeros(0, np.int64)

    def add(self, array: "pa.Array") -> None:
        import pyarrow as pa

        if isinstance(array, pa.DictionaryArray):
            self._add_codes(array)
        elif array.type == pa.bool_():
            true = array.true_count
            levels = {"true": true, "false": len(array) - array.null_count - true}
            self._counts.add({name: rows for name, rows in levels.items() if rows})
            self._counts.missing += array.null_count
        else:
            for block in blocks(array):
                self._add_values(block)

    def summary(self) -> Summary:
        self._flush()
        return self._counts.summary()

    def _add_values(self, block: "pa.Array") -> None:
        import pyarrow.compute as pc

        counted = pc.value_counts(block)
        rows = counted.field(1).to_numpy().tolist()
        self._counts.add_values(counted.field(0).to_pylist(), rows)

    def _add_codes(self, array: "pa.DictionaryArray") -> None:
        if self._dictionary is None or not self._dictionary.equals(array.dictionary):
            self._flush()
            self._dictionary = array.dictionary
            self._by_code = np.zeros(len(array.dictionary), np.int64)
        for block in blocks(array.indices):
            present = block.drop_null() if block.null_count else block
            self._counts.missing += len(block) - len(present)
            codes = present.to_numpy(zero_copy_only=False)
            self._by_code += np.bincount(codes, minlength=len(self._by_code))

    def _flush(self) -> None:
        """Codes to levels. One without rows is a leftover; the level null is a missing value."""
        if self._dictionary is None:
            return
        occurring = np.flatnonzero(self._by_code)
        names = self._dictionary.take(occurring).to_pylist()
        self._counts.add_values(names, self._by_code[occurring].tolist())
        self._dictionary = None


def blocks(array: "pa.Array", rows: int = BLOCK_ROWS) -> "Iterator[pa.Array]":
    """The array in slices; nothing is copied."""
    if len(array) <= rows:
        if len(array):
            yield array
        return
    for start in range(0, len(array), rows):
        yield array.slice(start, rows)


def numbers(block: "pa.Array") -> np.ndarray[Any, np.dtype[Any]]:
    """Values of a block of numbers or times: floats with NaN for null, whole ones without nulls.

    Times are microseconds; finer ones are cut off. A zone only changes how an instant is printed.
    Decimals and half floats become floats.
    """
    import pyarrow as pa
    import pyarrow.types as is_a

    kind = block.type
    if is_a.is_timestamp(kind) or is_a.is_date(kind):
        block = block.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    elif is_a.is_duration(kind):
        block = block.cast(pa.duration("us"), safe=False).cast(pa.int64())
    elif is_a.is_time(kind):
        block = block.cast(pa.time64("us"), safe=False).cast(pa.int64())
    elif is_a.is_decimal(kind):
        block = block.cast(pa.float64(), safe=False)
    elif is_a.is_float16(kind):
        block = block.cast(pa.float32())
    if block.null_count and not is_a.is_floating(block.type):
        block = block.drop_null()
    values: np.ndarray[Any, np.dtype[Any]] = block.to_numpy(zero_copy_only=False)
    return values
