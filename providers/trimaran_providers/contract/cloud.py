"""What a cloud must offer: one method per component, same inputs and outputs everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trimaran_providers.contract.capabilities import Capabilities
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.outputs import (
    AlertsOutputs,
    ArtifactStoreOutputs,
    EndpointOutputs,
    MonitorOutputs,
    PipelineOutputs,
    RegistryOutputs,
)
from trimaran_providers.contract.spec import PlatformSpec, StackSpec, StoreSpec
from trimaran_providers.contract.spec.alerts import AlertsSpec
from trimaran_providers.contract.spec.endpoint import EndpointSpec
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a component stands.

    Attributes:
        name: logical name of the component; children are `{name}-…`.
        model: name of the model the component belongs to.
        stack: name of the Pulumi stack.
        project_directory: folder of the Pulumi project.
        parent: the component resource: the parent of every child.
        secrets: values by the spec's name, as Pulumi secrets.
        platform: image, network, key and the like, which all components of a stack share.
    """

    name: str
    model: str
    stack: str
    project_directory: Path
    parent: pulumi.Resource
    secrets: Mapping[str, pulumi.Output[str]]
    platform: PlatformSpec

    @property
    def physical_name(self) -> str:
        """Name that is unique among the stacks of a project: `{name}-{stack}`."""
        return f"{self.name}-{self.stack}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Outputs of the components that a component builds on.

    Attributes:
        capture_fraction: share of the requests that the endpoint records, above 0, at most 1.
    """

    store: ArtifactStoreOutputs
    alerts: AlertsOutputs
    pipeline: PipelineOutputs | None = None
    registry: RegistryOutputs | None = None
    endpoint: EndpointOutputs | None = None
    capture_fraction: float = 1.0


class Cloud(Protocol):
    """One hull: renders each portable component into this cloud's resources."""

    @property
    def name(self) -> str:
        """`local`, `aws`, `azure`, `gcp`, or a third party's."""

    @property
    def capabilities(self) -> Capabilities:
        """What this cloud does with each field of the spec."""

    def problems(self, spec: BaseModel, platform: PlatformSpec) -> tuple[Problem, ...]:
        """What this cloud cannot do of a section (or the whole spec), beyond single fields.

        Combinations, vendor limits, names. Asked before the first resource, and by
        `trimaran validate`; paths are those of the whole spec.
        """

    def artifact_store(self, context: Context, spec: StoreSpec) -> ArtifactStoreOutputs:
        """Render where artifacts live."""

    def alerts(
        self, context: Context, spec: AlertsSpec, store: ArtifactStoreOutputs
    ) -> AlertsOutputs:
        """Render where alerts go, and the log of them."""

    def pipeline(self, context: Context, spec: StackSpec, upstream: Upstream) -> PipelineOutputs:
        """Render the pipeline, its schedule and, where data, code or spec changed, a run."""

    def registry(
        self, context: Context, spec: RegistryConfig, upstream: Upstream
    ) -> RegistryOutputs:
        """Render the registry of releases."""

    def endpoint(self, context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
        """Render the endpoint; it waits while no release is approved."""

    def monitor(self, context: Context, spec: MonitorConfig, upstream: Upstream) -> MonitorOutputs:
        """Render the scheduled check of captured traffic."""
