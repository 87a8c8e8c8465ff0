"""One process that serves releases: socket, start, reload, drain.

granian's embedded server is used because it runs in this very process: its usual server starts a
child per worker, which a kill of the parent would leave behind.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from granian.constants import HTTPModes
from granian.http import HTTP1Settings
from granian.server.embed import Server

from trimaran_runtime.serving.adapters import Rsgi
from trimaran_runtime.serving.application import Application
from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.serving.listener import Listener
from trimaran_runtime.serving.rpc.beside import Beside, listening
from trimaran_runtime.serving.served import Served
from trimaran_runtime.serving.source import Source
from trimaran_runtime.serving.traffic import Traffic

LOG = logging.getLogger(__name__)
_BACKLOG = 1024
_HEADER_MS = 5_000
"""A caller that drips its headers is cut off after this time, ms."""
_LAST_SECONDS = 0.1
"""Time for connections that were accepted last to send what they came for."""
_HEADER_BYTES = 128 << 10
"""Headers above this are answered 431; also what is read of a body at a time."""
_COLLECT = (10_000, 10, 20)
"""Objects that are new before the youngest are looked at, and how many times that for the older
(gc.set_threshold): 2,000,000 that stayed, until all are."""
_IN_FLIGHT_SECONDS = 20.0
"""Longest wait for requests in flight; SageMaker kills 30 s after SIGTERM, and the last records
have to be written too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What one server process is started with."""

    source: Source
    """Where the releases come from."""
    config: ServerConfig
    host: str = "127.0.0.1"
    port: int = 0
    """0: a free one."""
    ready: Path | None = None
    """File that is written when predictions are answered: `{"port", "pid", "release"}`, and
    `grpc_port` where there is one."""
    grpc_port: int | None = None
    """Port of the Open Inference Protocol over gRPC; 0: a free one; None: it is not spoken."""


async def run(launch: Launch) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    Raises:
        OSError: the port is taken.
        RuntimeFault: the release cannot be loaded.
    """
    application = Application(launch.config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # Liveness answers while the model loads: it can take longer than a probe waits.
    listener = socket.create_server((launch.host, launch.port), backlog=_BACKLOG)
    listener.setblocking(False)
    port = listener.getsockname()[1]
    server = _Granian(application, listener)
    beside = await listening(application, launch.host, launch.grpc_port)
    serving = loop.create_task(server.serve())
    try:
        traffic = await asyncio.to_thread(launch.source.load, launch.config, application.metrics)
    except BaseException:
        # granian's threads abort the process when the interpreter ends under them.
        server.end()
        await beside.stop(0)
        await asyncio.wait([serving], timeout=_IN_FLIGHT_SECONDS)
        raise
    served = Served(application, launch.source, launch.config)
    served.take(traffic)
    _keep_what_is_loaded()
    application.lag.start()
    _announce(launch, traffic, {"port": port, **beside.named})
    watching = loop.create_task(served.watch())
    await asyncio.wait([serving, loop.create_task(stop.wait())], return_when="FIRST_COMPLETED")
    watching.cancel()
    await _drain(application, served, server, serving, launch.config.drain_seconds, beside)


def _keep_what_is_loaded() -> None:
    """Spare the garbage collector what stays for as long as the server runs.

    A large body makes a hundred thousand lists, and every few of them it would look at all objects
    of all libraries: 50 to 150 ms each time, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


async def _drain(
    application: Application,
    served: Served,
    server: "_Granian",
    serving: "asyncio.Task[None]",
    seconds: float,
    beside: Beside,
) -> None:
    """Fail /ping, close connections as they are answered, finish what is in flight, end."""
    application.is_draining = True
    await asyncio.sleep(seconds)
    server.listener.deafen()
    await asyncio.sleep(_LAST_SECONDS)
    deadline = time.monotonic() + _IN_FLIGHT_SECONDS
    server.end()
    await asyncio.gather(
        beside.stop(_IN_FLIGHT_SECONDS), asyncio.wait([serving], timeout=_IN_FLIGHT_SECONDS)
    )
    while application.in_flight and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    application.lag.stop()
    await served.close(deadline - time.monotonic())
    LOG.info("drained")


def _announce(launch: Launch, traffic: Traffic, ports: Mapping[str, int]) -> None:
    LOG.info("on %s", ", ".join(f"{name} {port}" for name, port in ports.items()))
    if launch.ready is not None:
        release = traffic.main.service.release_id
        document = {**ports, "pid": os.getpid(), "release": release}
        part = launch.ready.with_name(f"{launch.ready.name}.part")
        part.write_bytes(orjson.dumps(document))
        part.replace(launch.ready)


class _Granian(Server):
    """granian in this process, on a socket of ours.

    granian binds with SO_REUSEPORT, so two servers could share a port without either noticing.
    """

    def __init__(self, application: Application, listener: socket.socket) -> None:
        super().__init__(
            Rsgi(application),
            log_enabled=False,
            websockets=False,
            # Not `auto`: while it waits for the bytes that tell HTTP/1 from 2 there is no timeout,
            # and who sends none keeps the connection (https://github.com/hyperium/hyper/issues/3962).
            http=HTTPModes.http1,
            backlog=_BACKLOG,
            http1_settings=HTTP1Settings(
                header_read_timeout=_HEADER_MS, max_buffer_size=_HEADER_BYTES
            ),
        )
        self._socket = listener
        self.listener = Listener(listener)

    def _init_shared_socket(self) -> Any:
        # The name is exported at run time only, and its stub lacks the arguments.
        holder: Any = import_module("granian.net").SocketHolder
        self._ssp = None
        # From here on granian owns the descriptor, and closes it.
        self._shd = holder(self._socket.detach(), False, _BACKLOG)

    def end(self) -> None:
        """Stop accepting; `serve` returns when the requests in flight are answered."""
        self.interrupt_signal = True
        self.main_loop_interrupt.set()
