"""One deployment: an endpoint is brought to a definition and a release, or stays what it was."""

from dataclasses import dataclass, field

from trimaran_providers.aws.autoscaling import scaled_resource
from trimaran_providers.aws.endpoint_bodies import Bodies, bodies
from trimaran_providers.aws.endpoint_definition import EndpointDefinition
from trimaran_providers.aws.handlers.clients import Clients
from trimaran_providers.aws.handlers.deployment_outcome import Before, RolledBack
from trimaran_providers.aws.handlers.endpoint_control import EndpointControl
from trimaran_providers.aws.handlers.inference_component import same_component
from trimaran_providers.aws.handlers.live_test import LiveTest, LiveTestFailed
from trimaran_providers.aws.handlers.sagemaker_blame import blame
from trimaran_providers.aws.handlers.sagemaker_refusal import lacks_capacity
from trimaran_providers.aws.handlers.scaling import Scaling
from trimaran_providers.aws.handlers.standing import Standing
from trimaran_providers.aws.names import VARIANT
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Reporter
from trimaran_providers.contract.spec import EndpointKind
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import SHORT
from trimaran_runtime.storage.store import Store


@dataclass(slots=True, kw_only=True)
class Deployment:
    """Brings one endpoint to a release.

    Attributes:
        definition: what the endpoint shall be.
        clients: clients of AWS's services.
        store: the artifact store.
        report: where progress is told.
    """

    definition: EndpointDefinition
    clients: Clients
    store: Store
    report: Reporter
    control: EndpointControl = field(init=False)

    def __post_init__(self) -> None:
        self.control = EndpointControl(self.clients.sagemaker, self.definition.name, self.report)

    @property
    def component(self) -> str:
        """Name of the inference component; empty: there is none."""
        return str(self.definition.component.get("InferenceComponentName", ""))

    def shadowed(self, release: str) -> str:
        """Full id of the release that is to be shadowed beside one; empty: none is.

        Args:
            release: the one that serves; it is not its own shadow.
        """
        if self.definition.shadow is None:
            return ""
        pointer = current(self.store, Channel(self.definition.shadow.channel))
        return pointer.release if pointer is not None and pointer.release != release else ""

    def shadow_served(self, standing: Standing | None) -> str:
        """Full id of the release that is shadowed now; empty: none is."""
        model = self.control.shadow_of(standing.config) if standing is not None else ""
        return self.control.release_of(model)

    def run(self, release: str, before: Before) -> None:
        """Bring it to a release.

        Args:
            release: full id.
            before: what is known from the update before.

        Raises:
            RolledBack: what served before serves.
            ResourceError: it could not be done.
        """
        # A deployment that an earlier, killed `up` began ends first.
        found = self.control.at_rest(self.definition.wait_seconds)
        wanted = bodies(self.definition, release, self.shadowed(release))
        if wanted.deployed_name == before.refused and self._serves_another(found, wanted):
            raise RolledBack(release, "it was found wanting before", before.refused)
        for model in wanted.models:
            self.control.keep_model(model)
        if wanted.config is None:
            # A run that started a moment ago may still name the model before.
            self.control.sweep(frozenset({wanted.model_name, before.model}))
            return
        self.control.keep_config(wanted.config)
        self._deploy(wanted, found, before)
        self._retag(wanted)
        names = {str(model["ModelName"]) for model in wanted.models}
        self.control.sweep(frozenset(names | {wanted.config_name}))

    def serving_model(self, standing: Standing | None) -> str:
        """Name of the model that an endpoint serves now; empty: none does."""
        if self.component:
            described = self.control.component(self.component)
            return str((described or {}).get("Specification", {}).get("ModelName", ""))
        return self.control.model_of(standing.config) if standing is not None else ""

    def scaling(self) -> Scaling:
        """Its autoscaling, whether or not it is scaled."""
        resource = scaled_resource(self.definition.name, self.component)
        return Scaling(self.clients.autoscaling, resource)

    def delete(self) -> None:
        """Delete everything that was made for it, and wait until it is gone."""
        if self.definition.kind is not EndpointKind.batch:
            self.scaling().remove()
        if self.component:
            self.control.delete_component(self.component)
        self.control.delete_endpoint()
        self.control.sweep(frozenset())

    def _deploy(self, wanted: Bodies, found: Standing | None, before: Before) -> None:
        if found is not None and found.status == "Failed":
            # It never served; as long as it is there, its name is taken (A8).
            self.report.info(f"the endpoint had failed, and is made anew: {found.reason}")
            self.control.delete_endpoint()
            found = None
        config, model = self._to_go_back_to(wanted, found, before)
        changed = False
        try:
            if found is None:
                self._create(wanted)
                changed = True
            elif found.config != wanted.config_name or found.is_broken:
                self._update(wanted, found)
                changed = True
            changed |= self._bring_component(wanted)
        finally:
            # Also after going back: the old instances are scaled like the new ones would be.
            self._scale()
        served = (wanted.config_name, wanted.model_name)
        if before.is_tested and not changed and (before.config, before.model) == served:
            return
        try:
            self._live_test(wanted.release)
        except LiveTestFailed as failed:
            if not config:
                raise
            self._go_back(wanted, config, model)
            raise RolledBack(wanted.release, failed.what, wanted.deployed_name) from failed

    def _create(self, wanted: Bodies) -> None:
        self.control.create(wanted.create_endpoint())
        after = self.control.at_rest(self.definition.wait_seconds)
        if after is None or after.is_broken:
            reason = after.reason if after is not None else "it was deleted meanwhile"
            if after is not None:
                self.control.delete_endpoint()
            raise ResourceError(
                f"release {wanted.release[:SHORT]} does not start: {reason}",
                where=self.definition.name,
                next_step=f"see the log group /aws/sagemaker/Endpoints/{self.definition.name}",
            )

    def _update(self, wanted: Bodies, found: Standing) -> None:
        types = {self.control.instance_type(found.config), self._instance_type(wanted)}
        if len(types) > 1:
            # SageMaker refuses another instance type while the old one is scaled (A4).
            self.scaling().remove()
        self.control.update(wanted.update_endpoint(found.running))
        self.control.begun(wanted.config_name)
        after = self.control.at_rest(self.definition.wait_seconds)
        if after is None:
            raise ResourceError("it was deleted meanwhile", where=self.definition.name)
        if after.config != wanted.config_name:
            # SageMaker goes back without an error: the status is as after a success (A1).
            reason = blame(self.clients, self.definition, after.reason)
            refused = "" if lacks_capacity(reason) else wanted.deployed_name
            raise RolledBack(wanted.release, reason, refused)
        if after.is_broken:
            raise ResourceError(
                f"the update ended as {after.status}: {after.reason}", where=self.definition.name
            )

    def _bring_component(self, wanted: Bodies) -> bool:
        """Create or update the inference component; returns whether anything was to be done."""
        if wanted.component is None:
            return False
        name, seconds = self.component, self.definition.wait_seconds
        found = self.control.component_at_rest(name, seconds)
        if found is not None and found["InferenceComponentStatus"] == "Failed":
            self.control.delete_component(name)
            found = None
        if found is None:
            self.control.create_component(wanted.component)
        elif same_component(found, wanted.component):
            return False
        else:
            running = found.get("RuntimeConfig", {}).get("DesiredCopyCount", 0)
            self.control.update_component(wanted.update_component(running))
        after = self.control.component_at_rest(name, seconds)
        if after is None or after["InferenceComponentStatus"] == "Failed":
            reason = (after or {}).get("FailureReason", "it was deleted meanwhile")
            raise ResourceError(
                f"release {wanted.release[:SHORT]} does not start: {reason}", where=name
            )
        if not same_component(after, wanted.component):
            reason = blame(self.clients, self.definition, str(after.get("FailureReason", "")))
            refused = "" if lacks_capacity(reason) else wanted.deployed_name
            raise RolledBack(wanted.release, reason, refused)
        return True

    def _scale(self) -> None:
        scaling, wanted = self.scaling(), self.definition.scaling
        standing = self.control.standing()
        if standing is None or standing.is_moving or standing.is_broken:
            return
        if wanted is not None:
            if not self.component or self._component_serves():
                scaling.bring_to(wanted, self.definition.tags)
            return
        scaling.remove()
        instances = self.definition.variant.get("InitialInstanceCount")
        if instances is not None and standing.running != instances:
            self.control.set_capacity(VARIANT, instances)
            self.control.at_rest(self.definition.wait_seconds)

    def _component_serves(self) -> bool:
        found = self.control.component(self.component)
        return found is not None and found["InferenceComponentStatus"] == "InService"

    def _live_test(self, release: str) -> None:
        self.report.progress("live test")
        LiveTest(
            client=self.clients.runtime,
            store=self.store,
            endpoint=self.definition.name,
            component=self.component,
            report=self.report,
        ).run(release, asynchronous=self.definition.kind is EndpointKind.asynchronous)

    def _go_back(self, wanted: Bodies, config: str, model: str) -> None:
        """Bring back what served before the deployment; it was kept."""
        self.report.warning(f"release {wanted.release[:SHORT]} fails the live test: going back")
        if self.component:
            update = wanted.update_component(1)
            update["Specification"] = {**update["Specification"], "ModelName": model}
            self.control.update_component(update)
            self.control.component_at_rest(self.component, self.definition.wait_seconds)
            return
        standing = self.control.standing()
        if standing is None or standing.config == config:
            return
        if self.control.instance_type(config) != self.control.instance_type(standing.config):
            self.scaling().remove()
        update = wanted.update_endpoint(standing.running)
        # No baking on the way back: what serves now is known to be wrong.
        update.pop("DeploymentConfig", None)
        self.control.update({**update, "EndpointConfigName": config})
        self.control.begun(config)
        self.control.at_rest(self.definition.wait_seconds)
        self._scale()

    def _retag(self, wanted: Bodies) -> None:
        standing = self.control.standing()
        if standing is None:
            return
        kinds = {"endpoint": self.definition.name, "endpoint-config": wanted.config_name}
        kinds["model"] = wanted.model_name
        if self.component:
            kinds["inference-component"] = self.component
        head = standing.arn.rpartition(":")[0]
        for kind, name in kinds.items():
            # SageMaker writes its ARNs in lower case.
            self.control.retag(f"{head}:{kind}/{name.lower()}", self.definition.tags)

    def _serves_another(self, found: Standing | None, wanted: Bodies) -> bool:
        if found is None or found.is_broken:
            return False
        serving = self.serving_model(found) if self.component else found.config
        return serving not in ("", wanted.deployed_name)

    def _to_go_back_to(
        self, wanted: Bodies, found: Standing | None, before: Before
    ) -> tuple[str, str]:
        """Configuration and model that serve, or did when an `up` was killed; empty: none."""
        if found is None or found.is_broken:
            return "", ""
        model = self.serving_model(found)
        if model != wanted.model_name or found.config != wanted.config_name:
            return found.config, model
        if before.model in ("", model) or not self.control.release_of(before.model):
            return "", ""
        return before.config, before.model

    def _instance_type(self, wanted: Bodies) -> str:
        variants = (wanted.config or {}).get("ProductionVariants", [{}])
        return str(variants[0].get("InstanceType", ""))
