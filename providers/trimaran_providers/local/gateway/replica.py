"""One server process of a release, as the gateway sees it."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

import orjson

from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.local.gateway.nursery import Nursery, ServerProcess
from trimaran_runtime.registry.release import SHORT

_POLL_SECONDS = 0.03
_STOP_SECONDS = 30.0
_END_OF_LOG = 400
"""Characters of a dead server's log that an error shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a server process serves: the same variant, the same answers."""

    release: str
    """Full id."""
    config: bytes
    """The server's configuration, JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCommand:
    """How server processes of one variant are started."""

    store_uri: str
    variant: Variant
    folder: Path
    """Where each process has its configuration, ready file and log."""
    code: Path | None
    """Folder of the user's code."""
    nursery: Nursery
    """Starts the processes."""


class Replica:
    """A running server process.

    Attributes:
        port: port on 127.0.0.1.
        in_flight: requests it is answering.
    """

    def __init__(self, process: ServerProcess, port: int, log: Path) -> None:
        self._process, self._log = process, log
        self.port = port
        self.in_flight = 0

    @classmethod
    async def start(cls, command: ServerCommand, name: str, timeout: float) -> "Replica":
        """Start a server process and wait until it answers predictions.

        Args:
            command: how.
            name: name of its files.
            timeout: longest wait, seconds.

        Raises:
            ResourceError: it ended, or was not ready in time; with the end of its log.
        """
        config, ready, log = (command.folder / f"{name}{s}" for s in (".json", ".ready", ".log"))
        config.write_bytes(command.variant.config)
        ready.unlink(missing_ok=True)
        try:
            async with asyncio.timeout(timeout):
                process = await _launch(command, config, ready, log)
                await _until_ready(command, process, ready, log)
        except TimeoutError:
            raise _failed(command, log, f"was not ready after {timeout:g} s") from None
        except ConnectionError as exc:
            raise _failed(command, log, f"could not be started: {exc}") from exc
        port = int(orjson.loads(ready.read_bytes())["port"])
        config.unlink()
        ready.unlink()
        return cls(process, port, log)

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def last_words(self) -> str:
        """The end of its log."""
        return _end_of(self._log)

    async def ended(self) -> int:
        """Wait for the process to end; returns its status (negative: the signal)."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Answer what is in flight, then end the process; killed when that takes too long."""
        while self.in_flight and self.is_alive:
            await asyncio.sleep(_POLL_SECONDS)
        await _end(self._process)
        self._log.unlink(missing_ok=True)


async def _launch(command: ServerCommand, config: Path, ready: Path, log: Path) -> ServerProcess:
    arguments = ["--store", command.store_uri, "--release", command.variant.release]
    arguments += ["--config", str(config), "--ready", str(ready), "--port", "0"]
    if command.code is not None:
        arguments += ["--code", str(command.code)]
    return await command.nursery.launch(arguments, log)


async def _until_ready(
    command: ServerCommand, process: ServerProcess, ready: Path, log: Path
) -> None:
    """Wait for the ready file; a process that is given up on is killed."""
    try:
        while not ready.exists():
            if process.returncode is not None:
                raise _failed(command, log, f"ended with status {process.returncode}")
            await asyncio.sleep(_POLL_SECONDS)
    except BaseException:
        process.send(signal.SIGKILL)
        raise


async def _end(process: ServerProcess) -> None:
    process.send(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.send(signal.SIGKILL)
        await process.wait()


def _failed(command: ServerCommand, log: Path, what: str) -> ResourceError:
    words = _end_of(log)
    return ResourceError(
        f"its server {what}" + (f": {words}" if words else ""),
        where=f"release {command.variant.release[:SHORT]}",
    )


def _end_of(log: Path) -> str:
    try:
        text = log.read_bytes().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
    # The last lines say why; a traceback above them is for the log.
    return text[-_END_OF_LOG:].split("\n", 1)[-1] if len(text) > _END_OF_LOG else text
