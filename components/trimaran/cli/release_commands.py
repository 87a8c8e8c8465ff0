"""`trimaran releases`, `approve`, `rollback` and `report`."""

from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from trimaran.cli.exit import Exit
from trimaran.cli.options import AsJson, Because, Model, NoWait, Stack
from trimaran.cli.status_command import approval, figures, short

if TYPE_CHECKING:
    from pathlib import Path

    from trimaran_providers.contract.deployment import Deployment, EndpointState, ReleaseState
    from trimaran_runtime.registry.channels import Pointer

_WAIT_SECONDS = 30.0
_SETTLE_SECONDS = 5.0
"""Time in which a gateway sees that a channel moved."""
_POLL_SECONDS = 0.2
_KEY_SHOWN = 8
"""Characters of a public key in a table."""
DRIFT = "drift"
_BY_HAND = "approved by hand"


class HasEndpoint(Protocol):
    """What is asked while waiting."""

    def endpoint(self) -> "EndpointState":
        """The endpoint, as it is now."""


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("releases")(_releases)
    app.command("approve")(_approve)
    app.command("rollback")(_rollback)
    app.command("report")(_report)


def _releases(stack: Stack = None, name: Model = None, as_json: AsJson = False) -> None:
    """List the releases, newest first."""
    from trimaran.cli.clock import ago
    from trimaran.cli.screen import show, show_json, show_table
    from trimaran.cli.selection import select

    deployment = select(stack, name)
    found = deployment.releases()
    signed = {release.id: _signed(deployment, release.id) for release in found}
    if as_json:
        show_json([{**r.model_dump(mode="json"), "signing": signed[r.id]} for r in found])
    elif not found:
        show("no release yet")
    else:
        rows = [
            (
                (short(release.id), "strong"),
                figures(release),
                ("accepted", "ok") if release.accepted else ("refused", "bad"),
                ago(release.since) if release.since else "",
                "; ".join(filter(None, (_note(release), signed[release.id]))),
            )
            for release in found
        ]
        show_table(("release", "metric", "gate", "since", ""), rows)


def _signed(deployment: "Deployment", release_id: str) -> str:
    """What the signing policy says of a release; empty: no key is named."""
    from trimaran_runtime.errors import RegistryError
    from trimaran_runtime.registry.signing import verify

    policy = deployment.signing
    if not policy.public_keys:
        return ""
    try:
        key = verify(deployment.store, release_id, policy)
    except RegistryError as exc:
        return exc.what.removeprefix(f"release {short(release_id)} ")
    return f"signed by {key[:_KEY_SHOWN]}…" if key else "not signed"


def _note(release: "ReleaseState") -> str:
    passed = [f"overridden: {one}" for one in release.overridden]
    notes = [", ".join(release.channels), approval(release), *release.refused_by, *passed]
    return "; ".join(note for note in notes if note)


