"""IAM policies of who deploys to AWS, and of who looks at what is deployed."""

import json

from tools.reference.deployer import deployer_policy, policy_of
from tools.reference.plugin_grants import COMMAND
from tools.reference.rendered_types import rendered_types


def deployer_file() -> str:
    """The policy of who runs `pulumi up`, as a file for `aws iam create-policy`."""
    return f"{json.dumps(deployer_policy(rendered_types()), indent=2)}\n"


def operator_file() -> str:
    """The policy of who uses the `trimaran` command on a stack that somebody else deploys."""
    return f"{json.dumps(policy_of(COMMAND), indent=2)}\n"
