"""The deployer's policy: what is rendered is in it, by actions that exist, and nothing else is."""

import json
import re
from pathlib import Path

import botocore.session
import pytest

import trimaran_providers.aws
from tools.reference.deployer import GRANTS, deployer_policy, policy_of
from tools.reference.grant import ROLE_USERS, Grant
from tools.reference.plugin_grants import COMMAND
from tools.reference.rendered_types import rendered_types

RENDERERS = Path(trimaran_providers.aws.__path__[0])
CLASS = re.compile(
    r"\b(s3|iam|ec2|ecr|sns|kms|cloudwatch|sagemaker|scheduler|secretsmanager|budgets|codebuild)"
    r"\.([A-Z][A-Za-z0-9]+)\("
)
PLUGIN = re.compile(r'"(trimaran:aws:\w+)"')
NOT_OPERATIONS = {
    # Actions that are called otherwise than the operation (Service Authorization Reference).
    "budgets:ModifyBudget",
    "budgets:ViewBudget",
    "iam:PassRole",
    "s3:DeleteObjectVersion",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucketCORS",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutBucketNotification",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
}
RUNTIME = {"InvokeEndpoint", "InvokeEndpointAsync"}
SIZE = 10_240
"""Characters of a role's inline policies, without white space (IAM User Guide, "IAM quotas")."""


def test_every_resource_that_a_renderer_can_declare_is_rendered_here() -> None:
    """So that none is missing in the policy because no spec asked for it."""
    source = "\n".join(path.read_text() for path in RENDERERS.glob("*.py"))
    seen = {token.rpartition(":")[2] for token in rendered_types() if token.startswith("aws:")}
    declared = {name for _, name in CLASS.findall(source) if not name.endswith("Args")}
    assert declared <= seen
    assert set(PLUGIN.findall(source)) <= rendered_types()


def test_the_policy_speaks_of_what_is_rendered_and_of_nothing_else() -> None:
    assert set(GRANTS) == rendered_types()


def grants() -> list[Grant]:
    return [*COMMAND, *(grant for found in GRANTS.values() for grant in found)]


@pytest.mark.parametrize("service", sorted({grant.service for grant in grants()}))
def test_every_action_is_one_of_aws(service: str) -> None:
    session = botocore.session.get_session()
    operations = set(session.get_service_model(service).operation_names)
    if service == "sagemaker":
        operations |= RUNTIME
    named = {name for grant in grants() if grant.service == service for name in grant.names}
    unknown = {name for name in named if name.partition(":")[2] not in operations}
    assert unknown <= NOT_OPERATIONS


def test_no_action_is_a_pattern_and_no_role_goes_to_any_service() -> None:
    for statement in deployer_policy(GRANTS)["Statement"]:
        assert not [action for action in statement["Action"] if "*" in action]
        if "iam:PassRole" in statement["Action"]:
            assert statement["Action"] == ["iam:PassRole"]
            passed = statement["Condition"]["StringEquals"]["iam:PassedToService"]
            assert passed == list(ROLE_USERS)


def test_what_has_no_resource_only_reads_or_has_no_name_of_ours() -> None:
    writes = {
        action
        for statement in deployer_policy(GRANTS)["Statement"]
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
        if not re.match(r"\w[\w-]*:(Describe|List|Get)", action)
    }
    assert writes == {
        "application-autoscaling:DeleteScalingPolicy",
        "application-autoscaling:DeleteScheduledAction",
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource",
        "kms:CreateKey",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    }


def test_it_fits_into_a_role() -> None:
    assert len(json.dumps(deployer_policy(GRANTS), separators=(",", ":"))) <= SIZE


def test_a_policy_joins_what_is_for_the_same_resources() -> None:
    found = policy_of([Grant("s3", "GetObject", ("a",)), Grant("s3", "PutObject", ("a",))])
    (statement,) = found["Statement"]
    assert statement["Action"] == ["s3:GetObject", "s3:PutObject"]
