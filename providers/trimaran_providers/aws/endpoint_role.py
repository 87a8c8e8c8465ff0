"""What the role of an endpoint may do: read its release, pull its image, write logs and results."""

from collections.abc import Sequence
from urllib.parse import urlparse

import pulumi

from trimaran_providers.aws.bucket import Bucket, partition
from trimaran_providers.aws.endpoint_definition import ASYNC, BATCH, CAPTURE
from trimaran_providers.aws.image_reference import ImageReference
from trimaran_providers.aws.job_policy import network_statements, pull_statements
from trimaran_providers.aws.key import key_statements
from trimaran_providers.aws.policy import Statement
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec

_TRANSFORM_LOGS = "/aws/sagemaker/TransformJobs"
_SERVING = "serving"


def endpoint_statements(
    context: Context,
    spec: EndpointSpec,
    bucket: Bucket,
    *,
    image: pulumi.Input[str],
    logs: Sequence[pulumi.Input[str]],
    alarms: Sequence[pulumi.Input[str]],
) -> list[Statement]:
    """The statements.

    Args:
        context: where the component stands.
        spec: the spec's section.
        bucket: the artifact store.
        image: URI of the image, by digest.
        logs: ARNs of the log groups it writes; empty: those of transform jobs.
        alarms: ARNs of the alarms that send a rollout back.
    """
    repository = pulumi.Output.from_input(image).apply(
        lambda uri: ImageReference.parse(uri).repository_arn
    )
    statements = [*_store(spec, bucket), *pull_statements(repository), _logs(logs)]
    if alarms:
        # SageMaker looks at the alarms as this role ("Auto-rollback configuration").
        statements.append(
            Statement(
                sid="SeeRollbackAlarms", actions=["cloudwatch:DescribeAlarms"], resources=alarms
            )
        )
    statements += key_statements(context, volumes=True)
    if context.platform.network.subnets:
        statements += network_statements(context)
    return statements


def _store(spec: EndpointSpec, bucket: Bucket) -> list[Statement]:
    read, written = [_SERVING], []
    if spec.capture is not None and spec.kind is EndpointKind.realtime:
        written.append(CAPTURE)
    if spec.kind is EndpointKind.asynchronous:
        read.append(ASYNC)
        written.append(ASYNC)
    if spec.kind is EndpointKind.batch:
        written.append(BATCH)
    statements = [
        Statement(
            sid="ListStore",
            actions=["s3:ListBucket", "s3:GetBucketLocation"],
            resources=[bucket.arn],
        ),
        Statement(
            sid="ReadStore",
            actions=["s3:GetObject"],
            resources=[bucket.objects_arn_of(f"{folder}/*") for folder in read],
        ),
    ]
    if written:
        statements.append(
            Statement(
                sid="WriteStore",
                actions=["s3:PutObject", "s3:AbortMultipartUpload"],
                resources=[bucket.objects_arn_of(f"{folder}/*") for folder in written],
            )
        )
    if spec.batch is not None:
        statements += _source(pulumi.Output.from_input(spec.batch.source))
    return statements


def _source(uri: pulumi.Output[str]) -> list[Statement]:
    def bucket(text: str) -> str:
        return f"arn:{partition()}:s3:::{urlparse(text).netloc}"

    return [
        Statement(
            sid="ListSource",
            actions=["s3:ListBucket", "s3:GetBucketLocation"],
            resources=[uri.apply(bucket)],
        ),
        Statement(
            sid="ReadSource",
            actions=["s3:GetObject"],
            resources=[uri.apply(lambda text: f"{bucket(text)}/{urlparse(text).path.strip('/')}*")],
        ),
    ]


def _logs(groups: Sequence[pulumi.Input[str]]) -> Statement:
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    if groups:
        resources: list[pulumi.Input[str]] = [
            pulumi.Output.concat(group, ending) for group in groups for ending in ("", ":*")
        ]
        return Statement(sid="WriteLogs", actions=actions, resources=resources)
    # The account shares one group among all of its transform jobs; the first one makes it.
    shared = f"arn:{partition()}:logs:*:*:log-group:{_TRANSFORM_LOGS}"
    return Statement(
        sid="WriteLogs",
        actions=["logs:CreateLogGroup", *actions],
        resources=[shared, f"{shared}:*"],
    )
