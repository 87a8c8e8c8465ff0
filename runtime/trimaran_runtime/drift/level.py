"""Summary of a column of levels."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.key import Counts

MAX_LEVELS = 100_000
"""Distinct levels kept exactly; above, levels are pooled into `BUCKETS` by their hash."""
BUCKETS = 4096
MAX_LEVEL_CHARACTERS = 200
"""Longer levels are kept as their beginning and a digest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelSummary:
    """A column of levels: category, boolean, text.

    Attributes:
        missing: nulls.
        levels: rows by level, exact; empty when pooled.
        buckets: rows by hash of the level, shape `(4096,)`; None: `levels` is exact.
    """

    missing: int
    levels: Mapping[str, int] = field(default_factory=dict)
    buckets: Counts | None = None

    @property
    def kind(self) -> Literal["level"]:
        """`level`."""
        return "level"

    @property
    def present(self) -> int:
        """Values that are not missing."""
        return int(sum(self.levels.values()) if self.buckets is None else self.buckets.sum())

    @property
    def rows(self) -> int:
        """All rows."""
        return self.present + self.missing

    @classmethod
    def count(cls, levels: Mapping[str, int], missing: int) -> Self:
        """Summary of counted levels; pooled when there are more than `MAX_LEVELS`."""
        short: dict[str, int] = {}
        for level, rows in levels.items():
            name = shorten(level)
            short[name] = short.get(name, 0) + rows
        if len(short) > MAX_LEVELS:
            return cls(missing=missing, buckets=pool(short))
        return cls(missing=missing, levels=short)

    def pooled(self) -> Counts:
        """Rows by hash bucket, whether or not the levels are known."""
        return pool(self.levels) if self.buckets is None else self.buckets

    def merge(self, other: Self) -> Self:
        """Summary of the rows of both."""
        missing = self.missing + other.missing
        if self.buckets is None and other.buckets is None:
            levels = dict(self.levels)
            for level, rows in other.levels.items():
                levels[level] = levels.get(level, 0) + rows
            return self.count(levels, missing)
        return type(self)(missing=missing, buckets=self.pooled() + other.pooled())

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The numbers, as JSON; levels and counts go into `writer`."""
        names = sorted(self.levels)
        writer.texts(names)
        writer.integers(np.array([self.levels[name] for name in names], np.int64))
        if self.buckets is not None:
            writer.integers(self.buckets)
        return {
            "kind": "level",
            "levels": len(names),
            "missing": self.missing,
            "pooled": self.buckets is not None,
        }

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        size = count(described["levels"], MAX_LEVELS + 1)
        names = reader.texts(size)
        levels = dict(zip(names, reader.integers(size).tolist(), strict=True))
        if len(levels) != size:
            raise ValueError("a level comes twice")
        buckets = reader.integers(BUCKETS) if described["pooled"] is True else None
        return cls(missing=count(described["missing"]), levels=levels, buckets=buckets)

    def check(self) -> str:
        """What is impossible about the numbers; empty when nothing is."""
        if self.missing < 0 or any(rows <= 0 for rows in self.levels.values()):
            return "level counts that are not positive"
        if len(self.levels) > MAX_LEVELS:
            return f"more than {MAX_LEVELS} levels"
        if self.buckets is None:
            return ""
        if self.levels or self.buckets.shape != (BUCKETS,) or (self.buckets < 0).any():
            return "impossible pooled counts"
        return ""


def bucket(level: str) -> int:
    """Bucket of a level, 0 to 4095; the same in every process."""
    return digest(level) % BUCKETS


def digest(level: str) -> int:
    """64 bits of a level; the same in every process."""
    found = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(found, "little")


def pool(levels: Mapping[str, int]) -> Counts:
    """Rows by bucket, shape `(4096,)`."""
    counts = np.zeros(BUCKETS, np.int64)
    for level, rows in levels.items():
        counts[bucket(level)] += rows
    return counts


def shorten(level: str) -> str:
    """The level, or the beginning and digest of a long one: distinct levels stay distinct."""
    if len(level) <= MAX_LEVEL_CHARACTERS:
        return level
    found = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{level[: MAX_LEVEL_CHARACTERS // 2]}… {found}"
