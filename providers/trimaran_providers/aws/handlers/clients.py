"""The clients of AWS that a deployment works with."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trimaran_providers.aws.handlers.sagemaker_refusal import told


@dataclass(frozen=True)
class Clients:
    """boto3 clients that a deployment needs, each made when it is first asked for.

    Attributes:
        session: boto3 session.
        where: the resource, for errors.
    """

    session: Any
    where: str

    @cached_property
    def sagemaker(self) -> Any:
        """The control plane."""
        return self._client("sagemaker")

    @cached_property
    def runtime(self) -> Any:
        """What answers predictions."""
        return self._client("sagemaker-runtime")

    @cached_property
    def autoscaling(self) -> Any:
        """What scales."""
        return self._client("application-autoscaling")

    @cached_property
    def cloudwatch(self) -> Any:
        """What knows which alarms ring."""
        return self._client("cloudwatch")

    def _client(self, service: str) -> Any:
        with told(self.where):
            return self.session.client(service)
