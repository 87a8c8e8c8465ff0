"""Performance without labels: close on real scores, and honest about how close."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from trimaran_runtime.drift import Profile
from trimaran_runtime.drift.domain_classifier import separate
from trimaran_runtime.drift.estimated_performance import METRICS, MOVED_AUC, Rates, expect
from trimaran_runtime.drift.score_table import ScoreTable
from trimaran_runtime.errors import DataError
from trimaran_runtime.gate.config import Metric

MEASURES: Mapping[Metric, Callable[..., float]] = {
    Metric.accuracy: lambda y, p: accuracy_score(y, p >= 0.5),
    Metric.precision: lambda y, p: precision_score(y, p >= 0.5),
    Metric.recall: lambda y, p: recall_score(y, p >= 0.5),
    Metric.f1: lambda y, p: f1_score(y, p >= 0.5),
    Metric.roc_auc: roc_auc_score,
    Metric.brier: brier_score_loss,
    Metric.log_loss: log_loss,
}


def table_of(scores: np.ndarray, truth: object = None, **more: object) -> ScoreTable:
    return ScoreTable.of(scores, scores >= 0.5, truth, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scored() -> tuple[np.ndarray, np.ndarray]:
    values, classes = make_classification(
        90_000, n_features=12, n_informative=6, flip_y=0.1, class_sep=0.8, weights=[0.7],
        random_state=0,
    )  # fmt: skip
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0)
    model.fit(values[:10_000], classes[:10_000])
    return model.predict_proba(values[10_000:])[:, 1], classes[10_000:]


def test_the_error_on_chunks_of_5000_rows_is_small(
    scored: tuple[np.ndarray, np.ndarray],
) -> None:
    scores, classes = scored
    reference = table_of(scores[:20_000], classes[:20_000])
    errors: dict[Metric, list[float]] = {metric: [] for metric in METRICS}
    for start in range(20_000, 80_000, 5_000):
        now, truth = scores[start : start + 5_000], classes[start : start + 5_000]
        found = expect(table_of(now, reference=reference), Rates.of(reference))
        for metric, measure in MEASURES.items():
            value = found[metric].value
            assert value is not None
            errors[metric].append(abs(value - measure(truth, now)))
    mean = {metric: float(np.mean(each)) for metric, each in errors.items()}
    print({metric.value: round(error, 4) for metric, error in mean.items()})
    assert mean[Metric.accuracy] < 0.007
    assert mean[Metric.roc_auc] < 0.007
    assert mean[Metric.f1] < 0.01
    assert max(mean.values()) < 0.015


@pytest.mark.parametrize(("reference_rows", "rows"), [(1_000, 1_000), (20_000, 2_000)])
def test_intervals_hold_what_labels_show_as_often_as_promised(
    reference_rows: int, rows: int
) -> None:
    draw = np.random.default_rng(7)

    def predictions(size: int) -> tuple[np.ndarray, np.ndarray]:
        chance = draw.beta(0.8, 2.0, size)
        # Scores that are too sure of themselves: the rates are what corrects them.
        odds = 1.6 * np.log(chance / (1 - chance)) + 0.3
        return 1 / (1 + np.exp(-odds)), (draw.random(size) < chance).astype(int)

    hits = dict.fromkeys(METRICS, 0)
    for _ in range(200):
        reference = table_of(*predictions(reference_rows))
        now, truth = predictions(rows)
        found = expect(table_of(now, reference=reference), Rates.of(reference))
        for metric, measure in MEASURES.items():
            one = found[metric]
            assert one.low is not None
            assert one.high is not None
            hits[metric] += one.low <= measure(truth, now) <= one.high
    shares = {metric.value: count / 200 for metric, count in hits.items()}
    print(shares)
    # 95 % of 200, give or take three standard errors.
    assert min(shares.values()) >= 0.90
    assert np.mean(list(shares.values())) == pytest.approx(0.95, abs=0.03)


def test_the_metrics_of_known_classes_are_scikit_learns() -> None:
    # With rates of 0 and 1, what is expected is what is.
    scores = np.linspace(0.01, 0.99, 50)
    truth = (np.random.default_rng(2).random(50) < scores).astype(int)
    table = table_of(scores, truth, bins=50)
    rates = Rates(share=truth.astype(float), rows=np.full(50, 1e12), score=scores)
    found = expect(table, rates)
    for metric, measure in MEASURES.items():
        assert found[metric].value == pytest.approx(measure(truth, scores), abs=1e-4), metric


def test_weighted_rates_see_what_moved_inputs_do_to_the_classes() -> None:
    """A model that looks at one of two inputs, and the other one moves."""
    draw = np.random.default_rng(5)

    def rows(size: int, shift: float) -> tuple[pa.Table, np.ndarray, np.ndarray]:
        one, other = draw.normal(size=size), draw.normal(shift, 1, size)
        truth = (draw.random(size) < 1 / (1 + np.exp(-(one + 1.2 * other - 0.5)))).astype(int)
        return pa.table({"one": one, "other": other}), one, truth

    _, seen, classes = rows(20_000, 0.0)
    model = LogisticRegression().fit(seen[:, None], classes)
    before, seen_before, truth_before = rows(20_000, 0.0)
    now, seen_now, truth_now = rows(20_000, 1.0)
    scores = model.predict_proba(seen_before[:, None])[:, 1]
    told = before.append_column("score", pa.array(scores))
    told = told.append_column("truth", pa.array(truth_before.astype(str)))
    reference = Profile.of(told).with_sample(told, rows=8_000)
    sample = reference.sample
    assert sample is not None
    current = Profile.of(now, reference=reference).sample
    assert current is not None
    found = separate(sample, current, influences=False)
    assert found is not None
    assert found.lower(0.01) > MOVED_AUC
    table = table_of(scores, truth_before)
    scores_now = model.predict_proba(seen_now[:, None])[:, 1]
    shown = table_of(scores_now, reference=table)
    plain = expect(shown, Rates.of(table))
    weighted = expect(
        shown,
        Rates.weighted(table, sample, found.ratio, score="score", label="truth", positive="1"),
    )
    errors = []
    for metric in (Metric.accuracy, Metric.recall, Metric.f1, Metric.brier):
        real = MEASURES[metric](truth_now, scores_now)
        pair = [abs(one[metric].value - real) for one in (plain, weighted)]  # type: ignore[operator]
        errors.append(pair)
    print(np.round(errors, 4).tolist())
    assert max(with_weights for _, with_weights in errors) < 0.005
    # Of F1, what changed in precision and in recall cancels out: plain rates err little, too.
    told = [pair for pair in errors if pair[0] > 0.01]
    assert len(told) == 3
    assert all(with_weights < without / 10 for without, with_weights in told)


def test_without_labels_or_rows_nothing_is_claimed() -> None:
    scores = np.linspace(0.1, 0.9, 100)
    with pytest.raises(DataError, match="no reference row has a label"):
        Rates.of(table_of(scores))
    reference = table_of(scores, (scores > 0.5).astype(int))
    found = expect(table_of(np.zeros(0), reference=reference), Rates.of(reference))
    assert all(one.value is one.low is one.high is None for one in found.values())
    # Nobody was told to be positive: no precision, but the rest.
    few = expect(table_of(np.full(10, 0.2), reference=reference), Rates.of(reference))
    assert few[Metric.precision].value is None
    assert few[Metric.accuracy].value is not None


def test_a_sample_without_score_or_label_is_refused() -> None:
    table = pa.table({"score": np.linspace(0.1, 0.9, 300), "truth": ["1", "0"] * 150})
    sample = Profile.of(table).with_sample(table).sample
    assert sample is not None
    scores = table_of(np.linspace(0.1, 0.9, 300), [1, 0] * 150)
    with pytest.raises(DataError, match="no numeric 'truth'"):
        Rates.weighted(scores, sample, np.ones(300), score="truth", label="score", positive="1")
