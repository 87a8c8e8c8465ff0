"""One step of a run, in a process of its own: the same arguments as on a cloud."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from trimaran_runtime.errors import Exit
from trimaran_runtime.process.parent_watch import VARIABLE
from trimaran_runtime.steps.forked import ForkedStep, StepNursery
from trimaran_runtime.steps.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How a step ended.

    Attributes:
        exit: its exit status; a signal or a time-out counts as CRASHED.
        seconds: wall time.
        summary: last progress line.
        message: error message, as the step wrote it; empty when it succeeded.
    """

    exit: Exit
    seconds: float
    summary: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProcess:
    """Command, folders and limits of one step.

    Attributes:
        ports: what it reads and writes.
        inputs: path by port.
        outputs: folder by port.
        parameters: `--param` values.
        code: folder of the user's code, where relative paths start.
        log: file that gets everything it prints.
        timeout_seconds: longest wall time.
        nursery: forks it; None: it loads everything by itself.
    """

    ports: Ports
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    parameters: Mapping[str, str]
    code: Path
    log: Path
    timeout_seconds: float
    nursery: StepNursery | None = None

    def run(self, progress: Callable[[str], None]) -> StepResult:
        """Run it to its end; progress lines are handed on as they come.

        Whatever the step itself has started ends with it, as in a cloud's container.
        """
        error = self.log.with_suffix(".error.json")
        error.unlink(missing_ok=True)
        started = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        with self.log.open("ab") as log, open(reading, "rb") as output:  # noqa: PTH123
            try:
                process = self._start(self._arguments(error), writing, log)
            finally:
                os.close(writing)
            ending = threading.Thread(target=_end_group_with, args=(process,), daemon=True)
            ending.start()
            timer = threading.Timer(self.timeout_seconds, process.kill)
            timer.start()
            try:
                summary = self._follow(output, log, progress)
                code = process.wait()
            finally:
                timer.cancel()
                process.kill()
                ending.join()
        seconds = time.monotonic() - started
        return self._result(code, seconds, summary, error)

    def _start(
        self, arguments: list[str], output: int, log: IO[bytes]
    ) -> "subprocess.Popen[bytes] | ForkedStep":
        if self.nursery is not None:
            return self.nursery.start(arguments, output, log.fileno())
        return subprocess.Popen(
            [sys.executable, "-m", "trimaran_runtime.steps", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            cwd=self.code,
            # A group of its own: see `_end_group_with`.
            start_new_session=True,
            env={**os.environ, VARIABLE: str(os.getpid())},
        )

    def _arguments(self, error: Path) -> list[str]:
        arguments = [self.ports.name]
        for name in self.ports.inputs:
            arguments += ["--input", f"{name}={self.inputs[name]}"]
        for name in self.ports.outputs:
            arguments += ["--output", f"{name}={self.outputs[name]}"]
        for name, value in self.parameters.items():
            arguments += ["--param", f"{name}={value}"]
        return [*arguments, "--error", str(error)]

    def _follow(self, stream: IO[bytes], log: IO[bytes], progress: Callable[[str], None]) -> str:
        last = ""
        for raw in stream:
            log.write(raw)
            log.flush()
            line = raw.decode(errors="replace").rstrip()
            if line:
                last = line
                progress(line)
        return last

    def _result(self, code: int, seconds: float, summary: str, error: Path) -> StepResult:
        if code == Exit.OK:
            return StepResult(exit=Exit.OK, seconds=seconds, summary=summary, message="")
        if error.is_file():
            message = str(json.loads(error.read_bytes())["message"])
        elif seconds >= self.timeout_seconds:
            message = (
                f"step {self.ports.name} took longer than {self.timeout_seconds / 60:g} minutes"
                "\n  Next: raise pipeline.timeout_minutes"
            )
        else:
            message = f"step {self.ports.name} ended with status {code}; see {self.log}"
        known = code in set(Exit)
        return StepResult(
            exit=Exit(code) if known else Exit.CRASHED,
            seconds=seconds,
            summary=summary,
            message=message,
        )


def _end_group_with(process: "subprocess.Popen[bytes] | ForkedStep") -> None:
    """End a step's own children with it.

    A worker that outlives a killed step would hold its output open, and be waited for.
    """
    process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
