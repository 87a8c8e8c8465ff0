"""Jensen-Shannon distance between two sets of counts, with bounds."""

import math

import numpy as np

from trimaran_runtime.drift.bins import pool_thin
from trimaran_runtime.drift.bound import noncentrality
from trimaran_runtime.drift.estimate import Doubt
from trimaran_runtime.drift.key import Counts, Floats


def divergence(reference: Counts, current: Counts, doubt: Doubt) -> tuple[float, float, float]:
    """Jensen-Shannon distance, base 2: freed of its bias, with bounds.

    Between close distributions the divergence is a chi-square distance: in nats, times 8 and
    over `1/n + 1/m`, its estimate is a non-central chi-square whose noncentrality is that
    multiple of the true one (Potgieter et al., arXiv 2307.11878, for the PSI).
    """
    reference, current = pool_thin(reference, current)
    freedom = len(reference) - 1
    if freedom == 0:
        return 0.0, 0.0, 0.0
    before, now = reference / reference.sum(), current / current.sum()
    middle = (before + now) / 2
    distance = (_kullback(before, middle) + _kullback(now, middle)) / 2
    scale = (
        8
        * math.log(2)
        / (1 / doubt.rows(int(reference.sum())) + 1 / doubt.rows(int(current.sum())))
    )
    effect = math.sqrt(max(0.0, distance - freedom / scale))
    if not doubt.bounded:
        return effect, effect, effect
    lower, upper = noncentrality(scale * distance, freedom, doubt.z())
    return effect, math.sqrt(lower / scale), min(1.0, math.sqrt(upper / scale))


def _kullback(one: Floats, other: Floats) -> float:
    some = one > 0
    return float((one[some] * np.log2(one[some] / other[some])).sum())
