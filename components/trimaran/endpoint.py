"""Endpoint: how a release is served."""

import pulumi

from trimaran.args import EndpointArgs
from trimaran.component import Component
from trimaran.links import upstream_of
from trimaran_providers.contract.cloud import Cloud, Context
from trimaran_providers.contract.outputs import EndpointOutputs
from trimaran_providers.contract.spec import EndpointSpec


class Endpoint(Component[EndpointArgs, EndpointOutputs]):
    """Serves the release in production; waits while there is none.

    Attributes:
        url: address to which `/invocations` is added.
        serving: full id of the release that serves; empty while it waits.
    """

    token = "trimaran:index:Endpoint"
    args_model = EndpointArgs
    spec_model = EndpointSpec
    outputs = ("url", "serving")
    section = "endpoint"
    url: pulumi.Output[str]
    serving: pulumi.Output[str]

    def _render(self, cloud: Cloud, context: Context, args: EndpointArgs) -> EndpointOutputs:
        upstream = upstream_of(
            store_uri=args.store_uri,
            alerts_id=args.alerts_id,
            alert_rules=args.alert_rules,
            release=args.release,
        )
        return cloud.endpoint(context, args.of(EndpointSpec), upstream)

    def _outputs(self, rendered: EndpointOutputs) -> dict[str, pulumi.Output[str]]:
        return {"url": rendered.url, "serving": rendered.release}
