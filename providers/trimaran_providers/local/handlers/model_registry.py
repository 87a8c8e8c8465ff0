"""`trimaran:local:ModelRegistry`: the channels of a store, and who moves them."""

from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlparse

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_runtime.errors import NotFound, RuntimeFault
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.config import Approval, SigningConfig
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.registry.repair import is_whole, leave_damaged
from trimaran_runtime.registry.settle import approve_waiting, finish_approval, torn_approval
from trimaran_runtime.storage.store import Store

_INPUTS = "registry/inputs.json"
"""Key of what the registry was asked to be."""


class ModelRegistryInputs(ResourceModel):
    """The registry of a store."""

    store_uri: str
    """URI of the artifact store."""
    approval: Approval
    """`automatic` or `manual`."""
    signing: SigningConfig = SigningConfig()
    """Whose signature a release must carry."""
    run: str = ""
    """Last pipeline run this update knows of; a change makes the update look again."""


class ModelRegistryOutputs(ResourceModel):
    """Where the channels point; empty: nowhere yet."""

    store_uri: str
    """URI of the artifact store."""
    candidate: str
    """Full id of the newest accepted release."""
    approved: str
    """Full id of the newest approved release."""
    production: str
    """Full id of the release in production."""
    state: Literal["ready", "damaged"] = "ready"
    """`damaged`: production points at a release that is lost or altered."""


class ModelRegistryHandler:
    """CRUD of a registry; its id is the store's path. The releases belong to the store."""

    token = "trimaran:local:ModelRegistry"
    inputs = ModelRegistryInputs
    outputs = ModelRegistryOutputs
    replace_on = frozenset({"store_uri"})

    def create(
        self, inputs: ModelRegistryInputs, report: Reporter
    ) -> Created[ModelRegistryOutputs]:
        path = unquote(urlparse(inputs.store_uri).path)
        return Created(id=path, outputs=_reconcile(inputs, report))

    def read(self, resource_id: str) -> tuple[ModelRegistryInputs, ModelRegistryOutputs] | None:
        if not Path(resource_id).is_dir():
            return None
        store = Store.open_directory(Path(resource_id))
        try:
            inputs = ModelRegistryInputs.model_validate(store.read_json(_INPUTS))
        except NotFound:
            return None
        try:
            outputs = _outputs(store)
        except RuntimeFault:
            outputs = ModelRegistryOutputs(
                store_uri=store.uri, candidate="", approved="", production="", state="damaged"
            )
        return inputs, outputs

    def drifted(self, outputs: ModelRegistryOutputs) -> frozenset[str]:
        # Looked at now, not as last recorded: a plain `up` finishes an interrupted approval too.
        try:
            torn = torn_approval(Store(outputs.store_uri)) is not None
        except RuntimeFault:
            torn = False  # the update would not come further; what is wrong is told elsewhere
        return frozenset({"state"}) if torn or outputs.state != "ready" else frozenset()

    def update(
        self,
        resource_id: str,
        old: ModelRegistryOutputs,
        new: ModelRegistryInputs,
        report: Reporter,
    ) -> ModelRegistryOutputs:
        return _reconcile(new, report)

    def delete(self, resource_id: str, old: ModelRegistryOutputs, report: Reporter) -> None:
        if Path(resource_id).is_dir():
            Store.open_directory(Path(resource_id)).delete(_INPUTS)


def _reconcile(inputs: ModelRegistryInputs, report: Reporter) -> ModelRegistryOutputs:
    try:
        store = Store(inputs.store_uri)
        store.write_json(_INPUTS, inputs.model_dump(mode="json"))
        finished = finish_approval(store, inputs.signing)
        if finished is not None:
            short = finished.release[:SHORT]
            report.info(f"finished the interrupted approval of release {short}")
        approve_waiting(store, inputs.approval, inputs.signing)
        left = leave_damaged(store, inputs.signing)
        if left is not None:
            report.warning(f"{left.why}: production is {left.release[:SHORT]} again")
        outputs = _outputs(store)
    except RuntimeFault as exc:
        raise CorruptedError(str(exc)) from exc
    if outputs.state == "damaged":
        raise CorruptedError(
            f"release {outputs.production[:SHORT]} in production is lost or altered, "
            "and no earlier one is whole",
            where=inputs.store_uri,
            next_step="restore the store, or run the pipeline with `trimaran run`",
        )
    if outputs.candidate and outputs.candidate != outputs.approved:
        short = outputs.candidate[:SHORT]
        report.info(f"release {short} waits for `trimaran approve {short}`")
    elif outputs.production:
        report.info(f"release {outputs.production[:SHORT]} (production)")
    return outputs


def _outputs(store: Store) -> ModelRegistryOutputs:
    pointers = {channel: current(store, channel) for channel in Channel}
    released = {c: p.release if p else "" for c, p in pointers.items()}
    production = released[Channel.production]
    return ModelRegistryOutputs(
        store_uri=store.uri,
        candidate=released[Channel.candidate],
        approved=released[Channel.approved],
        production=production,
        state="ready" if not production or is_whole(store, production) else "damaged",
    )
