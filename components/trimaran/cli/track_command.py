"""`trimaran track`."""

from typing import TYPE_CHECKING, Annotated

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson, Model, Stack

if TYPE_CHECKING:
    from pathlib import Path

_DATABASE = "mlflow.db"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("track")(_track)


def _track(
    to: Annotated[
        str | None,
        typer.Option("--to", help="MLflow server or database; none: what the spec says."),
    ] = None,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Send the runs that wait to MLflow.

    Every run waits in the store until MLflow has it. Without `--to` and without `tracking.uri` in
    the spec they go into a database of the project, .trimaran/mlflow.db. Exits with 1 when some
    still wait.
    """
    from pathlib import Path

    from trimaran.cli.screen import progress, show, show_json
    from trimaran.cli.selection import select
    from trimaran.spec.stack_file import project_of
    from trimaran_runtime.tracking.send import send

    address = _checked(to) if to else None
    own = _database(project_of(Path.cwd()))
    store = select(stack, name).store
    if as_json:
        outcome = send(store, to=address, otherwise=own)
        show_json({"sent": outcome.sent, "waiting": outcome.waiting, "problem": outcome.problem})
    else:
        with progress("loading MLflow"):
            outcome = send(store, to=address, otherwise=own)
        show((str(outcome), "warn" if outcome.waiting else "ok"))
        if (address or own).startswith("sqlite:") and not outcome.waiting:
            show((f"look at them with `mlflow ui --backend-store-uri {address or own}`", "dim"))
    if outcome.waiting:
        raise typer.Exit(Exit.PROBLEM)


def _checked(address: str) -> str:
    from trimaran_runtime.errors import ConfigError
    from trimaran_runtime.tracking.config import tracking_uri

    try:
        return tracking_uri(address)
    except ValueError as exc:
        # Not repeated: it may hold a password.
        raise ConfigError(str(exc), where="--to") from exc


def _database(project: "Path") -> str:
    from trimaran_providers.local.layout import Layout

    return f"sqlite:///{Layout(project).root / _DATABASE}"
