"""What the server inside an endpoint needs to know."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.config_document import ConfigDocument
from trimaran_runtime.lowering.device import Device
from trimaran_runtime.registry.config import SigningConfig
from trimaran_runtime.section import Section
from trimaran_runtime.serving.access import AccessConfig
from trimaran_runtime.serving.capture_format import CaptureFormat


class CaptureConfig(Section):
    """Recording of requests and predictions for the monitor."""

    fraction: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of requests recorded, 0 to 1, chosen by request id."""
    redact: tuple[str, ...] = ()
    """Columns never recorded."""
    max_gib: Annotated[float, Field(gt=0)] = 1.0
    """Disk or store budget; recording stops above it, and the drops are counted."""
    format: CaptureFormat = CaptureFormat.trimaran
    """Whose words recorded requests are written in, and whose folders; `trimaran` is ours."""


class LimitsConfig(Section):
    """What one request may cost."""

    max_body_mib: Annotated[float, Field(gt=0, le=1024)] = 6.0
    """Largest request body, MiB (SageMaker's InvokeEndpoint figure)."""
    max_rows: Annotated[int, Field(ge=1)] = 100_000
    """Most rows in one request."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Longest time one request may take, body included."""


class ServerConfig(ConfigDocument):
    """Everything the server is told beside the store and the release."""

    endpoint: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")] = "endpoint"
    """Name of the endpoint; a folder of the captured traffic."""
    variant: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")] | None = None
    """Name of the variant, a folder below it; None: the first digits of the release's id."""
    capture: CaptureConfig | None = None
    """Recording of traffic; None: nothing is recorded."""
    limits: LimitsConfig = LimitsConfig()
    """What one request may cost."""
    signing: SigningConfig = SigningConfig()
    """Whose signature a release must carry to be loaded."""
    lowered: bool = True
    """Whether a release's lowered form answers where it has one, and scikit-learn is not loaded."""
    device: Device = Device.cpu
    """What a model in ONNX is computed on."""
    explanations: bool = False
    """Whether requests may ask for the reasons of their answers."""
    max_queue_rows: Annotated[int, Field(ge=1)] = 20_000
    """Rows that may wait for the model before requests are answered 429."""
    max_lag_seconds: Annotated[float, Field(gt=0)] = 0.5
    """How late the event loop may be before requests are answered 429. Seconds."""
    rotate_seconds: Annotated[float, Field(gt=0)] = 5.0
    """Longest time from a captured request to its file being readable, seconds."""
    access: AccessConfig | None = None
    """Who may ask; None: whoever reaches the port."""
    drain_seconds: Annotated[float, Field(ge=0, le=20)] = 0.25
    """Time from SIGTERM to the end of accepting, for routers to see /ping fail. Seconds."""
