"""What all alarms of an endpoint share: where its metrics are, and how a formula is judged.

Metrics: SageMaker Developer Guide, "Amazon SageMaker AI metrics in Amazon CloudWatch", "Monitor
asynchronous endpoint" and "Scale an endpoint to zero instances", read 2026-11-24. Names of alarms
are known before anything is made: an alarm needs the endpoint's name alone, and the endpoint the
alarm's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from trimaran_providers.aws.autoscaling import needs_component
from trimaran_providers.aws.names import VARIANT, Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_runtime.alerting.config import AlertRules

SERVICE = "AWS/SageMaker"
"""Namespace of what SageMaker says of requests."""
MINUTE, HOUR, DAY = 60, 3600, 86_400
"""Seconds."""
_GUARD_PERIODS, _GUARD_BAD = 3, 2
"""A guard looks at minutes, and two bad ones of three send traffic back: a whole window of the
alerts may be longer than the baking time."""


@dataclass(frozen=True)
class EndpointAlarm:
    """Makes the alarms of one endpoint.

    Attributes:
        context: where the component stands.
        spec: the spec's section.
        rules: their limits.
        actions: who is told.
    """

    context: Context
    spec: EndpointSpec
    rules: AlertRules
    actions: Sequence[pulumi.Input[str]]

    @property
    def where(self) -> Mapping[str, str]:
        """Dimensions of its metrics."""
        name = Names.of(self.context).endpoint
        if needs_component(self.spec):
            return {"InferenceComponentName": name}
        return {"EndpointName": name, "VariantName": VARIANT}

    @property
    def window(self) -> int:
        """Seconds that a rule looks back."""
        return min(math.ceil(self.rules.window_minutes) * MINUTE, DAY)

    def failures(self) -> tuple[str, str]:
        """Metrics of failed requests and of all of them."""
        if self.spec.kind is EndpointKind.asynchronous:
            return "InvocationFailures", "InvocationsProcessed"
        return "Invocation5XXErrors", "Invocations"

    @staticmethod
    def microseconds(milliseconds: float) -> float:
        """As SageMaker counts latency."""
        return milliseconds * 1000

    def judged(
        self,
        rule: str,
        what: str,
        formula: str,
        metrics: Mapping[str, tuple[str, str]],
        limit: float,
        *,
        guards: bool = False,
    ) -> Any:
        """An alarm on a formula, which judges no window with too few requests."""
        period = MINUTE if guards else self.window
        least = max(1, round(self.rules.min_requests * period / self.window))
        queries = [
            {
                "id": name,
                "metric": {
                    "metric_name": metric,
                    "namespace": SERVICE,
                    "dimensions": dict(self.where),
                    "period": period,
                    "stat": stat,
                },
            }
            for name, (metric, stat) in metrics.items()
        ]
        asked = {
            "id": "judged",
            "expression": formula.format(least=least),
            "label": rule,
            "return_data": True,
        }
        return self.alarm(
            rule if guards else f"endpoint-{rule}",
            f"The endpoint of {self.context.model} {what or 'is worse than a rollout may make it'}",
            metric_queries=[*queries, asked],
            comparison_operator="GreaterThanThreshold",
            threshold=limit,
            evaluation_periods=_GUARD_PERIODS if guards else 1,
            datapoints_to_alarm=_GUARD_BAD if guards else 1,
            treat_missing_data="notBreaching",
        )

    def alarm(self, rule: str, what: str, *, told: bool = False, **inputs: Any) -> Any:
        """An alarm; `told`: it tells people by itself."""
        from pulumi_aws import cloudwatch

        actions = list(self.actions) if told else []
        return cloudwatch.MetricAlarm(
            f"{self.context.name}-{rule}",
            name=Names.of(self.context).alarm(rule),
            alarm_description=what,
            alarm_actions=actions,
            ok_actions=actions,
            tags=tags_of(self.context),
            opts=pulumi.ResourceOptions(parent=self.context.parent),
            **inputs,
        )
