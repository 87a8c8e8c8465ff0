"""Every scenario of the AWS cloud lives its whole life under the real engine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.scenarios import SCENARIOS
from tests.engine.aws_project import AwsProject, aws_account, aws_project, left_in

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
SAMPLE = ("minimal", "everything on")


@pytest.fixture
def project(tmp_path: Path, pulumi_home: Path) -> Iterator[AwsProject]:
    """The toy project, which has no credentials yet."""
    with aws_project(tmp_path, pulumi_home) as made:
        yield made


@pytest.mark.parametrize("name", SCENARIOS if FULL else SAMPLE)
def test_a_stack_comes_stays_changes_is_replaced_and_goes(project: AwsProject, name: str) -> None:
    import time
    scenario = SCENARIOS[name]
    project.overrides |= scenario.set
    t = time.time()
    def lap(what):
        nonlocal t
        print(what, round(time.time() - t, 2)); t = time.time()
    seen = project.preview()
    lap("preview")
    assert not seen.failed, seen.errors
    assert project.referee.left() == []
    with aws_account() as aws:
        lap("aws")
        made = project.up()
        lap("up")
        assert not made.failed, made.errors
        print(made.outputs)
        same = project.up()
        lap("same")
        assert same.changed == {}
        changed = project.up(scenario.change)
        lap("change")
        assert not changed.failed, changed.errors
        print(changed.changed)
        replaced = project.up(scenario.replace)
        lap("replace")
        assert not replaced.failed, replaced.errors
        print(replaced.changed)
        gone = project.destroy()
        lap("destroy")
        assert not gone.failed, gone.errors
        assert project.referee.left() == []
        assert left_in(aws) == {}
