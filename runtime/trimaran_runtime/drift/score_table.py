"""Predictions of a classifier of two classes, counted by score, predicted class and true class.

All that the performance of a model on other rows rests on, in whole numbers: tables add up to the
same bits in any order. Bins are those of the reference, and hold about as many of its rows each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.key import Counts, Floats
from trimaran_runtime.errors import DataError

BINS = 128
_LEAST_BINS, _BIN_ROWS = 8, 30
UNKNOWN = -1
"""True class of a row without a label."""
UNIT = 1 << 20
"""Sums of fractions are kept in whole numbers of this part."""
_MAX_BINS = 4096
_MAX_SEGMENTS = 1000
_SMALLEST = 1e-15
_LARGEST_LOSS = 35
_MOMENTS = 4
Truth = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreTable:
    """Rows by bin of the score; b bins.

    Attributes:
        edges: shape `(b - 1,)`, ascending: a score below the first is in the first bin.
        cells: shape `(b, 2, 3)`: rows by bin, predicted class (1: the positive one) and true class
            (0, 1, and 2 for unknown).
        moments: shape `(b, 4)`: sums of score, squared score, and minus the logarithms of the
            score and of 1 minus it, in units of 2^-20.
        unread: rows without a score, which are in no bin.
        segments: tables by segment column and level, with the same edges; empty: not asked for.
    """

    edges: Floats
    cells: Counts
    moments: Counts
    unread: int
    segments: Mapping[str, Mapping[str, "ScoreTable"]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        scores: npt.ArrayLike,
        chosen: npt.ArrayLike,
        truth: npt.ArrayLike | None = None,
        *,
        reference: "ScoreTable | None" = None,
        segments: Mapping[str, Sequence[str]] | None = None,
        bins: int | None = None,
    ) -> "ScoreTable":
        """Count predictions.

        Args:
            scores: shape `(n,)`, probability of the positive class, 0 to 1; NaN: there is none.
            chosen: shape `(n,)`, whether the positive class was predicted.
            truth: shape `(n,)`, 1 for the positive class, 0 for the other, -1 where it is not
                known; None: nowhere.
            reference: table to compare or merge with; None: bins of about as many rows each.
            segments: level of each row by segment column.
            bins: how many, where there is no reference; None: one for 30 rows, from 8 to 128.

        Raises:
            DataError: a score is not between 0 and 1.
        """
        given = np.asarray(scores, np.float64)
        known = np.full(len(given), UNKNOWN) if truth is None else np.asarray(truth)
        present = ~np.isnan(given)
        if ((given[present] < 0) | (given[present] > 1)).any():
            raise DataError("a score that is no probability", where="scores", allowed="0 to 1")
        wanted = (
            int(np.clip(present.sum() // _BIN_ROWS, _LEAST_BINS, BINS)) if bins is None else bins
        )
        edges = _edges(given[present], wanted) if reference is None else reference.edges
        predicted, actual = np.asarray(chosen).astype(np.int64), known.astype(np.int64)
        whole = cls._count(edges, given, predicted, actual)
        divided = {
            name: {
                level: cls._count(edges, given[marks], predicted[marks], actual[marks])
                for level, marks in _marks(levels).items()
            }
            for name, levels in sorted((segments or {}).items())
        }
        return replace(whole, segments=divided)

    @classmethod
    def _count(cls, edges: Floats, scores: Floats, chosen: Counts, truth: Counts) -> "ScoreTable":
        present = ~np.isnan(scores)
        scores, chosen, truth = scores[present], chosen[present], truth[present]
        size, place = len(edges) + 1, np.searchsorted(edges, scores, side="right")
        cell = (place * 2 + chosen) * 3 + np.where(truth < 0, 2, truth)
        kept = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
        parts = (scores, scores * scores, -np.log(kept), -np.log1p(-kept))
        moments = np.zeros((size, _MOMENTS), np.int64)
        for at, part in enumerate(parts):
            np.add.at(moments[:, at], place, np.rint(part * UNIT).astype(np.int64))
        return cls(
            edges=edges,
            cells=np.bincount(cell, minlength=size * 6).reshape(size, 2, 3).astype(np.int64),
            moments=moments,
            unread=int((~present).sum()),
        )

    @property
    def rows(self) -> int:
        """Rows with a score."""
        return int(self.cells.sum())

    @property
    def labelled(self) -> int:
        """Rows whose true class is known."""
        return int(self.cells[:, :, :2].sum())

    def bins_of(self, scores: Floats) -> npt.NDArray[np.intp]:
        """Bin of each score."""
        return np.searchsorted(self.edges, scores, side="right")

    def merge(self, other: Self) -> Self:
        """Table of the rows of both; raises DataError when their bins differ."""
        self.check_edges(other)
        none = _none(self.edges)
        segments = {
            name: {
                level: self.segments.get(name, {})
                .get(level, none)
                .merge(other.segments.get(name, {}).get(level, none))
                for level in sorted({*self.segments.get(name, {}), *other.segments.get(name, {})})
            }
            for name in sorted({*self.segments, *other.segments})
        }
        return type(self)(
            edges=self.edges,
            cells=self.cells + other.cells,
            moments=self.moments + other.moments,
            unread=self.unread + other.unread,
            segments=segments,
        )

    def check_edges(self, other: Self) -> None:
        """Raise DataError unless both have the same bins."""
        if not np.array_equal(self.edges, other.edges):
            raise DataError(
                "two tables of scores have different bins",
                where="scores",
                next_step="make every part with the same `reference`",
            )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """Sizes, as JSON; edges and counts go into `writer`."""
        writer.raw(self.edges.astype("<f8").tobytes())
        names = {name: sorted(levels) for name, levels in sorted(self.segments.items())}
        for table in (self, *(self.segments[n][level] for n, ls in names.items() for level in ls)):
            writer.integers(table.cells.ravel())
            writer.integers(table.moments.ravel())
            writer.integers(np.array([table.unread]))
        return {"bins": len(self.edges) + 1, "segments": names}

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        size = count(described["bins"], _MAX_BINS + 1)
        if not size:
            raise ValueError("a table of scores without bins")
        edges = np.frombuffer(reader.take(8 * (size - 1)), "<f8").astype(np.float64)
        if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            raise ValueError("edges out of order")
        names = described["segments"]
        total = sum(len(levels) for levels in names.values())
        if total > _MAX_SEGMENTS or total * size > _MAX_SEGMENTS * BINS:
            raise ValueError("too many segments")
        whole = cls._restored(edges, reader)
        segments = {}
        for name, levels in sorted(names.items()):
            if levels != sorted(set(levels)) or not all(type(level) is str for level in levels):
                raise ValueError("segments out of order")
            segments[name] = {level: cls._restored(edges, reader) for level in levels}
        return replace(whole, segments=segments)

    @classmethod
    def _restored(cls, edges: Floats, reader: Reader) -> Self:
        size = len(edges) + 1
        cells = reader.integers(size * 6).reshape(size, 2, 3)
        moments = reader.integers(size * _MOMENTS).reshape(size, _MOMENTS)
        rows = cells.sum(axis=(1, 2))[:, None]
        if (moments > rows * UNIT * [1, 1, _LARGEST_LOSS, _LARGEST_LOSS]).any():
            raise ValueError("impossible sums of scores")
        return cls(edges=edges, cells=cells, moments=moments, unread=int(reader.integers(1)[0]))


def _edges(scores: Floats, bins: int) -> Floats:
    if not len(scores):
        return np.zeros(0)
    wanted = np.quantile(scores, np.arange(1, bins) / bins, method="higher")
    edges = np.unique(wanted)
    found: Floats = edges[edges > scores.min()]
    return found


def _marks(levels: Sequence[str]) -> dict[str, npt.NDArray[np.intp]]:
    names, place = np.unique(np.asarray(levels, dtype=str), return_inverse=True)
    return {str(name): np.flatnonzero(place == at) for at, name in enumerate(names)}


def _none(edges: Floats) -> ScoreTable:
    size = len(edges) + 1
    return ScoreTable(
        edges=edges,
        cells=np.zeros((size, 2, 3), np.int64),
        moments=np.zeros((size, _MOMENTS), np.int64),
        unread=0,
    )
