"""The application behind ASGI, for servers other than granian."""

import asyncio

import httpx
import pytest

from tests.serving.conftest import Client, Connect
from tests.serving.releases import ROW
from trimaran_runtime.serving import adapters
from trimaran_runtime.serving.adapters import Asgi
from trimaran_runtime.serving.config import LimitsConfig


@pytest.fixture
def client(connect: Connect) -> Client:
    return connect(limits=LimitsConfig(max_body_mib=0.01))


def ask(client: Client, method: str, path: str, **request: object) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(Asgi(client.application))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as session:
            return await session.request(method, path, **request)  # type: ignore[arg-type]

    return asyncio.run(run())


def test_a_prediction_and_its_headers(client: Client) -> None:
    answer = ask(client, "POST", "/invocations", json={"instances": [ROW]})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.json()["release"] == client.service.short_id


def test_a_body_without_a_length_is_counted_while_it_arrives(client: Client) -> None:
    async def endless() -> object:
        while True:
            yield b"x" * 1000

    answer = ask(client, "POST", "/invocations", content=endless())
    assert answer.status_code == 413
    assert "at most 10485 bytes" in answer.json()["allowed"]


def test_a_body_that_does_not_arrive_is_given_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "BODY_SECONDS", 0.05)

    async def stuck() -> object:
        yield b"{"
        await asyncio.sleep(10)

    assert ask(client, "POST", "/invocations", content=stuck()).status_code == 408


def test_a_refused_request_is_not_read(client: Client) -> None:
    assert ask(client, "GET", "/nothing").status_code == 404
    assert ask(client, "DELETE", "/ping").headers["allow"] == "GET"
