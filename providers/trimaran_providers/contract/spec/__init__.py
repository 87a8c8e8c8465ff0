"""The spec: one definition of every field a user writes."""

from trimaran_providers.contract.spec.alerts import AlertsSpec, Channel, ChannelKind
from trimaran_providers.contract.spec.compute import Compute, Gpu, GpuKind
from trimaran_providers.contract.spec.endpoint import EndpointKind, EndpointSpec, Strategy
from trimaran_providers.contract.spec.pipeline import CodeSpec, PipelineSpec, StepSpec
from trimaran_providers.contract.spec.platform import (
    BudgetSpec,
    EncryptionSpec,
    IdentitySpec,
    ImageSpec,
    LogsSpec,
    NetworkSpec,
    PlatformSpec,
    SecretRef,
)
from trimaran_providers.contract.spec.stack import StackSpec
from trimaran_providers.contract.spec.store import StoreSpec

__all__ = [
    "AlertsSpec",
    "BudgetSpec",
    "Channel",
    "ChannelKind",
    "CodeSpec",
    "Compute",
    "EncryptionSpec",
    "EndpointKind",
    "EndpointSpec",
    "Gpu",
    "GpuKind",
    "IdentitySpec",
    "ImageSpec",
    "LogsSpec",
    "NetworkSpec",
    "PipelineSpec",
    "PlatformSpec",
    "SecretRef",
    "StackSpec",
    "StepSpec",
    "StoreSpec",
    "Strategy",
]
