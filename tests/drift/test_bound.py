"""Bounds hold what they promise, checked against SciPy and by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from trimaran_runtime.drift.bound import (
    difference,
    noncentrality,
    quantile,
    unseen_by_chance,
    wilson,
)


@pytest.mark.parametrize("freedom", [1, 4, 31, 60])
@pytest.mark.parametrize("shift", [0.0, 5.0, 80.0, 2000.0])
def test_noncentrality_bounds_sit_where_the_exact_distribution_puts_them(
    freedom: int, shift: float
) -> None:
    for risk in (0.01, 1e-4):
        statistic = float(stats.ncx2.ppf(1 - risk, freedom, max(shift, 1e-9)))
        lower, _ = noncentrality(statistic, freedom, quantile(risk))
        # At its own upper quantile, the true shift is the lower bound; its root is the distance.
        assert math.sqrt(lower) == pytest.approx(math.sqrt(shift), rel=0.03, abs=0.25)


def test_wilson_and_newcombe_agree_with_published_figures() -> None:
    # Newcombe, Stat. Med. 17 (1998) 873-890, table II: 56/70 against 48/80, method 10.
    change, low, high = difference(np.array([56.0]), 70, np.array([48.0]), 80, quantile(0.025))
    assert change[0] == pytest.approx(0.2)
    assert (low[0], high[0]) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    low, high = wilson(np.array([0.0]), 10, quantile(0.025))
    assert (low[0], high[0]) == (pytest.approx(0, abs=1e-12), pytest.approx(0.2775, abs=5e-5))


def test_mass_outside_the_range_of_a_sample_exceeds_its_bound_as_rarely_as_promised() -> None:
    draw = np.random.default_rng(3)
    sample = draw.random((20_000, 200))
    outside = sample.min(axis=1) + 1 - sample.max(axis=1)
    for risk in (0.05, 0.01):
        assert (outside > unseen_by_chance(risk) / 200).mean() == pytest.approx(risk, rel=0.35)
