"""Lowered forms of scikit-learn's linear models."""

from typing import Any

import numpy as np

from trimaran_runtime.lowering.answer import Linear, Link
from trimaran_runtime.lowering.from_steps import CannotLower, kind
from trimaran_runtime.lowering.matrix import Finite, Operation

_CLASSIFIERS = frozenset({"LogisticRegression", "LogisticRegressionCV", "SGDClassifier"})
_REGRESSORS = frozenset(
    {
        "ARDRegression",
        "BayesianRidge",
        "ElasticNet",
        "ElasticNetCV",
        "HuberRegressor",
        "Lars",
        "LarsCV",
        "Lasso",
        "LassoCV",
        "LassoLars",
        "LassoLarsCV",
        "LassoLarsIC",
        "LinearRegression",
        "LinearSVR",
        "OrthogonalMatchingPursuit",
        "OrthogonalMatchingPursuitCV",
        "QuantileRegressor",
        "Ridge",
        "RidgeCV",
        "SGDRegressor",
        "TheilSenRegressor",
    }
)
_LINKED = {"GammaRegressor", "PoissonRegressor", "TweedieRegressor"}
_LINKS: dict[str, Link] = {"IdentityLink": "number", "LogLink": "positive"}
_BINARY = 2


def linear(model: Any) -> tuple[tuple[Operation, ...], Linear] | None:
    """A linear model, and what it checks before; None: it is something else.

    Raises:
        CannotLower: its answers are no numbers or probabilities.
    """
    link = _link(model)
    if link is None:
        return None
    coefficients = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    intercept = np.broadcast_to(
        np.asarray(model.intercept_, dtype=np.float64).reshape(-1), len(coefficients)
    )
    found = Linear(np.ascontiguousarray(coefficients.T), np.array(intercept), link)
    return (Finite(missing=False),), found


def _link(model: Any) -> Link | None:
    name = kind(model)
    if name in _REGRESSORS:
        return "number"
    if name in _LINKED:
        link = _LINKS.get(type(model._base_loss.link).__name__)
        if link is None:
            raise CannotLower(f"{name} has a link that is not known")
        return link
    if name not in _CLASSIFIERS:
        return None
    if name == "SGDClassifier" and model.loss != "log_loss":
        raise CannotLower(f"SGDClassifier has the loss {model.loss}, not log_loss")
    if len(model.classes_) <= _BINARY:
        return "logistic"
    return "one_vs_rest" if name == "SGDClassifier" else "softmax"
