"""The Open Inference Protocol as its clients speak it, against the real process.

Requests are those that Triton's and KServe's clients send (https://github.com/
triton-inference-server/client, https://github.com/kserve/kserve, read 2026-11-25): names of headers
in capitals, no content type beside binary tensors. Field by field it is in test_oip_contract.
"""

import json
from collections.abc import Iterator

import pytest

from tests.serving.container import Container, copy_files, running
from tests.serving.numeric import LABELS, numeric_model, numeric_table, publish_numeric
from tests.serving.tensors import binary, outputs_of, tensor
from trimaran_runtime.storage.store import Store

INFER = "/v2/models/flights/infer"


@pytest.fixture(scope="module")
def server(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    work = tmp_path_factory.mktemp("oip")
    release = publish_numeric(store)
    files = copy_files(store, release, work / "model")
    with running(work, TRIMARAN_RELEASE=release, TRIMARAN_MODEL_DIR=str(files)) as container:
        container.wait()
        yield container
        assert "Traceback" not in container.log


def test_a_client_finds_out_what_it_needs(server: Container) -> None:
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/flights/ready"):
        assert server.request("GET", path)[0] == 200
    described = json.loads(server.request("GET", "/v2/models/flights")[2])
    inputs = [
        {**given, "shape": [1], "data": [1]}
        for given in described["inputs"]
        if given["datatype"] in {"FP64", "INT64"}
    ]
    version = described["versions"][0]
    status, _, body = server.request(
        "POST",
        f"/v2/models/flights/versions/{version}/infer",
        json.dumps({"inputs": inputs}).encode(),
        content_type="application/json",
    )
    assert status == 200
    answered = [{k: o[k] for k in ("name", "datatype")} for o in json.loads(body)["outputs"]]
    assert answered == [{k: o[k] for k in ("name", "datatype")} for o in described["outputs"]]


def test_a_matrix_in_bytes_and_outputs_in_bytes(server: Container) -> None:
    frame = numeric_table(1000)
    document = {
        "id": "b-1",
        "parameters": {"binary_data_output": True},
        "inputs": [tensor("x", "FP64", frame.to_numpy(float).ravel().tolist(), [1000, 3])],
    }
    body, headers = binary(document)
    size = headers["inference_header_content_length"]
    status, named, answer = server.request(
        "POST", INFER, body, Inference_Header_Content_Length=size
    )
    assert status == 200
    assert named["content-type"] == "application/octet-stream"
    assert int(named["content-length"]) == len(answer)
    head = json.loads(answer[: int(named["inference-header-content-length"])])
    assert head["id"] == "b-1"
    assert named["x-request-id"] == "b-1"
    found = outputs_of(answer, int(named["inference-header-content-length"]))
    chances = numeric_model().predict_proba(frame)
    assert found["probabilities"] == pytest.approx(chances.ravel().tolist())
    assert found["label"] == [LABELS[i] for i in chances.argmax(axis=1)]


def test_a_model_and_a_path_of_other_names(server: Container) -> None:
    for path in ("/v2/models/a%2Fb", "/v2/models/%00", "/v2/"):
        status, _, body = server.request("GET", path)
        assert (status, "error" in json.loads(body)) == (404, True)


def test_a_wrong_request_leaves_the_server_as_it_was(server: Container) -> None:
    body, headers = binary({"inputs": [tensor("x", "FP64", [1.0, 2.0, 3.0], [1, 3])]})
    for cut in range(0, len(body), 7):
        assert server.request("POST", INFER, body[:cut], **headers)[0] == 400
    assert server.request("POST", INFER, body, **headers)[0] == 200
