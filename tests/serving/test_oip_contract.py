"""The Open Inference Protocol v2 over HTTP, field by field.

- https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/
  inference_rest.md (paths, fields, bodies of the health checks),
- https://github.com/kserve/kserve/blob/master/docs/predict-api/v2/required_api.md (statuses of the
  health checks, tensor data, parameters),
- https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/
  extension_binary_data.html and extension_schedule_policy.html,

all read 2026-11-25.
"""

import asyncio
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.serving.conftest import Client, Connect
from tests.serving.numeric import (
    LABELS,
    NUMERIC,
    numeric_model,
    numeric_table,
    publish_numeric,
)
from tests.serving.releases import ROW, publish, publish_misbehaving, regressor, table
from tests.serving.tensors import DTYPES, binary, outputs_of, row_tensors, tensor
from tests.serving.test_serving_capture import lines
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import CaptureConfig, LimitsConfig, ServerConfig
from trimaran_runtime.serving.message import Response
from trimaran_runtime.storage.store import Store

MODEL = "/v2/models/flights"
INFER = f"{MODEL}/infer"


@pytest.fixture(scope="module")
def client(store: Store, release: str) -> Client:
    return Client(store, release, ServerConfig())


@pytest.fixture(scope="module")
def numeric(store: Store) -> Iterator[Client]:
    client = Client(store, publish_numeric(store), ServerConfig())
    yield client
    client.service.batcher.close()


def infer(client: Client, document: Any, **headers: str) -> tuple[Any, Any]:
    return client.ask("POST", INFER, json.dumps(document).encode(), **headers)


def infer_binary(client: Client, document: Any) -> Any:
    body, headers = binary(document)
    response = ask_raw(client, body, **headers)
    assert response.status == 200, response.body
    size = response.headers.get("inference-header-content-length")
    if size is None:
        return {o["name"]: o["data"] for o in json.loads(response.body)["outputs"]}
    return outputs_of(response.body, int(size))


