"""The referee under the real engine: a bucket, a role with a policy, an alarm."""

import json
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from tests.engine_kit.inline import InlineStack
from tests.referee.referee import Referee
from tests.referee.server import beside

pytestmark = pytest.mark.engine

Program = Callable[[], None]
ASSUMED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
            }
        ],
    }
)


def small_stack(
    bucket: str = "toy-store",
    path: str = "/teams/one/",
    statistic: str | None = "Sum",
    threshold: float | str = 5,
    alarm: str = "toy-errors",
) -> Program:
    """A bucket with versions, a role that reads it, and an alarm."""

    def program() -> None:
        from pulumi_aws import cloudwatch, iam, s3

        store = s3.Bucket("store", bucket=bucket)
        s3.BucketVersioning(
            "versions", bucket=store.bucket, versioning_configuration={"status": "Enabled"}
        )
        role = iam.Role("role", name="toy-role", path=path, assume_role_policy=ASSUMED)
        statement = {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": store.arn.apply(lambda arn: f"{arn}/*"),
        }
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.RolePolicy("policy", role=role.name, name="read", policy=policy)
        cloudwatch.MetricAlarm(
            "alarm",
            name=alarm,
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=1,
            metric_name="Invocation5XXErrors",
            namespace="AWS/SageMaker",
            period=60,
            statistic=statistic,
            threshold=threshold,
        )
        pulumi.export("arn", role.arn)

    return program


def test_a_stack_comes_stays_changes_is_replaced_and_goes(
    stack: InlineStack, referee: Referee
) -> None:
    seen = stack.preview(small_stack())
    assert (seen.failed, seen.steps["alarm"]) == (False, "create"), seen.errors
    assert referee.left() == []

    made = stack.up(small_stack())
    assert not made.failed, made.errors
    assert made.outputs["arn"] == "arn:aws:iam::123456789012:role/teams/one/toy-role"
    assert referee.left() == [
        "aws:cloudwatch/metricAlarm:MetricAlarm toy-errors",
        "aws:iam/role:Role toy-role",
        "aws:iam/rolePolicy:RolePolicy toy-role:read",
        "aws:s3/bucket:Bucket toy-store",
        "aws:s3/bucketVersioning:BucketVersioning toy-store",
    ]
    [policy] = [thing for thing in referee.things() if thing.type.endswith(":RolePolicy")]
    assert "arn:aws:s3:::toy-store/*" in policy.inputs["policy"]

    assert stack.up(small_stack()).changed == {}

    changed = stack.up(small_stack(threshold=9))
    assert changed.changed == {"alarm": "update"}

    # The role keeps its name: the old one, and what hangs on it, go first.
    replaced = stack.up(small_stack(threshold=9, path="/teams/two/"))
    assert not replaced.failed, replaced.errors
    assert replaced.changes["replace"] == 2
    [role] = [thing for thing in referee.things() if thing.type == "aws:iam/role:Role"]
    assert role.outputs["arn"].endswith("/teams/two/toy-role")

    assert not stack.destroy().failed
    assert referee.left() == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (small_stack(bucket="Toy_Store"), "'Toy_Store' is no name of a bucket [rules]"),
        (small_stack(statistic=None), "exactly one of it and extendedStatistic is needed [rules]"),
        (small_stack(statistic="Summe"), "'Summe' is none of SampleCount, Average, Sum"),
        (small_stack(threshold="five"), "'five' is no float [types]"),
    ],
)
def test_wrong_inputs_stop_the_preview(
    project: Path, engine_env: dict[str, str], referee: Referee, wrong: Program, said: str
) -> None:
    with beside(referee) as env:
        refused = InlineStack(project, {**engine_env, **env}).preview(wrong)
    assert refused.failed
    assert said in refused.errors
    assert referee.calls() == []


@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5])
def test_after_a_failed_create_the_next_up_completes(
    project: Path, engine_env: dict[str, str], referee: Referee, nth: int
) -> None:
    with beside(referee) as env:
        stack = InlineStack(project, {**engine_env, **env})
        referee.mishap("fail", "create", nth)
        failed = stack.up(small_stack())
        assert failed.failed
        assert "ServiceFailure" in failed.errors
        assert len(referee.left()) == len(referee.calls()) - 1

        assert not stack.up(small_stack()).failed
        assert len(referee.left()) == 5
        assert not stack.destroy().failed
        assert referee.left() == []


def test_a_call_that_happened_without_an_answer_leaves_an_orphan(
    project: Path, engine_env: dict[str, str], referee: Referee
) -> None:
    """As the provider itself does: a name that is taken is refused."""
    with beside(referee) as env:
        stack = InlineStack(project, {**engine_env, **env})
        referee.mishap("lose", "create", token="aws:s3/bucket:Bucket")
        assert stack.up(small_stack()).failed
        again = stack.up(small_stack())
        assert "AlreadyExists: there is a bucket toy-store" in again.errors
        stack.destroy()
        assert referee.left() == ["aws:s3/bucket:Bucket toy-store"]


def test_a_failed_update_and_a_failed_delete_are_tried_again(
    project: Path, engine_env: dict[str, str], referee: Referee
) -> None:
    with beside(referee) as env:
        stack = InlineStack(project, {**engine_env, **env})
        stack.up(small_stack())
        referee.mishap("fail", "update")
        assert stack.up(small_stack(threshold=9)).failed
        assert stack.up(small_stack(threshold=9)).changed == {"alarm": "update"}
        referee.mishap("fail", "delete", nth=2)
        assert stack.destroy().failed
        assert referee.left()
        assert not stack.destroy().failed
        assert referee.left() == []


def test_refresh_sees_what_was_taken_behind_the_engines_back(
    project: Path, engine_env: dict[str, str], referee: Referee
) -> None:
    with beside(referee) as env:
        stack = InlineStack(project, {**engine_env, **env})
        stack.up(small_stack())
        referee.take("aws:cloudwatch/metricAlarm:MetricAlarm", "toy-errors")
        assert stack.up(small_stack(), refresh=True).changed == {"alarm": "create"}


def test_a_lookup_is_refused(stack: InlineStack) -> None:
    def program() -> None:
        import pulumi_aws

        pulumi_aws.get_caller_identity()

    refused = stack.preview(program)
    assert refused.failed
    assert "a stack asks AWS nothing" in refused.errors
