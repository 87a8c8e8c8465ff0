"""`pipeline.learner: auto`: every kind of column, every task, one choice on the validation rows."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.runtime.fit_digests import digests, experiment_on
from tests.runtime.mixed_rows import write_code
from tests.runtime.toy_run import ToyRun
from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import Exit
from trimaran_runtime.evaluation.predictions import predict
from trimaran_runtime.gate.config import Metric
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.serving.column import Column
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.learner.portfolio import LEARNERS, PORTFOLIO
from trimaran_runtime.training.model_file import dump_model, load_model_bytes
from trimaran_runtime.user_code import UserCode

ROOT = Path(__file__).parents[2]
TASKS = {
    "binary": ("classification", "roc_auc"),
    "classes": ("classification", "log_loss"),
    "number": ("regression", "rmse"),
}


def config(source: str, **training: Any) -> dict[str, Any]:
    task, metric = TASKS[source]
    return {
        "model": "mixed",
        "data": {"source": f"mixed:{source}", "target": "label", "task": task, "min_rows": 300},
        "training": {"learner": "auto", "tune": {"trials": 3, "metric": metric}, **training},
        "gate": {"metric": metric},
    }


@pytest.fixture
def project(tmp_path: Path) -> ToyRun:
    return ToyRun(tmp_path, code=write_code(tmp_path / "code"))


def trained(project: ToyRun, last: str = "train") -> int:
    """Read, split and train; whether such data may be trained on is not the question here."""
    steps = ["data", "split", "train"]
    for name in steps[: steps.index(last) + 1]:
        if status := project.step(name):
            return status
    return Exit.OK


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> ToyRun:
    """A run that chose between two classes, and fitted its choice once more."""
    folder = tmp_path_factory.mktemp("binary")
    run = ToyRun(folder, code=write_code(folder / "code"))
    run.configure(config("binary", check_reproducible=True))
    assert trained(run) == Exit.OK
    return run


@pytest.mark.parametrize(("source", "chance"), [("binary", 0.5), ("classes", 1.1), ("number", 1.3)])
def test_it_learns_every_task_from_every_kind_of_column(
    request: pytest.FixtureRequest, source: str, chance: float
) -> None:
    if source == "binary":
        project = request.getfixturevalue("binary")
    else:
        project = request.getfixturevalue("project")
        project.configure(config(source))
        assert trained(project) == Exit.OK
    record = project.output("model/training.json")
    (note,) = record["notes"]
    assert "'code' is left out" in note
    board = record["search"]["leaderboard"]
    assert {entry["parameters"]["learner"] for entry in board} == {p.name for p in PORTFOLIO}
    assert record["parameters"] == board[0]["parameters"]
    values = [entry["value"] for entry in board]
    higher = TASKS[source][1] == "roc_auc"
    assert values == sorted(values, reverse=higher)
    assert (values[0] > chance + 0.2) if higher else (values[0] < chance - 0.2)
    assert record["search"]["repeatable"]
    own = [t for t in record["trusted_types"] if not t.startswith(("sklearn.", "numpy.", "scipy."))]
    assert all(
        t.startswith(("trimaran_runtime.training.learner.columns.", "functools")) for t in own
    )


def test_a_request_gets_what_a_frame_gets(binary: ToyRun) -> None:
    """Also values that training never saw, and holes where the server writes them otherwise."""
    import pandas as pd

    record = binary.output("model/training.json")
    content = (binary.work / "model" / "model.skops").read_bytes()
    model = load_model_bytes(content, record["trusted_types"])
    signature = Signature.model_validate(record["signature"])
    given = {
        "x": [None, 0.5],
        "y": [0.1, 0.2],
        "count": [3, 12],
        "flag": [True, False],
        "shop": [None, "a new shop"],
        "when": [None, "2026-02-03T04:05:06"],
        "maybe": [None, True],
        "story": [None, "red and blue"],
        "code": ["id1", "never seen"],
    }
    frame = pd.DataFrame(
        {
            feature.name: Column(feature).array(Column(feature).check(given[feature.name]))
            for feature in signature.features
        }
    )
    answers = predict(model, frame, signature)
    assert answers.finite.all()
    alone = predict(model, frame.iloc[[0]].reset_index(drop=True), signature)
    assert (alone.scores == answers.scores[:1]).all()


@pytest.mark.parametrize("tune", [None, {"trials": 3}])
def test_the_gates_metric_decides_where_the_search_names_none(tune: dict[str, Any] | None) -> None:
    parsed = RunConfig.model_validate(config("number", tune=tune))
    table = pa.table({"label": [1.0]})
    experiment = Experiment(UserCode(ROOT), table, table, parsed)
    assert experiment.metric is Metric.rmse


@pytest.mark.parametrize(
    ("training", "where"),
    [
        ({"parameters": {"depth": 3}}, "pipeline.parameters"),
        ({"tune": {"space": {"depth": {"low": 1, "high": 3}}}}, "pipeline.tune.space"),
        ({"tune": {"metric": "rmse"}}, "pipeline.tune.metric"),
        ({"train": "mixed:binary"}, "pipeline"),
    ],
)
def test_what_it_does_not_take_is_refused(
    project: ToyRun, training: dict[str, Any], where: str
) -> None:
    project.configure(config("binary", **training))
    assert trained(project) == Exit.BAD_INPUT
    assert project.error("train")["where"] == where


def test_every_learner_gives_one_file_whatever_the_process_and_its_threads(
    project: ToyRun,
) -> None:
    """Another seed for the hashes of texts, another number of threads: the same digests."""
    other = subprocess.run(
        [sys.executable, "-m", "tests.runtime.fit_digests", str(project.code), "2"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2",
            "OMP_NUM_THREADS": "3",
            "OMP_WAIT_POLICY": "passive",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    here = digests(project.code, 1)
    assert list(here) == [learner.name for learner in PORTFOLIO]
    assert dict(line.split() for line in other.stdout.splitlines()) == here


def test_boosted_trees_have_one_file_whatever_the_threads() -> None:
    """Also where there are rows enough for several, and in a function of the user's."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    generator = np.random.default_rng(1)
    rows = generator.normal(size=(6000, 4))
    labels = np.digitize(rows.sum(axis=1) + generator.normal(size=6000), [-1, 1])
    files = set()
    for threads in (1, 3):
        with threadpool_limits(threads, user_api="openmp"):
            model = HistGradientBoostingClassifier(max_iter=4, random_state=1)
            files.add(dump_model(model.fit(rows, labels)))
    assert len(files) == 1


def test_boosting_stops_where_the_validation_rows_see_no_gain(project: ToyRun) -> None:
    """Where they hold a class that training never saw, as well."""
    experiment = experiment_on(project.code, "classes", threads=1)
    labels = experiment.validation.column("label").to_pylist()
    place = experiment.validation.column_names.index("label")
    odd = replace(
        experiment,
        validation=experiment.validation.set_column(place, "label", [["new", *labels[1:]]]),
    )
    for known in (experiment, odd):
        last = known.fit(LEARNERS["boosting"].first_setting)[-1]
        assert last.n_iter_ < 100
        best = max(range(last.n_iter_ + 1), key=last.validation_score_.__getitem__)
        assert best == last.n_iter_ - 10


def test_its_model_is_the_same_in_a_second_process(binary: ToyRun) -> None:
    assert binary.output("model/training.json")["reproduced"] is True
