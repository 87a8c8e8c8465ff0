"""Alarms of the endpoint: what tells people, what wakes it, and what sends a rollout back.

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

from trimaran_providers.aws.autoscaling import needs_component, scales_to_zero
from trimaran_providers.aws.names import VARIANT, Names
from trimaran_providers.aws.tags import tags_of
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_providers.contract.spec.endpoint import RollbackSignal
from trimaran_runtime.alerting.config import AlertRules

_SERVICE, _HOSTS = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_FULL_PERCENT = 90
_FULL_PERIODS = 3
_GUARD_PERIODS, _GUARD_BAD = 3, 2
"""A guard looks at minutes, and two bad ones of three send traffic back: a whole window of the
alerts may be longer than the baking time."""


def rollback_alarms(names: Names, spec: EndpointSpec) -> tuple[str, ...]:
    """Names of the alarms that send traffic back; none where SageMaker cannot be guarded."""
    if spec.kind in (EndpointKind.serverless, EndpointKind.batch):
        return ()
    return tuple(names.alarm(_guard(signal)) for signal in spec.rollout.rollback_on)


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


def render_guards(context: Context, spec: EndpointSpec, rules: AlertRules) -> tuple[Any, ...]:
    """The alarms of `rollback_alarms`: they tell SageMaker, and nobody else."""
    return _Alarms(context, spec, rules, []).of_rollout()


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
        namespace=_SERVICE,
        metric_name=metric,
        dimensions=where,
        statistic="Maximum",
        period=_MINUTE,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="missing",
        alarm_actions=policy.apply(lambda arn: [arn] if arn else []),
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return (alarm,)


@dataclass(frozen=True)
class _Alarms:
    """The alarms of one endpoint.

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
    def _where(self) -> Mapping[str, str]:
        name = Names.of(self.context).endpoint
        if needs_component(self.spec):
            return {"InferenceComponentName": name}
        return {"EndpointName": name, "VariantName": VARIANT}

    @property
    def _window(self) -> int:
        return min(math.ceil(self.rules.window_minutes) * _MINUTE, _DAY)

    def of_health(self) -> tuple[Any, ...]:
        """Errors, errors of the model and latency, and one alarm above them: that one tells."""
        made = []
        if self.rules.error_rate is not None:
            failed, asked = self._failures()
            made.append(
                self._judged(
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
                    self._judged(
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
                self._judged(
                    "latency",
                    "is too slow",
                    "IF(asked >= {least}, slowest, 0)",
                    {"slowest": ("ModelLatency", "p99"), "asked": (self._failures()[1], "Sum")},
                    self._microseconds(self.rules.latency_p99_ms),
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

    def of_rollout(self) -> tuple[Any, ...]:
        """Guards of a rollout."""
        if not rollback_alarms(Names.of(self.context), self.spec):
            return ()
        failed, asked = self._failures()
        made = []
        for signal in self.spec.rollout.rollback_on:
            if signal is RollbackSignal.errors:
                formula = "IF(asked >= {least}, failed / asked, 0)"
                metrics = {"failed": (failed, "Sum"), "asked": (asked, "Sum")}
                limit = self.rules.error_rate or 0.0
            else:
                formula = "IF(asked >= {least}, slowest, 0)"
                metrics = {"slowest": ("ModelLatency", "p99"), "asked": (asked, "Sum")}
                limit = self._microseconds(self.rules.latency_p99_ms or 0.0)
            made.append(self._judged(_guard(signal), "", formula, metrics, limit, guards=True))
        return tuple(made)

    def _failures(self) -> tuple[str, str]:
        """Metrics of failed requests and of all of them."""
        if self.spec.kind is EndpointKind.asynchronous:
            return "InvocationFailures", "InvocationsProcessed"
        return "Invocation5XXErrors", "Invocations"

    @staticmethod
    def _microseconds(milliseconds: float) -> float:
        return milliseconds * 1000

    def _judged(
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
        period = _MINUTE if guards else self._window
        least = max(1, round(self.rules.min_requests * period / self._window))
        queries = [
            {
                "id": name,
                "metric": {
                    "metric_name": metric,
                    "namespace": _SERVICE,
                    "dimensions": dict(self._where),
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
        return self._alarm(
            rule if guards else f"endpoint-{rule}",
            f"The endpoint of {self.context.model} {what or 'is worse than a rollout may make it'}",
            metric_queries=[*queries, asked],
            comparison_operator="GreaterThanThreshold",
            threshold=limit,
            evaluation_periods=_GUARD_PERIODS if guards else 1,
            datapoints_to_alarm=_GUARD_BAD if guards else 1,
            treat_missing_data="notBreaching",
        )

    def _no_traffic(self, hours: float) -> Any:
        whole = hours >= 1
        return self._alarm(
            "endpoint-no-traffic",
            f"The endpoint of {self.context.model} got no request for {hours:g} hours",
            told=True,
            namespace=_SERVICE,
            metric_name=self._failures()[1],
            dimensions=dict(self._where),
            statistic="Sum",
            period=_HOUR if whole else max(math.ceil(hours * _HOUR / _MINUTE), 1) * _MINUTE,
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
                    "dimensions": dict(self._where),
                    "period": self._window,
                    "stat": "Maximum",
                },
            }
            for name, metric in metrics.items()
        ]
        fuller = {"id": "fuller", "expression": "MAX([memory, disk])", "return_data": True}
        return self._alarm(
            "endpoint-saturation",
            f"Memory or disk of a machine that serves {self.context.model} is almost full",
            told=True,
            metric_queries=[*queries, {**fuller, "label": "fuller of memory and disk, percent"}],
            comparison_operator="GreaterThanThreshold",
            threshold=_FULL_PERCENT,
            evaluation_periods=_FULL_PERIODS if self._window * _FULL_PERIODS <= _DAY else 1,
            treat_missing_data="notBreaching",
        )

    def _alarm(self, rule: str, what: str, *, told: bool = False, **inputs: Any) -> Any:
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


def _guard(signal: RollbackSignal) -> str:
    return f"rollback-{signal.value}"
