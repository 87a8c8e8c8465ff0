"""Can a classifier tell current rows from reference rows? If it can, something moved.

Gradient boosting (scikit-learn) on two row samples, cross-fitted: each half of the rows is scored
by a model of the other half, so that the area under its ROC curve is an honest estimate. Without
drift it is 0.5, with the standard error of the Mann-Whitney statistic.
"""

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trimaran_runtime.data.text_hash import mix
from trimaran_runtime.drift.bound import quantile
from trimaran_runtime.drift.classifier_verdict import ClassifierVerdict, Influence, judge
from trimaran_runtime.drift.key import Counts, Floats
from trimaran_runtime.drift.row_sample import (
    MISSING,
    LevelRows,
    NumberRows,
    Rows,
    RowSample,
    common_levels,
)
from trimaran_runtime.errors import DataError

MOST_RATIO = 20.0
"""Density ratios are cut off here: a few rows must not stand for all."""
_SEED = 20_061_124
_TREES = 60
_LEAVES = 15
_LEAF_ROWS = 40
_FITTED_ROWS = 40_000
_MAX_LEVELS = 254
_FEWEST_ROWS = 200
_SHUFFLED_ROWS = 3000
Features = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Separation:
    """How well the two samples can be told apart.

    Attributes:
        auc: area under the ROC curve, weighted by how often rows occurred.
        error: its standard error when nothing moved.
        ratio: shape `(n,)`, density of the current rows over that of the reference at each kept
            reference row, between 1/20 and 20, with weighted mean 1.
        influences: columns by what the area loses without them, largest first; empty: not asked.
        rows: current rows it rests on.
    """

    auc: float
    error: float
    ratio: Floats
    influences: tuple[Influence, ...]
    rows: int

    def lower(self, risk: float) -> float:
        """Lower confidence bound of the area, one-sided."""
        return max(0.0, self.auc - quantile(risk) * self.error)

    def judge(self, risk: float) -> ClassifierVerdict:
        """Is the area beyond what is tolerated?"""
        reach = quantile(risk) * self.error
        return judge(self.auc, reach, self.rows, self.influences)


