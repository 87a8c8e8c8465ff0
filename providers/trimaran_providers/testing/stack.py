"""Renders the six components of a spec, linked as `MLStack` links them."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi

from trimaran_providers.contract.cloud import Cloud, Context, Upstream
from trimaran_providers.contract.outputs import (
    AlertsOutputs,
    ArtifactStoreOutputs,
    EndpointOutputs,
    MonitorOutputs,
    PipelineOutputs,
    RegistryOutputs,
)
from trimaran_providers.contract.spec import PlatformSpec, StackSpec

TOKEN = "trimaran:testing:"
"""What a component's type begins with here."""
_SECRET = "https://example.com/secret"
"""Value of every secret: an address, for that is what alerts may take one for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedStack:
    """What a cloud gave back for each component."""

    store: ArtifactStoreOutputs
    alerts: AlertsOutputs
    pipeline: PipelineOutputs
    registry: RegistryOutputs
    endpoint: EndpointOutputs
    monitor: MonitorOutputs


def render_components(cloud: Cloud, spec: StackSpec, project: Path) -> RenderedStack:
    """Render a spec, one component of the engine above each of the cloud's.

    Components are linked by outputs alone, as across languages: what a renderer adds to the
    `resources` of its outputs reaches nobody else.

    Args:
        cloud: the cloud.
        spec: the whole spec.
        project: folder of the Pulumi project.
    """
    at = _Places(spec, project)
    store = cloud.artifact_store(at.of("ArtifactStore"), spec.store)
    if spec.image.uri is None:
        at = at.with_image(store.image)
    linked_store = ArtifactStoreOutputs(uri=store.uri, id=store.uri, image=store.image)
    alerts = cloud.alerts(at.of("Alerts"), spec.alerts, linked_store)
    linked_alerts = replace(alerts, resources=())
    base = Upstream(store=linked_store, alerts=linked_alerts)
    pipeline = cloud.pipeline(at.of("Pipeline"), spec, base)
    linked_pipeline = replace(pipeline, resources=())
    registry = cloud.registry(
        at.of("Registry"), spec.registry, replace(base, pipeline=linked_pipeline)
    )
    endpoint = cloud.endpoint(
        at.of("Endpoint"), spec.endpoint, replace(base, registry=replace(registry, resources=()))
    )
    monitor = cloud.monitor(at.of("Monitor"), spec.monitor, replace(base, pipeline=linked_pipeline))
    return RenderedStack(
        store=store,
        alerts=alerts,
        pipeline=pipeline,
        registry=registry,
        endpoint=endpoint,
        monitor=monitor,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each component stands."""

    spec: StackSpec
    project: Path
    image: Any = None

    def with_image(self, image: pulumi.Output[str]) -> "_Places":
        return replace(self, image=image)

    def of(self, component: str) -> Context:
        return Context(
            name=self.spec.name,
            model=self.spec.name,
            stack=pulumi.get_stack(),
            project_directory=self.project,
            parent=pulumi.ComponentResource(f"{TOKEN}{component}", self.spec.name),
            secrets={name: pulumi.Output.secret(_SECRET) for name in self.spec.secrets},
            platform=self._platform(),
        )

    def _platform(self) -> PlatformSpec:
        given = self.spec.model_fields_set & set(PlatformSpec.model_fields)
        values: dict[str, Any] = {name: getattr(self.spec, name) for name in given}
        if self.image is not None:
            values["image"] = self.spec.image.model_copy(update={"uri": self.image})
        return PlatformSpec.model_validate(values)
