"""Sums of products of normal scores: the correlation of every pair of numeric columns.

The products are whole numbers small enough that a matrix product in float32 over 8,192 rows is
exact, and blocks are added up as int64: any partition of the rows gives the same bits.

A pair is looked at over the rows that have both values. Values that are missing at random
therefore change no correlation, however many there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.arrow import kind_of
from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.key import Counts, Floats
from trimaran_runtime.drift.normal_score import LIMIT, MAX_COLUMNS, NormalScoreTable, Scores
from trimaran_runtime.drift.row_values import (
    BLOCK_ROWS,
    Marks,
    blocks,
    distance,
    numbers_of,
    raw_keys,
)
from trimaran_runtime.drift.source import Source, cores, source_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_Block = npt.NDArray[np.float32]
_THREADED_ROWS = 100_000
_SQUARE = LIMIT * LIMIT
EXACT_ROWS = 8192
"""Rows whose products add up exactly in a float32: 8,192 times 45 squared is less than 2^24."""


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
    def of(cls, table: Any, scores: NormalScoreTable) -> "NormalScores":
        """Sums over the rows of a table; a column that is not there, or no number, is missing.

        Args:
            table: an Arrow table or record batch, a polars or pandas data frame.
            scores: of the reference.
        """
        source = source_of(table)
        return cls.of_source(source, scores, [n for n in scores.columns if n in source.names])

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
        batches = list(blocks(source, names))
        wanted = cores() if threads is None else threads
        limits = None if wanted < 2 or source.rows < _THREADED_ROWS else _blas_limits()
        if limits is None:
            return _summed(batches, scores)
        # Sums of whole numbers do not tell who added them up.
        with limits(limits=1, user_api="blas"), ThreadPoolExecutor(wanted) as pool:
            shares = [batches[start::wanted] for start in range(wanted)]
            parts = list(pool.map(_summed, shares, [scores] * wanted))
        return reduce(cls.merge, parts[1:], parts[0])

    @classmethod
    def none(cls, scores: NormalScoreTable) -> "NormalScores":
        """Sums over no rows."""
        return _summed((), scores)

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


class ScoreSums:
    """Adds up blocks of rows.

    Args:
        scores: of the reference.
    """

    def __init__(self, scores: NormalScoreTable) -> None:
        self.columns = scores.columns
        self._scores = scores
        size = len(scores.columns)
        # By slab: scores, a row of ones, and a row of marks for each column with missing values.
        self._slabs = np.zeros((BLOCK_ROWS // EXACT_ROWS, 2 * size + 1, EXACT_ROWS), np.float32)
        self._squares = np.empty((size, EXACT_ROWS), np.float32)
        self._small = np.zeros(BLOCK_ROWS, np.int8)
        self._numeric: tuple[Any, dict[str, int]] = (None, {})
        # float64 holds every sum exactly, up to 10^12 rows.
        self._sums = {
            name: np.zeros((size, size))
            for name in ("pairs", "products", "sums", "squares", "weights")
        }
        self._weight_sums = np.zeros(size)

    def add(self, batch: "pa.RecordBatch") -> None:
        """Take in up to 16,384 rows; a column that they lack, or not as numbers, is missing."""
        rows, size = batch.num_rows, len(self.columns)
        used = -(-rows // EXACT_ROWS)
        # What lies behind the last row is zero, and adds nothing.
        slabs, small = self._slabs[:used], self._small[: used * EXACT_ROWS]
        present = np.arange(len(small)) < rows
        small[rows:] = 0
        slabs[:, size] = present.reshape(used, -1)
        places, marked = self._places(batch.schema), []
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            for number, name in enumerate(self.columns):
                missing: Any = present[:rows]
                if name in places:
                    missing = self._take(batch.column(places[name]), number, small[:rows])
                    slabs[:, number] = small.reshape(used, -1)
                else:
                    slabs[:, number] = 0
                if missing is not None:
                    marked.append(number)
                    small[:rows] = missing
                    slabs[:, size + len(marked)] = small.reshape(used, -1)
        for slab in slabs:
            self._add(slab[: size + 1 + len(marked)], marked)

    def found(self) -> NormalScores:
        """The sums over all rows so far."""
        sums = {name: sums.astype(np.int64) for name, sums in self._sums.items()}
        return NormalScores(
            basis=self._scores.basis,
            columns=self.columns,
            weight_sums=self._weight_sums.astype(np.int64),
            **sums,
        )

    def _places(self, schema: "pa.Schema") -> dict[str, int]:
        """Places of the numeric columns; the schema is mostly that of the block before."""
        if self._numeric[0] is not schema and self._numeric[0] != schema:
            numeric = {f.name: n for n, f in enumerate(schema) if kind_of(f.type) == "number"}
            self._numeric = (schema, numeric)
        return self._numeric[1]

    def _take(self, piece: "pa.Array", number: int, small: Scores) -> Marks | None:
        """Scores of a column, into `small`; where they are missing, None: nowhere."""
        values, missing = numbers_of(piece)
        raw = raw_keys(distance(values, self._scores.centres[number]))
        # `clip` does not clip here, it spares NumPy a buffer.
        self._scores.scores[number].take(raw, out=small, mode="clip")
        if missing is not None:
            small[missing] = 0
        return missing

    def _add(self, block: _Block, marked: list[int]) -> None:
        size = len(self.columns)
        scores, squares, sums = block[:size], self._squares, self._sums
        np.multiply(scores, scores, out=squares)
        product = block @ block.T
        sums["products"] += product[:size, :size]
        sums["sums"] += product[:size, size, None]
        sums["squares"] += np.diag(product)[:size, None]
        sums["pairs"] += product[size, size]
        if marked:
            absent, lost = block[size + 1 :], product[size, size + 1 :]
            sums["sums"][:, marked] -= product[:size, size + 1 :]
            sums["squares"][:, marked] -= squares @ absent.T
            sums["pairs"][:, marked] -= lost
            sums["pairs"][marked, :] -= lost[:, None]
            sums["pairs"][np.ix_(marked, marked)] += product[size + 1 :, size + 1 :]
        squares *= np.float32(1 / LIMIT)
        np.rint(squares, out=squares)
        sums["weights"] += squares @ squares.T
        self._weight_sums += squares.sum(axis=1)


def _blas_limits() -> Any:
    """What keeps BLAS to one thread each, as several of ours would wait for its own; or None."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return None
    return threadpool_limits


def _summed(batches: "Iterable[pa.RecordBatch]", scores: NormalScoreTable) -> NormalScores:
    sums = ScoreSums(scores)
    for batch in batches:
        sums.add(batch)
    return sums.found()


def _symmetric(reader: Reader, size: int) -> Counts:
    upper = np.triu_indices(size)
    whole = np.zeros((size, size), np.int64)
    whole[upper] = reader.integers(len(upper[0]))
    return np.maximum(whole, whole.T)
