"""A job of the supervisor: what, when, and for which deployment."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from trimaran_providers.contract.errors import CorruptedError
from trimaran_providers.local.atomic import write_atomic
from trimaran_runtime.section import Section
from trimaran_runtime.storage.digest import canonical_json


class JobKind(StrEnum):
    """What a job does."""

    pipeline = "pipeline"
    """Run the pipeline."""
    monitor = "monitor"
    """Check captured traffic; may run the pipeline."""
    watch = "watch"
    """Look at the endpoint, raise and resolve alerts, delete what is too old."""
    track = "track"
    """Send runs that wait to the MLflow server."""


class Job(Section):
    """One supervised job."""

    kind: JobKind
    physical: str
    """Name of the deployment, `{name}-{stack}`."""
    cron: str | None = None
    """Five-field cron expression; None: every `every_seconds`."""
    timezone: str = "UTC"
    """IANA time zone of `cron`."""
    every_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Interval of a job without cron, seconds."""


def write_job(path: Path, job: Job) -> None:
    """Write a job's definition; the supervisor takes it up within a second."""
    write_atomic(path, canonical_json(job.model_dump(mode="json")))


def read_job(path: Path) -> Job | None:
    """Read a job's definition; None: there is none. Raises CorruptedError."""
    try:
        return Job.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as exc:
        raise CorruptedError(
            "the job's definition cannot be read",
            where=str(path),
            next_step="delete that file and run `pulumi up --refresh`",
        ) from exc
