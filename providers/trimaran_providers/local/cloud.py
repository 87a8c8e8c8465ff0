"""The local cloud: one machine, no account, no Docker; the template of every other cloud.

Each renderer is imported when it is used: a preview pays only for what the spec needs.
"""

from pydantic import BaseModel

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
from trimaran_providers.local.capabilities import CAPABILITIES
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig


class LocalCloud:
    """Renders the six components into resources of this machine."""

    name = "local"

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def problems(self, spec: BaseModel, platform: PlatformSpec) -> tuple[Problem, ...]:
        return ()

    def artifact_store(self, context: Context, spec: StoreSpec) -> ArtifactStoreOutputs:
        from trimaran_providers.local import artifact_store

        return artifact_store.render(context, spec)

    def alerts(
        self, context: Context, spec: AlertsSpec, store: ArtifactStoreOutputs
    ) -> AlertsOutputs:
        from trimaran_providers.local import alerts

        return alerts.render(context, spec, store)

    def pipeline(self, context: Context, spec: StackSpec, upstream: Upstream) -> PipelineOutputs:
        from trimaran_providers.local import pipeline

        return pipeline.render(context, spec, upstream)

    def registry(
        self, context: Context, spec: RegistryConfig, upstream: Upstream
    ) -> RegistryOutputs:
        from trimaran_providers.local import registry

        return registry.render(context, spec, upstream)

    def endpoint(self, context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
        from trimaran_providers.local import endpoint

        return endpoint.render(context, spec, upstream)

    def monitor(self, context: Context, spec: MonitorConfig, upstream: Upstream) -> MonitorOutputs:
        from trimaran_providers.local import monitor

        return monitor.render(context, spec, upstream)
