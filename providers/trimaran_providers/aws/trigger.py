"""Events that start a pipeline: EventBridge rules, and the role that may start it."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement
from trimaran_providers.aws.role import render_role
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context

LONGEST_RULE = 64
"""Characters of a rule's name (botocore, `PutRule`)."""
_RETRIES = 5
_RETRY_SECONDS = 3600


def render_trigger(
    context: Context,
    purpose: str,
    *,
    pattern: pulumi.Input[str],
    pipeline: pulumi.Input[str],
    why: str,
) -> tuple[pulumi.Resource, ...]:
    """A rule whose events start a pipeline.

    Args:
        context: where the component stands.
        purpose: `new-data` or the like; ends the names.
        pattern: event pattern, JSON.
        pipeline: ARN of the pipeline.
        why: what the rule is for, as the console shows it.
    """
    from pulumi_aws import cloudwatch

    start = Statement(
        sid="StartPipeline",
        actions=["sagemaker:StartPipelineExecution"],
        resources=[pipeline],
    )
    role = render_role(context, purpose, "events.amazonaws.com", [start])
    rule = render_rule(context, purpose, pattern, why)
    target = cloudwatch.EventTarget(
        f"{context.name}-{purpose}-target",
        rule=rule.name,
        arn=pipeline,
        role_arn=role.arn,
        sagemaker_pipeline_target=cloudwatch.EventTargetSagemakerPipelineTargetArgs(),
        retry_policy=cloudwatch.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=_RETRY_SECONDS, maximum_retry_attempts=_RETRIES
        ),
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*role.resources]),
    )
    return (*role.resources, rule, target)


def render_rule(context: Context, purpose: str, pattern: pulumi.Input[str], why: str) -> Any:
    """A rule of EventBridge's default bus, without a target yet."""
    from pulumi_aws import cloudwatch

    return cloudwatch.EventRule(
        f"{context.name}-{purpose}",
        name=Names.of(context).named(purpose, LONGEST_RULE),
        description=why,
        event_pattern=pattern,
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def pattern_json(source: str, detail_type: str, detail: Mapping[str, Any]) -> pulumi.Output[str]:
    """An event pattern; values may be outputs."""
    body = {"source": [source], "detail-type": [detail_type], "detail": detail}
    return pulumi.Output.json_dumps(body, sort_keys=True)


def new_data_pattern(bucket: str, prefix: str) -> str:
    """Objects created below a prefix; the bucket has to send its events to EventBridge."""
    detail = {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": prefix}]}}
    body = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
    return json.dumps(body, sort_keys=True)
