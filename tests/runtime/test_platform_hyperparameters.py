"""Hyperparameters that SageMaker hands to a training job, and the metric its search goes by."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import ConfigError, Exit
from trimaran_runtime.training.config import TrainingConfig
from trimaran_runtime.training.hyperparameters import given_hyperparameters, merged

TUNE = {
    "metric": "roc_auc",
    "space": {
        "depth": {"low": 1, "high": 9, "integer": True},
        "rate": {"low": 0.1, "high": 1.0},
        "quality": {"choices": ["good", "better"]},
        "bins": {"choices": [16, 32]},
        "balanced": {"choices": [True, False]},
    },
}
CONFIG = TrainingConfig.model_validate(
    {
        "train": "toy:fit",
        "parameters": {"rounds": 10, "shrink": 0.5, "fast": True, "name": "a"},
        "tune": TUNE,
    }
)
METRIC = re.compile(r"^validation_metric=([0-9.eE+-]+)$", re.MULTILINE)


@pytest.fixture
def hand_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def write(document: Any) -> None:
        path = tmp_path / "hyperparameters.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        monkeypatch.setenv("TRIMARAN_HYPERPARAMETERS", str(path))

    return write


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("depth", "5", 5),
        ("depth", "5.0", 5),
        ("rate", "0.25", 0.25),
        ("rate", "1e-1", 0.1),
        ("quality", "better", "better"),
        ("bins", "32", 32),
        ("balanced", "true", True),
        ("balanced", "False", False),
        ("rounds", "12", 12),
        ("rounds", "9007199254740993", 9007199254740993),
        ("shrink", "1", 1.0),
        ("fast", "false", False),
        ("name", "5", "5"),
    ],
)
def test_a_text_becomes_what_it_was_declared_as(name: str, text: str, value: Any) -> None:
    found = merged(CONFIG, {name: text}).parameters[name]
    assert (found, type(found)) == (value, type(value))


def test_what_is_not_handed_over_stays() -> None:
    assert merged(CONFIG, {"rounds": "11"}).parameters == {**CONFIG.parameters, "rounds": 11}
    assert merged(CONFIG, {}) is CONFIG


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("depth", "5.5", "a whole number"),
        ("rate", "fast", "a number"),
        ("rate", "nan", "a number"),
        ("quality", "best", "one of 'good', 'better'"),
        ("fast", "maybe", "true or false"),
        ("dept", "5", "nobody declared"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(name: str, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        merged(CONFIG, {name: text})
    assert name in str(caught.value)


def test_what_the_service_adds_for_itself_is_left_out(hand_over: Any, tmp_path: Path) -> None:
    hand_over({"depth": "3", "_tuning_objective_metric": "validation_metric", "sagemaker_x": "1"})
    environ = {"TRIMARAN_HYPERPARAMETERS": str(tmp_path / "hyperparameters.json")}
    assert given_hyperparameters(environ) == {"depth": "3"}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_file_that_is_no_object_is_refused(hand_over: Any, tmp_path: Path, content: str) -> None:
    hand_over(content)
    with pytest.raises(ConfigError, match=r"hyperparameters\.json"):
        given_hyperparameters({"TRIMARAN_HYPERPARAMETERS": str(tmp_path / "hyperparameters.json")})


def test_a_trial_trains_with_its_setting_and_tells_its_metric(
    toy: ToyRun, hand_over: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.configure(toy_config(training__tune=TUNE))
    toy.steps(last="split")
    values = {}
    for quality in ("good", "better"):
        hand_over({"quality": quality})
        assert toy.step("train") == Exit.OK
        (found,) = METRIC.findall(capsys.readouterr().out)
        values[quality] = float(found)
        assert toy.output("model/training.json")["parameters"] == {"quality": quality}
    assert 0.5 < values["good"] < values["better"] < 1


def test_the_metric_is_the_validation_splits(
    toy: ToyRun, hand_over: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from sklearn.metrics import accuracy_score

    from trimaran_runtime.data.parquet import read_parquet
    from trimaran_runtime.training.model_file import load_model_bytes

    toy.configure(toy_config(training__tune={**TUNE, "metric": "accuracy"}))
    toy.steps(last="split")
    hand_over({"quality": "good"})
    assert toy.step("train") == Exit.OK
    (found,) = METRIC.findall(capsys.readouterr().out)
    rows = read_parquet(toy.work / "splits" / "validation.parquet").to_pandas()
    record = toy.output("model/training.json")
    content = (toy.work / "model" / "model.skops").read_bytes()
    model = load_model_bytes(content, record["trusted_types"])
    features = [feature["name"] for feature in record["signature"]["features"]]
    wanted = accuracy_score(rows["bought"], model.predict(rows[features]))
    assert float(found) == pytest.approx(wanted)


def test_a_metric_that_does_not_fit_the_task_is_named(toy: ToyRun, hand_over: Any) -> None:
    toy.configure(toy_config(training__tune={**TUNE, "metric": "rmse"}))
    toy.steps(last="split")
    hand_over({"quality": "good"})
    assert toy.step("train") == Exit.BAD_INPUT
    assert toy.error("train")["where"] == "pipeline.tune.metric"


def test_without_a_search_nothing_is_told(
    toy: ToyRun, hand_over: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # A training job without hyperparameters has the file all the same, empty.
    hand_over({})
    toy.configure(toy_config())
    assert toy.steps(last="train") == Exit.OK
    assert "validation_metric" not in capsys.readouterr().out
