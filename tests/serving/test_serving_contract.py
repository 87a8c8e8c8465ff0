"""What the server promises its callers: routes, bodies, answers, and one clear error each."""

import asyncio
import json
from typing import Any

import jsonschema
import pytest

from tests.serving.conftest import Client, Connect
from tests.serving.releases import ROW, classifier, publish, publish_misbehaving, regressor, table
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import LimitsConfig, ServerConfig
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.store import Store


@pytest.fixture(scope="module")
def client(store: Store, release: str) -> Client:
    return Client(store, release, ServerConfig())


def test_a_prediction_is_the_fitted_models_own(client: Client) -> None:
    rows = json.loads(table().to_json(orient="records", date_format="iso"))
    response, answer = client.predict({"instances": rows})
    expected = classifier().predict_proba(table())
    assert response.status == 200
    assert [p["probability"] for p in answer["predictions"]] == pytest.approx(expected[:, 1])
    assert [p["label"] for p in answer["predictions"]] == (expected[:, 1] > 0.5).tolist()
    assert answer["release"] == client.service.release_id[:12]


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [ROW]},
        {"instances": [dict(reversed(ROW.items()))]},
        {"instances": [list(ROW.values())]},
        {"dataframe_records": [ROW]},
        {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}},
        {"dataframe_split": {"columns": list(ROW)[::-1], "data": [list(ROW.values())[::-1]]}},
        {"instances": [ROW], "parameters": {}},
    ],
    ids=["named", "any order", "listed", "records", "split", "split reordered", "parameters"],
)
def test_every_form_of_a_row_gets_the_same_prediction(client: Client, body: Any) -> None:
    assert client.predict(body)[1] == client.predict({"instances": [ROW]})[1]


def test_csv_gets_the_same_prediction_as_json(client: Client) -> None:
    lines = "carrier,stops,distance,weekend,departs\nAA,1,500,false,2013-01-05T08:00:00\n"
    response, answer = client.ask(
        "POST", "/invocations", b"\xef\xbb\xbf" + lines.encode(), content_type="text/csv"
    )
    assert response.status == 200, answer
    assert answer == client.predict({"instances": [ROW]})[1]


def test_an_empty_csv_cell_is_null(client: Client) -> None:
    lines = "distance,stops,carrier,weekend,departs\n,1,,true,2013-01-05\n"
    response, _ = client.ask("POST", "/invocations", lines.encode(), content_type="text/csv")
    assert response.status == 200


def test_null_is_taken_where_training_had_missing_values(client: Client) -> None:
    assert (
        client.predict({"instances": [{**ROW, "distance": None, "carrier": None}]})[0].status == 200
    )


def test_an_unseen_category_is_the_models_business(client: Client) -> None:
    assert client.predict({"instances": [{**ROW, "carrier": "ZZ"}]})[0].status == 200


def test_a_whole_float_is_an_integer(client: Client) -> None:
    assert client.predict({"instances": [{**ROW, "stops": 1.0}]})[0].status == 200


def test_probabilities_of_every_class_on_request(client: Client) -> None:
    _, answer = client.predict({"instances": [ROW], "parameters": {"probabilities": True}})
    chances = answer["predictions"][0]["probabilities"]
    assert set(chances) == {"false", "true"}
    assert sum(chances.values()) == pytest.approx(1)
    assert chances["true"] == answer["predictions"][0]["probability"]


def test_a_regression_answers_numbers(store: Store, connect: Connect) -> None:
    release = publish(store, model=regressor(), task="regression", classes=())
    _, answer = connect(release).predict({"instances": [ROW, ROW]})
    assert answer["predictions"] == pytest.approx([regressor().predict(table())[1]] * 2)


