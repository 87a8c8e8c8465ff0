"""Sums of products of normal scores: the correlation of every pair of numeric columns.

The products are whole numbers small enough that a matrix product in float32 over 8,192 rows is
exact, and blocks are added up as int64: any partition of the rows gives the same bits.

A pair is looked at over the rows that have both values. Values that are missing at random
therefore change no correlation, however many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.arrow import kind_of
from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.key import Counts, Floats
from trimaran_runtime.drift.normal_score import LIMIT, MAX_COLUMNS, ScoreTable
from trimaran_runtime.drift.row_values import BLOCK_ROWS, blocks, distance, numbers_of, raw_keys
from trimaran_runtime.drift.source import source_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_Block = npt.NDArray[np.float32]
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
    def of(cls, table: Any, scores: ScoreTable) -> "NormalScores":
        """Sums over the rows of a table; a column that is not there, or no number, is missing.

        Args:
            table: an Arrow table or record batch, a polars or pandas data frame.
            scores: of the reference.
        """
        source, sums = source_of(table), ScoreSums(scores)
        for batch in blocks(source, [n for n in scores.columns if n in source.names]):
            sums.add(batch)
        return sums.found()

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
    """Adds up blocks of at most 8,192 rows.

    Args:
        scores: of the reference.
    """

    def __init__(self, scores: ScoreTable) -> None:
        self.columns = scores.columns
        self._scores = scores
        size = len(scores.columns)
        self._place = {name: place for place, name in enumerate(scores.columns)}
        # Scores, a row of ones, and a row of marks for each column with missing values.
        self._block = np.zeros((2 * size + 1, BLOCK_ROWS), np.float32)
        self._squares = np.empty((size, BLOCK_ROWS), np.float32)
        self._small = np.empty(BLOCK_ROWS, np.int8)
        # float64 holds every sum exactly, up to 10^12 rows.
        self._sums = {
            name: np.zeros((size, size))
            for name in ("pairs", "products", "sums", "squares", "weights")
        }
        self._weight_sums = np.zeros(size)

    def add(self, batch: "pa.RecordBatch") -> None:
        """Take in some rows; a column that they do not have, or not as numbers, is missing."""
        rows, size = batch.num_rows, len(self._place)
        block = self._block[:, :rows]
        block[size] = 1
        marked: list[int] = []
        names = batch.schema.names
        for name, place in self._place.items():
            piece = batch.column(names.index(name)) if name in names else None
            if piece is None or kind_of(piece.type) != "number":
                self._mark(place, True, marked, block)
            else:
                self._take(piece, place, marked, block)
        self._add(block[: size + 1 + len(marked)], marked)

    def found(self) -> NormalScores:
        """The sums over all rows so far."""
        sums = {name: sums.astype(np.int64) for name, sums in self._sums.items()}
        return NormalScores(
            basis=self._scores.basis,
            columns=self.columns,
            weight_sums=self._weight_sums.astype(np.int64),
            **sums,
        )

    def _take(self, piece: "pa.Array", place: int, marked: list[int], block: _Block) -> None:
        values, missing = numbers_of(piece)
        raw = raw_keys(distance(values, self._scores.centres[place]))
        small = self._small[: len(raw)]
        # `clip` does not clip here, it spares NumPy a buffer.
        np.take(self._scores.scores[place], raw, out=small, mode="clip")
        if missing is not None:
            small[missing] = 0
            self._mark(place, missing, marked, block)
        block[place] = small

    def _mark(self, place: int, missing: Any, marked: list[int], block: _Block) -> None:
        size = len(self._place)
        marked.append(place)
        if missing is True:
            block[place] = 0
        block[size + len(marked)] = missing

    def _add(self, block: _Block, marked: list[int]) -> None:
        size, rows = len(self._place), block.shape[1]
        scores = block[:size]
        squares = self._squares[:, :rows]
        np.multiply(scores, scores, out=squares)
        product = block @ block.T
        sums = self._sums
        sums["products"] += product[:size, :size]
        sums["sums"] += product[:size, size, None]
        sums["squares"] += np.diag(product)[:size, None]
        sums["pairs"] += rows
        if marked:
            absent = block[size + 1 :]
            lost = product[size, size + 1 :]
            sums["sums"][:, marked] -= product[:size, size + 1 :]
            sums["squares"][:, marked] -= squares @ absent.T
            sums["pairs"][:, marked] -= lost
            sums["pairs"][marked, :] -= lost[:, None]
            sums["pairs"][np.ix_(marked, marked)] += product[size + 1 :, size + 1 :]
        squares *= np.float32(1 / LIMIT)
        np.rint(squares, out=squares)
        sums["weights"] += squares @ squares.T
        self._weight_sums += squares.sum(axis=1, dtype=np.float64)


def _symmetric(reader: Reader, size: int) -> Counts:
    upper = np.triu_indices(size)
    whole = np.zeros((size, size), np.int64)
    whole[upper] = reader.integers(len(upper[0]))
    return np.maximum(whole, whole.T)
