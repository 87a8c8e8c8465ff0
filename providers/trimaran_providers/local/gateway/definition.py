"""What an endpoint of the local cloud shall be: the file its gateway reads and follows."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.contract.spec.endpoint import EndpointSpec, RollbackSignal, Strategy
from trimaran_providers.local.atomic import write_atomic
from trimaran_runtime.alerting.config import AlertRules
from trimaran_runtime.lowering.device import Device
from trimaran_runtime.registry.config import UNSIGNED, SigningConfig
from trimaran_runtime.section import Section
from trimaran_runtime.serving.access import AccessConfig
from trimaran_runtime.serving.config import CaptureConfig, LimitsConfig
from trimaran_runtime.storage.digest import canonical_json, digest_of

FILE = "definition.json"
"""Name of the file in the endpoint's folder."""


class RolloutDefinition(Section):
    """How traffic moves to a new release, and what moves it back."""

    strategy: Strategy = Strategy.all_at_once
    """`all_at_once`, `canary`, `linear` or `rolling`."""
    steps: tuple[Annotated[int, Field(ge=1, le=100)], ...] = (10, 100)
    """Shares of traffic on the new release, percent, ending at 100 (canary and linear)."""
    bake_seconds: Annotated[float, Field(ge=0)] = 300.0
    """Watching time after each step but the last, seconds."""
    rollback_on: tuple[RollbackSignal, ...] = (RollbackSignal.errors,)
    """Signals that send traffic back."""
    error_rate: Annotated[float, Field(gt=0, le=1)] | None = 0.05
    """Largest share of requests answered 5xx, 0 to 1; None: only compared with the old release."""
    latency_p99_ms: Annotated[float, Field(gt=0)] | None = None
    """Largest 99th percentile of latency, ms; None: only compared with the old release."""
    min_requests: Annotated[int, Field(ge=1)] = 20
    """Fewer requests on the new release are not held against a limit."""


class EndpointDefinition(Section):
    """One endpoint of the local cloud."""

    schema_version: Literal[1] = 1
    name: str
    """Name of the endpoint; the folder of its captured traffic."""
    store_uri: str
    """Artifact store whose `production` channel is served."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Port on 127.0.0.1; 0: a free one, kept over restarts."""
    replicas_min: Annotated[int, Field(ge=0)] = 1
    """Fewest server processes; 0: none while idle, started by the first request."""
    replicas_max: Annotated[int, Field(ge=1)] = 1
    """Most server processes."""
    target_concurrency: Annotated[float, Field(gt=0)] | None = None
    """Requests in flight per process that autoscaling aims at; None: `replicas_min` of them."""
    scale_in_cool_down_seconds: Annotated[float, Field(ge=0)] = 300.0
    """Shortest time between two reductions; idle time before scaling to zero. Seconds."""
    rollout: RolloutDefinition = RolloutDefinition()
    capture: CaptureConfig | None = CaptureConfig()
    """Recording of traffic; None: nothing is recorded."""
    limits: LimitsConfig = LimitsConfig()
    """What one request may cost."""
    lowered: bool = True
    """Whether releases answer in their lowered form where they have one."""
    device: Device = Device.cpu
    """What models in ONNX are computed on."""
    explanations: bool = False
    """Whether a request may ask for the reasons of its answer."""
    access: AccessConfig | None = None
    """Who may ask for predictions; None: whoever reaches the port."""
    signing: SigningConfig = SigningConfig()
    """Whose signature a release must carry to be served."""
    with_code: bool = True
    """Whether servers import the release's code bundle (custom model types need it)."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.replicas_min > self.replicas_max:
            raise ValueError(
                f"replicas_min ({self.replicas_min}) must not exceed "
                f"replicas_max ({self.replicas_max})"
            )
        return self

    @classmethod
    def of(
        cls,
        name: str,
        store_uri: str,
        spec: EndpointSpec,
        rules: AlertRules | None = None,
        signing: SigningConfig = UNSIGNED,
    ) -> Self:
        """The definition of a spec section; `rules` gives the limits that roll back."""
        rules = rules or AlertRules()
        return cls(
            name=name,
            store_uri=store_uri,
            port=spec.port or 0,
            replicas_min=spec.replicas.min,
            replicas_max=spec.replicas.max,
            target_concurrency=spec.replicas.target_concurrency,
            scale_in_cool_down_seconds=spec.replicas.scale_in_cool_down_seconds,
            rollout=RolloutDefinition(
                strategy=spec.rollout.strategy,
                steps=spec.rollout.steps,
                bake_seconds=spec.rollout.bake_minutes * 60,
                rollback_on=spec.rollout.rollback_on,
                error_rate=rules.error_rate,
                latency_p99_ms=rules.latency_p99_ms,
                min_requests=rules.min_requests,
            ),
            capture=spec.capture,
            limits=spec.limits,
            lowered=spec.lowered,
            # The machine is what it is: a GPU is used where there is one.
            device=Device.cuda_or_cpu if spec.compute.gpu else Device.cpu,
            explanations=spec.explanations,
            access=spec.access,
            signing=signing,
        )


def digest(definition: EndpointDefinition) -> str:
    """Digest of a definition; a gateway's status names the one it follows."""
    return digest_of(canonical_json(definition.model_dump(mode="json")))


def write_definition(directory: Path, definition: EndpointDefinition) -> None:
    """Write the definition; a running gateway follows it within a second."""
    content = canonical_json(definition.model_dump(mode="json"))
    write_atomic(directory / FILE, content)


def read_definition(directory: Path) -> EndpointDefinition | None:
    """Read the definition; None: there is none (any more). Raises CorruptedError."""
    path = directory / FILE
    try:
        return EndpointDefinition.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as exc:
        raise CorruptedError(
            f"the endpoint's definition cannot be read: {exc.errors()[0]['msg']}",
            where=str(path),
            next_step="run `pulumi up --refresh` to write it again",
        ) from exc
