"""What is done to a matrix of rows between reading and answering, as scikit-learn does it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.lowering.forest import CODES

Floats = NDArray[np.float64]
Places = NDArray[np.int32]


@runtime_checkable
class Operation(Protocol):
    """One operation; none of them changes the rows it is given."""

    def width(self, columns: int) -> int:
        """Columns that come out; raises ValueError where it does not fit what goes in."""

    def __call__(self, rows: Floats) -> Floats:
        """(n, width) rows from (n, columns) rows; raises ValueError for rows it refuses."""


@dataclass(frozen=True)
class Finite:
    """Refuses infinite values, as scikit-learn's own check of its input does.

    Attributes:
        missing: whether NaN may pass.
    """

    missing: bool

    def width(self, columns: int) -> int:
        return columns

    def __call__(self, rows: Floats) -> Floats:
        refused = np.isinf(rows) if self.missing else ~np.isfinite(rows)
        if refused.any():
            raise ValueError("a value is infinite, or missing where none may be")
        return rows


@dataclass(frozen=True)
class InfiniteIsMissing:
    """`trimaran_runtime.training.learner.columns.numbers`: what is infinite becomes NaN."""

    def width(self, columns: int) -> int:
        return columns

    def __call__(self, rows: Floats) -> Floats:
        finite = np.isfinite(rows)
        return rows if finite.all() else np.where(finite, rows, np.nan)


@dataclass(frozen=True)
class Shift:
    """Takes (d,) off, the first half of a StandardScaler or RobustScaler."""

    centre: Floats

    def width(self, columns: int) -> int:
        return _same(columns, len(self.centre))

    def __call__(self, rows: Floats) -> Floats:
        return rows - self.centre


@dataclass(frozen=True)
class Divide:
    """Divides by (d,), the other half, and a MaxAbsScaler."""

    scale: Floats

    def width(self, columns: int) -> int:
        return _same(columns, len(self.scale))

    def __call__(self, rows: Floats) -> Floats:
        return rows / self.scale


@dataclass(frozen=True)
class Spread:
    """A MinMaxScaler: times (d,) `scale`, plus (d,) `start`; cut off at `bounds`, if any."""

    scale: Floats
    start: Floats
    bounds: Floats

    def width(self, columns: int) -> int:
        if len(self.bounds) not in {0, 2}:
            raise ValueError("bounds")
        return _same(columns, len(self.scale), len(self.start))

    def __call__(self, rows: Floats) -> Floats:
        spread = rows * self.scale + self.start
        return np.clip(spread, *self.bounds) if len(self.bounds) else spread


@dataclass(frozen=True)
class Fill:
    """A SimpleImputer: fills what is missing, and says where it was.

    Attributes:
        kept: columns that are kept.
        value: (len(kept),) what is filled in.
        indicated: columns that get a further one, of 1 where the value was missing and 0 elsewhere.
    """

    kept: Places
    value: Floats
    indicated: Places

    def width(self, columns: int) -> int:
        _same(len(self.kept), len(self.value))
        _inside(columns, self.kept, self.indicated)
        return len(self.kept) + len(self.indicated)

    def __call__(self, rows: Floats) -> Floats:
        missing = np.isnan(rows)
        filled = np.empty((len(rows), len(self.kept) + len(self.indicated)))
        filled[:, : len(self.kept)] = np.where(
            missing[:, self.kept], self.value, rows[:, self.kept]
        )
        filled[:, len(self.kept) :] = missing[:, self.indicated]
        return filled


@dataclass(frozen=True)
class Recode:
    """What scikit-learn's boosted trees do first: categories to the front, counted from 0.

    Attributes:
        columns: the columns of categories.
        counts: how many categories each has.
        values: the categories of all of them, ascending within each.
        others: the columns that follow, as they are.
    """

    columns: Places
    counts: Places
    values: Floats
    others: Places

    def width(self, columns: int) -> int:
        _same(len(self.columns), len(self.counts))
        _same(int(self.counts.sum()), len(self.values))
        _inside(columns, self.columns, self.others)
        if (self.counts < 1).any() or (self.counts >= CODES).any():
            raise ValueError("counts")
        return len(self.columns) + len(self.others)

    def __call__(self, rows: Floats) -> Floats:
        recoded = np.empty((len(rows), len(self.columns) + len(self.others)))
        start = 0
        for to, (column, count) in enumerate(zip(self.columns, self.counts, strict=True)):
            known = self.values[start : start + count]
            value = rows[:, column]
            place = np.minimum(known.searchsorted(value), count - 1)
            recoded[:, to] = np.where(known[place] == value, place, np.nan)
            start += count
        recoded[:, len(self.columns) :] = rows[:, self.others]
        return recoded


@dataclass(frozen=True)
class Single:
    """Rounds to float32, as scikit-learn's trees do before they compare; refuses what overflows."""

    def width(self, columns: int) -> int:
        return columns

    def __call__(self, rows: Floats) -> Floats:
        with np.errstate(over="ignore"):
            single = rows.astype(np.float32).astype(np.float64)
        if np.isinf(single).any():
            raise ValueError("a value is infinite, or too large for float32")
        return single


def _same(*sizes: int) -> int:
    if len(set(sizes)) != 1:
        raise ValueError(f"sizes differ: {sizes}")
    return sizes[0]


def _inside(columns: int, *places: Places) -> None:
    for each in places:
        if len(each) and not 0 <= int(each.min()) <= int(each.max()) < columns:
            raise ValueError(f"no such column of {columns}")
