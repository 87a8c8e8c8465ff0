"""`trimaran:local:Endpoint`: an HTTP endpoint on this machine."""

import time
from pathlib import Path

from trimaran_providers.contract.errors import (
    CorruptedError,
    PartiallyCreatedError,
    ResourceError,
    TrimaranError,
)
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.local.gateway.definition import (
    EndpointDefinition,
    digest,
    read_definition,
    write_definition,
)
from trimaran_providers.local.gateway.process import start, status, stop
from trimaran_providers.local.gateway.status import GatewayStatus, Phase, read_status
from trimaran_providers.local.layout import owner_of
from trimaran_providers.local.removal import remove_empty, remove_tree
from trimaran_runtime.errors import RuntimeFault
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.storage.store import Store

_POLL_SECONDS = 0.1
_START_SECONDS = 120.0
_BAD = frozenset({Phase.failed, Phase.rolled_back})


class EndpointInputs(ResourceModel):
    """An HTTP endpoint that follows the production channel of a store."""

    directory: str
    """Folder of its gateway."""
    definition: str
    """What it shall be, JSON (`EndpointDefinition`)."""
    release: str = ""
    """Release in production as this update knows it; a change makes the update wait for it."""


class EndpointOutputs(ResourceModel):
    """A running endpoint."""

    directory: str
    """Folder of its gateway."""
    url: str
    """Base address; `/invocations` takes predictions."""
    port: int
    """Port on 127.0.0.1."""
    release: str
    """Full id of the release that serves; empty while it waits for one."""
    phase: str
    """`waiting`, `serving`, `rolled_back`, `failed`, or `stopped`."""


class EndpointHandler:
    """CRUD of an endpoint; its id is the gateway's folder."""

    token = "trimaran:local:Endpoint"
    inputs = EndpointInputs
    outputs = EndpointOutputs
    replace_on = frozenset({"directory"})

    def create(self, inputs: EndpointInputs, report: Reporter) -> Created[EndpointOutputs]:
        return Created(id=inputs.directory, outputs=_bring_up(inputs, report))

    def read(self, resource_id: str) -> tuple[EndpointInputs, EndpointOutputs] | None:
        directory = Path(resource_id)
        try:
            definition = read_definition(directory)
            last = read_status(directory)
        except CorruptedError:
            # There, but unreadable: `up` writes it again.
            definition, last = None, None
        if not directory.is_dir():
            return None
        inputs = EndpointInputs(
            directory=resource_id,
            definition=definition.model_dump_json() if definition else "",
            release=(last.production if last else None) or "",
        )
        alive = status(directory)
        if alive is not None:
            return inputs, _outputs(directory, alive)
        return inputs, EndpointOutputs(
            directory=resource_id,
            url=last.url if last else "",
            port=last.port if last else 0,
            release="",
            phase=Phase.stopped,
        )

    def drifted(self, outputs: EndpointOutputs) -> frozenset[str]:
        # Looked at now, not as last recorded: a plain `up` heals a killed endpoint too.
        dead = status(Path(outputs.directory)) is None
        return frozenset({"phase"}) if dead or outputs.phase in _BAD else frozenset()

    def update(
        self, resource_id: str, old: EndpointOutputs, new: EndpointInputs, report: Reporter
    ) -> EndpointOutputs:
        return _bring_up(new, report)

    def delete(self, resource_id: str, old: EndpointOutputs, report: Reporter) -> None:
        directory = Path(resource_id)
        stop(directory)
        remove_tree(directory)
        remove_empty(directory.parent, owner_of(directory).root)


def _bring_up(inputs: EndpointInputs, report: Reporter) -> EndpointOutputs:
    directory = Path(inputs.directory)
    directory.mkdir(parents=True, exist_ok=True)
    definition = EndpointDefinition.model_validate_json(inputs.definition)
    before = _readable(directory)
    write_definition(directory, definition)
    running = status(directory)
    if running is not None and before is not None and before.port != definition.port:
        # A listening socket cannot move: drain, then start on the other port.
        stop(directory)
    try:
        start(directory)
        found = _settled(directory, definition, report)
    except TrimaranError as exc:
        raise PartiallyCreatedError(
            inputs.directory, _stopped(directory).model_dump(by_alias=True), [str(exc)]
        ) from exc
    outputs = _outputs(directory, found)
    if found.phase in _BAD:
        raise PartiallyCreatedError(
            inputs.directory, outputs.model_dump(by_alias=True), [_blame(found)]
        )
    if found.phase is Phase.waiting:
        report.info("waits: no release is approved yet")
    return outputs


def _settled(directory: Path, definition: EndpointDefinition, report: Reporter) -> GatewayStatus:
    """Wait until the gateway serves what the channel points at, or has given up on it."""
    wanted = _production(definition.store_uri)
    rollout = definition.rollout
    baking = rollout.bake_seconds * max(len(rollout.steps) - 1, 0)
    deadline = time.monotonic() + _START_SECONDS + baking
    shown = ""
    while time.monotonic() < deadline:
        found = status(directory)
        if found is None:
            raise ResourceError(
                "the gateway ended", where=str(directory), next_step=f"see {directory}/gateway.log"
            )
        followed = found.production == wanted and found.definition == digest(definition)
        if followed and _at_rest(found, wanted):
            return found
        if _progress(found) != shown:
            shown = _progress(found)
            report.progress(shown)
        time.sleep(_POLL_SECONDS)
    raise ResourceError(
        f"the release does not serve after {_START_SECONDS + baking:g} s",
        where=str(directory),
        next_step=f"see {directory}/gateway.log",
    )


def _at_rest(found: GatewayStatus, wanted: str | None) -> bool:
    if wanted is None:
        return found.phase is Phase.waiting
    serves = found.phase is Phase.serving and found.weights.get(wanted) == 100
    return serves or found.phase in _BAD


def _progress(found: GatewayStatus) -> str:
    shares = ", ".join(f"{release[:SHORT]} {share} %" for release, share in found.weights.items())
    return f"{found.phase.replace('_', ' ')} {shares}".strip()


def _blame(found: GatewayStatus) -> str:
    release = (found.production or "")[:SHORT]
    serving = next((r[:SHORT] for r, share in found.weights.items() if share == 100), "nothing")
    return (
        f"release {release} was rolled back: {found.error}\n  Serving: {serving}\n"
        "  Next: see `trimaran status`; `trimaran rollback` makes the old release production again"
    )


def _production(store_uri: str) -> str | None:
    try:
        pointer = current(Store(store_uri), Channel.production)
    except RuntimeFault as exc:
        raise CorruptedError(str(exc), where="endpoint") from exc
    return pointer.release if pointer else None


def _outputs(directory: Path, found: GatewayStatus) -> EndpointOutputs:
    serving = max(found.weights, key=lambda r: found.weights[r], default="")
    return EndpointOutputs(
        directory=str(directory),
        url=found.url,
        port=found.port,
        release=serving,
        phase=found.phase,
    )


def _stopped(directory: Path) -> EndpointOutputs:
    return EndpointOutputs(
        directory=str(directory), url="", port=0, release="", phase=Phase.stopped
    )


def _readable(directory: Path) -> EndpointDefinition | None:
    try:
        return read_definition(directory)
    except CorruptedError:
        return None
