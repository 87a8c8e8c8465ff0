"""The stack's CloudWatch dashboard: traffic, latency, errors, drift, and where its cost is shown.

Body: CloudWatch User Guide, "Dashboard body structure and syntax", read 2026-11-24.
"""

from collections.abc import Sequence
from typing import Any

import pulumi

from trimaran_providers.aws.names import VARIANT, Names
from trimaran_providers.aws.tags import STACK
from trimaran_providers.contract.cloud import Context
from trimaran_runtime.monitoring.metrics import (
    CAPTURED_ROWS,
    DRIFT_SEVERITY,
    DRIFTED_COLUMNS,
    RETRAIN_WANTED,
)

_WIDTH = 12
_HEIGHT = 6
_ENDPOINT = "AWS/SageMaker"
_HOSTS = "/aws/sagemaker/Endpoints"
Metric = list[Any]


def render_dashboard(
    context: Context, *, region: pulumi.Input[str], report: pulumi.Input[str]
) -> pulumi.Resource:
    """The dashboard.

    Args:
        context: where the component stands.
        region: region of the metrics.
        report: address of the monitor's newest report.
    """
    from pulumi_aws import cloudwatch

    return cloudwatch.Dashboard(
        f"{context.name}-dashboard",
        dashboard_name=Names.of(context).named(),
        dashboard_body=pulumi.Output.json_dumps(
            dashboard_body(Names.of(context), region=region, report=report), sort_keys=True
        ),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )


def dashboard_body(
    names: Names, *, region: pulumi.Input[str], report: pulumi.Input[str]
) -> dict[str, Any]:
    """Widgets in two columns; values may be outputs."""
    graphs = [
        _graph("Requests", region, [_of_endpoint(names, "Invocations")], stat="Sum"),
        _graph(
            "Latency, microseconds",
            region,
            [
                _of_endpoint(names, "ModelLatency", stat="p50"),
                _of_endpoint(names, "ModelLatency", stat="p99"),
                _of_endpoint(names, "OverheadLatency", stat="p99"),
            ],
        ),
        _graph(
            "Errors",
            region,
            [
                _of_endpoint(names, "Invocation4XXErrors"),
                _of_endpoint(names, "Invocation5XXErrors"),
                _of_endpoint(names, "InvocationModelErrors"),
            ],
            stat="Sum",
        ),
        _graph(
            "Load, percent",
            region,
            [
                _of_endpoint(names, metric, namespace=_HOSTS)
                for metric in ("CPUUtilization", "MemoryUtilization", "DiskUtilization")
            ],
            stat="Maximum",
        ),
        _graph(
            "Drift (0 none, 1 some, 2 severe)",
            region,
            [_own(names, DRIFT_SEVERITY), _own(names, DRIFTED_COLUMNS)],
            stat="Maximum",
        ),
        _graph(
            "Recorded rows, and wishes to retrain",
            region,
            [_own(names, CAPTURED_ROWS), _own(names, RETRAIN_WANTED)],
            stat="Maximum",
        ),
    ]
    widgets = [
        {
            **graph,
            "x": _WIDTH * (position % 2),
            "y": _HEIGHT * (position // 2),
            "width": _WIDTH,
            "height": _HEIGHT,
        }
        for position, graph in enumerate(graphs)
    ]
    return {"widgets": [*widgets, _note(names, report, below=_HEIGHT * (len(graphs) // 2))]}


def _graph(
    title: str, region: pulumi.Input[str], metrics: Sequence[Metric], stat: str = "Average"
) -> dict[str, Any]:
    properties = {
        "title": title,
        "region": region,
        "metrics": list(metrics),
        "stat": stat,
        "period": 300,
        "view": "timeSeries",
    }
    return {"type": "metric", "properties": properties}


def _of_endpoint(
    names: Names, metric: str, *, namespace: str = _ENDPOINT, **options: str
) -> Metric:
    where = ["EndpointName", names.endpoint, "VariantName", VARIANT]
    return [namespace, metric, *where, *([options] if options else [])]


def _own(names: Names, metric: str) -> Metric:
    return [names.namespace, metric]


def _note(names: Names, report: pulumi.Input[str], *, below: int) -> dict[str, Any]:
    text = pulumi.Output.concat(
        "Newest drift report: `",
        report,
        "`\n\nCost: Cost Explorer, filtered by the tag `",
        STACK,
        "` = `",
        names.base,
        "` (activate it once under Billing, Cost allocation tags).",
    )
    place = {"x": 0, "y": below, "width": 2 * _WIDTH, "height": 3}
    return {"type": "text", "properties": {"markdown": text}, **place}
