"""The policy of the identity that runs `pulumi up`, from the types of resources it deploys."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tools.reference.grant import Grant
from tools.reference.plugin_grants import PLUGIN
from tools.reference.provider_grants import PROVIDER

GRANTS: Mapping[str, tuple[Grant, ...]] = {**PROVIDER, **PLUGIN}
"""By type token."""


def deployer_policy(types: Iterable[str]) -> dict[str, Any]:
    """An IAM policy that allows making, reading, changing and deleting resources of these types.

    Args:
        types: type tokens.

    Raises:
        KeyError: nothing is known of a type.
    """
    return policy_of(grant for token in types for grant in GRANTS[token])


def policy_of(grants: Iterable[Grant]) -> dict[str, Any]:
    """The policy that grants make together: one statement for the same resources."""
    merged: dict[tuple[str, tuple[str, ...], str], set[str]] = {}
    for grant in grants:
        condition = json.dumps(grant.condition, sort_keys=True)
        merged.setdefault((grant.service, grant.resources, condition), set()).update(grant.names)
    statements = []
    for (_, resources, condition), actions in sorted(merged.items()):
        statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
        if condition != "{}":
            statement["Condition"] = json.loads(condition)
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}
