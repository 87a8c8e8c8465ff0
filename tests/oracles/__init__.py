"""Checks of rendered AWS resources without AWS; each layer sees what the others are blind to.

`types`: the provider's SDK. `shapes`: the services' models, deeply. `policy`: IAM documents.
`rules`: what all of these miss.
"""

from collections.abc import Sequence

from tests.oracles import (
    api_bodies,
    iam_policy,
    own_rules,
    plugin_bodies,
    provider_types,
    stack_rules,
)
from tests.oracles.finding import Finding, Rendered, about

__all__ = ["Finding", "Rendered", "check_all", "check_resource"]
_PLUGIN = "trimaran:aws:"
_OURS = ("aws:", _PLUGIN)


def check_all(resources: Sequence[Rendered]) -> list[Finding]:
    """Every finding of every layer; resources of other clouds and components are passed over."""
    ours = [resource for resource in resources if resource.type.startswith(_OURS)]
    found = [finding for resource in ours for finding in check_resource(resource)]
    return [*found, *stack_rules.check(ours)]


def check_resource(resource: Rendered) -> list[Finding]:
    """Every finding about one resource by itself."""
    if resource.type.startswith(_PLUGIN):
        return list(about(resource, plugin_bodies.check(resource)))
    found = provider_types.check(resource.type, resource.inputs)
    if found:
        # With a wrong type the other layers would only say so again.
        return list(about(resource, found))
    layers = (api_bodies.check, iam_policy.check, own_rules.check)
    return [finding for layer in layers for finding in about(resource, layer(resource))]
