"""Metrics for the cloud's alarms: CloudWatch, below one namespace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimaran_runtime.platform.aws_client import aws_client, told_as_platform_error


@dataclass(frozen=True, slots=True)
class MetricSink:
    """Takes metrics.

    Attributes:
        namespace: CloudWatch namespace; the only one the role of the step may write to.
    """

    namespace: str

    def put(self, values: Mapping[str, float], when: datetime) -> None:
        """Put one value per metric, without dimensions: the namespace is the stack's own.

        Args:
            values: value by name of the metric.
            when: what time they are of, UTC; CloudWatch takes the last two weeks.

        Raises:
            PlatformError: they could not be put.
        """
        data = [
            {"MetricName": name, "Value": float(value), "Unit": "None", "Timestamp": when}
            for name, value in values.items()
        ]
        client = aws_client("cloudwatch")
        with told_as_platform_error(
            "cannot put metrics", self.namespace, "cloudwatch:PutMetricData"
        ):
            client.put_metric_data(Namespace=self.namespace, MetricData=data)
