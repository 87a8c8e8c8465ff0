"""Performance of a classifier of two classes on rows whose true classes are not known yet.

Confidence-based performance estimation (CBPE; NannyML's documentation, "Estimation of performance
of the monitored model"): among rows of one score, as many belong to the positive class as did among
the reference's test rows of that score. That gives the expected confusion matrix, and with it every
metric. It holds while the classes depend on the score as before: where the inputs moved, weighted
rates (PAPE; Bialek et al., arXiv 2401.08348) hold better, and where the classes depend otherwise on
the inputs themselves, none of this sees it: that takes labels.

An interval is for the performance that these rows will show once their labels are there. It adds
what the classes vary by at given rates (Kivimaki et al., arXiv 2505.05295, have the exact
distribution; the normal one is used here) and what the rates may be off by, for want of reference
rows. What weighted rates inherit from the errors of the density ratio is not in it.

Regression is out of scope: an error's size is not told by a predicted number alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trimaran_runtime.drift.bound import quantile
from trimaran_runtime.drift.key import Counts, Floats
from trimaran_runtime.drift.row_sample import LevelRows, NumberRows, RowSample
from trimaran_runtime.drift.score_table import UNIT, ScoreTable
from trimaran_runtime.errors import DataError
from trimaran_runtime.gate.config import Metric

METRICS = (
    Metric.accuracy,
    Metric.precision,
    Metric.recall,
    Metric.f1,
    Metric.roc_auc,
    Metric.brier,
    Metric.log_loss,
)
"""What is estimated."""
MOVED_AUC = 0.55
"""From this lower bound of the domain classifier's AUC on, weighted rates are used."""
_PRIOR_ROWS = 10
_GROUP_ROWS = 200
_SHARES = frozenset(METRICS[:5])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """Share of the positive class by bin of the score.

    Attributes:
        share: shape `(b,)`, 0 to 1.
        rows: shape `(b,)`, how many rows it rests on; weighted ones count less.
        score: shape `(b,)`, mean score of these rows.
    """

    share: Floats
    rows: Floats
    score: Floats

    @classmethod
    def of(cls, reference: ScoreTable) -> "Rates":
        """Rates among labelled reference rows; raises DataError when there is none."""
        if not reference.labelled:
            raise DataError(
                "no reference row has a label",
                where="scores",
                next_step="make the reference from test rows with their true classes",
            )
        known = reference.cells[:, :, :2].sum(axis=1).astype(np.float64)
        score = mean_scores(reference)
        rows = known.sum(axis=1)
        return cls(share=(known[:, 1] + score / 2) / (rows + 0.5), rows=rows, score=score)

    @classmethod
    def weighted(
        cls,
        reference: ScoreTable,
        sample: RowSample,
        ratio: Floats,
        *,
        score: str,
        label: str,
        positive: str,
    ) -> "Rates":
        """Rates among reference rows that are weighted to look like the current ones (PAPE).

        Args:
            reference: table of the same rows; where few rows of the sample have a score, its
                rates, moved as those of the neighbouring scores, stand in.
            sample: reference rows, with the model's score and the true class among the columns.
            ratio: shape `(n,)`, of the domain classifier (`Separation.ratio`).
            score: column of the score.
            label: column of the true class.
            positive: level of the positive class.

        Raises:
            DataError: the sample has no such columns.
        """
        scores, labels = sample.columns.get(score), sample.columns.get(label)
        if not isinstance(scores, NumberRows) or not isinstance(labels, LevelRows):
            raise DataError(
                f"the sample has no numeric {score!r} or no levels {label!r}", where="scores"
            )
        base = cls.of(reference)
        values = scores.values()
        kept = ~np.isnan(values) & (labels.codes >= 0)
        place = reference.bins_of(values[kept])
        code = labels.names.index(positive) if positive in labels.names else -1
        weight = (ratio * sample.counts)[kept]
        size = len(base.share)
        total: Floats = np.bincount(place, weight, size).astype(np.float64)
        squares = np.bincount(place, weight * weight, size)
        hits: Floats = np.bincount(place, weight * (labels.codes[kept] == code), size).astype(
            np.float64
        )
        rows = np.divide(total * total, squares, out=np.zeros(size), where=squares > 0)
        share = np.divide(hits, total, out=base.share.copy(), where=total > 0)
        moved = _moved(base.share, total.astype(np.float64), rows, hits.astype(np.float64))
        lean = _PRIOR_ROWS / (rows + _PRIOR_ROWS)
        mean = np.bincount(place, weight * values[kept], size)
        return cls(
            share=share * (1 - lean) + moved * lean,
            rows=rows,
            score=np.divide(mean, total, out=base.score.copy(), where=total > 0),
        )


