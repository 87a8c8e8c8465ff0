"""Bins of a reference column, and the rows of any comparable column in them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.key import Counts, Floats, Keys, edges
from trimaran_runtime.drift.summary import LevelSummary, NumberSummary, bucket

WANTED = 32
_RARE_ROWS = 20
_MAX_POOLS = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberBins:
    """About 32 bins with equal reference mass; a value holding that much alone is its own bin.

    Attributes:
        keys: keys that occur in the reference, ascending.
        bin_of: bin of each, non-decreasing, from 0.
        atom: whether each is a bin of its own.
        centre: centre of the keys.
    """

    keys: Keys
    bin_of: npt.NDArray[np.intp]
    atom: npt.NDArray[np.bool_]
    centre: float

    @classmethod
    def of(cls, reference: NumberSummary) -> "NumberBins":
        """Bins of a reference column that has at least one finite value."""
        counts = reference.counts
        atom = counts * WANTED >= counts.sum()
        light = np.where(atom, 0, counts)
        mass = int(light.sum())
        parts = max(1, round(WANTED * mass / int(counts.sum())))
        middle = np.cumsum(light) - light / 2
        part = np.minimum(parts * middle // max(mass, 1), parts - 1).astype(np.intp)
        # A bin ends at every atom and wherever the quantile changes.
        begins = np.ones(len(counts), np.bool_)
        begins[1:] = atom[1:] | atom[:-1] | (part[1:] != part[:-1])
        bin_of = np.cumsum(begins) - 1
        return cls(keys=reference.keys, bin_of=bin_of, atom=atom, centre=reference.centre)

    @property
    def size(self) -> int:
        """Bins, without the one for values between or beyond atoms."""
        return int(self.bin_of[-1]) + 1

    def rows(self, summary: NumberSummary) -> Counts:
        """Rows by bin, shape `(size + 1,)`; the last holds values that belong to no bin."""
        if summary.keys is self.keys:
            return np.bincount(self.bin_of, summary.counts, self.size + 1).astype(np.int64)
        next_key = np.searchsorted(self.keys, summary.keys)
        after = np.minimum(next_key, len(self.keys) - 1)
        seen = self.keys[after] == summary.keys
        before = np.maximum(next_key - 1, 0)
        # A key that never occurred belongs to a neighbour, but never to an atom.
        place = np.where(~self.atom[before], self.bin_of[before], self.bin_of[after])
        place = np.where(self.atom[before] & self.atom[after], self.size, place)
        place = np.where(seen, self.bin_of[after], place)
        return np.bincount(place, summary.counts, minlength=self.size + 1).astype(np.int64)

    def edges(self) -> tuple[Floats, Floats]:
        """Lower and upper edge of each bin, in the column's unit."""
        low, high = edges(self.keys, self.centre)
        first = np.searchsorted(self.bin_of, np.arange(self.size))
        last = np.searchsorted(self.bin_of, np.arange(self.size), side="right") - 1
        return low[first], high[last]


def level_bins(reference: LevelSummary, current: LevelSummary) -> tuple[Counts, Counts]:
    """Rows of both by level; levels expected on fewer than 20 rows are pooled by their hash."""
    if reference.buckets is not None or current.buckets is not None:
        return reference.pooled(), current.pooled()
    expected = min(1.0, current.present / max(reference.present, 1))
    # In order of names: sums of floats have the same bits wherever the profile comes from.
    common = (name for name, rows in reference.levels.items() if rows * expected >= _RARE_ROWS)
    frequent = sorted(common)
    kept = set(frequent)
    rare = reference.present - sum(reference.levels[name] for name in frequent)
    pools = int(np.clip(rare * expected / _RARE_ROWS, 1, _MAX_POOLS))
    pooled = [n for n in reference.levels.keys() | current.levels.keys() if n not in kept]
    place = np.array([bucket(name) % pools for name in pooled], np.intp)

    def rows(summary: LevelSummary) -> Counts:
        own = level_rows(summary, frequent)
        rest = np.bincount(place, level_rows(summary, pooled), pools).astype(np.int64)
        return np.concatenate([own, rest])

    return rows(reference), rows(current)


def level_rows(summary: LevelSummary, names: list[str]) -> Counts:
    """Rows of a column by level, of those with these names."""
    rows = summary.levels.get
    return np.array([rows(name, 0) for name in names], np.int64)


def pool_thin(reference: Counts, current: Counts, *, least: float = 5) -> tuple[Counts, Counts]:
    """Put bins expected on fewer than `least` rows of either side into one."""
    rows, reference_rows = int(current.sum()), int(reference.sum())
    thin = np.minimum(reference, reference * (rows / max(reference_rows, 1))) < least
    if not thin.any():
        return reference, current
    before = np.append(reference[~thin], reference[thin].sum())
    return before, np.append(current[~thin], current[thin].sum())
