"""`trimaran reproduce`."""

from typing import Annotated

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson, Model, Stack
from trimaran.cli.status_command import short


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("reproduce")(_reproduce)


def _reproduce(
    release: Annotated[str, typer.Argument(help="Release, by the first digits of its id.")],
    store_uri: Annotated[
        str | None,
        typer.Option("--store", help="URI of the artifact store; none: the stack's."),
    ] = None,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Make a release again from its manifest, and say what differs.

    Runs every step with the recorded code, configuration and environment, beside the model that
    was in production then. Writes nothing to the store. Exits with 1 when something differs.
    """
    from trimaran.cli.screen import progress, show, show_json
    from trimaran.cli.selection import select
    from trimaran_runtime.registry.release import find_release
    from trimaran_runtime.reproduce.reproduce import reproduce
    from trimaran_runtime.storage.store import Store

    store = Store(store_uri) if store_uri else select(stack, name).store
    full = find_release(store, release)
    if as_json:
        outcome = reproduce(store, full, lambda _: None)
        show_json({**outcome.model_dump(mode="json"), "equal": outcome.equal})
    else:
        with progress("reading the release") as report:
            outcome = reproduce(store, full, report)
        mark = ("equal", "ok") if outcome.equal else ("differs", "bad")
        show("release ", (short(full), "strong"), " ", mark, f" (made in {outcome.environment})")
        for difference in outcome.differences:
            show(f"  {difference}")
    if not outcome.equal:
        raise typer.Exit(Exit.PROBLEM)
