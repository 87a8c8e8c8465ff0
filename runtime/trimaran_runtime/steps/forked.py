"""Steps of one run, forked by one process that has loaded their libraries."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from trimaran_runtime.process.parent_watch import VARIABLE

_MODULE = "trimaran_runtime.steps.nursery"


class ForkedStep:
    """A step that a nursery forks.

    Attributes:
        pid: its process id, and that of its group; before it is there, its nursery's.
    """

    def __init__(self, nursery: "subprocess.Popen[bytes]", news: BufferedReader) -> None:
        self.pid = nursery.pid
        self._nursery, self._news = nursery, news
        self._code: int | None = None
        self._waiting = threading.Lock()

    def wait(self) -> int:
        """Its exit status, or minus the signal that ended it or its nursery."""
        with self._waiting:
            while self._code is None:
                news = self._next()
                self.pid = news.get("pid", self.pid)
                self._code = news.get("status")
            return self._code

    def _next(self) -> dict[str, int]:
        try:
            line = self._news.readline()
        except ConnectionResetError:  # its nursery ended with an order unread
            line = b""
        news: dict[str, int] = json.loads(line) if line else {"status": -signal.SIGKILL}
        return news

    def kill(self) -> None:
        """End it with its nursery, whose process id stays ours until we wait for it."""
        if self._code is None:
            self._nursery.kill()
            self._nursery.wait()


@dataclass(slots=True)
class StepNursery:
    """Forks steps, one at a time; killed with one of them, it starts anew for the next.

    Attributes:
        code: folder of the user's code, where relative paths start.
        python: executable that runs them; None: this one.
        environ: environment they run in; None: this process's.
        inherits: file descriptors that it and the steps keep open, e.g. of a lock.
    """

    code: Path
    python: Path | None = None
    environ: Mapping[str, str] | None = None
    inherits: Sequence[int] = ()
    _process: "subprocess.Popen[bytes] | None" = None
    _orders: socket.socket = field(init=False)
    _news: BufferedReader = field(init=False)

    def start(self, arguments: Sequence[str], output: int, errors: int) -> ForkedStep:
        """Fork a step.

        Args:
            arguments: of `python -m trimaran_runtime.steps`.
            output: file descriptor of its standard output.
            errors: file descriptor of its standard error.
        """
        order = json.dumps(list(arguments)).encode() + b"\n"
        try:
            return self._ordered(order, output, errors)
        except ConnectionError:  # killed since it was looked at; nothing was begun
            self.end()
            return self._ordered(order, output, errors)

    def end(self) -> None:
        """End it; no step is under way."""
        if self._process is not None:
            self._orders.close()
            self._news.close()
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ordered(self, order: bytes, output: int, errors: int) -> ForkedStep:
        process = self._running(errors)
        sent = socket.send_fds(self._orders, [order], [output, errors])
        self._orders.sendall(order[sent:])
        return ForkedStep(process, self._news)

    def _running(self, errors: int) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.end()
        self._orders, theirs = socket.socketpair()
        self._news = self._orders.makefile("rb")
        with theirs:
            self._process = subprocess.Popen(
                [str(self.python or sys.executable), "-m", _MODULE],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=self.code,
                start_new_session=True,
                pass_fds=self.inherits,
                env={**(self.environ or os.environ), VARIABLE: str(os.getpid())},
            )
        return self._process
