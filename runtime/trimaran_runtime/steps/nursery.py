"""`python -m trimaran_runtime.steps.nursery`: forks the steps of one run, one after the other.

A step works for a tenth of a second and loads libraries for up to four: here they are loaded once
per run. Each step still is a process of its own, with nothing in it of the steps before.

Orders come line by line as JSON on standard input, which is a socket; with each come two file
descriptors, the step's standard output and error. The answers say how it went:

    ["data", "--input", …]    →  {"pid": 4711}
                              →  {"pid": 4711, "status": 0}

A status is the exit status, or minus the signal. When its input ends, it ends.
"""

import contextlib
import gc
import json
import os
import socket
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module

from trimaran_runtime.process.openmp import wait_asleep
from trimaran_runtime.process.parent_watch import VARIABLE, exit_with_parent

_TABLES = ("pandas", "pyarrow.parquet", "trimaran_runtime.config")
_MODELS = ("sklearn.compose", "sklearn.linear_model", "sklearn.pipeline", "skops.io")
_LIBRARIES = {"data": _TABLES, "train": _MODELS, "evaluate": _MODELS}
"""What a step will load anyway, and those after it: a run that ends early loads no more."""
_ORDER_BYTES = 1 << 20


def main() -> int:
    """Fork steps on order until standard input ends; returns the exit status."""
    exit_with_parent()
    wait_asleep()
    with socket.socket(fileno=os.dup(0)) as orders:
        while True:
            order, descriptors = _next(orders)
            if not order:
                return 0
            _load_libraries(order[0])
            pid, go = _fork(order, descriptors, orders)
            for descriptor in descriptors:
                os.close(descriptor)
            _say(orders, {"pid": pid})
            with contextlib.suppress(BrokenPipeError), os.fdopen(go, "wb") as begin:
                begin.write(b"\n")
            _, status = os.waitpid(pid, 0)
            _say(orders, {"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _next(orders: socket.socket) -> tuple[list[str], list[int]]:
    content, descriptors, _, _ = socket.recv_fds(orders, _ORDER_BYTES, 2)
    while content and not content.endswith(b"\n"):
        content += orders.recv(_ORDER_BYTES)
    return (json.loads(content) if content else []), descriptors


def _load_libraries(step: str) -> None:
    for name in _LIBRARIES.get(step, ()):
        with contextlib.suppress(ImportError):  # the step says what is missing
            import_module(name)
    # What is loaded by now is shared with the steps as long as nobody writes to it.
    gc.freeze()


def _fork(
    arguments: Sequence[str], descriptors: Sequence[int], orders: socket.socket
) -> tuple[int, int]:
    """Fork a step; returns its process id, and what is to be written to for it to begin.

    It begins once its id was told: of a nursery killed before, nobody could end the step.
    """
    waiting, go = os.pipe()
    with warnings.catch_warnings():
        # The one other thread only watches the parent, and holds no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        nursery, pid = os.getpid(), os.fork()
    if pid == 0:
        orders.close()
        os.close(go)
        if not os.read(waiting, 1):
            os._exit(1)
        os.close(waiting)
        os._exit(_be_a_step(arguments, descriptors, nursery))
    os.close(waiting)
    # A group of its own, which can be ended with it.
    os.setpgid(pid, pid)
    return pid, go


def _be_a_step(arguments: Sequence[str], descriptors: Sequence[int], nursery: int) -> int:
    """Be a step: in the child, instead of returning to the loop."""
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    for number, descriptor in zip((1, 2), descriptors, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    # The nursery's own streams know of other files than those that are there now.
    sys.stdout, sys.stderr = (
        open(number, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        for number in (1, 2)
    )
    os.environ[VARIABLE] = str(nursery)
    try:
        from trimaran_runtime.steps.__main__ import main as run

        return int(run(arguments))
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _say(orders: socket.socket, news: dict[str, int]) -> None:
    orders.sendall(json.dumps(news).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
