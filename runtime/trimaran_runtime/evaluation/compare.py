"""A model beside its rivals on the same rows."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.estimate import Estimate, Gain
from trimaran_runtime.evaluation.evaluation import Rival
from trimaran_runtime.evaluation.interval import estimate
from trimaran_runtime.evaluation.metrics import measure
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.evaluation.uncertainty import standard_error
from trimaran_runtime.gate.config import Metric


def compare(
    metric: Metric,
    truth: Floats | Codes,
    given: Predictions,
    rivals: Sequence[Predictions],
    chosen: NDArray[np.int64] | None = None,
) -> tuple[Estimate, list[Rival]]:
    """Metric of a model and of its rivals.

    Args:
        metric: which metric.
        truth: (n,) class numbers, or numbers for regression.
        given: the model's answers.
        rivals: answers of others for the same rows.
        chosen: numbers of the rows to look at; None: all.
    """
    answers = [given, *rivals]
    if chosen is not None:
        truth = truth[chosen]
        answers = [answer.take(chosen) for answer in answers]
    own, *others = [measure(metric, truth, answer) for answer in answers]
    sign = 1 if metric.higher_is_better else -1
    found = [
        Rival(
            value=_defined(other.value),
            gain=Gain(
                value=_defined(sign * (own.value - other.value)),
                standard_error=_defined(standard_error(own.influence - other.influence)),
            ),
        )
        for other in others
    ]
    return estimate(metric, truth, answers[0], own), found


def _defined(number: float) -> float | None:
    return number if math.isfinite(number) else None
