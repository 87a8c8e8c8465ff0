"""A store with releases, and the server's application without a socket."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.serving.batch_case import Batch
from tests.serving.numbers import publish_numbers
from tests.serving.process import Server
from tests.serving.releases import new_store, publish
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.message import Response
from trimaran_runtime.serving.service import Service, load
from trimaran_runtime.serving.traffic import Traffic
from trimaran_runtime.storage.store import Store


class Client:
    """Asks an application directly; answers are parsed JSON."""

    def __init__(self, store: Store, release: str, config: ServerConfig) -> None:
        self.application = Application(config, {})
        self.service: Service = load(store, release, config, self.application.metrics)
        self.application.serve(Traffic.of(self.service))
        if self.service.capture is not None:
            self.service.capture.start()

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[Response, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = asyncio.run(self.application.handle(method, path, named, body))
        is_json = response.content_type == "application/json"
        return response, json.loads(response.body) if is_json else response.body.decode()

    def predict(self, document: Any, **headers: str) -> tuple[Response, Any]:
        return self.ask("POST", "/invocations", json.dumps(document).encode(), **headers)


Connect = Callable[..., Client]
Start = Callable[..., Server]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="session")
def release(store: Store) -> str:
    return publish(store)


@pytest.fixture
def connect(store: Store, release: str) -> Iterator[Connect]:
    """Makes clients: `connect()`, `connect(release_id, endpoint="x", capture=…)`."""
    clients: list[Client] = []

    def make(release_id: str = release, **config: Any) -> Client:
        clients.append(Client(store, release_id, ServerConfig(**config)))
        return clients[-1]

    yield make
    for client in clients:
        client.service.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serving")


@pytest.fixture(scope="module")
def of_numbers(store: Store) -> str:
    return publish_numbers(store)


@pytest.fixture(scope="module")
def numbers(store: Store, of_numbers: str) -> Client:
    return Client(store, of_numbers, ServerConfig())


@pytest.fixture(scope="module")
def mixed(store: Store, release: str) -> Client:
    return Client(store, release, ServerConfig())


@pytest.fixture
def batch(
    store: Store,
    release: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Batch:
    return Batch(store, release, tmp_path / "out", capsys, caplog)


@pytest.fixture
def start(tmp_path: Path, store: Store, release: str) -> Iterator[Start]:
    """Starts a server: `start()`, `start(release_id, code="…", limits=…)`; one in a test."""
    with ExitStack() as stack:

        def begin(release_id: str = release, code: str = "", **config: Any) -> Server:
            more = []
            if code:
                (tmp_path / "code").mkdir()
                (tmp_path / "code" / "misbehaving.py").write_text(code)
                more = ["--code", str(tmp_path / "code")]
            given = ServerConfig(**config)
            return stack.enter_context(Server.running(tmp_path, store, release_id, given, *more))

        yield begin
