"""Alerts on this machine: a log that is always kept, and messages through Apprise."""

from typing import Any

import pulumi

from trimaran_providers.contract.cloud import Context
from trimaran_providers.contract.outputs import AlertsOutputs, ArtifactStoreOutputs
from trimaran_providers.contract.spec import AlertsSpec, Channel
from trimaran_providers.local.handlers.alert_destination import AlertDestinationOutputs
from trimaran_providers.local.layout import Layout
from trimaran_providers.plugin.resource import PluginResource

SMTP_URL = "SMTP_URL"
"""Name in `secrets` of the mail server's Apprise URL."""


def render(context: Context, spec: AlertsSpec, store: ArtifactStoreOutputs) -> AlertsOutputs:
    """The file of destinations, readable by its owner alone, and the watch over the rules."""
    layout = Layout(context.project_directory)
    destination = PluginResource(
        "trimaran:local:AlertDestination",
        f"{context.name}-alerts",
        {
            "path": str(layout.alerts(context.physical_name)),
            "store_uri": store.uri,
            "rules": spec.rules.model_dump_json(),
            "channels": pulumi.Output.secret(
                pulumi.Output.json_dumps([_channel(context, channel) for channel in spec.channels])
            ),
            "smtp_url": context.secrets.get(SMTP_URL),
        },
        AlertDestinationOutputs,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[*store.resources]),
    )
    return AlertsOutputs(id=destination.output("path"), rules=spec.rules, resources=(destination,))


def _channel(context: Context, channel: Channel) -> dict[str, Any]:
    address = context.secrets[channel.secret] if channel.secret else channel.to or channel.url
    return {"kind": str(channel.kind), "address": address}
