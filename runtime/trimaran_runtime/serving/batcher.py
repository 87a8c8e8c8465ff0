"""Micro-batching without a timer: rows that arrive in one turn of the event loop share a call.

One call of a scikit-learn model costs far more than a row more in it. A lone request waits for
nothing, because the turn ends at once. While a long call runs in the model's one thread, what
arrives meanwhile makes the next batch, and the event loop stays free for /ping.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trimaran_runtime.serving.message import Refusal
from trimaran_runtime.serving.values import Values, first, joined, part

Call = Callable[[Values], list[Any]]
MAX_ROWS = 1024
"""Rows of one batch of several requests; a larger request makes batches of its own."""
_PORTION = 4096
"""Rows of a large request that are predicted in one call. Others get their turn between two: a
hundred thousand rows would make them wait for seconds, and count as a queue that is full."""
_INLINE_ROWS = 64
"""Batches up to this size are predicted on the event loop when the model is fast enough."""
_INLINE_SECONDS = 0.005
"""Longest call that may hold up the event loop: /ping must answer in two seconds under load, and
keeps well within it at five milliseconds a batch."""

_SLOW_SECONDS = 0.05
"""A call on the event loop that took longer was the last one there."""

_Item = tuple[Values, int, "asyncio.Future[list[Any]]"]


class Batcher:
    """Runs a prediction function on the rows of several requests at a time.

    Args:
        call: takes rows by column, returns one prediction per row; must not depend on which rows
            share a call.
        max_queue_rows: rows that may wait before requests are refused.
        max_rows: rows of one batch of several requests; a larger request makes a batch of its own.
    """

    def __init__(self, call: Call, max_queue_rows: int, max_rows: int = MAX_ROWS) -> None:
        self._call, self._max_queue_rows, self._max_rows = call, max_queue_rows, max_rows
        self._queue: deque[_Item] = deque()
        self._waiting_rows = 0
        self._scheduled = False
        self._inline = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="predict")

    @property
    def waiting_rows(self) -> int:
        """Rows that wait for the model now."""
        return self._waiting_rows

    def calibrate(self, values: Values) -> float:
        """Measure a warm call on the largest inline batch, and decide where calls run.

        Args:
            values: one or more rows by column, e.g. the signature's examples.

        Returns:
            Seconds of the call.
        """
        rows = first(values, _INLINE_ROWS)
        self._call(first(values, 1))
        self._call(rows)
        started = time.perf_counter()
        self._call(rows)
        seconds = time.perf_counter() - started
        self._inline = seconds <= _INLINE_SECONDS
        return seconds

    async def submit(self, values: Values, count: int) -> list[Any]:
        """Predictions for the rows of one request.

        Raises:
            Refusal: 429, too many rows wait already.
            Exception: whatever the model raises for these rows.
        """
        if self._waiting_rows > self._max_queue_rows:
            raise Refusal(
                429,
                "too many rows wait for the model",
                given=self._waiting_rows,
                allowed=f"at most {self._max_queue_rows} waiting; try again",
                headers={"retry-after": "1"},
            )
        if count <= _PORTION:
            return await self._queued(values, count)
        predictions: list[Any] = []
        for start in range(0, count, _PORTION):
            end = min(start + _PORTION, count)
            predictions += await self._queued(part(values, start, end), end - start)
        return predictions

    def _queued(self, values: Values, count: int) -> "asyncio.Future[list[Any]]":
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Any]] = loop.create_future()
        self._queue.append((values, count, future))
        self._waiting_rows += count
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._flush, loop)
        return future

    def close(self) -> None:
        """End the model's thread; call when nothing waits any more."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, rows = self._next_batch()
        if not batch:
            self._scheduled = False
        elif self._inline and rows <= _INLINE_ROWS:
            started = time.perf_counter()
            self._settle(batch, self._answers(batch))
            # The examples it was measured on need not be typical: one slow call is enough.
            self._inline = time.perf_counter() - started <= _SLOW_SECONDS
            loop.call_soon(self._flush, loop)
        else:
            done = loop.run_in_executor(self._executor, self._answers, batch)
            done.add_done_callback(lambda answers: self._finish(loop, batch, answers.result()))

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[_Item],
        answers: list[list[Any] | Exception],
    ) -> None:
        self._settle(batch, answers)
        self._flush(loop)

    def _next_batch(self) -> tuple[list[_Item], int]:
        batch: list[_Item] = []
        rows = 0
        while self._queue and (not batch or rows + self._queue[0][1] <= self._max_rows):
            item = self._queue.popleft()
            self._waiting_rows -= item[1]
            # A caller that timed out or went away needs no prediction.
            if not item[2].done():
                batch.append(item)
                rows += item[1]
        return batch, rows

    def _answers(self, batch: list[_Item]) -> list[list[Any] | Exception]:
        if len(batch) == 1:
            return [self._attempt(batch[0][0])]
        together = self._attempt(joined([values for values, _, _ in batch]))
        if isinstance(together, Exception):
            # One request's rows may have done it: its neighbours shall not suffer.
            return [self._attempt(values) for values, _, _ in batch]
        answers: list[list[Any] | Exception] = []
        start = 0
        for _, count, _ in batch:
            answers.append(together[start : start + count])
            start += count
        return answers

    def _attempt(self, values: Values) -> list[Any] | Exception:
        try:
            predictions = self._call(values)
        except Exception as exc:  # noqa: BLE001 - whatever a model raises goes to its own request
            return exc
        if len(predictions) != len(values[0]):
            return ValueError(f"{len(predictions)} predictions for {len(values[0])} rows")
        return predictions

    def _settle(self, batch: list[_Item], answers: list[list[Any] | Exception]) -> None:
        for (_, _, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
