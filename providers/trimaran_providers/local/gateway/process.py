"""Starting, finding and stopping the one gateway process of an endpoint.

The process is found by the lock it holds all its life: a pid alone may be somebody else's.
"""

import os
import subprocess
import sys
import time
from enum import IntEnum
from pathlib import Path

import psutil

from trimaran_providers.contract.errors import PortTakenError, ResourceError
from trimaran_providers.local.atomic import is_locked
from trimaran_providers.local.gateway.definition import read_definition
from trimaran_providers.local.gateway.status import GatewayStatus, Phase, read_status
from trimaran_runtime.process.parent_watch import VARIABLE

LOCK = "lock"
"""File the gateway holds locked; its process id is the content."""
LOG = "gateway.log"
"""Output of the gateway and of its servers."""
_POLL_SECONDS = 0.05
_KILL_SECONDS = 5.0


class ExitCode(IntEnum):
    """Exit status of the gateway process."""

    OK = 0
    CRASHED = 1
    BAD_DEFINITION = 2
    PORT_TAKEN = 3
    ALREADY_RUNNING = 4


def start(directory: Path, timeout: float = 20.0) -> GatewayStatus:
    """Start the gateway of an endpoint's folder, unless it runs, and wait until it listens.

    It outlives the caller. `definition.json` must be there. That no release is in production yet
    is no failure: the phase is then `waiting`.

    Args:
        directory: the endpoint's folder.
        timeout: longest wait, seconds.

    Raises:
        PortTakenError: somebody else listens on the wanted port; says who, if that can be seen.
        ResourceError: it ended, or did not listen in time; says why, with the end of its log.
    """
    found = status(directory)
    if found is not None:
        return found
    process = _spawn(directory)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = status(directory)
        if found is not None:
            return found
        code = process.poll()
        if code == ExitCode.PORT_TAKEN:
            raise _port_taken(directory)
        # A second gateway gives way to the first: wait for the first to listen.
        if code is not None and code != ExitCode.ALREADY_RUNNING:
            raise ResourceError(
                f"the gateway ended with status {code}: {_end_of_log(directory)}",
                where=f"endpoint {directory.name}",
                next_step=f"see {directory / LOG}",
            )
        time.sleep(_POLL_SECONDS)
    process.kill()
    raise ResourceError(
        f"the gateway does not listen after {timeout:g} s: {_end_of_log(directory)}",
        where=f"endpoint {directory.name}",
        next_step=f"see {directory / LOG}",
    )


def status(directory: Path) -> GatewayStatus | None:
    """What the living, listening gateway of a folder says about itself; None: there is none."""
    pid = _holder(directory)
    if pid is None:
        return None
    found = read_status(directory)
    # Until the new gateway listens, the file is still the one before's.
    if found is None or found.pid != pid or found.phase is Phase.stopped:
        return None
    return found


def stop(directory: Path, timeout: float = 30.0) -> None:
    """Stop the gateway: requests in flight are answered, then it and its servers end.

    What has not ended after the timeout is killed. Afterwards there is no process and no open
    port. No error when none runs.

    Args:
        directory: the endpoint's folder.
        timeout: longest drain, seconds.

    Raises:
        ResourceError: a process cannot be ended.
    """
    pid = _holder(directory)
    if pid is None:
        return
    try:
        gateway = psutil.Process(pid)
        family = [gateway, *gateway.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    _signal(gateway, kill=False)
    _, alive = psutil.wait_procs([gateway], timeout=timeout)
    # Servers end with their gateway by themselves; whoever is left is killed.
    _, alive = psutil.wait_procs(family, timeout=0 if alive else _KILL_SECONDS)
    for process in alive:
        _signal(process, kill=True)
    _, alive = psutil.wait_procs(alive, timeout=_KILL_SECONDS)
    if alive:
        raise ResourceError(
            f"cannot end process {', '.join(str(p.pid) for p in alive)}",
            where=f"endpoint {directory.name}",
            next_step="end it by hand, then run the command again",
        )


def holder_of_port(port: int) -> str:
    """Who listens on a port of 127.0.0.1, as far as this user may see; empty: unknown."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return ""
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN
        if listens and connection.pid and tuple(connection.laddr)[1:] == (port,):
            try:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({' '.join(process.cmdline())[:120]})"
            except psutil.Error:
                return f"process {connection.pid}"
    return ""


def _spawn(directory: Path) -> "subprocess.Popen[bytes]":
    # The gateway outlives whoever starts it, so it must not be asked to end with its parent.
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
    command = [sys.executable, "-m", "trimaran_providers.local.gateway"]
    with (directory / LOG).open("ab") as log:
        return subprocess.Popen(
            [*command, "--directory", str(directory.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=environment,
        )


def _holder(directory: Path) -> int | None:
    """Process id of the living gateway; None: none."""
    path = directory / LOCK
    try:
        if not is_locked(path):
            return None
        text = path.read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return int(text) if text.isdigit() else None


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return


def _port_taken(directory: Path) -> PortTakenError:
    definition = read_definition(directory)
    port = definition.port if definition else 0
    who = holder_of_port(port) or "another process"
    return PortTakenError(
        f"port {port} is taken by {who}",
        where=f"endpoint {directory.name}",
        allowed="a free port, or no `endpoint.port` for any free one",
        next_step="stop that process, or change `endpoint.port`",
    )


def _end_of_log(directory: Path, characters: int = 600) -> str:
    try:
        content = (directory / LOG).read_bytes()
    except FileNotFoundError:
        return "no log"
    return content[-characters:].decode(errors="replace").strip() or "empty log"
