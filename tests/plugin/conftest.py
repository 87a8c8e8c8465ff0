"""The toy cloud behind the real engine."""

import sys
from pathlib import Path

import pytest

from tests.engine_kit.fixtures import engine_env, pulumi_home  # noqa: F401
from tests.engine_kit.inline import InlineStack


@pytest.fixture(scope="session")
def toy_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a `pulumi-resource-trimaran` that serves the toy cloud."""
    folder = tmp_path_factory.mktemp("toy-plugin")
    program = folder / "pulumi-resource-trimaran"
    root = Path(__file__).resolve().parents[2]
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m tests.plugin.toy_plugin "$@"\n'
    )
    program.chmod(0o755)
    return folder


@pytest.fixture
def project(tmp_path: Path, toy_plugin: Path) -> Path:
    """A Pulumi project whose plugin is the toy cloud."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: toy\nruntime: python\n"
        f"plugins:\n  providers:\n    - {{name: trimaran, path: {toy_plugin}}}\n"
    )
    return folder


@pytest.fixture
def stack(project: Path, engine_env: dict[str, str]) -> InlineStack:  # noqa: F811
    """A stack of that project, its program given by the test."""
    return InlineStack(project, engine_env)
