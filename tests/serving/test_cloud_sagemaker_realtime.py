"""SageMaker real-time endpoints, from AWS's documents.

- https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
- https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html

read 2026-11-25. How the process starts, loads and refuses is in test_sagemaker_server.
"""

import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests.serving.container import Container, copy_files, running
from tests.serving.releases import ROW
from trimaran_runtime.storage.store import Store

BODY = json.dumps({"instances": [ROW]}).encode()
JSON = "application/json"


@pytest.fixture(scope="module")
def server(
    store: Store, release: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    work = tmp_path_factory.mktemp("realtime")
    files = copy_files(store, release, work / "model")
    with running(work, TRIMARAN_RELEASE=release, TRIMARAN_MODEL_DIR=str(files)) as container:
        container.wait()
        yield container


def test_ping_is_200_and_within_two_seconds(server: Container) -> None:
    # "respond with an HTTP 200 status code"; "The request timeout on /ping attempts is 2 seconds."
    started = time.monotonic()
    assert server.request("GET", "/ping")[0] == 200
    assert time.monotonic() - started < 2


def test_a_socket_is_accepted_within_250_ms(server: Container) -> None:
    # "must accept socket connection requests within 250 ms"
    port = int(server.url.rpartition(":")[2])
    started = time.monotonic()
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert time.monotonic() - started < 0.25


def test_post_invocations_answers_whoever_sends_other_headers(server: Container) -> None:
    # "SageMaker might add additional headers. Inference containers must be able to safely ignore
    # these additional headers."
    extra = {"x_amzn_sagemaker_target_model": "m", "x_new_header": "é;=,", "accept": "*/*"}
    status, headers, body = server.request("POST", "/invocations", BODY, content_type=JSON, **extra)
    assert status == 200
    assert headers["content-type"] == JSON
    assert len(json.loads(body)["predictions"]) == 1


def test_custom_attributes_come_back_verbatim(server: Container) -> None:
    # CustomAttributes: "an opaque value that is forwarded verbatim"; "no more than 1024 visible
    # US-ASCII characters"; "If your code does not set this value in the response, an empty value
    # is returned."
    given = 'trace=1; b="c, d"' + "x" * 1000
    _, headers, _ = server.request(
        "POST", "/invocations", BODY, x_amzn_sagemaker_custom_attributes=given
    )
    assert headers["x-amzn-sagemaker-custom-attributes"] == given
    for unusable in ("x" * 1025, "tab\tinside"):
        _, headers, _ = server.request(
            "POST", "/invocations", BODY, x_amzn_sagemaker_custom_attributes=unusable
        )
        assert "x-amzn-sagemaker-custom-attributes" not in headers


def test_the_inference_id_is_the_id_of_the_request(server: Container) -> None:
    # InferenceId: at most 64 characters, pattern \A\S[\p{Print}]*\z.
    given = "i" * 64
    _, headers, _ = server.request(
        "POST", "/invocations", BODY, x_amzn_sagemaker_inference_id=given
    )
    assert headers["x-request-id"] == given


def test_a_wrong_body_is_a_4xx_that_says_why(server: Container) -> None:
    # The caller gets a ModelError with this status, and the body as its OriginalMessage.
    status, _, body = server.request("POST", "/invocations", b"{}", content_type=JSON)
    assert status == 400
    assert "rows are missing" in json.loads(body)["error"]


def test_a_body_of_invoke_endpoint_fits(server: Container) -> None:
    # The body of InvokeEndpoint has at most 6291456 bytes.
    padded = BODY + b" " * (6_291_456 - len(BODY))
    assert server.request("POST", "/invocations", padded, content_type=JSON)[0] == 200
    assert server.announce("/invocations", 6_291_457) == 413


def test_sigterm_ends_it_within_30_seconds(
    store: Store, release: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # "sends the SIGTERM signal, then it sends the SIGKILL signal 30 seconds later"
    work = tmp_path_factory.mktemp("sigterm")
    files = copy_files(store, release, work / "model")
    with running(work, TRIMARAN_RELEASE=release, TRIMARAN_MODEL_DIR=str(files)) as container:
        container.wait()
        assert container.first == 503
        assert container.stop() == 0
