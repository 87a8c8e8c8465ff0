"""A container started with one word trains or serves; its ports are where SageMaker puts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trimaran_runtime.__main__ import main, trial_arguments
from trimaran_runtime.errors import Exit
from trimaran_runtime.steps.command import parse


def test_train_is_the_train_step_on_the_jobs_channels() -> None:
    command = parse(trial_arguments())
    assert command.ports.name == "train"
    read = {name: str(path) for name, path in {**command.inputs, **command.archives}.items()}
    assert read == {name: f"/opt/ml/input/data/{name}" for name in ("config", "code", "splits")}
    assert {name: str(path) for name, path in command.outputs.items()} == {"model": "/opt/ml/model"}
    assert str(command.message) == "/opt/ml/output/failure"


def test_train_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = str(tmp_path / "failure")
    assert main(["train", "--message", error]) == Exit.BAD_INPUT
    assert "/opt/ml/input/data/config" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["serve"]])
def test_anything_else_serves(words: list[str]) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TRIMARAN_RELEASE"}
    started = subprocess.run(
        [sys.executable, "-m", "trimaran_runtime", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode == Exit.BAD_INPUT
    assert "nothing says which release to serve" in started.stderr
