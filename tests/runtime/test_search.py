"""The search for hyperparameters: seeded, pruned, in several processes, resumed after a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.runtime.toy_run import TOY, ToyRun, command, toy_config
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import ConfigError, Exit, UserCodeError
from trimaran_runtime.steps.__main__ import main
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.search import Found, search
from trimaran_runtime.training.search_record import State

MODULE = """
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


def fit(train, validation, parameters):
    if log := os.environ.get("LC_LOG"):
        with open(log, "a") as stream:
            stream.write(f"{parameters['weight']!r}\\n")
        time.sleep(0.1)
    return Threshold(parameters["weight"]).fit(train, train["bought"])


def fit_reporting(train, validation, parameters, trial):
    for step in range(3):
        try:
            trial.report(step, 1 - abs(parameters["weight"] - 1))
        except Exception:
            raise AssertionError("pruning is no error of the function")
    return fit(train, validation, parameters)


def fit_failing(train, validation, parameters):
    if parameters["weight"] < 0:
        raise ValueError("negative weight")
    return fit(train, validation, parameters)


def fit_raising(train, validation, parameters):
    raise ValueError("never works")


def fit_dying(train, validation, parameters):
    if parameters["weight"] < 0:
        os._exit(3)
    return fit(train, validation, parameters)


def fit_drawing(train, validation, parameters):
    noise = {"seeded": np.random.rand, "unseeded": np.random.default_rng().random}
    return Threshold(float(noise[parameters["noise"]]())).fit(train, train["bought"])
"""
SPACE = {"weight": {"low": -1.0, "high": 2.0}}


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


def searched(run: ToyRun, function: str = "fit", folder: Path | None = None, **tune: Any) -> Found:
    given = config(function, tune={"trials": 12, "space": SPACE, **tune})
    sys.modules.pop("hunt", None)
    experiment = Experiment.open(run.code, run.work / "splits", given, threads=2)
    lines: list[str] = []
    return search(experiment, splits=run.work / "splits", folder=folder, progress=lines.append)


def test_the_same_seed_gives_the_same_trials_and_finds_the_optimum(splits: ToyRun) -> None:
    first, second = searched(splits), searched(splits)
    assert first == second
    assert first.search.repeatable
    assert first.search.trials[State.complete] == 12
    # The target weighs a, b and c alike.
    assert 0.6 < float(first.parameters["weight"]) < 1.5


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


def test_several_processes_try_settings_and_one_may_die(splits: ToyRun) -> None:
    found = searched(splits, "fit_dying", parallel=2, trials=6)
    assert not found.search.repeatable
    assert len(found.record.trials) == 6
    for trial in found.record.trials:
        assert (trial.state is State.failed) == (float(trial.parameters["weight"]) < 0)


def test_no_trial_starts_after_the_time_is_over(splits: ToyRun) -> None:
    found = searched(splits, trials=10_000, minutes=0.3 / 60)
    assert 1 <= len(found.record.trials) < 10_000
    assert not found.search.repeatable


@pytest.mark.parametrize(
    ("tune", "where"),
    [
        ({"space": {}}, "pipeline.tune.space"),
        ({"space": {"weight": {"low": 1}}}, "pipeline.tune.space.weight"),
        ({"space": {"weight": {"low": 2, "high": 1}}}, "pipeline.tune.space.weight"),
        ({"space": {"weight": {"choices": []}}}, "pipeline.tune.space.weight"),
        (
            {"space": {"weight": {"low": 0, "high": 1, "log": True}}},
            "pipeline.tune.space.weight.low",
        ),
        (
            {"space": {"weight": {"low": 0.5, "high": 3, "integer": True}}},
            "pipeline.tune.space.weight",
        ),
        ({"metric": "profit"}, "pipeline.tune.metric"),
    ],
)
def test_an_impossible_search_is_refused_by_name(
    splits: ToyRun, tune: dict[str, Any], where: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        searched(splits, **tune)
    assert refused.value.where == where


def test_killed_in_the_middle_the_step_goes_on_and_trusts_no_half_file(
    splits: ToyRun, tmp_path: Path
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
    process = subprocess.Popen(
        [sys.executable, "-m", "trimaran_runtime.steps", *arguments],
        env={**os.environ, "LC_LOG": str(log)},
        stdout=subprocess.DEVNULL,
    )
    while not log.is_file() or len(log.read_text().splitlines()) < 4:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    model = splits.work / "model"
    (model / "model.skops").write_bytes(b"half a mo")
    done = subprocess.run(
        [sys.executable, "-m", "trimaran_runtime.steps", *arguments],
        env={**os.environ, "LC_LOG": str(log)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.OK, done.stderr
    assert "the search goes on after" in done.stdout
    # 8 trials, the one that was killed again, and the fit at the end.
    assert len(log.read_text().splitlines()) <= 8 + 1 + 1
    assert not any((tmp_path / "checkpoints").iterdir())
    resumed = (model / "search.json").read_bytes()
    record = (model / "training.json").read_bytes()
    sys.modules.pop("hunt", None)
    assert main(arguments) == Exit.OK
    assert (model / "search.json").read_bytes() == resumed
    assert (model / "training.json").read_bytes() == record
    assert (
        orjson.loads(record)["parameters"]
        == orjson.loads(resumed)["trials"][orjson.loads(resumed)["best"]]["parameters"]
    )


@pytest.mark.parametrize(("noise", "same"), [("seeded", True), ("unseeded", False)])
def test_a_second_fit_in_a_fresh_process_is_compared(
    splits: ToyRun, noise: str, same: bool
) -> None:
    given = config("fit_drawing", parameters={"noise": noise}, check_reproducible=True)
    splits.configure(given.model_dump(mode="json"))
    assert splits.step("train") == Exit.OK
    assert splits.output("model/training.json")["reproduced"] is same
