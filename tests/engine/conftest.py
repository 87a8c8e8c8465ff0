"""A real project under the real engine, taken down with everything it started."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.aws.scenarios import SCENARIOS
from tests.engine.aws_project import AwsProject, SharedAws, aws_account, aws_project
from tests.engine.project import Project
from tests.engine_kit.fixtures import engine_env, pulumi_home
from tests.engine_kit.settings import engine_settings

__all__ = ["engine_env", "pulumi_home"]
_ENDS_SECONDS = 5.0
_SECONDS = 400
"""Longest time of one test here; several updates, each with a dozen processes, on two cores."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture
def project(tmp_path: Path, pulumi_home: Path) -> Iterator[Project]:
    """A copy of the toy project; destroyed, and searched for leftovers, after the test."""
    with _project(tmp_path, pulumi_home) as made:
        yield made


@pytest.fixture(scope="module")
def lasting_project(
    tmp_path_factory: pytest.TempPathFactory, pulumi_home: Path
) -> Iterator[Project]:
    """One project for the tests of a file, each of which leaves it in order."""
    with _project(tmp_path_factory.mktemp("lasting"), pulumi_home) as made:
        yield made


@pytest.fixture
def aws_stack(tmp_path: Path, pulumi_home: Path) -> Iterator[AwsProject]:
    """A copy of the toy project for AWS, which has no credentials yet."""
    with aws_project(tmp_path, pulumi_home) as made:
        yield made


@pytest.fixture(scope="module")
def shared_aws(tmp_path_factory: pytest.TempPathFactory, pulumi_home: Path) -> Iterator[SharedAws]:
    """`everything on` for AWS: one stack and one account for the tests of a file."""
    folder = tmp_path_factory.mktemp("shared")
    with aws_project(folder, pulumi_home) as stack, aws_account() as aws:
        stack.overrides |= SCENARIOS["everything on"].set
        yield SharedAws(stack, aws)


@contextmanager
def _project(folder: Path, home: Path) -> Iterator[Project]:
    settings = engine_settings(home, folder / "backend")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        made = Project.copy_to(folder / "project", settings)
        patch.chdir(made.folder)
        try:
            yield made
        finally:
            made.take_down()
    # A step of a job that was ended ends when it sees that: at once, but not in the same moment.
    deadline = time.monotonic() + _ENDS_SECONDS
    while left := made.processes():
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)
