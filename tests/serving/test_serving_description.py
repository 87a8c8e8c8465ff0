"""What the server says about itself: every route is described, every description is a route."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import jsonschema
import pytest

from tests.serving.conftest import Client, Connect
from tests.serving.numeric import publish_numeric
from tests.serving.releases import publish, regressor
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.storage.store import Store

METHODS = {"get": "GET", "post": "POST"}


@pytest.fixture(scope="module")
def client(store: Store, release: str) -> Client:
    return Client(store, release, ServerConfig())


@pytest.fixture(scope="module")
def document(client: Client) -> Any:
    return client.ask("GET", "/openapi.json")[1]


def test_every_described_route_answers_and_every_route_is_described(
    client: Client, document: Any
) -> None:
    described = set()
    for path, item in document["paths"].items():
        concrete = path.replace("{version}", client.service.short_id)
        for method in item.keys() & METHODS.keys():
            response, _ = client.ask(METHODS[method], concrete, b"{}")
            assert response.status not in {404, 405, 500}, (method, path)
            described.add((METHODS[method], path))
    # The answer to an unknown path names every route.
    _, refusal = client.ask("GET", "/nothing")
    known = client.ask("GET", "/nothing")[0]
    assert known.status == 404
    routes = client.application._routes
    labels = {(m, p) for p, by in routes._exact.items() for m in by}
    labels |= {(r.method, r.label.replace("{model}", "flights")) for r in routes._models.values()}
    assert described == labels
    assert refusal["error"] == "no such route"


def test_examples_of_bodies_are_answered_and_answers_fit_their_schemas(
    store: Store, connect: Connect, client: Client
) -> None:
    regression = connect(publish(store, model=regressor(), task="regression", classes=()))
    for asked in (client, connect(publish_numeric(store)), regression):
        spec = asked.ask("GET", "/openapi.json")[1]
        for path, item in spec["paths"].items():
            concrete = path.replace("{version}", asked.service.short_id)
            for method in item.keys() & METHODS.keys():
                operation = item[method]
                media = operation.get("requestBody", {}).get("content", {})
                body = media.get("application/json", {}).get("example")
                content = b"" if body is None else json.dumps(body).encode()
                response, answer = asked.ask(METHODS[method], concrete, content)
                assert response.status == 200, (path, answer)
                described = operation["responses"]["200"]["content"]
                assert response.content_type in described, path
                schema = described[response.content_type]["schema"]
                jsonschema.validate(
                    answer,
                    {**schema, "components": spec["components"]},
                    jsonschema.Draft202012Validator,
                )


def test_a_refusal_fits_the_schema_of_errors(client: Client, document: Any) -> None:
    schema = {"$ref": "#/components/schemas/Error", "components": document["components"]}
    for path in ("/invocations", "/v2/models/flights/infer"):
        response, answer = client.ask("POST", path, b"{}")
        assert str(response.status) in document["paths"][path]["post"]["responses"]
        jsonschema.validate(answer, schema, jsonschema.Draft202012Validator)


def test_swagger_json_is_the_same_document(client: Client, document: Any) -> None:
    assert client.ask("GET", "/swagger.json")[1] == document


def test_the_page_is_one_file_that_asks_nobody_else(client: Client) -> None:
    response, page = client.ask("GET", "/docs")
    assert (response.status, response.content_type) == (200, "text/html; charset=utf-8")
    assert "/openapi.json" in page
    # No address with a host, no file beside it, no way from text to HTML.
    assert not re.search(r"https?:|//\w+\.|@import|url\(|\bsrc=|<link", page)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", page)


def test_its_policy_lets_only_its_own_script_run(client: Client) -> None:
    response, page = client.ask("GET", "/docs")
    policy = dict(
        part.strip().split(" ", 1)
        for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for element in ("script", "style"):
        (content,) = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert policy[f"{element}-src"] == f"'sha256-{digest}'"


def test_the_page_is_there_before_the_release_is_loaded(client: Client) -> None:
    from trimaran_runtime.serving.application import Application

    other = Client.__new__(Client)
    other.application = Application(ServerConfig(), {})
    assert other.ask("GET", "/docs")[0].status == 200
    assert other.ask("GET", "/openapi.json")[0].status == 503
