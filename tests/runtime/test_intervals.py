"""Intervals hold what they promise where the normal approximation does not, and say so."""

import math

import numpy as np
import pytest

from trimaran_runtime.evaluation.estimate import Estimate, Method
from trimaran_runtime.evaluation.interval import area_interval, estimate, exact
from trimaran_runtime.evaluation.metrics import measure
from trimaran_runtime.evaluation.predictions import Predictions
from trimaran_runtime.gate.config import Metric


def estimated(metric: Metric, truth: np.ndarray, chance: np.ndarray) -> Estimate:
    given = Predictions(
        scores=np.column_stack([1 - chance, chance]), labels=(chance >= 0.5).astype(np.int64)
    )
    return estimate(metric, truth, given, measure(metric, truth, given))


def test_the_exact_interval_is_scipys() -> None:
    from scipy.stats import binomtest

    for hits, tries in ((0, 40), (3, 40), (40, 40), (17, 1000)):
        known = binomtest(hits, tries).proportion_ci(method="exact")
        assert exact(hits, tries) == pytest.approx((known.low, known.high), abs=1e-9)


@pytest.mark.parametrize("metric", [Metric.accuracy, Metric.recall, Metric.precision])
def test_all_right_answers_leave_room_for_a_wrong_one(metric: Metric) -> None:
    truth = np.arange(200) % 2
    found = estimated(metric, truth, np.where(truth == 1, 0.9, 0.1))
    assert found.method is Method.exact
    assert found.high == 1.0
    assert found.low is not None
    assert 0.9 < found.low < 1.0


def test_a_perfect_ranking_of_few_rows_is_not_sure_to_be_perfect() -> None:
    truth = np.arange(40) % 2
    found = estimated(Metric.roc_auc, truth, np.where(truth == 1, 0.9, 0.1))
    assert found.method is Method.score
    assert found.low is not None
    assert 0.8 < found.low < 0.95


def test_a_perfect_ranking_of_many_rows_has_an_interval_all_the_same() -> None:
    truth = np.arange(400) % 2
    found = estimated(Metric.roc_auc, truth, np.where(truth == 1, 0.9, 0.1))
    assert found.method is Method.score
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.high


def test_no_interval_leaves_the_range_of_its_metric() -> None:
    truth = np.arange(400) % 2
    wrong_once = np.where(np.arange(400) == 0, 0.99, np.where(truth == 1, 0.99, 0.01))
    assert estimated(Metric.brier, truth, wrong_once).low == 0.0
    nearly_all = np.where(np.arange(400) == 0, 1, truth).astype(np.float64)
    assert estimated(Metric.f1, truth, nearly_all).high == 1.0


def test_newcombes_interval_solves_his_equation() -> None:
    area, positives, negatives = 0.8, 20, 30
    for end in area_interval(area, positives, negatives):
        spread = (positives + negatives) / 2 - 1
        variance = 1 + spread * ((1 - end) / (2 - end) + end / (1 + end))
        reach = 1.959964 * math.sqrt(end * (1 - end) * variance / positives / negatives)
        assert abs(area - end) == pytest.approx(reach, abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "method"), [(60, Method.bootstrap), (150, Method.normal), (5000, Method.normal)]
)
def test_few_rows_are_resampled_the_same_way_each_time(rows: int, method: Method) -> None:
    generator = np.random.default_rng(1)
    truth = np.arange(rows) % 2
    chance = np.clip(0.3 + 0.4 * truth + generator.normal(0, 0.3, rows), 0.01, 0.99)
    found = estimated(Metric.log_loss, truth, chance)
    assert found.method is method
    assert found == estimated(Metric.log_loss, truth, chance)


@pytest.mark.parametrize("metric", [Metric.accuracy, Metric.roc_auc])
def test_nineteen_of_twenty_intervals_on_thirty_rows_hold_the_truth(metric: Metric) -> None:
    generator = np.random.default_rng(3)

    def draw(rows: int) -> tuple[np.ndarray, np.ndarray]:
        truth = generator.integers(0, 2, rows)
        return truth, 1 / (1 + np.exp(-(generator.normal(0, 1, rows) + 3 * truth - 1.5)))

    known = estimated(metric, *draw(200_000)).value
    assert known is not None
    found = [estimated(metric, *draw(30)) for _ in range(300)]
    held = sum(e.low is not None and e.high is not None and e.low <= known <= e.high for e in found)
    assert held >= 0.93 * len(found)
