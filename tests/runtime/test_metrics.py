"""Metrics agree with scikit-learn, also under weights, and are undefined where they must be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from trimaran_runtime.evaluation.baseline import constant_prediction
from trimaran_runtime.evaluation.metrics import CLASSIFICATION, REGRESSION, measure
from trimaran_runtime.evaluation.predictions import Predictions, encode
from trimaran_runtime.evaluation.uncertainty import standard_error
from trimaran_runtime.gate.config import Metric

GENERATOR = np.random.default_rng(5)
ROWS = 300
DECIDING = [m for m in CLASSIFICATION if m not in {Metric.precision, Metric.recall}]


def value(metric: Metric, truth: np.ndarray, given: Predictions) -> float:
    return measure(metric, truth, given).value


def answers(classes: int, rows: int = ROWS, seed: int = 1) -> tuple[np.ndarray, Predictions]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, rows)
    # Rounded, so that there are ties.
    raw = np.round(generator.random((rows, classes)) + 0.5 * np.eye(classes)[truth], 1) + 0.01
    scores = raw / raw.sum(axis=1, keepdims=True)
    return truth, Predictions(scores=scores, labels=scores.argmax(axis=1))


def reference(metric: Metric, truth: np.ndarray, given: Predictions) -> float:
    """The same metric by scikit-learn."""
    classes = given.scores.shape[1]
    binary = classes == 2
    scores = given.scores[:, 1] if binary else given.scores
    each = np.eye(classes)[truth]
    match metric:
        case Metric.roc_auc:
            return sk.roc_auc_score(truth, scores, multi_class="ovr")
        case Metric.average_precision:
            return sk.average_precision_score(truth if binary else each, scores)
        case Metric.accuracy:
            return sk.accuracy_score(truth, given.labels)
        case Metric.f1:
            return sk.f1_score(truth, given.labels, average="binary" if binary else "macro")
        case Metric.precision:
            return sk.precision_score(truth, given.labels, average="binary" if binary else "macro")
        case Metric.recall:
            return sk.recall_score(truth, given.labels, average="binary" if binary else "macro")
        case Metric.log_loss:
            return sk.log_loss(truth, given.scores)
        case Metric.brier:
            return (
                sk.brier_score_loss(truth, scores)
                if binary
                else float(((given.scores - each) ** 2).sum(axis=1).mean())
            )
    raise AssertionError(metric)


@pytest.mark.parametrize("metric", CLASSIFICATION)
@pytest.mark.parametrize("classes", [2, 3])
def test_classification_is_scikit_learns(metric: Metric, classes: int) -> None:
    truth, given_answers = answers(classes)
    expected = reference(metric, truth, given_answers)
    assert value(metric, truth, given_answers) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Metric.rmse, sk.root_mean_squared_error),
        (Metric.mae, sk.mean_absolute_error),
        (Metric.r2, sk.r2_score),
    ],
)
def test_regression_is_scikit_learns(metric: Metric, expected: object) -> None:
    truth = GENERATOR.normal(1000, 1, ROWS)
    predicted = truth + GENERATOR.normal(size=ROWS)
    given_answers = Predictions(scores=predicted.reshape(-1, 1), labels=None)
    assert value(metric, truth, given_answers) == pytest.approx(expected(truth, predicted))


def estimates(seed: int = 1) -> tuple[np.ndarray, Predictions]:
    generator = np.random.default_rng(seed)
    truth = generator.normal(3, 2, ROWS)
    scores = truth.reshape(-1, 1) + generator.normal(size=(ROWS, 1))
    return truth, Predictions(scores=scores, labels=None)


EVERY = [
    *((metric, *answers(2)) for metric in CLASSIFICATION),
    *((metric, *answers(3)) for metric in CLASSIFICATION),
    *((metric, *estimates()) for metric in REGRESSION),
]


@pytest.mark.parametrize(("metric", "truth", "given_answers"), EVERY)
def test_an_influence_is_the_derivative_by_the_rows_weight(
    metric: Metric, truth: np.ndarray, given_answers: Predictions
) -> None:
    # Every row a thousand times, and one of them once more.
    copies = 1000
    measured = measure(metric, truth, given_answers)
    assert measured.influence.sum() == pytest.approx(0, abs=1e-8)
    for row in (0, 7, 123):
        rows = np.append(np.tile(np.arange(ROWS), copies), row)
        moved = value(metric, truth[rows], given_answers.take(rows)) - measured.value
        assert moved * ROWS * copies == pytest.approx(measured.influence[row], rel=0.01, abs=1e-3)


@pytest.mark.parametrize(("metric", "truth", "given_answers"), EVERY)
def test_the_standard_error_is_what_a_long_bootstrap_finds(
    metric: Metric, truth: np.ndarray, given_answers: Predictions
) -> None:
    draws = GENERATOR.integers(0, ROWS, (600, ROWS))
    values = [value(metric, truth[rows], given_answers.take(rows)) for rows in draws]
    found = standard_error(measure(metric, truth, given_answers).influence)
    assert found == pytest.approx(np.std(values), rel=0.12)


def test_for_the_area_it_is_delongs_variance() -> None:
    truth, given_answers = answers(2)
    scores = given_answers.scores[:, 1]
    wins = np.sign(scores[truth == 1][:, None] - scores[truth == 0][None, :]) / 2 + 0.5
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    expected = by_positive.var() / len(by_positive) + by_negative.var() / len(by_negative)
    found = standard_error(measure(Metric.roc_auc, truth, given_answers).influence)
    assert found**2 == pytest.approx(expected)


@given(st.integers(0, 10_000))
def test_equal_answers_differ_by_nothing_for_sure(seed: int) -> None:
    truth, given_answers = answers(2, 40, seed)
    for metric in CLASSIFICATION:
        one, other = (measure(metric, truth, given_answers) for _ in range(2))
        if not math.isnan(one.value):
            assert one.value - other.value == 0
            assert standard_error(one.influence - other.influence) == 0


@pytest.mark.parametrize("metric", [Metric.roc_auc, Metric.average_precision])
def test_one_class_alone_is_undefined(metric: Metric) -> None:
    _, given_answers = answers(2)
    assert math.isnan(value(metric, np.zeros(ROWS, dtype=np.int64), given_answers))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("metric", CLASSIFICATION)
def test_one_prediction_that_is_not_finite_makes_every_metric_undefined(
    metric: Metric, bad: float
) -> None:
    truth, given_answers = answers(2)
    scores = given_answers.scores.copy()
    scores[17, 1] = bad
    broken = Predictions(scores=scores, labels=given_answers.labels)
    assert math.isnan(value(metric, truth, broken))


@pytest.mark.parametrize("metric", REGRESSION)
def test_no_rows_are_undefined(metric: Metric) -> None:
    assert math.isnan(value(metric, np.zeros(0), Predictions(scores=np.zeros((0, 1)), labels=None)))


def test_what_has_no_derivative_and_what_has_no_spread() -> None:
    numbers = np.array([1.0, 2.0, 4.0])
    exact = measure(Metric.rmse, numbers, Predictions(scores=numbers.reshape(-1, 1), labels=None))
    assert (exact.value, exact.influence.tolist()) == (0.0, [0.0, 0.0, 0.0])
    equal = Predictions(scores=np.zeros((3, 1)), labels=None)
    assert np.isnan(measure(Metric.r2, np.full(3, 2.0), equal).value)


def test_a_class_the_model_does_not_know_is_never_right() -> None:
    truth = encode(["a", "new"], ["a", "b"])
    sure = Predictions(scores=np.array([[1.0, 0.0], [1.0, 0.0]]), labels=np.array([0, 0]))
    assert value(Metric.accuracy, truth, sure) == 0.5
    assert value(Metric.log_loss, truth, sure) > 10


@pytest.mark.parametrize("metric", DECIDING)
def test_no_constant_beats_the_baseline(metric: Metric) -> None:
    truth = (GENERATOR.random(ROWS) < 0.3).astype(np.int64)
    best = value(metric, truth, constant_prediction(metric, truth, ROWS, classes=2))
    for chance in (0.0, 0.2, 0.5, 0.9, 1.0):
        for label in (0, 1):
            other = Predictions(
                scores=np.tile([1 - chance, chance], (ROWS, 1)),
                labels=np.full(ROWS, label, dtype=np.int64),
            )
            found = value(metric, truth, other)
            assert best >= found - 1e-12 if metric.higher_is_better else best <= found + 1e-12


def test_distinct_predictions_ignore_rounding_noise() -> None:
    scores = np.full((10, 1), 0.1) + np.arange(10).reshape(-1, 1) * 1e-17
    assert Predictions(scores=scores, labels=None).distinct == 1
