"""The search for hyperparameters: seeded, pruned, in several processes, resumed after a kill."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.runtime.toy_run import TOY, ToyRun, command, toy_config
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import ConfigError, Exit, UserCodeError
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.steps.__main__ import main
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.fit import fit_model
from trimaran_runtime.training.model_file import load_model_bytes
from trimaran_runtime.training.search import Found, search
from trimaran_runtime.training.search_record import State

MODULE = """
ROWS = 1200

import os
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Threshold(ClassifierMixin, BaseEstimator):
    def __init__(self, weight=0.0):
        self.weight = weight

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, x):
        score = 1 / (1 + np.exp(-(x["a"] + self.weight * x["b"] + self.weight * x["c"])))
        return np.column_stack([1 - score, score])

    def predict(self, x):
        return self.classes_[(self.predict_proba(x)[:, 1] > 0.5).astype(int)]


class Coded(Threshold):
    def predict(self, x):
        return np.full(len(x), 7)


def fit_coded(train, validation, parameters):
    return Coded().fit(train, train["bought"])


def fit(train, validation, parameters):
    if log := os.environ.get("LC_LOG"):
        with open(log, "a") as stream:
            stream.write(f"{parameters['weight']!r}\\n")
        time.sleep(0.1)
    return Threshold(parameters["weight"]).fit(train, train["bought"])


def fit_reporting(train, validation, parameters, trial):
    for step in range(3):
        try:
            # Above every value of the metric, so that a report would win if it counted.
            trial.report(step, 10 - abs(parameters["weight"] - 1))
        except Exception:
            raise AssertionError("pruning is no error of the function")
    return fit(train, validation, parameters)


def fit_failing(train, validation, parameters):
    if parameters["weight"] < 0:
        raise ValueError("negative weight")
    return fit(train, validation, parameters)


def fit_raising(train, validation, parameters):
    raise ValueError("never works")


def fit_undefined(train, validation, parameters):
    return Threshold(float("nan")).fit(train, train["bought"])


def fit_dying(train, validation, parameters):
    if parameters["weight"] < 0:
        os._exit(3)
    return fit(train, validation, parameters)


def fit_drawing(train, validation, parameters):
    noise = {"seeded": np.random.rand, "unseeded": np.random.default_rng().random}
    return Threshold(float(noise[parameters["noise"]]())).fit(train, train["bought"])
"""
SPACE = {"weight": {"low": -1.0, "high": 2.0}}
DEADLY = 4
"""With this seed the first setting is below 0, and the next ones are not."""


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> ToyRun:
    """The toy's rows, split, and a folder with the functions above."""
    folder = tmp_path_factory.mktemp("search")
    (folder / "code").mkdir()
    (folder / "code" / "hunt.py").write_text((TOY / "toy.py").read_text() + MODULE)
    run = ToyRun(folder, code=folder / "code")
    run.configure(toy_config(data__source="hunt:load"))
    assert run.step("data") == run.step("split") == Exit.OK
    return run


def config(function: str, **training: Any) -> RunConfig:
    given = {"train": f"hunt:{function}", "trusted_types": ["hunt.Threshold"], **training}
    return RunConfig.model_validate(toy_config(data__source="hunt:load", training=given))


def opened(run: ToyRun, given: RunConfig) -> Experiment:
    sys.modules.pop("hunt", None)
    return Experiment.open(run.code, run.work / "splits", given, threads=2)


def searched(
    run: ToyRun, function: str = "fit", *, folder: Path | None = None, seed: int = 0, **tune: Any
) -> Found:
    tune = {"trials": 12, "space": SPACE, **tune}
    experiment = opened(run, config(function, seed=seed, tune=tune))
    lines: list[str] = []
    return search(experiment, splits=run.work / "splits", folder=folder, progress=lines.append)


def test_the_same_seed_gives_the_same_trials_and_finds_the_optimum(splits: ToyRun) -> None:
    first, second = searched(splits), searched(splits)
    assert first == second
    assert first.search.repeatable
    assert first.search.trials[State.complete] == 12
    # The target weighs a, b and c alike.
    assert 0.6 < float(first.parameters["weight"]) < 1.5


def test_of_a_loss_the_smallest_is_the_best(splits: ToyRun) -> None:
    record = searched(splits, metric="log_loss").record
    assert record.metric == "log_loss"
    values = [trial.value for trial in record.trials if trial.value is not None]
    assert record.trials[record.best].value == min(values) < max(values)


