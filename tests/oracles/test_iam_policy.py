"""Policies: every `*` is told, and what a policy is attached to decides what it holds."""

import json
from typing import Any

import pytest

from tests.oracles.examples import BUCKET_POLICY, POLICY, TRUST, example
from tests.oracles.iam_actions import actions_of, is_action
from tests.oracles.iam_policy import INLINE, RESOURCE, check_text, stars
from tests.oracles.iam_policy import TRUST as TRUSTED

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


def whats(document: Any, kind: Any = INLINE) -> list[str]:
    return [f"{f.path} {f.what}" for f in check_text(json.dumps(document), kind)]


def test_every_star_is_told_with_its_statement() -> None:
    found = stars([example(ROLE_POLICY), example("aws:s3/bucketPolicy:BucketPolicy")])
    assert [(s.sid, s.effect, s.part, s.value) for s in found] == [
        ("Read", "Allow", "Action", "kms:GenerateDataKey*"),
        ("Read", "Allow", "Resource", "arn:aws:s3:::toy/*"),
        ("Metrics", "Allow", "Resource", "*"),
        ("TlsOnly", "Deny", "Action", "s3:*"),
        ("TlsOnly", "Deny", "Resource", "arn:aws:s3:::toy/*"),
        ("TlsOnly", "Deny", "Principal", "*"),
    ]
    assert [s.sid for s in found if s.whole] == ["Metrics", "TlsOnly"]


@pytest.mark.parametrize(
    "action",
    [
        *("s3:GetObject", "iam:PassRole", "sagemaker:InvokeEndpoint", "sts:TagSession"),
        *("logs:PutLogEvents", "ecr:BatchGetImage", "kms:Decrypt", "cloudwatch:PutMetricData"),
        *("scheduler:CreateSchedule", "events:PutRule", "sns:Publish", "s3:Get*", "S3:getobject"),
    ],
)
def test_actions_that_are_there(action: str) -> None:
    prefix, _, name = action.partition(":")
    assert is_action(f"{prefix.lower()}:{name}")


@pytest.mark.parametrize(
    "action", ["s3:HeadObject", "s3:ListObjectsV2", "sagemaker:Invoke", "iam:Passrol", "s3:Gett*"]
)
def test_operations_that_are_no_actions_and_slips(action: str) -> None:
    assert not is_action(action)


def test_a_service_without_a_model_has_no_actions() -> None:
    assert actions_of("nosuchservice") == frozenset()


def test_a_policy_of_a_role_names_nobody_and_that_of_a_bucket_does() -> None:
    assert whats(POLICY) == []
    assert whats(BUCKET_POLICY, RESOURCE) == []
    assert whats(TRUST, TRUSTED) == []
    assert any("Principal is missing" in what for what in whats(POLICY, RESOURCE))
    assert any("Principal does not belong here" in what for what in whats(BUCKET_POLICY))


def test_allowing_everything_but_something_is_a_finding() -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    [what] = whats({"Version": "2012-10-17", "Statement": statement})
    assert "allows everything else" in what


def test_a_policy_that_is_too_long_is_a_finding() -> None:
    arns = [f"arn:aws:s3:::bucket-{number:05}/*" for number in range(400)]
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": arns}
    [what] = whats({"Version": "2012-10-17", "Statement": [statement]})
    assert "more than 10240" in what
