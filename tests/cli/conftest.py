"""A scaffolded project, bare and deployed, and the command called in this process."""

from pathlib import Path

import pytest

from tests.cli.deployed import Answer, Deployed, Trimaran
from trimaran.cli.app import run
from trimaran.cli.scaffold import write_project


@pytest.fixture
def trimaran(capsys: pytest.CaptureFixture[str]) -> Trimaran:
    """Calls the command in this process."""

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(list(arguments))
        shown = capsys.readouterr()
        return Answer(int(code), shown.out, shown.err)

    return call


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project, which is the working directory."""
    folder = tmp_path / "flights"
    write_project("flights", folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def deployed(project: Path) -> Deployed:
    """A project with one deployment, of which nothing has run yet."""
    return Deployed(project)
