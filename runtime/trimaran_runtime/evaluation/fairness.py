"""Differences between groups: who is selected, found, and wrongly accused, and how surely.

Shares have Wilson's interval (1927), their difference Newcombe's hybrid of the two (1998, method
10), their ratio Katz's (1978). What the model itself answers counts, not the chosen threshold.
"""

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.evaluation.fairness_result import (
    FairnessColumn,
    FairnessLevel,
    RateGap,
    Share,
)
from trimaran_runtime.evaluation.predictions import Codes, Predictions
from trimaran_runtime.evaluation.segments import Levels
from trimaran_runtime.evaluation.uncertainty import quantile, tail
from trimaran_runtime.gate.config import Rate

_Z = quantile(0.975)
_Marks = NDArray[np.bool_]


def fairness(
    truth: Codes, given: Predictions, levels: Levels, min_rows: int
) -> tuple[FairnessColumn, ...]:
    """Compare the levels of each column.

    Args:
        truth: (n,) class numbers of the test rows, 1 being positive.
        given: the model's answers for them.
        levels: (n,) level of each row, by column.
        min_rows: levels with fewer rows are left out.

    Returns:
        Nothing where there are not two classes.
    """
    if given.labels is None or given.scores.shape[1] != 2:
        return ()
    positive, selected = truth == 1, given.labels == 1
    return tuple(
        _column(name, texts, positive, selected, min_rows) for name, texts in levels.items()
    )


def share(hits: int, tries: int) -> Share:
    """A share with Wilson's interval; undefined for no tries."""
    if not tries:
        return Share(value=None, rows=0)
    value = hits / tries
    middle = (value + _Z**2 / (2 * tries)) / (1 + _Z**2 / tries)
    inside = value * (1 - value) / tries + _Z**2 / (4 * tries**2)
    reach = _Z * math.sqrt(inside) / (1 + _Z**2 / tries)
    return Share(
        value=value, low=max(middle - reach, 0.0), high=min(middle + reach, 1.0), rows=tries
    )


def _column(
    name: str, texts: NDArray[np.object_], positive: _Marks, selected: _Marks, min_rows: int
) -> FairnessColumn:
    names, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    found = []
    for place in np.flatnonzero(counts >= min_rows):
        own = codes == place
        found.append(
            FairnessLevel(
                level=str(names[place]),
                rows=int(counts[place]),
                rates={
                    rate: share(int((own & among & selected).sum()), int((own & among).sum()))
                    for rate, among in _among(positive).items()
                },
            )
        )
    gaps = [gap for rate in Rate if (gap := _gap(rate, found)) is not None]
    return FairnessColumn(column=name, levels=tuple(found), gaps=tuple(gaps))


def _among(positive: _Marks) -> Mapping[Rate, _Marks]:
    return {
        Rate.selection_rate: np.ones(len(positive), dtype=np.bool_),
        Rate.true_positive_rate: positive,
        Rate.false_positive_rate: ~positive,
    }


def _gap(rate: Rate, levels: list[FairnessLevel]) -> RateGap | None:
    """The widest difference in a rate; None: there are no two levels to compare."""
    known = [level for level in levels if level.rates[rate].value is not None]
    pairs = len(list(combinations(known, 2)))
    if not pairs:
        return None
    ranked = sorted(known, key=lambda level: (level.rates[rate].value or 0.0, level.level))
    least, most = ranked[0], ranked[-1]
    one, other = most.rates[rate], least.rates[rate]
    difference, low, high = _difference(one, other)
    ratio, ratio_low, ratio_high = _ratio(other, one)
    return RateGap(
        rate=rate,
        highest=most.level,
        lowest=least.level,
        difference=difference,
        low=low,
        high=high,
        ratio=ratio,
        ratio_low=ratio_low,
        ratio_high=ratio_high,
        # The widest of so many differences: Bonferroni.
        chance=min(_chance(one, other) * pairs, 1.0),
    )


def _difference(one: Share, other: Share) -> tuple[float, float, float]:
    p, q = one.value or 0.0, other.value or 0.0
    below = math.hypot(p - (one.low or 0.0), (other.high or 0.0) - q)
    above = math.hypot((one.high or 0.0) - p, q - (other.low or 0.0))
    return p - q, p - q - below, p - q + above


def _ratio(one: Share, other: Share) -> tuple[float | None, float | None, float | None]:
    p, q = one.value or 0.0, other.value or 0.0
    if not p or not q:
        return (None if not q else 0.0), None, None
    reach = _Z * math.sqrt((1 - p) / (p * one.rows) + (1 - q) / (q * other.rows))
    return p / q, p / q * math.exp(-reach), p / q * math.exp(reach)


def _chance(one: Share, other: Share) -> float:
    """Two-sided chance of so wide a difference of equal shares (pooled test of proportions)."""
    p, q = one.value or 0.0, other.value or 0.0
    pooled = (p * one.rows + q * other.rows) / (one.rows + other.rows)
    error = math.sqrt(pooled * (1 - pooled) * (1 / one.rows + 1 / other.rows))
    return 2 * tail(abs(p - q), error)
