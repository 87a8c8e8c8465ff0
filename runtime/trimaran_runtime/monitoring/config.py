"""The `monitor` section: how often traffic is checked, and what drift does."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimaran_runtime.drift.config import DriftConfig
from trimaran_runtime.monitoring.labels_config import LabelsConfig
from trimaran_runtime.section import Section


class OnDrift(StrEnum):
    """What severe drift does, beside the report.

    Where a classifier's performance can be estimated from its scores, drift that surely harms it
    alerts whether severe or not, and drift that surely does not is only logged.
    """

    log = "log"
    """Nothing more."""
    alert = "alert"
    """An alert."""
    retrain = "retrain"
    """An alert, and a pipeline run (not more often than the cool-down allows)."""


class MonitorConfig(Section):
    """How often captured traffic is checked against the release, and what drift does."""

    schedule: str = "hourly"
    """`hourly`, `daily`, `weekly`, a five-field cron expression, or `off`."""
    window_hours: Annotated[float, Field(gt=0)] = 24.0
    """How far back captured traffic is read, in hours."""
    on_drift: OnDrift = OnDrift.alert
    """`log`, `alert` or `retrain`."""
    cool_down_hours: Annotated[float, Field(ge=0)] = 24.0
    """Shortest time between two retrainings by drift, in hours."""
    drift: DriftConfig = DriftConfig()
    """What counts as drift."""
    labels: LabelsConfig | None = None
    """True values that come later; None: performance is only estimated."""
