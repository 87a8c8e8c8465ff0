"""Answers in the format that a caller accepts, and what is answered when there is none."""

import asyncio
import csv
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from tests.serving.conftest import Client, Connect
from tests.serving.numbers import ARROW, ARROW_FILE, CSV, LINES, NPY
from tests.serving.releases import ROW, publish, regressor, table
from tests.serving.test_serving_capture import lines
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.serving.answers.negotiation import Negotiation
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import CaptureConfig, ServerConfig
from trimaran_runtime.serving.message import Refusal, Response
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.store import Store

BODY = {"instances": [ROW, {**ROW, "carrier": "B6"}]}
EVERY = {**BODY, "parameters": {"probabilities": True}}


@pytest.fixture(scope="module")
def client(store: Store, release: str) -> Client:
    return Client(store, release, ServerConfig())


@pytest.fixture(scope="module")
def regression(store: Store) -> Client:
    release = publish(store, model=regressor(), task="regression", classes=())
    return Client(store, release, ServerConfig())


def answer(client: Client, accept: str, body: Any = BODY) -> Response:
    content = json.dumps(body).encode()
    headers = {"accept": accept}
    return asyncio.run(client.application.handle("POST", "/invocations", headers, content))


def predictions(client: Client, body: Any = BODY) -> list[Any]:
    return json.loads(answer(client, "application/json", body).body)["predictions"]


def test_csv_is_a_label_and_a_probability_a_line(client: Client) -> None:
    response = answer(client, CSV)
    rows = list(csv.reader(io.StringIO(response.body.decode())))
    assert response.content_type == "text/csv; charset=utf-8"
    assert [[json.loads(cell) for cell in row] for row in rows] == [
        [p["label"], p["probability"]] for p in predictions(client)
    ]


def test_csv_of_every_class_has_them_in_order_behind(client: Client) -> None:
    (first, *_) = csv.reader(io.StringIO(answer(client, CSV, EVERY).body.decode()))
    chances = predictions(client, EVERY)[0]["probabilities"]
    assert [float(cell) for cell in first[2:]] == list(chances.values())


def test_csv_of_a_regression_is_a_number_a_line(regression: Client) -> None:
    assert [float(line) for line in answer(regression, CSV).body.split()] == predictions(regression)


@pytest.mark.parametrize("kind", [LINES, "application/x-ndjson"])
def test_json_lines_are_the_predictions_of_json(client: Client, kind: str) -> None:
    response = answer(client, kind)
    assert response.content_type == kind
    assert [json.loads(line) for line in response.body.splitlines()] == predictions(client)


def test_npy_is_the_probability_of_every_class(client: Client) -> None:
    response = answer(client, NPY)
    array = np.load(io.BytesIO(response.body), allow_pickle=False)
    assert (response.content_type, array.dtype, array.shape) == (NPY, np.float64, (2, 2))
    assert array[:, 1].tolist() == [p["probability"] for p in predictions(client)]
    np.testing.assert_allclose(array.sum(axis=1), 1)


def test_npy_of_a_regression_is_a_vector(regression: Client) -> None:
    array = np.load(io.BytesIO(answer(regression, NPY).body), allow_pickle=False)
    assert array.tolist() == predictions(regression)


def test_npy_of_a_model_without_probabilities_is_its_labels(store: Store, connect: Connect) -> None:
    columns = make_column_transformer(("passthrough", ["stops"]))
    model = make_pipeline(columns, LinearSVC()).fit(table(), table()["distance"] > 900)
    client = connect(publish(store, model=model))
    array = np.load(io.BytesIO(answer(client, NPY).body), allow_pickle=False)
    assert array.tolist() == [p["label"] for p in predictions(client)]


@pytest.mark.parametrize(
    ("kind", "read"), [(ARROW, pa.ipc.open_stream), (ARROW_FILE, pa.ipc.open_file)]
)
def test_arrow_has_the_keys_of_json_as_columns(client: Client, kind: str, read: Any) -> None:
    for body in (BODY, EVERY):
        response = answer(client, kind, body)
        assert response.content_type == kind
        assert read(response.body).read_all().to_pylist() == predictions(client, body)


