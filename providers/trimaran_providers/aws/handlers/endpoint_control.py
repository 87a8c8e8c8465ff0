"""The control plane of one endpoint: SageMaker's calls, each safe to repeat, and the waiting."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from trimaran_providers.aws.endpoint_bodies import is_name_of
from trimaran_providers.aws.handlers.sagemaker_refusal import Refused, told
from trimaran_providers.aws.handlers.standing import Standing
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Reporter

Body = Mapping[str, Any]
FoundT = TypeVar("FoundT")

_FIRST_POLL_SECONDS = 0.1
_LAST_POLL_SECONDS = 15.0
_SLOWER = 1.5
_ROLE_SECONDS = 120.0
_DELETE_SECONDS = 1800.0
_RELEASE = "TRIMARAN_RELEASE"


class EndpointControl:
    """Calls about one endpoint.

    Args:
        client: boto3 client of `sagemaker`.
        name: name of the endpoint.
        report: where progress is told, and where it is learnt that the user wants to stop.
    """

    def __init__(self, client: Any, name: str, report: Reporter) -> None:
        self._client, self._name, self._report = client, name, report

    def standing(self) -> Standing | None:
        """How it stands; None: there is none."""
        described = self._look(self._client.describe_endpoint, EndpointName=self._name)
        return Standing.of(described) if described is not None else None

    def component(self, name: str) -> Body | None:
        """The inference component, as described; None: there is none."""
        return self._look(self._client.describe_inference_component, InferenceComponentName=name)

    def instance_type(self, config: str) -> str:
        """Instance type of a configuration's production variant; empty: none, or no such."""
        return self._of_variant(config, "ProductionVariants", "InstanceType")

    def model_of(self, config: str) -> str:
        """Name of the model that a configuration serves; empty: none, or no such."""
        return self._of_variant(config, "ProductionVariants", "ModelName")

    def shadow_of(self, config: str) -> str:
        """Name of the model that a configuration shadows; empty: none, or no such."""
        return self._of_variant(config, "ShadowProductionVariants", "ModelName")

    def release_of(self, model: str) -> str:
        """Full id of the release that a model serves; empty: none, or no such."""
        described = self._look(self._client.describe_model, ModelName=model) if model else None
        container = (described or {}).get("PrimaryContainer", {})
        return str(container.get("Environment", {}).get(_RELEASE, ""))

    def keep_model(self, body: Body) -> None:
        """Create a model unless it is there: its name tells its content."""
        if self._look(self._client.describe_model, ModelName=body["ModelName"]) is None:
            self._patiently(self._client.create_model, body)

    def keep_config(self, body: Body) -> None:
        """Create a configuration unless it is there: its name tells its content."""
        name = body["EndpointConfigName"]
        if self._look(self._client.describe_endpoint_config, EndpointConfigName=name) is None:
            self._patiently(self._client.create_endpoint_config, body)

    def create(self, body: Body) -> None:
        """Start to create the endpoint."""
        self._patiently(self._client.create_endpoint, body)

    def update(self, body: Body) -> None:
        """Start to update the endpoint."""
        self._patiently(self._client.update_endpoint, body)

    def create_component(self, body: Body) -> None:
        """Start to create the inference component."""
        self._patiently(self._client.create_inference_component, body)

    def update_component(self, body: Body) -> None:
        """Start to update the inference component."""
        self._patiently(self._client.update_inference_component, body)

    def set_capacity(self, variant: str, instances: int) -> None:
        """Change the number of instances, and nothing else."""
        wanted = [{"VariantName": variant, "DesiredInstanceCount": instances}]
        with told(self._name):
            self._client.update_endpoint_weights_and_capacities(
                EndpointName=self._name, DesiredWeightsAndCapacities=wanted
            )

    def retag(self, arn: str, wanted: Mapping[str, str]) -> None:
        """Bring the tags of one resource to what they should be."""
        with told(self._name):
            pages = self._client.get_paginator("list_tags").paginate(ResourceArn=arn)
            found = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
            # AWS's own tags can be neither set nor taken away.
            gone = sorted(k for k in found.keys() - wanted.keys() if not k.startswith("aws:"))
            if gone:
                self._client.delete_tags(ResourceArn=arn, TagKeys=gone)
            new = {key: value for key, value in wanted.items() if found.get(key) != value}
            if new:
                tags = [{"Key": key, "Value": value} for key, value in sorted(new.items())]
                self._client.add_tags(ResourceArn=arn, Tags=tags)

    def at_rest(self, seconds: float) -> Standing | None:
        """Wait until no change is under way; None: the endpoint is gone.

        Raises:
            ResourceError: it takes longer than that.
            StoppedError: the user asked to stop; what is under way goes on.
        """

        def look() -> tuple[bool, Standing | None, str]:
            found = self.standing()
            return found is None or not found.is_moving, found, found.progress if found else ""

        return self._wait(look, seconds, "is still changing")

    def component_at_rest(self, name: str, seconds: float) -> Body | None:
        """Wait until no change of an inference component is under way; None: it is gone."""

        def look() -> tuple[bool, Body | None, str]:
            found = self.component(name)
            status = str(found["InferenceComponentStatus"]) if found else ""
            return status not in ("Creating", "Updating", "Deleting"), found, f"{name}: {status}"

        return self._wait(look, seconds, f"inference component {name} is still changing")

    def delete_endpoint(self) -> None:
        """Delete the endpoint and wait until it is gone; no error when it is."""
        found = self.at_rest(_DELETE_SECONDS)
        if found is None:
            return
        self._forget(self._client.delete_endpoint, EndpointName=self._name)
        self.at_rest(_DELETE_SECONDS)

    def delete_component(self, name: str) -> None:
        """Delete an inference component and wait until it is gone; no error when it is."""
        if self.component_at_rest(name, _DELETE_SECONDS) is None:
            return
        self._forget(self._client.delete_inference_component, InferenceComponentName=name)
        self.component_at_rest(name, _DELETE_SECONDS)

    def sweep(self, keep: frozenset[str]) -> None:
        """Delete every configuration and model made for this endpoint but some.

        Found by name, not from state: an `up` that was killed may have left some that no state
        knows of.

        Args:
            keep: names of those that stay.
        """
        configs = self._names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName")
        for name in configs - keep:
            self._forget(self._client.delete_endpoint_config, EndpointConfigName=name)
        for name in self._names("list_models", "Models", "ModelName") - keep:
            self._forget(self._client.delete_model, ModelName=name)

    def _of_variant(self, config: str, variants: str, field: str) -> str:
        described = self._look(self._client.describe_endpoint_config, EndpointConfigName=config)
        found = (described or {}).get(variants) or [{}]
        return str(found[0].get(field, ""))

    def _names(self, operation: str, field: str, key: str) -> set[str]:
        with told(self._name):
            # The digest that ends a name may be preceded by a shortened one.
            pages = self._client.get_paginator(operation).paginate(NameContains=self._name[:40])
            names = {str(item[key]) for page in pages for item in page[field]}
        return {name for name in names if is_name_of(name, self._name)}

    def _look(self, call: Callable[..., Any], **names: str) -> Body | None:
        try:
            with told(self._name):
                found: Body = call(**names)
        except Refused as refused:
            if refused.is_absent:
                return None
            raise
        return found

    def _forget(self, call: Callable[..., Any], **names: str) -> None:
        try:
            with told(self._name):
                call(**names)
        except Refused as refused:
            if not refused.is_absent:
                raise

    def _patiently(self, call: Callable[..., Any], body: Body) -> None:
        """Call, and again while a role that was just made has not reached SageMaker."""
        deadline, pause = time.monotonic() + _ROLE_SECONDS, _FIRST_POLL_SECONDS
        while True:
            try:
                with told(self._name):
                    call(**body)
            except Refused as refused:
                if not refused.may_pass or time.monotonic() > deadline:
                    raise
                self._report.progress(f"waits for the role to be known: {refused.message}")
                time.sleep(pause)
                pause = min(pause * _SLOWER, _LAST_POLL_SECONDS)
            else:
                return

    def _wait(
        self, look: Callable[[], tuple[bool, FoundT, str]], seconds: float, what: str
    ) -> FoundT:
        deadline, pause = time.monotonic() + seconds, _FIRST_POLL_SECONDS
        while True:
            done, found, line = look()
            if done:
                return found
            self._report.progress(line)
            if time.monotonic() > deadline:
                raise ResourceError(
                    f"{what} after {seconds:g} s ({line})",
                    where=self._name,
                    next_step="`pulumi up` takes up the waiting; SageMaker's console shows more",
                )
            time.sleep(pause)
            pause = min(pause * _SLOWER, _LAST_POLL_SECONDS)
