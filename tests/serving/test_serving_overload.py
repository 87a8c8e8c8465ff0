"""When the server gives up on a request: the caller's deadline, and an event loop that is late."""

import asyncio
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.conftest import Client, Connect
from tests.serving.releases import ROW, publish_misbehaving
from tests.serving.tensors import row_tensors
from trimaran_runtime.serving.config import LimitsConfig
from trimaran_runtime.serving.deadline import seconds_allowed
from trimaran_runtime.serving.loop_lag import LoopLag
from trimaran_runtime.storage.store import Store

ENVOY = "x-envoy-expected-rq-timeout-ms"
"""https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter, cited
from memory: milliseconds that Envoy waits for the answer."""


@given(st.integers(1, 10**9), st.floats(0.01, 3600))
def test_a_deadline_is_the_callers_and_at_most_the_servers(given_ms: int, limit: float) -> None:
    assert seconds_allowed({ENVOY: str(given_ms)}, limit) == min(given_ms / 1000, limit)


@given(st.text(max_size=20) | st.integers(max_value=0).map(str))
def test_what_is_no_number_of_milliseconds_leaves_the_servers_limit(text: str) -> None:
    if not (text.isascii() and text.isdigit() and int(text)):
        assert seconds_allowed({ENVOY: text}, 60) == 60
    assert seconds_allowed({}, 60) == 60


def test_a_slow_model_is_given_up_when_the_proxy_gives_up(store: Store, connect: Connect) -> None:
    client = connect(publish_misbehaving(store, "sleep", always=True))
    response, answer = client.predict({"instances": [ROW]}, x_envoy_expected_rq_timeout_ms="50")
    assert response.status == 503
    assert "0.05 s" in answer["error"]
    assert response.headers["retry-after"] == "1"


def test_rows_whose_caller_gave_up_are_not_predicted(store: Store, connect: Connect) -> None:
    client = connect(publish_misbehaving(store, "sleep", always=True))
    asked: list[int] = []
    call = client.service.batcher._call
    client.service.batcher._call = lambda rows: asked.append(len(rows[0])) or call(rows)
    body = json.dumps({"instances": [ROW]}).encode()

    async def run() -> list[int]:
        ask = client.application.handle
        first = asyncio.ensure_future(ask("POST", "/invocations", {}, body))
        await asyncio.sleep(0.05)
        # The model is busy with the first: these wait for it, and give up.
        late = [ask("POST", "/invocations", {ENVOY: "50"}, body) for _ in range(3)]
        answers = [*await asyncio.gather(*late), await first]
        answers.append(await ask("POST", "/invocations", {}, body))
        return [answer.status for answer in answers]

    assert asyncio.run(run()) == [503, 503, 503, 200, 200]
    assert asked == [1, 1]


def test_the_timeout_of_a_tensor_request_cannot_exceed_the_servers(
    store: Store, connect: Connect
) -> None:
    client = connect(
        publish_misbehaving(store, "sleep", always=True), limits=LimitsConfig(timeout_seconds=0.05)
    )
    document = {"inputs": row_tensors(ROW), "parameters": {"timeout": 10**9}}
    response, answer = client.ask("POST", "/v2/models/flights/infer", json.dumps(document).encode())
    assert response.status == 503
    assert "0.05 s" in answer["error"]


def test_lag_is_what_two_timers_in_a_row_are_late_by() -> None:
    async def run() -> tuple[float, ...]:
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(0.15)
        found = [lag.seconds]
        for _ in range(2):
            time.sleep(0.7)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            found.append(lag.seconds)
        await asyncio.sleep(0.25)
        lag.stop()
        return *found, lag.seconds

    idle, once, twice, after = asyncio.run(run())
    assert twice >= 0.5
    assert max(idle, once, after) < 0.5


@pytest.fixture
def late(connect: Connect) -> Client:
    """A server whose event loop is a second late."""
    client = connect()
    client.application.lag._seconds = 1.0
    return client


@pytest.mark.parametrize("path", ["/invocations", "/score", "/v2/models/flights/infer"])
def test_a_late_loop_sheds_predictions_before_their_body_is_read(late: Client, path: str) -> None:
    response, answer = late.ask("POST", path, b"not even JSON")
    assert (response.status, response.headers["retry-after"]) == (429, "1")
    assert "behind" in answer["error"]
    assert "at most 0.5 s" in answer["allowed"]


@pytest.mark.parametrize(
    "path",
    ["/", "/ping", "/metrics", "/openapi.json", "/docs", "/v2/health/ready", "/v2/models/flights"],
)
def test_health_and_metrics_are_outside_the_limit(late: Client, path: str) -> None:
    assert late.ask("GET", path)[0].status == 200


def test_the_limit_on_lag_is_a_setting(connect: Connect) -> None:
    client = connect(max_lag_seconds=2)
    client.application.lag._seconds = 1.0
    assert client.predict({"instances": [ROW]})[0].status == 200


def test_a_shed_request_is_counted(late: Client) -> None:
    late.predict({"instances": [ROW]})
    _, text = late.ask("GET", "/metrics")
    assert 'trimaran_requests_total{code="429",route="/invocations"} 1.0' in text
