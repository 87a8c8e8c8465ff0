"""The bootstrap: how much a metric, and a difference of two, would vary on other rows.

Rows are drawn with replacement (Efron, 1979), the same draws for both models of a difference, so
that what makes a row hard for both cancels. Bounds use the bootstrap's standard error and the
normal distribution: with a few hundred draws that is steadier than far-out percentiles.
"""

from collections.abc import Iterator
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.metrics import Statistic, Weights

_CELLS_AT_ONCE = 2_000_000
_CELLS_IN_ALL = 20_000_000
_FEWEST, _MOST = 60, 400
"""Draws: fewer for more rows, whose statistic varies less anyway."""


def spread(statistics: "list[Statistic]", rows: int, *, seed: int) -> NDArray[np.float64]:
    """Values of statistics under the same draws of their rows.

    Args:
        statistics: s statistics of the same rows.
        rows: how many rows.
        seed: of the draws; equal seeds give equal draws.

    Returns:
        (s, draws) values; NaN where a draw leaves a metric undefined.
    """
    blocks = [
        np.stack([statistic(weights) for statistic in statistics]) for weights in _draws(rows, seed)
    ]
    return np.concatenate(blocks, axis=1)


def standard_error(values: NDArray[np.float64]) -> float:
    """Standard deviation of the defined values; NaN when most draws were undefined."""
    defined = values[~np.isnan(values)]
    if len(defined) < max(2, len(values) / 2):
        return float("nan")
    return float(defined.std(ddof=1))


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


def _draws(rows: int, seed: int) -> Iterator[Weights]:
    draws = int(np.clip(_CELLS_IN_ALL // max(rows, 1), _FEWEST, _MOST))
    generator = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // max(rows, 1))
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        chosen = generator.integers(0, rows, size=(count, rows))
        yield np.stack([np.bincount(row, minlength=rows) for row in chosen]).astype(np.float64)
