"""Bounds hold what they promise, checked against SciPy and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trimaran_runtime.drift.bound import (
    difference,
    difference_of_one,
    noncentrality,
    quantile,
    share,
    share_of_one,
    size,
    unseen_by_chance,
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


@pytest.mark.parametrize("risk", [1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("rows", [500, 5_000])
def test_bounds_of_a_share_fail_no_oftener_than_promised_at_any_share(
    rows: int, risk: float
) -> None:
    count = np.arange(rows + 1.0)
    low, high = share(count, rows, quantile(risk))
    for truth in (0.0, 0.0005, 0.001, 0.003, 0.01, 0.05, 0.3, 0.5, 0.999, 1.0):
        chance = stats.binom.pmf(count, rows, truth)
        assert chance[low > truth].sum() <= risk
        assert chance[high < truth].sum() <= risk


@pytest.mark.parametrize("risk", [1e-3, 1e-5])
@pytest.mark.parametrize(("rows", "before"), [(500, 500), (1_000, 20_000), (20_000, 1_000)])
@pytest.mark.parametrize(
    ("now", "was"),
    [(0.001, 0.0001), (0.001, 0.001), (0.01, 0.001), (0.001, 0.01), (0.02, 0.02), (0.06, 0.05)],
)
def test_a_change_of_a_share_is_overstated_no_oftener_than_promised(
    rows: int, before: int, now: float, was: float, risk: float
) -> None:
    one, other = (
        np.arange(stats.binom.ppf(1e-10, n, p), stats.binom.ppf(1 - 1e-10, n, p) + 1)
        for n, p in ((rows, now), (before, was))
    )
    counts, reference = np.meshgrid(one, other, indexing="ij")
    found = difference(counts, rows, reference, before, quantile(risk / 2))
    _, nearest, _ = size(*found)
    chance = np.outer(stats.binom.pmf(one, rows, now), stats.binom.pmf(other, before, was))
    assert chance[nearest > abs(now - was) + 1e-12].sum() <= risk


def test_mass_outside_the_range_of_a_sample_exceeds_its_bound_as_rarely_as_promised() -> None:
    draw = np.random.default_rng(3)
    sample = draw.random((20_000, 200))
    outside = sample.min(axis=1) + 1 - sample.max(axis=1)
    for risk in (0.05, 0.01):
        assert (outside > unseen_by_chance(risk) / 200).mean() == pytest.approx(risk, rel=0.35)


@settings(deadline=None, max_examples=300)
@given(
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.floats(0.01, 8),
    st.floats(1, 50),
)
def test_bounds_of_one_share_are_those_of_an_array_of_one(
    count: int, before: int, rows: int, reference_rows: int, z: float, inflation: float
) -> None:
    now, was = min(count, rows) / inflation, min(before, reference_rows) / inflation
    sizes = rows / inflation, reference_rows / inflation
    found = share(np.array([now]), sizes[0], z)
    assert share_of_one(now, sizes[0], z) == pytest.approx([float(b[0]) for b in found], rel=1e-12)
    changed = difference(np.array([now]), sizes[0], np.array([was]), sizes[1], z)
    assert difference_of_one(now, sizes[0], was, sizes[1], z) == pytest.approx(
        [float(c[0]) for c in changed], rel=1e-9, abs=1e-12
    )
