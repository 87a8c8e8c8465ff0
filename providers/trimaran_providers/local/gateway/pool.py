"""The server processes of one variant: started, healed, scaled, chosen from, drained."""

import asyncio
import itertools
import logging
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any

from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.local.gateway.definition import EndpointDefinition
from trimaran_providers.local.gateway.replica import Replica, ServerCommand, Variant
from trimaran_runtime.registry.release import SHORT

LOG = logging.getLogger(__name__)
START_SECONDS = 120.0
"""Longest time a server may take to be ready (SageMaker allows 4 minutes)."""
_BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before a crashed server is started again; the last one repeats."""
_ERROR_SECONDS = 60.0
_HEALTHY_SECONDS = 30.0
"""A server that lived so long starts the backoff anew when it crashes."""


class PoolClosed(Exception):
    """The pool was closed while a request waited for one of its servers."""


class ReplicaPool:
    """The server processes of one variant.

    Args:
        command: how they are started.
        definition: how many there are.

    Attributes:
        crashes: servers that ended on their own.
        on_change: called when a server has come or gone.
    """

    _numbers = itertools.count(1)

    def __init__(self, command: ServerCommand, definition: EndpointDefinition) -> None:
        self._command, self._definition = command, definition
        self._replicas: list[Replica] = []
        self._leaving: set[Replica] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._starting = 0
        self._closing = False
        self._load_seconds = 0.0
        self._in_flight = 0
        self._changed_at = self._used_at = self._scaled_at = self._load_from = time.monotonic()
        self.crashes = self._in_a_row = 0
        self._error, self._error_at = "", float("-inf")
        self.on_change: Callable[[], None] = lambda: None

    @property
    def variant(self) -> Variant:
        """What its servers serve."""
        return self._command.variant

    @property
    def release(self) -> str:
        """Full id of the release."""
        return self._command.variant.release

    @property
    def error(self) -> str:
        """Why a server ended or did not start in the last minute; empty: none did."""
        recent = time.monotonic() - self._error_at < _ERROR_SECONDS
        return self._error if recent else ""

    @property
    def ready(self) -> int:
        """Servers that answer."""
        return len(self._replicas)

    @property
    def in_flight(self) -> int:
        """Requests that are being answered or wait for a server."""
        return self._in_flight

    def follow(self, definition: EndpointDefinition) -> None:
        """Take over another definition's numbers of replicas."""
        self._definition = definition

    async def start(self, count: int) -> None:
        """Start the first servers; raises ResourceError when one does not come up."""
        self._starting += count
        try:
            await asyncio.gather(*(self._add() for _ in range(count)))
        finally:
            self._starting -= count

    async def acquire(self) -> Replica:
        """The server with the fewest requests in flight; waits for one while there is none.

        The caller gives it back with `give_back`.

        Raises:
            PoolClosed: the pool was closed while the caller waited.
        """
        self._account(1)
        try:
            if not self._replicas:
                await self._await_replica()
            replica = min(self._replicas, key=lambda r: r.in_flight)
        except BaseException:
            self._account(-1)
            raise
        replica.in_flight += 1
        return replica

    def give_back(self, replica: Replica) -> None:
        """Give a server back after the answer."""
        replica.in_flight -= 1
        self._account(-1)

    def scale(self) -> None:
        """Start or stop servers as the load asks for; to be called about once a second."""
        wanted, present = self._wanted(), len(self._replicas) + self._starting
        if self._closing:
            return
        now = time.monotonic()
        if wanted > present:
            self._scaled_at = now
            for _ in range(wanted - present):
                self._begin()
        elif wanted < present and self._replicas and not self._starting:
            since = max(self._scaled_at, self._used_at if wanted == 0 else 0.0)
            if now - since >= self._definition.scale_in_cool_down_seconds:
                self._scaled_at = now
                self._spawn(self._remove())

    async def close(self) -> None:
        """Answer what is in flight, then end every server."""
        self._closing = True
        leaving = {*self._replicas, *self._leaving}
        self._replicas.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with self._changed:
            self._changed.notify_all()
        await asyncio.gather(*(replica.stop() for replica in leaving))

    def pids(self) -> list[int]:
        """Process ids of its servers."""
        return [replica.pid for replica in self._replicas]

    def _wanted(self) -> int:
        """How many servers the load of the time since the last call asks for."""
        definition, now = self._definition, time.monotonic()
        self._account(0)
        span = max(now - self._load_from, 1e-3)
        mean = self._load_seconds / span
        self._load_from, self._load_seconds = now, 0.0
        busy = mean > 0 or self._in_flight > 0
        wanted = definition.replicas_min
        if definition.target_concurrency is not None:
            wanted = max(wanted, math.ceil(mean / definition.target_concurrency))
        if definition.replicas_min == 0 and busy:
            wanted = max(wanted, 1)
        return min(wanted, definition.replicas_max)

    def _account(self, change: int) -> None:
        """Add up requests in flight over time: their mean is the concurrency."""
        now = time.monotonic()
        self._load_seconds += self._in_flight * (now - self._changed_at)
        self._changed_at = now
        self._in_flight += change
        if change:
            self._used_at = now

    async def _await_replica(self) -> None:
        if not self._starting and not self._closing:
            self._begin()  # scaled to zero: this request starts a server
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._replicas) or self._closing)
        if not self._replicas:
            raise PoolClosed

    def _begin(self, attempt: int = 0) -> None:
        self._starting += 1
        self._spawn(self._add_later(attempt))

    async def _add_later(self, attempt: int) -> None:
        try:
            await asyncio.sleep(_BACKOFF_SECONDS[attempt])
            await self._add()
        except ResourceError as exc:
            self._record(str(exc))
            self._begin(min(attempt + 1, len(_BACKOFF_SECONDS) - 1))
        finally:
            self._starting -= 1

    async def _add(self) -> None:
        name = f"{self.release[:SHORT]}-{next(self._numbers)}"
        replica = await Replica.start(self._command, name, START_SECONDS)
        LOG.info("server %s is ready: process %d, port %d", name, replica.pid, replica.port)
        self._replicas.append(replica)
        self._spawn(self._watch(replica, time.monotonic()))
        async with self._changed:
            self._changed.notify_all()
        self.on_change()

    async def _watch(self, replica: Replica, born: float) -> None:
        status = await replica.ended()
        if replica not in self._replicas:
            return  # it was told to
        self._replicas.remove(replica)
        self.crashes += 1
        self._in_a_row = 1 if time.monotonic() - born > _HEALTHY_SECONDS else self._in_a_row + 1
        words = replica.last_words()
        self._record(f"its server ended with status {status}" + (f": {words}" if words else ""))
        self._begin(min(self._in_a_row, len(_BACKOFF_SECONDS)) - 1)
        self.on_change()

    async def _remove(self) -> None:
        replica = min(self._replicas, key=lambda r: r.in_flight)
        self._replicas.remove(replica)
        self._leaving.add(replica)
        self.on_change()
        await replica.stop()
        self._leaving.discard(replica)

    def _record(self, error: str) -> None:
        self._error, self._error_at = error[:500], time.monotonic()
        LOG.warning("release %s: %s", self.release[:SHORT], error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
