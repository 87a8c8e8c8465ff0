"""What a model's metric loses when a column is shuffled, with intervals.

Rows are paired: the influence of a row on the loss is the difference of its influences on the two
metrics, and the interval takes in the chance of the rows and that of the shuffles.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.evaluation.metrics import measure
from trimaran_runtime.evaluation.predictions import Codes, predict
from trimaran_runtime.evaluation.predictions import Floats as Numbers
from trimaran_runtime.evaluation.uncertainty import quantile, standard_error
from trimaran_runtime.explain.explanation import Loss, Permutation, rounded
from trimaran_runtime.gate.config import Metric

if TYPE_CHECKING:
    import pandas as pd

    from trimaran_runtime.registry.release import Signature


def permutation_importance(
    model: Any,
    frame: "pd.DataFrame",
    truth: Numbers | Codes,
    signature: "Signature",
    *,
    metric: Metric,
    repeats: int,
    seed: int,
) -> Permutation:
    """Shuffle every column in turn.

    Args:
        model: the fitted model.
        frame: n test rows.
        truth: (n,) of them.
        signature: what the model takes and gives.
        metric: what is measured.
        repeats: shuffles of each column.
        seed: of the shuffles.
    """
    sign = 1 if metric.higher_is_better else -1
    own = measure(metric, truth, predict(model, frame, signature))
    generator = np.random.default_rng(seed)
    n = len(frame)
    losses = []
    for name in frame.columns:
        orders = [generator.permutation(n) for _ in range(repeats)]
        many = frame.take(np.tile(np.arange(n), repeats)).reset_index(drop=True)
        many[name] = frame[name].array.take(np.concatenate(orders))
        answers = predict(model, many, signature)
        found = [
            measure(metric, truth, answers.take(np.arange(at * n, (at + 1) * n)))
            for at in range(repeats)
        ]
        drops = np.array([sign * (own.value - each.value) for each in found])
        influence = np.mean([sign * (own.influence - each.influence) for each in found], axis=0)
        by_chance = drops.std(ddof=1) / np.sqrt(repeats)
        losses.append(_loss(name, drops.mean(), np.hypot(standard_error(influence), by_chance)))
    # Undefined ones go last.
    losses.sort(key=lambda loss: (loss.value is None, -(loss.value or 0), loss.feature))
    return Permutation(metric=metric.value, rows=n, repeats=repeats, losses=tuple(losses))


def _loss(name: str, value: float, error: float) -> Loss:
    if not np.isfinite(value) or not np.isfinite(error):
        return Loss(feature=name, value=None, low=None, high=None)
    reach = quantile(0.975) * error
    return Loss(
        feature=name,
        value=rounded(value),
        low=rounded(value - reach),
        high=rounded(value + reach),
    )
