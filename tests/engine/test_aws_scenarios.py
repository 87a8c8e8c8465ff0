"""Every scenario of the AWS cloud lives its whole life under the real engine.

What Pulumi's provider makes, the referee makes; our own plugin runs as it is (`aws_project`).
"""

import os

import pytest

from tests.aws.scenarios import SCENARIOS
from tests.engine.aws_project import AwsProject, aws_account, left_in
from tests.engine_kit.inline import Outcome

pytestmark = [pytest.mark.engine, pytest.mark.sweep]
FULL = os.environ.get("TRIMARAN_SWEEP") == "full"
SAMPLE = ("everything on",)
IN_PLACE = ("create", "update")
STATEFUL = frozenset(
    {
        "aws:codebuild/project:Project",
        "aws:ecr/repository:Repository",
        "aws:s3/bucket:Bucket",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "aws:sagemaker/pipeline:Pipeline",
        "aws:secretsmanager/secret:Secret",
        "aws:sns/topic:Topic",
        "trimaran:aws:Endpoint",
        "trimaran:aws:ImageBuild",
        "trimaran:aws:ModelRegistry",
        "trimaran:aws:PipelineRun",
    }
)
"""Types that hold, or serve, what a new one would not have."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                not FULL and name not in SAMPLE, reason="in the full sweep (TRIMARAN_SWEEP=full)"
            ),
        )
        for name in SCENARIOS
    ],
)
def test_a_stack_comes_stays_changes_is_replaced_and_goes(aws_stack: AwsProject, name: str) -> None:
    scenario = SCENARIOS[name]
    aws_stack.overrides |= scenario.set
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    seen = aws_stack.preview()
    assert not seen.failed, seen.errors
    assert aws_stack.referee.calls() == []

    with aws_account() as aws:
        made = aws_stack.up()
        assert not made.failed, made.errors
        assert set(made.changed.values()) == {"create"}
        # What the preview told is what happened.
        assert made.changed == seen.changed
        # No model yet: nothing serves, and the pipeline that will make one has begun.
        assert (made.outputs["url"], made.outputs["release"]) == ("", "")
        assert aws.left() == {}
        if name != "existing bucket and image":
            assert aws_stack.uploaded(made.outputs["store"])

        assert aws_stack.up().changed == {}

        changed = aws_stack.up(scenario.change)
        assert not changed.failed, changed.errors
        assert "update" in changed.changed.values()
        lost = [name for name, step in changed.changed.items() if step not in IN_PLACE]
        assert lost == aws_stack.kept(lost), changed.changed

        replaced = aws_stack.up(scenario.replace)
        assert not replaced.failed, replaced.errors
        anew = replaced_types(aws_stack, replaced)
        assert "aws:iam/role:Role" in anew
        assert anew.isdisjoint(STATEFUL)
        assert aws_stack.up().changed == {}

        gone = aws_stack.destroy()
        assert not gone.failed, gone.errors
        assert aws_stack.left() == []
        assert left_in(aws) == {}


def replaced_types(project: AwsProject, outcome: Outcome) -> set[str]:
    """Types of the resources that were made anew."""
    state = project.stack.state()
    return {
        state[name]["type"]
        for name, step in outcome.changed.items()
        if "replac" in step and name in state
    }
