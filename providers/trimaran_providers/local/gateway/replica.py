"""One server process of a release, as the gateway sees it."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson

from trimaran_providers.contract.errors import ResourceError
from trimaran_runtime.process.parent_watch import VARIABLE
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


class Replica:
    """A running server process.

    Attributes:
        port: port on 127.0.0.1.
        in_flight: requests it is answering.
    """

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
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
        process = await _spawn(command, config, ready, log)
        try:
            async with asyncio.timeout(timeout):
                while not ready.exists():
                    if process.returncode is not None:
                        raise _failed(command, log, f"ended with status {process.returncode}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            await _end(process, kill=True)
            raise _failed(command, log, f"was not ready after {timeout:g} s") from None
        except BaseException:
            await _end(process, kill=True)
            raise
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
        await _end(self._process, kill=False)
        self._log.unlink(missing_ok=True)


async def _spawn(
    command: ServerCommand, config: Path, ready: Path, log: Path
) -> asyncio.subprocess.Process:
    code = ["--code", str(command.code)] if command.code is not None else []
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "trimaran_runtime.serving"),
            *("--store", command.store_uri, "--release", command.variant.release),
            *("--config", str(config), "--ready", str(ready), "--port", "0", *code),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # A kill of the gateway must leave no server behind.
            env={**os.environ, VARIABLE: str(os.getpid())},
        )


async def _end(process: asyncio.subprocess.Process, *, kill: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        if kill:
            process.kill()
        elif process.returncode is None:
            process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
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