BAD: list[tuple[str, bytes, str, int, str]] = [
    ("truncated", b'{"instances": [', "application/json", 400, "not JSON"),
    ("empty", b"", "application/json", 400, "not JSON"),
    ("invalid UTF-8", b'{"instances": ["\xff"]}', "application/json", 400, "not JSON"),
    ("NaN literal", b'{"instances": [[NaN, 1, "AA", true, "2013-01-01"]]}', "", 400, "not JSON"),
    ("1e999", b'{"instances": [[1e999, 1, "AA", true, "2013-01-01"]]}', "", 400, ""),
    ("deep", b"[" * 100_000 + b"]" * 100_000, "application/json", 400, "not JSON"),
    ("scalar", b"3", "application/json", 400, "must be an object"),
    ("null", b"null", "application/json", 400, "must be an object"),
    ("no rows key", b"{}", "application/json", 400, "rows are missing"),
    ("two forms", b'{"instances": [], "dataframe_records": []}', "", 400, "given 2 times"),
    ("unknown key", b'{"instances": [], "rows": 1}', "", 400, "unknown key"),
    ("no rows", b'{"instances": []}', "", 400, "no row"),
    ("rows no list", b'{"instances": {"a": 1}}', "", 400, "must be a list"),
    ("ragged", b'{"instances": [[1.0, 1, "AA", true]]}', "", 400, "does not have 5 values"),
    ("mixed rows", b'{"instances": [[1, 1, "A", true, "2013-01-01"], {}]}', "", 400, "row 1"),
    ("row is text", b'{"instances": ["x"]}', "", 400, "objects or lists"),
    ("unknown parameter", b'{"instances": [], "parameters": {"a": 1}}', "", 400, "unknown param"),
    ("split without data", b'{"dataframe_split": {"columns": []}}', "", 400, "columns and data"),
    ("csv empty", b"", "text/csv", 400, "empty"),
    ("csv header only", b"distance,stops,carrier,weekend,departs\n", "text/csv", 400, "no row"),
    ("csv missing column", b"distance\n1\n", "text/csv", 400, "'stops' is missing"),
    ("csv twice", b"stops,stops\n1,1\n", "text/csv", 400, "given twice"),
    (
        "csv nan",
        b"distance,stops,carrier,weekend,departs\nnan,1,AA,true,2013-01-01\n",
        "text/csv",
        400,
        "wrong type",
    ),
    ("form", b"a=b", "application/x-www-form-urlencoded", 415, "unsupported content type"),
    ("latin-1", b"{}", "application/json; charset=latin-1", 415, "charset"),
]


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_bad_body_is_answered_with_one_error(
    client: Client, body: bytes, kind: str, status: int, says: str
) -> None:
    response, answer = client.ask(
        "POST", "/invocations", body, content_type=kind or "application/json"
    )
    assert response.status == status, answer
    assert says in answer["error"]
    assert "Traceback" not in response.body.decode()


