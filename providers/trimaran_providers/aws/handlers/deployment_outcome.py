"""How deployments end, and what is known of the one before."""

from dataclasses import dataclass
from enum import StrEnum

from trimaran_providers.contract.errors import ResourceError
from trimaran_runtime.registry.release import SHORT


class Phase(StrEnum):
    """How an endpoint stands after an update."""

    waiting = "waiting"
    """No release is approved yet; nothing is made."""
    serving = "serving"
    """The release serves."""
    rolled_back = "rolled_back"
    """The release was found wanting; what served before serves."""
    failed = "failed"
    """It could not be brought to the release."""
    stopped = "stopped"
    """It was there, and is not any more."""


class RolledBack(ResourceError):
    """The release was found wanting, and what served before serves.

    Args:
        reason: what went wrong.
        refused: what the deployment is known by (`Bodies.deployed_name`); empty: it was no fault
            of the release, so the next `up` tries again.
    """

    def __init__(self, release: str, reason: str, refused: str) -> None:
        again = (
            "another release or another spec is tried; this one is not tried again unchanged; "
            "`trimaran rollback` makes the old release production again"
            if refused
            else "`pulumi up` tries again"
        )
        super().__init__(f"release {release[:SHORT]} was rolled back: {reason}", next_step=again)
        self.reason, self.refused = reason, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is known of the endpoint from the update before.

    Attributes:
        config: configuration that served; empty: none did.
        model: model that served; empty: none did.
        refused: deployment that was rolled back, and is not tried again; empty: none was.
        is_tested: whether what served was seen to answer.
    """

    config: str = ""
    model: str = ""
    refused: str = ""
    is_tested: bool = False
