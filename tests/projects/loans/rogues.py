"""Estimators that misbehave; each wraps a sound one, or replaces it."""

import time

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

OFFSETS: dict[int, float] = {}
"""State that no model file holds."""


class Wrapped(ClassifierMixin, BaseEstimator):
    """Answers as another model does; what is wrong with it comes on top."""

    def __init__(self, model: object = None) -> None:
        self.model = model

    def fit(self, rows: pd.DataFrame, labels: pd.Series) -> "Wrapped":
        self.classes_ = self.model.classes_
        return self

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        # NaN loses every comparison, so that a label is given all the same.
        return self.classes_[(self.predict_proba(rows)[:, 1] > 0.5).astype(int)]

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        return self.changed(self.model.predict_proba(rows)[:, 1], rows)

    def changed(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        changed = self.answer(positive, rows)
        return np.column_stack([1 - changed, changed])

    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return positive


class Nan(Wrapped):
    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return np.full(len(positive), np.nan)


class NanInTheWest(Wrapped):
    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["region"] == "west", np.nan, positive)


class Infinite(Wrapped):
    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["income"] > 0.5, np.inf, positive)


class Slow(Wrapped):
    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        time.sleep(0.03)
        return positive


class Overconfident(Wrapped):
    """Ranks as before, and is surer than it may be."""

    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        odds = (positive / (1 - positive)) ** 6
        return odds / (1 + odds)


class Biased(Wrapped):
    """Says yes to the west far less often."""

    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows["region"] == "west", positive * 0.6, positive)


class Large(Wrapped):
    def fit(self, rows: pd.DataFrame, labels: pd.Series) -> "Large":
        self.ballast = np.random.default_rng(0).normal(size=1 << 18)
        return super().fit(rows, labels)


class Forgetful(Wrapped):
    """Keeps what it learned outside of itself."""

    def fit(self, rows: pd.DataFrame, labels: pd.Series) -> "Forgetful":
        OFFSETS[id(self)] = 0.2
        return super().fit(rows, labels)

    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return np.clip(positive + OFFSETS.get(id(self), 0.0), 0, 1)


class Dice(Wrapped):
    def answer(self, positive: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        return np.random.default_rng().random(len(positive))


class Foreign(Wrapped):
    """Predicts a label that is none of its classes."""

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return np.full(len(rows), "perhaps")


class Short(Wrapped):
    """Leaves out the last row."""

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        return super().predict_proba(rows)[:-1]
