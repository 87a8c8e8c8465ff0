"""What SageMaker says of an endpoint's state, told to the alerts when it is bad."""

import json
from typing import Any

import pulumi

from trimaran_providers.aws.names import Names
from trimaran_providers.aws.trigger import pattern_json, render_rule
from trimaran_providers.contract.cloud import Context

# "Events that Amazon SageMaker AI sends to Amazon EventBridge", read 2026-11-24; events spell the
# states of `DescribeEndpoint` in capitals.
_TYPE = "SageMaker Endpoint State Change"
_BAD = ("FAILED", "OUT_OF_SERVICE", "ROLLING_BACK", "UPDATE_ROLLBACK_FAILED")
_PATHS = {"status": "$.detail.EndpointStatus", "time": "$.time"}


def render_endpoint_events(context: Context, topic: pulumi.Input[str]) -> tuple[Any, ...]:
    """A rule that tells the topic of an endpoint that failed, or is going back.

    Args:
        context: where the component stands.
        topic: ARN of the topic.
    """
    from pulumi_aws import cloudwatch

    pattern = pattern_json(
        "aws.sagemaker",
        _TYPE,
        {"EndpointName": [Names.of(context).endpoint], "EndpointStatus": list(_BAD)},
    )
    rule = render_rule(context, "endpoint-down", pattern, "Tells when the endpoint fails")
    sentence = f"The endpoint of {context.model} is <status> since <time>"
    target = cloudwatch.EventTarget(
        f"{context.name}-endpoint-down-target",
        rule=rule.name,
        arn=topic,
        input_transformer=cloudwatch.EventTargetInputTransformerArgs(
            input_paths=dict(_PATHS), input_template=json.dumps(sentence)
        ),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return rule, target
