"""The probability from which a row is called positive, chosen on the validation rows alone.

Chosen on the test rows it would be fitted to them, and what they say of it would be too good.
"""

import numpy as np

from trimaran_runtime.evaluation.config import Aim, ThresholdRule
from trimaran_runtime.evaluation.evaluation import Threshold, ThresholdRates
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions


def choose(truth: Codes, given: Predictions, rule: ThresholdRule) -> float | None:
    """The threshold that suits a rule best; of several, the highest.

    Args:
        truth: (n,) class numbers of the validation rows, 1 being positive.
        given: the model's answers for them.
        rule: what it is chosen for.

    Returns:
        A probability: rows at or above it are positive. None: not two classes, one of them is
        missing, or an answer is not finite.
    """
    positive = truth == 1
    usable = given.labels is not None and given.scores.shape[1] == 2 and given.finite.all()
    if not usable or positive.all() or not positive.any():
        return None
    scores = given.scores[:, 1]
    values, place = np.unique(-scores, return_inverse=True)
    found = np.bincount(place, positive).cumsum()
    false = np.bincount(place, ~positive).cumsum()
    best = int(np.argmax(_worth(found, false, rule)))
    # Half way to the next score below, so that rounding tips no row over.
    below = values[best + 1] if best + 1 < len(values) else values[best]
    return float(-(values[best] + below) / 2)


def threshold(
    rule: ThresholdRule, value: float, *, validation: int, truth: Codes, given: Predictions
) -> Threshold:
    """A chosen threshold, and what it does on the test rows.

    Args:
        rule: what it was chosen for.
        value: the threshold.
        validation: rows it was chosen on.
        truth: (n,) class numbers of the test rows.
        given: the model's answers for them.
    """
    positive, chosen = truth == 1, given.scores[:, 1] >= value
    hits = int((positive & chosen).sum())
    return Threshold(
        aim=rule.aim,
        value=value,
        validation_rows=validation,
        test=ThresholdRates(
            selection_rate=float(chosen.mean()),
            accuracy=float((positive == chosen).mean()),
            precision=_share(hits, int(chosen.sum())),
            recall=_share(hits, int(positive.sum())),
            false_positive_rate=_share(int((~positive & chosen).sum()), int((~positive).sum())),
        ),
    )


def _worth(found: Floats, false: Floats, rule: ThresholdRule) -> Floats:
    positives, negatives = found[-1], false[-1]
    match rule.aim:
        case Aim.f1:
            return np.asarray(2 * found / (found + false + positives))
        case Aim.youden:
            return np.asarray(found / positives - false / negatives)
        case Aim.cost:
            missed = rule.false_negative_cost * (positives - found)
            return np.asarray(-(missed + rule.false_positive_cost * false))


def _share(hits: int, tries: int) -> float | None:
    return hits / tries if tries else None
