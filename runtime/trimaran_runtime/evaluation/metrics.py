"""The metrics, each with the influence of every row on it.

Values are scikit-learn's for binary problems; with more than two classes `roc_auc`,
`average_precision`, `f1`, `precision` and `recall` are means over one class against the others, and
`brier` is the mean over rows of the summed squared errors of all classes. Precision without a
predicted positive, and recall without a positive, are undefined. A row's influence is n times the
derivative of the metric by that row's weight; the influences of all rows add up to 0.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.gate.config import Metric

CLASSIFICATION = (
    Metric.roc_auc,
    Metric.average_precision,
    Metric.accuracy,
    Metric.f1,
    Metric.precision,
    Metric.recall,
    Metric.log_loss,
    Metric.brier,
)
REGRESSION = (Metric.rmse, Metric.mae, Metric.r2)
_SMALLEST_PROBABILITY = 1e-15
_Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric on n rows.

    Attributes:
        value: NaN where the metric is undefined.
        influence: (n,) of each row; all NaN where the metric is undefined.
    """

    value: float
    influence: Floats


def measure(metric: Metric, truth: Floats | Codes, given: Predictions) -> Measured:
    """Measure answers.

    Args:
        metric: which metric.
        truth: (n,) class numbers, or numbers for regression.
        given: the answers for these rows. One that is not finite makes the metric undefined.
    """
    if len(truth) == 0 or not given.finite.all():
        return _undefined(len(truth))
    if given.labels is None:
        return _regression(metric, truth.astype(np.float64), given.scores[:, 0])
    codes = truth.astype(np.int64)
    if metric in {Metric.accuracy, Metric.log_loss, Metric.brier}:
        return _mean(_row_scores(metric, codes, given))
    classes = given.scores.shape[1]
    if metric in _COUNTED:
        counted = _COUNTED[metric]
        parts = [counted(codes == label, given.labels == label) for label in _positives(classes)]
    else:
        ranked = _RANKED[metric]
        parts = [ranked(codes == label, given.scores[:, label]) for label in _positives(classes)]
    return _mean_of_defined(parts)


def fitting(*, classification: bool) -> Sequence[Metric]:
    """The metrics that fit a task."""
    return CLASSIFICATION if classification else REGRESSION


def _positives(classes: int) -> Sequence[int]:
    return [1] if classes == 2 else range(classes)


def _undefined(rows: int) -> Measured:
    return Measured(math.nan, np.full(rows, math.nan))


def _mean(rows: Floats) -> Measured:
    mean = float(rows.mean())
    return Measured(mean, rows - mean)


def _row_scores(metric: Metric, truth: Codes, given: Predictions) -> Floats:
    rows = np.arange(len(truth))
    if metric is Metric.accuracy:
        right: Floats = np.asarray(given.labels == truth, dtype=np.float64)
        return right
    if metric is Metric.log_loss:
        # A class the model does not know has probability 0.
        known = truth >= 0
        chance = np.where(known, given.scores[rows, np.where(known, truth, 0)], 0.0)
        losses: Floats = -np.log(np.clip(chance, _SMALLEST_PROBABILITY, 1.0))
        return losses
    if given.scores.shape[1] == 2:
        errors: Floats = np.square(given.scores[:, 1] - (truth == 1))
        return errors
    hit = np.zeros_like(given.scores)
    hit[rows[truth >= 0], truth[truth >= 0]] = 1.0
    squared: Floats = np.square(given.scores - hit).sum(axis=1)
    return squared


def _regression(metric: Metric, truth: Floats, given: Floats) -> Measured:
    if metric is Metric.mae:
        return _mean(np.abs(given - truth))
    squares = _mean(np.square(given - truth))
    if metric is Metric.rmse:
        root = math.sqrt(squares.value)
        # At 0 the root has no derivative, and every error is 0.
        return Measured(root, squares.influence / (2 * root) if root > 0 else squares.influence)
    around_mean = _mean(np.square(truth - truth.mean()))
    if around_mean.value == 0:
        return _undefined(len(truth))
    ratio = squares.value / around_mean.value
    influence = ratio * around_mean.influence - squares.influence
    return Measured(1 - ratio, influence / around_mean.value)


