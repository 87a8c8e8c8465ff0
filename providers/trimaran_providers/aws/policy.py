"""IAM policies as data (IAM User Guide, "IAM JSON policy elements reference")."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

VERSION = "2012-10-17"
"""The policy language's current version; the older one has no variables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        sid: what it is for, letters and digits.
        actions: `service:Action`.
        resources: ARNs, each text or an output; empty in a trust policy.
        why_any: why `*` has to be among the resources or actions; empty: it is not.
        condition: operator → key → value or values.
        principal: who, in a resource's policy or a trust policy: type → id or ids.
        effect: `Allow` or `Deny`.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    why_any: str = ""
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    principal: Mapping[str, Any] | None = None
    effect: Literal["Allow", "Deny"] = "Allow"

    def document(self) -> dict[str, Any]:
        """The statement as AWS reads it; values may be outputs."""
        body: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
        }
        if self.principal is not None:
            body["Principal"] = self.principal
        if self.resources:
            body["Resource"] = list(self.resources)
        if self.condition:
            body["Condition"] = self.condition
        return body


def policy_json(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """The policy document; an output, for ARNs may be known only during the update."""
    body = {"Version": VERSION, "Statement": [s.document() for s in statements]}
    return pulumi.Output.json_dumps(body, sort_keys=True)


def trust_json(service: str, condition: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """A trust policy: this service may assume the role.

    Args:
        service: `sagemaker.amazonaws.com` and the like.
        condition: e.g. `{"StringEquals": {"aws:SourceAccount": …}}`; plain values only.
    """
    statement = Statement(
        sid="Assume",
        actions=["sts:AssumeRole"],
        principal={"Service": service},
        condition=condition or {},
    )
    return json.dumps({"Version": VERSION, "Statement": [statement.document()]}, sort_keys=True)
