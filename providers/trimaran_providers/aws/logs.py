"""Log groups: made before the service makes them, for one that a service makes keeps forever."""

from bisect import bisect_left
from dataclasses import dataclass

import pulumi

from trimaran_providers.aws.key import key_of
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context

# CloudWatch Logs API Reference, `PutRetentionPolicy`, retentionInDays, read 2026-11-24.
_OFFERED = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """A log group."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    resources: tuple[pulumi.Resource, ...]


def render_log_group(context: Context, purpose: str, name: str) -> LogGroup:
    """A log group that is kept as long as the spec says, under the stack's key.

    Args:
        context: where the component stands.
        purpose: what it is for; its logical name is `{name}-{purpose}-logs`.
        name: the name the service looks for, `/aws/codebuild/…`.
    """
    from pulumi_aws import cloudwatch

    group = cloudwatch.LogGroup(
        f"{context.name}-{purpose}-logs",
        name=name,
        retention_in_days=offered_days(context.platform.logs.retention_days),
        kms_key_id=key_of(context),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return LogGroup(name=group.name, arn=group.arn, resources=(group,))


def offered_days(days: int) -> int:
    """The shortest retention that CloudWatch Logs offers and that is not below `days`.

    Args:
        days: 1 to 3653.
    """
    return _OFFERED[bisect_left(_OFFERED, days)]
