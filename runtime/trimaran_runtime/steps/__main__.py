"""`python -m trimaran_runtime.steps <name> --input name=path --output name=folder --param k=v`.

Progress goes to standard output, one line at a time. An error goes to standard error, to the file
that `--error` names (as JSON), to the one that `--message` names (as text), and into the exit
status (`trimaran_runtime.errors.Exit`).
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from trimaran_runtime.errors import Exit, RuntimeFault, UserCodeError
from trimaran_runtime.platform.secrets import put_secrets
from trimaran_runtime.process.openmp import wait_asleep
from trimaran_runtime.process.parent_watch import exit_with_parent
from trimaran_runtime.steps.command import Command, parse
from trimaran_runtime.steps.early_end import track_early_end
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.steps.usage import Meter, metered
from trimaran_runtime.storage.digest import canonical_json

_MESSAGE_BYTES = 1024
"""What SageMaker shows of a job's own message (`FailureReason`, `ExitMessage`), bytes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step; returns the exit status."""
    exit_with_parent()
    wait_asleep()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", line_buffering=True)
    try:
        command = parse(sys.argv[1:] if arguments is None else arguments)
    except RuntimeFault as fault:
        return _tell(None, fault.exit, fault, str(fault), "")
    meter = Meter(command.ports.name)
    try:
        _run(command)
    except RuntimeFault as fault:
        told = fault.traceback if isinstance(fault, UserCodeError) else ""
        status, message = _tell(command, fault.exit, fault, str(fault), told), str(fault)
    except Exception as exc:  # noqa: BLE001  # the last resort: told, with its traceback
        told = traceback.format_exc()
        message = f"{type(exc).__name__}: {exc}"
        sys.stderr.write(told)
        status = _tell(command, Exit.CRASHED, exc, message, told)
    else:
        return Exit.OK
    # A run whose model is refused came to its end, which the step has told.
    if status is not Exit.REFUSED:
        track_early_end(command, message, meter.read())
    return status


def _run(command: Command) -> None:
    with command.prepared() as inputs:
        # A step is told of the secrets it needs: its user's code, or the key that signs.
        put_secrets(os.environ)
        step: Step = import_module(f"trimaran_runtime.steps.{command.ports.name}").STEP
        with metered(step.name, command.outputs):
            step.run(
                Context(
                    inputs=inputs,
                    outputs=command.outputs,
                    parameters=command.parameters,
                    progress=_progress,
                )
            )


def _progress(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _tell(
    command: Command | None,
    exit: Exit,  # noqa: A002
    exc: Exception,
    message: str,
    told: str,
) -> Exit:
    sys.stderr.write(f"{message}\n")
    if command is None:
        return exit
    if command.error is not None:
        document = {
            "exit": int(exit),
            "kind": type(exc).__name__,
            "message": message,
            "where": exc.where if isinstance(exc, RuntimeFault) else "",
            "traceback": told,
        }
        _write(command.error, canonical_json(document))
    if command.message is not None:
        _write(command.message, message.encode()[:_MESSAGE_BYTES])
    return exit


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
