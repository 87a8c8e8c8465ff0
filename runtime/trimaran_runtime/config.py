"""The one configuration of a run: what every step reads, as one JSON document."""

from typing import Literal, Self

from pydantic import ValidationError

from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.explain.config import ExplainConfig
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig
from trimaran_runtime.section import Section
from trimaran_runtime.training.config import TrainingConfig
from trimaran_runtime.validation.config import ValidationConfig


class RunConfig(Section):
    """What every step reads; unknown keys are refused."""

    schema_version: Literal[1] = 1
    """Version of this document's shape."""
    model: str
    """Name of the model."""
    data: DataConfig
    validation: ValidationConfig = ValidationConfig()
    training: TrainingConfig
    gate: GateConfig = GateConfig()
    explain: ExplainConfig = ExplainConfig()
    registry: RegistryConfig = RegistryConfig()
    monitor: MonitorConfig = MonitorConfig()

    @classmethod
    def parse(cls, document: bytes | str) -> Self:
        """Parse the JSON document.

        Raises:
            ConfigError: it is not JSON, or not of this shape; names the first wrong field.
        """
        try:
            return cls.model_validate_json(document)
        except ValidationError as exc:
            first = exc.errors()[0]
            raise ConfigError(
                f"{first['msg']} (given {first.get('input')!r})"[:400],
                where=".".join(str(part) for part in first["loc"]) or "configuration",
            ) from exc

    def to_json(self) -> bytes:
        """Canonical bytes: the same configuration gives the same bytes."""
        from trimaran_runtime.storage.digest import canonical_json

        return canonical_json(self.model_dump(mode="json"))
