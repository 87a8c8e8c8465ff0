"""Alerts: what is worth a message, and where it goes."""

import pulumi

from trimaran.args import AlertsArgs
from trimaran.component import Component
from trimaran.links import store_given
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.outputs import AlertsOutputs
from trimaran_providers.contract.spec import AlertsSpec


class Alerts(Component[AlertsArgs, AlertsOutputs]):
    """What is worth a message, and where it goes.

    Attributes:
        alerts_id: the cloud's own id (topic, action group, log).
    """

    token = "trimaran:index:Alerts"
    args_model = AlertsArgs
    spec_model = AlertsSpec
    outputs = ("alerts_id",)
    section = "alerts"
    alerts_id: pulumi.Output[str]

    def _render(self, cloud: Cloud, context: Context, args: AlertsArgs) -> AlertsOutputs:
        return cloud.alerts(context, args.of(AlertsSpec), store_given(args.store_uri))

    def _outputs(self, rendered: AlertsOutputs) -> dict[str, pulumi.Output[str]]:
        return {"alerts_id": rendered.id}
