"""The requests that our own plugin makes of AWS, as its inputs foretell them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracles import botocore_shapes
from tests.oracles.api_bodies import Call
from tests.oracles.endpoint_rules import check as check_endpoint
from tests.oracles.finding import Finding, Rendered, judged
from trimaran_providers.aws.endpoint_bodies import bodies
from trimaran_providers.aws.endpoint_definition import EndpointDefinition

ENDPOINT = "trimaran:aws:Endpoint"
_RELEASE, _SHADOW = "a" * 64, "b" * 64
_SCALING = "application-autoscaling"


def check(resource: Rendered) -> list[Finding]:
    """Everything that the services would refuse of a resource of the plugin."""
    text = resource.inputs.get("definition", "")
    if resource.type != ENDPOINT or not judged(text):
        return []
    calls = list(calls_of(json.loads(text)))
    found = []
    for call in calls:
        for finding in botocore_shapes.check(call.service, call.operation, call.body):
            path = f"{call.operation}.{finding.path}"
            found.append(Finding(layer=finding.layer, path=path, what=finding.what))
    return [*found, *check_endpoint(calls)]


def calls_of(document: Mapping[str, Any]) -> Iterator[Call]:
    """Every request that brings an endpoint to a release, and then to another."""
    definition = EndpointDefinition.model_validate(document)
    wanted = bodies(definition, _RELEASE, _SHADOW)
    for model in wanted.models:
        yield Call(service="sagemaker", operation="CreateModel", body=model)
    if wanted.config is None:
        return
    yield Call(service="sagemaker", operation="CreateEndpointConfig", body=wanted.config)
    yield Call(service="sagemaker", operation="CreateEndpoint", body=wanted.create_endpoint())
    yield Call(service="sagemaker", operation="UpdateEndpoint", body=wanted.update_endpoint(1))
    if wanted.component is not None:
        body = wanted.component
        yield Call(service="sagemaker", operation="CreateInferenceComponent", body=body)
        body = wanted.update_component(1)
        yield Call(service="sagemaker", operation="UpdateInferenceComponent", body=body)
    if definition.scaling is None:
        return
    scaling = definition.scaling
    yield Call(service=_SCALING, operation="RegisterScalableTarget", body=scaling.target)
    for policy in scaling.policies:
        yield Call(service=_SCALING, operation="PutScalingPolicy", body=policy)
    for action in scaling.actions:
        yield Call(service=_SCALING, operation="PutScheduledAction", body=action)


def rollback_alarms(resource: Rendered) -> list[str]:
    """Names of the alarms that an endpoint's deployment looks at."""
    text = resource.inputs.get("definition", "")
    if resource.type != ENDPOINT or not judged(text):
        return []
    return list(EndpointDefinition.model_validate_json(text).rollback_alarms)
