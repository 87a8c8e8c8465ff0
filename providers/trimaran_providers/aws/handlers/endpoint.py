"""`trimaran:aws:Endpoint`: model, configuration, endpoint and autoscaling on SageMaker, as one."""

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.endpoint_bodies import bodies
from trimaran_providers.aws.endpoint_definition import EndpointDefinition
from trimaran_providers.aws.handlers.address import address, parse_address
from trimaran_providers.aws.handlers.clients import Clients
from trimaran_providers.aws.handlers.deployment import Deployment
from trimaran_providers.aws.handlers.deployment_outcome import Before, Phase, RolledBack
from trimaran_providers.aws.handlers.sagemaker_refusal import told
from trimaran_providers.aws.handlers.session import session
from trimaran_providers.contract.errors import (
    PartiallyCreatedError,
    ResourceError,
    TrimaranError,
)
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel
from trimaran_providers.contract.spec import EndpointKind
from trimaran_runtime.errors import NotFound, RuntimeFault, StoreError
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.storage.store import Store

_BAD = frozenset({Phase.failed, Phase.rolled_back, Phase.stopped})


class EndpointInputs(ResourceModel):
    """An endpoint of SageMaker that serves a release."""

    name: str
    """Name of the endpoint."""
    store_uri: str
    """Artifact store whose releases are served."""
    hosting: str
    """`realtime`, `component`, `serverless`, `async` or `batch`: SageMaker converts none of them
    into another."""
    definition: str
    """What it shall be, JSON (`EndpointDefinition`)."""
    release: str = ""
    """Full id of the release in production; empty: there is none, and nothing is made."""
    region: str | None = None
    """Region; None: that of the environment."""
    account: AwsAccount = AwsAccount()
    """How AWS is reached."""


class EndpointOutputs(ResourceModel):
    """An endpoint as it stands."""

    name: str
    """Name of the endpoint."""
    store_uri: str
    """Artifact store whose releases are served."""
    arn: str
    """ARN of the endpoint; empty while it waits, and of kind `batch`."""
    url: str
    """Address to which `/invocations` is added; takes requests signed with Signature Version 4."""
    release: str
    """Full id of the release that serves; empty while it waits for one."""
    phase: str
    """`waiting`, `serving`, `rolled_back`, `failed` or `stopped`."""
    problem: str
    """Why the phase is what it is, when something is wrong."""
    config: str
    """Name of the configuration that serves; empty: none does."""
    model: str
    """Name of the model that serves; empty: none does."""
    component: str
    """Name of the inference component, which requests must name; empty: there is none."""
    wake_policy: str
    """ARN of the policy that starts a first instance; empty: there is none."""
    shadow_channel: str
    """Channel whose release is shadowed; empty: none is."""
    shadow_release: str
    """Full id of the release that is shadowed; empty: none is."""
    refused: str
    """Deployment that was rolled back, and is not tried again unchanged; empty: none was."""
    account: AwsAccount
    """How AWS is reached."""


class EndpointHandler:
    """CRUD of an endpoint; its id is the address of its record in the store."""

    token = "trimaran:aws:Endpoint"
    inputs = EndpointInputs
    outputs = EndpointOutputs
    replace_on = frozenset({"name", "store_uri", "hosting", "region"})

    def create(self, inputs: EndpointInputs, report: Reporter) -> Created[EndpointOutputs]:
        resource_id = address(f"{inputs.store_uri}#{inputs.name}", inputs.account)
        return Created(id=resource_id, outputs=_bring_up(resource_id, inputs, None, report))

    def read(self, resource_id: str) -> tuple[EndpointInputs, EndpointOutputs] | None:
        name, account = parse_address(resource_id)
        store_uri, _, endpoint = name.partition("#")
        try:
            record = _store(store_uri, account).read_json(_key(endpoint))
        except NotFound:
            return None
        inputs = EndpointInputs.model_validate(record["inputs"])
        found = _outputs(
            inputs, _deployment(inputs, _Silent()), record["refused"], record["problem"]
        )
        return inputs, found

    def drifted(self, outputs: EndpointOutputs) -> frozenset[str]:
        # Looked at now, not as last recorded: a plain `up` heals what was deleted or changed.
        if outputs.phase in _BAD:
            return frozenset({"phase"})
        try:
            return _drifted(outputs)
        except (ResourceError, RuntimeFault):
            # A preview without credentials has to work; the update itself tells what is wrong.
            return frozenset()

    def update(
        self, resource_id: str, old: EndpointOutputs, new: EndpointInputs, report: Reporter
    ) -> EndpointOutputs:
        return _bring_up(resource_id, new, old, report)

    def delete(self, resource_id: str, old: EndpointOutputs, report: Reporter) -> None:
        store = _store(old.store_uri, old.account)
        # By names alone: what there is may be of another definition than the last one.
        _deployment_of(_bare(old), store, old.account, report).delete()
        try:
            store.delete(_key(old.name))
        except StoreError as exc:
            report.warning(f"its record stays in the store: {exc}")


class _Silent:
    """Reporter of a read, which nobody watches."""

    def progress(self, text: str) -> None:
        """Nothing is shown."""

    def info(self, text: str) -> None:
        """Nothing is shown."""

    def warning(self, text: str) -> None:
        """Nothing is shown."""


def _key(name: str) -> str:
    """Key of what the endpoint was asked to be: a refresh knows nothing but the id."""
    return f"endpoints/{name}.json"


