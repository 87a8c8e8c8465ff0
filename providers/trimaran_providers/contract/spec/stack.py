"""The whole spec of one MLOps stack."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from trimaran_providers.contract.spec.alerts import AlertsSpec
from trimaran_providers.contract.spec.endpoint import EndpointSpec
from trimaran_providers.contract.spec.pipeline import PipelineSpec
from trimaran_providers.contract.spec.platform import PlatformSpec
from trimaran_providers.contract.spec.store import StoreSpec
from trimaran_runtime.data.config import DataConfig
from trimaran_runtime.evaluation.config import EvaluationConfig
from trimaran_runtime.explain.config import ExplainConfig
from trimaran_runtime.gate.config import GateConfig
from trimaran_runtime.monitoring.config import MonitorConfig
from trimaran_runtime.registry.config import RegistryConfig
from trimaran_runtime.section import Section
from trimaran_runtime.tracking.config import TrackingConfig
from trimaran_runtime.validation.config import ValidationConfig

NAME = r"^[a-z][a-z0-9-]{0,19}$"


class ModelSections(Section):
    """What is said of one model."""

    name: Annotated[str, Field(pattern=NAME)]
    """Name of the model: a lower-case letter, then letters, digits, hyphens; at most 20."""
    cloud: str | None = None
    """`local`, `aws`, `azure` or `gcp`; None: config `trimaran:cloud` of the Pulumi stack."""
    data: DataConfig
    """Where rows come from and what they must look like."""
    validation: ValidationConfig = ValidationConfig()
    """How strict the checks before training are."""
    pipeline: PipelineSpec
    """What is trained, on what machine, and when."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """What is measured beside what the gate decides by."""
    gate: GateConfig = GateConfig()
    """What a model must show before it may be released."""
    explain: ExplainConfig = ExplainConfig()
    """What a release says about how its model comes to its answers."""
    registry: RegistryConfig = RegistryConfig()
    """Who lets a model into production."""
    endpoint: EndpointSpec = EndpointSpec()
    """How a release is served."""
    monitor: MonitorConfig = MonitorConfig()
    """How often traffic is checked, and what drift does."""
    tracking: TrackingConfig = TrackingConfig()
    """Where runs are tracked with MLflow, beside the store."""
    alerts: AlertsSpec = AlertsSpec()
    """What is worth a message, and where it goes."""
    store: StoreSpec = StoreSpec()
    """Where artifacts live."""


class StackSpec(PlatformSpec, ModelSections):
    """One MLOps stack, the same for every cloud."""

    @model_validator(mode="after")
    def _one_way_to_train(self) -> Self:
        if (self.pipeline.train is None) == (self.pipeline.learner is None):
            raise ValueError("pipeline takes exactly one of train and learner")
        return self

    @model_validator(mode="after")
    def _a_learner_brings_its_own_space(self) -> Self:
        pipeline = self.pipeline
        if pipeline.learner is None:
            return self
        if pipeline.parameters or (pipeline.tune is not None and pipeline.tune.space):
            raise ValueError(
                "pipeline.learner brings its own hyperparameters: leave out pipeline.parameters "
                "and pipeline.tune.space, or name a function of yours in pipeline.train"
            )
        return self

    @model_validator(mode="after")
    def _secrets_exist(self) -> Self:
        for channel in self.alerts.channels:
            if channel.secret is not None and channel.secret not in self.secrets:
                raise ValueError(
                    f"alerts.channels: secret {channel.secret!r} is not in secrets "
                    f"({', '.join(self.secrets) or 'none given'})"
                )
        return self