def _moved(share: Floats, total: Floats, rows: Floats, hits: Floats) -> Floats:
    """Rates whose odds moved as those of the neighbouring scores together did, shape `(b,)`.

    Single bins have too few weighted rows, and to lean to rates that did not move would give away
    what the weights are for.

    Args:
        share: rates of all reference rows.
        total: weight of the sample's rows.
        rows: how many rows that is worth.
        hits: weight of those of the positive class.
    """
    groups = max(1, int(rows.sum() // _GROUP_ROWS))
    middle = np.cumsum(rows) - rows / 2
    group = np.minimum(groups * middle // max(rows.sum(), 1e-9), groups - 1).astype(np.intp)

    def summed(values: Floats) -> Floats:
        return np.bincount(group, values, groups).astype(np.float64)

    weight = np.maximum(summed(total), 1e-9)
    before = np.clip(summed(total * share) / weight, 1e-6, 1 - 1e-6)
    worth = summed(rows)
    now = (summed(hits) / weight * worth + before) / (worth + 1)
    change = _log_odds(np.clip(now, 1e-6, 1 - 1e-6)) - _log_odds(before)
    found: Floats = 1 / (1 + np.exp(-_log_odds(np.clip(share, 1e-6, 1 - 1e-6)) - change[group]))
    return found


def _log_odds(share: Floats) -> Floats:
    found: Floats = np.log(share / (1 - share))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One metric: what is expected, and a 95 % interval for what labels will show; None: none."""

    value: float | None
    low: float | None
    high: float | None


def expect(current: ScoreTable, rates: Rates) -> Mapping[Metric, Expected]:
    """Every metric of the rows of a table, without their true classes.

    Args:
        current: predictions to judge, in the reference's bins.
        rates: of the reference, plain or weighted.
    """
    rows = current.cells.sum(axis=2)
    share = rates_at(current, rates)
    noise = share * (1 - share)
    found = {}
    for metric in METRICS:
        value, slope = _value(metric, rows, rows * share[:, None], current)
        if math.isnan(value):
            found[metric] = Expected(value=None, low=None, high=None)
            continue
        by_class = float((slope**2 * rows * noise[:, None]).sum())
        by_rate = float(((slope * rows).sum(axis=1) ** 2 * noise / (rates.rows + 1)).sum())
        found[metric] = _interval(metric, value, math.sqrt(by_class + by_rate))
    return found


def rates_at(current: ScoreTable, rates: Rates) -> Floats:
    """Rates at the current rows' mean scores: within a bin they rise as the score does."""
    moved = np.where(current.cells.sum(axis=(1, 2)) > 0, mean_scores(current) - rates.score, 0.0)
    return np.clip(rates.share + moved, 1e-6, 1 - 1e-6)


def mean_scores(table: ScoreTable) -> Floats:
    """Mean score by bin, shape `(b,)`; of an empty one, its lower edge."""
    rows = table.cells.sum(axis=(1, 2))
    lower = np.concatenate([[0.0], table.edges])
    found: Floats = np.divide(table.moments[:, 0] / UNIT, rows, out=lower, where=rows > 0)
    return found


def _value(
    metric: Metric, rows: Counts, positives: Floats, table: ScoreTable
) -> tuple[float, Floats]:
    """A metric, and its derivative by each of the expected positives `(b, 2)`."""
    total, predicted = float(rows.sum()), float(rows[:, 1].sum())
    hit, found = float(positives[:, 1].sum()), float(positives.sum())
    sign = np.tile([-1.0, 1.0], (len(rows), 1))
    right = np.tile([0.0, 1.0], (len(rows), 1))
    if not total:
        return math.nan, sign
    match metric:
        case Metric.accuracy:
            return (hit + rows[:, 0].sum() - (found - hit)) / total, sign / total
        case Metric.precision:
            return (hit / predicted if predicted else math.nan), right / max(predicted, 1)
        case Metric.recall:
            return (hit / found, (right - hit / found) / found)
        case Metric.f1:
            marked = predicted + found
            return 2 * hit / marked, (2 * right - 2 * hit / marked) / marked
        case Metric.roc_auc:
            return _area(rows.sum(axis=1), positives.sum(axis=1))
    moments = table.moments / UNIT
    if metric is Metric.brier:
        mean = mean_scores(table)[:, None]
        value = (moments[:, 1].sum() + (positives * (1 - 2 * mean)).sum()) / total
        return float(value), np.broadcast_to((1 - 2 * mean) / total, rows.shape)
    each = moments[:, 2:] / np.maximum(rows.sum(axis=1), 1)[:, None]
    slope = (each[:, :1] - each[:, 1:]) / total
    value = (moments[:, 3].sum() / total) + (positives * slope).sum()
    return float(value), np.broadcast_to(slope, rows.shape)


def _area(rows: Counts, positives: Floats) -> tuple[float, Floats]:
    negatives = rows - positives
    found, others = float(positives.sum()), float(negatives.sum())
    below = np.cumsum(negatives) - negatives / 2
    above = found - np.cumsum(positives) + positives / 2
    value = float(positives @ below) / (found * others)
    slope = (below - above - value * (others - found)) / (found * others)
    return value, np.repeat(slope[:, None], 2, axis=1)


def _interval(metric: Metric, value: float, error: float) -> Expected:
    z = quantile(0.025)
    if metric not in _SHARES:
        return Expected(value=value, low=max(value - z * error, 0.0), high=value + z * error)
    if not 0 < value < 1:
        return Expected(value=min(max(value, 0.0), 1.0), low=None, high=None)
    # On the scale of log-odds: near its ends a share is not normal.
    middle, reach = math.log(value / (1 - value)), z * error / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-odds)) for odds in (middle - reach, middle + reach))
    return Expected(value=value, low=low, high=high)