def test_arrow_of_a_regression_is_one_column(regression: Client) -> None:
    answered = pa.ipc.open_stream(answer(regression, ARROW).body).read_all()
    assert answered.to_pydict() == {"prediction": predictions(regression)}


@pytest.mark.parametrize("kind", ["application/json", CSV, LINES, NPY, ARROW])
def test_the_release_is_in_a_header(client: Client, kind: str) -> None:
    assert answer(client, kind).headers["x-trimaran-release"] == client.service.short_id


CHOICES = [
    ("", "application/json"),
    ("*/*", "application/json"),
    ("application/*", "application/json"),
    ("text/*", CSV),
    ("text/csv; charset=utf-8", CSV),
    ("TEXT/CSV", CSV),
    ("application/json;verbose=true", "application/json"),
    ("text/csv, application/json", CSV),
    ("text/csv, */*", CSV),
    ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
    ("application/json;q=0.5, text/csv;q=0.6", CSV),
    ("application/json;q=0, */*", CSV),
    ("text/csv;q=0.2, */*;q=0.1", CSV),
    ("text/*;q=0.9, text/csv;q=0.1, application/x-npy;q=0.5", NPY),
    ("no media range", "application/json"),
    ("text/csv;q=high, application/x-npy", NPY),
]


@pytest.mark.parametrize(("accept", "kind"), CHOICES)
def test_the_format_that_a_caller_likes_best_is_chosen(accept: str, kind: str) -> None:
    assert Negotiation().encoder(accept).media_type == kind


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "text/csv;q=0"])
def test_a_caller_that_takes_no_format_is_told_which_there_are(client: Client, accept: str) -> None:
    response = answer(client, accept)
    allowed = json.loads(response.body)["allowed"].split(", ")
    assert response.status == 406
    assert {"application/json", CSV, LINES, NPY, ARROW, ARROW_FILE} <= set(allowed)


def test_an_error_is_json_whatever_is_accepted(client: Client) -> None:
    response = answer(client, CSV, {})
    assert (response.status, response.content_type) == (400, "application/json")


@given(st.text(alphabet="*/;,=q.01 acjlnopstvx-", max_size=60))
def test_any_accept_header_gets_a_format_or_406(accept: str) -> None:
    negotiation, status = Negotiation(), None
    try:
        chosen = negotiation.encoder(accept)
    except Refusal as refusal:
        chosen, status = None, refusal.status
    assert status == 406 or chosen in negotiation.encoders


@pytest.mark.parametrize(
    ("accept", "kind"),
    [(None, CSV), ("*/*", CSV), ("", CSV), ("application/json", "application/json")],
)
def test_the_environment_names_the_default(client: Client, accept: str | None, kind: str) -> None:
    environ = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv; charset=utf-8"}
    application = Application(ServerConfig(), environ)
    application.serve(Traffic.of(client.service))
    headers = {} if accept is None else {"accept": accept}
    body = json.dumps(BODY).encode()
    response = asyncio.run(application.handle("POST", "/invocations", headers, body))
    assert response.content_type.startswith(kind)


def test_a_default_that_cannot_be_answered_ends_the_start() -> None:
    environ = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/x-recordio-protobuf"}
    with pytest.raises(ConfigError, match="SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"):
        Application(ServerConfig(), environ)


def test_the_record_is_the_same_whatever_is_accepted(store: Store, connect: Connect) -> None:
    client = connect(endpoint="accepting", capture=CaptureConfig())
    for kind in ("application/json", CSV, NPY, ARROW):
        assert answer(client, kind).status == 200
    client.service.capture.close()
    records = lines(store, "accepting")
    assert len(records) == 4
    assert all(record["prediction"] == predictions(client) for record in records)
    assert all(record["request"] == BODY["instances"] for record in records)
