"""Azure ML managed online endpoints with a custom container, from Microsoft's documents.

- https://learn.microsoft.com/azure/machine-learning/how-to-deploy-custom-container
- https://learn.microsoft.com/azure/machine-learning/how-to-inference-server-http
- https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints

The first two read 2026-11-25, the last cited from memory.
"""

import json
from collections.abc import Iterator

import pytest

from tests.serving.conftest import Connect
from tests.serving.container import Container, copy_files, running
from tests.serving.releases import ROW
from trimaran_runtime.storage.store import Store

BODY = json.dumps({"instances": [ROW]}).encode()


@pytest.fixture(scope="module")
def server(
    store: Store, release: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """A container whose model was registered as a folder: it is mounted one level further down."""
    work = tmp_path_factory.mktemp("azure")
    mounted = work / "azureml-models" / "flights" / "1"
    copy_files(store, release, mounted / "serving-files")
    environ = {"AZUREML_MODEL_DIR": str(mounted), "TRIMARAN_RELEASE": release}
    with running(work, **environ) as container:
        container.wait()
        yield container


def test_liveness_before_the_model_is_loaded_and_readiness_only_after(
    connect: Connect, server: Container
) -> None:
    # "a server could respond 200 OK to a liveness request before loading a model, and the server
    # could respond 200 OK to a readiness request only after the model is loaded into the memory"
    from trimaran_runtime.serving.application import Application
    from trimaran_runtime.serving.config import ServerConfig

    client = connect()
    client.application = Application(ServerConfig(), {})
    assert client.ask("GET", "/")[0].status == 200
    assert client.ask("GET", "/ping")[0].status == 503
    assert server.first == 503
    assert server.request("GET", "/")[0] == 200
    assert server.request("GET", "/ping")[0] == 200


@pytest.mark.parametrize("route", ["/score", "/invocations"])
def test_the_scoring_route_takes_a_post(server: Container, route: str) -> None:
    # The inference server's routes: liveness `/`, score `/score`, OpenAPI `/swagger.json`.
    status, _, body = server.request("POST", route, BODY, content_type="application/json")
    assert (status, len(json.loads(body)["predictions"])) == (200, 1)


def test_swagger_json_describes_the_routes_whatever_version_is_asked_for(
    server: Container,
) -> None:
    for path in ("/swagger.json", "/swagger.json?version=3"):
        status, headers, body = server.request("GET", path)
        assert (status, headers["content-type"]) == (200, "application/json")
        assert "/score" in json.loads(body)["paths"]


def test_the_callers_id_comes_back_in_both_headers(server: Container) -> None:
    given = "b175f26a-282e-4a28-9e9e-43a1cd7ba52c"
    _, headers, _ = server.request("POST", "/score", BODY, x_ms_client_request_id=given)
    assert headers["x-request-id"] == given
    assert headers["x-ms-client-request-id"] == given
    _, headers, _ = server.request(
        "POST", "/score", BODY, x_ms_client_request_id=given, x_request_id="other"
    )
    assert (headers["x-request-id"], headers["x-ms-client-request-id"]) == ("other", given)


def test_an_error_keeps_its_status_and_says_why(server: Container) -> None:
    # Azure answers 424 and passes the container's status on as
    # ms-azureml-model-error-statuscode, so that the status must be the right one.
    status, _, body = server.request("POST", "/score", b'{"instances": []}')
    assert status == 400
    assert "no row" in json.loads(body)["error"]


def test_sigterm_ends_it(server: Container) -> None:
    # Last in the file: the container is used up.
    assert server.stop() == 0
    assert "Traceback" not in server.log
