"""Columns as a caller gives them, made into a matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.training.learner import columns as learner_columns

Floats = NDArray[np.float64]
Places = NDArray[np.int32]
Level = str | int | float | bool
_CALENDAR_PARTS = 7


@runtime_checkable
class Reader(Protocol):
    """Reads some of the columns."""

    @property
    def columns(self) -> Places:
        """Which ones, in the signature's order."""

    @property
    def width(self) -> int:
        """Columns of the matrix."""

    def __call__(self, values: Sequence[Any], count: int) -> Floats:
        """(n, width) from the values by column; raises ValueError for values it refuses."""


@dataclass(frozen=True)
class Numbers:
    """Numbers, whole numbers and booleans as floats; None is NaN."""

    columns: Places

    @property
    def width(self) -> int:
        return len(self.columns)

    def __call__(self, values: Sequence[Any], count: int) -> Floats:
        read = np.array([values[i] for i in self._order], dtype=np.float64)
        return read.reshape(len(self._order), count).T

    @cached_property
    def _order(self) -> list[int]:
        order: list[int] = self.columns.tolist()
        return order


@dataclass(frozen=True)
class Calendar:
    """`trimaran_runtime.training.learner.columns.calendar`: times as days and phases."""

    columns: Places

    @property
    def width(self) -> int:
        return len(self.columns) * _CALENDAR_PARTS

    def __call__(self, values: Sequence[Any], count: int) -> Floats:
        return learner_columns.calendar(_Frame({i: values[i] for i in self.columns.tolist()}))


@dataclass(frozen=True)
class Levels:
    """The code of each level of one column.

    Attributes:
        levels: the levels.
        codes: (m,) their codes.
        unknown: code of any other value; None: it is refused.
        missing: code of a missing value; None: it is refused.
    """

    levels: tuple[Level, ...]
    codes: Floats
    unknown: float | None
    missing: float | None

    def __call__(self, values: Any) -> list[float]:
        """Codes of values; raises ValueError for one that is refused."""
        known, unknown = self._known, self.unknown
        given = values if isinstance(values, list) else values.tolist()
        found = [known.get(value, unknown) for value in given]
        if self.missing != unknown:
            missing = self.missing
            # NaN is no key that could be found, and unequal to itself.
            found = [
                missing if value is None or value != value else code
                for value, code in zip(given, found, strict=True)
            ]
        if None in found:
            raise ValueError("a category is unknown")
        return cast("list[float]", found)

    @cached_property
    def _known(self) -> Mapping[Any, float]:
        return dict(zip(self.levels, self.codes.tolist(), strict=True))


@dataclass(frozen=True)
class Ordinal:
    """An OrdinalEncoder: a code per column."""

    columns: Places
    levels: tuple[Levels, ...]

    @property
    def width(self) -> int:
        return len(self.columns)

    def __call__(self, values: Sequence[Any], count: int) -> Floats:
        coded = np.empty((count, len(self.columns)))
        for to, (column, levels) in enumerate(zip(self.columns, self.levels, strict=True)):
            coded[:, to] = levels(values[column])
        return coded


@dataclass(frozen=True)
class OneHot:
    """A OneHotEncoder: a column of 1 and 0 per level.

    Attributes:
        columns: the columns read.
        levels: by column; the code is the place of the 1, -1: all are 0.
        widths: how many columns each becomes.
    """

    columns: Places
    levels: tuple[Levels, ...]
    widths: Places

    @property
    def width(self) -> int:
        return int(self.widths.sum())

    def __call__(self, values: Sequence[Any], count: int) -> Floats:
        hot = np.zeros((count, self.width))
        start = 0
        rows = np.arange(count)
        for column, levels, width in zip(self.columns, self.levels, self.widths, strict=True):
            code = np.array(levels(values[column]), dtype=np.intp)
            if (code < 0).any():
                present = code >= 0
                hot[rows[present], start + code[present]] = 1.0
            else:
                hot[rows, start + code] = 1.0
            start += int(width)
        return hot


class _Frame:
    """As much of a data frame as the learners' columns look at."""

    def __init__(self, values: Mapping[int, Any]) -> None:
        self._values = values
        self.columns = list(values)

    def __getitem__(self, name: int) -> Any:
        return np.asarray(self._values[name], dtype="datetime64[us]")
