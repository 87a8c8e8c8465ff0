"""What a pipeline run needs, kept in the store: `up`, the schedule and the CLI run the same."""

from pathlib import Path

from pydantic import ValidationError

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.local.atomic import write_atomic
from trimaran_providers.local.layout import DEFINITION
from trimaran_runtime.config import RunConfig
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json, digest_of


class PipelineDefinition(Section):
    """A pipeline, ready to run."""

    config: RunConfig
    """What every step reads."""
    code: str
    """Digest of the code bundle."""
    code_include: tuple[str, ...]
    """Glob patterns of the code bundle."""
    code_exclude: tuple[str, ...]
    """Glob patterns left out."""
    project_directory: str
    """Folder the code bundle is made from."""
    environment: str
    """Digest of the installed distributions."""
    data: str
    """Fingerprint of the source as seen from outside."""
    retries: int
    """How often a crashed step is tried again."""
    timeout_minutes: float
    """Longest time of one step, minutes."""
    run_on_up: bool
    """Whether `pulumi up` runs it when it changed."""
    alerts: str
    """Path of the alert destinations; empty: none."""

    @property
    def trigger_digest(self) -> str:
        """Digest of what decides the model: data, code, environment and their configuration."""
        decisive = self.config.model_dump(mode="json", exclude={"registry", "monitor", "tracking"})
        return digest_of(canonical_json([decisive, self.code, self.environment, self.data]))

    @property
    def inputs_digest(self) -> str:
        """Digest of all that a run's steps read: the same makes the same release."""
        config = self.config.model_dump(mode="json")
        return digest_of(canonical_json([config, self.code, self.environment, self.data]))


def write_definition(store: Path, definition: PipelineDefinition) -> None:
    """Write the definition into a store."""
    content = canonical_json(definition.model_dump(mode="json"))
    write_atomic(store / DEFINITION, content)


def read_definition(store: Path) -> PipelineDefinition | None:
    """Read the definition of a store; None: there is none. Raises CorruptedError."""
    try:
        return PipelineDefinition.model_validate_json((store / DEFINITION).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as exc:
        raise CorruptedError(
            "the pipeline's definition cannot be read",
            where=str(store / DEFINITION),
            next_step="delete that file and run `pulumi up --refresh`",
        ) from exc
