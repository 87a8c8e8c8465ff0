"""Bounds hold what they promise: a lower bound above the true effect is as rare as its risk."""

import math
import os

import numpy as np
import pytest

from tests.drift.drawn import LEVELS, NUMBERS, drawn, levels, numbers
from trimaran_runtime.drift.bins import NumberBins
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.estimate import Doubt
from trimaran_runtime.drift.facets import comparisons
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.summary import Summary
from trimaran_runtime.drift.wasserstein import Body, cumulative, values

FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
DRAWS = 2_000 if FULL else 60
RISK = 0.02
SIZES = ((1_000, 20_000), (20_000, 20_000), (5_000, 1_000)) if FULL else ((1_000, 5_000),)
MOVES = (0.0, 0.15, 0.5) if FULL else (0.0, 0.5)


def most(draws: int) -> int:
    """Most failures at the risk, with luck as bad as one in ten thousand."""
    from scipy.stats import binom

    return int(binom.ppf(0.9999, draws, RISK))


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one / one.sum(), other / other.sum()
    middle = (one + other) / 2
    parts = [(p[p > 0] * np.log2(p[p > 0] / middle[p > 0])).sum() / 2 for p in (one, other)]
    return math.sqrt(max(sum(parts), 0.0))


def truths(before: Summary, now: Summary, reference: Summary) -> dict[FacetName, float]:
    """True effects, in the bins and between the ends that the reference sample has."""
    if isinstance(before, NumberSummary):
        assert isinstance(now, NumberSummary)
        assert isinstance(reference, NumberSummary)
        bins, body = NumberBins.of(reference), Body.of(reference)
        keys = np.union1d(before.keys, now.keys)
        gap = np.abs(cumulative(before, keys) - cumulative(now, keys))
        inner = (keys >= body.first) & (keys <= body.last)
        widths = np.diff(values(keys[inner], before.centre))
        found = {
            FacetName.ks: float(gap.max()),
            FacetName.js: jensen_shannon(bins.rows(before), bins.rows(now)),
            FacetName.tail: abs(
                body.outside(now) / now.finite - body.outside(before) / before.finite
            ),
        }
        if body.deviation > 0:
            found[FacetName.w1] = float((gap[inner][:-1] * widths).sum()) / body.deviation
        return found
    assert isinstance(before, LevelSummary)
    assert isinstance(now, LevelSummary)
    names = list(before.levels)
    one = np.array([before.levels[name] for name in names]) / before.present
    other = np.array([now.levels[name] for name in names]) / now.present
    return {
        FacetName.js: jensen_shannon(one, other),
        FacetName.share: float(np.abs(one - other).max()),
    }


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("moved", MOVES)
@pytest.mark.parametrize("kind", [*NUMBERS, *LEVELS])
def test_no_bound_lies_above_the_true_effect_oftener_than_its_risk(
    kind: str | int, moved: float, rows: tuple[int, int]
) -> None:
    make = numbers if isinstance(kind, str) else levels
    before, now = make(kind), make(kind, moved)  # type: ignore[operator]
    draw = np.random.default_rng(7)
    above: dict[FacetName, int] = {}
    for _ in range(DRAWS if kind != 10_000 else DRAWS // 10):
        reference, current = drawn(before, rows[1], draw), drawn(now, rows[0], draw)
        for facet, truth in truths(before, now, reference).items():
            if found := comparisons(reference, current).get(facet):
                estimate = found(Doubt(risk=RISK))
                assert estimate.lower <= estimate.effect + 1e-12 or facet is FacetName.w1
                above[facet] = above.get(facet, 0) + (estimate.lower > truth + 1e-9)
    assert above
    assert {facet: n for facet, n in above.items() if n > most(DRAWS)} == {}
