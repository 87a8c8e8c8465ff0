"""Alarms of a stack that are open."""

from collections.abc import Sequence
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.refusal import told_as_ours
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.deployment import AlertState

_AT_ONCE = 100
"""Names that one call of `DescribeAlarms` takes."""


def open_alarms(account: AwsAccount, names: Sequence[str], base: str) -> tuple[AlertState, ...]:
    """The alarms that are open, oldest first.

    Args:
        account: how AWS is reached.
        names: names of the stack's alarms.
        base: what their names begin with; the rest is the rule.
    """
    if not names:
        return ()
    found: list[dict[str, Any]] = []
    with told_as_ours("alarms"):
        cloudwatch = client(account, "cloudwatch")
        for start in range(0, len(names), _AT_ONCE):
            answer = cloudwatch.describe_alarms(
                AlarmNames=list(names[start : start + _AT_ONCE]),
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            )
            found += [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
    return tuple(
        AlertState(
            rule=alarm["AlarmName"].removeprefix(f"{base}-"),
            message=alarm.get("AlarmDescription") or alarm.get("StateReason", ""),
            since=alarm["StateUpdatedTimestamp"],
        )
        for alarm in sorted(found, key=lambda alarm: alarm["StateUpdatedTimestamp"])
        if alarm["StateValue"] == "ALARM"
    )
