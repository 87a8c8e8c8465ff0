"""How late the event loop is: the queue that no counter of requests can see.

While a prediction or a large body keeps the loop busy, requests pile up in the kernel and in
granian. What a timer is late by is what they wait.
"""

import asyncio

_PERIOD_SECONDS = 0.1


class LoopLag:
    """Measures with a timer, ten times a second."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def seconds(self) -> float:
        """What the last timer was late by."""
        return self._seconds

    def start(self) -> None:
        """Start to measure the running loop."""
        self._schedule(asyncio.get_running_loop())

    def stop(self) -> None:
        """End the measuring."""
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + _PERIOD_SECONDS
        self._timer = loop.call_at(due, self._tick, loop, due)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._seconds = loop.time() - due
        self._schedule(loop)
