"""Sections about the place a stack runs in: image, secrets, network, key, budget."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from trimaran_providers.contract.spec.linkable import Linkable
from trimaran_runtime.section import Section


class ImageSpec(Section):
    """The container image that runs every step and the server."""

    uri: Linkable | None = None
    """An existing image by digest; None: built in the account from `lock`."""
    lock: str = "requirements.lock"
    """The project's lock file, from which the image is built."""
    repository: str | None = None
    """Name of an existing repository for the built image; None: one is created."""


class SecretRef(Section):
    """A secret that steps and the server may read, by reference."""

    config: str
    """Key in the stack's Pulumi config (`pulumi config set --secret KEY`)."""


class NetworkSpec(Section):
    """Private networking."""

    private: bool = False
    """Whether nothing is reachable from the public internet."""
    subnets: tuple[Linkable, ...] = ()
    """Ids of existing subnets."""
    security_groups: tuple[Linkable, ...] = ()
    """Ids of existing security groups, where the cloud has them."""


class EncryptionSpec(Section):
    """Encryption at rest."""

    key: Linkable
    """Id of a customer-managed key, used for everything that can be encrypted."""


class IdentitySpec(Section):
    """What every role or service account that is made has in common."""

    path: Annotated[str, Field(pattern=r"^/([\x21-\x7e]+/)?$", max_length=512)] | None = None
    """Path of every role, `/team/`; None: the root."""
    permissions_boundary: Linkable | None = None
    """Id of the policy that bounds every role; None: none."""


class LogsSpec(Section):
    """Logs of steps and servers."""

    retention_days: Annotated[int, Field(ge=1, le=3653)] = 90
    """Age after which logs are deleted, days; a cloud takes the next longer time it offers."""


class BudgetSpec(Section):
    """What the stack may cost."""

    monthly_usd: Annotated[float, Field(gt=0)]
    """Monthly limit, US dollars; a preview above it is refused."""
    notify_percent: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = (80, 100)
    """Shares of the limit that raise an alert, percent."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if list(self.notify_percent) != sorted(set(self.notify_percent)):
            raise ValueError(f"notify_percent must rise, given {list(self.notify_percent)}")
        return self


class PlatformSpec(Section):
    """The place a stack runs in: what all of its components share."""

    image: ImageSpec = ImageSpec()
    """The container image that runs every step and the server."""
    secrets: dict[str, SecretRef] = {}
    """Secrets by the name steps and channels use."""
    network: NetworkSpec = NetworkSpec()
    """Private networking."""
    encryption: EncryptionSpec | None = None
    """Customer-managed encryption; None: the cloud's default encryption."""
    identity: IdentitySpec = IdentitySpec()
    """What every role has in common."""
    logs: LogsSpec = LogsSpec()
    """Logs of steps and servers."""
    tags: dict[str, str] = {}
    """Tags on everything that takes them."""
    budget: BudgetSpec | None = None
    """What the stack may cost; None: no limit."""
