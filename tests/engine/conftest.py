"""A real project under the real engine, taken down with everything it started."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.project import Project
from tests.engine_kit.fixtures import engine_env, pulumi_home

__all__ = ["engine_env", "pulumi_home"]


@pytest.fixture
def project(
    tmp_path: Path, engine_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """A copy of the toy project; destroyed, and searched for leftovers, after the test."""
    made = Project.copy_to(tmp_path / "project", engine_env)
    monkeypatch.chdir(made.folder)
    try:
        yield made
    finally:
        made.take_down()
    assert made.processes() == []
