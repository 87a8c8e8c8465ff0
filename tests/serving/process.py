"""A server process that loads from a store, as `trimaran` starts it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimaran_runtime.serving.config import ServerConfig
from trimaran_runtime.storage.store import Store


class Server:
    """A server process."""

    def __init__(self, command: list[str], ready: Path, log: Path, environ: dict[str, str]) -> None:
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, stderr=output, env={**os.environ, **environ})
        self._ready, self._log = ready, log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def url(self) -> str:
        deadline = time.monotonic() + 60
        while not self._ready.exists():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        return f"http://127.0.0.1:{json.loads(self._ready.read_bytes())['port']}"

    @classmethod
    @contextmanager
    def running(
        cls,
        folder: Path,
        store: Store,
        release: str,
        config: ServerConfig,
        *more: str,
        environ: dict[str, str] | None = None,
    ) -> "Iterator[Server]":
        """A server that is killed afterwards; its files are in the folder."""
        ready, told = folder / "ready.json", folder / "config.json"
        told.write_text(config.model_dump_json())
        command = [sys.executable, "-m", "trimaran_runtime.serving", "--store", store.uri]
        command += ["--release", release, "--config", str(told), "--ready", str(ready), *more]
        server = cls(command, ready, folder / "server.log", environ or {})
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()
