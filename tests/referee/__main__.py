"""The process `pulumi-resource-aws`: started by the engine, with its address."""

import os
import signal
import sys
import threading

from tests.referee.account import Account
from tests.referee.referee import of_environment
from tests.referee.server import serving
from trimaran_runtime.process.parent_watch import VARIABLE, exit_with_parent


def main() -> None:
    """Serve until the engine ends this process."""
    # A killed engine sends no signal.
    os.environ[VARIABLE] = str(os.getppid())
    exit_with_parent()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    directory = of_environment()
    directory.mkdir(parents=True, exist_ok=True)
    with serving(Account(directory)) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
