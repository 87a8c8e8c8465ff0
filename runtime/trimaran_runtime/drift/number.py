"""Summary of a column of numbers or times."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from trimaran_runtime.drift.binary import Reader, Writer, count, number
from trimaran_runtime.drift.key import HIGHEST, KEYS, LOWEST, Counts, Keys, together
from trimaran_runtime.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberSummary:
    """A numeric column.

    Attributes:
        kind: `number`, or `timestamp` (microseconds since 1970, UTC).
        centre: what was subtracted before taking keys.
        missing: nulls and NaN.
        above, below: values that are +inf, -inf; not in the histogram.
        zeros: values that are exactly 0.
        minimum, maximum: of the finite values, exact: whole ones are int; None: there is none.
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

    @cached_property
    def finite(self) -> int:
        """Values that are neither missing nor infinite."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        """All rows."""
        return self.finite + self.missing + self.above + self.below

    def merge(self, other: Self) -> Self:
        """Summary of the rows of both; raises DataError on different centres."""
        if self.centre != other.centre:
            raise DataError(
                f"two profiles with different centres ({self.centre!r}, {other.centre!r}) "
                "cannot be merged",
                next_step="profile every part with the same `reference`",
            )
        keys = together(self.keys, other.keys)
        counts = np.zeros(len(keys), np.int64)
        counts[np.searchsorted(keys, self.keys)] = self.counts
        counts[np.searchsorted(keys, other.keys)] += other.counts
        return type(self)(
            kind=self.kind,
            centre=self.centre,
            missing=self.missing + other.missing,
            above=self.above + other.above,
            below=self.below + other.below,
            zeros=self.zeros + other.zeros,
            minimum=min(known(self.minimum, other.minimum), default=None),
            maximum=max(known(self.maximum, other.maximum), default=None),
            keys=keys,
            counts=counts,
        )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The numbers, as JSON; the histogram goes into `writer`."""
        keys = self.keys.astype(np.int64)
        writer.integers(keys - np.concatenate([[0], keys[:-1]]))
        writer.integers(self.counts)
        return {
            "above": self.above,
            "below": self.below,
            "centre": self.centre,
            "keys": len(self.keys),
            "kind": self.kind,
            "maximum": self.maximum,
            "minimum": self.minimum,
            "missing": self.missing,
            "zeros": self.zeros,
        }

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        size = count(described["keys"], KEYS + 1)
        keys = np.cumsum(reader.integers(size, KEYS))
        if size and keys[-1] >= KEYS:
            raise ValueError("a key out of range")
        return cls(
            kind=described["kind"],
            centre=float(described["centre"]),
            missing=count(described["missing"]),
            above=count(described["above"]),
            below=count(described["below"]),
            zeros=count(described["zeros"]),
            minimum=exact(number(described["minimum"])),
            maximum=exact(number(described["maximum"])),
            keys=keys.astype(np.uint16),
            counts=reader.integers(size),
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
        if not math.isfinite(self.centre):
            return "a centre that is no number"
        if self.minimum is None or self.maximum is None:
            has_range = self.minimum is not None or self.maximum is not None
            return "a range that does not fit the histogram" if has_range or self.finite else ""
        if not self.finite or not -math.inf < self.minimum <= self.maximum < math.inf:
            return "a range that does not fit the histogram"
        return ""


def exact(value: float | None) -> float | None:
    """A value as it is kept: whole ones within 64 bits are int, so that equal ones look alike."""
    if isinstance(value, float) and value.is_integer() and -(2.0**63) <= value < 2.0**64:
        return int(value)
    return value


def known(*values: float | None) -> list[float]:
    """Those that are not None."""
    return [value for value in values if value is not None]
