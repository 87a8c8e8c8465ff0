"""How SageMaker moves traffic to a new release, and what makes it go back.

SageMaker Developer Guide, "Deployment guardrails", and botocore's `DeploymentConfig`, read
2026-11-24. What a spec asks for and guardrails cannot do is refused before, with the spec.
"""

import math
from collections.abc import Sequence
from typing import Any

from trimaran_providers.contract.spec.endpoint import Rollout, Strategy

Body = dict[str, Any]

_WHOLE = 100
_LONGEST_WAIT = 3600
_EXECUTION_SECONDS = (600, 28_800)
_PROVISION_SECONDS = 1800
"""What new instances may take to start and load, beside the waiting times."""
_BATCH_PERCENT = (5, 50)


def deployment_config(rollout: Rollout, replicas: int, alarms: Sequence[str]) -> Body:
    """`DeploymentConfig` of CreateEndpoint and UpdateEndpoint.

    Args:
        rollout: the spec's section.
        replicas: instances there are at least, when traffic moves.
        alarms: names of the alarms that send traffic back; at most 10.
    """
    wait = bake_seconds(rollout)
    limit = _execution_seconds(rollout, replicas)
    config: Body
    if rollout.strategy is Strategy.rolling:
        config = {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": _percent(_batch_percent(replicas)),
                "WaitIntervalInSeconds": wait,
                "MaximumExecutionTimeoutInSeconds": limit,
                "RollbackMaximumBatchSize": _percent(_WHOLE),
            }
        }
    else:
        config = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": _routing(rollout, wait),
                # The old instances are there until then: all at once is watched here or nowhere.
                "TerminationWaitInSeconds": wait if rollout.strategy is Strategy.all_at_once else 0,
                "MaximumExecutionTimeoutInSeconds": limit,
            }
        }
    return config | _rollback(alarms)


def component_deployment(rollout: Rollout, alarms: Sequence[str]) -> Body:
    """`DeploymentConfig` of UpdateInferenceComponent, which knows rolling updates alone."""
    size = (
        {"Type": "COPY_COUNT", "Value": 1}
        if rollout.strategy is Strategy.rolling
        else _percent(_WHOLE)
    )
    policy = {
        "MaximumBatchSize": size,
        "WaitIntervalInSeconds": bake_seconds(rollout),
        "MaximumExecutionTimeoutInSeconds": _execution_seconds(rollout, 1),
    }
    return {"RollingUpdatePolicy": policy} | _rollback(alarms)


def longest_seconds(rollout: Rollout, replicas: int) -> int:
    """Longest time of a whole deployment, going back included; we wait no longer. Seconds."""
    return _execution_seconds(rollout, replicas) + _PROVISION_SECONDS


def bake_seconds(rollout: Rollout) -> int:
    """Watching time after each step, whole seconds."""
    return min(round(rollout.bake_minutes * 60), _LONGEST_WAIT)


def _routing(rollout: Rollout, wait: int) -> Body:
    if rollout.strategy is Strategy.canary:
        return {
            "Type": "CANARY",
            "WaitIntervalInSeconds": wait,
            "CanarySize": _percent(rollout.steps[0]),
        }
    if rollout.strategy is Strategy.linear:
        return {
            "Type": "LINEAR",
            "WaitIntervalInSeconds": wait,
            "LinearStepSize": _percent(rollout.steps[0]),
        }
    return {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


def _rollback(alarms: Sequence[str]) -> Body:
    if not alarms:
        return {}
    return {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}


def _percent(value: int) -> Body:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def _batch_percent(replicas: int) -> int:
    """One instance's worth, within what a batch may be."""
    low, high = _BATCH_PERCENT
    return min(max(math.ceil(_WHOLE / max(replicas, 1)), low), high)


def waits(rollout: Rollout, replicas: int) -> int:
    """How often a deployment bakes.

    Args:
        rollout: the spec's section.
        replicas: instances there are at least, when traffic moves.
    """
    match rollout.strategy:
        case Strategy.linear:
            return math.ceil(_WHOLE / rollout.steps[0])
        case Strategy.rolling:
            return math.ceil(_WHOLE / _batch_percent(replicas))
        case _:
            return 1


def _execution_seconds(rollout: Rollout, replicas: int) -> int:
    low, high = _EXECUTION_SECONDS
    wanted = waits(rollout, replicas) * bake_seconds(rollout) + _PROVISION_SECONDS
    return min(max(wanted, low), high)
