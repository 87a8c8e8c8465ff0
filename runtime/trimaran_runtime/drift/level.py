"""Summary of a column of levels: exact while there are few, by their hash where there are many.

Everything here is a function of the rows as a multiset, so that parts add up to the same bits:
the counts of a fixed set of buckets; the largest rank of each register (HyperLogLog: Flajolet,
Fusy, Gandouet and Meunier, AofA 2007); and the exact counts of the levels with the smallest
hashes. A level that belongs to those of the whole belongs to those of every part that it occurs
in, so none of its rows is lost (bottom-k: Cohen and Kaplan, PODC 2007). Counters of the most
frequent levels (Misra-Gries, Space-Saving) have no such property: what they keep depends on the
order. A bucket bounds the rows of each of its levels from above.
"""

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.key import Counts
from trimaran_runtime.drift.level_name import (
    BUCKETS,
    MAX_LEVEL_CHARACTERS,
    digest,
    pool,
    shorten,
    text_of,
)

MAX_LEVELS = 100_000
"""Distinct levels kept exactly; above, they are pooled."""
SAMPLED = 1024
"""Levels with the smallest hashes whose rows are still counted exactly above the cap."""
_RANK_BITS = 52
_ALPHA = 0.7213 / (1 + 1.079 / BUCKETS)

