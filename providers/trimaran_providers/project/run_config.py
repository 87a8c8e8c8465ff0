"""The spec as the runtime reads it: only what a run executes."""

from pathlib import Path

from trimaran_providers.contract.spec import StackSpec
from trimaran_providers.project.source import resolve_source
from trimaran_runtime.config import RunConfig
from trimaran_runtime.training.config import TrainingConfig


def run_config(spec: StackSpec, project: Path) -> RunConfig:
    """Configuration of a run.

    Args:
        spec: the spec.
        project: folder that relative paths start from.

    Raises:
        ProjectError: `data.source` is a local file that does not exist.
    """
    source = resolve_source(spec.data.source, project)
    training = {name: getattr(spec.pipeline, name) for name in TrainingConfig.model_fields}
    return RunConfig(
        model=spec.name,
        data=spec.data.model_copy(update={"source": source}),
        validation=spec.validation,
        training=TrainingConfig(**training),
        evaluation=spec.evaluation,
        gate=spec.gate,
        explain=spec.explain,
        registry=spec.registry,
        monitor=spec.monitor,
        redact=spec.endpoint.capture.redact if spec.endpoint.capture else (),
        tracking=spec.tracking,
    )