def _approve(
    release: Annotated[str, typer.Argument(help="Release, by the first digits of its id.")],
    because: Because = _BY_HAND,
    override: Annotated[
        list[str] | None,
        typer.Option(help="Refusing check to let pass, by name; `segments` for all of them."),
    ] = None,
    no_wait: NoWait = False,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Let a release into production.

    One that the gate refused needs `--override` for every check that refuses, and `--because`; both
    are recorded with the release, for good.

    Waits up to 30 seconds until the endpoint serves it, where it follows by itself; on a cloud the
    next `pulumi up` brings it.
    """
    from trimaran.cli.selection import select
    from trimaran_runtime.errors import GateRefused, RegistryError
    from trimaran_runtime.registry.approval import approve
    from trimaran_runtime.registry.channels import Channel, current
    from trimaran_runtime.registry.overrides import overrides, still_refusing
    from trimaran_runtime.registry.release import find_release, read_release

    deployment = select(stack, name)
    store = deployment.store
    full = find_release(store, release)
    named = override or []
    if named and because == _BY_HAND:
        raise RegistryError(
            "an override needs a reason", where="approve", next_step='add --because "…"'
        )
    manifest = read_release(store, full)
    refusing = still_refusing(manifest, overrides(store, full))
    if refusing and not named:
        failed = [f"{check.name}: {check.detail}" for check in refusing]
        raise GateRefused(
            f"release {short(full)} was refused: {'; '.join(failed)}",
            where="gate",
            next_step=f'see `trimaran report {short(full)}`; or `--override CHECK --because "…"`, '
            "which is recorded",
        )
    before = current(store, Channel.production)
    pointer = approve(
        store,
        full,
        why=because,
        override=named,
        signing=deployment.signing,
        export=deployment.needs_serving_files,
    )
    is_new = before is None or before.number != pointer.number
    verb = "approved" if is_new else "in production already:"
    _finish(deployment, pointer, verb, wait=not no_wait, as_json=as_json)


def _rollback(
    release: Annotated[
        str | None, typer.Argument(help="Release to go back to; none: the one before.")
    ] = None,
    because: Because = "rolled back by hand",
    no_wait: NoWait = False,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Put an earlier release back into production.

    Waits up to 30 seconds until the endpoint serves it, where it follows by itself; on a cloud the
    next `pulumi up` brings it.
    """
    from trimaran.cli.selection import select
    from trimaran_runtime.registry.approval import rollback
    from trimaran_runtime.registry.release import find_release

    deployment = select(stack, name)
    store = deployment.store
    full = find_release(store, release) if release else None
    pointer = rollback(store, full, why=because, signing=deployment.signing)
    _finish(deployment, pointer, "rolled back to", wait=not no_wait, as_json=as_json)


def _finish(
    deployment: "Deployment", pointer: "Pointer", verb: str, *, wait: bool, as_json: bool
) -> None:
    from trimaran.cli.screen import progress, show, show_json

    outcome, done = "", True
    if not deployment.follows_channels:
        outcome = f"serves it after the next `pulumi up -s {deployment.stack}`"
    elif wait:
        if as_json:
            outcome, done = wait_until_served(deployment, pointer.release)
        else:
            with progress(f"release {short(pointer.release)} is being rolled out"):
                outcome, done = wait_until_served(deployment, pointer.release)
    if as_json:
        show_json({**pointer.model_dump(mode="json"), "endpoint": outcome or "not waited for"})
    else:
        show(f"{verb} release ", (short(pointer.release), "strong"), f" ({pointer.why})")
        if outcome:
            show(("endpoint ", "dim"), (outcome, "ok" if done else "warn"))
    if not done:
        raise typer.Exit(Exit.PROBLEM)


def wait_until_served(deployment: "HasEndpoint", release_id: str) -> tuple[str, bool]:
    """Wait until an endpoint serves a release with all its traffic, or 30 seconds.

    Returns:
        What became of it, and whether that is good (a rollout that still goes on is).
    """
    import time

    started = time.monotonic()
    while True:
        waited = time.monotonic() - started
        endpoint = deployment.endpoint()
        if endpoint.phase == "serving" and endpoint.serving.get(release_id) == 100:
            return "serves it", True
        if endpoint.phase == "stopped":
            return f"is down: {endpoint.problem}", False
        # Right after the move the phase may still be the one of the release before.
        if endpoint.phase in {"rolled_back", "failed"} and waited > _SETTLE_SECONDS:
            return f"{endpoint.phase.replace('_', ' ')}: {endpoint.problem}", False
        if waited > _WAIT_SECONDS:
            share = endpoint.serving.get(release_id, 0)
            phase = endpoint.phase.replace("_", " ")
            return f"is {phase}, {share} % on it so far; see `trimaran status`", True
        time.sleep(_POLL_SECONDS)


def _report(
    what: Annotated[
        str | None, typer.Argument(help="A release, or `drift`; none: the release in production.")
    ] = None,
    print_path: Annotated[
        bool, typer.Option("--print", help="Print the path instead of opening a browser.")
    ] = False,
    stack: Stack = None,
    name: Model = None,
    as_json: AsJson = False,
) -> None:
    """Open the report of a release, or of drift.

    Prints the path, and opens it in a browser when a person is watching.
    """
    from trimaran.cli.screen import interactive, show, show_json
    from trimaran.cli.selection import select

    deployment = select(stack, name)
    path, passed = _report_path(deployment, what), _overridden(deployment, what)
    if as_json:
        show_json({"path": str(path), "overridden": passed})
        return
    show(str(path))
    for one in passed:
        show(("overridden since: ", "warn"), one)
    if interactive() and not print_path:
        import webbrowser

        webbrowser.open(path.as_uri())


def _overridden(deployment: "Deployment", what: str | None) -> list[str]:
    """What a person let pass since the report was made: nothing in a release ever changes."""
    from trimaran_providers.deployed.release_state import overridden
    from trimaran_runtime.registry.channels import Channel, current
    from trimaran_runtime.registry.release import find_release

    if what == DRIFT:
        return []
    if what is not None:
        return list(overridden(deployment.store, find_release(deployment.store, what)))
    now = current(deployment.store, Channel.production)
    return list(overridden(deployment.store, now.release)) if now else []


def _report_path(deployment: "Deployment", what: str | None) -> "Path":
    from trimaran_providers.contract.errors import ProjectError
    from trimaran_runtime.registry.release import find_release

    if what == DRIFT:
        return deployment.drift_report()
    if what is not None:
        return deployment.report(find_release(deployment.store, what))
    production = deployment.snapshot().production
    if production is None:
        raise ProjectError(
            "no release is in production yet",
            allowed="the id of a release, or drift",
            next_step="see `trimaran releases`",
        )
    return deployment.report(production.id)
