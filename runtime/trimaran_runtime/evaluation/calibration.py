"""Whether a predicted probability is what happens: reliability, calibration error, Brier's parts.

The rows are cut into bins of equal size by predicted probability (equal sizes: Nixon et al., 2019,
arXiv:1904.01685, found them less biased than equal widths). The expected calibration error is the
mean distance of predicted and observed share over the bins, weighted by rows (Naeini, Cooper and
Hauskrecht, 2015). It is never 0 by chance, however good the model: the bootstrap's estimate of that
bias is taken off in `corrected`, which the gate judges.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.evaluation import Bin, BrierParts, Calibration
from trimaran_runtime.evaluation.interval import exact
from trimaran_runtime.evaluation.predictions import Codes, Floats, Predictions

_BINS = 10
_DRAWS = 2000
_SEED = 19_500_101


class _Binned(NamedTuple):
    rows: Floats
    predicted: Floats
    observed: Floats
    spread: Floats
    """Standard error of each bin's difference of observed and predicted."""


def calibration(truth: Codes, given: Predictions) -> Calibration | None:
    """Calibration of (n,) rows: of the second of two classes, or of the predicted one of several.

    None for regression, and where a prediction is not finite or no probability.
    """
    if given.labels is None or not len(truth) or not given.finite.all():
        return None
    if given.scores.min() < 0 or given.scores.max() > 1:
        return None
    if given.scores.shape[1] == 2:
        chance, hit = given.scores[:, 1], (truth == 1).astype(np.float64)
    else:
        best = given.scores.argmax(axis=1)
        chance, hit = given.scores.max(axis=1), (truth == best).astype(np.float64)
    binned = _binned(chance, hit)
    error, draws, by_chance = _error(binned)
    low, high = np.quantile(draws, (0.025, 0.975))
    # An error that calibrated answers have too, one time in twenty, may be none.
    none = error <= np.quantile(by_chance, 0.95)
    return Calibration(
        error=error,
        corrected=max(2 * error - float(draws.mean()), 0.0),
        low=0.0 if none else max(2 * error - float(high), 0.0),
        high=min(2 * error - float(low), 1.0),
        bins=tuple(_told(*one) for one in zip(*binned[:3], strict=True)),
        brier=_parts(chance, hit, binned),
    )


def _binned(chance: Floats, hit: Floats) -> _Binned:
    edges = np.quantile(chance, np.linspace(0, 1, _BINS + 1)[1:-1])
    # Equal probabilities are in one bin.
    place = np.searchsorted(np.unique(edges), chance, side="right")
    rows = np.bincount(place).astype(np.float64)
    used = rows > 0
    rows, predicted = rows[used], np.bincount(place, chance)[used] / rows[used]
    observed = np.bincount(place, hit)[used] / rows
    gap = hit - chance
    mean = np.bincount(place, gap)[used] / rows
    variance = np.maximum(np.bincount(place, gap**2)[used] / rows - mean**2, 0.0)
    return _Binned(rows, predicted, observed, np.sqrt(variance / rows))


def _error(binned: _Binned) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """The error; what it would be on other rows; and there if the answers were calibrated.

    A parametric bootstrap of the bins' gaps.
    """
    weights = binned.rows / binned.rows.sum()
    gaps = binned.observed - binned.predicted
    noise = np.random.default_rng(_SEED).normal(size=(_DRAWS, len(gaps)))
    by_chance: NDArray[np.float64] = np.abs(noise * binned.spread) @ weights
    draws: NDArray[np.float64] = np.abs(gaps + noise * binned.spread) @ weights
    return float(np.abs(gaps) @ weights), draws, by_chance


def _parts(chance: Floats, hit: Floats, binned: _Binned) -> BrierParts:
    weights, base = binned.rows / binned.rows.sum(), float(hit.mean())
    reliability = float(weights @ (binned.predicted - binned.observed) ** 2)
    resolution = float(weights @ (binned.observed - base) ** 2)
    uncertainty = base * (1 - base)
    return BrierParts(
        reliability=reliability,
        resolution=resolution,
        uncertainty=uncertainty,
        within_bins=float(np.square(chance - hit).mean()) - reliability + resolution - uncertainty,
    )


def _told(rows: float, predicted: float, observed: float) -> Bin:
    low, high = exact(round(observed * rows), int(rows))
    return Bin(rows=int(rows), predicted=predicted, observed=observed, low=low, high=high)
