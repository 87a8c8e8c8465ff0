"""Large bodies are read apart, so that the event loop answers others; small ones on the spot."""

import asyncio
import gc
import json
import threading
import time

import pytest

from tests.serving.conftest import Client, Connect
from tests.serving.numbers import CSV, NAMES
from trimaran_runtime.serving.call import Call
from trimaran_runtime.serving.large_body import LARGE_BYTES, LARGE_ROWS, LargeBodies
from trimaran_runtime.serving.message import Refusal

MIB = 1 << 20
LINES = 60_000
AS_CSV = b"1.234567890123456,0.12345678901234,2.34567890123\n" * LINES
TENSORS = json.dumps(
    {
        "inputs": [
            {"name": n, "datatype": "FP64", "shape": [LINES], "data": [0.5] * LINES} for n in NAMES
        ]
    }
).encode()


@pytest.fixture
def client(connect: Connect, of_numbers: str) -> Client:
    return connect(of_numbers)


def longest_pause(client: Client, path: str, kind: str, body: bytes) -> tuple[int, float, float]:
    """Status, longest time in which nothing else got a turn of the event loop, and all of it."""

    async def run() -> tuple[int, float, float]:
        pauses, done = [0.0], False

        async def others() -> None:
            last = time.perf_counter()
            while not done:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                pauses.append(now - last)
                last = now

        task = asyncio.ensure_future(others())
        await asyncio.sleep(0.01)
        started = time.perf_counter()
        headers = {"content-type": kind}
        response = await client.application.handle("POST", path, headers, body)
        took = time.perf_counter() - started
        done = True
        await task
        return response.status, max(pauses), took

    # The server spares what is loaded from the collector; here that is the whole of pytest.
    gc.disable()
    try:
        return asyncio.run(run())
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/invocations", CSV, AS_CSV),
        ("/v2/models/flights/infer", "application/json", TENSORS),
    ],
    ids=["CSV", "tensors"],
)
def test_a_large_body_leaves_the_event_loop_to_others(
    client: Client, path: str, kind: str, body: bytes
) -> None:
    assert len(body) > LARGE_BYTES
    status, pause, took = longest_pause(client, path, kind, body)
    assert status == 200
    assert pause < took / 2


def test_a_small_body_and_a_small_answer_cost_no_thread(client: Client) -> None:
    rows = [[1.0, 2.0, 3.0]] * 500
    for _ in range(3):
        assert client.predict({"instances": rows})[0].status == 200
    assert not any(thread.name.startswith("bodies") for thread in _new_threads(client))
    # A small body of many rows has a large answer.
    many = b'{"instances":[' + b",".join([b"[1,2,3]"] * (LARGE_ROWS + 1)) + b"]}"
    assert len(many) < LARGE_BYTES
    assert client.ask("POST", "/invocations", many)[0].status == 200
    assert any(thread.name.startswith("bodies") for thread in _new_threads(client))


def _new_threads(client: Client) -> set[threading.Thread]:
    return set(client.application.bodies._thread._threads)


def test_the_deadline_holds_while_a_body_is_read(client: Client) -> None:
    headers = {"content-type": CSV, "x-envoy-expected-rq-timeout-ms": "5"}

    async def run() -> tuple[int, float]:
        started = time.perf_counter()
        response = await client.application.handle("POST", "/invocations", headers, AS_CSV)
        return response.status, time.perf_counter() - started

    whole = longest_pause(client, "/invocations", CSV, AS_CSV)[2]
    status, took = asyncio.run(run())
    assert status == 503
    assert took < whole


def call() -> Call:
    return Call(
        route=None,  # type: ignore[arg-type]  # not looked at
        headers={},
        request_id="",
        is_named=False,
        arrived=0,
        started=0,
        deadline=0,
    )


def test_so_many_bytes_of_large_bodies_are_held_and_no_more() -> None:
    bodies = LargeBodies(100 * MIB)
    first, second, third = call(), call(), call()
    for size in (MIB, 50 * MIB, 100 * MIB):
        bodies.hold(first, size)
    bodies.hold(second, 100 * MIB)
    bodies.hold(third, 56 * MIB)
    with pytest.raises(Refusal) as refused:
        bodies.hold(third, 56 * MIB + 1)
    assert (refused.value.status, refused.value.headers["retry-after"]) == (429, "1")
    bodies.release(first)
    bodies.hold(third, 100 * MIB)
    with pytest.raises(Refusal, match="too large") as refused:
        bodies.hold(third, 100 * MIB + 1)
    assert refused.value.status == 413
    for each in (first, second, third):
        bodies.release(each)
    bodies.hold(call(), 100 * MIB)


def test_the_largest_body_is_always_taken_alone() -> None:
    bodies = LargeBodies(1024 * MIB)
    bodies.hold(call(), 1024 * MIB)