Registers = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelSummary:
    """A column of levels: category, boolean, text.

    Attributes:
        missing: nulls.
        levels: rows by level, exact; empty when pooled.
        buckets: rows by hash of the level, shape `(4096,)`; None: `levels` is exact.
        sampled: rows of the 1,024 levels with the smallest hashes, exact; None: not pooled, or
            pooled by version 1, which did not sample.
        registers: of the number of distinct levels, shape `(4096,)`; None: as `sampled`.
    """

    missing: int
    levels: Mapping[str, int] = field(default_factory=dict)
    buckets: Counts | None = None
    sampled: Mapping[str, int] | None = None
    registers: Registers | None = None

    @property
    def kind(self) -> Literal["level"]:
        """`level`."""
        return "level"

    @cached_property
    def present(self) -> int:
        """Values that are not missing."""
        return int(sum(self.levels.values()) if self.buckets is None else self.buckets.sum())

    @property
    def rows(self) -> int:
        """All rows."""
        return self.present + self.missing

    @property
    def distinct(self) -> int | None:
        """Distinct levels: exact, or within 1.6 % (standard error); None: not known."""
        if self.buckets is None:
            return len(self.levels)
        if self.registers is None:
            return None
        powers = np.ldexp(1.0, -np.arange(_RANK_BITS + 2))
        found = np.bincount(self.registers, minlength=_RANK_BITS + 2)
        estimate = _ALPHA * BUCKETS**2 / float(found @ powers)
        # Linear counting while registers are empty, as the paper has it.
        few = estimate <= 2.5 * BUCKETS and found[0]
        return round(BUCKETS * math.log(BUCKETS / found[0]) if few else estimate)

    @classmethod
    def count(cls, levels: Mapping[str, int], missing: int) -> "LevelSummary":
        """Summary of counted levels; pooled when there are more than `MAX_LEVELS`."""
        short: dict[str, int] = {}
        for level, rows in levels.items():
            name = shorten(level)
            short[name] = short.get(name, 0) + rows
        exact = cls(missing=missing, levels=short)
        return exact._pool() if len(short) > MAX_LEVELS else exact

    def pooled(self) -> Counts:
        """Rows by hash bucket, whether or not the levels are known."""
        return pool(self.levels) if self.buckets is None else self.buckets

    def merge(self, other: "LevelSummary") -> "LevelSummary":
        """Summary of the rows of both."""
        missing = self.missing + other.missing
        if self.buckets is None and other.buckets is None:
            return self.count(_sum(self.levels, other.levels), missing)
        one, two = self._pool(), other._pool()
        assert one.buckets is not None
        assert two.buckets is not None
        sampled = registers = None
        if one.sampled is not None and two.sampled is not None:
            sampled = _smallest(_sum(one.sampled, two.sampled))
        if one.registers is not None and two.registers is not None:
            registers = np.maximum(one.registers, two.registers)
        return LevelSummary(
            missing=missing,
            buckets=one.buckets + two.buckets,
            sampled=sampled,
            registers=registers,
        )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The numbers, as JSON; levels and counts go into `writer`."""
        levels = self.levels if self.sampled is None else self.sampled
        names = sorted(levels)
        writer.texts(names)
        writer.integers(np.array([levels[name] for name in names], np.int64))
        if self.buckets is not None:
            writer.integers(self.buckets)
        if self.registers is not None:
            writer.integers(self.registers)
        return {
            "kind": "level",
            "levels": len(names),
            "missing": self.missing,
            "pooled": self.buckets is not None,
            "sampled": self.sampled is not None,
        }

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        missing = count(described["missing"])
        pooled, sampled = described["pooled"] is True, described["sampled"] is True
        size = count(described["levels"], (SAMPLED if sampled else MAX_LEVELS) + 1)
        names = reader.texts(size)
        levels = dict(zip(names, reader.integers(size).tolist(), strict=True))
        if len(levels) != size or (sampled and not pooled):
            raise ValueError("a level comes twice, or a sample without buckets")
        buckets = reader.integers(BUCKETS) if pooled else None
        if not sampled:
            return cls(missing=missing, levels=levels, buckets=buckets)
        registers = reader.integers(BUCKETS, _RANK_BITS + 2).astype(np.uint8)
        return cls(missing=missing, buckets=buckets, sampled=levels, registers=registers)

    def check(self) -> str:
        """What is impossible about the numbers; empty when nothing is."""
        sampled = self.sampled or {}
        if self.missing < 0 or any(n <= 0 for n in [*self.levels.values(), *sampled.values()]):
            return "level counts that are not positive"
        if len(self.levels) > MAX_LEVELS:
            return f"more than {MAX_LEVELS} levels"
        if self.buckets is None:
            return ""
        if self.levels or self.buckets.shape != (BUCKETS,) or (self.buckets < 0).any():
            return "impossible pooled counts"
        if (pool(sampled) > self.buckets).any():
            return "more sampled rows than there are in their bucket"
        if self.registers is not None and ((self.registers > 0) != (self.buckets > 0)).any():
            return "registers that do not fit the buckets"
        return ""

    def _pool(self) -> "LevelSummary":
        if self.buckets is not None:
            return self
        counts = LevelCounts(missing=self.missing)
        counts.pool(self.levels)
        return counts.pooled()


class LevelCounts:
    """Levels in the making: a dictionary up to the cap, and never more than that in memory.

    Args:
        missing: nulls so far; whoever counts adds to it.
    """

    def __init__(self, missing: int = 0) -> None:
        self.missing = missing
        self._levels: dict[str, int] = {}
        self._buckets: Counts | None = None
        self._registers = np.zeros(BUCKETS, np.uint8)
        self._sampled: dict[str, int] = {}

    def add(self, levels: Mapping[str, int]) -> None:
        """Rows by level, as they were counted in some part of the column."""
        known = self._levels
        for level, rows in levels.items():
            name = level if len(level) <= MAX_LEVEL_CHARACTERS else shorten(level)
            known[name] = known.get(name, 0) + rows
        if len(known) > MAX_LEVELS:
            self.pool(known)
            self._levels = {}

    def add_values(self, values: Iterable[Any], rows: Iterable[int]) -> None:
        """Rows by value, each written as a level is; None is a missing value."""
        levels: dict[str, int] = {}
        for value, number in zip(values, rows, strict=True):
            if value is None or value != value:
                self.missing += number
            else:
                level = value if type(value) is str else text_of(value)
                levels[level] = levels.get(level, 0) + number
        self.add(levels)

    def pool(self, levels: Mapping[str, int]) -> None:
        """Put levels into buckets, registers and the sample."""
        if self._buckets is None:
            self._buckets = np.zeros(BUCKETS, np.int64)
        if not levels:
            return
        hashes = np.array([digest(level) for level in levels], np.uint64)
        rows = np.fromiter(levels.values(), np.int64, len(levels))
        places = (hashes % np.uint64(BUCKETS)).astype(np.intp)
        np.add.at(self._buckets, places, rows)
        np.maximum.at(self._registers, places, _ranks(hashes))
        # Levels beyond the k-th smallest hash cannot be among the k smallest.
        most = np.partition(hashes, SAMPLED)[SAMPLED] if len(hashes) > SAMPLED else None
        names = list(levels)
        chosen = range(len(names)) if most is None else np.flatnonzero(hashes <= most).tolist()
        few = {names[place]: levels[names[place]] for place in chosen}
        self._sampled = _smallest(_sum(self._sampled, few))

    def pooled(self) -> LevelSummary:
        """The summary of what `pool` was given."""
        return LevelSummary(
            missing=self.missing,
            buckets=self._buckets,
            sampled=self._sampled,
            registers=self._registers,
        )

    def summary(self) -> LevelSummary:
        """The summary of everything added."""
        if self._buckets is None:
            return LevelSummary(missing=self.missing, levels=self._levels)
        self.pool(self._levels)
        self._levels = {}
        return self.pooled()


def _ranks(hashes: npt.NDArray[np.uint64]) -> Registers:
    """Place of the first one among the upper 52 bits of each hash, from 1; 53: there is none."""
    # Below 2^52 every whole number is a float64, whose exponent tells its length.
    _, length = np.frexp((hashes >> np.uint64(64 - _RANK_BITS)).astype(np.float64))
    return (_RANK_BITS + 1 - length).astype(np.uint8)


def _smallest(levels: Mapping[str, int]) -> dict[str, int]:
    if len(levels) <= SAMPLED:
        return dict(levels)
    chosen = heapq.nsmallest(SAMPLED, levels, key=lambda level: (digest(level), level))
    return {level: levels[level] for level in chosen}


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    levels = dict(one)
    for level, rows in other.items():
        levels[level] = levels.get(level, 0) + rows
    return levels
