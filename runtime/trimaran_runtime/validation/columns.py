"""The columns of a table as the checks want them, each made once: codes, samples, extremes."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE_ROWS = 50_000
"""Rows that are looked at first where all of them would be slow."""
_GLANCE_ROWS = 10_000
"""Rows that tell whether a text has few levels."""
_MOST_THREADS = 4

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Rows = NDArray[np.int64]
_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column as codes of its levels.

    Attributes:
        codes: shape `(n,)`, int32; the number of levels where the value is missing.
        levels: Arrow array of the distinct values, in the order of their first rows.
    """

    codes: Codes
    levels: Any


@dataclass(frozen=True)
class Columns:
    """A table in normal form, and what several checks want of its columns.

    Attributes:
        table: the rows.
    """

    table: "pa.Table"
    _encoded: dict[str, Encoded] = field(default_factory=dict)
    _glances: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    def __getitem__(self, name: str) -> Any:
        """The column, an Arrow chunked array."""
        return self.table.column(name)

    def is_number(self, name: str) -> bool:
        """Whether it holds integers or floats."""
        import pyarrow as pa

        kind = self[name].type
        return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))

    def is_text(self, name: str) -> bool:
        """Whether it holds texts."""
        import pyarrow as pa

        return bool(pa.types.is_string(self[name].type))

    def is_time(self, name: str) -> bool:
        """Whether it holds timestamps."""
        import pyarrow as pa

        return bool(pa.types.is_timestamp(self[name].type))

    @cached_property
    def sample(self) -> Rows:
        """Sorted numbers of at most `SAMPLE_ROWS` rows, one drawn from each of equal stretches.

        Drawn with a fixed seed; a fixed step could beat in time with a pattern of the rows.
        """
        return sample_of(self.rows, SAMPLE_ROWS)

    def extremes(self, name: str) -> tuple[Any, Any]:
        """Least and largest value of a number or a timestamp; None where there is none."""
        import pyarrow.compute as pc

        found = pc.min_max(self[name])
        return found["min"].as_py(), found["max"].as_py()

    def numbers(self, name: str, rows: Rows | None = None) -> Floats:
        """A number, timestamp or boolean column as floats, missing values NaN; None: all rows."""
        import pyarrow as pa

        column = self[name] if rows is None else taken(self[name], rows)
        if pa.types.is_timestamp(column.type) or pa.types.is_boolean(column.type):
            column = column.cast(pa.int64())
        values: Floats = column.to_numpy().astype(np.float64, copy=False)
        return values

    def glance(self, name: str) -> tuple[int, int]:
        """Distinct and present values among some 10,000 rows."""
        import pyarrow.compute as pc

        if name not in self._glances:
            some = taken(self[name], sample_of(self.rows, _GLANCE_ROWS)).drop_null()
            self._glances[name] = int(pc.count_distinct(some).as_py()), len(some)
        return self._glances[name]

    def has_few_levels(self, name: str) -> bool:
        """Whether at most half of the glanced values are distinct."""
        distinct, present = self.glance(name)
        return distinct * 2 <= present or present < 100

    def encoded(self, name: str) -> Encoded:
        """Codes of a column's values; kept, as several checks want them."""
        if name not in self._encoded:
            self._encoded[name] = _encode(self[name])
        return self._encoded[name]

    def each(self, names: Iterable[_T], work: Callable[[_T], _R]) -> list[_R]:
        """What `work` makes of each name, in order; Arrow and NumPy let threads run at once."""
        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
            return list(pool.map(work, names))


def taken(column: Any, rows: Rows) -> Any:
    """Some rows of a column; chunk by chunk, as texts of all chunks would be joined first.

    Args:
        column: an Arrow chunked array.
        rows: sorted row numbers.
    """
    import pyarrow as pa

    pieces, start = [], 0
    for chunk in column.chunks:
        first, last = np.searchsorted(rows, (start, start + len(chunk)))
        if last > first:
            pieces.append(chunk.take(pa.array(rows[first:last] - start)))
        start += len(chunk)
    return pa.chunked_array(pieces, type=column.type)


def sample_of(rows: int, size: int) -> Rows:
    """Sorted row numbers, at most `size`, one from each of equal stretches; the same every time."""
    if rows <= size:
        return np.arange(rows, dtype=np.int64)
    edges = np.linspace(0, rows, size + 1)
    within = np.random.default_rng(0).random(size)
    drawn = edges[:-1] + within * np.diff(edges)
    return np.minimum(drawn.astype(np.int64), rows - 1)


def _encode(column: Any) -> Encoded:
    import pyarrow as pa

    is_boolean = pa.types.is_boolean(column.type)
    if is_boolean:
        column = column.cast(pa.int8())
    unified = column.dictionary_encode().unify_dictionaries()
    chunks = unified.chunks
    levels = chunks[0].dictionary if chunks else pa.array([], column.type)
    codes = np.empty(len(column), dtype=np.int32)
    start = 0
    for chunk in chunks:
        indices = chunk.indices
        if indices.null_count:
            indices = indices.fill_null(len(levels))
        codes[start : start + len(chunk)] = indices.to_numpy(zero_copy_only=False)
        start += len(chunk)
    return Encoded(codes, levels.cast(pa.bool_()) if is_boolean else levels)
