"""Late labels: each counts once, for the prediction of its event, in that one's part of time."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.data.source import open_source
from trimaran_runtime.errors import DataError
from trimaran_runtime.evaluation.estimate import Estimate
from trimaran_runtime.evaluation.interval import estimate
from trimaran_runtime.evaluation.metrics import measure
from trimaran_runtime.evaluation.predictions import Predictions
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.monitoring.capture import Request
from trimaran_runtime.monitoring.harm import surely_worse
from trimaran_runtime.monitoring.late_labels import LabelColumns, Labels
from trimaran_runtime.monitoring.late_performance import late_performance
from trimaran_runtime.user_code import UserCode

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def request(event: str, *predictions: object, hours: float = 0) -> Request:
    return Request(
        event_id=event,
        time=BEGIN + timedelta(hours=hours),
        rows=[{} for _ in predictions],
        predictions=list(predictions),
    )


def answer(label: object, probability: float | None) -> dict[str, object]:
    return {"label": label, "probability": probability}


def labels(**values: object) -> Labels:
    return Labels.of([pa.table({"event_id": list(values), "label": list(values.values())})])


def test_metrics_are_those_of_the_labelled_rows_by_day() -> None:
    draw = np.random.default_rng(1)
    chance = draw.random(600)
    truth = draw.random(600) < chance
    requests = [
        request(f"e{n}", answer("yes" if p >= 0.5 else "no", p), hours=n / 10)
        for n, p in enumerate(chance)
    ]
    known = {f"e{n}": "yes" if truth[n] else "no" for n in range(600) if n % 3}
    draw.shuffle(requests)  # type: ignore[arg-type]
    found = late_performance(requests, labels(**known), classes=("no", "yes"))
    assert [part.predicted for part in found.parts] == [120, 240, 240]
    assert found.parts[0].start == datetime(2026, 3, 1, tzinfo=UTC)
    assert found.parts[0].end == found.parts[1].start
    first = np.array([n for n in range(120) if n % 3])
    assert found.parts[0].labelled == len(first)
    metrics = found.parts[0].metrics
    accuracy = metrics[Metric.accuracy]
    assert accuracy.value == pytest.approx(accuracy_score(truth[first], chance[first] >= 0.5))
    assert metrics[Metric.roc_auc].value == pytest.approx(
        roc_auc_score(truth[first], chance[first])
    )
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert accuracy.low < accuracy.value < accuracy.high  # type: ignore[operator]
    assert (found.counts.predicted, found.counts.matched) == (600, 400)


def test_repeated_revised_unmatched_and_unreadable_labels_are_counted() -> None:
    first = pa.table({"event_id": ["a", "a", "b", None, "z"], "label": [1, 1, 0, 1, 1]})
    later = pa.table({"event_id": ["b", "c"], "label": pa.array([1, None])})
    known = Labels.of([first, later])
    assert (known.read, known.repeated, known.revised, known.unreadable) == (7, 1, 1, 2)
    found = late_performance(
        [request("a", answer(1, 0.9)), request("b", answer(1, 0.8)), request("c", answer(0, 0.1))],
        known,
        classes=(0, 1),
    )
    assert found.counts.unmatched == 1
    assert (found.counts.matched, found.counts.predicted) == (2, 3)
    # The label that was read last holds: both are right.
    assert found.parts[0].metrics[Metric.accuracy].value == 1
    low = found.parts[0].metrics[Metric.accuracy].low
    assert low is not None
    assert low < 0.2


def test_labels_of_other_events_take_no_memory() -> None:
    def tables() -> Iterator[pa.Table]:
        for start in range(0, 200_000, 5_000):
            events = [f"event-{n}" for n in range(start, start + 5_000)]
            yield pa.table({"event_id": events, "label": [0] * 5_000})

    tracemalloc.start()
    try:
        known = Labels.of(tables(), events=["event-7", "event-199999", "none"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert known.values == {("event-7", -1): 0, ("event-199999", -1): 0}
    assert (known.read, known.other) == (200_000, 199_998)
    assert peak < 4 << 20
    found = late_performance([request("event-7", answer(0, 0.1))], known, classes=(0, 1))
    assert (found.counts.matched, found.counts.unmatched) == (1, 199_999)


def test_labels_of_requests_of_several_rows_say_which_row() -> None:
    table = pa.table({"event_id": ["a", "a", "b"], "at": [1, 0, 0], "label": ["x", "y", "x"]})
    known = Labels.of([table], LabelColumns(row="at"))
    requests = [
        request("a", answer("x", None), answer("x", None), answer("y", None)),
        request("b", answer("y", None)),
    ]
    found = late_performance(requests, known, classes=("x", "y"))
    assert (found.counts.matched, found.counts.ambiguous) == (3, 0)
    assert found.parts[0].metrics[Metric.accuracy].value == pytest.approx(1 / 3)
    assert Metric.roc_auc not in found.parts[0].metrics
    vague = Labels.of([table.select(["event_id", "label"])])
    told = late_performance(requests, vague, classes=("x", "y")).counts
    assert (told.matched, told.ambiguous, told.unmatched) == (1, 1, 0)


def test_predictions_and_labels_that_are_none_are_left_out_and_counted() -> None:
    known = labels(a="yes", b="maybe", c="yes", d="no")
    requests = [
        request("a", answer("yes", 0.7)),
        request("b", answer("yes", 0.7)),
        request("c", None),
        request("d", answer(None, 0.2)),
    ]
    found = late_performance(requests, known, classes=("no", "yes"))
    assert (found.counts.matched, found.counts.unreadable) == (4, 3)
    assert found.parts[0].labelled == 1


def test_regression_is_measured_on_numbers() -> None:
    known = labels(**{f"e{n}": float(n) for n in range(200)}, bad=float("nan"))
    requests = [request(f"e{n}", n + (1.0 if n % 2 else -1.0)) for n in range(200)]
    found = late_performance([*requests, request("bad", 1.0), request("e3", float("nan"))], known)
    metrics = found.parts[0].metrics
    assert metrics[Metric.mae].value == pytest.approx(1)
    assert Metric.accuracy not in metrics
    assert found.counts.unreadable == 1


def test_more_than_two_classes_are_measured_by_their_labels() -> None:
    known = labels(a="x", b="y", c="z")
    requests = [request(event, answer("x", 0.1)) for event in "abc"]
    found = late_performance(requests, known, classes=("x", "y", "z"))
    assert found.parts[0].metrics[Metric.accuracy].value == pytest.approx(1 / 3)
    assert Metric.log_loss not in found.parts[0].metrics


def test_without_labels_there_is_no_metric_and_parts_have_a_length() -> None:
    found = late_performance([request("a", answer(1, 0.9))], labels(), classes=(0, 1))
    assert found.parts[0].metrics == {}
    assert late_performance([], labels(a=1), classes=(0, 1)).counts.unmatched == 1
    with pytest.raises(DataError, match="more than 0"):
        late_performance([], labels(), every=timedelta(0))


def test_labels_are_read_from_any_data_source(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a", "b"], "truth": [1, 0]}), tmp_path / "labels.parquet")
    config = DataConfig(source="labels.parquet", target="truth")
    rows = open_source(config, UserCode(tmp_path))
    tables = (chunk.table for chunk in rows.chunks())
    known = Labels.of(tables, LabelColumns(event_id="id", value="truth"))
    assert known.values == {("a", -1): 1, ("b", -1): 0}
    with pytest.raises(DataError, match="no column 'event_id'"):
        Labels.of(chunk.table for chunk in rows.chunks())


@pytest.mark.parametrize("rows", [100, 300])
@pytest.mark.parametrize("metric", [Metric.accuracy, Metric.roc_auc])
def test_a_model_that_is_what_it_was_is_called_worse_by_no_day_of_five_years(
    metric: Metric, rows: int
) -> None:
    draw = np.random.default_rng(rows)

    def day(size: int, fall: float = 0.0) -> tuple[np.ndarray, Predictions]:
        chance = draw.beta(2, 2, size)
        truth = (draw.random(size) < chance * (1 - fall) + fall / 2).astype(np.int64)
        labels = (chance > 0.5).astype(np.int64)
        return truth, Predictions(scores=np.stack([1 - chance, chance], axis=1), labels=labels)

    def of(size: int, fall: float = 0.0) -> Estimate:
        truth, given = day(size, fall)
        return estimate(metric, truth, given, measure(metric, truth, given))

    before = of(1_000_000).value
    assert before is not None
    days = [of(rows) for _ in range(5 * 365)]
    assert not any(surely_worse(metric, one, before, 24) for one in days)
    # Each day for itself is not as sure: some intervals of 95 % miss.
    missed = sum(one.high is not None and before - one.high > 0.02 for one in days)
    print(f"\n{metric}, {rows} rows a day: 95 % intervals miss {missed / 5} times a year")
    assert missed > 0
    # A fall by half of what the model is better than chance is seen on the first day.
    assert all(surely_worse(metric, of(3_000, 1 / 2), before, 24) for _ in range(10))
