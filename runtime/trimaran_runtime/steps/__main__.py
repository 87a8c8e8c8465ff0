"""`python -m trimaran_runtime.steps <name> --input name=path --output name=folder --param k=v`.

Progress goes to standard output, one line at a time. An error goes to standard error, to the file
that `--error` names (as JSON), and into the exit status (`trimaran_runtime.errors.Exit`).
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
from trimaran_runtime.steps.step import Context, Step
from trimaran_runtime.storage.digest import canonical_json

_CODE = "code"
"""Port of the steps that run the user's code, and so get the secrets."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step; returns the exit status."""
    exit_with_parent()
    wait_asleep()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", line_buffering=True)
    error: Path | None = None
    try:
        command = parse(sys.argv[1:] if arguments is None else arguments)
        error = command.error
        _run(command)
    except RuntimeFault as fault:
        told = fault.traceback if isinstance(fault, UserCodeError) else ""
        return _tell(error, fault.exit, fault, str(fault), told)
    except Exception as exc:  # noqa: BLE001  # the last resort: told, with its traceback
        told = traceback.format_exc()
        message = f"{type(exc).__name__}: {exc}"
        sys.stderr.write(told)
        return _tell(error, Exit.CRASHED, exc, message, told)
    return Exit.OK


def _run(command: Command) -> None:
    with command.prepared() as inputs:
        if _CODE in command.ports.inputs:
            put_secrets(os.environ)
        step: Step = import_module(f"trimaran_runtime.steps.{command.ports.name}").STEP
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


def _tell(error: Path | None, exit: Exit, exc: Exception, message: str, told: str) -> Exit:  # noqa: A002
    sys.stderr.write(f"{message}\n")
    if error is not None:
        document = {
            "exit": int(exit),
            "kind": type(exc).__name__,
            "message": message,
            "where": exc.where if isinstance(exc, RuntimeFault) else "",
            "traceback": told,
        }
        error.parent.mkdir(parents=True, exist_ok=True)
        partial = error.with_name(f"{error.name}.{os.getpid()}")
        partial.write_bytes(canonical_json(document))
        partial.replace(error)
    return exit


if __name__ == "__main__":
    sys.exit(main())
