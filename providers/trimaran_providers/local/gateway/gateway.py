"""One endpoint of the local cloud: socket, files and loops around controller and proxy."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from trimaran_providers.contract.errors import CorruptedError, PortTakenError
from trimaran_providers.local.gateway.controller import Controller
from trimaran_providers.local.gateway.definition import FILE as DEFINITION
from trimaran_providers.local.gateway.definition import (
    EndpointDefinition,
    digest,
    read_definition,
)
from trimaran_providers.local.gateway.metrics import GatewayMetrics
from trimaran_providers.local.gateway.proxy import Proxy
from trimaran_providers.local.gateway.router import WINDOW_SECONDS, Router
from trimaran_providers.local.gateway.status import (
    GatewayStatus,
    Phase,
    Window,
    read_status,
    write_status,
)

LOG = logging.getLogger(__name__)
_DEFINITION_SECONDS = 0.25
_CHANNEL_SECONDS = 0.5
_SCALE_SECONDS = 1.0
_STATUS_SECONDS = 1.0
_DRAIN_SECONDS = 20.0
_DRAIN_POLL_SECONDS = 0.02
_LAST_ASKED_SECONDS = 1.0
"""Longest wait for callers with an open connection to learn that it closes."""
_PREPARE_SECONDS = 3.0
_BACKLOG = 1024


class Gateway:
    """Runs until it is told to stop, or its definition is gone.

    Args:
        directory: the endpoint's folder.
        definition: the endpoint's definition.

    Raises:
        PortTakenError: somebody else listens on the wanted port.
    """

    def __init__(self, directory: Path, definition: EndpointDefinition) -> None:
        before = _last_status(directory)
        self._directory = directory
        self._listener = _bound(definition.port, before.port if before else 0)
        self._port = self._listener.getsockname()[1]
        self._started = self._since = datetime.now(UTC)
        self._phase = Phase.waiting
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._router, self._metrics = Router(), GatewayMetrics()
        self._controller = Controller(
            directory, definition, self._router, before, self._changed.set
        )
        self._proxy = Proxy(
            self._router, self._metrics, lambda: self._controller.definition, self.status
        )

    async def run(self) -> None:
        """Listen and follow, until SIGTERM or SIGINT, or until the definition is gone."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        server = web.Server(self._proxy.handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._proxy.open()
        await runner.setup()
        site = web.SockSite(runner, self._listener, backlog=_BACKLOG)
        await site.start()
        LOG.info("listening on port %d, process %d", self._port, os.getpid())
        self._write()
        async with asyncio.TaskGroup() as loops:
            tasks = [loops.create_task(loop_) for loop_ in self._loops()]
            await self._stop.wait()
            for task in tasks:
                task.cancel()
        self._proxy.is_draining = True
        await site.stop()
        await self._drain(server)
        await runner.cleanup()
        await self._proxy.close()
        await self._controller.close()
        self._controller.phase = Phase.stopped
        self._write()
        LOG.info("stopped")

    def status(self) -> GatewayStatus:
        """What it says about itself now."""
        controller, shares = self._controller, self._router.shares
        if controller.phase != self._phase:
            self._phase, self._since = controller.phase, datetime.now(UTC)
        errors = [controller.error, controller.store_error, *(s.pool.error for s in shares)]
        return GatewayStatus(
            pid=os.getpid(),
            port=self._port,
            url=f"http://127.0.0.1:{self._port}",
            phase=controller.phase,
            production=controller.production.release if controller.production else None,
            definition=digest(controller.definition),
            weights=_sums((share.pool.release, share.weight) for share in shares),
            replicas=_sums((share.pool.release, share.pool.ready) for share in shares),
            started=self._started,
            since=self._since,
            error=next((error for error in errors if error), ""),
            rollouts=controller.rollouts,
            window=self._window(),
        )

    def _window(self) -> Window:
        total, last = self._router.window(), self._router.last_request_at
        return Window(
            seconds=WINDOW_SECONDS,
            requests=total.requests,
            errors_5xx=total.errors,
            p50_ms=total.quantile_ms(0.5),
            p99_ms=total.quantile_ms(0.99),
            last_request_at=datetime.fromtimestamp(last, UTC) if last else None,
        )

    def _loops(self) -> tuple[Coroutine[Any, Any, None], ...]:
        return self._follow_files(), self._follow_channel(), self._tell(), self._prepare()

    async def _prepare(self) -> None:
        """Get ready for the first release while waiting for it, but not in anybody's way."""
        await asyncio.sleep(_PREPARE_SECONDS)
        await self._controller.open()

    async def _follow_files(self) -> None:
        """Take over a changed definition; end when it is gone."""
        while True:
            await asyncio.sleep(_DEFINITION_SECONDS)
            try:
                definition = read_definition(self._directory)
            except CorruptedError:
                LOG.exception("the definition cannot be read; the one before stays in force")
                continue
            if definition is None:
                LOG.info("the definition is gone")
                self._stop.set()
                return
            if definition != self._controller.definition:
                LOG.info("the definition has changed")
                self._controller.follow(definition)
                await self._controller.step()

    async def _follow_channel(self) -> None:
        scaled = time.monotonic()
        while True:
            await self._controller.step()
            if time.monotonic() - scaled >= _SCALE_SECONDS:
                scaled = time.monotonic()
                self._controller.scale()
            await asyncio.sleep(_CHANNEL_SECONDS)

    async def _tell(self) -> None:
        """Write the status at once when it changes, and at least every second."""
        while True:
            self._changed.clear()
            self._write()
            try:
                async with asyncio.timeout(_STATUS_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _write(self) -> None:
        if not (self._directory / DEFINITION).exists():
            return  # the folder is being deleted: it must not come back
        try:
            write_status(self._directory, self.status())
        except OSError:
            LOG.exception("the status cannot be written")

    async def _drain(self, server: web.Server) -> None:
        """Answer what is in flight, and close every connection with an answer."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        # A caller with an open connection may be about to ask: its next answer closes it.
        asked = time.monotonic() + _LAST_ASKED_SECONDS
        while server.connections and time.monotonic() < asked:
            await asyncio.sleep(_DRAIN_POLL_SECONDS)
        while self._proxy.in_flight and time.monotonic() < deadline:
            await asyncio.sleep(_DRAIN_POLL_SECONDS)


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sums by release: while its configuration changes, a release has two pools."""
    sums: Counter[str] = Counter()
    for release, number in pairs:
        sums[release] += number
    return dict(sums)


def _bound(wanted: int, kept: int) -> socket.socket:
    """A socket on the wanted port; when any will do, on the one before if it is still free."""
    for port in [wanted] if wanted else [kept, 0]:
        try:
            return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        except OSError as exc:
            error = exc
    raise PortTakenError(f"port {wanted} is taken: {error}", where="endpoint.port")


def _last_status(directory: Path) -> GatewayStatus | None:
    try:
        return read_status(directory)
    except CorruptedError:
        return None  # written again in a moment
