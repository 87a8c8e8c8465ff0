"""Roles: one per purpose, each with one inline policy of what it needs and no more."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement, policy_json, trust_json
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context

_LONGEST = 64
"""Characters of a role's name (botocore, `CreateRole`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that may be assumed, once `resources` are there."""

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    resources: tuple[pulumi.Resource, ...]
    """The role and its policy: what uses the role depends on both."""


def render_role(
    context: Context, purpose: str, service: str, statements: Sequence[Statement]
) -> Role:
    """A role `{name}-{purpose}` and its policy.

    Args:
        context: where the component stands.
        purpose: what it is for: `pipeline`, `serve`, `schedule`, …
        service: who assumes it, `sagemaker.amazonaws.com`.
        statements: what it may do.
    """
    from pulumi_aws import iam

    identity = context.platform.identity
    role = iam.Role(
        f"{context.name}-{purpose}",
        name=Names.of(context).named(purpose, _LONGEST),
        path=identity.path,
        permissions_boundary=identity.permissions_boundary,
        assume_role_policy=trust_json(service),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    policy = iam.RolePolicy(
        f"{context.name}-{purpose}-policy",
        role=role.name,
        name=purpose,
        policy=policy_json(statements),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return Role(arn=role.arn, name=role.name, resources=(role, policy))
