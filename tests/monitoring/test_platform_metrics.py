"""What the monitor tells CloudWatch's alarms, and that a retraining is asked for once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.aws.moto_server import moto_server
from tests.aws.refusing_server import refusing_server
from tests.monitoring.traffic_store import (
    FOLDER,
    NOON,
    answers_to,
    config_of,
    line,
    rows_of,
    send,
    store_with_release,
)
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.errors import PlatformError
from trimaran_runtime.monitoring.archive import last_retraining, read_latest
from trimaran_runtime.steps.monitor import STEP
from trimaran_runtime.steps.step import Context
from trimaran_runtime.storage.store import Store

NAMESPACE = "Trimaran/flights-prod"
RETRAIN = {"on_drift": "retrain", "cool_down_hours": 6}
Run = Callable[..., None]


@pytest.fixture
def cloudwatch() -> Iterator[Any]:
    with moto_server():
        import boto3

        yield boto3.client("cloudwatch")


@pytest.fixture
def world(tmp_path: Path) -> tuple[Store, str]:
    return store_with_release(tmp_path / "store")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def step(config: dict[str, Any] | None = None, *, hours: float = 0, **more: str) -> None:
        (tmp_path / "config.json").write_bytes(config_of(**(config or {})).to_json())
        output = tmp_path / "out"
        output.mkdir(exist_ok=True)
        parameters = {
            "store": (tmp_path / "store").as_uri(),
            "endpoint": "flights",
            "metrics": NAMESPACE,
            "now": (NOON + timedelta(hours=hours)).isoformat(),
            **more,
        }
        STEP.run(
            Context(
                inputs={"config": tmp_path / "config.json"},
                outputs={"report": output},
                parameters=parameters,
                progress=lambda line: None,
            )
        )

    return step


def values(cloudwatch: Any, *, hours: float = 0) -> dict[str, float]:
    """Every metric of the namespace that was put for a check, summed over its minute."""
    moment = NOON + timedelta(hours=hours)
    found = {}
    for metric in cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"]:
        assert metric["Dimensions"] == []
        points = cloudwatch.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=metric["MetricName"],
            StartTime=moment,
            EndTime=moment + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        if points:
            found[metric["MetricName"]] = points[0]["Sum"]
    return found


def test_no_drift_is_zero(world: tuple[Store, str], run: Run, cloudwatch: Any) -> None:
    store, release = world
    send(store, release, rows_of(25_000, 5), per_request=500)
    # Tolerances so wide that these rows are enough to exclude an effect beyond them.
    run({**RETRAIN, "drift": {"tolerance": dict.fromkeys(FacetName, 0.3)}})
    assert values(cloudwatch) == {
        "DriftSeverity": 0,
        "DriftedColumns": 0,
        "CapturedRows": 25_000,
        "RetrainWanted": 0,
    }


def test_severe_drift_is_two_and_names_how_many_columns(
    world: tuple[Store, str], run: Run, cloudwatch: Any
) -> None:
    store, release = world
    rows = rows_of(8_000, 5, shift=0.6)
    # Without scores nothing tells that the drift does no harm.
    answers = [{**answer, "probability": None} for answer in answers_to(rows)]
    content = line("e", release, rows, prediction=answers)
    store.create(f"{FOLDER}/11/w.jsonl", content)
    run()
    found = values(cloudwatch)
    assert found.pop("DriftedColumns") >= 1
    assert found == {"DriftSeverity": 2, "CapturedRows": 8_000, "RetrainWanted": 0}


def test_severe_drift_that_does_no_harm_is_one(
    world: tuple[Store, str], run: Run, cloudwatch: Any
) -> None:
    store, release = world
    send(store, release, rows_of(8_000, 5, shift=0.6))
    run()
    assert values(cloudwatch) == {
        "DriftSeverity": 1,
        "DriftedColumns": 1,
        "CapturedRows": 8_000,
        "RetrainWanted": 0,
    }
    assert last_retraining(store) is None


@pytest.mark.parametrize(("rows", "drifted"), [(0, {}), (300, {"DriftedColumns": 0})])
def test_what_could_not_be_told_is_not_told_as_no_drift(
    world: tuple[Store, str],
    run: Run,
    cloudwatch: Any,
    rows: int,
    drifted: dict[str, float],
) -> None:
    store, release = world
    send(store, release, rows_of(rows, 5))
    run(RETRAIN)
    assert values(cloudwatch) == {"CapturedRows": rows, "RetrainWanted": 0, **drifted}


def test_a_retraining_is_asked_for_once_per_cool_down(
    world: tuple[Store, str], run: Run, cloudwatch: Any
) -> None:
    store, release = world
    send(store, release, rows_of(8_000, 5, shift=0.6))
    wanted = []
    for hours in (0, 1, 5.5, 6):
        run(RETRAIN, hours=hours)
        told = values(cloudwatch, hours=hours)
        # No harm is estimated; what alarms see does not come and go with the cool-down.
        assert told["DriftSeverity"] == 1
        wanted.append(told["RetrainWanted"])
    assert wanted == [1, 0, 0, 1]
    last = last_retraining(store)
    assert last is not None
    assert (last.when, last.release) == (NOON + timedelta(hours=6), release)


def test_without_a_namespace_nothing_is_put_and_no_cool_down_begins(
    world: tuple[Store, str], run: Run, cloudwatch: Any
) -> None:
    store, release = world
    send(store, release, rows_of(8_000, 5, shift=0.6))
    run(RETRAIN, metrics="")
    assert cloudwatch.list_metrics(Namespace=NAMESPACE)["Metrics"] == []
    assert last_retraining(store) is None


def test_an_empty_release_is_none_given(
    world: tuple[Store, str], run: Run, cloudwatch: Any
) -> None:
    store, release = world
    run(release="")
    latest = read_latest(store)
    assert latest is not None
    assert latest["release"] == release


def test_metrics_that_cannot_be_put_fail_the_step_and_the_wish_is_kept_for_the_next(
    world: tuple[Store, str], run: Run
) -> None:
    store, release = world
    send(store, release, rows_of(8_000, 5, shift=0.6))
    with (
        refusing_server(b"", status=403, content_type="text/plain"),
        pytest.raises(PlatformError) as caught,
    ):
        run(RETRAIN)
    assert f"{NAMESPACE}: cannot put metrics" in str(caught.value)
    assert "allow cloudwatch:PutMetricData in the role" in str(caught.value)
    # The verdict is kept all the same.
    latest = read_latest(store)
    assert latest is not None
    assert latest["action"]["kind"] == "retrain"
    assert last_retraining(store) is None
