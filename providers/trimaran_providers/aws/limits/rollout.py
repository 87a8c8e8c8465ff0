"""Limits of `endpoint.rollout`, and what it cannot be joined with.

Sources: SageMaker Developer Guide, "Deployment guardrails" with its pages on canary, linear and
rolling deployments; botocore, `TrafficRoutingConfig`, `RollingUpdatePolicy`,
`WaitIntervalInSeconds`, `MaximumExecutionTimeoutInSeconds`.
"""

from collections.abc import Iterator
from itertools import pairwise

from trimaran_providers.aws.rollout import waits
from trimaran_providers.contract.errors import Problem
from trimaran_providers.contract.spec import EndpointKind, EndpointSpec, Strategy
from trimaran_providers.contract.spec.endpoint import RollbackSignal
from trimaran_runtime.alerting.config import AlertRules

_CANARY_PERCENT = 50
_LINEAR_PERCENT = (10, 50)
_BAKE_MINUTES = 60
_WHOLE_MINUTES = 8 * 60
_FEWEST = 2
_SHIFTED = {Strategy.canary, Strategy.linear}
_UNGUARDED = {
    EndpointKind.serverless: "guardrails are for realtime and asynchronous endpoints",
    EndpointKind.batch: "a transform job has no traffic to move",
}


def rollout_problems(endpoint: EndpointSpec) -> Iterator[Problem]:
    """What AWS cannot do of the section."""
    strategy = endpoint.rollout.strategy
    if endpoint.kind in _UNGUARDED:
        if strategy is not Strategy.all_at_once:
            yield Problem(
                path="endpoint.rollout.strategy",
                what=f"{strategy.value} with kind {endpoint.kind.value}: "
                f"{_UNGUARDED[endpoint.kind]}",
                allowed="all_at_once; or endpoint.kind: realtime or async",
            )
        return
    if is_component(endpoint):
        yield from _component(endpoint)
        yield from _times(endpoint)
        return
    if strategy is Strategy.canary:
        yield from _canary(endpoint)
    elif strategy is Strategy.linear:
        yield from _linear(endpoint)
    elif strategy is Strategy.rolling and endpoint.shadow is not None:
        yield Problem(
            path="endpoint.rollout.strategy",
            what="rolling beside endpoint.shadow: it takes endpoints of one variant alone",
            allowed="all_at_once, canary or linear; or no shadow",
        )
    yield from _replicas(endpoint)
    yield from _times(endpoint)


def unwatched_problems(endpoint: EndpointSpec, rules: AlertRules) -> Iterator[Problem]:
    """Signals that send traffic back, and have no limit for an alarm to go by."""
    if endpoint.kind in _UNGUARDED:
        return
    limits = {
        RollbackSignal.errors: ("error_rate", rules.error_rate),
        RollbackSignal.latency: ("latency_p99_ms", rules.latency_p99_ms),
    }
    for signal in endpoint.rollout.rollback_on:
        field, limit = limits[signal]
        if limit is None:
            yield Problem(
                path="endpoint.rollout.rollback_on",
                what=f"{signal.value} without alerts.rules.{field}: an alarm needs a limit",
                allowed=f"give alerts.rules.{field}, or leave {signal.value} out",
            )


def is_component(endpoint: EndpointSpec) -> bool:
    """Whether it is an inference component: SageMaker's way to no instance of a real-time one."""
    fewest = min([endpoint.replicas.min, *(s.min for s in endpoint.replicas.schedules)])
    return endpoint.kind is EndpointKind.realtime and fewest == 0


def _component(endpoint: EndpointSpec) -> Iterator[Problem]:
    """botocore, `sagemaker.InferenceComponentDeploymentConfig`: a rolling update and no other."""
    strategy = endpoint.rollout.strategy
    if strategy in _SHIFTED:
        yield Problem(
            path="endpoint.rollout.strategy",
            what=f"{strategy.value} beside replicas that go down to 0",
            allowed="all_at_once or rolling; or endpoint.replicas.min: 2 or more",
        )
    if endpoint.shadow is not None:
        yield Problem(
            path="endpoint.shadow",
            what="beside replicas that go down to 0",
            allowed="endpoint.replicas.min: 1 or more",
        )


def _canary(endpoint: EndpointSpec) -> Iterator[Problem]:
    steps = endpoint.rollout.steps
    if len(steps) != 2:
        yield Problem(
            path="endpoint.rollout.steps",
            what=f"{list(steps)}: a canary of SageMaker moves traffic in two steps",
            allowed="[N, 100]; or strategy: linear with even steps",
        )
    elif steps[0] > _CANARY_PERCENT:
        yield Problem(
            path="endpoint.rollout.steps",
            what=f"{list(steps)}: the first step is more than half",
            allowed=f"[N, 100] with N from 1 to {_CANARY_PERCENT}",
        )


def _linear(endpoint: EndpointSpec) -> Iterator[Problem]:
    if "steps" not in endpoint.rollout.model_fields_set:
        # The first of the default steps is the size of each.
        return
    steps = endpoint.rollout.steps
    sizes = [after - before for before, after in pairwise((0, *steps))]
    low, high = _LINEAR_PERCENT
    # The last step is what is left, so it may be smaller.
    if len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]:
        yield Problem(
            path="endpoint.rollout.steps",
            what=f"{list(steps)}: linear moves the same share at every step",
            allowed="even steps, e.g. [25, 50, 75, 100]",
        )
    elif not low <= sizes[0] <= high:
        yield Problem(
            path="endpoint.rollout.steps",
            what=f"{list(steps)}: steps of {sizes[0]} %",
            allowed=f"steps of {low} to {high} %",
        )


def _replicas(endpoint: EndpointSpec) -> Iterator[Problem]:
    strategy, fewest = endpoint.rollout.strategy, endpoint.replicas.min
    # A part of the fleet is at most half of it: of one instance, that is none.
    if strategy is not Strategy.all_at_once and fewest < _FEWEST:
        yield Problem(
            path="endpoint.replicas.min",
            what=f"{fewest} with strategy {strategy.value}, which moves a part of the instances",
            allowed=f"{_FEWEST} or more; or endpoint.rollout.strategy: all_at_once",
        )


def _times(endpoint: EndpointSpec) -> Iterator[Problem]:
    rollout = endpoint.rollout
    if rollout.bake_minutes > _BAKE_MINUTES:
        yield Problem(
            path="endpoint.rollout.bake_minutes",
            what=f"{rollout.bake_minutes:g} is longer than SageMaker waits between steps",
            allowed=f"at most {_BAKE_MINUTES}",
        )
        return
    steps = len(rollout.steps) if rollout.strategy in _SHIFTED else 1
    if rollout.strategy in (Strategy.linear, Strategy.rolling):
        steps = waits(rollout, endpoint.replicas.min)
    whole = steps * rollout.bake_minutes
    if whole >= _WHOLE_MINUTES:
        yield Problem(
            path="endpoint.rollout.bake_minutes",
            what=f"{steps} steps of {rollout.bake_minutes:g} minutes are {whole:g} minutes",
            allowed=f"less than {_WHOLE_MINUTES} minutes in all: fewer steps or shorter ones",
        )
