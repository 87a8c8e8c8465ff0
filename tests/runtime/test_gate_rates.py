"""A fixed sample of docs/gate-rates.md: the gate is wrong no oftener than `alpha` says."""

import pytest

from tests.runtime.gate_simulation import ALPHA, BETTER, EQUAL, WORSE, area, most, simulate

ROWS, PAIRS = 1_000, 40


def test_a_challenger_that_is_worse_is_not_accepted() -> None:
    assert area(EQUAL) - area(WORSE) == pytest.approx(0.030, abs=0.002)
    assert simulate(WORSE, ROWS, PAIRS).accepted <= most(PAIRS, ALPHA)


def test_an_equal_one_is_neither_accepted_nor_refused_for_a_segment_oftener_than_alpha() -> None:
    rates = simulate(EQUAL, ROWS, PAIRS)
    assert rates.better <= most(PAIRS, ALPHA)
    assert rates.segments <= most(PAIRS, ALPHA)


def test_a_better_one_is_accepted_more_often_than_not() -> None:
    assert area(BETTER) - area(EQUAL) == pytest.approx(0.035, abs=0.002)
    assert simulate(BETTER, ROWS, PAIRS).accepted > PAIRS / 2
