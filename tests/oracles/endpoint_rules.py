"""What the requests of one endpoint demand of one another.

Source: Amazon SageMaker AI Developer Guide, "Deployment guardrails", "Shadow variants" and
"Automatic scaling of Amazon SageMaker AI models".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.oracles.api_bodies import Call
from tests.oracles.cron_rules import problem_of
from tests.oracles.finding import Finding

LAYER = "rules"
_MOST_CANARY_PERCENT = 50
_LINEAR_PERCENT = (10, 50)


def check(calls: Sequence[Call]) -> Iterator[Finding]:
    """Everything the requests do to one another."""
    for call in calls:
        if call.operation == "CreateEndpointConfig":
            yield from _config(call.body)
        elif call.operation == "UpdateEndpoint":
            yield from _deployment(call.body.get("DeploymentConfig") or {})
        elif call.operation == "RegisterScalableTarget":
            yield from _bounds(call.body, "RegisterScalableTarget")
        elif call.operation == "PutScheduledAction":
            yield from _bounds(call.body.get("ScalableTargetAction") or {}, "PutScheduledAction")
            problem = problem_of(call.body.get("Schedule", ""), scheduler=True)
            if problem:
                yield _found("PutScheduledAction.Schedule", problem)


def _config(config: Mapping[str, Any]) -> Iterator[Finding]:
    at = "CreateEndpointConfig"
    variants = config.get("ProductionVariants") or []
    shadows = config.get("ShadowProductionVariants") or []
    weights = [variant.get("InitialVariantWeight", 1.0) for variant in variants]
    if sum(weights) <= 0:
        yield _found(f"{at}.ProductionVariants", f"weights {weights} leave nobody the traffic")
    if shadows and (len(variants), len(shadows)) != (1, 1):
        yield _found(f"{at}.ShadowProductionVariants", "goes with one variant and one shadow")
    serverless = any("ServerlessConfig" in variant for variant in variants)
    for name in ("DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId"):
        if serverless and name in config:
            yield _found(f"{at}.{name}", "does not go with a serverless variant")
    for position, variant in enumerate(variants):
        path = f"{at}.ProductionVariants[{position}]"
        if ("ServerlessConfig" in variant) == ("InstanceType" in variant):
            yield _found(path, "has exactly one of ServerlessConfig and InstanceType")
        limits = variant.get("ServerlessConfig") or {}
        ready, most = limits.get("ProvisionedConcurrency", 0), limits.get("MaxConcurrency", 0)
        if ready > most:
            yield _found(f"{path}.ServerlessConfig.ProvisionedConcurrency", f"{ready} > {most}")
    capture = config.get("DataCaptureConfig") or {}
    if capture and not capture.get("CaptureContentTypeHeader"):
        yield _found(f"{at}.DataCaptureConfig", "without content types all is recorded as base64")


def _deployment(deployment: Mapping[str, Any]) -> Iterator[Finding]:
    at = "UpdateEndpoint.DeploymentConfig"
    ways = [n for n in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy") if deployment.get(n)]
    if deployment and len(ways) != 1:
        yield _found(at, "has exactly one of BlueGreenUpdatePolicy and RollingUpdatePolicy")
    policy = deployment.get("BlueGreenUpdatePolicy") or {}
    routing = policy.get("TrafficRoutingConfiguration") or {}
    kind = routing.get("Type")
    for name, needed in (("CanarySize", "CANARY"), ("LinearStepSize", "LINEAR")):
        if (name in routing) != (kind == needed):
            yield _found(f"{at}.{name}", f"goes with {needed}, and only so")
    canary, step = routing.get("CanarySize") or {}, routing.get("LinearStepSize") or {}
    if canary.get("Type") == "CAPACITY_PERCENT" and canary["Value"] > _MOST_CANARY_PERCENT:
        yield _found(f"{at}.CanarySize.Value", f"{canary['Value']} is more than half")
    low, high = _LINEAR_PERCENT
    if step.get("Type") == "CAPACITY_PERCENT" and not low <= step["Value"] <= high:
        yield _found(f"{at}.LinearStepSize.Value", f"{step['Value']} is not from {low} to {high}")


def _bounds(body: Mapping[str, Any], at: str) -> Iterator[Finding]:
    least, most = body.get("MinCapacity"), body.get("MaxCapacity")
    if least is not None and most is not None and least > most:
        yield _found(f"{at}.MinCapacity", f"{least} is more than MaxCapacity {most}")


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
