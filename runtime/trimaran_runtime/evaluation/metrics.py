"""The metrics, as functions of row weights, so that every resample costs one pass.

A statistic is prepared once (sorting is the expensive part) and then asked for its value under many
weightings of the same rows. Definitions follow scikit-learn's for binary problems; with more than
two classes `roc_auc`, `average_precision` and `f1` are means over one class against the others,
and `brier` is the mean over rows of the summed squared errors of all classes.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.gate.config import Metric

Weights = NDArray[np.float64]
Statistic = Callable[[Weights], Floats]
"""Takes (b, n) weights of the rows and gives (b,) values; NaN where the metric is undefined."""

CLASSIFICATION = (
    Metric.roc_auc,
    Metric.average_precision,
    Metric.accuracy,
    Metric.f1,
    Metric.log_loss,
    Metric.brier,
)
REGRESSION = (Metric.rmse, Metric.mae, Metric.r2)
_SMALLEST_PROBABILITY = 1e-15


def statistic(metric: Metric, truth: Floats | Codes, given: Predictions) -> Statistic:
    """Prepare a metric for some rows.

    Args:
        metric: which.
        truth: (n,) class numbers, or numbers for regression.
        given: the answers for these rows. One that is not finite makes every value NaN.
    """
    if len(truth) == 0 or not given.finite.all():
        return lambda weights: np.full(len(weights), np.nan)
    if given.labels is None:
        return _regression(metric, truth.astype(np.float64), given.scores[:, 0])
    codes = truth.astype(np.int64)
    if metric in {Metric.accuracy, Metric.log_loss, Metric.brier}:
        return _mean_of(_row_scores(metric, codes, given))
    classes = given.scores.shape[1]
    wanted = [1] if classes == 2 else range(classes)
    return _mean_over(
        [
            _one_against_rest(metric, codes == label, given.scores[:, label], given.labels == label)
            for label in wanted
        ]
    )


def value(metric: Metric, truth: Floats | Codes, given: Predictions) -> float:
    """The metric's value; NaN where it is undefined."""
    return float(statistic(metric, truth, given)(np.ones((1, len(truth))))[0])


def fitting(*, classification: bool) -> Sequence[Metric]:
    """The metrics that fit a task."""
    return CLASSIFICATION if classification else REGRESSION


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


def _regression(metric: Metric, truth: Floats, given: Floats) -> Statistic:
    errors = given - truth
    if metric is Metric.mae:
        return _mean_of(np.abs(errors))
    squares = _mean_of(np.square(errors))
    if metric is Metric.rmse:
        return lambda weights: np.sqrt(squares(weights))
    # Centred once, so that the variance does not cancel.
    centred = truth - truth.mean()
    mean, second = _mean_of(centred), _mean_of(np.square(centred))

    def r2(weights: Weights) -> Floats:
        variance = second(weights) - np.square(mean(weights))
        return 1 - squares(weights) / np.where(variance > 0, variance, np.nan)

    return r2


def _one_against_rest(
    metric: Metric, positive: NDArray[np.bool_], scores: Floats, chosen: NDArray[np.bool_]
) -> Statistic:
    if metric is Metric.f1:
        return _f1(positive, chosen)
    return _ranking(metric, positive, scores)


def _f1(positive: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Statistic:
    hits = (positive & chosen).astype(np.float64)
    marked = positive.astype(np.float64) + chosen.astype(np.float64)

    def f1(weights: Weights) -> Floats:
        whole = weights @ marked
        # As scikit-learn has it: 0 where there is nothing to find and nothing was found.
        return np.where(whole > 0, 2 * (weights @ hits) / np.where(whole > 0, whole, 1), 0.0)

    return f1


def _ranking(metric: Metric, positive: NDArray[np.bool_], scores: Floats) -> Statistic:
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    hits = positive[order].astype(np.float64)

    def ranked(weights: Weights) -> Floats:
        sorted_weights = weights[:, order]
        found = np.add.reduceat(sorted_weights * hits, starts, axis=1)
        all_rows = np.add.reduceat(sorted_weights, starts, axis=1)
        other = all_rows - found
        positives, negatives = found.sum(axis=1), other.sum(axis=1)
        if metric is Metric.roc_auc:
            # From the top: a positive beats the negatives that are not yet passed; ties count half.
            beaten = negatives[:, None] - other.cumsum(axis=1) + other / 2
            pairs = positives * negatives
            wins = (found * beaten).sum(axis=1)
            area: Floats = wins / np.where(pairs > 0, pairs, np.nan)
            return area
        seen = all_rows.cumsum(axis=1)
        precision = found.cumsum(axis=1) / np.where(seen > 0, seen, 1)
        sums: Floats = (found * precision).sum(axis=1)
        return sums / np.where(positives > 0, positives, np.nan)

    return ranked


def _mean_of(rows: Floats) -> Statistic:
    return lambda weights: (weights @ rows) / weights.sum(axis=1)


def _mean_over(parts: Sequence[Statistic]) -> Statistic:
    if len(parts) == 1:
        return parts[0]

    def mean(weights: Weights) -> Floats:
        values = np.stack([part(weights) for part in parts])
        defined = ~np.isnan(values)
        count = defined.sum(axis=0)
        sums: Floats = np.where(defined, values, 0.0).sum(axis=0)
        return sums / np.where(count > 0, count, np.nan)

    return mean
