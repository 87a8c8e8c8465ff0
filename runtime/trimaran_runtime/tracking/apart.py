"""Sending in a process of its own, which is ended when it takes too long.

A server that answers a byte now and then keeps a request alive for ever: no time-out of a client
ends that. And MLflow's imports (seconds of processor time), memory and settings stay out of the
step's own process.
"""

import subprocess
import sys

from trimaran_runtime.storage.store import Store
from trimaran_runtime.tracking.outbox import waiting

_SECONDS = 90.0
_SHOWN = 400


def send_apart(store: Store, uri: str, *, seconds: float = _SECONDS) -> str:
    """Send what waits; returns one line that says what became of it.

    Args:
        store: the artifact store, which the environment's credentials reach.
        uri: address of the MLflow server.
        seconds: longest time; what was not sent by then waits.
    """
    command = [sys.executable, "-m", "trimaran_runtime.tracking", "--store", store.uri]
    try:
        done = subprocess.run(
            [*command, "--to", uri],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        left = len(waiting(store))
        return f"warning: not tracked: no end after {seconds:.0f} seconds; {left} waiting"
    said = done.stdout.strip() or done.stderr.strip() or f"it ended with {done.returncode}"
    return said.splitlines()[-1][:_SHOWN]
