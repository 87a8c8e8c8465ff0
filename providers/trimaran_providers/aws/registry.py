"""The registry on AWS: a model package group that mirrors the releases of the store."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from trimaran_providers.aws.account import configured_account
from trimaran_providers.aws.bucket import partition
from trimaran_providers.aws.handlers.model_registry import ModelRegistryOutputs
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement, policy_json
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import RegistryOutputs
from trimaran_providers.plugin.resource import PluginResource
from trimaran_runtime.registry.config import RegistryConfig

if TYPE_CHECKING:
    from pulumi_aws import sagemaker

_PACKAGES = (":model-package-group/", ":model-package/")
"""What an ARN of the group says, and what one of its packages says there."""


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
    shared = _shared(context, group, upstream.store.share_with)
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
        resources=(group, *shared, registry),
    )


def _shared(
    context: Context, group: "sagemaker.ModelPackageGroup", accounts: Sequence[str]
) -> tuple[pulumi.Resource, ...]:
    """The group's policy; none where it is nobody else's."""
    from pulumi_aws import sagemaker

    if not accounts:
        return ()
    policy = sagemaker.ModelPackageGroupPolicy(
        f"{context.name}-packages-policy",
        # By the group's output: so the policy comes after the group, and goes before it.
        model_package_group_name=group.model_package_group_name,
        resource_policy=policy_json(group_statements(group.arn, accounts)),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return (policy,)


def group_statements(
    group_arn: pulumi.Input[str], accounts: Sequence[str]
) -> tuple[Statement, Statement]:
    """Other accounts may find the releases and make models of them; approving stays at home.

    Beside this they need the bucket and the image, which the store's policies give them (SageMaker
    Developer Guide, "Deploy a Model Version from a Different Account", read 2026-11-24; of its
    actions, `UpdateModelPackage` is left out).

    Args:
        group_arn: ARN of the model package group.
        accounts: account ids, 12 digits.
    """
    arn = pulumi.Output.from_input(group_arn)
    principal = {"AWS": [f"arn:{partition()}:iam::{account}:root" for account in accounts]}
    return (
        Statement(
            sid="FindGroup",
            actions=["sagemaker:DescribeModelPackageGroup"],
            resources=[arn],
            principal=principal,
        ),
        Statement(
            sid="DeployReleases",
            actions=[
                "sagemaker:CreateModel",
                "sagemaker:DescribeModelPackage",
                "sagemaker:ListModelPackages",
            ],
            resources=[arn.apply(lambda text: text.replace(*_PACKAGES) + "/*")],
            principal=principal,
        ),
    )
