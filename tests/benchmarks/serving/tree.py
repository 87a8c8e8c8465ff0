"""A server with all its processes: started with a mark in their environment, measured, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

_MARK = "TRIMARAN_BENCH_SERVER"
_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessTree:
    """A command and whatever it starts, also what outlives its parent.

    Args:
        command: program and arguments.
        folder: where it runs and its log is.
        environ: further variables.
    """

    def __init__(self, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._mark = folder / "log", uuid4().hex
        self.started = time.perf_counter()
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environ, _MARK: self._mark},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What it wrote, the end of it."""
        return self._log.read_text()[-4000:]

    @property
    def is_running(self) -> bool:
        """Whether the first process is there."""
        return self._process.poll() is None

    def _processes(self) -> list[Path]:
        # By environment: some start their workers in sessions of their own.
        mark = f"{_MARK}={self._mark}"
        found = [path for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return [path for path in found if mark in _read(path / "environ").split("\0")]

    def cpu_seconds(self) -> float:
        """Processor time of the processes that are there."""
        total = 0
        for path in self._processes():
            fields = _read(path / "stat").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12]) if fields else 0
        return total / _TICKS

    def pss_mb(self) -> float:
        """Proportional memory (proc(5), smaps_rollup), MB."""
        total = 0
        for path in self._processes():
            for line in _read(path / "smaps_rollup").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total * 1024 / 1e6

    def end(self) -> None:
        """Ask it to end; kill what has not within five seconds."""
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        while self._processes() and time.monotonic() < deadline:
            self._process.poll()
            time.sleep(0.05)
        for path in self._processes():
            try:
                os.kill(int(path.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()


def _read(path: Path) -> str:
    """Its text; nothing of a process that has ended."""
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
