"""The walk of a service's shapes sees what botocore's own validator does not."""

from typing import Any

import botocore.validate
import pytest

from tests.oracles.api_table import CALLS
from tests.oracles.botocore_shapes import check, compiled, operation_of, service_of
from trimaran.recorder import SECRET, UNKNOWN

SERVICES = sorted({service for calls in CALLS.values() for service, _, _ in calls})
ROLE = "arn:aws:iam::123456789012:role/toy"


def paths(service: str, operation: str, body: dict[str, Any]) -> list[str]:
    return [finding.path for finding in check(service, operation, body)]


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_services_can_be_read(service: str) -> None:
    model = service_of(service)
    for name in model.shape_names:
        pattern = model.shape_for(name).metadata.get("pattern")
        if pattern:
            compiled(pattern)


def test_a_pair_of_surrogates_is_one_sign() -> None:
    assert compiled(r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF]*").fullmatch("a😀")
    assert not compiled(r"[\u0020-\uD7FF]*").fullmatch("a😀")


def test_what_botocore_lets_pass_is_found() -> None:
    body = {"EndpointName": "toy_1", "EndpointConfigName": "x" * 64, "Tags": [{"Key": "a"}]}
    passed = {**body, "Tags": [{"Key": "a", "Value": "b"}]}
    shape = operation_of("sagemaker", "CreateEndpoint").input_shape
    assert not botocore.validate.ParamValidator().validate(passed, shape).has_errors()
    found = sorted(paths("sagemaker", "CreateEndpoint", body))
    # Of the second name both the length and the pattern are wrong.
    assert found == ["EndpointConfigName"] * 2 + ["EndpointName", "Tags[0].Value"]


def test_a_union_has_exactly_one_member() -> None:
    def message(**content: Any) -> dict[str, Any]:
        return {"modelId": "m", "messages": [{"role": "user", "content": [content]}]}

    assert paths("bedrock-runtime", "Converse", message(text="a")) == []
    assert paths("bedrock-runtime", "Converse", message()) == ["messages[0].content[0]"]
    two = message(text="a", guardContent={"text": {"text": "b"}})
    assert paths("bedrock-runtime", "Converse", two) == ["messages[0].content[0]"]


def test_a_shape_that_holds_itself_ends_with_the_body() -> None:
    nested: dict[str, Any] = {"And": [{"Tags": {"Key": "a", "Values": ["b"]}}]}
    for _ in range(50):
        nested = {"And": [nested]}
    body = {"TimePeriod": {"Start": "2026-01-01", "End": "2026-02-01"}, "Granularity": "DAILY"}
    body |= {"Metrics": ["UnblendedCost"], "Filter": nested}
    assert paths("ce", "GetCostAndUsage", body) == []
    deepest = nested
    while "And" in deepest:
        deepest = deepest["And"][0]
    deepest["Tags"]["Vlaues"] = []
    [found] = paths("ce", "GetCostAndUsage", body)
    assert found.endswith(".Tags.Vlaues")


def test_what_the_sdk_fills_in_is_not_missing() -> None:
    body = {"PipelineName": "toy", "PipelineDefinition": "{}", "RoleArn": ROLE}
    assert paths("sagemaker", "CreatePipeline", body) == []
    assert paths("sagemaker", "CreatePipeline", {"PipelineName": "toy"}) == ["RoleArn"]


@pytest.mark.parametrize("mark", [SECRET, UNKNOWN, f"arn:{UNKNOWN}/x"])
def test_what_nobody_knows_is_not_judged(mark: str) -> None:
    assert paths("sagemaker", "CreatePipeline", {"PipelineName": "toy", "RoleArn": mark}) == []


def test_numbers_are_not_truths() -> None:
    body = {"ServiceNamespace": "sagemaker", "ResourceId": "r", "MinCapacity": True}
    body |= {"ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    assert paths("application-autoscaling", "RegisterScalableTarget", body) == ["MinCapacity"]
