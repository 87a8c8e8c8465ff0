"""Starting, finding and stopping the one supervisor of a project."""

import os
import subprocess
import sys
import time

import psutil

from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.local.atomic import is_locked
from trimaran_providers.local.layout import Layout
from trimaran_providers.local.removal import remove_empty, remove_tree
from trimaran_runtime.process.parent_watch import VARIABLE

LOCK = "lock"
LOG = "supervisor.log"
_START_SECONDS = 20.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05


def alive(layout: Layout) -> bool:
    """Whether the project's supervisor is running."""
    return is_locked(layout.supervisor / LOCK)


def ensure(layout: Layout) -> None:
    """Start the supervisor unless it runs, and wait until it does.

    Raises:
        ResourceError: it did not start; says where its log is.
    """
    deadline = time.monotonic() + _START_SECONDS
    process: subprocess.Popen[bytes] | None = None
    while not alive(layout):
        if process is None or process.poll() is not None:
            process = _spawn(layout)
        if time.monotonic() > deadline:
            process.kill()
            raise ResourceError(
                "the supervisor does not start",
                where=str(layout.supervisor),
                next_step=f"see {layout.supervisor / LOG}",
            )
        time.sleep(_POLL_SECONDS)


def remove_job(layout: Layout, job_id: str) -> None:
    """Delete a job; with the last one the supervisor ends, and its folder goes."""
    layout.job(job_id).unlink(missing_ok=True)
    if not any((layout.supervisor / "jobs").glob("*.json")):
        _wait_until_gone(layout)
        remove_tree(layout.supervisor)
        remove_empty(layout.root, layout.root)


def _spawn(layout: Layout) -> "subprocess.Popen[bytes]":
    layout.supervisor.mkdir(parents=True, exist_ok=True)
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
    with (layout.supervisor / LOG).open("ab") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "trimaran_providers.local.supervisor",
                "--project",
                str(layout.project),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=layout.project,
            start_new_session=True,
            env=environment,
        )


def _wait_until_gone(layout: Layout) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while alive(layout):
        if time.monotonic() > deadline:
            _kill(layout)
            return
        time.sleep(_POLL_SECONDS)


def _kill(layout: Layout) -> None:
    text = (layout.supervisor / LOCK).read_text().strip()
    if not text.isdigit():
        return
    try:
        supervisor = psutil.Process(int(text))
        family = [supervisor, *supervisor.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=5)
    except psutil.NoSuchProcess:
        return
