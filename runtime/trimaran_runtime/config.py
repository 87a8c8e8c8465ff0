"""The one configuration of a run: what every step reads, as one JSON document."""

from trimaran_runtime.config_document import ConfigDocument
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.evaluation.config import EvaluationConfig
from trimaran_runtime.explain.config import ExplainConfig
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig
from trimaran_runtime.tracking.config import TrackingConfig
from trimaran_runtime.training.config import TrainingConfig
from trimaran_runtime.validation.config import ValidationConfig


class RunConfig(ConfigDocument):
    """What every step reads; unknown keys are refused."""

    model: str
    """Name of the model."""
    data: DataConfig
    validation: ValidationConfig = ValidationConfig()
    training: TrainingConfig
    evaluation: EvaluationConfig = EvaluationConfig()
    gate: GateConfig = GateConfig()
    explain: ExplainConfig = ExplainConfig()
    registry: RegistryConfig = RegistryConfig()
    monitor: MonitorConfig = MonitorConfig()
    redact: tuple[str, ...] = ()
    """Columns whose values are never kept, of traffic or of training data."""
    tracking: TrackingConfig = TrackingConfig()
