"""How late the event loop is: the queue that no counter of requests can see.

While a prediction or a large body keeps the loop busy, requests pile up in the kernel and in
granian. What a timer is late by is what they wait. Twice in a row: one long call, after which the
loop has caught up, is no overload.
"""

import asyncio

_PERIOD_SECONDS = 0.1


class LoopLag:
    """Measures with a timer, ten times a second."""

    def __init__(self) -> None:
        self._seconds = self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def seconds(self) -> float:
        """What both of the last two timers were late by."""
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
        late = loop.time() - due
        self._seconds, self._last = min(late, self._last), late
        self._schedule(loop)
