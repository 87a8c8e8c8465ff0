"""Values of a body before they are checked: by row, by column, or as one matrix.

All are in the signature's order. Each can say what was given by column, as JSON would give it, and
tries to be a matrix at once: that is what a request costs where every column is a number.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NUMBERS = frozenset({int, float})
_NUMBERS_OR_NULL = _NUMBERS | {type(None)}


class Given(Protocol):
    """The values of a body."""

    @property
    def count(self) -> int:
        """How many rows, at least one."""

    def columns(self) -> list[list[Any]]:
        """Values by column as JSON would give them; a missing value is None."""

    def numbers(self) -> Floats | None:
        """(columns, rows) float64, NaN where a value is missing; None: not all are numbers."""


@dataclass(frozen=True, slots=True)
class ByRow:
    """Rows, each with one value for every column.

    Attributes:
        rows: the rows, all of the same length.
        has_booleans: False: it is certain that no value is a boolean.
    """

    rows: Sequence[Sequence[Any]]
    has_booleans: bool = True

    @property
    def count(self) -> int:
        return len(self.rows)

    def columns(self) -> list[list[Any]]:
        return [list(values) for values in zip(*self.rows, strict=True)]

    def numbers(self) -> Floats | None:
        flat = list(chain.from_iterable(self.rows))
        read = None if self.has_booleans else _packed(flat)
        if read is None:
            if not set(map(type, flat)) <= _NUMBERS_OR_NULL:
                return None
            read = np.array(flat, dtype=np.float64)
        # Column by column in memory, as a data frame is: a model's sums come out the same.
        return np.ascontiguousarray(read.reshape(len(self.rows), -1).T)


@dataclass(frozen=True, slots=True)
class ByColumn:
    """Columns, all of the same length."""

    values: Sequence[list[Any]]

    @property
    def count(self) -> int:
        return len(self.values[0])

    def columns(self) -> list[list[Any]]:
        return list(self.values)

    def numbers(self) -> Floats | None:
        if not all(set(map(type, column)) <= _NUMBERS_OR_NULL for column in self.values):
            return None
        return np.array(self.values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Numbers of one type.

    Attributes:
        array: (rows, columns), of a boolean, integer or floating type; NaN is a missing value.
        booleans: places of the columns that are booleans: there 0 and 1 stand for them, because
            a matrix has one type for all of its columns.
    """

    array: NDArray[Any]
    booleans: frozenset[int] = frozenset()

    @property
    def count(self) -> int:
        return len(self.array)

    def columns(self) -> list[list[Any]]:
        return [self._column(place) for place in range(self.array.shape[1])]

    def numbers(self) -> Floats | None:
        if self.array.dtype.kind == "b":
            return None
        return np.array(self.array.T, dtype=np.float64, order="C")

    def _column(self, place: int) -> list[Any]:
        values: list[Any] = self.array[:, place].tolist()
        if place in self.booleans:
            return [bool(value) if value in {0, 1} else value for value in values]
        if self.array.dtype.kind == "f":
            return [value if value == value else None for value in values]  # NaN
        return values


def _packed(flat: Sequence[Any]) -> Floats | None:
    """Numbers as float64; None: one is missing, or is none. A boolean counts as a number here.

    Four times as fast as looking at every type, and eight times as fast as `np.array`.
    """
    try:
        return np.frombuffer(struct.pack(f"{len(flat)}d", *flat))
    except (struct.error, OverflowError):
        return None
