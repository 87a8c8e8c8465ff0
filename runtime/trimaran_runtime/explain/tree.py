"""Contributions of trees, by TreeSHAP; the package `shap` is loaded only for a model it fits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trimaran_runtime.explain.contributions import Contributions, Floats

_LIBRARY = "sklearn."
_SHARES = ("RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier")
"""Classifiers whose trees hold shares of classes, so that contributions are of probabilities."""
_TREES = (
    *_SHARES,
    "RandomForestRegressor",
    "ExtraTreesRegressor",
    "DecisionTreeRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A model of trees.

    Attributes:
        explainer: `shap.TreeExplainer`.
        of_shares: whether its trees hold shares of classes.
    """

    explainer: Any
    of_shares: bool

    def explain(self, derived: Floats) -> Contributions:
        """Contributions of (n, m) derived columns."""
        values = np.asarray(
            self.explainer.shap_values(derived, check_additivity=False), dtype=np.float64
        )
        base = np.atleast_1d(np.asarray(self.explainer.expected_value, dtype=np.float64))
        if values.ndim == 2:
            values = values[:, :, np.newaxis]
        if self.of_shares and values.shape[2] == 2:
            # Of two classes the second says it all.
            values, base = values[:, :, 1:], base[1:]
        return Contributions(values=values, base=base)


def tree_of(model: Any, derived: Floats) -> Tree | None:
    """The trees of a fitted model; None: it has none, or TreeSHAP cannot read them.

    Args:
        model: a fitted estimator.
        derived: (n, m) reference rows, on which the contributions are compared with the model.
    """
    kind = type(model)
    if kind.__name__ not in _TREES or not kind.__module__.startswith(_LIBRARY):
        return None
    categories = getattr(model, "is_categorical_", None)
    if categories is not None and np.any(categories):
        return None  # shap reads splits by sets of categories as splits by order
    from shap import TreeExplainer
    from shap.utils._exceptions import InvalidModelError

    try:
        found = Tree(explainer=TreeExplainer(model), of_shares=kind.__name__ in _SHARES)
        contributions = found.explain(derived)
    except (InvalidModelError, TypeError, ValueError, NotImplementedError):
        return None  # explained by sampling, which says so
    return found if contributions.adds_up_to(_score(model, derived)) else None


def _score(model: Any, derived: Floats) -> Floats:
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(derived))
    if not hasattr(model, "predict_proba"):
        return np.asarray(model.predict(derived))
    shares = np.asarray(model.predict_proba(derived))
    return shares[:, 1] if shares.shape[1] == 2 else shares
