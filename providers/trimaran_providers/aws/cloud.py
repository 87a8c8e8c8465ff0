"""AWS: the spec on SageMaker and what stands around it.

Each renderer is imported when it is used: a preview pays only for what the spec needs.
"""

from pydantic import BaseModel

from trimaran_providers.aws.capabilities import CAPABILITIES
from trimaran_providers.aws.problems import problems_of
from trimaran_providers.contract.capabilities import Capabilities
from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.outputs import (
    AlertsOutputs,
    ArtifactStoreOutputs,
    EndpointOutputs,
    MonitorOutputs,
    PipelineOutputs,
    RegistryOutputs,
)
from trimaran_providers.contract.spec import (
    AlertsSpec,
    EndpointSpec,
    PlatformSpec,
    StackSpec,
    StoreSpec,
)
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig


class AwsCloud:
    """Renders the six components into resources of AWS."""

    name = "aws"

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def problems(self, spec: BaseModel, platform: PlatformSpec) -> tuple[Problem, ...]:
        return tuple(problems_of(spec, platform))

    def artifact_store(self, context: Context, spec: StoreSpec) -> ArtifactStoreOutputs:
        from trimaran_providers.aws import artifact_store

        return artifact_store.render(context, spec)

    def alerts(
        self, context: Context, spec: AlertsSpec, store: ArtifactStoreOutputs
    ) -> AlertsOutputs:
        from trimaran_providers.aws import alerts

        return alerts.render(context, spec, store)

    def pipeline(self, context: Context, spec: StackSpec, upstream: Upstream) -> PipelineOutputs:
        from trimaran_providers.aws import pipeline

        return pipeline.render(context, spec, upstream)

    def registry(
        self, context: Context, spec: RegistryConfig, upstream: Upstream
    ) -> RegistryOutputs:
        from trimaran_providers.aws import registry

        return registry.render(context, spec, upstream)

    def endpoint(self, context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
        from trimaran_providers.aws import endpoint

        return endpoint.render(context, spec, upstream)

    def monitor(self, context: Context, spec: MonitorConfig, upstream: Upstream) -> MonitorOutputs:
        from trimaran_providers.aws import monitor

        return monitor.render(context, spec, upstream)
