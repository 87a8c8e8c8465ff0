"""The models that all servers serve, and the rows that all are asked about."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

WIDTH, TRAINING_ROWS = 30, 20_000
NAMES = [f"x{i}" for i in range(WIDTH)]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fitted model with rows to ask about.

    Attributes:
        name: what the tables call it.
        model: fitted on an array, as who sends rows without names does.
        named: the same fitted on a table, as who sends columns does.
        trusted: types that skops has to be told of.
        rows: (100, 30) float64.
        labels: the model's answers to `rows`, 0 or 1.
    """

    name: str
    model: Any
    named: Any
    trusted: tuple[str, ...]
    rows: np.ndarray[Any, np.dtype[np.float64]]
    labels: list[int]


def cases() -> dict[str, Case]:
    """Logistic regression and 100 boosted trees of one seeded table."""
    draw = np.random.default_rng(0)
    table = draw.normal(size=(TRAINING_ROWS, WIDTH))
    target = (table.sum(axis=1) + draw.normal(size=TRAINING_ROWS) > 0).astype(int)
    models: dict[str, tuple[Any, tuple[str, ...]]] = {
        "logistic regression": (LogisticRegression(), ()),
        "100 boosted trees": (
            HistGradientBoostingClassifier(max_iter=100, random_state=0),
            ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
        ),
    }
    found = {}
    for name, (model, trusted) in models.items():
        rows = table[:100]
        model.fit(table, target)
        found[name] = Case(
            name=name,
            model=model,
            named=clone(model).fit(pd.DataFrame(table, columns=NAMES), target),
            trusted=trusted,
            rows=rows,
            labels=[int(label) for label in model.predict(rows)],
        )
    return found
