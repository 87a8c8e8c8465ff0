"""Micro-batching: requests of one turn share a call, and do not suffer for each other."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from trimaran_runtime.serving.batcher import Batcher
from trimaran_runtime.serving.message import Refusal


class Doubling:
    """Predicts twice the only column; remembers its calls."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls: list[int] = []
        self.seconds = seconds
        self.threads: set[str] = set()

    def __call__(self, values: Sequence[list[Any]]) -> list[Any]:
        self.calls.append(len(values[0]))
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        if "bad" in values[0]:
            raise ValueError("bad row")
        return [2 * value for value in values[0]]


def submit_all(batcher: Batcher, requests: list[list[Any]]) -> list[Any]:
    async def run() -> list[Any]:
        work = (batcher.submit([rows], len(rows)) for rows in requests)
        return await asyncio.gather(*work, return_exceptions=True)

    return asyncio.run(run())


def test_requests_of_one_turn_share_a_call_and_get_their_own_answers() -> None:
    call = Doubling()
    batcher = Batcher(call, max_queue_rows=1000)
    batcher.calibrate([[1]])
    call.calls.clear()
    answers = submit_all(batcher, [[1, 2], [3], [4, 5, 6]])
    assert answers == [[2, 4], [6], [8, 10, 12]]
    assert call.calls == [6]


def test_a_bad_request_does_not_fail_its_neighbours() -> None:
    batcher = Batcher(Doubling(), max_queue_rows=1000)
    good, bad, other = submit_all(batcher, [[1], ["bad"], [2]])
    assert (good, other) == ([2], [4])
    assert isinstance(bad, ValueError)


def test_a_batch_stops_growing_at_its_limit() -> None:
    call = Doubling()
    submit_all(Batcher(call, max_queue_rows=10_000), [[1] * 1000, [2] * 20, [3] * 10])
    assert call.calls == [1020, 10]


def test_a_large_request_is_predicted_in_portions_and_answered_as_a_whole() -> None:
    for rows in ([list(range(10_000))], np.arange(10_000.0).reshape(1, -1)):
        call = Doubling()
        batcher = Batcher(call, max_queue_rows=10_000)
        answer = asyncio.run(batcher.submit(rows, 10_000))
        assert answer == [2 * value for value in range(10_000)]
        assert call.calls == [4096, 4096, 1808]


def test_others_get_their_turn_between_the_portions_of_large_requests() -> None:
    call = Doubling(seconds=0.01)
    batcher = Batcher(call, max_queue_rows=5000)
    finished: list[int] = []

    async def ask(rows: list[int]) -> None:
        assert await batcher.submit([rows], len(rows)) == [2 * value for value in rows]
        finished.append(len(rows))

    async def run() -> None:
        large = [asyncio.create_task(ask([1] * 100_000)) for _ in range(2)]
        await asyncio.sleep(0.03)
        # 200,000 rows are being answered, and this one is neither refused nor last.
        await ask([1, 2])
        assert finished == [2]
        await asyncio.gather(*large)

    asyncio.run(run())
    assert sum(call.calls) == 200_002


def test_the_rest_of_a_large_request_is_not_predicted_for_a_caller_that_gave_up() -> None:
    call = Doubling(seconds=0.02)
    batcher = Batcher(call, max_queue_rows=5000)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await batcher.submit([[1] * 100_000], 100_000)

    asyncio.run(run())
    assert 1 <= len(call.calls) < 10


def test_a_slow_model_runs_in_its_thread_and_the_loop_stays_free() -> None:
    call = Doubling(seconds=0.02)
    batcher = Batcher(call, max_queue_rows=1000)
    batcher.calibrate([[1]])
    call.threads.clear()

    async def run() -> float:
        work = asyncio.create_task(batcher.submit([[1]], 1))
        await asyncio.sleep(0)
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        held_up = time.perf_counter() - started
        await work
        return held_up

    assert asyncio.run(run()) < 0.015
    assert all(name.startswith("predict") for name in call.threads)


def test_one_slow_call_on_the_loop_is_the_last_one_there() -> None:
    call = Doubling()
    batcher = Batcher(call, max_queue_rows=1000)
    batcher.calibrate([[1]])
    call.seconds = 0.06
    call.threads.clear()
    submit_all(batcher, [[1]])
    assert call.threads == {threading.current_thread().name}
    submit_all(batcher, [[1]])
    assert len(call.threads) == 2


def test_too_many_waiting_rows_are_refused_but_never_a_lone_request() -> None:
    batcher = Batcher(Doubling(), max_queue_rows=5)
    first, second, third = submit_all(batcher, [[1] * 6, [2], [3]])
    assert first == [2] * 6
    for refused in (second, third):
        assert isinstance(refused, Refusal)
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")


def test_a_model_that_loses_rows_is_an_error() -> None:
    batcher = Batcher(lambda values: [1], max_queue_rows=10)
    (answer,) = submit_all(batcher, [[1, 2]])
    assert isinstance(answer, ValueError)


def test_a_caller_that_went_away_is_not_predicted_for() -> None:
    call = Doubling()
    batcher = Batcher(call, max_queue_rows=10)

    async def run() -> None:
        gone = asyncio.create_task(batcher.submit([["bad"]], 1))
        stays = asyncio.create_task(batcher.submit([[1]], 1))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == [2]
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(run())


def test_matrices_of_one_turn_share_a_call_and_get_their_own_answers() -> None:
    shapes: list[tuple[int, int]] = []

    def call(values: Any) -> list[Any]:
        shapes.append(values.shape)
        assert (values.dtype, values.flags.c_contiguous) == (np.float64, True)
        return list(values.sum(axis=0).tolist())

    batcher = Batcher(call, max_queue_rows=1000)
    batcher.calibrate(np.array([[1.0], [2.0]]))
    assert shapes == [(2, 1), (2, 64), (2, 64)]

    async def run() -> list[Any]:
        parts = (np.array([[1.0, 2.0], [10.0, 20.0]]), np.array([[3.0], [30.0]]))
        return await asyncio.gather(*(batcher.submit(part, part.shape[1]) for part in parts))

    assert asyncio.run(run()) == [[11.0, 22.0], [33.0]]
    assert shapes[3:] == [(2, 3)]
