"""What a model's metric loses when a column is shuffled, with intervals.

Rows are paired: the influence of a row on the loss is the difference of its influences on the two
metrics, and the interval takes in the chance of the rows and that of the shuffles.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.evaluation.metrics import measure
from trimaran_runtime.evaluation.predictions import Codes, Predictions, predict
from trimaran_runtime.evaluation.predictions import Floats as Numbers
from trimaran_runtime.evaluation.uncertainty import quantile, standard_error
from trimaran_runtime.explain.explanation import Loss, Permutation, rounded
from trimaran_runtime.gate.config import Metric

if TYPE_CHECKING:
    import pandas as pd

    from trimaran_runtime.registry.release import Signature

_MOST_ROWS = 50_000
"""Rows that the model is asked about at once, where one column needs no more: a call costs."""


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
    losses = []
    for name, answers in _shuffled(model, frame, signature, repeats, generator):
        found = [measure(metric, truth, each) for each in answers]
        drops = np.array([sign * (own.value - each.value) for each in found])
        influence = np.mean([sign * (own.influence - each.influence) for each in found], axis=0)
        by_chance = drops.std(ddof=1) / np.sqrt(repeats)
        losses.append(_loss(name, drops.mean(), np.hypot(standard_error(influence), by_chance)))
    # Undefined ones go last.
    losses.sort(key=lambda loss: (loss.value is None, -(loss.value or 0), loss.feature))
    return Permutation(metric=metric.value, rows=len(frame), repeats=repeats, losses=tuple(losses))


def _shuffled(
    model: Any,
    frame: "pd.DataFrame",
    signature: "Signature",
    repeats: int,
    generator: np.random.Generator,
) -> Iterator[tuple[str, list[Predictions]]]:
    """Every column, and the answers for each time it was shuffled."""
    n = len(frame)
    at_once = max(_MOST_ROWS // (n * repeats), 1)
    for first in range(0, frame.shape[1], at_once):
        names = list(frame.columns[first : first + at_once])
        # (columns, repeats, n): one block for each column that is shuffled.
        own = np.tile(np.arange(n), (len(names), repeats, 1))
        sources = dict.fromkeys(frame.columns, own)
        for place, name in enumerate(names):
            sources[name] = own.copy()
            sources[name][place] = [generator.permutation(n) for _ in range(repeats)]
        mixed = type(frame)(
            {name: frame[name].array.take(rows.ravel()) for name, rows in sources.items()}
        )
        answers = predict(model, mixed, signature)
        for place, name in enumerate(names):
            blocks = repeats * place + np.arange(repeats)
            yield name, [answers.take(at * n + np.arange(n)) for at in blocks]


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
