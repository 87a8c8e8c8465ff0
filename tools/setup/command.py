"""Child processes that report progress, and locks between set-ups."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.setup.failure import Unavailable

# Program and arguments.
Command = Sequence[str | Path]

_TERMINAL_EVERY_SECONDS = 1
LOG_EVERY_SECONDS = 15
_TAIL_LINES = 12


def say(text: str) -> None:
    """Print one line of the set-up's report at once, also into a pipe."""
    print(f"setup: {text}", flush=True)


def run(
    command: Command,
    label: str,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Run a command, say how long it has been running, return what it printed.

    Args:
        command: Program and arguments.
        label: What the user reads while it runs.
        cwd: Working directory; None is the current one.
        env: The whole environment; None inherits it.
        timeout_seconds: Wall clock after which it and its children are killed; None is no limit.

    Raises:
        Unavailable: It failed or ran out of time; the message ends with its last lines.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            in_time = _wait(process, label, timeout_seconds)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        text = output.read()
    if not in_time:
        raise Unavailable(f"{label} took longer than {timeout_seconds:.0f} s")
    if process.returncode != 0:
        tail = "\n".join(text.strip().splitlines()[-_TAIL_LINES:])
        raise Unavailable(f"{label} failed with status {process.returncode}:\n{tail}")
    return text


def _wait(process: subprocess.Popen[bytes], label: str, timeout_seconds: float | None) -> bool:
    """Wait for the process while reporting; False when time ran out first."""
    terminal = sys.stdout.isatty()
    every = _TERMINAL_EVERY_SECONDS if terminal else LOG_EVERY_SECONDS
    start = time.monotonic()
    reported = False
    while True:
        elapsed = time.monotonic() - start
        left = every if timeout_seconds is None else min(every, timeout_seconds - elapsed)
        if left <= 0:
            break
        try:
            process.wait(timeout=left)
            break
        except subprocess.TimeoutExpired:
            seconds = round(time.monotonic() - start)
            line = f"{label}: {seconds // 60}:{seconds % 60:02d}"
            if terminal:
                print(f"\rsetup: {line} ", end="", flush=True)
                reported = True
            else:
                say(line)
    if reported:
        print(flush=True)
    return process.poll() is not None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file's advisory lock, so that two set-ups take turns."""
    with path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