def _f1(positive: _Marks, chosen: _Marks) -> Measured:
    marked = positive.astype(np.float64) + chosen
    if not marked.any():
        # As scikit-learn has it: 0 where there is nothing to find and nothing was found.
        return Measured(0.0, np.zeros(len(positive)))
    return _ratio(2 * (positive & chosen).astype(np.float64), marked)


def _precision(positive: _Marks, chosen: _Marks) -> Measured:
    return _ratio((positive & chosen).astype(np.float64), chosen.astype(np.float64))


def _recall(positive: _Marks, chosen: _Marks) -> Measured:
    return _ratio((positive & chosen).astype(np.float64), positive.astype(np.float64))


def _ratio(above: Floats, below: Floats) -> Measured:
    """Ratio of two sums over the rows; undefined when the lower one is 0."""
    hits, marked = _mean(above), _mean(below)
    if marked.value == 0:
        return _undefined(len(above))
    value = hits.value / marked.value
    return Measured(value, (hits.influence - value * marked.influence) / marked.value)


def _roc_auc(positive: _Marks, scores: Floats) -> Measured:
    """Area under the ROC curve, ties counted half; DeLong, DeLong and Clarke-Pearson (1988)."""
    group, found, other = _grouped(positive, scores)
    positives, negatives = found.sum(), other.sum()
    if not positives or not negatives:
        return _undefined(len(scores))
    # Share of the negatives below a positive, and of the positives above a negative.
    below = (other.cumsum() - other / 2) / negatives
    above = (positives - found.cumsum() + found / 2) / positives
    area = float(found @ below / positives)
    rows = len(scores)
    influence = np.where(
        positive,
        (below[group] - area) * (rows / positives),
        (above[group] - area) * (rows / negatives),
    )
    return Measured(area, influence)


def _average_precision(positive: _Marks, scores: Floats) -> Measured:
    """Mean over the positives of the precision at their score."""
    group, found, other = _grouped(positive, -scores)
    positives = found.sum()
    if not positives:
        return _undefined(len(scores))
    seen = (found + other).cumsum()
    precision = found.cumsum() / seen
    value = float(found @ precision / positives)
    # A row counts in the precision of every positive at or below its own score.
    gained = (found / seen)[::-1].cumsum()[::-1]
    diluted = (found * precision / seen)[::-1].cumsum()[::-1]
    own = np.where(positive, (precision - value + gained)[group], 0.0)
    return Measured(value, (own - diluted[group]) * (len(scores) / positives))


_COUNTED: dict[Metric, Callable[[_Marks, _Marks], Measured]] = {
    Metric.f1: _f1,
    Metric.precision: _precision,
    Metric.recall: _recall,
}
_RANKED: dict[Metric, Callable[[_Marks, Floats], Measured]] = {
    Metric.roc_auc: _roc_auc,
    Metric.average_precision: _average_precision,
}


def _grouped(positive: _Marks, keys: Floats) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Group of equal keys of each row, in rising order, and its positives and negatives."""
    values, group = np.unique(keys, return_inverse=True)
    found = np.bincount(group, positive, len(values)).astype(np.float64)
    other = np.bincount(group, ~positive, len(values)).astype(np.float64)
    return group, found, other


def _mean_of_defined(parts: Sequence[Measured]) -> Measured:
    if len(parts) == 1:
        return parts[0]
    defined = [part for part in parts if not math.isnan(part.value)]
    if not defined:
        return parts[0]
    return Measured(
        float(np.mean([part.value for part in defined])),
        np.mean([part.influence for part in defined], axis=0),
    )
