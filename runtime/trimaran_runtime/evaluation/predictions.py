"""What a model answered for some rows, and the truth beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from trimaran_runtime.registry.release import Signature

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_DIGITS = 12
"""Predictions that agree to so many digits are one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Answers for n rows.

    Attributes:
        scores: (n, k) probabilities in the order of the k classes, or (n, 1) predicted numbers.
        labels: (n,) number of the predicted class; None for regression.
    """

    scores: Floats
    labels: Codes | None

    @property
    def finite(self) -> NDArray[np.bool_]:
        """(n,) whether every score of a row is finite."""
        return np.asarray(np.isfinite(self.scores).all(axis=1), dtype=np.bool_)

    @property
    def distinct(self) -> int:
        """Distinct finite values, of the class (or number) that varies most."""
        rounded = np.round(self.scores[self.finite], _DIGITS)
        return max((len(np.unique(column)) for column in rounded.T), default=0)

    def take(self, rows: NDArray[Any]) -> Self:
        """The answers for some rows."""
        labels = None if self.labels is None else self.labels[rows]
        return type(self)(scores=self.scores[rows], labels=labels)


def predict(model: Any, frame: "pd.DataFrame", signature: "Signature") -> Predictions:
    """Ask a fitted model about every row of a frame.

    Args:
        model: scikit-learn estimator, or anything with its `predict` (and `predict_proba`).
        frame: the rows; columns that the signature does not name are left out.
        signature: what the model takes and gives.

    Raises:
        Exception: whatever the model raises.
        DataError: the answers are not one per row, or not one probability per class.
    """
    rows = frame[[feature.name for feature in signature.features]]
    answers = np.asarray(model.predict(rows)).reshape(-1)
    _refuse_shape(len(answers), len(rows), "predictions")
    if signature.task == "regression":
        return Predictions(scores=answers.astype(np.float64).reshape(-1, 1), labels=None)
    scores = np.asarray(model.predict_proba(rows), dtype=np.float64)
    _refuse_shape(len(scores), len(rows), "rows of probabilities")
    _refuse_shape(scores.shape[-1], len(signature.classes), "probabilities per row")
    return Predictions(scores=scores, labels=encode(answers.tolist(), signature.classes))


def encode(labels: Sequence[Any], classes: Sequence[Any]) -> Codes:
    """Number of each label's class; -1 for a label that is no class."""
    number = {label: place for place, label in enumerate(classes)}
    return np.array([number.get(label, -1) for label in labels], dtype=np.int64)


def truth_of(table: "pa.Table", signature: "Signature") -> Floats | Codes:
    """(n,) class number of each row's target, or the target itself for regression."""
    values: list[Any] = table.column(signature.target).to_pylist()
    if signature.classes:
        return encode(values, signature.classes)
    return np.array(values, dtype=np.float64)


def _refuse_shape(given: int, wanted: int, what: str) -> None:
    if given != wanted:
        raise DataError(
            f"the model gave {given} {what}, wanted {wanted}",
            where="model",
            next_step="return an estimator that follows scikit-learn's predict and predict_proba",
        )
