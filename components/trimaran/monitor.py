"""Monitor: the scheduled check of captured traffic."""

import pulumi

from trimaran.args import MonitorArgs
from trimaran.component import Component
from trimaran.links import upstream_of
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.outputs import MonitorOutputs
from trimaran_runtime.monitoring.config import MonitorConfig


class Monitor(Component[MonitorArgs, MonitorOutputs]):
    """Checks captured traffic against the release, by the clock.

    Attributes:
        report_url: address of the newest report; it is there after the first check.
    """

    token = "trimaran:index:Monitor"
    args_model = MonitorArgs
    spec_model = MonitorConfig
    outputs = ("report_url",)
    section = "monitor"
    report_url: pulumi.Output[str]

    def _render(self, cloud: Cloud, context: Context, args: MonitorArgs) -> MonitorOutputs:
        upstream = upstream_of(
            store_uri=args.store_uri,
            alerts_id=args.alerts_id,
            alert_rules=args.alert_rules,
            pipeline_id=args.pipeline_id,
            capture_fraction=args.capture_fraction,
        )
        return cloud.monitor(context, args.of(MonitorConfig), upstream)
