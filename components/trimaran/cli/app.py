"""The verbs of `trimaran`, and how an error of any of them ends."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from trimaran.cli import (
    doctor_command,
    drift_command,
    lock_command,
    new_command,
    predict_command,
    release_commands,
    render_command,
    reproduce_command,
    run_commands,
    signing_commands,
    spec_commands,
    status_command,
    track_command,
)
from trimaran.cli.exit import EPILOG, Exit

# Help without rich: it starts in half the time, and reads the same in a pipe.
app = typer.Typer(
    help="MLOps stacks that are portable over clouds: look at them, release, predict.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for module in (
    new_command,
    spec_commands,
    lock_command,
    drift_command,
    render_command,
    status_command,
    predict_command,
    release_commands,
    reproduce_command,
    signing_commands,
    run_commands,
    track_command,
    doctor_command,
):
    module.register(app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"trimaran {version('trimaran')}")
        raise typer.Exit


@app.callback()
def _everywhere(
    directory: Annotated[
        Path | None,
        typer.Option("--cwd", "-C", help="Run as if started in this folder."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as exc:
            raise typer.BadParameter(f"{directory}: {exc.strerror}", param_hint="--cwd") from exc


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    Args:
        arguments: what follows the command's name; None: those of the process.
    """
    from trimaran.cli.screen import complain
    from trimaran_providers.contract.errors import TrimaranError
    from trimaran_runtime.errors import RuntimeFault

    try:
        app(arguments, prog_name="trimaran", standalone_mode=True)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(bool(exc.code))
    except (TrimaranError, RuntimeFault) as exc:
        complain(str(exc))
        return _status_of(exc)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has had enough. Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return Exit.OK


def _status_of(exc: Exception) -> Exit:
    from trimaran.cli.selection import AmbiguousError
    from trimaran_providers.contract import errors as ours
    from trimaran_runtime import errors as runtime

    if isinstance(exc, (AmbiguousError, ours.SpecError, ours.CloudMissingError)):
        return Exit.BAD_INPUT
    if isinstance(exc, (runtime.DataError, runtime.ConfigError)):
        return Exit.BAD_INPUT
    if isinstance(exc, (ours.ProjectError, runtime.NotFound)):
        return Exit.NOT_THERE
    if isinstance(exc, runtime.UserCodeError):
        return Exit.USER_CODE
    if isinstance(exc, runtime.GateRefused):
        return Exit.REFUSED
    return Exit.PROBLEM
