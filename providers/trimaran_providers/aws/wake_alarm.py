"""The alarm that wakes an endpoint which has gone down to no instance."""

import pulumi

from trimaran_providers.aws.autoscaling import needs_component, scales_to_zero
from trimaran_providers.aws.endpoint_alarm import MINUTE, SERVICE
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec


def render_wake_alarm(
    context: Context, spec: EndpointSpec, policy: pulumi.Output[str]
) -> tuple[pulumi.Resource, ...]:
    """The alarm that starts a first instance when requests meet none; none where one stays.

    Args:
        context: where the component stands.
        spec: the spec's section.
        policy: ARN of the scaling policy; empty while the endpoint waits for a release.
    """
    from pulumi_aws import cloudwatch

    if spec.kind in (EndpointKind.serverless, EndpointKind.batch) or not scales_to_zero(spec):
        return ()
    name = Names.of(context)
    if needs_component(spec):
        metric, where = "NoCapacityInvocationFailures", {"InferenceComponentName": name.endpoint}
    else:
        metric, where = "HasBacklogWithoutCapacity", {"EndpointName": name.endpoint}
    alarm = cloudwatch.MetricAlarm(
        f"{context.name}-endpoint-wake",
        name=name.alarm("endpoint-wake"),
        alarm_description=f"Requests to {context.model} meet no instance: one is started",
        namespace=SERVICE,
        metric_name=metric,
        dimensions=where,
        statistic="Maximum",
        period=MINUTE,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="missing",
        alarm_actions=policy.apply(lambda arn: [arn] if arn else []),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return (alarm,)
