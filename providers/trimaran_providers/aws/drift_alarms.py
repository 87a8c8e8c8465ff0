"""Alarms on what the monitor finds.

The monitor puts its metrics once per check. An alarm keeps its state between two checks, so that
drift which stays is told once; the wish to retrain is an impulse, told each time. The cool-down
between two wishes is the runtime's (`monitoring.action.decide`), which remembers them in the store.
"""

import math

import pulumi

from trimaran_providers.aws.names import Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.aws.trigger import pattern_json, render_trigger
from trimaran_providers.contract.cloud import Context
from trimaran_runtime.monitoring.metrics import CAPTURED_ROWS, DRIFT_SEVERITY, RETRAIN_WANTED

_SEVERE = 2
_PERIOD = 300
_HOUR = 3600


def render_drift_alarm(context: Context, topic: pulumi.Input[str]) -> pulumi.Resource:
    """Tells of severe drift, and of its end."""
    return _alarm(
        context,
        "drift",
        f"The traffic of {context.model} has drifted beyond tolerance",
        metric=DRIFT_SEVERITY,
        comparison="GreaterThanOrEqualToThreshold",
        threshold=_SEVERE,
        missing="ignore",
        topic=topic,
    )


def render_silence_alarm(
    context: Context, topic: pulumi.Input[str], *, no_data_hours: float, window_hours: float
) -> pulumi.Resource:
    """Tells when nothing was recorded: no traffic, or recording has stopped.

    A check counts the rows of its whole window, so what is shorter than the window shows only
    after it.

    Args:
        context: where the component stands.
        topic: ARN of the topic.
        no_data_hours: longest time without a recorded request, hours.
        window_hours: how far back a check looks, hours.
    """
    return _alarm(
        context,
        "no-data",
        f"No request to {context.model} was recorded for {no_data_hours:g} hours",
        metric=CAPTURED_ROWS,
        comparison="LessThanThreshold",
        threshold=1,
        missing="ignore",
        topic=topic,
        period=_HOUR,
        periods=max(1, math.ceil(no_data_hours - window_hours)),
    )


def render_retraining(context: Context, pipeline: pulumi.Input[str]) -> tuple[pulumi.Resource, ...]:
    """An alarm on the wish to retrain, and the rule that starts the pipeline when it goes off."""
    alarm = _alarm(
        context,
        "retrain",
        f"The monitor wants {context.model} trained anew",
        metric=RETRAIN_WANTED,
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        # Over before the next check, so that its wish is a change of state again.
        missing="notBreaching",
        topic=None,
    )
    pattern = pattern_json(
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        {"alarmName": [Names.of(context).alarm("retrain")], "state": {"value": ["ALARM"]}},
    )
    rule = render_trigger(
        context,
        "retrain",
        pattern=pattern,
        pipeline=pipeline,
        why=f"Severe drift of {context.model} starts its pipeline",
    )
    return (alarm, *rule)


def _alarm(
    context: Context,
    rule: str,
    what: str,
    *,
    metric: str,
    comparison: str,
    threshold: float,
    missing: str,
    topic: pulumi.Input[str] | None,
    period: int = _PERIOD,
    periods: int = 1,
) -> pulumi.Resource:
    from pulumi_aws import cloudwatch

    actions = [] if topic is None else [topic]
    return cloudwatch.MetricAlarm(
        f"{context.name}-{rule}-alarm",
        name=Names.of(context).alarm(rule),
        alarm_description=what,
        namespace=Names.of(context).namespace,
        metric_name=metric,
        statistic="Maximum",
        period=period,
        evaluation_periods=periods,
        comparison_operator=comparison,
        threshold=threshold,
        treat_missing_data=missing,
        alarm_actions=actions,
        ok_actions=actions,
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
