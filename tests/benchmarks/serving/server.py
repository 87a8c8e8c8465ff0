"""A server of the comparison: how it is started, asked, and what it answered."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.benchmarks.serving.case import Case
from tests.benchmarks.serving.measured import Measured
from tests.benchmarks.serving.tree import ProcessTree

SETTINGS = {
    "AZUREML_LOG_LEVEL": "WARNING",
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",
    "UVICORN_ACCESS_LOG": "false",
}
"""Servers that tell their makers of their use, or write a line for each request, are told not to.
Boosted trees take turns of their threads' spinning where several of them wait for two cores: one
thread is faster for all."""
LOAD = Path(__file__).parent / "load.py"
_PATIENCE_SECONDS = 120.0

Body = Callable[[Any], Any]
"""Rows of a request to its JSON."""
Labels = Callable[[Any], list[Any]]
"""JSON of an answer to its labels."""


def instances(rows: Any) -> Any:
    """The body that most take."""
    return {"instances": rows.tolist()}


@dataclass(frozen=True, kw_only=True)
class Server:
    """One of the servers that are compared.

    Attributes:
        name: what the tables call it.
        command: the command line, of a port and a folder that `prepare` has filled.
        path: of its predictions.
        prepare: writes the model as the server wants it into a folder; gives variables.
        body: the request for some rows.
        labels: the labels in an answer.
    """

    name: str
    command: Callable[[int, Path], list[str]]
    path: str
    prepare: Callable[[Case, Path, int], dict[str, str]]
    body: Body = instances
    labels: Labels = field(default=lambda answer: answer["predictions"])

    def request(self, rows: Any) -> str:
        """A whole request."""
        body = json.dumps(self.body(rows))
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head + body


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that has answered rightly.

    Attributes:
        server: which.
        case: what it serves.
        cold_seconds: from its start to the first right answer.
    """

    server: Server
    case: Case
    cold_seconds: float
    port: int
    tree: ProcessTree

    def check(self) -> None:
        """Whether it answers all rows as the model does."""
        labels = asked(self.server, self.port, self.case.rows)
        assert labels == self.case.labels, f"{self.server.name} answers wrongly"

    def measure(self, rows: int, connections: int, seconds: float) -> Measured:
        """Load it, and hold what it answers meanwhile against the model.

        Args:
            rows: of a request; each connection asks about rows of its own.
            connections: all with one request open at all times.
            seconds: how long, after a fifth of it to warm up.
        """
        count = len(self.case.rows)
        places = [[(first + n) % count for n in range(rows)] for first in range(connections)]
        requests = [self.server.request(self.case.rows[place]) for place in places]
        self._load(requests, connections, seconds / 5)
        before = self.tree.cpu_seconds()
        found = self._load(requests, connections, seconds)
        cpu = self.tree.cpu_seconds() - before
        for place, answers in zip(places, found["answers"], strict=True):
            right = [self.case.labels[row] for row in place]
            for answer in answers:
                labels = [int(label) for label in self.server.labels(json.loads(answer))]
                assert labels == right, f"{self.server.name} answers wrongly under load"
        return Measured(
            seconds=found["seconds"],
            cpu_seconds=cpu,
            latencies=tuple(found["latencies"]),
            reconnected=found["reconnected"],
        )

    def _load(self, requests: list[str], connections: int, seconds: float) -> dict[str, Any]:
        command = [sys.executable, "-S", str(LOAD), str(self.port), str(connections), str(seconds)]
        done = subprocess.run(command, input=json.dumps(requests).encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode() + self.tree.log
        document: dict[str, Any] = json.loads(done.stdout)
        return document


def asked(server: Server, port: int, rows: Any) -> list[Any] | None:
    """Labels of the rows; None: it does not answer yet."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        body = json.dumps(server.body(rows))
        connection.request("POST", server.path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    except (ConnectionError, TimeoutError):
        return None
    finally:
        connection.close()
    if answer.status in (404, 503):
        return None
    assert answer.status == 200, f"{server.name}: {content[:500]!r}"
    return [int(label) for label in server.labels(json.loads(content))]


@contextmanager
def running(server: Server, case: Case, folder: Path) -> Iterator[Running]:
    """The server with the case's model, until the block ends."""
    port = free_port()
    folder.mkdir(parents=True)
    environ = {**SETTINGS, **server.prepare(case, folder, port)}
    command = server.command(port, folder)
    # A peer starts programs of its environment by their bare names.
    environ["PATH"] = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    tree = ProcessTree(command, folder, environ)
    try:
        while asked(server, port, case.rows[:1]) is None:
            assert tree.is_running, tree.log
            assert time.perf_counter() - tree.started < _PATIENCE_SECONDS, tree.log
            time.sleep(0.01)
        cold = time.perf_counter() - tree.started
        found = Running(server=server, case=case, cold_seconds=cold, port=port, tree=tree)
        found.check()
        yield found
    finally:
        tree.end()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def folder_of_environments() -> Path:
    """Where `make servers` puts them."""
    return Path(os.environ.get("VIRTUAL_ENV", sys.prefix)) / "servers"
