"""What the role of a pipeline may do: run its own jobs, on its own folders, and no others."""

from collections.abc import Sequence
from typing import Any

import pulumi

from trimaran_providers.aws.bucket import Bucket, partition
from trimaran_providers.aws.image_reference import ImageReference
from trimaran_providers.aws.key import key_statements
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement, policy_json
from trimaran_providers.aws.role import Role, render_role
from trimaran_providers.aws.secrets import secrets_statement
from trimaran_providers.contract.cloud import Context

SERVICE = "sagemaker.amazonaws.com"
_JOBS = {
    "processing-job": ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"),
    "training-job": ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob"),
    "hyper-parameter-tuning-job": (
        "CreateHyperParameterTuningJob",
        "DescribeHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
        "ListTrainingJobsForHyperParameterTuningJob",
    ),
}
"""Actions by the resource they are on (Service Authorization Reference, "Actions, resources, and
condition keys for Amazon SageMaker", read 2026-11-24)."""
_LOG_GROUPS = "/aws/sagemaker/*Jobs"
"""Groups of processing and training jobs, which the account shares."""


def job_base(context: Context) -> str:
    """What the names of a stack's jobs begin with: lower case, as SageMaker writes its ARNs."""
    return Names.of(context).base.lower()


def store_statements(
    bucket: Bucket, *, read: Sequence[str], write: Sequence[str]
) -> list[Statement]:
    """Reading and writing folders of the store.

    Listing is not narrowed to a folder: where it is, S3 answers a look for a missing object with
    "forbidden" instead of "not found" (S3 API Reference, `HeadObject`, read 2026-11-24).
    """
    return [
        Statement(
            sid="ListStore",
            actions=["s3:ListBucket", "s3:GetBucketLocation"],
            resources=[bucket.arn],
        ),
        Statement(
            sid="ReadStore",
            actions=["s3:GetObject"],
            resources=[bucket.objects_arn_of(f"{folder}/*") for folder in (*read, *write)],
        ),
        Statement(
            sid="WriteStore",
            actions=["s3:PutObject", "s3:AbortMultipartUpload"],
            resources=[bucket.objects_arn_of(f"{folder}/*") for folder in write],
        ),
    ]


def delete_statements(bucket: Bucket, folder: str) -> list[Statement]:
    """Deleting from one folder of the store: what waited there, and waits no more."""
    return [
        Statement(
            sid="EmptyOutbox",
            actions=["s3:DeleteObject"],
            resources=[bucket.objects_arn_of(f"{folder}/*")],
        )
    ]


def source_statements(bucket: str, key: str) -> list[Statement]:
    """Reading the data, where they are in S3."""
    return [
        Statement(
            sid="ListSource",
            actions=["s3:ListBucket", "s3:GetBucketLocation"],
            resources=[f"arn:{partition()}:s3:::{bucket}"],
        ),
        Statement(
            sid="ReadSource",
            actions=["s3:GetObject"],
            resources=[f"arn:{partition()}:s3:::{bucket}/{key}*"],
        ),
    ]


def job_statements(
    context: Context, image: pulumi.Input[str], *, kinds: Sequence[str] = ("processing-job",)
) -> list[Statement]:
    """Running jobs of that image, their logs, metrics, secrets, key and network.

    Args:
        context: where the component stands.
        image: URI of the image, by digest.
        kinds: `processing-job`, `training-job`, `hyper-parameter-tuning-job`.
    """
    repository = pulumi.Output.from_input(image).apply(
        lambda uri: ImageReference.parse(uri).repository_arn
    )
    statements = [*_runs(context, kinds), *pull_statements(repository), *_tells(context)]
    statements += secrets_statement(context)
    statements += key_statements(context, volumes=True)
    if context.platform.network.subnets:
        statements += network_statements(context)
    return statements


def render_job_role(context: Context, purpose: str, statements: Sequence[Statement]) -> Role:
    """The role of a pipeline, which hands itself to the jobs it makes.

    The permission to do so names the role, so it is a policy of its own.
    """
    from pulumi_aws import iam

    role = render_role(context, purpose, SERVICE, statements)
    handed_on = Statement(
        sid="HandOnItself",
        actions=["iam:PassRole"],
        resources=[role.arn],
        condition={"StringEquals": {"iam:PassedToService": SERVICE}},
    )
    policy = iam.RolePolicy(
        f"{context.name}-{purpose}-self",
        role=role.name,
        name=f"{purpose}-self",
        policy=policy_json([handed_on]),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return Role(arn=role.arn, name=role.name, resources=(*role.resources, policy))


def _runs(context: Context, kinds: Sequence[str]) -> list[Statement]:
    where = f"arn:{partition()}:sagemaker:*:*"
    # A search's name is SageMaker's alone: its 32 characters leave no room for ours.
    named = {
        kind: job_base(context) if kind != "hyper-parameter-tuning-job" else "" for kind in kinds
    }
    actions = [f"sagemaker:{action}" for kind in kinds for action in _JOBS[kind]]
    return [
        Statement(
            sid="RunJobs",
            actions=[*actions, "sagemaker:AddTags"],
            resources=[f"{where}:{kind}/{base}*" for kind, base in named.items()],
        )
    ]


def pull_statements(repository: pulumi.Output[str]) -> list[Statement]:
    """Pulling images of one repository, given by its ARN."""
    return [
        Statement(
            sid="SignInToEcr",
            actions=["ecr:GetAuthorizationToken"],
            resources=["*"],
            why_any="the action takes no resource; what may be pulled is said below",
        ),
        Statement(
            sid="PullImage",
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            resources=[repository],
        ),
    ]


def _tells(context: Context) -> list[Statement]:
    logs = f"arn:{partition()}:logs:*:*:log-group:{_LOG_GROUPS}"
    return [
        Statement(
            sid="WriteLogs",
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=[logs, f"{logs}:*"],
        ),
        Statement(
            sid="PutMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            why_any="the action takes no resource; the condition names the namespaces",
            # SageMaker puts what a job uses into its own namespaces with the job's role.
            condition={
                "StringLike": {
                    "cloudwatch:namespace": [Names.of(context).namespace, "/aws/sagemaker/*"]
                }
            },
        ),
    ]


def network_statements(context: Context) -> list[Statement]:
    """Running in the subnets of the spec."""
    where = f"arn:{partition()}:ec2:*:*"
    network = context.platform.network
    subnets: list[Any] = [
        pulumi.Output.concat(f"{where}:subnet/", subnet) for subnet in network.subnets
    ]
    # A group that the stack makes itself is named by the service.
    groups: list[Any] = [
        pulumi.Output.concat(f"{where}:security-group/", group) for group in network.security_groups
    ] or [f"{where}:security-group/*"]
    return [
        Statement(
            sid="EnterNetwork",
            actions=[
                "ec2:CreateNetworkInterface",
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            resources=[f"{where}:network-interface/*", *subnets, *groups],
        ),
        Statement(
            sid="SeeNetwork",
            actions=[
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            resources=["*"],
            why_any="EC2's Describe actions take no resource",
        ),
    ]
