"""Server processes of a gateway, forked by one process that has their libraries loaded."""

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from trimaran_runtime.process.parent_watch import VARIABLE

LOG = logging.getLogger(__name__)
_LOST = -signal.SIGKILL
"""Status of a server whose nursery is gone: it ends too."""


class ServerProcess:
    """A server process.

    Attributes:
        pid: process id.
        returncode: exit status (negative: the signal); None while it runs.
    """

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    def end(self, status: int) -> None:
        """Note that it has ended."""
        self.returncode = status
        self._ended.set()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        if self.returncode is None:
            self._nursery.order({"pid": self.pid, "signal": int(number)})

    async def wait(self) -> int:
        """Wait for its end; returns the status."""
        await self._ended.wait()
        return self.returncode or 0


class Nursery:
    """Starts server processes.

    Args:
        log: file for what the nursery itself has to say.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._ordered: dict[int, asyncio.Future[ServerProcess]] = {}
        self._servers: dict[int, ServerProcess] = {}
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Start the process that will fork; it loads its libraries meanwhile."""
        async with self._opening:
            if self._process is not None and self._process.returncode is None:
                return
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "trimaran_runtime.serving.nursery"),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    # A kill of the gateway must leave no process behind.
                    env={**os.environ, VARIABLE: str(os.getpid())},
                )
            self._listening = asyncio.create_task(self._listen(self._process))

    async def launch(self, arguments: Sequence[str], log: Path) -> ServerProcess:
        """Start a server (`python -m trimaran_runtime.serving ARGUMENTS`).

        Raises:
            ConnectionError: the nursery ended before it started one.
        """
        await self.open()
        number = next(self._numbers)
        future: asyncio.Future[ServerProcess] = asyncio.get_running_loop().create_future()
        self._ordered[number] = future
        self.order({"id": number, "arguments": list(arguments), "log": str(log)})
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # It may be under way already: end it as soon as it is known.
            future.add_done_callback(_end_at_once)
            raise

    def order(self, order: dict[str, Any]) -> None:
        """Send an order; it is lost when the nursery has ended, as its servers have too."""
        process = self._process
        if process is not None and process.stdin is not None and process.returncode is None:
            process.stdin.write(orjson.dumps(order, option=orjson.OPT_APPEND_NEWLINE))

    async def close(self) -> None:
        """End the nursery; servers that still run end with it."""
        if self._process is None or self._listening is None:
            return
        # It has nothing to finish, and may be busy loading libraries: it is not asked.
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._listening

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        async for line in process.stdout:
            news = orjson.loads(line)
            if "id" in news:
                server = ServerProcess(self, news["pid"])
                self._servers[server.pid] = server
                self._ordered.pop(news["id"]).set_result(server)
            else:
                self._servers.pop(news["pid"]).end(news["status"])
        await process.wait()
        self._give_up()

    def _give_up(self) -> None:
        """The nursery has ended: so have, or will in a moment, its servers."""
        servers, self._servers = self._servers, {}
        for server in servers.values():
            server.end(_LOST)
        ordered, self._ordered = self._ordered, {}
        for future in ordered.values():
            future.set_exception(ConnectionError("the nursery of servers ended"))


def _end_at_once(started: "asyncio.Future[ServerProcess]") -> None:
    if not started.cancelled() and started.exception() is None:
        started.result().send(signal.SIGKILL)
