"""How much a metric, and a difference of two, would vary on other rows of the same kind.

The infinitesimal jackknife (Jaeckel, 1972; Efron, 1982): the standard error of a statistic is the
root of the summed squares of its influence values over the number of rows. For the area under the
ROC curve this is DeLong's method (1988); it is what a bootstrap with very many draws tends to,
without the draws, so verdicts need no seed. The influence of a difference is the difference of the
influences, so that what makes a row hard for both models cancels.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray


def standard_error(influence: NDArray[np.float64]) -> float:
    """Standard error of a statistic with these (n,) influence values; NaN for fewer than 2 rows."""
    rows = len(influence)
    if rows < 2:
        return float("nan")
    return float(np.sqrt(np.square(influence).sum())) / rows


def quantile(probability: float) -> float:
    """Quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(probability)


def tail(value: float, error: float) -> float:
    """Probability of a value at least this large by chance, when the truth is 0; NaN stays NaN."""
    if np.isnan(value) or np.isnan(error):
        return float("nan")
    if error == 0:
        return 0.0 if value > 0 else 1.0
    return 1 - NormalDist().cdf(value / error)
