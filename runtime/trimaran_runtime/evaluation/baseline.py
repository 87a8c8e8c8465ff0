"""The best constant prediction: what a model must beat to have learnt anything."""

import numpy as np

from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions
from trimaran_runtime.gate.config import Metric


def constant_prediction(
    metric: Metric, train: Floats | Codes, rows: int, *, classes: int
) -> Predictions:
    """The one answer for every row that suits a metric best, fitted on the training rows.

    Args:
        metric: which metric it is to be best in.
        train: class numbers, or numbers for regression, of the training rows.
        rows: how many rows to answer.
        classes: how many classes; 0 for regression.
    """
    if classes == 0:
        middle = np.median(train) if metric is Metric.mae else np.mean(train)
        return Predictions(scores=np.full((rows, 1), float(middle)), labels=None)
    shares = np.bincount(train.astype(np.int64), minlength=classes) / len(train)
    # Always answering "positive" is the best constant for F1 of two classes.
    label = 1 if metric is Metric.f1 and classes == 2 else int(shares.argmax())
    return Predictions(
        scores=np.tile(shares, (rows, 1)), labels=np.full(rows, label, dtype=np.int64)
    )
