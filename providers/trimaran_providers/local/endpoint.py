"""The endpoint on this machine: a gateway in front of server processes."""

import pulumi

from trimaran_providers.contract.cloud import Context, Upstream
from trimaran_providers.contract.outputs import EndpointOutputs
from trimaran_providers.contract.spec import EndpointSpec
from trimaran_providers.local.gateway.definition import EndpointDefinition
from trimaran_providers.local.handlers.endpoint import EndpointOutputs as EndpointState
from trimaran_providers.local.layout import Layout
from trimaran_providers.plugin.resource import PluginResource
from trimaran_runtime.registry.config import UNSIGNED


def render(context: Context, spec: EndpointSpec, upstream: Upstream) -> EndpointOutputs:
    """A gateway that follows the production channel; it waits while nothing is approved."""
    directory = Layout(context.project_directory).endpoint(context.physical_name)
    rules = upstream.alerts.rules
    signing = upstream.registry.signing if upstream.registry else UNSIGNED
    definition = upstream.store.uri.apply(
        lambda uri: EndpointDefinition.of(
            context.model, uri, spec, rules, signing
        ).model_dump_json()
    )
    needs = [*upstream.store.resources, *upstream.alerts.resources]
    if upstream.registry is not None:
        needs += upstream.registry.resources
    endpoint = PluginResource(
        "trimaran:local:Endpoint",
        f"{context.name}-endpoint",
        {
            "directory": str(directory),
            "definition": definition,
            "release": upstream.registry.production if upstream.registry else "",
        },
        EndpointState,
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=needs),
    )
    return EndpointOutputs(
        id=endpoint.output("directory"),
        url=endpoint.output("url"),
        release=endpoint.output("release"),
        resources=(endpoint,),
    )
