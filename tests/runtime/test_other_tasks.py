"""The steps on regression and on several classes, and what a kill in `register` leaves behind."""

from pathlib import Path

import pytest

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import Exit
from trimaran_runtime.registry import approval
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import read_release

MODULE = """
import numpy as np
import pandas as pd

def rows(count=3000):
    generator = np.random.default_rng(1)
    table = pd.DataFrame(generator.normal(size=(count, 3)), columns=["a", "b", "c"])
    table["shop"] = generator.choice(["north", "south"], size=count)
    table["score"] = table["a"] - table["b"] + generator.normal(size=count)
    return table

def numbers():
    return rows()

def classes():
    table = rows()
    table["level"] = np.select([table["score"] < -0.7, table["score"] < 0.7], ["low", "mid"], "top")
    return table.drop(columns="score")

def columns(parameters):
    from sklearn.compose import make_column_transformer
    return make_column_transformer(("passthrough", parameters.get("columns", "a b").split()))

def fit_number(train, validation, parameters):
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    model = make_pipeline(columns(parameters), LinearRegression())
    return model.fit(train.drop(columns="score"), train["score"])

def fit_class(train, validation, parameters):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    model = make_pipeline(columns(parameters), LogisticRegression())
    return model.fit(train.drop(columns="level"), train["level"])
"""


@pytest.fixture
def project(tmp_path: Path) -> ToyRun:
    code = tmp_path / "code"
    code.mkdir()
    (code / "other.py").write_text(MODULE)
    return ToyRun(tmp_path, code=code)


def run(project: ToyRun, task: str, metric: str, columns: str) -> int:
    numbers = task == "regression"
    return project.run(
        data={
            "source": "other:numbers" if numbers else "other:classes",
            "target": "score" if numbers else "level",
            "task": task,
            "segments": ["shop"],
        },
        training={
            "train": "other:fit_number" if numbers else "other:fit_class",
            "parameters": {"columns": columns},
        },
        gate={"metric": metric, "segments": {"min_rows": 100}},
    )


@pytest.mark.parametrize(
    ("task", "metric"),
    [
        ("regression", "rmse"),
        ("regression", "mae"),
        ("regression", "r2"),
        ("classification", "log_loss"),
        ("classification", "roc_auc"),
        ("classification", "f1"),
    ],
)
def test_a_better_model_is_taken_and_a_worse_one_is_not(
    project: ToyRun, task: str, metric: str
) -> None:
    assert run(project, task, metric, "a") == Exit.OK
    first = project.output("release/release.json")["release"]
    release = read_release(project.store, first)
    assert release.signature.task == task
    assert release.signature.classes == (() if task == "regression" else ("low", "mid", "top"))
    assert run(project, task, metric, "a b") == Exit.OK
    better = project.output("release/release.json")["release"]
    assert run(project, task, metric, "b c") == Exit.REFUSED
    assert project.output("release/release.json")["production"] == better != first
    assert {name for name in project.checks() if name.startswith("segment")} == {
        "segment shop=north",
        "segment shop=south",
    }


def test_a_metric_of_the_other_task_is_refused(project: ToyRun) -> None:
    assert run(project, "regression", "roc_auc", "a") == Exit.BAD_INPUT
    message = project.error("evaluate")["message"]
    assert "roc_auc is no metric of regression" in message
    assert "rmse, mae, r2" in message


def test_a_kill_between_the_two_moves_of_an_approval_is_healed_by_the_same_step(
    toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.configure(toy_config())
    assert toy.steps(last="gate") == Exit.OK
    moved = approval.move

    def killed(store: object, channel: Channel, *rest: object, **named: object) -> object:
        if channel is Channel.production:
            raise KeyboardInterrupt
        return moved(store, channel, *rest, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(approval, "move", killed)
        with pytest.raises(KeyboardInterrupt):
            toy.step("register")
    assert current(toy.store, Channel.approved) is not None
    assert current(toy.store, Channel.production) is None
    assert toy.step("register") == Exit.OK
    pointer = current(toy.store, Channel.production)
    assert pointer is not None
    assert pointer.release == toy.output("release/release.json")["release"]
