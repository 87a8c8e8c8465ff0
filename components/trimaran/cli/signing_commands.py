"""`trimaran keygen` and `sign`."""

from pathlib import Path
from typing import Annotated

import typer

from trimaran.cli.options import AsJson, Model, Stack
from trimaran.cli.status_command import short


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("keygen")(_keygen)
    app.command("sign")(_sign)


def _keygen(
    file: Annotated[Path, typer.Argument(help="File of the private key; must not be there yet.")],
    as_json: AsJson = False,
) -> None:
    """Make a key that signs releases.

    Writes the private key, readable by you alone, and prints the public one.
    """
    from trimaran.cli.screen import show, show_json
    from trimaran_runtime.registry.config import SIGNING_KEY
    from trimaran_runtime.registry.signing import new_key

    public = new_key(file)
    if as_json:
        show_json({"private_key": str(file), "public_key": public})
        return
    show(public)
    show((f"private key in {file}: keep it as the secret {SIGNING_KEY}", "dim"))
    show(("public key for registry.signing.public_keys", "dim"))


def _sign(
    release: Annotated[str, typer.Argument(help="Release, by the first digits of its id.")],
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Sign a release that is there already, with the key in TRIMARAN_SIGNING_KEY."""
    from trimaran.cli.screen import show, show_json
    from trimaran.cli.selection import select
    from trimaran_runtime.errors import ConfigError
    from trimaran_runtime.registry.config import SIGNING_KEY
    from trimaran_runtime.registry.release import find_release, read_release
    from trimaran_runtime.registry.signing import given_key, sign

    key = given_key()
    if key is None:
        raise ConfigError(
            "there is no private key",
            where=SIGNING_KEY,
            next_step="put one into the environment; `trimaran keygen` makes one",
        )
    store = select(stack, name).store
    # Read and verified first: nobody should vouch for what is damaged.
    full = read_release(store, find_release(store, release)).id
    signature = sign(store, full, key)
    if as_json:
        show_json({"release": full, **signature.model_dump(mode="json")})
    else:
        show("signed release ", (short(full), "strong"), f" by {signature.public_key}")
