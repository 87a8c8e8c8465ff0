"""The `endpoint` section: how a release is served."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimaran_providers.contract.spec.compute import Compute
from trimaran_providers.contract.spec.linkable import Linkable
from trimaran_runtime.lowering.device import Device
from trimaran_runtime.section import Section
from trimaran_runtime.serving.access import AccessConfig
from trimaran_runtime.serving.config import CaptureConfig, LimitsConfig


class EndpointKind(StrEnum):
    """How predictions are asked for."""

    realtime = "realtime"
    """HTTP, replicas that stay up."""
    serverless = "serverless"
    """HTTP, capacity by request, may start cold."""
    asynchronous = "async"
    """A queue: request in, result object out."""
    batch = "batch"
    """A whole table at a time, on a schedule or by hand."""


class ReplicaSchedule(Section):
    """Replicas from a time on, by the clock."""

    cron: str
    """Five-field cron expression."""
    timezone: str = "UTC"
    """IANA time zone of `cron`."""
    min: Annotated[int, Field(ge=0, le=1000)]
    """Fewest replicas from then on."""
    max: Annotated[int, Field(ge=1, le=1000)]
    """Most replicas from then on."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) must not exceed max ({self.max})")
        return self


class Replicas(Section):
    """How many copies serve, and when there are more."""

    min: Annotated[int, Field(ge=0, le=1000)] = 1
    """Fewest replicas; 0: scale to zero when idle."""
    max: Annotated[int, Field(ge=1, le=1000)] = 1
    """Most replicas."""
    target_concurrency: Annotated[float, Field(gt=0)] | None = None
    """Requests in flight per replica that autoscaling aims at; None: no autoscaling."""
    scale_in_cool_down_seconds: Annotated[int, Field(ge=0)] = 300
    """Shortest time between two reductions, seconds."""
    schedules: tuple[ReplicaSchedule, ...] = ()
    """Other limits by the clock."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) must not exceed max ({self.max})")
        return self


class Strategy(StrEnum):
    """How traffic moves to a new release."""

    all_at_once = "all_at_once"
    canary = "canary"
    linear = "linear"
    rolling = "rolling"


class RollbackSignal(StrEnum):
    """What sends traffic back to the old release."""

    errors = "errors"
    """More 5xx answers than the old release by more than noise, or above the alert's rate."""
    latency = "latency"
    """A 99th percentile above the alert's limit, or twice the old release's."""


Percent = Annotated[int, Field(ge=1, le=100)]


class Rollout(Section):
    """How traffic moves to a new release, and what moves it back."""

    strategy: Strategy = Strategy.all_at_once
    """`all_at_once`, `canary`, `linear` or `rolling`."""
    steps: tuple[Percent, ...] = (10, 100)
    """Shares of traffic on the new release, percent, ending at 100 (canary and linear)."""
    bake_minutes: Annotated[float, Field(ge=0, le=1440)] = 5
    """Watching time after each step but the last, minutes."""
    rollback_on: tuple[RollbackSignal, ...] = (RollbackSignal.errors,)
    """Signals that send traffic back."""

    @model_validator(mode="after")
    def _rises_to_100(self) -> Self:
        if self.steps[-1:] != (100,) or any(b <= a for a, b in pairwise(self.steps)):
            raise ValueError(f"steps must rise and end at 100, given {list(self.steps)}")
        return self


class Shadow(Section):
    """A second release that gets a copy of traffic and answers nobody."""

    channel: str = "candidate"
    """Channel whose release is shadowed."""
    fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of requests copied, 0 to 1."""


class GpuUse(StrEnum):
    """What becomes of a model in ONNX where ONNX Runtime cannot use the machine's GPU."""

    required = "required"
    """It is not served."""
    preferred = "preferred"
    """The processor computes it."""


class BatchSpec(Section):
    """Prediction of a whole table (endpoint.kind batch)."""

    source: Linkable
    """URI of the folder whose CSV or JSON-lines files are predicted."""
    schedule: str | None = None
    """Five-field cron expression; None: by hand."""
    timezone: str = "UTC"
    """IANA time zone of `schedule`."""


class EndpointSpec(Section):
    """How a release is served."""

    kind: EndpointKind = EndpointKind.realtime
    """`realtime`, `serverless`, `async` or `batch`."""
    compute: Compute = Compute()
    """Machine of one replica."""
    replicas: Replicas = Replicas()
    """How many copies serve."""
    rollout: Rollout = Rollout()
    """How traffic moves to a new release."""
    shadow: Shadow | None = None
    """Copying of traffic to a second release; None: none."""
    capture: CaptureConfig | None = CaptureConfig()
    """Recording of traffic; None (null): nothing is recorded, and the monitor cannot see."""
    limits: LimitsConfig = LimitsConfig()
    """What one request may cost."""
    lowered: bool = True
    """Whether a model answers in its lowered form (NumPy or ONNX, proven equal when the release
    was made) where it has one; false: always the original."""
    gpu: GpuUse = GpuUse.required
    """Whether a model in ONNX is served where ONNX Runtime cannot use the GPU of `compute.gpu`:
    `required`, no; `preferred`, from the processor."""
    explanations: bool = False
    """Whether a request may ask for the reasons of its answer. They cost CPU, and tell callers much
    about the model."""
    access: AccessConfig | None = None
    """Who may ask for predictions; None: whoever reaches the address."""
    batch: BatchSpec | None = None
    """What is predicted; needed by kind `batch`, and by no other."""
    port: Annotated[int, Field(ge=1024, le=65_535)] | None = None
    """Port on the local cloud; None: a free one, kept over restarts. Clouds choose their own."""

    @property
    def device(self) -> Device:
        """What a model in ONNX is computed on."""
        if self.compute.gpu is None:
            return Device.cpu
        return Device.cuda if self.gpu is GpuUse.required else Device.cuda_or_cpu

    @model_validator(mode="after")
    def _batch_has_a_source(self) -> Self:
        if (self.batch is not None) != (self.kind is EndpointKind.batch):
            raise ValueError("batch is given exactly when kind is batch")
        return self
