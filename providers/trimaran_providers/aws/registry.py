"""The registry on AWS: a model package group that mirrors the releases of the store."""

import pulumi

from trimaran_providers.aws.account import configured_account
from trimaran_providers.aws.handlers.model_registry import ModelRegistryOutputs
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import RegistryOutputs
from trimaran_providers.plugin.resource import PluginResource
from trimaran_runtime.registry.config import RegistryConfig


def render(context: Context, spec: RegistryConfig, upstream: Upstream) -> RegistryOutputs:
    """The group, and the mirror that keeps it and the channels equal."""
    from pulumi_aws import sagemaker

    group = sagemaker.ModelPackageGroup(
        f"{context.name}-packages",
        model_package_group_name=Names.of(context).package_group,
        model_package_group_description=f"Releases of {context.model}",
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    pipeline = upstream.pipeline.resources if upstream.pipeline else ()
    registry = PluginResource(
        "trimaran:aws:ModelRegistry",
        f"{context.name}-registry",
        {
            "account": configured_account(),
            "store_uri": upstream.store.uri,
            "group": group.model_package_group_name,
            "approval": str(spec.approval),
            "signing": spec.signing.model_dump(mode="json"),
            "model_card": spec.model_card,
            "image": context.platform.image.uri,
            "key": key_of(context),
            "run": upstream.pipeline.run if upstream.pipeline else "",
        },
        ModelRegistryOutputs,
        opts=pulumi.ResourceOptions(
            parent=context.parent, depends_on=[group, *upstream.store.resources, *pipeline]
        ),
    )
    return RegistryOutputs(
        id=group.arn,
        candidate=registry.output("candidate"),
        approved=registry.output("approved"),
        production=registry.output("production"),
        signing=spec.signing,
        resources=(group, registry),
    )
