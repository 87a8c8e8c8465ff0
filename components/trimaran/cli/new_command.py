"""`trimaran new`: a project that works at once."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("new")(_new)


def _new(
    name: Annotated[
        str, typer.Argument(help="Model: a lower-case letter, then letters, digits, hyphens.")
    ],
    directory: Annotated[
        Path | None, typer.Option("--directory", "-d", help="Where; none: a folder of that name.")
    ] = None,
) -> None:
    """Make a project that works at once.

    Nothing that exists is overwritten.
    """
    from trimaran.cli.scaffold import write_project
    from trimaran.cli.screen import show

    folder = directory or Path(name)
    files = write_project(name, folder)
    show(("made ", "ok"), str(folder))
    for file in files:
        show((f"  {file}", "dim"))
    show()
    show("next:")
    show(f"  cd {folder}")
    show("  trimaran doctor             what is missing on this machine")
    show("  pulumi stack init local")
    show("  pulumi up -s local          trains, releases and serves it on this machine")
    show("  trimaran status")
    show("  trimaran predict --example")
