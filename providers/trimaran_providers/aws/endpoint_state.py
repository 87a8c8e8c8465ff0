"""How an endpoint on SageMaker stands and what it was asked in the last minutes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.refusal import told_as_ours
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.aws.handlers.standing import Standing
from trimaran_providers.aws.names import VARIANT
from trimaran_providers.contract.deployment import EndpointState

_WINDOW = timedelta(minutes=5)
_MICROSECONDS = 1000.0
"""`ModelLatency` is in microseconds: so many are a millisecond."""
_METRICS = {
    "requests": ("Invocations", "Sum"),
    "errors": ("Invocation5XXErrors", "Sum"),
    "latency": ("ModelLatency", "p99"),
}
_GONE = "it is not there any more; `pulumi up --refresh` brings it back"
_CHANGED = "it serves another configuration than `pulumi up` left; `pulumi up --refresh` mends it"


def endpoint_state(account: AwsAccount, recorded: Mapping[str, Any]) -> EndpointState:
    """The endpoint, as it is now.

    Args:
        account: how AWS is reached.
        recorded: outputs of `trimaran:aws:Endpoint` in the stack's state.
    """
    name, release = str(recorded["name"]), str(recorded["release"])
    if not recorded["arn"]:
        # Nothing was made yet, or it is of kind batch, which has no endpoint.
        return EndpointState(
            phase=recorded["phase"],
            serving={release: 100} if release else {},
            problem=recorded["problem"],
        )
    with told_as_ours(name):
        described = _described(client(account, "sagemaker"), name)
        if described is None:
            return EndpointState(phase="stopped", problem=_GONE)
        measured = _measured(client(account, "cloudwatch"), name)
    standing = Standing.of(described)
    phase, problem = _phase(standing, recorded)
    seconds = _WINDOW.total_seconds()
    return EndpointState(
        phase=phase,
        url=recorded["url"],
        serving={release: 100} if release else {},
        replicas=_ready(described),
        requests_per_minute=measured.get("requests", 0.0) * 60 / seconds,
        errors=int(measured.get("errors", 0)),
        p99_ms=measured["latency"] / _MICROSECONDS if "latency" in measured else None,
        problem=problem,
    )


def _described(sagemaker: Any, name: str) -> Mapping[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as exc:
        # SageMaker has no code for what is not there (API Reference, `DescribeEndpoint`).
        if "Could not find" in str(exc):
            return None
        raise
    return found


def _phase(standing: Standing, recorded: Mapping[str, Any]) -> tuple[str, str]:
    if standing.status == "Creating":
        return "starting", ""
    if standing.is_moving:
        return "rolling_out", standing.progress
    if standing.is_broken:
        return "failed", standing.reason or standing.status
    if standing.config != recorded["config"]:
        return "failed", _CHANGED
    return str(recorded["phase"]), str(recorded["problem"])


def _ready(described: Mapping[str, Any]) -> int:
    variants = described.get("ProductionVariants") or []
    return sum(variant.get("CurrentInstanceCount") or 0 for variant in variants)


def _measured(cloudwatch: Any, name: str) -> dict[str, float]:
    """What there is of each metric in the window; what was not measured is left out."""
    now = datetime.now(UTC)
    dimensions = [
        {"Name": "EndpointName", "Value": name},
        {"Name": "VariantName", "Value": VARIANT},
    ]
    queries = [
        {
            "Id": key,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": dimensions,
                },
                "Period": int(_WINDOW.total_seconds()),
                "Stat": statistic,
            },
        }
        for key, (metric, statistic) in _METRICS.items()
    ]
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=queries, StartTime=now - _WINDOW, EndTime=now
    )
    return {
        found["Id"]: max(found["Values"])
        for found in answer["MetricDataResults"]
        if found["Values"]
    }
