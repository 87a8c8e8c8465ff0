"""Prediction of a whole table: a one-step pipeline around a transform job, by hand or by the clock.

The plugin keeps a SageMaker Model of the release in production; its name, which every release
changes, is the default of the pipeline's parameter `ModelName`. So the pipeline needs no model of
its own, an execution says which release it used, and another one can be asked for by hand.

Form of the definition: SageMaker Pipelines JSON schema, "Transform step"; arguments: botocore,
`CreateTransformJob`. Read 2026-11-24.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from trimaran_providers.aws.bucket import Bucket, partition
from trimaran_providers.aws.endpoint_definition import BATCH
from trimaran_providers.aws.instance import Use, has_own_disks, instance_type
from trimaran_providers.aws.job_policy import SERVICE
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement
from trimaran_providers.aws.role import render_role
from trimaran_providers.aws.schedule import render_schedule, scheduler_cron
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.errors import Problem, SpecError
from trimaran_providers.contract.spec import EndpointSpec
from trimaran_providers.contract.spec.endpoint import BatchSpec

VERSION = "2020-12-01"
MODEL = "ModelName"
"""Parameter: the model that predicts; its default is that of the release in production."""
SOURCE = "Source"
"""Parameter: the folder whose files are predicted; its default is the spec's."""
_PURPOSE = "batch"
_CSV, _JSON = "text/csv", "application/json"
_PAYLOAD_MB = 100
_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFacts:
    """What a definition is made from, all known.

    Attributes:
        model: name of the model; empty: there is none yet.
        source: URI of the folder.
        output: URI of the folder for results.
        instance: instance type.
        key: ARN of the key; empty: the service's own.
        tags: tags of the jobs.
    """

    model: str
    source: str
    output: str
    instance: str
    key: str
    tags: Mapping[str, str]


def batch_definition(spec: EndpointSpec, facts: BatchFacts) -> str:
    """The pipeline's definition, JSON.

    Each file is one request with one header line, which a job that splits files would lose.
    """
    key = {"KmsKeyId": facts.key} if facts.key else {}
    volume = (
        {"VolumeKmsKeyId": facts.key} if facts.key and not has_own_disks(facts.instance) else {}
    )
    run = {"Get": "Execution.PipelineExecutionId"}
    arguments: dict[str, Any] = {
        "ModelName": {"Get": f"Parameters.{MODEL}"},
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": min(max(math.ceil(spec.limits.max_body_mib), 1), _PAYLOAD_MB),
        "ModelClientConfig": {
            "InvocationsTimeoutInSeconds": min(math.ceil(spec.limits.timeout_seconds), _SECONDS),
            "InvocationsMaxRetries": 1,
        },
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": {"Get": f"Parameters.{SOURCE}"},
                }
            },
            "ContentType": _CSV,
            "SplitType": "None",
            "CompressionType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": {"Std:Join": {"On": "/", "Values": [facts.output, run]}},
            "Accept": _JSON,
            **key,
        },
        "TransformResources": {
            "InstanceType": facts.instance,
            "InstanceCount": max(spec.replicas.min, 1),
            **volume,
        },
        "Tags": [{"Key": k, "Value": v} for k, v in sorted(facts.tags.items())],
    }
    document = {
        "Version": VERSION,
        "Parameters": [
            # Without a default a run has to name a model, and says so when it does not.
            {"Name": MODEL, "Type": "String"}
            | ({"DefaultValue": facts.model} if facts.model else {}),
            {"Name": SOURCE, "Type": "String", "DefaultValue": facts.source},
        ],
        "Steps": [{"Name": "predict", "Type": "Transform", "Arguments": arguments}],
    }
    return json.dumps(document, sort_keys=True)


def refuse_batch(spec: EndpointSpec) -> str | None:
    """Refuse what cannot be rendered, before the first resource.

    Returns:
        The schedule's expression; None: it is started by hand.

    Raises:
        SpecError, UnsupportedError: names the field.
    """
    batch = _batch(spec)
    instance_type(spec.compute, Use.transform, path="endpoint.compute")
    if batch.schedule is None:
        return None
    return scheduler_cron(batch.schedule, path="endpoint.batch.schedule")


def render_batch(
    context: Context,
    spec: EndpointSpec,
    bucket: Bucket,
    model: pulumi.Output[str],
    expression: str | None,
) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    """The pipeline, what may run it, and its schedule, which rests until there is a model.

    Args:
        context: where the component stands.
        spec: the spec's section.
        bucket: the artifact store.
        model: name of the model in production; empty: there is none yet.
        expression: `cron(…)`; None: it is started by hand.

    Returns:
        ARN of the pipeline, and every resource.
    """
    from pulumi_aws import sagemaker

    name = Names.of(context).named(_PURPOSE)
    role = render_role(context, _PURPOSE, SERVICE, _statements(model))
    found = pulumi.Output.all(model, _batch(spec).source, bucket.uri_of(BATCH), key_of(context))
    tags = tags_of(context)
    instance = instance_type(spec.compute, Use.transform, path="endpoint.compute")

    def written(known: list[Any]) -> str:
        facts = BatchFacts(
            model=known[0],
            source=known[1],
            output=known[2],
            instance=instance,
            key=known[3] or "",
            tags=tags,
        )
        return batch_definition(spec, facts)

    pipeline = sagemaker.Pipeline(
        f"{context.name}-batch-pipeline",
        pipeline_name=name,
        pipeline_display_name=name,
        pipeline_description=f"Predictions of {context.model} for whole tables",
        role_arn=role.arn,
        pipeline_definition=found.apply(written),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*role.resources]),
    )
    resources: tuple[pulumi.Resource, ...] = (*role.resources, pipeline)
    if expression is not None:
        resources += render_schedule(
            context,
            "batch-schedule",
            expression=expression,
            timezone=_batch(spec).timezone,
            pipeline=pipeline.arn,
            # Without a release there is no model, and every run would fail for lack of one.
            runs=model.apply(bool),
        )
    return pipeline.arn, resources


def _batch(spec: EndpointSpec) -> BatchSpec:
    if spec.batch is None:
        problem = Problem(
            path="endpoint.batch", what="is missing", allowed="{source: s3://BUCKET/FOLDER}"
        )
        raise SpecError([problem])
    return spec.batch


def _statements(model: pulumi.Output[str]) -> list[Statement]:
    """Running transform jobs of that model; SageMaker names a pipeline's jobs itself."""
    where = f"arn:{partition()}:sagemaker:*:*"
    jobs = f"{where}:transform-job/pipelines-*"
    models = model.apply(lambda name: f"{where}:model/{name.lower() or 'none'}")
    return [
        Statement(
            sid="RunJobs",
            actions=["sagemaker:CreateTransformJob"],
            resources=[jobs, models],
        ),
        Statement(
            sid="SeeJobs",
            actions=[
                "sagemaker:AddTags",
                "sagemaker:DescribeTransformJob",
                "sagemaker:StopTransformJob",
            ],
            resources=[jobs],
        ),
    ]
