"""Contributions of a linear model, in closed form.

With columns apart, the Shapley value of a linear model is its coefficient times the distance of
the value from the mean (Lundberg and Lee, 2017, corollary 1).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trimaran_runtime.explain.contributions import Contributions, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A linear form.

    Attributes:
        coefficients: (m, k).
        intercept: (k,).
        means: (m,) of the reference rows.
    """

    coefficients: Floats
    intercept: Floats
    means: Floats

    def explain(self, derived: Floats) -> Contributions:
        """Contributions of (n, m) derived columns."""
        return Contributions(
            values=(derived - self.means)[:, :, np.newaxis] * self.coefficients,
            base=self.means @ self.coefficients + self.intercept,
        )


def linear_of(model: Any, derived: Floats) -> Linear | None:
    """The linear form of a fitted model; None: it has none.

    Args:
        model: a fitted estimator.
        derived: (n, m) reference rows, on which the form is compared with the model.
    """
    coefficients, intercept = getattr(model, "coef_", None), getattr(model, "intercept_", None)
    if coefficients is None or intercept is None or not np.isfinite(derived).all():
        return None
    if hasattr(coefficients, "toarray"):
        coefficients = coefficients.toarray()
    columns = np.atleast_2d(np.asarray(coefficients, dtype=np.float64)).T
    if columns.shape[0] != derived.shape[1]:
        return None
    constants = np.broadcast_to(np.asarray(intercept, dtype=np.float64), (columns.shape[1],))
    found = Linear(coefficients=columns, intercept=constants, means=derived.mean(axis=0))
    score = model.decision_function if hasattr(model, "decision_function") else model.predict
    return found if found.explain(derived).adds_up_to(score(derived)) else None
