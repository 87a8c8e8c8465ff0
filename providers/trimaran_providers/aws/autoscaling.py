"""When there are more replicas or fewer: bodies of Application Auto Scaling, known at preview.

SageMaker Developer Guide, "Automatic scaling", "Autoscale an asynchronous endpoint" and "Scale an
endpoint to zero instances"; botocore, `application-autoscaling`. Read 2026-11-24.
"""

from typing import Any

from trimaran_providers.aws.names import VARIANT
from trimaran_providers.aws.schedule import scheduler_cron
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_runtime.section import Section

Body = dict[str, Any]

WAKE = "wake"
"""Name of the policy that an alarm starts when requests meet an endpoint without instances."""
_FOLLOW = "follow-load"
_NAMESPACE = "sagemaker"
_OUT_SECONDS = 60
_TARGET = 1.0
"""Requests in flight per replica, where an endpoint that scales to zero names none."""


class ScalingDefinition(Section):
    """Application Auto Scaling of one endpoint."""

    target: Body
    """RegisterScalableTarget."""
    policies: tuple[Body, ...] = ()
    """PutScalingPolicy, each."""
    actions: tuple[Body, ...] = ()
    """PutScheduledAction, each."""


def scales_to_zero(spec: EndpointSpec) -> bool:
    """Whether there may be no replica at all, always or by the clock."""
    return min([spec.replicas.min, *(s.min for s in spec.replicas.schedules)]) == 0


def needs_component(spec: EndpointSpec) -> bool:
    """Whether it is served by an inference component: the one way to no instance of realtime."""
    return spec.kind is EndpointKind.realtime and scales_to_zero(spec)


def scaling_definition(name: str, component: str, spec: EndpointSpec) -> ScalingDefinition | None:
    """How it is scaled; None: it keeps the replicas it has, or scales by itself.

    Args:
        name: name of the endpoint.
        component: name of the inference component; empty: there is none.
        spec: the spec's section.
    """
    replicas = spec.replicas
    if spec.kind in (EndpointKind.serverless, EndpointKind.batch):
        return None
    if replicas.target_concurrency is None and not replicas.schedules and replicas.min > 0:
        return None
    resource = scaled_resource(name, component)
    policies = []
    if replicas.target_concurrency is not None or scales_to_zero(spec):
        policies.append(resource | _follow(name, component, spec))
    if scales_to_zero(spec):
        policies.append(resource | _WAKE_POLICY)
    actions = [
        resource
        | {
            "ScheduledActionName": f"by-the-clock-{position}",
            "Schedule": scheduler_cron(
                schedule.cron, path=f"endpoint.replicas.schedules.{position}.cron"
            ),
            "Timezone": schedule.timezone,
            "ScalableTargetAction": {"MinCapacity": schedule.min, "MaxCapacity": schedule.max},
        }
        for position, schedule in enumerate(replicas.schedules)
    ]
    return ScalingDefinition(
        target=resource | {"MinCapacity": replicas.min, "MaxCapacity": replicas.max},
        policies=tuple(policies),
        actions=tuple(actions),
    )


def scaled_resource(name: str, component: str) -> dict[str, str]:
    """What is scaled, as every call of Application Auto Scaling names it.

    Args:
        name: name of the endpoint.
        component: name of the inference component; empty: there is none.
    """
    if component:
        resource, dimension = f"inference-component/{component}", "inference-component"
        counted = "DesiredCopyCount"
    else:
        resource, dimension = f"endpoint/{name}/variant/{VARIANT}", "variant"
        counted = "DesiredInstanceCount"
    return {
        "ServiceNamespace": _NAMESPACE,
        "ResourceId": resource,
        "ScalableDimension": f"sagemaker:{dimension}:{counted}",
    }


def _follow(name: str, component: str, spec: EndpointSpec) -> Body:
    metric: Body
    if spec.kind is EndpointKind.asynchronous:
        metric = {
            "CustomizedMetricSpecification": {
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Namespace": "AWS/SageMaker",
                "Dimensions": [{"Name": "EndpointName", "Value": name}],
                "Statistic": "Average",
            }
        }
    else:
        concurrency = (
            "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
            if component
            else "SageMakerVariantConcurrentRequestsPerModelHighResolution"
        )
        metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": concurrency}}
    return {
        "PolicyName": _FOLLOW,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": spec.replicas.target_concurrency or _TARGET,
            "ScaleInCooldown": spec.replicas.scale_in_cool_down_seconds,
            "ScaleOutCooldown": _OUT_SECONDS,
            **metric,
        },
    }


_WAKE_POLICY: Body = {
    "PolicyName": WAKE,
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Maximum",
        "Cooldown": _OUT_SECONDS,
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    },
}
