"""A client that asks without pause over several connections, and counts what it gets."""

import http.client
import json
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.serving.releases import ROW


def ask(
    url: str, path: str = "/ping", body: Any = None, timeout: float = 30, **given: str
) -> tuple[int, dict[str, str], Any]:
    """One request on a connection of its own: status, headers, parsed body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        headers = {name.replace("_", "-"): value for name, value in given.items()}
        headers["content-type"] = "application/json"
        content = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, content, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        named = {name.lower(): value for name, value in answer.getheaders()}
        is_json = named.get("content-type", "").startswith("application/json")
        return answer.status, named, json.loads(text) if is_json else text
    finally:
        connection.close()


def predict(url: str, **changes: Any) -> tuple[int, dict[str, str], Any]:
    return ask(url, "/invocations", {"instances": [{**ROW, **changes}]})


class Hammer:
    """Several connections that ask without pause while the block runs.

    A request whose connection is refused was not sent. Any other that has no answer is lost.

    Args:
        url: of the server.
        connections: how many at a time.
        pause: seconds between an answer and the next request.
        body: document to send; None: the example row.
        fresh: how many of them are new for every request; the others are kept alive.

    Attributes:
        answers: how many answers by (status, release); status 0: the request was lost.
        broken: what broke connections.
        seconds: how long each answer took.
    """

    def __init__(
        self,
        url: str,
        connections: int = 4,
        pause: float = 0.01,
        body: Any = None,
        fresh: int = 0,
    ) -> None:
        self._parts = urlsplit(url)
        self._pause = pause
        self._body = json.dumps(body or {"instances": [ROW]})
        self._stop = threading.Event()
        self.answers: Counter[tuple[int, str]] = Counter()
        self.broken: list[str] = []
        self.seconds: list[float] = []
        self._threads = [
            threading.Thread(target=self._run, args=[number < fresh])
            for number in range(connections)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def statuses(self) -> set[int]:
        return {status for status, _ in self.answers}

    def wait_for(self, count: int, timeout: float = 20) -> None:
        """Wait until so many answers have come."""
        deadline = time.monotonic() + timeout
        while self.answers.total() < count:
            assert time.monotonic() < deadline, self.answers
            time.sleep(0.01)

    def wait_for_release(self, release: str, timeout: float = 20) -> None:
        """Wait until this release has answered; being sent all traffic comes a moment earlier."""
        deadline = time.monotonic() + timeout
        while not any(answered == release[:12] for _, answered in list(self.answers)):
            assert time.monotonic() < deadline, self.answers
            time.sleep(0.01)

    def _run(self, is_fresh: bool) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            connection = connection or http.client.HTTPConnection(
                self._parts.hostname or "", self._parts.port, timeout=30
            )
            headers = {"content-type": "application/json"}
            if is_fresh:
                headers["connection"] = "close"
            started = time.perf_counter()
            try:
                connection.request("POST", "/invocations", self._body, headers)
                answer = connection.getresponse()
                answer.read()
            except ConnectionRefusedError:
                return
            except OSError as exc:
                self.answers[0, ""] += 1
                self.broken.append(repr(exc))
                connection = None
                continue
            self.seconds.append(time.perf_counter() - started)
            self.answers[answer.status, answer.headers.get("x-trimaran-release", "")] += 1
            if is_fresh or answer.headers.get("connection") == "close":
                connection.close()
                connection = None
            time.sleep(self._pause)
