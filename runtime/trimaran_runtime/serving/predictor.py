"""Turns checked rows into predictions with a fitted model."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.errors import RegistryError
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.serving.values import Values

if TYPE_CHECKING:
    import pandas as pd

_LABEL_FOLLOWS_PROBABILITY = frozenset(
    {
        "DecisionTreeClassifier",
        "ExtraTreesClassifier",
        "GaussianNB",
        "GradientBoostingClassifier",
        "HistGradientBoostingClassifier",
        "LogisticRegression",
        "RandomForestClassifier",
    }
)
"""Classifiers of scikit-learn whose label is the likeliest class: one call gives both. Others
(a tuned threshold, an SVM) decide the label on their own, and are asked for it."""


class NonFinitePrediction(ValueError):
    """The model answered NaN or infinity, which JSON cannot carry and nobody can use."""


class Renderer:
    """Spells predictions as the answer and the captured record have them.

    Args:
        is_classifier: whether predictions are `(label, probabilities)`, else they are numbers.
        has_probabilities: whether the model gives probabilities.
        classes: labels, in the order of the probabilities.
    """

    def __init__(
        self, is_classifier: bool, *, has_probabilities: bool, classes: Sequence[Any]
    ) -> None:
        self._is_classifier = is_classifier
        self._has_probabilities = has_probabilities
        self._classes: list[Any] = list(classes)

    @property
    def classes(self) -> tuple[Any, ...]:
        """Class labels in the order of the probabilities; empty for regression."""
        return tuple(self._classes)

    @property
    def has_probabilities(self) -> bool:
        """Whether predictions carry probabilities."""
        return self._is_classifier and self._has_probabilities

    def rendered(self, predictions: Sequence[Any], *, every_class: bool = False) -> list[Any]:
        """Predictions as the answer and the captured record spell them.

        A number for regression. For classification an object: `label`, `probability` of the last
        class (the positive one of two; absent when the model gives none), and `probabilities` by
        class where they were asked for.
        """
        if not self._is_classifier:
            return list(predictions)
        if not self._has_probabilities:
            return [{"label": label} for label, _ in predictions]
        if not every_class:
            return [{"label": label, "probability": p[-1]} for label, p in predictions]
        names = [_key(label) for label in self._classes]
        return [
            {
                "label": label,
                "probability": p[-1],
                "probabilities": dict(zip(names, p, strict=True)),
            }
            for label, p in predictions
        ]


class Predictor(Renderer):
    """A fitted model behind its signature.

    Args:
        model: fitted scikit-learn estimator or pipeline.
        signature: what it takes and gives.
        columns: the signature's columns.

    Raises:
        RegistryError: the model's classes are not the signature's.
    """

    def __init__(self, model: Any, signature: Signature, columns: Sequence[Column]) -> None:
        super().__init__(
            signature.task == "classification",
            has_probabilities=hasattr(model, "predict_proba"),
            classes=signature.classes,
        )
        self._model, self._columns = model, tuple(columns)
        self._names = [column.name for column in columns]
        self._label_follows = _final(model) in _LABEL_FOLLOWS_PROBABILITY
        if self._is_classifier:
            fitted = np.asarray(model.classes_).tolist()
            if self._classes and fitted != self._classes:
                raise RegistryError(
                    f"the model's classes {fitted} are not the signature's {self._classes}",
                    where="release",
                    next_step="run the pipeline again",
                )
            self._classes = fitted

    def predict(self, values: Values) -> list[Any]:
        """Predictions for rows given by column.

        Returns:
            For classification `(label, probabilities)` per row, the probabilities in the order of
            the classes and None when the model has none; for regression a number per row.

        Raises:
            NonFinitePrediction: the model answered NaN or infinity.
            Exception: whatever the model raises.
        """
        frame = self.frame(values)
        if not self._is_classifier:
            numbers = np.asarray(self._model.predict(frame), dtype=np.float64).reshape(-1)
            refuse_non_finite(numbers)
            return list(numbers.tolist())
        if not self._has_probabilities:
            labels = np.asarray(self._model.predict(frame)).tolist()
            return [(label, None) for label in labels]
        chances = np.asarray(self._model.predict_proba(frame), dtype=np.float64)
        refuse_non_finite(chances)
        if self._label_follows:
            labels = [self._classes[i] for i in chances.argmax(axis=1).tolist()]
        else:
            labels = np.asarray(self._model.predict(frame)).tolist()
        return list(zip(labels, chances.tolist(), strict=True))

    def frame(self, values: Values) -> Any:
        """The data frame that the model takes, of rows by column."""
        import pandas as pd

        if isinstance(values, np.ndarray):
            # One block instead of one for every column: ten times as fast at thirty columns.
            return pd.DataFrame(values.T, columns=self._labels, copy=False)
        arrays = {c.name: c.array(v) for c, v in zip(self._columns, values, strict=True)}
        return pd.DataFrame(arrays, columns=self._labels, copy=False)

    @cached_property
    def _labels(self) -> "pd.Index[str]":
        """The columns' names; made from a list for every frame they would cost more than it."""
        import pandas as pd

        return pd.Index(self._names)


def _final(model: Any) -> str:
    """Class name of the last estimator of (nested) pipelines."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    known = type(model).__module__.startswith("sklearn.")
    return type(model).__name__ if known else ""


def refuse_non_finite(numbers: "np.ndarray[Any, Any]") -> None:
    """Raise NonFinitePrediction for an answer that is NaN or infinite."""
    if not np.isfinite(numbers).all():
        raise NonFinitePrediction("the model answered NaN or infinity")


def _key(label: Any) -> str:
    """A class label as a JSON key: as JSON spells it, text without quotes."""
    if isinstance(label, bool):
        return "true" if label else "false"
    return str(label)
