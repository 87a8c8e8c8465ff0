"""The registry on this machine: the releases and channels of the artifact store."""

import pulumi

from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import RegistryOutputs
from trimaran_providers.local.handlers.model_registry import ModelRegistryOutputs
from trimaran_providers.plugin.resource import PluginResource
from trimaran_runtime.registry.config import RegistryConfig


def render(context: Context, spec: RegistryConfig, upstream: Upstream) -> RegistryOutputs:
    """The channels as they stand after the pipeline's run."""
    registry = PluginResource(
        "trimaran:local:ModelRegistry",
        f"{context.name}-registry",
        {
            "store_uri": upstream.store.uri,
            "approval": str(spec.approval),
            "signing": spec.signing.model_dump(mode="json"),
            "run": upstream.pipeline.run if upstream.pipeline else "",
        },
        ModelRegistryOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=_needs(upstream)),
    )
    return RegistryOutputs(
        id=upstream.store.id,
        candidate=registry.output("candidate"),
        approved=registry.output("approved"),
        production=registry.output("production"),
        signing=spec.signing,
        resources=(registry,),
    )


def _needs(upstream: Upstream) -> list[pulumi.Resource]:
    pipeline = upstream.pipeline.resources if upstream.pipeline else ()
    return [*upstream.store.resources, *pipeline]