def test_the_order_in_which_a_space_is_written_says_nothing(splits: ToyRun) -> None:
    dimensions = {**SPACE, "colour": {"choices": ["red", "blue"]}}
    backwards = dict(reversed(dimensions.items()))
    assert searched(splits, space=backwards).record == searched(splits, space=dimensions).record


def test_a_search_that_stopped_goes_on_to_the_same_trials(splits: ToyRun, tmp_path: Path) -> None:
    whole = searched(splits, trials=8)
    searched(splits, folder=tmp_path, trials=5)
    journal = tmp_path / "search.journal"
    # What a kill may leave: half a line, and the lock.
    with journal.open("ab") as stream:
        stream.write(b'{"op_code": 4, "wor')
    (tmp_path / "search.journal.lock").touch()
    before = time.monotonic()
    assert searched(splits, folder=tmp_path, trials=8) == whole
    assert time.monotonic() - before < 25, "it waited for the lock of a dead process"


def test_reports_prune_and_a_pruned_trial_is_never_the_best(splits: ToyRun) -> None:
    found = searched(splits, "fit_reporting", trials=16)
    pruned = [t for t in found.record.trials if t.state is State.pruned]
    assert pruned
    assert found.record.best not in {t.number for t in pruned}
    assert all(t.value is not None for t in pruned)


def test_a_setting_that_raises_fails_its_trial_alone(splits: ToyRun) -> None:
    found = searched(splits, "fit_failing")
    assert found.search.trials[State.failed] > 0
    for trial in found.record.trials:
        failed = trial.state is State.failed
        assert failed == (float(trial.parameters["weight"]) < 0) == (trial.value is None)


def test_a_function_that_never_works_is_told_with_its_own_error(splits: ToyRun) -> None:
    with pytest.raises(UserCodeError, match="never works"):
        searched(splits, "fit_raising", trials=500)


def test_a_setting_whose_answers_are_no_numbers_fails_its_trial(splits: ToyRun) -> None:
    with pytest.raises(ConfigError, match="the metric is undefined for every setting"):
        searched(splits, "fit_undefined", trials=3)


def test_several_processes_try_settings_and_one_may_die(splits: ToyRun) -> None:
    found = searched(splits, "fit_dying", seed=DEADLY, parallel=2, trials=3)
    assert not found.search.repeatable
    assert len(found.record.trials) == 3
    for trial in found.record.trials:
        assert (trial.state is State.failed) == (float(trial.parameters["weight"]) < 0)
    assert found.search.trials[State.failed] == 1


def test_choices_are_drawn_as_what_they_are(splits: ToyRun) -> None:
    """1, 1.0 and true are one value to Python, and three to whoever named them."""
    choices = [1, 1.0, True, 0.5]
    found = searched(splits, trials=16, space={"weight": {"choices": choices}})
    drawn = {(type(v), v) for t in found.record.trials for v in t.parameters.values()}
    assert drawn == {(type(choice), choice) for choice in choices}
    # Of equals the first that was tried, and as it was given.
    best = found.record.trials[found.record.best].parameters["weight"]
    assert best == 1
    assert type(found.parameters["weight"]) is type(best)


def test_no_trial_starts_after_the_time_is_over(splits: ToyRun) -> None:
    found = searched(splits, trials=10_000, minutes=0.3 / 60)
    assert 1 <= len(found.record.trials) < 10_000
    assert not found.search.repeatable


