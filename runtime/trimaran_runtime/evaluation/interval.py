"""The 95 % interval of a metric: normal where that is good enough, and a better one where not.

The normal approximation fails on few rows and near the ends of a metric's range: of 40 right
answers out of 40 it makes an interval of no width. Then the interval is

* `exact` for shares (accuracy, precision, recall): Clopper and Pearson (1934);
* `score` for the area under the ROC curve of two classes: method 5 of Newcombe (2006), Statistics
  in Medicine 25, 559-573, where the variance goes with the area and so is not 0 at 1;
* `bootstrap` for what is left: percentiles of resampled rows (Efron, 1979), from a fixed seed.
"""

import math

import numpy as np

from trimaran_runtime.evaluation.estimate import Estimate, Method
from trimaran_runtime.evaluation.metrics import Measured, measure
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.evaluation.uncertainty import quantile, standard_error
from trimaran_runtime.gate.config import Metric

_SHARES = {Metric.accuracy, Metric.precision, Metric.recall}
_NON_NEGATIVE = {Metric.log_loss, Metric.brier, Metric.rmse, Metric.mae}
_FEWEST_OUTCOMES = 10
"""A share with fewer successes, or fewer failures, is not near enough to normal."""
_FEWEST_OF_A_CLASS = 30
_FEWEST_ROWS = 100
_MOST_RESAMPLED = 2000
"""From so many rows on, the normal interval is taken: resampling would take minutes."""
_DRAWS = 400
_SEED = 20_061_124
_Z = quantile(0.975)


def estimate(
    metric: Metric, truth: Floats | Codes, given: Predictions, measured: Measured
) -> Estimate:
    """A metric with its 95 % interval.

    Args:
        metric: which one.
        truth: (n,) class numbers, or numbers for regression.
        given: the answers for these rows.
        measured: the metric of these answers.
    """
    value, error = measured.value, standard_error(measured.influence)
    if math.isnan(value):
        return Estimate(value=None)
    if math.isnan(error):
        return Estimate(value=value)
    binary = given.scores.shape[1] == 2
    if metric in _SHARES and (metric is Metric.accuracy or binary):
        hits, tries = _share(metric, truth.astype(np.int64), given)
        if min(hits, tries - hits) < _FEWEST_OUTCOMES:
            return _of(value, exact(hits, tries), Method.exact)
    if metric is Metric.roc_auc and binary:
        found = int((truth == 1).sum())
        if min(found, len(truth) - found) < _FEWEST_OF_A_CLASS or _at_the_end(value, error):
            return _of(value, area_interval(value, found, len(truth) - found), Method.score)
    elif metric not in _SHARES and _is_small(truth, given):
        return _of(value, _resampled(metric, truth, given), Method.bootstrap)
    least, most = _range(metric)
    ends = (max(value - _Z * error, least), min(value + _Z * error, most))
    return _of(value, ends, Method.normal)


def exact(hits: int, tries: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of Clopper and Pearson for `hits` of `tries`; (0, 1) for no tries."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = float(betaincinv(hits, tries - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, tries - hits, 1 - tail)) if hits < tries else 1.0
    return low, high


def area_interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Newcombe's interval of an area under the ROC curve, by bisection of his equation."""
    pairs, spread = positives * negatives, (positives + negatives) / 2 - 1

    def reach(truth: float) -> float:
        variance = 1 + spread * (1 - truth) / (2 - truth) + spread * truth / (1 + truth)
        return _Z * math.sqrt(truth * (1 - truth) * variance / pairs)

    def outermost(outside: float) -> float:
        inside = area
        for _ in range(60):
            middle = (inside + outside) / 2
            if abs(area - middle) <= reach(middle):
                inside = middle
            else:
                outside = middle
        return inside

    return outermost(0.0), outermost(1.0)


def _share(metric: Metric, truth: Codes, given: Predictions) -> tuple[int, int]:
    labels = np.asarray(given.labels)
    right = labels == truth
    if metric is Metric.accuracy:
        return int(right.sum()), len(truth)
    among = truth == 1 if metric is Metric.recall else labels == 1
    return int((right & among).sum()), int(among.sum())


def _at_the_end(area: float, error: float) -> bool:
    return area + 3 * error >= 1 or area - 3 * error <= 0


def _is_small(truth: Floats | Codes, given: Predictions) -> bool:
    if len(truth) > _MOST_RESAMPLED:
        return False
    if len(truth) < _FEWEST_ROWS or given.labels is None:
        return len(truth) < _FEWEST_ROWS
    counts = np.bincount(truth[truth >= 0].astype(np.int64), minlength=given.scores.shape[1])
    return bool(counts.min() < _FEWEST_OF_A_CLASS)


def _resampled(metric: Metric, truth: Floats | Codes, given: Predictions) -> tuple[float, float]:
    generator = np.random.default_rng(_SEED)
    draws = generator.integers(0, len(truth), (_DRAWS, len(truth)))
    values = [measure(metric, truth[rows], given.take(rows)).value for rows in draws]
    # A draw of one class alone has no such metric.
    low, high = np.nanquantile(values, (0.025, 0.975))
    return float(low), float(high)


def _range(metric: Metric) -> tuple[float, float]:
    if metric in _NON_NEGATIVE:
        return 0.0, math.inf
    return (-math.inf if metric is Metric.r2 else 0.0), 1.0


def _of(value: float, ends: tuple[float, float], method: Method) -> Estimate:
    return Estimate(value=value, low=ends[0], high=ends[1], method=method)