@pytest.mark.parametrize(
    ("column", "value", "allowed"),
    [
        ("distance", "far", "a number, or null"),
        ("distance", True, "a number, or null"),
        ("stops", 1.5, "a whole number"),
        ("stops", 2**63, "a whole number"),
        ("stops", None, "a whole number"),
        ("carrier", 7, "text, or null"),
        ("weekend", 1, "true or false"),
        ("departs", "soon", "ISO 8601"),
        ("departs", "0001-01-01T00:00:00+14:00", "ISO 8601"),
        ("distance", [1], "a number, or null"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(
    client: Client, column: str, value: Any, allowed: str
) -> None:
    response, answer = client.predict({"instances": [ROW, {**ROW, column: value}]})
    assert response.status == 400
    assert answer["field"] == column
    assert "row 1" in answer["error"]
    assert allowed in answer["allowed"]


def test_a_missing_and_an_unknown_column_are_named(client: Client) -> None:
    missing = {name: value for name, value in ROW.items() if name != "stops"}
    assert client.predict({"instances": [missing]})[1]["field"] == "stops"
    _, answer = client.predict({"instances": [{**ROW, "speed": 1}]})
    assert answer["field"] == "speed"
    assert "distance, stops, carrier" in answer["allowed"]


def test_the_limits_on_rows_and_bytes(connect: Connect) -> None:
    client = connect(limits=LimitsConfig(max_rows=2, max_body_mib=0.01))
    assert client.predict({"instances": [ROW] * 2})[0].status == 200
    response, answer = client.predict({"instances": [ROW] * 3})
    assert (response.status, answer["given"], answer["allowed"]) == (413, "3", "at most 2")
    response, answer = client.ask("POST", "/invocations", content_length="999999")
    assert (response.status, answer["field"]) == (413, "body")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/ping", 200),
        ("HEAD", "/ping", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/nothing", 404),
        ("GET", "/invocations", 405),
        ("POST", "/ping", 405),
    ],
)
def test_routes(client: Client, method: str, path: str, status: int) -> None:
    assert client.ask(method, path)[0].status == status


def test_before_the_release_is_loaded_only_liveness_answers() -> None:
    client = Client.__new__(Client)
    client.application = Application(ServerConfig(), {})
    assert client.ask("GET", "/")[0].status == 200
    for method, path in [("GET", "/ping"), ("POST", "/invocations"), ("GET", "/openapi.json")]:
        assert client.ask(method, path)[0].status == 503
    assert 'code="503",route="/invocations"' in client.ask("GET", "/metrics")[1]


def test_while_draining_ping_fails_and_predictions_are_answered(connect: Connect) -> None:
    client = connect()
    client.application.is_draining = True
    assert client.ask("GET", "/ping")[0].status == 503
    response, _ = client.predict({"instances": [ROW]})
    assert response.status == 200
    assert response.headers["connection"] == "close"


def test_vertex_names_its_own_routes(connect: Connect) -> None:
    client = connect()
    environ = {"AIP_PREDICT_ROUTE": "/v1/predict", "AIP_HEALTH_ROUTE": "/v1/health"}
    client.application = Application(ServerConfig(), environ)
    client.application.serve(Traffic.of(client.service))
    assert client.ask("GET", "/v1/health")[0].status == 200
    assert (
        client.ask("POST", "/v1/predict", json.dumps({"instances": [ROW]}).encode())[0].status
        == 200
    )


@pytest.mark.parametrize(
    "header", ["x_request_id", "x_amzn_sagemaker_inference_id", "x_ms_client_request_id"]
)
def test_the_callers_request_id_comes_back(client: Client, header: str) -> None:
    assert client.ask("GET", "/ping", **{header: "mine-1"})[0].headers["x-request-id"] == "mine-1"


@pytest.mark.parametrize("given", ["", "a\r\nset-cookie: b", "ä", "x" * 129])
def test_an_id_that_cannot_be_passed_on_is_replaced(client: Client, given: str) -> None:
    answered = client.ask("GET", "/ping", x_request_id=given)[0].headers["x-request-id"]
    assert answered != given
    assert len(answered) == 32


@pytest.mark.parametrize("kind", ["raise", "nan"])
def test_a_failing_model_is_a_500_with_an_id_and_no_traceback(
    store: Store, connect: Connect, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(publish_misbehaving(store, kind))
    response, answer = client.predict({"instances": [{**ROW, "stops": 500}]})
    assert response.status == 500
    assert set(answer) == {"error", "error_id"}
    assert "secret" not in response.body.decode()
    assert answer["error_id"] in caplog.text
    assert client.predict({"instances": [ROW]})[0].status == 200


def test_a_slow_model_is_given_up_after_the_timeout(store: Store, connect: Connect) -> None:
    client = connect(
        publish_misbehaving(store, "sleep", always=True), limits=LimitsConfig(timeout_seconds=0.05)
    )
    response, answer = client.predict({"instances": [{**ROW, "stops": 500}]})
    assert response.status == 503
    assert "0.05 s" in answer["error"]


def test_openapi_describes_the_signature_and_its_example_works(client: Client) -> None:
    _, document = client.ask("GET", "/openapi.json")
    row = document["components"]["schemas"]["Row"]
    assert list(row["properties"]) == list(ROW)
    assert row["properties"]["carrier"]["type"] == ["string", "null"]
    body = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    assert client.predict(body["application/json"]["example"])[0].status == 200


def test_openapi_lists_the_content_types_that_are_taken_and_given(client: Client) -> None:
    _, document = client.ask("GET", "/openapi.json")
    operation = document["paths"]["/invocations"]["post"]
    for kind, media in operation["requestBody"]["content"].items():
        example = media.get("example")
        body = example.encode() if isinstance(example, str) else json.dumps(example).encode()
        response, answer = client.ask("POST", "/invocations", body, content_type=kind)
        # Of a binary format there is no example: it is known, and refuses what is none of it.
        assert response.status == (400 if example is None else 200), answer
    for kind in operation["responses"]["200"]["content"]:
        content = json.dumps({"instances": [ROW]}).encode()
        headers = {"accept": kind}
        response = asyncio.run(client.application.handle("POST", "/invocations", headers, content))
        assert response.status == 200
        assert response.content_type.partition(";")[0] == kind
    listed = client.ask("POST", "/invocations", b"", content_type="image/png")[1]["allowed"]
    assert list(operation["requestBody"]["content"]) == listed.split(", ")


@pytest.mark.parametrize(
    ("body", "is_good"),
    [
        ({"instances": [ROW]}, True),
        ({"inputs": [list(ROW.values())]}, True),
        ({"inputs": {name: [value] for name, value in ROW.items()}}, True),
        ({"dataframe_records": [ROW], "parameters": {"probabilities": True}}, True),
        ({"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}}, True),
        ({"instances": []}, False),
        ({"instances": [ROW], "inputs": [ROW]}, False),
        ({"inputs": [[1, 2]]}, False),
        ({"instances": [{**ROW, "stops": "many"}]}, False),
        ({"rows": [ROW]}, False),
    ],
)
def test_the_schema_of_a_body_says_what_the_server_does(
    client: Client, body: Any, is_good: bool
) -> None:
    _, document = client.ask("GET", "/openapi.json")
    schema = {"$ref": "#/components/schemas/Request", "components": document["components"]}
    assert jsonschema.Draft202012Validator(schema).is_valid(body) is is_good
    assert (client.predict(body)[0].status == 200) is is_good


def test_metrics_count_answers_rows_and_name_the_release(connect: Connect) -> None:
    client = connect()
    client.predict({"instances": [ROW, ROW]})
    client.predict({})
    client.ask("GET", "/x/../etc")
    _, text = client.ask("GET", "/metrics")
    assert 'trimaran_requests_total{code="200",route="/invocations"} 1.0' in text
    assert 'trimaran_requests_total{code="400",route="/invocations"} 1.0' in text
    assert 'trimaran_requests_total{code="404",route="other"} 1.0' in text
    assert f'trimaran_rows_total{{variant="{client.service.short_id}"}} 2.0' in text
    assert client.service.release_id in text
