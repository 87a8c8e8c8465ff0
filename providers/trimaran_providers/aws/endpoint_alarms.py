"""Alarms of the endpoint that tell people: errors, latency, no requests, full machines."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from trimaran_providers.aws.autoscaling import needs_component
from trimaran_providers.aws.endpoint_alarm import DAY, HOUR, MINUTE, SERVICE, EndpointAlarm
from trimaran_providers.aws.names import Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_runtime.alerting.config import AlertRules

_HOSTS = "/aws/sagemaker/Endpoints"
_FULL_PERCENT = 90
_FULL_PERIODS = 3


def render_alarms(
    context: Context, spec: EndpointSpec, rules: AlertRules, topic: pulumi.Input[str] | None
) -> tuple[Any, ...]:
    """What tells people of errors, latency, no requests and full machines.

    Args:
        context: where the component stands.
        spec: the spec's section, of any kind but batch.
        rules: the limits.
        topic: ARN of the topic; None: there is nobody to tell.
    """
    alarms = _Alarms(context, spec, rules, [] if topic is None else [topic])
    return (*alarms.of_health(), *alarms.of_use())


class _Alarms(EndpointAlarm):
    """The alarms of one endpoint."""

    def of_health(self) -> tuple[Any, ...]:
        """Errors, errors of the model and latency, and one alarm above them: that one tells."""
        made = []
        if self.rules.error_rate is not None:
            failed, asked = self.failures()
            made.append(
                self.judged(
                    "errors",
                    "answers too many requests with an error of the server",
                    "IF(asked >= {least}, failed / asked, 0)",
                    {"failed": (failed, "Sum"), "asked": (asked, "Sum")},
                    self.rules.error_rate,
                )
            )
            if self.spec.kind is not EndpointKind.asynchronous:
                # What a caller got wrong counts among the model's errors as well.
                made.append(
                    self.judged(
                        "model-errors",
                        "has a model that fails on too many requests",
                        "IF(asked >= {least} AND failed > refused, (failed - refused) / asked, 0)",
                        {
                            "failed": ("InvocationModelErrors", "Sum"),
                            "refused": ("Invocation4XXErrors", "Sum"),
                            "asked": ("Invocations", "Sum"),
                        },
                        self.rules.error_rate,
                    )
                )
        if self.rules.latency_p99_ms is not None:
            made.append(
                self.judged(
                    "latency",
                    "is too slow",
                    "IF(asked >= {least}, slowest, 0)",
                    {"slowest": ("ModelLatency", "p99"), "asked": (self.failures()[1], "Sum")},
                    self.microseconds(self.rules.latency_p99_ms),
                )
            )
        return (*made, *self._one_above(made))

    def of_use(self) -> tuple[Any, ...]:
        """No requests, and a machine that is full."""
        made = []
        if self.rules.no_data_hours is not None:
            made.append(self._no_traffic(self.rules.no_data_hours))
        if self.spec.kind is not EndpointKind.serverless and not needs_component(self.spec):
            made.append(self._saturation())
        return tuple(made)

    def _no_traffic(self, hours: float) -> Any:
        whole = hours >= 1
        return self.alarm(
            "endpoint-no-traffic",
            f"The endpoint of {self.context.model} got no request for {hours:g} hours",
            told=True,
            namespace=SERVICE,
            metric_name=self.failures()[1],
            dimensions=dict(self.where),
            statistic="Sum",
            period=HOUR if whole else max(math.ceil(hours * HOUR / MINUTE), 1) * MINUTE,
            evaluation_periods=math.ceil(hours) if whole else 1,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
        )

    def _saturation(self) -> Any:
        """Recording stops, and servers die, on a full disk or memory."""
        metrics = {"memory": "MemoryUtilization", "disk": "DiskUtilization"}
        queries: list[Mapping[str, Any]] = [
            {
                "id": name,
                "metric": {
                    "metric_name": metric,
                    "namespace": _HOSTS,
                    "dimensions": dict(self.where),
                    "period": self.window,
                    "stat": "Maximum",
                },
            }
            for name, metric in metrics.items()
        ]
        fuller = {"id": "fuller", "expression": "MAX([memory, disk])", "return_data": True}
        return self.alarm(
            "endpoint-saturation",
            f"Memory or disk of a machine that serves {self.context.model} is almost full",
            told=True,
            metric_queries=[*queries, {**fuller, "label": "fuller of memory and disk, percent"}],
            comparison_operator="GreaterThanThreshold",
            threshold=_FULL_PERCENT,
            evaluation_periods=_FULL_PERIODS if self.window * _FULL_PERIODS <= DAY else 1,
            treat_missing_data="notBreaching",
        )

    def _one_above(self, alarms: Sequence[Any]) -> tuple[Any, ...]:
        """One message for one incident, however many signals show it."""
        from pulumi_aws import cloudwatch

        if not alarms:
            return ()
        rules = [pulumi.Output.concat('ALARM("', alarm.name, '")') for alarm in alarms]
        rule: pulumi.Output[str] = pulumi.Output.all(*rules).apply(" OR ".join)
        above = cloudwatch.CompositeAlarm(
            f"{self.context.name}-endpoint-unhealthy",
            alarm_name=Names.of(self.context).alarm("endpoint-unhealthy"),
            alarm_description=f"The endpoint of {self.context.model} answers badly or slowly",
            alarm_rule=rule,
            alarm_actions=list(self.actions),
            ok_actions=list(self.actions),
            tags=tags_of(self.context),
            opts=pulumi.ResourceOptions(parent=self.context.parent),
        )
        return (above,)