def test_the_time_that_was_spent_before_a_search_stopped_counts(
    splits: ToyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a log, each of them takes a tenth of a second.
    monkeypatch.setenv("LC_LOG", str(tmp_path / "fits.log"))
    searched(splits, folder=tmp_path, trials=5)
    found = searched(splits, folder=tmp_path, trials=8, minutes=0.4 / 60)
    assert len(found.record.trials) == 5


@pytest.mark.parametrize(
    ("dimension", "says"),
    [
        ({"low": 1}, "low 1, high not given is no range"),
        ({}, "low not given, high not given is no range"),
        ({"low": 2, "high": 1}, "low 2, high 1 is no range"),
        ({"low": 1, "high": 1}, "low 1, high 1 is no range"),
        ({"low": 0, "high": 1, "log": True}, "low 0 has no logarithm"),
        ({"low": 0.5, "high": 3, "integer": True}, "give whole numbers"),
        ({"choices": []}, "0 choices"),
        ({"choices": [1], "low": 1}, "choices beside a range"),
    ],
)
def test_a_dimension_without_values_is_refused_where_the_spec_is_read(
    dimension: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says) as refused:
        config("fit", tune={"space": {"weight": dimension}})
    assert refused.value.errors()[0]["loc"] == ("training", "tune", "space", "weight")


def test_a_search_of_nothing_is_refused_where_the_spec_is_read() -> None:
    with pytest.raises(ValidationError, match="nothing to search"):
        config("fit", tune={"trials": 3})


@pytest.mark.parametrize(
    ("tune", "gate", "where"),
    [({"metric": "rmse"}, "roc_auc", "pipeline.tune.metric"), ({}, "rmse", "gate.metric")],
)
def test_a_metric_of_another_task_is_refused_by_the_field_that_names_it(
    splits: ToyRun, tune: dict[str, Any], gate: str, where: str
) -> None:
    given = config("fit", tune={"space": SPACE, **tune})
    given = given.model_copy(
        update={"gate": given.gate.model_copy(update={"metric": Metric(gate)})}
    )
    with pytest.raises(ConfigError) as refused:
        search(opened(splits, given), splits=splits.work, folder=None, progress=print)
    assert refused.value.where == where


def test_killed_in_the_middle_the_step_goes_on_and_trusts_no_half_file(
    splits: ToyRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """kill -9, then the same step again: only the rest is tried, and the files are whole."""
    given = tmp_path / "config.json"
    given.write_bytes(config("fit", tune={"trials": 8, "space": SPACE}).to_json())
    arguments = command(
        "train",
        work=splits.work,
        code=splits.code,
        config=given,
        store=splits.folder / "store",
        parameters={"checkpoints": str(tmp_path / "checkpoints")},
    )
    log = tmp_path / "fits.log"
    monkeypatch.setenv("LC_LOG", str(log))
    process = subprocess.Popen(
        [sys.executable, "-m", "trimaran_runtime.steps", *arguments], stdout=subprocess.DEVNULL
    )
    while not log.is_file() or len(log.read_text().splitlines()) < 4:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    model = splits.work / "model"
    (model / "model.skops").write_bytes(b"half a mo")

    def step() -> dict[str, bytes]:
        sys.modules.pop("hunt", None)
        assert main(arguments) == Exit.OK
        return {
            n: (model / n).read_bytes() for n in ("model.skops", "search.json", "training.json")
        }

    resumed = step()
    assert "the search goes on after" in capsys.readouterr().out
    # 8 trials, the one that was killed again, and the fit at the end.
    assert len(log.read_text().splitlines()) <= 8 + 1 + 1
    assert not any((tmp_path / "checkpoints").iterdir())
    assert step() == resumed


def test_the_model_is_fitted_with_the_best_setting(splits: ToyRun) -> None:
    splits.configure(config("fit", tune={"trials": 4, "space": SPACE}).model_dump(mode="json"))
    assert splits.step("train") == Exit.OK
    record, trials = (splits.output(f"model/{n}.json") for n in ("training", "search"))
    best = max(trials["trials"], key=lambda trial: trial["value"])
    assert trials["best"] == best["number"] > 0
    assert record["parameters"] == best["parameters"]
    content = (splits.work / "model" / "model.skops").read_bytes()
    model = load_model_bytes(content, record["trusted_types"])
    assert model.weight == best["parameters"]["weight"]


def test_labels_that_are_no_class_of_the_model_are_refused(splits: ToyRun) -> None:
    experiment = opened(splits, config("fit_coded", trusted_types=["hunt.Coded"]))
    with pytest.raises(ConfigError, match="predicts 7, which is none of its classes"):
        fit_model(experiment, {})


def test_generators_are_seeded_before_every_fit(splits: ToyRun) -> None:
    experiment = opened(splits, config("fit_drawing", parameters={}))
    fits = [fit_model(experiment, {"noise": noise}).content for noise in 2 * ["seeded", "unseeded"]]
    assert fits[0] == fits[2]
    assert fits[1] != fits[3]


def test_a_model_that_a_second_process_fits_otherwise_is_found_out(splits: ToyRun) -> None:
    given = config("fit_drawing", parameters={"noise": "unseeded"}, check_reproducible=True)
    splits.configure(given.model_dump(mode="json"))
    assert splits.step("train") == Exit.OK
    assert splits.output("model/training.json")["reproduced"] is False