def ask_raw(client: Client, body: bytes, **headers: str) -> Response:
    """Ask for an answer that need not be text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(client.application.handle("POST", INFER, named, body))


# Health and metadata


def test_health_says_true_with_200(client: Client) -> None:
    assert client.ask("GET", "/v2/health/live")[1] == {"live": True}
    assert client.ask("GET", "/v2/health/ready")[1] == {"live": True, "ready": True}
    short = client.service.short_id
    for path in (MODEL, f"{MODEL}/versions/{short}"):
        response, answer = client.ask("GET", f"{path}/ready")
        assert (response.status, answer) == (200, {"name": "flights", "ready": True})


@pytest.mark.parametrize("state", ["loading", "draining"])
def test_health_says_false_with_4xx_and_liveness_stays_true(connect: Connect, state: str) -> None:
    client = connect()
    if state == "loading":
        client.application = Application(ServerConfig(), {})
    else:
        client.application.is_draining = True
    assert client.ask("GET", "/v2/health/live")[0].status == 200
    for path in ("/v2/health/ready", f"{MODEL}/ready"):
        response, answer = client.ask("GET", path)
        assert (response.status, answer["ready"]) == (400, False)


def test_server_metadata(client: Client) -> None:
    response, answer = client.ask("GET", "/v2")
    assert response.status == 200
    assert set(answer) == {"name", "version", "extensions"}
    # Triton: a server that supports the extension reports its name.
    assert "binary_tensor_data" in answer["extensions"]


def test_model_metadata(client: Client, numeric: Client) -> None:
    _, answer = client.ask("GET", MODEL)
    assert answer["name"] == "flights"
    assert answer["versions"] == [client.service.short_id, client.service.release_id]
    assert isinstance(answer["platform"], str)
    assert answer["inputs"] == [
        {"name": "distance", "datatype": "FP64", "shape": [-1]},
        {"name": "stops", "datatype": "INT64", "shape": [-1]},
        {"name": "carrier", "datatype": "BYTES", "shape": [-1]},
        {"name": "weekend", "datatype": "BOOL", "shape": [-1]},
        {"name": "departs", "datatype": "BYTES", "shape": [-1]},
    ]
    assert answer["outputs"] == [
        {"name": "label", "datatype": "BOOL", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]},
    ]
    assert numeric.ask("GET", MODEL)[1]["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
    ]


@pytest.mark.parametrize("action", ["", "/ready", "/infer"])
@pytest.mark.parametrize(
    "path", ["/v2/models/other", "/v2/models/flights/versions/1", "/v2/models/FLIGHTS"]
)
def test_what_is_not_served_is_404_with_an_error(client: Client, path: str, action: str) -> None:
    method = "POST" if action == "/infer" else "GET"
    response, answer = client.ask(method, path + action, b"{}")
    assert response.status == 404
    assert isinstance(answer["error"], str)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v2", 405),
        ("GET", INFER, 405),
        ("POST", f"{MODEL}/ready", 405),
        ("GET", "/v2/models", 404),
        ("GET", "/v2/models/", 404),
        ("GET", f"{MODEL}/versions", 404),
        ("GET", f"{MODEL}/versions/1/2/3", 404),
        ("GET", f"{MODEL}/ready/now", 404),
        ("GET", f"{MODEL}/", 404),
        ("HEAD", "/v2/health/ready", 200),
    ],
)
def test_other_paths_and_methods(client: Client, method: str, path: str, status: int) -> None:
    assert client.ask(method, path)[0].status == status


# Inference


def test_it_predicts_what_invocations_predicts(client: Client) -> None:
    response, answer = infer(client, {"id": "42", "inputs": row_tensors(ROW)})
    assert response.status == 200, answer
    _, expected = client.predict({"instances": [ROW], "parameters": {"probabilities": True}})
    (row,) = expected["predictions"]
    assert answer == {
        "id": "42",
        "model_name": "flights",
        "model_version": client.service.short_id,
        "outputs": [
            {"name": "label", "datatype": "BOOL", "shape": [1], "data": [row["label"]]},
            {
                "name": "probabilities",
                "datatype": "FP64",
                "shape": [1, 2],
                "data": [row["probabilities"]["false"], row["probabilities"]["true"]],
            },
        ],
    }


def test_without_an_id_there_is_none(client: Client) -> None:
    assert "id" not in infer(client, {"inputs": row_tensors(ROW)})[1]


def test_a_version_is_a_release_in_short_or_in_full(client: Client) -> None:
    body = json.dumps({"inputs": row_tensors(ROW)}).encode()
    for version in (client.service.short_id, client.service.release_id):
        assert client.ask("POST", f"{MODEL}/versions/{version}/infer", body)[0].status == 200


def test_tensors_in_any_order_of_one_or_two_dimensions_flat_or_nested(client: Client) -> None:
    plain = row_tensors(ROW)
    expected = infer(client, {"inputs": plain})[1]
    forms = [
        plain[::-1],
        [{**given, "shape": [1, 1]} for given in plain],
        [{**given, "shape": [1, 1], "data": [given["data"]]} for given in plain],
        # "The server can decide to coerce": a name that only Triton's clients send is ignored.
        [{**given, "parameters": {"content_type": "pd"}} for given in plain],
    ]
    for form in forms:
        assert infer(client, {"inputs": form, "model_name": "flights"})[1] == expected


def test_a_matrix_where_every_column_is_numeric(numeric: Client) -> None:
    frame = numeric_table(7)
    flat = frame.to_numpy(dtype=float).ravel().tolist()
    nested = frame.to_numpy(dtype=float).tolist()
    columns = [
        tensor("width", "FP64", frame["width"].tolist()),
        tensor("height", "FP64", frame["height"].tolist()),
        tensor("count", "INT32", frame["count"].tolist()),
    ]
    answers = [
        infer(numeric, {"inputs": given})[1]["outputs"]
        for given in (
            columns,
            [tensor("input-0", "FP64", flat, [7, 3])],
            [tensor("x", "FP64", nested, [7, 3])],
        )
    ]
    chances = numeric_model().predict_proba(frame)
    assert answers[0][1]["data"] == pytest.approx(chances.ravel().tolist())
    assert answers[0][0]["data"] == [LABELS[i] for i in chances.argmax(axis=1)]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("datatype", sorted(DTYPES.keys() - {"BOOL"}))
def test_every_numeric_datatype_in_json_and_in_bytes(numeric: Client, datatype: str) -> None:
    values = [1, 2, 3, 4, 0, 100]
    if datatype.startswith("FP"):
        # 0.1 has no exact form: JSON is rounded as the bytes are.
        values = [0.1, 2, 3, 0.3, 0, 100]
    document = {"inputs": [tensor("x", datatype, values, [2, 3])]}
    plain = infer(numeric, document)[1]["outputs"]
    exact = np.array(values, dtype=DTYPES[datatype]).astype(float).reshape(2, 3)
    expected = numeric_model().predict_proba(exact).ravel().tolist()
    assert plain[1]["data"] == pytest.approx(expected, abs=1e-12)
    in_bytes = infer_binary(numeric, document)
    assert in_bytes == {output["name"]: output["data"] for output in plain}


def test_null_and_nan_are_missing_where_the_column_may_be(client: Client) -> None:
    missing = infer(client, {"inputs": row_tensors({**ROW, "distance": None, "carrier": None})})
    assert missing[0].status == 200, missing[1]
    gone = row_tensors(ROW)
    gone[0]["data"] = [math.nan]
    assert infer_binary(client, {"inputs": gone}) is not None
    for index, name in ((1, "stops"), (3, "weekend"), (4, "departs")):
        inputs = row_tensors(ROW)
        inputs[index]["data"] = [None]
        response, answer = infer(client, {"inputs": inputs})
        assert (response.status, answer["field"]) == (400, name)
    # In a float tensor of a column that had no missing values.
    inputs = row_tensors(ROW)
    inputs[1] = tensor("stops", "FP32", [math.nan])
    body, headers = binary({"inputs": inputs})
    response = ask_raw(client, body, **headers)
    assert (response.status, json.loads(response.body)["field"]) == (400, "stops")


def test_only_the_outputs_that_are_asked_for_in_that_order(client: Client) -> None:
    def names(*asked: str) -> list[str]:
        document = {"inputs": row_tensors(ROW), "outputs": [{"name": name} for name in asked]}
        return [output["name"] for output in infer(client, document)[1]["outputs"]]

    assert names("probabilities") == ["probabilities"]
    assert names("probabilities", "label") == ["probabilities", "label"]
    assert names() == ["label", "probabilities"]


def test_a_regression_has_one_output(store: Store, connect: Connect) -> None:
    client = connect(publish(store, model=regressor(), task="regression", classes=()))
    (output,) = infer(client, {"inputs": row_tensors(ROW)})[1]["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("prediction", "FP64", [1])
    assert output["data"] == pytest.approx([regressor().predict(table())[1]])


# Binary tensors


@pytest.mark.parametrize(
    ("request_wide", "of_label", "of_probabilities", "expected"),
    [
        (None, None, None, set()),
        (True, None, None, {"label", "probabilities"}),
        (True, False, None, {"probabilities"}),
        (False, None, True, {"probabilities"}),
        (None, True, True, {"label", "probabilities"}),
    ],
)
def test_outputs_come_in_bytes_where_they_are_asked_for_so(
    numeric: Client,
    request_wide: bool | None,
    of_label: bool | None,
    of_probabilities: bool | None,
    expected: set[str],
) -> None:
    def parameters(name: str, value: bool | None) -> dict[str, Any]:
        return {} if value is None else {"parameters": {name: value}}

    plain = {"inputs": [tensor("x", "FP64", [1, 2, 3, 4, 5, 6], [2, 3])]}
    document = {
        **plain,
        **parameters("binary_data_output", request_wide),
        "outputs": [
            {"name": "label", **parameters("binary_data", of_label)},
            {"name": "probabilities", **parameters("binary_data", of_probabilities)},
        ],
    }
    response = ask_raw(numeric, json.dumps(document).encode())
    size = response.headers.get("inference-header-content-length")
    head = json.loads(response.body[: int(size)] if size else response.body)
    in_bytes = {output["name"] for output in head["outputs"] if "data" not in output}
    assert in_bytes == expected
    assert (size is not None) == bool(expected)
    kind = "application/octet-stream" if expected else "application/json"
    assert response.content_type == kind
    assert all("parameters" in o for o in head["outputs"] if o["name"] in expected)
    found = outputs_of(response.body, int(size) if size else len(response.body))
    same = {o["name"]: o["data"] for o in infer(numeric, plain)[1]["outputs"]}
    assert found == same


def test_bytes_in_and_json_in_give_the_same(client: Client) -> None:
    document = {"inputs": row_tensors(ROW), "parameters": {"binary_data_output": True}}
    plain = infer(client, {"inputs": row_tensors(ROW)})[1]["outputs"]
    assert infer_binary(client, document) == {o["name"]: o["data"] for o in plain}


def test_inputs_may_be_mixed_and_bytes_are_in_the_order_of_the_inputs(client: Client) -> None:
    inputs = row_tensors(ROW)
    head = {"inputs": [{**given} for given in inputs]}
    tail = b""
    for index, content in ((0, struct.pack("<d", ROW["distance"])), (2, b"\x02\0\0\0AA")):
        del head["inputs"][index]["data"]
        head["inputs"][index]["parameters"] = {"binary_data_size": len(content)}
        tail += content
    text = json.dumps(head).encode()
    response = ask_raw(client, text + tail, inference_header_content_length=str(len(text)))
    assert json.loads(response.body)["outputs"] == infer(client, {"inputs": inputs})[1]["outputs"]


# Refusals: every one is a 4xx with `error`


def changed(index: int, **fields: Any) -> dict[str, Any]:
    inputs = row_tensors(ROW)
    inputs[index] = {**inputs[index], **fields}
    return {"inputs": inputs}


BAD: dict[str, tuple[Any, int, str]] = {
    "no object": ([], 400, "must be an object"),
    "no inputs": ({}, 400, "no inputs"),
    "inputs no list": ({"inputs": {}}, 400, "no inputs"),
    "input no object": ({"inputs": [1]}, 400, "is no object"),
    "no name": ({"inputs": [{}]}, 400, "has no name"),
    "no datatype": ({"inputs": [{"name": "x"}]}, 400, "unknown datatype"),
    "unknown datatype": (changed(0, datatype="fp64"), 400, "unknown datatype"),
    "datatype no text": (changed(0, datatype=["FP64"]), 400, "unknown datatype"),
    "no shape": (changed(0, shape=None), 400, "shape is no list"),
    "shape of booleans": (changed(0, shape=[True]), 400, "shape is no list"),
    "shape of floats": (changed(0, shape=[1.0]), 400, "shape is no list"),
    "no dimension": (changed(0, shape=[]), 400, "unsupported shape"),
    "three dimensions": (changed(0, shape=[1, 1, 1]), 400, "unsupported shape"),
    "negative": (changed(0, shape=[-1, -1]), 400, "unsupported shape"),
    "no row": (changed(0, shape=[0], data=[]), 400, "no row"),
    "lying shape": (changed(0, shape=[2]), 400, "do not fit its shape"),
    "more than the shape": (changed(0, data=[1.0, 2.0]), 400, "do not fit its shape"),
    "lying matrix": (changed(0, shape=[1, 10**12]), 400, "do not fit its shape"),
    "lying nesting": (changed(0, shape=[1, 2], data=[[1.0]]), 400, "do not fit its shape"),
    "too many rows": (changed(0, shape=[10**18]), 413, "too many rows"),
    "data missing": (changed(0, data=None), 400, "data of inputs[0] are missing"),
    "data no list": (changed(0, data="1"), 400, "are missing"),
    "text in FP64": (changed(0, data=["1"]), 400, "is no FP64"),
    "boolean in FP64": (changed(0, data=[True]), 400, "is no FP64"),
    "float in INT64": (changed(1, data=[1.0]), 400, "is no INT64"),
    "beyond INT8": (changed(1, datatype="INT8", data=[128]), 400, "is no INT8"),
    "beyond UINT8": (changed(1, datatype="UINT8", data=[-1]), 400, "is no UINT8"),
    "beyond FP32": (changed(0, datatype="FP32", data=[1e39]), 400, "is no FP32"),
    "beyond 64 bits": (changed(1, datatype="UINT64", data=[2**64 - 1]), 400, "64 bits"),
    "number in BOOL": (changed(3, data=[1]), 400, "is no BOOL"),
    "number in BYTES": (changed(2, data=[1]), 400, "is no BYTES"),
    "BOOL for text": (changed(2, datatype="BOOL", data=[True]), 400, "wrong type"),
    "no time": (changed(4, data=["soon"]), 400, "not a time"),
    "unknown input": (changed(0, name="speed"), 400, "unknown input"),
    "missing input": ({"inputs": row_tensors(ROW)[:4]}, 400, "'departs' is missing"),
    "given twice": ({"inputs": row_tensors(ROW) * 2}, 400, "given twice"),
    "ragged": (changed(1, shape=[2], data=[1, 2]), 400, "another number of rows"),
    "two columns": (changed(0, shape=[1, 2], data=[1, 2]), 400, "is one column"),
    "matrix of text": ({"inputs": [tensor("x", "FP64", [1.0] * 5, [1, 5])]}, 400, "neither a col"),
    "id no text": ({"id": 1, "inputs": row_tensors(ROW)}, 400, "id is no text"),
    "parameters no object": ({"parameters": [], "inputs": []}, 400, "parameters are no object"),
    "timeout no number": ({"parameters": {"timeout": "1"}, "inputs": []}, 400, "timeout"),
    "timeout negative": ({"parameters": {"timeout": -1}, "inputs": []}, 400, "timeout"),
    "outputs no list": ({"outputs": {}, "inputs": []}, 400, "outputs are no list"),
    "unknown output": ({"outputs": [{"name": "x"}], "inputs": []}, 400, "unknown output"),
    "output no object": ({"outputs": [[]], "inputs": []}, 400, "unknown output"),
    "output twice": ({"outputs": [{"name": "label"}] * 2, "inputs": []}, 400, "asked for twice"),
    "classification": (
        {"outputs": [{"name": "label", "parameters": {"classification": 2}}], "inputs": []},
        400,
        "classification is not supported",
    ),
    "shared memory": (
        changed(0, parameters={"shared_memory_region": "r"}),
        400,
        "shared_memory_region is not supported",
    ),
    "bytes without bytes": (
        changed(0, data=None, parameters={"binary_data_size": 8}) | {"id": "x"},
        400,
        "both data and binary",
    ),
}


@pytest.mark.parametrize(("document", "status", "says"), BAD.values(), ids=BAD)
def test_a_bad_request_is_answered_with_one_error(
    client: Client, document: Any, status: int, says: str
) -> None:
    response, answer = infer(client, document)
    assert response.status == status, answer
    assert says in answer["error"]


@pytest.mark.parametrize(
    ("size", "content", "says"),
    [
        ("7", b"\0" * 7, "do not fit its shape"),
        ("8", b"\0" * 7, "are not there"),
        ("8", b"\0" * 9, "longer than its tensors"),
        ("9223372036854775807", b"\0" * 8, "are not there"),
        ("-1", b"\0" * 8, "binary_data_size"),
        ("1.5", b"\0" * 8, "binary_data_size"),
        ("8", struct.pack("<d", math.inf), "is no FP64"),
    ],
)
def test_binary_data_that_do_not_fit_are_refused(
    numeric: Client, size: str, content: bytes, says: str
) -> None:
    text = '{"inputs": [{"name": "width", "datatype": "FP64", "shape": [1], "parameters": '
    head = (text + f'{{"binary_data_size": {size}}}}}]}}').encode()
    response = ask_raw(numeric, head + content, inference_header_content_length=str(len(head)))
    assert response.status == 400
    assert says in json.loads(response.body)["error"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01\0\0",
        b"\x05\0\0\0abcd",
        b"\xff\xff\xff\xffab",
        b"\x01\0\0\0\xff",
        b"\x01\0\0\0a\x01\0\0\0b",
    ],
    ids=["empty", "half a length", "short", "huge", "no UTF-8", "one too many"],
)
def test_text_in_bytes_is_read_by_its_lengths_only(client: Client, content: bytes) -> None:
    inputs = row_tensors(ROW)
    del inputs[2]["data"]
    inputs[2]["parameters"] = {"binary_data_size": len(content)}
    head = json.dumps({"inputs": inputs}).encode()
    response = ask_raw(client, head + content, inference_header_content_length=str(len(head)))
    assert response.status == 400
    assert json.loads(response.body)["field"] == "inputs[2]"


@pytest.mark.parametrize("given", ["-1", "x", "1.0", "", "99999999", "9" * 400, "²"])
def test_a_wrong_length_of_the_json_object_is_refused(client: Client, given: str) -> None:
    body = json.dumps({"inputs": row_tensors(ROW)}).encode()
    response = ask_raw(client, body, inference_header_content_length=given)
    assert response.status == 400
    assert json.loads(response.body)["field"] == "inference-header-content-length"


def test_a_body_of_another_kind_is_415(client: Client) -> None:
    assert infer(client, {"inputs": []}, content_type="text/csv")[0].status == 415


# What it shares with /invocations


def test_limits_capture_and_counters_are_those_of_invocations(
    store: Store, connect: Connect
) -> None:
    client = connect(
        endpoint="oip",
        capture=CaptureConfig(),
        rotate_seconds=0.1,
        limits=LimitsConfig(max_rows=2),
    )
    assert infer(client, {"id": "mine", "inputs": row_tensors(ROW)})[0].status == 200
    wide = [{**t, "shape": [3], "data": t["data"] * 3} for t in row_tensors(ROW)]
    assert infer(client, {"inputs": wide})[0].status == 413
    client.ask("GET", f"/v2/models/{'x' * 50}/ready")
    client.ask("GET", f"/v2/models/{'x' * 50}/infer")
    _, text = client.ask("GET", "/metrics")
    assert 'code="200",route="/v2/models/{model}/infer"} 1.0' in text
    assert 'code="413",route="/v2/models/{model}/infer"} 1.0' in text
    assert 'code="404",route="/v2/models/{model}/ready"} 1.0' in text
    assert 'code="405",route="/v2/models/{model}/infer"} 1.0' in text
    assert "xxx" not in text
    assert f'trimaran_rows_total{{variant="{client.service.short_id}"}} 1.0' in text
    assert client.service.capture is not None
    client.service.capture.close()
    (recorded,) = lines(store, "oip")
    assert recorded["event_id"] == "mine"
    assert recorded["request"] == [ROW]
    assert recorded["prediction"] == client.predict({"instances": [ROW]})[1]["predictions"]


def test_the_callers_timeout_in_microseconds_counts(store: Store, connect: Connect) -> None:
    client = connect(publish_misbehaving(store, "sleep", always=True))
    slow = {"inputs": row_tensors(ROW)}
    # Zero is the server's own timeout.
    assert infer(client, {**slow, "parameters": {"timeout": 0}})[0].status == 200
    response, answer = infer(client, {**slow, "parameters": {"timeout": 50_000}})
    assert response.status == 503
    assert "0.05 s" in answer["error"]


def test_a_failing_model_is_a_500_with_an_id(store: Store, connect: Connect) -> None:
    client = connect(publish_misbehaving(store, "raise"))
    response, answer = infer(client, {"inputs": row_tensors({**ROW, "stops": 500})})
    assert response.status == 500
    assert set(answer) == {"error", "error_id"}


def test_the_matrix_has_the_columns_in_the_order_of_the_metadata(numeric: Client) -> None:
    assert [t["name"] for t in numeric.ask("GET", MODEL)[1]["inputs"]] == [f.name for f in NUMERIC]
    response, answer = infer(numeric, {"inputs": [tensor("x", "FP64", [1.0, 2.0], [1, 2])]})
    assert response.status == 400
    assert "width, height, count" in answer["allowed"]