def separate(
    reference: RowSample,
    current: RowSample,
    *,
    ignore: Collection[str] = (),
    influences: bool = True,
) -> Separation | None:
    """Tell two samples apart.

    Args:
        reference: rows that the model was trained on.
        current: rows to judge.
        ignore: columns that are not looked at; times never are: they move on.
        influences: also find which columns the classifier rests on.

    Returns:
        None when a sample has fewer than 200 rows, or they share no column.

    Raises:
        DataError: scikit-learn is not installed, or the samples have different centres.
    """
    names = [
        name
        for name, column in sorted(reference.columns.items())
        if name in current.columns
        and name not in ignore
        and _is_comparable(name, column, current.columns[name])
    ]
    fewest = min(reference.effective_rows, current.effective_rows)
    if not names or fewest < _FEWEST_ROWS:
        return None
    pooled = _Pooled.of(reference, current, names)
    found = [pooled.fold(train, test) for train, test in ((0, 1), (1, 0))]
    with _one_thread():
        models = [fold.fit() for fold in found]
        scored = list(zip(found, models, strict=True))
        areas = [fold.area(fold.score(model)) for fold, model in scored]
        auc = float(np.mean(areas))
        # Each half's area tells how far the chance of one half agrees with that of the other: both
        # tell the same, so that their mean varies as one of them does, and not as two.
        error = math.sqrt((2 / reference.effective_rows + 2 / current.effective_rows) / 12)
        # Which columns a classifier rests on that tells nothing apart means nothing.
        moved = influences and auc - 2 * error > 0.5
        return Separation(
            auc=auc,
            error=error,
            ratio=_ratio(scored, reference),
            influences=_influences(scored, names) if moved else (),
            rows=round(current.effective_rows),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fold:
    """Rows to fit on, and others to score: marks, features, sides and weights of all rows."""

    values: Features
    is_level: list[bool]
    side: Counts
    fitted: Floats
    scored: Floats

    def fit(self) -> Any:
        classifier = _classifier()(
            max_iter=_TREES,
            max_leaf_nodes=_LEAVES,
            min_samples_leaf=_LEAF_ROWS,
            l2_regularization=1.0,
            categorical_features=self.is_level if any(self.is_level) else None,
            early_stopping=False,
            random_state=_SEED,
        )
        rows = np.flatnonzero(self.fitted > 0)
        weights = self.fitted[rows]
        # A leaf wants rows, however heavy they are: those that occurred often come often.
        times = np.maximum(np.rint(weights * min(1, _FITTED_ROWS / weights.sum())), 1)
        rows, weights = np.repeat(rows, times.astype(np.int64)), (weights / times)
        weights = np.repeat(weights, times.astype(np.int64))
        side = self.side[rows]
        # Both sides weigh as much.
        totals = np.bincount(side, weights, 2)
        weights *= (totals.sum() / 2 / np.maximum(totals, 1))[side]
        return classifier.fit(self.values[rows], side, sample_weight=weights)

    @property
    def rows(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.scored > 0)

    def score(self, model: Any) -> Floats:
        """Chance of being current, of the rows to score."""
        found: Floats = model.predict_proba(self.values[self.rows])[:, 1]
        return found

    def area(self, scores: Floats) -> float:
        return area(scores, self.side[self.rows], self.scored[self.rows])

    def losses(self, model: Any) -> list[float]:
        """What the area loses when a column is shuffled, on up to 3,000 evenly spaced rows."""
        rows = self.rows[:: max(1, len(self.rows) // _SHUFFLED_ROWS)]
        values, side, weights = self.values[rows], self.side[rows], self.scored[rows]
        whole = area(model.predict_proba(values)[:, 1], side, weights)
        order = np.random.default_rng(_SEED).permutation(len(rows))
        found = []
        for column in range(values.shape[1]):
            shuffled = values.copy()
            shuffled[:, column] = values[order, column]
            found.append(whole - area(model.predict_proba(shuffled)[:, 1], side, weights))
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pooled:
    """Both samples as one matrix, and each row's weight in either half."""

    values: Features
    is_level: list[bool]
    side: Counts
    halves: tuple[Floats, Floats]

    @classmethod
    def of(cls, reference: RowSample, current: RowSample, names: list[str]) -> "_Pooled":
        columns = [_features(reference.columns[n], current.columns[n]) for n in names]
        counts = np.concatenate([reference.counts, current.counts])
        hashes = np.concatenate([reference.hashes, current.hashes])
        # A row that occurred often is in both halves; which one gets the odd one is drawn.
        odd = (mix(hashes) & np.uint64(1)).astype(np.int64)
        first = (counts + odd) // 2
        return cls(
            values=np.stack([column for column, _ in columns], axis=1),
            is_level=[is_level for _, is_level in columns],
            side=np.repeat([0, 1], [len(reference.hashes), len(current.hashes)]),
            halves=(first.astype(np.float64), (counts - first).astype(np.float64)),
        )

    def fold(self, fitted: int, scored: int) -> _Fold:
        return _Fold(
            values=self.values,
            is_level=self.is_level,
            side=self.side,
            fitted=self.halves[fitted],
            scored=self.halves[scored],
        )


def area(scores: Floats, side: Counts, weights: Floats) -> float:
    """Area under the ROC curve, ties counted half; 0.5 where one side has no rows.

    Args:
        scores: shape `(n,)`.
        side: 1 for the rows that should have high scores, 0 for others.
        weights: how often each row counts.
    """
    values, group = np.unique(scores, return_inverse=True)
    high = np.bincount(group, weights * side, len(values))
    low = np.bincount(group, weights * (1 - side), len(values))
    if not high.sum() or not low.sum():
        return 0.5
    return float(high @ (low.cumsum() - low / 2) / (high.sum() * low.sum()))


def _features(one: Rows, other: Rows) -> tuple[Features, bool]:
    if isinstance(one, NumberRows) and isinstance(other, NumberRows):
        keys = np.concatenate([one.keys, other.keys])
        return np.where(keys == MISSING, np.nan, keys).astype(np.float32), False
    assert isinstance(one, LevelRows)
    assert isinstance(other, LevelRows)
    names, codes = common_levels(one, other)
    joined = np.concatenate(codes)
    if len(names) > _MAX_LEVELS:
        rows = np.bincount(joined[joined >= 0], minlength=len(names))
        # The rarest share one code, in order of names among equals.
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(-rows, kind="stable")] = np.arange(len(names))
        joined = np.where(joined < 0, -1, np.minimum(rank[joined], _MAX_LEVELS))
    return np.where(joined < 0, np.nan, joined).astype(np.float32), True


def _is_comparable(name: str, one: Rows, other: Rows) -> bool:
    if isinstance(one, NumberRows) and isinstance(other, NumberRows):
        if one.centre != other.centre:
            raise DataError(
                f"the samples have different centres ({one.centre!r}, {other.centre!r})",
                where=f"column {name}",
                next_step="profile the current rows with the reference",
            )
        # A column without a value was not recorded, which is no matter of the rows.
        has_values = (one.keys != MISSING).any() and (other.keys != MISSING).any()
        return bool(has_values) and one.kind == other.kind == "number"
    if isinstance(one, LevelRows) and isinstance(other, LevelRows):
        return bool(one.names) and bool(other.names)
    return False


def _ratio(scored: list[tuple[_Fold, Any]], reference: RowSample) -> Floats:
    size = len(reference.hashes)
    total, weight = np.zeros(size), np.zeros(size)
    for fold, model in scored:
        inside = fold.rows < size
        rows = fold.rows[inside]
        chance = fold.score(model)[inside]
        odds = np.clip(chance / np.maximum(1 - chance, 1e-9), 1 / MOST_RATIO, MOST_RATIO)
        total[rows] += odds * fold.scored[rows]
        weight[rows] += fold.scored[rows]
    ratio = total / weight
    found: Floats = ratio / np.average(ratio, weights=reference.counts)
    return found


def _influences(scored: list[tuple[_Fold, Any]], names: list[str]) -> tuple[Influence, ...]:
    losses = np.mean([fold.losses(model) for fold, model in scored], axis=0)
    order = np.argsort(-losses, kind="stable")
    return tuple(Influence(column=names[n], loss=round(float(losses[n]), 6)) for n in order)


def _classifier() -> Any:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ImportError as exc:
        raise DataError(
            "scikit-learn is not installed",
            where="drift",
            next_step="install trimaran-runtime[train], or profile without a sample",
        ) from exc
    return HistGradientBoostingClassifier


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums of several threads come in any order, and floats with them."""
    _classifier()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
