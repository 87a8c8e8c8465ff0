"""What one type of resource takes of the identity that deploys it, and the resources it is for.

Resource forms: "Actions, resources, and condition keys for AWS services" (read 2026-11-24).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

NAME, REGION, ACCOUNT = "NAME", "REGION", "ACCOUNT"
"""Stand in the policy for `{model}-{stack}`, the region and the account."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one type of resource takes.

    Attributes:
        service: prefix of the actions.
        actions: without the prefix.
        resources: ARN patterns; `*`: the actions know no resource, or one that has no name of ours.
        condition: operator → key → values.
    """

    service: str
    actions: str
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The actions in full, sorted."""
        return tuple(sorted(f"{self.service}:{action}" for action in self.actions.split()))


def arn(service: str, resource: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """An ARN (pattern) of a service's resource."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


ROLE_USERS = tuple(
    f"{service}.amazonaws.com" for service in ("codebuild", "events", "sagemaker", "scheduler")
)
"""Services that the stack's roles are for."""
TAGS = "ListTagsForResource TagResource UntagResource"
BUCKET = (arn("s3", f"{NAME}-*", region="", account=""),)
OBJECTS = (arn("s3", f"{NAME}-*/*", region="", account=""),)
ROLES = (arn("iam", f"role/{NAME}-*", region=""),)
SAGEMAKER = tuple(
    arn("sagemaker", f"{kind}/{NAME}*")
    for kind in (
        "endpoint",
        "endpoint-config",
        "inference-component",
        "model",
        "model-card",
        "model-package",
        "model-package-group",
        "pipeline",
    )
)
ANY = ("*",)
