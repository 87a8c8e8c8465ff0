"""What a container does that a cloud starts as `IMAGE serve` or `IMAGE train`.

Jobs of a pipeline name their whole command. SageMaker's servers and the trials of a search take
none: they start the image with one word ("How Amazon SageMaker AI runs your training image", read
2026-11-24). `serve` may be followed by the server's own options; no word at all serves as well.
"""

import logging
import os
import sys
from collections.abc import Sequence

from trimaran_runtime.steps.ports import PIPELINE

_CHANNELS = "/opt/ml/input/data"
_MODEL = "/opt/ml/model"
_FAILURE = "/opt/ml/output/failure"
_ARCHIVES = frozenset({"code"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve or train; returns the exit status (see `trimaran_runtime.errors.Exit`)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["train"]:
        from trimaran_runtime.steps.__main__ import main as run_step

        return run_step([*trial_arguments(), *given[1:]])
    from trimaran_runtime.serving.__main__ import main as serve

    return serve(given)


def trial_arguments() -> list[str]:
    """The train step's command line in a training job, whose channels are its ports."""
    ports = next(ports for ports in PIPELINE if ports.name == "train")
    found = [ports.name]
    for name in ports.inputs:
        found += ["--archive" if name in _ARCHIVES else "--input", f"{name}={_CHANNELS}/{name}"]
    return [*found, "--output", f"model={_MODEL}", "--message", _FAILURE]


if __name__ == "__main__":
    _status = main()
    if sys.argv[1:2] == ["train"]:
        sys.exit(_status)
    logging.shutdown()
    # Not sys.exit: a thread of the server that still calls Python while the interpreter ends
    # aborts.
    os._exit(_status)
