"""What the server inside an endpoint needs to know."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class CaptureConfig(Section):
    """Recording of requests and predictions for the monitor."""

    fraction: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of requests recorded, 0 to 1, chosen by request id."""
    redact: tuple[str, ...] = ()
    """Columns never recorded."""
    max_gib: Annotated[float, Field(gt=0)] = 1.0
    """Disk or store budget; recording stops above it, and the drops are counted."""


class LimitsConfig(Section):
    """What one request may cost."""

    max_body_mib: Annotated[float, Field(gt=0, le=1024)] = 6.0
    """Largest request body, MiB (SageMaker's InvokeEndpoint figure)."""
    max_rows: Annotated[int, Field(ge=1)] = 100_000
    """Most rows in one request."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Longest time one request may take, body included."""
