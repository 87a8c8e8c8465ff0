"""The one configuration of a check of traffic: what the monitor's step reads."""

from trimaran_runtime.config_document import ConfigDocument
from trimaran_runtime.monitoring.config import MonitorConfig


class CheckConfig(ConfigDocument):
    """What a check needs of the spec; the release says what it was trained on."""

    model: str
    """Name of the model."""
    monitor: MonitorConfig = MonitorConfig()
    """How far back traffic is read, what counts as drift, and what drift does."""
