"""Vertex AI custom containers, from Google's documents.

- https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
- https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec

Seen as excerpts 2026-11-25; the limit of shared endpoints is cited from memory.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving.conftest import Connect
from tests.serving.container import Container, copy_files, running
from tests.serving.fake_gcs import fake_gcs
from tests.serving.releases import ROW
from trimaran_runtime.errors import StoreError
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.container import source_of
from trimaran_runtime.serving.container_port import port_of
from trimaran_runtime.serving.downloaded_release import DownloadedRelease
from trimaran_runtime.serving.metrics import ServerMetrics
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.store import Store

DEFAULT = "/v1/endpoints/123/deployedModels/456:predict"
IDS = {"AIP_ENDPOINT_ID": "123", "AIP_DEPLOYED_MODEL_ID": "456"}
BODY = json.dumps({"instances": [ROW], "parameters": {"probabilities": True}}).encode()


@pytest.fixture(scope="module")
def server(
    store: Store, release: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Container]:
    """A container as Vertex AI starts it, with the model in Cloud Storage."""
    work = tmp_path_factory.mktemp("vertex")
    bucket = work / "artifacts"
    copy_files(store, release, bucket / "models" / "flights")
    environ = {
        **IDS,
        "TRIMARAN_RELEASE": release,
        "AIP_STORAGE_URI": "gs://artifacts/models/flights",
        "AIP_HEALTH_ROUTE": "/health",
        "AIP_PREDICT_ROUTE": "/predict",
        "AIP_MODE": "PREDICTION",
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_PROJECT_NUMBER": "1",
    }
    with ExitStack() as stack:
        environ |= stack.enter_context(fake_gcs(bucket, work / "account.json"))
        container = stack.enter_context(running(work, "AIP_HTTP_PORT", **environ))
        container.wait()
        yield container


def test_it_listens_on_aip_http_port_of_every_address(server: Container) -> None:
    # "Your HTTP server must listen for requests on 0.0.0.0, on a port of your choosing", told by
    # AIP_HTTP_PORT.
    listening = subprocess.run(
        ["/bin/sh", "-c", f"cat /proc/{server.process.pid}/net/tcp"], capture_output=True, text=True
    ).stdout
    assert f" 00000000:{int(server.url.rpartition(':')[2]):04X} " in listening


def test_the_health_route_is_200_only_once_the_model_was_downloaded(server: Container) -> None:
    # A server that is ready for predictions answers 200 OK, any other status means that it is not.
    assert server.first == 503
    assert server.request("GET", "/health")[0] == 200


def test_instances_and_parameters_in_predictions_out(server: Container) -> None:
    # Request {"instances": [...], "parameters": {...}}, response {"predictions": [...]}, content
    # type application/json; one prediction for each instance.
    status, headers, body = server.request(
        "POST", "/predict", BODY, content_type="application/json"
    )
    assert (status, headers["content-type"]) == (200, "application/json")
    (prediction,) = json.loads(body)["predictions"]
    assert set(prediction["probabilities"]) == {"false", "true"}


def test_a_request_is_no_larger_than_endpoints_allow(server: Container) -> None:
    # 1.5 MB on shared endpoints.
    padded = BODY + b" " * (1_500_000 - len(BODY))
    assert server.request("POST", "/predict", padded)[0] == 200


def test_the_description_has_the_routes_that_vertex_asked_for(server: Container) -> None:
    paths = json.loads(server.request("GET", "/openapi.json")[2])["paths"]
    assert set(paths["/health"]) == {"get"}
    assert set(paths["/predict"]) == {"post"}


def test_downloaded_files_are_gone_after_the_end(
    store: Store, release: str, tmp_path: Path
) -> None:
    bucket = tmp_path / "bucket"
    copy_files(store, release, bucket / "m")
    with ExitStack() as stack:
        environ = stack.enter_context(fake_gcs(bucket, tmp_path / "account.json"))
        server = stack.enter_context(
            running(
                tmp_path,
                "AIP_HTTP_PORT",
                TRIMARAN_RELEASE=release,
                AIP_STORAGE_URI="gs://bucket/m/",
                **environ,
            )
        )
        server.wait()
        assert list(tmp_path.glob("trimaran-model-*/manifest.json"))
        assert server.stop() == 0
    assert not list(tmp_path.glob("trimaran-*"))


def application(environ: dict[str, str], connect: Connect) -> Application:
    made = Application(ServerConfig(), environ)
    made.serve(Traffic.of(connect().service))
    return made


def test_health_and_predictions_share_a_default_route(connect: Connect) -> None:
    # predictRoute and healthRoute: "it defaults to the following value [...]
    # /v1/endpoints/ENDPOINT/deployedModels/DEPLOYED_MODEL:predict", from AIP_ENDPOINT_ID and
    # AIP_DEPLOYED_MODEL_ID.
    client = connect()
    client.application = application(IDS, connect)
    assert client.ask("GET", DEFAULT)[1]["status"] == "serving"
    assert client.ask("POST", DEFAULT, BODY)[0].status == 200
    response, _ = client.ask("PUT", DEFAULT)
    assert (response.status, response.headers["allow"]) == (405, "GET, POST")
    assert set(client.ask("GET", "/openapi.json")[1]["paths"][DEFAULT]) == {"get", "post"}


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({**IDS, "AIP_HEALTH_ROUTE": "/h", "AIP_PREDICT_ROUTE": "/p"}, False),
        ({**IDS, "AIP_HEALTH_ROUTE": "/h"}, True),
        ({"AIP_ENDPOINT_ID": "123"}, False),
        ({}, False),
    ],
)
def test_the_default_route_stands_for_what_is_not_set(
    environ: dict[str, str], found: bool, connect: Connect
) -> None:
    client = connect()
    client.application = application(environ, connect)
    assert (client.ask("POST", DEFAULT, BODY)[0].status == 200) == found


def test_the_port_is_8080_unless_it_is_said() -> None:
    assert port_of({"AIP_HTTP_PORT": "7080"}) == 7080
    assert port_of({}) is None


def test_the_files_come_from_the_first_place_that_is_set(release: str) -> None:
    with ExitStack() as stack:
        everything = {
            "TRIMARAN_MODEL_DIR": "/own",
            "AZUREML_MODEL_DIR": "/azure",
            "AIP_STORAGE_URI": "gs://b/m",
        }
        found = []
        for name in [*everything, None]:
            source = source_of(release, everything, stack)
            found.append(
                source.uri if isinstance(source, DownloadedRelease) else str(source.folder)  # type: ignore[attr-defined]
            )
            if name is not None:
                everything[name] = ""
        assert found == ["/own", "/azure", "gs://b/m", "/opt/ml/model"]


def test_a_place_that_cannot_be_read_ends_the_load_with_the_reason(
    release: str, tmp_path: Path
) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    with pytest.raises(StoreError, match="cannot open 'ftp://x'"):
        DownloadedRelease("ftp://x", release, tmp_path, tmp_path).load(
            ServerConfig(), ServerMetrics()
        )
