"""Summaries of one column: counts only, so they add up exactly in any order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np

from trimaran_runtime.drift.key import HIGHEST, LOWEST, Counts, Keys
from trimaran_runtime.errors import DataError

MAX_LEVELS = 100_000
"""Distinct levels kept exactly; above, levels are pooled into `BUCKETS` by their hash."""
BUCKETS = 4096
MAX_LEVEL_CHARACTERS = 200
"""Longer levels are kept as their beginning and a digest."""

Kind = Literal["number", "timestamp", "level", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptySummary:
    """A column without a type: every value seen so far is missing."""

    missing: int

    @property
    def kind(self) -> Kind:
        """`empty`: takes the kind of whatever it is merged with."""
        return "empty"

    @property
    def rows(self) -> int:
        """All rows, which are all missing."""
        return self.missing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NumberSummary:
    """A numeric column.

    Attributes:
        kind: `number`, or `timestamp` (microseconds since 1970, UTC).
        centre: what was subtracted before taking keys.
        missing: nulls and NaN.
        above, below: values that are +inf, -inf; not in the histogram.
        zeros: values that are exactly 0.
        minimum, maximum: of the finite values; None: there is none.
        keys: ordered keys that occur, ascending.
        counts: rows by key, all positive, same shape.
    """

    kind: Literal["number", "timestamp"]
    centre: float
    missing: int
    above: int
    below: int
    zeros: int
    minimum: float | None
    maximum: float | None
    keys: Keys
    counts: Counts

    @property
    def finite(self) -> int:
        """Values that are neither missing nor infinite."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        """All rows."""
        return self.finite + self.missing + self.above + self.below

    def merge(self, other: Self) -> Self:
        """Summary of the rows of both; raises DataError on different kinds or centres."""
        if self.centre != other.centre:
            raise DataError(
                f"two profiles with different centres ({self.centre!r}, {other.centre!r}) "
                "cannot be merged",
                next_step="profile every part with the same `centres`",
            )
        keys, place = np.unique(np.concatenate([self.keys, other.keys]), return_inverse=True)
        counts = np.zeros(len(keys), np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return type(self)(
            kind=self.kind,
            centre=self.centre,
            missing=self.missing + other.missing,
            above=self.above + other.above,
            below=self.below + other.below,
            zeros=self.zeros + other.zeros,
            minimum=min(_known(self.minimum, other.minimum), default=None),
            maximum=max(_known(self.maximum, other.maximum), default=None),
            keys=keys,
            counts=counts,
        )

    def check(self) -> str:
        """What is impossible about the numbers; empty when nothing is."""
        counts = (self.missing, self.above, self.below, self.zeros)
        if min(counts) < 0 or self.zeros > self.finite:
            return "negative or impossible counts"
        if len(self.keys) != len(self.counts) or (self.counts <= 0).any():
            return "histogram counts that are not positive"
        if (np.diff(self.keys.astype(np.int64)) <= 0).any():
            return "histogram keys out of order"
        if len(self.keys) and (self.keys[0] < LOWEST or self.keys[-1] > HIGHEST):
            return "histogram keys out of range"
        has_range = self.minimum is not None and self.maximum is not None
        if has_range != bool(len(self.keys)) or not np.isfinite(self.centre):
            return "a range that does not fit the histogram"
        return ""


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
    def kind(self) -> Kind:
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


Summary = NumberSummary | LevelSummary | EmptySummary


def bucket(level: str) -> int:
    """Bucket of a level, 0 to 4095; the same in every process."""
    digest = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % BUCKETS


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
    digest = hashlib.blake2b(level.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{level[: MAX_LEVEL_CHARACTERS // 2]}… {digest}"


def merge(one: Summary, other: Summary) -> Summary:
    """Summary of the rows of both.

    Raises:
        DataError: the kinds or the centres differ.
    """
    if isinstance(one, EmptySummary) and isinstance(other, EmptySummary):
        return EmptySummary(missing=one.missing + other.missing)
    if isinstance(one, EmptySummary):
        return _with_missing(other, one.missing)
    if isinstance(other, EmptySummary):
        return _with_missing(one, other.missing)
    if one.kind == other.kind:
        if isinstance(one, NumberSummary) and isinstance(other, NumberSummary):
            return one.merge(other)
        if isinstance(one, LevelSummary) and isinstance(other, LevelSummary):
            return one.merge(other)
    raise DataError(f"a {one.kind} and a {other.kind} column cannot be merged")


def _with_missing(summary: Summary, missing: int) -> Summary:
    return replace(summary, missing=summary.missing + missing)


def _known(*values: float | None) -> list[float]:
    return [value for value in values if value is not None]
