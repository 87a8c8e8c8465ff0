"""The `alerts` section: what is worth a message, and where it goes."""

from typing import Annotated

from pydantic import Field

from trimaran_runtime.section import Section


class AlertRules(Section):
    """What is worth a message."""

    pipeline_failed: bool = True
    """A pipeline run crashed, or its data were refused."""
    gate_refused: bool = True
    """The gate refused a model."""
    drift: bool = True
    """The monitor found drift beyond tolerance."""
    endpoint_down: bool = True
    """The endpoint does not answer its health check."""
    error_rate: Annotated[float, Field(gt=0, le=1)] | None = 0.05
    """Largest share of requests answered 5xx in the window, 0 to 1; None: not watched."""
    latency_p99_ms: Annotated[float, Field(gt=0)] | None = None
    """Largest 99th percentile of latency in the window, ms; None: not watched."""
    no_data_hours: Annotated[float, Field(gt=0)] | None = None
    """Longest time without a captured request, in hours; None: not watched."""
    window_minutes: Annotated[float, Field(gt=0)] = 5.0
    """Window of the error-rate and latency rules, in minutes."""
    min_requests: Annotated[int, Field(ge=1)] = 20
    """Fewer requests in the window are not judged."""
    repeat_hours: Annotated[float, Field(gt=0)] = 24.0
    """An alert that stays open is sent again after this many hours."""