def _store(uri: str, account: AwsAccount) -> Store:
    with told(uri):
        return Store(uri, session=session(account))


def _deployment(inputs: EndpointInputs, report: Reporter) -> Deployment:
    definition = EndpointDefinition.model_validate_json(inputs.definition)
    store = _store(inputs.store_uri, inputs.account)
    return _deployment_of(definition, store, inputs.account, report)


def _deployment_of(
    definition: EndpointDefinition, store: Store, account: AwsAccount, report: Reporter
) -> Deployment:
    with told(definition.name):
        clients = Clients(session(account), definition.name)
    return Deployment(definition=definition, clients=clients, store=store, report=report)


def _bring_up(
    resource_id: str, inputs: EndpointInputs, old: EndpointOutputs | None, report: Reporter
) -> EndpointOutputs:
    deployment = _deployment(inputs, report)
    record = _Record(deployment.store, inputs)
    record.write()
    before = _before(old)
    if not inputs.release:
        report.info("waits: no release is approved yet")
        return _outputs(inputs, deployment, before.refused, "")
    try:
        deployment.run(inputs.release, before)
    except (TrimaranError, RuntimeFault) as exc:
        refused = exc.refused if isinstance(exc, RolledBack) else ""
        record.write(refused=refused, problem=str(exc))
        outputs = _outputs(inputs, deployment, refused, str(exc))
        raise PartiallyCreatedError(
            resource_id, outputs.model_dump(by_alias=True), [_blame(exc, outputs)]
        ) from exc
    outputs = _outputs(inputs, deployment, "", "")
    report.info(f"release {outputs.release[:SHORT]} serves")
    return outputs


def _before(old: EndpointOutputs | None) -> Before:
    if old is None:
        return Before()
    return Before(
        config=old.config,
        model=old.model,
        refused=old.refused,
        is_tested=old.phase == Phase.serving,
    )


class _Record:
    """What was asked for, and what came of it."""

    def __init__(self, store: Store, inputs: EndpointInputs) -> None:
        self._store, self._inputs = store, inputs

    def write(self, *, refused: str = "", problem: str = "") -> None:
        """Write it."""
        inputs = self._inputs.model_dump(mode="json")
        document = {"inputs": inputs, "refused": refused, "problem": problem}
        self._store.write_json(_key(self._inputs.name), document)


def _outputs(
    inputs: EndpointInputs, deployment: Deployment, refused: str, problem: str
) -> EndpointOutputs:
    definition, control = deployment.definition, deployment.control
    is_batch = definition.kind is EndpointKind.batch
    standing = control.standing() if not is_batch else None
    model = deployment.serving_model(standing)
    if is_batch and inputs.release:
        model = bodies(definition, inputs.release).model_name
    release = control.release_of(model)
    there = standing is not None or (is_batch and bool(release))
    runtime = deployment.clients.runtime.meta.endpoint_url
    return EndpointOutputs(
        name=inputs.name,
        store_uri=inputs.store_uri,
        arn=standing.arn if standing else "",
        url=f"{runtime}/endpoints/{inputs.name}" if standing else "",
        release=release,
        phase=_phase(inputs, there=there, refused=refused, problem=problem),
        problem=problem,
        config=standing.config if standing else "",
        model=model if release else "",
        component=deployment.component,
        wake_policy=deployment.scaling().wake_policy if standing else "",
        shadow_channel=definition.shadow.channel if definition.shadow else "",
        shadow_release=deployment.shadow_served(standing),
        refused=refused,
        account=inputs.account,
    )


def _phase(inputs: EndpointInputs, *, there: bool, refused: str, problem: str) -> Phase:
    if refused:
        return Phase.rolled_back
    if problem:
        return Phase.failed
    if there:
        return Phase.serving
    return Phase.stopped if inputs.release else Phase.waiting


def _blame(exc: Exception, outputs: EndpointOutputs) -> str:
    serving = outputs.release[:SHORT] or "nothing"
    return f"{exc}\n  Serving: {serving}"


def _drifted(outputs: EndpointOutputs) -> frozenset[str]:
    if outputs.phase == Phase.waiting:
        return frozenset()
    store = _store(outputs.store_uri, outputs.account)
    deployment = _deployment_of(_bare(outputs), store, outputs.account, _Silent())
    if not outputs.config:
        gone = not deployment.control.release_of(outputs.model)
        return frozenset({"model"}) if gone else frozenset()
    standing = deployment.control.standing()
    if standing is None or standing.is_broken:
        return frozenset({"phase"})
    if standing.config != outputs.config:
        return frozenset({"config"})
    if outputs.component and deployment.serving_model(standing) != outputs.model:
        return frozenset({"model"})
    if deployment.shadowed(outputs.release) != outputs.shadow_release:
        return frozenset({"shadow_release"})
    return frozenset()


def _bare(outputs: EndpointOutputs) -> EndpointDefinition:
    """A definition of nothing but names: enough to look at it and to delete it."""
    component = {"InferenceComponentName": outputs.component} if outputs.component else {}
    shadow = {"channel": outputs.shadow_channel, "variant": {}}
    return EndpointDefinition.model_validate(
        {
            "kind": EndpointKind.realtime,
            "name": outputs.name,
            "store_uri": outputs.store_uri,
            "model": {},
            "component": component,
            "shadow": shadow if outputs.shadow_channel else None,
        }
    )
