"""A stack of AWS resources under the real engine, with the referee as its provider."""

from pathlib import Path

import pytest

from tests.engine_kit.fixtures import engine_env, pulumi_home
from tests.engine_kit.inline import InlineStack
from tests.referee.referee import PLUGIN, Referee

__all__ = ["engine_env", "pulumi_home"]


@pytest.fixture
def referee(tmp_path: Path) -> Referee:
    """An empty account."""
    return Referee(tmp_path / "account")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Pulumi project whose provider `aws` is the referee."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        f"name: toy\nruntime: python\nplugins:\n  providers:\n    - {{name: aws, path: {PLUGIN}}}\n"
    )
    return folder


@pytest.fixture
def stack(project: Path, engine_env: dict[str, str], referee: Referee) -> InlineStack:
    """A stack of that project, its program given by the test."""
    return InlineStack(project, {**engine_env, **referee.env})
