"""Sums of products of normal scores: the correlation of every pair of numeric columns.

The products are whole numbers small enough that a matrix product in float32 over 8,192 rows is
exact, and blocks are added up in float64, exactly: any partition of the rows gives the same bits.

A pair is looked at over the rows that have both values. Values that are missing at random
therefore change no correlation, however many there are.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import reduce
from typing import Any, Self

import numpy as np

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.key import Counts, Floats
from trimaran_runtime.drift.normal_score import LIMIT, MAX_COLUMNS, NormalScoreTable
from trimaran_runtime.drift.row_values import blocks
from trimaran_runtime.drift.score_sums import ScoreSums
from trimaran_runtime.drift.source import Source, cores, source_of
from trimaran_runtime.errors import DataError

_THREADED_ROWS = 100_000
_SQUARE = LIMIT * LIMIT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormalScores:
    """Sums over rows of d columns' normal scores, each `(d, d)` unless said otherwise.

    Attributes:
        basis: digest of the reference that the scores rest on.
        columns: names, d of them.
        pairs: rows where columns i and j both have a value.
        products: sum of score i times score j, over those rows.
        sums: sum of score i, over those rows.
        squares: sum of score i squared, over those rows.
        weights: sum of weight i times weight j, over those rows, where a weight is the square
            over 45, rounded: how much more often both scores are far out together than apart.
        weight_sums: shape `(d,)`, sum of weight i.
    """

    basis: str
    columns: tuple[str, ...]
    pairs: Counts
    products: Counts
    sums: Counts
    squares: Counts
    weights: Counts
    weight_sums: Counts

    @classmethod
    def of(cls, table: Any, scores: NormalScoreTable, threads: int | None = None) -> "NormalScores":
        """Sums over the rows of a table; a column that is not there, or no number, is missing.

        Args:
            table: an Arrow table or record batch, a polars or pandas data frame.
            scores: of the reference.
            threads: at a time; None: as many as there are cores.
        """
        source = source_of(table)
        names = [name for name in scores.columns if name in source.names]
        return cls.of_source(source, scores, names, threads)

    @classmethod
    def of_source(
        cls,
        source: Source,
        scores: NormalScoreTable,
        names: Sequence[str],
        threads: int | None = None,
    ) -> "NormalScores":
        """Sums over the rows of a source, of the named columns alone.

        Args:
            source: the rows.
            scores: of the reference.
            names: columns that are looked at; others are missing.
            threads: at a time; None: as many as there are cores.
        """
        if not names or not source.rows:
            return cls.none(scores)
        wanted = cores() if threads is None else threads
        sums = [ScoreSums(scores) for _ in range(wanted if source.rows >= _THREADED_ROWS else 1)]
        waiting = deque(blocks(source, names, sums[0].block_rows))

        def add(one: ScoreSums) -> None:
            with suppress(IndexError):
                while True:
                    one.add(waiting.popleft())

        # BLAS has as many threads as there are cores, which are ours already.
        with _one_thread_of_blas():
            if len(sums) > 1:
                with ThreadPoolExecutor(len(sums)) as pool:
                    list(pool.map(add, sums))
            else:
                add(sums[0])
        # Sums of whole numbers do not tell who added them up.
        return reduce(cls.merge, (cls._from(one, scores) for one in sums))

    @classmethod
    def none(cls, scores: NormalScoreTable) -> "NormalScores":
        """Sums over no rows."""
        return cls._from(ScoreSums(scores), scores)

    @classmethod
    def _from(cls, sums: ScoreSums, scores: NormalScoreTable) -> "NormalScores":
        """Of pairs with a value in both columns: of all, without where one is missing."""
        size = len(scores.columns)
        gram = sums.gram.astype(np.int64)
        ones, marks = gram[size], slice(size + 1, None)
        lost = ones[marks]
        return cls(
            basis=scores.basis,
            columns=scores.columns,
            pairs=ones[size] - lost[:, None] - lost + gram[marks, marks],
            products=gram[:size, :size],
            sums=gram[:size, size, None] - gram[:size, marks],
            squares=np.diag(gram)[:size, None] - sums.squares_absent.astype(np.int64),
            weights=sums.weights[:size, :size].astype(np.int64),
            weight_sums=sums.weights[:size, size].astype(np.int64),
        )

    @property
    def correlations(self) -> Floats:
        """Correlation of each pair, shape `(d, d)`; NaN where there is none."""
        rows = self.pairs.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.sums / rows
            spread = self.squares / rows - mean * mean
            shared = self.products / rows - mean * mean.T
            found: Floats = shared / np.sqrt(spread * spread.T)
        found[~((spread > 0) & (spread.T > 0))] = np.nan
        return np.clip(found, -1, 1)

    @property
    def inflation(self) -> Floats:
        """How many times as much each correlation varies as one of normal variables; 1 or more.

        For elliptical distributions the variance of a correlation is a multiple of a normal one's
        (Muirhead, Aspects of Multivariate Statistical Theory, 1982, 5.1.4), which the mean of the
        product of both squares shows: it is 1 + 2 rho^2 for a normal pair.
        """
        rows = self.pairs.astype(np.float64)
        present = np.diag(self.pairs)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self.weight_sums / present
            together = self.weights / rows / np.outer(mean, mean)
            found: Floats = together / (1 + 2 * self.correlations**2)
        return np.maximum(np.nan_to_num(found, nan=1.0, posinf=1.0), 1.0)

    def merge(self, other: Self) -> Self:
        """Sums over the rows of both; raises DataError when the references differ."""
        self.check_basis(other)
        return type(self)(
            basis=self.basis,
            columns=self.columns,
            pairs=self.pairs + other.pairs,
            products=self.products + other.products,
            sums=self.sums + other.sums,
            squares=self.squares + other.squares,
            weights=self.weights + other.weights,
            weight_sums=self.weight_sums + other.weight_sums,
        )

    def check_basis(self, other: Self) -> None:
        """Raise DataError unless both rest on the same reference."""
        if (self.basis, self.columns) != (other.basis, other.columns):
            raise DataError(
                "the normal scores rest on different references",
                where="correlation",
                next_step="profile every part with the same `reference`",
            )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The columns, as JSON; the sums go into `writer`."""
        upper = np.triu_indices(len(self.columns))
        writer.integers(self.pairs[upper])
        # Shifted to where they cannot be negative.
        writer.integers(self.products[upper] + _SQUARE * self.pairs[upper])
        writer.integers((self.sums + LIMIT * self.pairs).ravel())
        writer.integers(self.squares.ravel())
        writer.integers(self.weights[upper])
        writer.integers(self.weight_sums)
        return {"basis": self.basis, "columns": list(self.columns)}

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        basis, columns = described["basis"], described["columns"]
        size = count(len(columns), MAX_COLUMNS + 1)
        well_formed = type(columns) is list and all(type(name) is str for name in columns)
        if not well_formed or type(basis) is not str or columns != sorted(set(columns)):
            raise ValueError("normal scores of no columns")
        pairs = _symmetric(reader, size)
        products = _symmetric(reader, size) - _SQUARE * pairs
        sums = reader.integers(size * size).reshape(size, size) - LIMIT * pairs
        squares = reader.integers(size * size).reshape(size, size)
        weights = _symmetric(reader, size)
        weight_sums = reader.integers(size)
        present = np.diag(pairs)
        impossible = (
            (pairs > np.minimum.outer(present, present)).any()
            or (np.abs(products) > _SQUARE * pairs).any()
            or (np.abs(sums) > LIMIT * pairs).any()
            or (squares > _SQUARE * pairs).any()
            or (weights > _SQUARE * pairs).any()
            or (weight_sums > LIMIT * present).any()
        )
        if impossible:
            raise ValueError("impossible sums of normal scores")
        return cls(
            basis=basis,
            columns=tuple(columns),
            pairs=pairs,
            products=products,
            sums=sums,
            squares=squares,
            weights=weights,
            weight_sums=weight_sums,
        )


def _one_thread_of_blas() -> "AbstractContextManager[object]":
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits


def _symmetric(reader: Reader, size: int) -> Counts:
    upper = np.triu_indices(size)
    whole = np.zeros((size, size), np.int64)
    whole[upper] = reader.integers(len(upper[0]))
    return np.maximum(whole, whole.T)
