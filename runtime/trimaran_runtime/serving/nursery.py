"""`python -m trimaran_runtime.serving.nursery`: forks servers that have loaded everything already.

Loading the numerical libraries takes a server seconds, on a busy machine ten. Here they are loaded
once, and a server is there in the time its model takes to load: for a swap, for one more replica,
for a crashed one, for the first request after scaling to zero.

Orders come line by line as JSON on standard input, news go to standard output:

    {"id": 1, "arguments": ["--store", …], "log": PATH}    →  {"id": 1, "pid": 4711}
    {"pid": 4711, "signal": 15}
                                                           →  {"pid": 4711, "status": 0}

A status is the exit status, or minus the signal. When its input ends, it ends, and its servers
with it.
"""

import gc
import os
import select
import sys
import traceback
import warnings
from importlib import import_module
from typing import Any

# Numerical libraries read these when they are loaded, as in `trimaran_runtime.serving`; threads
# of theirs would not survive the fork either.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import orjson  # noqa: E402

from trimaran_runtime.process.parent_watch import VARIABLE, exit_with_parent  # noqa: E402

_LIBRARIES = (
    "pandas",
    "skops.io",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "trimaran_runtime.serving.server",
    "trimaran_runtime.training.model_file",
)
"""What nearly every server needs; anything else a server loads by itself."""
_TURN_SECONDS = 0.05
_NEWLINE = orjson.OPT_APPEND_NEWLINE


def main() -> int:
    """Fork servers on order until standard input ends; returns the exit status."""
    exit_with_parent()
    _load_libraries()
    # What is loaded by now is shared with every server as long as nobody writes to it.
    gc.freeze()
    children: set[int] = set()
    pending = b""
    while True:
        readable, _, _ = select.select([0], [], [], _TURN_SECONDS)
        if readable:
            content = os.read(0, 1 << 16)
            if not content:
                return 0
            *lines, pending = (pending + content).split(b"\n")
            for line in lines:
                _obey(orjson.loads(line), children)
        _tell_ended(children)


def _load_libraries() -> None:
    for name in _LIBRARIES:
        import_module(name)
    import pandas as pd

    # The first frame of a process costs a tenth of a second more than the others.
    pd.DataFrame({"text": pd.Series(["x"], dtype="str"), "number": [1.0]}).describe()


def _obey(order: dict[str, Any], children: set[int]) -> None:
    if "signal" in order:
        # Only a child that was not waited for yet still owns its process id.
        if order["pid"] in children:
            os.kill(order["pid"], order["signal"])
        return
    with warnings.catch_warnings():
        # The one other thread only watches the parent, and holds no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os._exit(_serve(order["arguments"], order["log"], os.getppid()))
    children.add(pid)
    _say({"id": order["id"], "pid": pid})


def _serve(arguments: list[str], log: str, parent: int) -> int:
    """Be a server: in the child, instead of returning to the loop."""
    from trimaran_runtime.serving.__main__ import main as serve

    with open(os.devnull, "rb") as nothing, open(log, "wb") as output:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ[VARIABLE] = str(parent)
    try:
        return serve(arguments)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
        return 1


def _tell_ended(children: set[int]) -> None:
    for pid in list(children):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            children.discard(pid)
            _say({"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _say(news: dict[str, int]) -> None:
    os.write(1, orjson.dumps(news, option=_NEWLINE))


if __name__ == "__main__":
    sys.exit(main())
