"""Ending with the parent: a killed runner or supervisor leaves no orphan behind.

The kernel's own way (`PR_SET_PDEATHSIG`) is not used: it fires when the *thread* that started the
child ends (prctl(2)), so a child started from a short-lived worker thread would die for nothing.
"""

import os
import signal
import threading
import time

VARIABLE = "TRIMARAN_PARENT_PID"
"""Environment variable by which a parent asks its direct child to end with it."""
_POLL_SECONDS = 0.25
_STATUS = 1


def exit_with_parent() -> None:
    """Watch the parent named in `TRIMARAN_PARENT_PID`, and end this process when it is gone.

    Does nothing when the variable is not set. The variable is taken out of the environment, so
    that this process's own children do not compare it with a parent they never had. A process that
    leads its group takes the group (its own children) with it.
    """
    text = os.environ.pop(VARIABLE, "")
    if not text.isdigit():
        return
    parent = int(text)
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    # A child is handed to another process as soon as its parent ends, also before it is reaped.
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(_STATUS)
