"""How an endpoint on SageMaker stands, as its API tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_BROKEN = frozenset({"Failed", "OutOfService", "UpdateRollbackFailed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an endpoint stands.

    Attributes:
        arn: its ARN.
        status: SageMaker's word for it.
        config: name of the configuration that serves (or shall, while it is created).
        reason: why it failed, in SageMaker's words; empty: it did not, or it does not say.
        running: instances that are wanted of the production variant; 0 where it has none.
        progress: one line for a person.
    """

    arn: str
    status: str
    config: str
    reason: str
    running: int
    progress: str

    @property
    def is_moving(self) -> bool:
        """Whether a change is under way."""
        return self.status in _MOVING

    @property
    def is_broken(self) -> bool:
        """Whether it cannot be relied on."""
        return self.status in _BROKEN

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Self:
        """The standing in a DescribeEndpoint answer."""
        variants = described.get("ProductionVariants") or [{}]
        return cls(
            arn=described["EndpointArn"],
            status=described["EndpointStatus"],
            config=described.get("EndpointConfigName", ""),
            reason=described.get("FailureReason", ""),
            running=variants[0].get("DesiredInstanceCount") or 0,
            progress=_progress(described),
        )


def _progress(described: Mapping[str, Any]) -> str:
    """`Updating: main 2 of 4 instances, Baking; new main 1 of 1 instances, Creating`."""
    pending = described.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    parts = [_variant(variant) for variant in described.get("ProductionVariants", [])]
    parts += [f"new {_variant(variant)}" for variant in pending]
    return "; ".join([f"{described['EndpointStatus']}: " + (parts[0] if parts else ""), *parts[1:]])


def _variant(variant: Mapping[str, Any]) -> str:
    text = str(variant["VariantName"])
    if "CurrentInstanceCount" in variant:
        current, wanted = variant["CurrentInstanceCount"], variant.get("DesiredInstanceCount", 0)
        text += f" {current} of {wanted} instances"
    phases = [status["Status"] for status in variant.get("VariantStatus", [])]
    return ", ".join([text, *phases])
