"""Guards of a rollout: the alarms that send traffic back to what served before."""

from typing import Any

from trimaran_providers.aws.endpoint_alarm import EndpointAlarm
from trimaran_providers.aws.names import Names
from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec
from trimaran_providers.contract.spec.endpoint import RollbackSignal
from trimaran_runtime.alerting.config import AlertRules


def rollback_alarms(names: Names, spec: EndpointSpec) -> tuple[str, ...]:
    """Names of the alarms that send traffic back; none where SageMaker cannot be guarded."""
    if spec.kind in (EndpointKind.serverless, EndpointKind.batch):
        return ()
    return tuple(names.alarm(_guard(signal)) for signal in spec.rollout.rollback_on)


def render_guards(context: Context, spec: EndpointSpec, rules: AlertRules) -> tuple[Any, ...]:
    """The alarms of `rollback_alarms`: they tell SageMaker, and nobody else."""
    return _Guards(context, spec, rules, []).of_rollout()


class _Guards(EndpointAlarm):
    """The guards of one endpoint."""

    def of_rollout(self) -> tuple[Any, ...]:
        """Guards of a rollout."""
        if not rollback_alarms(Names.of(self.context), self.spec):
            return ()
        failed, asked = self.failures()
        made = []
        for signal in self.spec.rollout.rollback_on:
            if signal is RollbackSignal.errors:
                formula = "IF(asked >= {least}, failed / asked, 0)"
                metrics = {"failed": (failed, "Sum"), "asked": (asked, "Sum")}
                limit = self.rules.error_rate or 0.0
            else:
                formula = "IF(asked >= {least}, slowest, 0)"
                metrics = {"slowest": ("ModelLatency", "p99"), "asked": (asked, "Sum")}
                limit = self.microseconds(self.rules.latency_p99_ms or 0.0)
            made.append(self.judged(_guard(signal), "", formula, metrics, limit, guards=True))
        return tuple(made)


def _guard(signal: RollbackSignal) -> str:
    return f"rollback-{signal.value}"
