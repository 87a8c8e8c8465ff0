"""The server process as a cloud starts it: `serve`, environment variables, no store."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.serving.traffic import ask
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.registry.serving_files import write_serving_files
from trimaran_runtime.storage.store import Store


class Container:
    """A running server.

    Attributes:
        url: where it answers, on this machine.
        process: its process.
        first: status of the first answer to `/ping`.
    """

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.url, self.process, self._log = f"http://127.0.0.1:{port}", process, log
        self._port = port
        self.first = 0

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait(self) -> None:
        """Until it is in service; raises AssertionError with its log where it ends instead."""
        deadline = time.monotonic() + 120
        status = 0
        while status != 200:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            try:
                status = ask(self.url, timeout=5)[0]
            except ConnectionRefusedError:
                time.sleep(0.02)
                continue
            self.first = self.first or status

    def request(
        self, method: str, path: str, body: bytes | None = None, **given: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own: status, headers, body."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            headers = {name.replace("_", "-"): value for name, value in given.items()}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, named, answer.read()
        finally:
            connection.close()

    def announce(self, path: str, size: int) -> int:
        """Status of the answer to a POST of which only the headers were sent."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as client:
            head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n"
            client.sendall(head.encode())
            return int(client.recv(4096).split()[1])

    def stop(self) -> int:
        """End it as clouds do; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def copy_files(store: Store, release_id: str, target: Path) -> Path:
    """Serving files of a release in a folder away from the store, as a cloud copies them."""
    folder = write_serving_files(store, read_release(store, release_id))
    assert store.path is not None
    shutil.copytree(store.path / folder, target)
    return target


@contextmanager
def running(
    work: Path,
    port_variable: str = "SAGEMAKER_BIND_TO_PORT",
    prefix: Sequence[str] = (),
    **environ: str,
) -> Iterator[Container]:
    """A server with a container's environment, ended afterwards.

    Args:
        work: folder for its log and its temporary files.
        port_variable: the cloud's variable that names the port.
        prefix: a program, and its arguments, that runs the server.
        environ: further variables.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = work / "container.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "trimaran_runtime.serving", "serve"],
            stderr=output,
            cwd=work,
            env={**os.environ, "TMPDIR": str(work), port_variable: str(port), **environ},
        )
    try:
        yield Container(port, process, log)
    finally:
        process.kill()
        process.wait()
