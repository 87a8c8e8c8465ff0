"""`trimaran:aws:ModelRegistry`: the channels of a store, mirrored into SageMaker's registry."""

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.address import address, parse_address
from trimaran_providers.aws.handlers.model_package import PackageWriter
from trimaran_providers.aws.handlers.package_mirror import PackageMirror
from trimaran_providers.aws.handlers.refusal import told_as_ours
from trimaran_providers.aws.handlers.session import client, session
from trimaran_providers.contract.errors import CorruptedError, ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_runtime.errors import NotFound, RuntimeFault, StoreError
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.config import Approval, SigningConfig
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.registry.repair import is_whole, leave_damaged
from trimaran_runtime.registry.settle import approve_waiting, finish_approval
from trimaran_runtime.storage.store import Store

_INPUTS = "registry/inputs.json"
"""Key of what the registry was asked to be."""


class ModelRegistryInputs(ResourceModel):
    """The registry of a store."""

    account: AwsAccount
    """How AWS is reached."""
    store_uri: str
    """URI of the artifact store."""
    group: str
    """Name of the model package group."""
    approval: Approval
    """`automatic` or `manual`."""
    signing: SigningConfig = SigningConfig()
    """Whose signature a release must carry."""
    model_card: bool = False
    """Whether each package has a model card."""
    image: str = ""
    """URI of the image that serves a release; empty: packages say nothing of serving."""
    key: str = ""
    """ARN of the key for model cards; empty: the service's own."""
    run: str = ""
    """Last pipeline run this update knows of; a change makes the update look again."""


class ModelRegistryOutputs(ResourceModel):
    """Where the channels point (empty: nowhere yet), and what was mirrored."""

    account: AwsAccount
    """How AWS is reached."""
    store_uri: str
    """URI of the artifact store."""
    group: str
    """Name of the model package group."""
    candidate: str
    """Full id of the newest accepted release."""
    approved: str
    """Full id of the newest approved release."""
    production: str
    """Full id of the release in production."""
    mirrored: int
    """How many releases are packages of the group."""
    model_card: bool
    """Whether each package has a model card."""
    signing: SigningConfig = SigningConfig()
    """Whose signature a release must carry; what a command on a person's machine goes by."""


class ModelRegistryHandler:
    """CRUD of a mirror; its id is the store, the group, and how they are reached.

    The releases belong to the store: deleting the mirror deletes packages only.
    """

    token = "trimaran:aws:ModelRegistry"
    inputs = ModelRegistryInputs
    outputs = ModelRegistryOutputs
    replace_on = frozenset({"store_uri", "group"})

    def create(
        self, inputs: ModelRegistryInputs, report: Reporter
    ) -> Created[ModelRegistryOutputs]:
        outputs = _reconcile(inputs, report, had_cards=True)
        name = f"{inputs.store_uri}#{inputs.group}"
        return Created(id=address(name, inputs.account), outputs=outputs)

    def read(self, resource_id: str) -> tuple[ModelRegistryInputs, ModelRegistryOutputs] | None:
        name, account = parse_address(resource_id)
        store_uri, _, group = name.partition("#")
        store = _store(store_uri, account)
        try:
            kept = store.read_json(_INPUTS)
        except NotFound:
            return None
        inputs = ModelRegistryInputs(account=account, store_uri=store_uri, group=group, **kept)
        with told_as_ours(group):
            mirrored = len(_mirror(inputs, store).packages())
        return inputs, _outputs(inputs, store, mirrored)

    def drifted(self, outputs: ModelRegistryOutputs) -> frozenset[str]:
        inputs = ModelRegistryInputs(
            account=outputs.account,
            store_uri=outputs.store_uri,
            group=outputs.group,
            approval=Approval.manual,
        )
        try:
            with told_as_ours(outputs.group):
                store = _store(outputs.store_uri, outputs.account)
                mirror = _mirror(inputs, store)
                # SageMaker is asked first: without a network that fails at once.
                mirrored = len(mirror.packages())
                now = _outputs(inputs, store, mirrored)
                equal = mirror.is_equal()
        except (ResourceError, RuntimeFault):
            # A preview needs no credentials and no network: what cannot be seen is taken as it was.
            return frozenset()
        moved = {name for name in Channel if getattr(now, name) != getattr(outputs, name)}
        return frozenset({*map(str, moved), *(() if equal else ("mirrored",))})

    def update(
        self,
        resource_id: str,
        old: ModelRegistryOutputs,
        new: ModelRegistryInputs,
        report: Reporter,
    ) -> ModelRegistryOutputs:
        return _reconcile(new, report, had_cards=old.model_card)

    def delete(self, resource_id: str, old: ModelRegistryOutputs, report: Reporter) -> None:
        name, account = parse_address(resource_id)
        store_uri, _, group = name.partition("#")
        store = _store(store_uri, account)
        inputs = ModelRegistryInputs(
            account=account, store_uri=store_uri, group=group, approval=Approval.manual
        )
        with told_as_ours(group):
            _mirror(inputs, store).delete()
        try:
            store.delete(_INPUTS)
        except StoreError as exc:
            report.warning(f"the store was left as it is: {exc}")


