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
        self._names: pa.Array | None = None
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

        counted = pc.value_counts(plain_text(block))
        rows = counted.field(1).to_numpy().tolist()
        self._counts.add_values(counted.field(0).to_pylist(), rows)

    def _add_codes(self, array: "pa.DictionaryArray") -> None:
        if self._dictionary is None or not self._dictionary.equals(array.dictionary):
            self._flush()
            self._dictionary = array.dictionary
            self._names = plain_text(array.dictionary)
            self._by_code = np.zeros(len(array.dictionary), np.int64)
        for block in blocks(array.indices):
            missing = block.null_count
            if missing:
                block = _filled(block, len(self._dictionary))
                self._counts.missing += missing
            codes = np.bincount(block.to_numpy(), minlength=len(self._by_code))
            self._by_code += codes[: len(self._by_code)]

    def _flush(self) -> None:
        """Codes to levels. One without rows is a leftover; the level null is a missing value."""
        if self._names is None:
            return
        occurring = np.flatnonzero(self._by_code)
        names = self._names.take(occurring).to_pylist()
        self._counts.add_values(names, self._by_code[occurring].tolist())
        self._dictionary = self._names = None


def _filled(codes: "pa.Array", code: int) -> "pa.Array":
    """Codes with one for null, which is twice as fast as to leave nulls out."""
    import pyarrow.compute as pc

    if code > np.iinfo(codes.type.to_pandas_dtype()).max:
        return codes.drop_null()
    return pc.fill_null(codes, code)


def blocks(array: "pa.Array", rows: int = BLOCK_ROWS) -> "Iterator[pa.Array]":
    """The array in slices; nothing is copied."""
    if len(array) <= rows:
        if len(array):
            yield array
        return
    for start in range(0, len(array), rows):
        yield array.slice(start, rows)


def plain_text(array: "pa.Array") -> "pa.Array":
    """The array, views of strings as strings: little can be done with views."""
    import pyarrow as pa

    return array.cast(pa.large_string()) if array.type == pa.string_view() else array


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
