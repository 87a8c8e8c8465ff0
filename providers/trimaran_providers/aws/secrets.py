"""Secrets in Secrets Manager: the store's component makes them, the others know their names."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from trimaran_providers.aws.bucket import partition
from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.policy import Statement
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context

VARIABLE = "TRIMARAN_SECRETS"
"""Variable of a container that says which secrets it may read: JSON of `secret_names`."""
_LONGEST = 256
"""Characters of a name; Secrets Manager takes 512 (botocore, `CreateSecret`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The secrets of a stack.

    Attributes:
        arns: ARN by the spec's name.
        resources: the secrets and their values.
    """

    arns: Mapping[str, pulumi.Output[str]]
    resources: tuple[pulumi.Resource, ...]


def secret_names(context: Context) -> dict[str, str]:
    """Name in Secrets Manager by the spec's name: known to every component at preview."""
    names = Names.of(context)
    return {name: names.named(f"secret-{name}", _LONGEST) for name in context.platform.secrets}


def secrets_statement(context: Context) -> tuple[Statement, ...]:
    """What a role needs to read the stack's secrets; empty where there is none.

    Secrets Manager ends every ARN in a hyphen and six characters of its own (User Guide, "IAM
    policy examples", read 2026-11-24).
    """
    names = secret_names(context).values()
    if not names:
        return ()
    return (
        Statement(
            sid="ReadSecrets",
            actions=["secretsmanager:GetSecretValue"],
            resources=[f"arn:{partition()}:secretsmanager:*:*:secret:{n}-??????" for n in names],
        ),
    )


def render_secrets(context: Context) -> Secrets:
    """The secrets and their values, from the stack's Pulumi config."""
    arns: dict[str, pulumi.Output[str]] = {}
    resources: list[pulumi.Resource] = []
    for name, full_name in secret_names(context).items():
        arns[name], made = _secret(context, name, full_name)
        resources += made
    return Secrets(arns=arns, resources=tuple(resources))


def _secret(
    context: Context, name: str, full_name: str
) -> tuple[pulumi.Output[str], tuple[pulumi.Resource, ...]]:
    from pulumi_aws import secretsmanager

    secret = secretsmanager.Secret(
        f"{context.name}-secret-{name}",
        name=full_name,
        description=f"{name} of {Names.of(context).base}",
        kms_key_id=key_of(context),
        # Gone at once: its value is in the stack's config, and a name that waits for its deletion
        # would be refused to the next `up`.
        recovery_window_in_days=0,
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    version = secretsmanager.SecretVersion(
        f"{context.name}-secret-{name}-value",
        secret_id=secret.id,
        secret_string=context.secrets[name],
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return secret.arn, (secret, version)
