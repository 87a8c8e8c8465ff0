"""The stack's own key, where it has one, and what a role needs to use it."""

import pulumi

from trimaran_providers.aws.policy import Statement
from trimaran_providers.contract.cloud import Context


def key_of(context: Context) -> pulumi.Input[str] | None:
    """ARN of the customer-managed key; None: each service encrypts with a key of its own."""
    encryption = context.platform.encryption
    return encryption.key if encryption else None


def key_statements(context: Context, *, volumes: bool = False) -> tuple[Statement, ...]:
    """What a role needs to read and write what the stack's key encrypts; empty without a key.

    The key's own policy has to leave its use to IAM, as the policy does that KMS gives a key by
    default; it is the user's and stays as it is.

    Args:
        context: where the component stands.
        volumes: whether the role has disks encrypted, for which the service takes a grant
            (SageMaker Developer Guide, "SageMaker roles", read 2026-11-24).
    """
    key = key_of(context)
    if key is None:
        return ()
    use = Statement(
        sid="UseKey",
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
        resources=[key],
    )
    if not volumes:
        return (use,)
    grant = Statement(
        sid="GrantKeyToVolumes",
        actions=["kms:CreateGrant"],
        resources=[key],
        condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )
    return (use, grant)
