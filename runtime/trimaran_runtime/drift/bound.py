"""Confidence bounds of the compared effects, each one-sided at its own risk."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from trimaran_runtime.drift.key import Floats

_NORMAL = NormalDist()
_STEPS = 60
_NEWTON_STEPS = 8


def quantile(risk: float) -> float:
    """How many standard errors a normal variable exceeds with this probability."""
    return _NORMAL.inv_cdf(1 - risk)


def share(count: Floats, rows: float, z: float) -> tuple[Floats, Floats]:
    """Bounds of a share that hold at every size, element by element; `count` may be a fraction.

    The signed root of the binomial likelihood ratio, one row towards the safe side, exceeds its
    normal quantile never oftener than promised (Zubkov and Serov, Theory Probab. Appl. 57 (2013)
    539, theorem 1). Wilson's interval does by a factor of 200, at one in 100,000 and few hits.
    """
    few, place = np.unique(count, return_inverse=True)
    safer = np.clip(np.stack([few - 1, rows - few - 1]), 0, None)
    low, others = _below(safer / rows, z * z / 2 / rows)
    return low[place], 1 - others[place]


def share_of_one(count: float, rows: float, z: float) -> tuple[float, float]:
    """The same of one share: the same bits, in a twentieth of the time of an array."""
    information = z * z / 2 / rows
    low = _below_one(max(count - 1, 0.0) / rows, information)
    return low, 1 - _below_one(max(rows - count - 1, 0.0) / rows, information)


def _below(share: Floats, information: float) -> Floats:
    """The smaller share that a row of this one speaks against with so many nats.

    Newton's method for `log(share / smaller)`, in which the divergence is convex: from beyond the
    root it comes down to it, and never past it.
    """
    some = np.where(share > 0, share, 1.0)
    rest, nats = 1 - some, information / some
    ratio = nats + np.sqrt(2 * nats)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(_NEWTON_STEPS):
            smaller = some * np.exp(-ratio)
            others = np.where(rest > 0, rest * np.log(rest / (1 - smaller)), 0.0)
            excess = some * ratio + others - information
            slope = some - rest * smaller / (1 - smaller)
            closer = ratio - np.where(slope > 0, np.maximum(excess, 0) / slope, 0.0)
            if np.array_equal(closer, ratio):
                break
            ratio = closer
    return np.where(share > 0, some * np.exp(-ratio), 0.0)


def _below_one(share: float, information: float) -> float:
    if share <= 0:
        return 0.0
    rest, nats = 1 - share, information / share
    ratio = nats + math.sqrt(2 * nats)
    for _ in range(_NEWTON_STEPS):
        smaller = share * math.exp(-ratio)
        excess, slope = share * ratio - information, share
        if rest > 0:
            excess = share * ratio + rest * math.log(rest / (1 - smaller)) - information
            slope = share - rest * smaller / (1 - smaller)
        closer = ratio - (max(excess, 0.0) / slope if slope > 0 else 0.0)
        if closer == ratio:
            break
        ratio = closer
    return share * math.exp(-ratio)


def difference(
    current: Floats, rows: float, reference: Floats, reference_rows: float, z: float
) -> tuple[Floats, Floats, Floats]:
    """Change of a share, by Newcombe's combination of two intervals (Stat. Med. 1998, method 10).

    Returns:
        effect, lower and upper bound of `current/rows - reference/reference_rows`.
    """
    now, before = current / rows, reference / reference_rows
    low, high = share(current, rows, z)
    low_before, high_before = share(reference, reference_rows, z)
    change = now - before
    lower = change - np.hypot(now - low, high_before - before)
    upper = change + np.hypot(high - now, before - low_before)
    return change, lower, upper


def difference_of_one(
    current: float, rows: float, reference: float, reference_rows: float, z: float
) -> tuple[float, float, float]:
    """The same of one share."""
    now, before = current / rows, reference / reference_rows
    low, high = share_of_one(current, rows, z)
    low_before, high_before = share_of_one(reference, reference_rows, z)
    change = now - before
    # The standard library's rounds otherwise.
    lower = change - float(np.hypot(now - low, high_before - before))
    upper = change + float(np.hypot(high - now, before - low_before))
    return change, lower, upper


def size(change: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
    """The same of the absolute value: a change in either direction counts."""
    nearest = np.maximum(np.maximum(lower, -upper), 0)
    return np.abs(change), nearest, np.maximum(np.abs(lower), np.abs(upper))


def unseen_by_chance(risk: float) -> float:
    """Rows' worth of probability outside the range of a sample, exceeded with this probability.

    The mass outside the smallest and largest of m values is, m times, a sum of two standard
    exponentials: P(> g) = (1 + g) exp(-g).
    """
    return _root(lambda g: math.log1p(g) - g - math.log(risk), 0.0, 1000.0)


def noncentrality(statistic: float, freedom: int, z: float) -> tuple[float, float]:
    """Bounds of a non-central chi-square's noncentrality, given one observed value.

    By Sankaran's power transform to a normal variable (Biometrika 1963).
    """

    def score(shift: float) -> float:
        mean, spread = freedom + shift, freedom + 2 * shift
        power = 1 - 2 / 3 * mean * (freedom + 3 * shift) / spread**2
        ratio = spread / mean**2
        bend = (power - 1) * (1 - 3 * power)
        middle = 1 + power * ratio * (power - 1 - (2 - power) * bend * ratio / 2)
        width = power * math.sqrt(2 * ratio * (1 + bend * ratio / 2))
        return float(((statistic / mean) ** power - middle) / width)

    most = 4 * (statistic + freedom) + 100 * z * z
    lower = _root(lambda shift: score(shift) - z, 0.0, most)
    return lower, _root(lambda shift: score(shift) + z, 0.0, most)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero; an end of the interval when it does not."""
    if falling(low) <= 0:
        return low
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
