"""Which rows belong to which segment: the levels of a column, and of two columns crossed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

MISSING = "(missing)"
CROSS = " x "
"""Between the two columns, and the two levels, of a crossed segment."""
_MOST_LEVELS = 50
"""Levels too small to be judged that are listed all the same, per segment column."""
_MOST_CROSSED = 100
"""Crossed levels that are looked at, per pair of columns: the largest."""

Levels = Mapping[str, NDArray[np.object_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The rows of one level.

    Attributes:
        column: segment column, or two with `CROSS` between them.
        level: level, likewise.
        rows: numbers of its rows.
    """

    column: str
    level: str
    rows: NDArray[np.int64]


def segment_levels(table: "pa.Table", columns: Sequence[str]) -> dict[str, NDArray[np.object_]]:
    """Level of each row as text, by segment column."""
    import pyarrow as pa

    levels = {}
    for name in columns:
        texts: list[Any] = table.column(name).cast(pa.string()).to_pylist()
        levels[name] = np.array([MISSING if t is None else t for t in texts], dtype=object)
    return levels


def segments_of(levels: Levels, min_rows: int) -> tuple[list[Segment], dict[str, int]]:
    """The segments to measure, by column and largest first; and how many small ones are left out.

    Crossed segments follow those of single columns, and are listed from `min_rows` rows on only.
    """
    found: list[Segment] = []
    unlisted = {}
    for column, texts in levels.items():
        ranked = list(_ranked(column, texts))
        small = [segment for segment in ranked if len(segment.rows) < min_rows]
        if len(small) > _MOST_LEVELS:
            unlisted[column] = len(small) - _MOST_LEVELS
        found += ranked[: len(ranked) - unlisted.get(column, 0)]
    for one, other in combinations(levels, 2):
        crossed = _ranked(f"{one}{CROSS}{other}", _crossed(levels[one], levels[other]))
        large = [segment for segment in crossed if len(segment.rows) >= min_rows]
        found += large[:_MOST_CROSSED]
    return found, unlisted


def _ranked(column: str, texts: NDArray[np.object_]) -> Iterator[Segment]:
    names, codes = np.unique(texts, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])
    for place in sorted(range(len(names)), key=lambda at: (-len(rows[at]), names[at])):
        yield Segment(column=column, level=str(names[place]), rows=rows[place])


def _crossed(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.object_]:
    names, codes = np.unique(one, return_inverse=True)
    others, other_codes = np.unique(other, return_inverse=True)
    table = np.array([[f"{a}{CROSS}{b}" for b in others] for a in names], dtype=object)
    crossed: NDArray[np.object_] = table[codes, other_codes]
    return crossed
