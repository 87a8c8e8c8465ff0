"""The account and region a stack works in, as the user's Pulumi config names them."""

from typing import Any

from trimaran_providers.contract.handler import ResourceModel


class AwsAccount(ResourceModel):
    """How our own calls reach AWS: the same way as those of Pulumi's AWS provider.

    What is None comes from the environment, as boto3 finds it (`AWS_REGION`, `AWS_PROFILE`, …).
    """

    region: str | None = None
    """Region, `eu-central-1`; config `aws:region`."""
    profile: str | None = None
    """Profile of the shared credentials file; config `aws:profile`."""
    role_arn: str | None = None
    """Role to assume for this stack; config `aws:assumeRoles`, `roleArn` of the last one."""
    external_id: str | None = None
    """External id handed over with `role_arn`."""


def configured_account() -> AwsAccount:
    """The account of this stack, from Pulumi's `aws:` config; asks nobody."""
    import pulumi

    config = pulumi.Config("aws")
    roles: list[dict[str, Any]] = config.get_object("assumeRoles") or []
    role = roles[-1] if roles else {}
    return AwsAccount(
        region=config.get("region"),
        profile=config.get("profile"),
        role_arn=role.get("roleArn"),
        external_id=role.get("externalId"),
    )
