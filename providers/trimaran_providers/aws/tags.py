"""Tags of everything that takes them."""

from trimaran_providers.aws.names import Names
from trimaran_providers.contract.cloud import Context

STACK = "trimaran:stack"
"""Key of the tag that names the stack: what the budget counts costs by."""


def tags_of(context: Context) -> dict[str, str]:
    """The spec's tags, and the one that says which stack it belongs to."""
    return {**context.platform.tags, STACK: Names.of(context).base}