def _reconcile(
    inputs: ModelRegistryInputs, report: Reporter, *, had_cards: bool
) -> ModelRegistryOutputs:
    store = _store(inputs.store_uri, inputs.account)
    kept = inputs.model_dump(mode="json", exclude={"account", "store_uri", "group"})
    store.write_json(_INPUTS, kept)
    finished = finish_approval(store, inputs.signing)
    if finished is not None:
        report.info(f"finished the interrupted approval of release {finished.release[:SHORT]}")
    approve_waiting(store, inputs.approval, inputs.signing)
    with told_as_ours(inputs.group):
        mirrored = _mirror(inputs, store).mirror(
            report, with_cards=inputs.model_card and not had_cards
        )
    left = leave_damaged(store, inputs.signing)
    if left is not None:
        report.warning(f"{left.why}: production is {left.release[:SHORT]} again")
    outputs = _outputs(inputs, store, mirrored)
    _refuse_damaged(outputs, store)
    _tell(outputs, report)
    return outputs


def _refuse_damaged(outputs: ModelRegistryOutputs, store: Store) -> None:
    if outputs.production and not is_whole(store, outputs.production):
        raise CorruptedError(
            f"release {outputs.production[:SHORT]} in production is lost or altered, "
            "and no earlier one is whole",
            where=store.uri,
            next_step="restore the object's earlier version, or run the pipeline with "
            "`trimaran run`",
        )


def _tell(outputs: ModelRegistryOutputs, report: Reporter) -> None:
    if outputs.candidate and outputs.candidate != outputs.approved:
        short = outputs.candidate[:SHORT]
        report.info(
            f"release {short} waits for `trimaran approve {short}`, or for its approval in "
            f"SageMaker's group {outputs.group}"
        )
    elif outputs.production:
        report.info(f"release {outputs.production[:SHORT]} (production)")


def _outputs(inputs: ModelRegistryInputs, store: Store, mirrored: int) -> ModelRegistryOutputs:
    pointers = {str(channel): current(store, channel) for channel in Channel}
    return ModelRegistryOutputs(
        account=inputs.account,
        store_uri=inputs.store_uri,
        group=inputs.group,
        mirrored=mirrored,
        model_card=inputs.model_card,
        signing=inputs.signing,
        **{name: pointer.release if pointer else "" for name, pointer in pointers.items()},
    )


def _mirror(inputs: ModelRegistryInputs, store: Store) -> PackageMirror:
    writer = PackageWriter(
        group=inputs.group,
        store_uri=store.uri,
        image=inputs.image,
        key=inputs.key,
        model_card=inputs.model_card,
    )
    return PackageMirror(client(inputs.account, "sagemaker"), store, writer, inputs.signing)


def _store(uri: str, account: AwsAccount) -> Store:
    """The store, reached as all of AWS is. Raises ResourceError, StoreError."""
    found = session(account)
    with told_as_ours(uri):
        credentials = found.get_credentials()
    if credentials is None:
        raise ResourceError(
            "there are no AWS credentials",
            where=uri,
            next_step="sign in (`aws sso login`), or put credentials into the environment",
        )
    return Store(uri, session=found)
