"""SageMaker asynchronous endpoints, from AWS's documents.

- https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
- https://docs.aws.amazon.com/sagemaker/latest/APIReference/
  API_runtime_InvokeEndpointAsync.html

Cited from memory: the pages were not at hand.

SageMaker takes the request from S3 and asks the container as a real-time
endpoint would; what differs are its size and its time.
"""

import json

from tests.serving.conftest import Connect
from tests.serving.releases import ROW
from trimaran_runtime.serving.config import LimitsConfig


def test_the_content_type_of_the_request_is_the_containers(connect: Connect) -> None:
    # ContentType: "The MIME type of the input data in the request body", passed on.
    line = "distance,stops,carrier,weekend,departs\n500,1,AA,false,2013-01-05T08:00:00\n"
    client = connect()
    for kind, body in (("application/json", json.dumps({"instances": [ROW]})), ("text/csv", line)):
        assert client.ask("POST", "/invocations", body.encode(), content_type=kind)[0].status == 200


def test_the_inference_id_and_the_custom_attributes_are_those_of_the_caller(
    connect: Connect,
) -> None:
    # InferenceId: "The identifier for the inference request"; CustomAttributes: see real-time.
    response, _ = connect().predict(
        {"instances": [ROW]},
        x_amzn_sagemaker_inference_id="async-1",
        x_amzn_sagemaker_custom_attributes="a=b",
    )
    assert response.headers["x-request-id"] == "async-1"
    assert response.headers["x-amzn-sagemaker-custom-attributes"] == "a=b"


def test_limits_reach_what_an_asynchronous_endpoint_allows() -> None:
    # Payloads of up to 1 GB, and up to one hour of processing.
    limits = LimitsConfig(max_body_mib=1024, timeout_seconds=3600)
    assert limits.max_body_mib * (1 << 20) >= 10**9


def test_an_error_is_a_body_that_the_error_notification_can_carry(connect: Connect) -> None:
    # A failed request is written to S3FailurePath as the container answered it.
    response, answer = connect().predict({"instances": []})
    assert response.status == 400
    assert response.content_type == "application/json"
    assert set(answer) <= {"error", "field", "given", "allowed"}
